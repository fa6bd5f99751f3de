package main

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/baseline"
	"descry/internal/camera"
	"descry/library/decode"
	"descry/library/indexer"
	"descry/library/measure"
	"descry/library/thumbs"
)

// rounds is how often what is compared is measured, in turns.
const rounds = 3

// photo is a made camera photo.
type photo struct {
	data        []byte
	orientation int
}

// photos makes n photos of 12 megapixels from the samples.
func photos(ctx context.Context, n int) ([]photo, error) {
	names, err := fs.Glob(assets.Samples(), "*.jpg")
	if err != nil {
		return nil, err
	}
	made := make([]photo, n)
	g, _ := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, kind := range camera.Kinds(n) {
		g.Go(func() error {
			sample, err := fs.ReadFile(assets.Samples(), names[i%len(names)])
			if err != nil {
				return err
			}
			data, err := camera.Stored(sample, uint64(i), kind)
			made[i] = photo{data, kind.Orientation}
			return err
		})
	}
	return made, g.Wait()
}

// measureDecode compares what is made of a photo's pixels, and how fast, with the baseline.
func measureDecode(ctx context.Context, m *machine) ([]row, error) {
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		return nil, err
	}
	engine, err := clipengine.Open(b, clipengine.Options{Library: m.runtime})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	made, err := photos(ctx, max(4, m.scaled(24)))
	if err != nil {
		return nil, err
	}
	side := indexer.DecodeSide(engine)
	ours := func(p photo) error {
		img, _, err := decode.Decode(ctx, p.data, decode.Options{Orientation: p.orientation, MinSide: side})
		if err != nil {
			return err
		}
		thumb := thumbs.Make(img)
		if _, err := thumbs.Encode(thumb); err != nil {
			return err
		}
		engine.Tensor(img)
		measure.OfThumb(thumb, img.Rect.Dx(), img.Rect.Dy())
		return nil
	}
	theirs := func(p photo) error {
		_, err := baseline.Photo(p.data, p.orientation)
		return err
	}
	var fast, slow []float64
	for range rounds {
		f, err := perSecond(ctx, made, ours)
		if err != nil {
			return nil, err
		}
		s, err := perSecond(ctx, made, theirs)
		if err != nil {
			return nil, err
		}
		fast, slow = append(fast, f), append(slow, s)
	}
	f, s := median(fast), median(slow)
	return []row{{
		what:     "one photo: decode + thumbnail (encoded) + tensor + hash, against image/jpeg + imaging",
		measured: fmt.Sprintf("×%.1f (%.1f and %.2f photos/s)", f/s, f, s),
		promise:  "at least ×10", ok: f/s >= 10,
	}}, nil
}

// perSecond does something with every photo, on all cores.
func perSecond(ctx context.Context, made []photo, do func(photo) error) (float64, error) {
	runtime.GC()
	began := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(made) {
					return nil
				}
				if err := do(made[i]); err != nil {
					return err
				}
			}
			return context.Cause(ctx)
		})
	}
	err := g.Wait()
	return float64(len(made)) / time.Since(began).Seconds(), err
}
