package indexer

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"descry/library"
	"descry/library/decode"
	"descry/library/measure"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/library/video"
)

// Extensions are the file name extensions under which photos and videos are looked for, in
// lower case with the dot.
func Extensions() []string { return append(decode.Extensions(), decode.VideoExtensions()...) }

// sameScene is the cosine from which two frames of a video show the same: of such, one
// vector is kept. It is the cosine from which two pictures count as the same one edited,
// which leaves out what only a moving hand or passing people change.
const sameScene = sameCosine

// clip is a video whose frames are looked at.
type clip struct {
	*run
	video *video.Video
}

// openVideo tells what a video says of itself.
func (r *run) openVideo(ctx context.Context, j job, row *store.IndexedFile, stage *string) (source, error) {
	*stage = "decode"
	if r.p.Videos == nil {
		if r.p.NoVideos != nil {
			return nil, r.p.NoVideos
		}
		return nil, fmt.Errorf("%w: videos are not read here", decode.ErrCodec)
	}
	*stage = "metadata"
	v, err := r.p.Videos.Open(ctx, j.file.Path)
	if err != nil {
		return nil, err
	}
	row.Content, row.Metadata = j.content, v.Metadata
	row.Metadata.Orientation = 1 // frames come upright
	return clip{r, v}, nil
}

// derive takes frames from a video: the best one is its picture, from which thumbnail,
// measures and first vector are made; those that show something else are further views.
func (c clip) derive(ctx context.Context, row *store.IndexedFile, pic library.Picture, need needs, stage *string) error {
	*stage = "decode"
	frames, err := c.video.Frames(ctx, video.Options{MinSide: DecodeSide(c.p.Encoder), Limits: c.p.Limits})
	if err != nil {
		return err
	}
	best := bestFrame(frames)
	w, h := row.Metadata.Width, row.Metadata.Height
	*stage = "thumbnail"
	if err := c.keep(frames[best].Image, w, h, row, pic, need); err != nil || !need.vector {
		return err
	}
	*stage = "encode"
	shown := frames[best]
	others := slices.Delete(frames, best, best+1)
	elongated := library.Elongated(w, h)
	tensors := c.tensors(shown.Image, elongated)
	crops := len(tensors) - 1
	for _, f := range others {
		tensors = append(tensors, c.p.Encoder.Tensor(f.Image))
	}
	vectors, by, err := c.encode(ctx, tensors)
	if err != nil {
		return err
	}
	row.Space, row.Vector, row.At, row.Provider = c.space, vectors[0], &shown.At, by
	for _, v := range vectors[1 : 1+crops] {
		row.Views = append(row.Views, store.View{Vector: v, At: shown.At})
	}
	kept := [][]float32{vectors[0]}
	for i, v := range vectors[1+crops:] {
		if slices.ContainsFunc(kept, func(k []float32) bool { return cosine(k, v) >= sameScene }) {
			continue
		}
		kept = append(kept, v)
		row.Views = append(row.Views, store.View{Vector: v, At: others[i].At})
	}
	return nil
}

// Shown returns the frame that stands for a video, at the size that DecodeSide gives without an
// encoder: the one at the time that was kept of it (store.FrameTime; nil: none), or else the one
// that a run chooses, which takes several times as long. Errors: those of video.Frames.
func Shown(ctx context.Context, v *video.Video, at *time.Duration) (*image.RGBA, error) {
	options := video.Options{MinSide: DecodeSide(nil)}
	if at != nil {
		if f, err := v.FrameAt(ctx, *at, options); err == nil || ctx.Err() != nil {
			return f.Image, err
		}
	}
	frames, err := v.Frames(ctx, options)
	if err != nil {
		return nil, err
	}
	return frames[bestFrame(frames)].Image, nil
}

// cosine is that of two unit vectors.
func cosine(a, b []float32) float64 {
	var dot float64
	for i := range min(len(a), len(b)) {
		dot += float64(a[i]) * float64(b[i])
	}
	return dot
}

// bestFrame chooses the frame that stands for a video: a sharp one that is neither black nor
// blown out; the first of equals.
func bestFrame(frames []video.Frame) int {
	best, most := 0, math.Inf(-1)
	for i, f := range frames {
		if s := showing(f.Image); s > most {
			best, most = i, s
		}
	}
	return best
}

// showing says how much of anything a frame shows: its sharpness on a logarithmic scale,
// for twice as sharp is not twice as good, times how far its mean brightness is from black
// and white.
func showing(img *image.RGBA) float64 {
	m := measure.OfThumb(thumbs.Make(img), img.Rect.Dx(), img.Rect.Dy())
	return math.Log1p(m.Sharpness) * min(1, 4*m.Exposure*(1-m.Exposure)+0.01)
}
