package video

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
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

const (
	// farApart is the time between frames from which the nearest keyframe before each will do:
	// getting at a frame between keyframes takes decoding all from the keyframe on, up to
	// hundreds of frames in videos made for the web.
	farApart = 10 * time.Second
	// near is the number of frames from one that is taken to the next up to which all between
	// are decoded: starting ffmpeg and finding into the video costs as much as some twenty
	// frames, and decoding from the keyframe before as much as half the frames from one keyframe
	// to the next, of which cameras make one each second and others one in eight.
	near = 40
	// atOnce is how many bytes of pixels are taken from one process.
	atOnce = 64 << 20
)

// Frames returns frames spread evenly over the video, in order, the very ends avoided:
// about one a second for short videos, o.Most for longer ones. The more of them are needed
// the longer it takes. Where they lie close together all between are decoded, else each is
// found by seeking, and nothing between them is decoded where they are far apart.
//
// Frames that cannot be had are left out; the error says why there are none: it wraps
// decode.ErrDamaged, decode.ErrTooLarge or the cause of ctx.
func (v *Video) Frames(ctx context.Context, o Options) ([]Frame, error) {
	o, err := v.bounded(o)
	if err != nil {
		return nil, err
	}
	at := times(v.Metadata.Duration, o.Most)
	exact := v.Metadata.Duration/time.Duration(o.Most) <= farApart
	if v.together(at, o) {
		// Fewer than asked for are all the same one, or it is cut short: then each is sought.
		if frames, err := v.take(ctx, at, true, o); err == nil && len(frames) == len(at) {
			return frames, nil
		} else if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	var frames []Frame
	var first error
	for i := range at {
		f, err := v.take(ctx, at[i:i+1], exact, o)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			frames = append(frames, f...)
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
		if f, err := v.take(ctx, []time.Duration{0}, exact, o); err == nil {
			frames = f
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

// FrameAt returns the frame that Frames gave with this time, wherever it lies between two
// keyframes; o.Most does not matter. Errors: as Frames.
func (v *Video) FrameAt(ctx context.Context, at time.Duration, o Options) (Frame, error) {
	o, err := v.bounded(o)
	if err != nil {
		return Frame{}, err
	}
	// Times are rounded to milliseconds, and what is sought is the first frame from there on.
	frames, err := v.take(ctx, []time.Duration{max(at-time.Millisecond, 0)}, true, o)
	if err != nil {
		return Frame{}, fmt.Errorf("take the frame at %s from the video: %w", at, err)
	}
	return frames[0], nil
}

// bounded puts what holds by default into options, and refuses a video whose frames are too
// large for them.
func (v *Video) bounded(o Options) (Options, error) {
	if o.Most <= 0 {
		o.Most = 8
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = decode.DefaultLimits.MaxPixels
	}
	if px := int64(v.Metadata.Width) * int64(v.Metadata.Height); px > o.MaxPixels {
		return o, fmt.Errorf("%w: its frames have %d × %d px, and the limit is %d megapixels",
			decode.ErrTooLarge, v.Metadata.Width, v.Metadata.Height, (o.MaxPixels+5e5)/1e6)
	}
	return o, nil
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

// together reports whether frames at these times lie so close together that decoding all
// between them is faster than seeking each.
func (v *Video) together(at []time.Duration, o Options) bool {
	if len(at) < 2 || v.Metadata.Duration <= 0 || v.rate <= 0 {
		return false
	}
	width, height := v.size(o.MinSide)
	return (at[1]-at[0]).Seconds()*v.rate <= near && 4*int64(width)*int64(height)*int64(len(at)) <= atOnce
}

// take takes frames in one run of ffmpeg: the first one from each of several times on,
// decoding all before them, or the one at a single time, which is sought: the first from there
// on if it is to be exact, else the keyframe before. There may be fewer than asked for, but one
// at least.
func (v *Video) take(ctx context.Context, at []time.Duration, exact bool, o Options) ([]Frame, error) {
	width, height := v.size(o.MinSide)
	args := []string{
		"-nostdin", "-hide_banner", "-loglevel", "error",
		"-threads", "1", "-max_pixels", strconv.FormatInt(o.MaxPixels, 10),
	}
	var chosen string
	var from time.Duration
	if len(at) == 1 {
		from = at[0]
		if !exact {
			args = append(args, "-noaccurate_seek")
		}
		if from > 0 {
			args = append(args, "-ss", decimal(from))
		}
	} else {
		var terms []string
		for _, t := range at {
			terms = append(terms, fmt.Sprintf("gte(t,%[1]s)*(isnan(prev_selected_t)+lt(prev_selected_t,%[1]s))", decimal(t)))
		}
		chosen = "select='" + strings.Join(terms, "+") + "',"
	}
	args = append(args, input(v.Metadata.Format)...)
	args = append(
		args,
		"-i", "file:"+v.path, "-map", "0:"+strconv.Itoa(v.stream), "-frames:v", strconv.Itoa(len(at)),
		// Frames are numbered anew, or those before the time that was sought would be left out
		// and those far apart repeated; what time they had is printed.
		"-r", "25", "-vf", fmt.Sprintf("%ssetpts='print(T,16);N/(25*TB)',scale=%d:%d:in_color_matrix=%s:flags=bicubic+accurate_rnd+full_chroma_inp",
			chosen, width, height, v.matrixIn()),
		"-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1",
	)
	size := 4 * width * height
	pix, noise, err := run(ctx, frameTime, int64(size)*int64(len(at)), v.tools.ffmpeg, args...)
	n := len(pix) / size
	switch {
	case n > 0 && len(pix) == n*size && ctx.Err() == nil:
		// A whole frame counts, whatever the program complains of afterwards.
	case err != nil:
		return nil, err
	default:
		return nil, fmt.Errorf("%w: there is no frame at %s", decode.ErrDamaged, at[0])
	}
	shown := printed(noise)
	frames := make([]Frame, n)
	for i := range frames {
		own := pix[i*size : (i+1)*size : (i+1)*size]
		for k := 3; k < len(own); k += 4 {
			own[k] = 255
		}
		cicp.ToSRGB(own, primaries[v.primaries], transfers[v.transfer])
		frames[i] = Frame{&image.RGBA{Pix: own, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}, at[i]}
		if i < len(shown) {
			frames[i].At = max(from+shown[i], 0).Round(time.Millisecond)
		}
	}
	return frames, nil
}

// decimal writes a time as ffmpeg reads it.
func decimal(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 3, 64) }

// printed returns the times of frames that ffmpeg prints, among other things.
func printed(noise string) []time.Duration {
	var out []time.Duration
	for line := range strings.Lines(noise) {
		if t, ok := printedTime(line); ok {
			out = append(out, t)
		}
	}
	return out
}

// printedTime reads a line that holds the time of a frame and nothing else.
func printedTime(line string) (time.Duration, bool) {
	if _, after, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(line, "[") {
		line = after
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil || !(math.Abs(s) < 1e8) {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
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
