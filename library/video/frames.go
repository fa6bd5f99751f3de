package video

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"time"

	"descry/library/decode"
	"descry/library/decode/cicp"
)

// Options say which frames are wanted.
type Options struct {
	Most    int // frames at most; 0 stands for 8
	MinSide int // length of a frame's short side in pixels, where the video has as many; 0: full size
	decode.Limits
}

// Frame is one picture of a video.
type Frame struct {
	Image *image.RGBA   // upright, sRGB, opaque; bounds start at (0, 0)
	At    time.Duration // from the start of the video
}

// farApart is the time between frames from which the nearest keyframe before each will do:
// getting at a frame between keyframes takes decoding all from the keyframe on, up to
// hundreds of frames in videos made for the web.
const farApart = 10 * time.Second

// Frames returns frames spread evenly over the video, in order, the very ends avoided:
// about one a second for short videos, o.Most for longer ones. The more of them are needed
// the longer it takes; each is found by seeking, and nothing between them is decoded where
// they are far apart.
//
// Frames that cannot be had are left out; the error says why there are none: it wraps
// decode.ErrDamaged, decode.ErrTooLarge or the cause of ctx.
func (v *Video) Frames(ctx context.Context, o Options) ([]Frame, error) {
	if o.Most <= 0 {
		o.Most = 8
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = decode.DefaultLimits.MaxPixels
	}
	if px := int64(v.Metadata.Width) * int64(v.Metadata.Height); px > o.MaxPixels {
		return nil, fmt.Errorf("%w: its frames have %d × %d px, and the limit is %d megapixels",
			decode.ErrTooLarge, v.Metadata.Width, v.Metadata.Height, (o.MaxPixels+5e5)/1e6)
	}
	var frames []Frame
	var first error
	for _, at := range times(v.Metadata.Duration, o.Most) {
		img, err := v.frame(ctx, at, o)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			frames = append(frames, Frame{img, at})
			continue
		}
		if first == nil {
			first = err
		}
		if v.Metadata.Duration == 0 || errors.Is(err, decode.ErrTooLarge) {
			break
		}
	}
	if len(frames) == 0 && v.Metadata.Duration > 0 && !errors.Is(first, decode.ErrTooLarge) {
		// It may be cut short, or claim to be longer than it is.
		if img, err := v.frame(ctx, 0, o); err == nil {
			frames = append(frames, Frame{img, 0})
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case len(frames) == 0:
		return nil, fmt.Errorf("take a frame from the video: %w", first)
	}
	return frames, nil
}

// times says where frames are taken. Without a known duration they lie ever further apart,
// until there are no more.
func times(d time.Duration, most int) []time.Duration {
	var at []time.Duration
	if d <= 0 {
		for next := time.Duration(0); len(at) < most; next = 2*next + time.Second {
			at = append(at, next)
		}
		return at
	}
	n := min(max(int(d/time.Second), 1), most)
	for i := range n {
		at = append(at, (d * time.Duration(2*i+1) / time.Duration(2*n)).Truncate(time.Millisecond))
	}
	return at
}

// size returns the size of the frames that are asked for.
func (v *Video) size(minSide int) (width, height int) {
	width, height = v.Metadata.Width, v.Metadata.Height
	if short := min(width, height); minSide > 0 && short > minSide {
		scale := float64(minSide) / float64(short)
		width = max(int(math.Round(float64(width)*scale)), minSide)
		height = max(int(math.Round(float64(height)*scale)), minSide)
	}
	return width, height
}

// frame takes one frame.
func (v *Video) frame(ctx context.Context, at time.Duration, o Options) (*image.RGBA, error) {
	width, height := v.size(o.MinSide)
	args := []string{
		"-nostdin", "-hide_banner", "-loglevel", "error",
		"-threads", "1", "-max_pixels", strconv.FormatInt(o.MaxPixels, 10),
	}
	if v.Metadata.Duration/time.Duration(o.Most) > farApart {
		args = append(args, "-noaccurate_seek")
	}
	if at > 0 {
		args = append(args, "-ss", strconv.FormatFloat(at.Seconds(), 'f', 3, 64))
	}
	args = append(args, input(v.Metadata.Format)...)
	args = append(
		args,
		"-i", "file:"+v.path, "-map", "0:"+strconv.Itoa(v.stream), "-frames:v", "1",
		"-vf", fmt.Sprintf("scale=%d:%d:in_color_matrix=%s:flags=bicubic+accurate_rnd+full_chroma_inp", width, height, v.matrixIn()),
		"-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1",
	)
	size := 4 * int64(width) * int64(height)
	pix, err := run(ctx, frameTime, size, v.tools.ffmpeg, args...)
	switch {
	case int64(len(pix)) == size && ctx.Err() == nil:
		// A whole frame counts, whatever the program complains of afterwards.
	case err != nil:
		return nil, err
	default:
		return nil, fmt.Errorf("%w: there is no frame at %s", decode.ErrDamaged, at)
	}
	img := &image.RGBA{Pix: pix, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	cicp.ToSRGB(img.Pix, primaries[v.primaries], transfers[v.transfer])
	return img, nil
}

// What ffprobe calls the colours that are not sRGB's; others count as such.
var (
	primaries = map[string]uint16{"bt2020": cicp.BT2020, "smpte431": cicp.DCIP3, "smpte432": cicp.DisplayP3}
	transfers = map[string]uint16{
		"linear": cicp.Linear, "smpte2084": cicp.PQ, "arib-std-b67": cicp.HLG,
	}
)

// matrixIn is the matrix by which the stream's colours are turned to RGB. Where a video
// does not say, those of high definition have that of BT.709, by custom.
func (v *Video) matrixIn() string {
	if known := v.matrix != "" && v.matrix != "unknown" && v.matrix != "reserved"; !known && min(v.Metadata.Width, v.Metadata.Height) >= 720 {
		return "bt709"
	}
	return "auto"
}
