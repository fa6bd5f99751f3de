package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/clipengine"
	"descry/internal/camera"
	"descry/internal/cputime"
	"descry/library"
	"descry/library/indexer"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// BenchFigure is one measurement.
type BenchFigure struct {
	Name   string // "decode"
	Figure float64
	Unit   string // "ms per photo", "photos per second"
}

// SearchFigure is how long one search among so many photos takes.
type SearchFigure struct {
	Photos int
	Figure float64
	Unit   string // "ms"
}

// BenchReport is how fast this machine is. Photos have 12 megapixels. A stage's figure is
// the processor time that it takes for one photo when all cores do nothing else.
type BenchReport struct {
	Cores           int
	Model, Provider string
	Stages          []BenchFigure // every stage of looking at a photo, in order
	Decode, Encode  BenchFigure   // two of them
	Text            BenchFigure   // looking at the words of a query
	Pipeline        BenchFigure   // photos per second, all stages together
	Together        BenchFigure   // processor time that a photo takes then
	// Efficiency is the part of the machine that the stages use when they run together:
	// photos per second × processor seconds of the stages alone ÷ cores.
	Efficiency float64
	Search     []SearchFigure
}

// BenchOptions say what to measure.
type BenchOptions struct {
	Photos int  // how many photos to look at; 0: 48
	Quick  bool // fewer photos, and searches among 10,000 and 100,000 only: rough figures in seconds
	Full   bool // search a million photos even where memory may not suffice
	Stages bool // the stages and the pipeline only
}

// benchOriginals is how many different photos are made; the others are variants of them
// that are as much work.
const benchOriginals = 12

// jobs of Progress.
const (
	jobMake     = "Making photos to measure with"
	jobStages   = "Measuring the stages"
	jobTogether = "Measuring the stages together"
	jobSearch   = "Measuring searches"
)

// Bench measures how fast this machine looks at photos and searches. It uses the model of
// the library, where there is one, and touches nothing else of it: all happens in a
// temporary folder. It takes less than a minute on two cores.
func (a *App) Bench(ctx context.Context, o BenchOptions, progress func(Progress)) (r BenchReport, err error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	switch {
	case o.Photos > 0:
	case o.Quick:
		o.Photos = benchOriginals
	default:
		o.Photos = 4 * benchOriginals
	}
	engine, err := a.engine(ctx)
	if err == nil {
		err = engine.Ready(ctx)
	}
	if err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "descry-bench-")
	if err != nil {
		return r, fmt.Errorf("making a folder to measure in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	r.Cores, r.Model, r.Provider = a.limits().Cores(), engine.Model(), engine.Provider()
	b := bench{App: a, dir: dir, engine: engine, progress: progress, threads: a.threads(ctx), quick: o.Quick}
	if err := b.makePhotos(ctx, o.Photos); err != nil {
		return r, fmt.Errorf("making photos to measure with: %w", err)
	}
	if r.Stages, err = b.stages(ctx); err != nil {
		return r, fmt.Errorf("measuring the stages: %w", err)
	}
	var alone float64 // seconds
	for _, f := range r.Stages {
		alone += f.Figure / 1000
		switch f.Name {
		case "decode":
			r.Decode = f
		case "encode":
			r.Encode = f
		}
	}
	from := cputime.Used()
	rate, err := b.pipeline(ctx)
	if err != nil {
		return r, fmt.Errorf("measuring the stages together: %w", err)
	}
	together := (cputime.Used() - from) / time.Duration(len(b.photos))
	r.Together = BenchFigure{"together", milliseconds(together), "ms per photo"}
	r.Pipeline = BenchFigure{"pipeline", rate, "photos per second"}
	r.Efficiency = rate * alone / float64(r.Cores)
	if o.Stages {
		return r, nil
	}
	if r.Text, err = b.text(ctx); err != nil {
		return r, fmt.Errorf("measuring the text tower: %w", err)
	}
	if r.Search, err = b.search(ctx, o.Full); err != nil {
		return r, fmt.Errorf("measuring searches: %w", err)
	}
	return r, nil
}

// bench is one measurement of a machine.
type bench struct {
	*App
	dir      string
	engine   *clipengine.Engine
	progress func(Progress)
	threads  int
	quick    bool
	photos   []string // files
}

// makePhotos writes n photos of a camera's size that all differ.
func (b *bench) makePhotos(ctx context.Context, n int) error {
	samples, err := fs.Glob(b.p.Samples, "*.jpg")
	if err == nil && len(samples) == 0 {
		err = errors.New("this build carries no sample photos")
	}
	if err != nil {
		return err
	}
	folder := filepath.Join(b.dir, "photos")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	b.progress(Progress{Job: jobMake, Total: n, Running: true})
	originals := min(n, benchOriginals, len(samples))
	b.photos = make([]string, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(b.threads)
	for i := range originals {
		g.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			sample, err := fs.ReadFile(b.p.Samples, samples[i])
			if err != nil {
				return err
			}
			photo, err := camera.Photo(sample, uint64(i))
			if err != nil {
				return err
			}
			for k := i; k < n; k += originals {
				if err := context.Cause(ctx); err != nil {
					return err
				}
				variant, err := camera.Variant(photo, k)
				if err != nil {
					return err
				}
				b.photos[k] = filepath.Join(folder, fmt.Sprintf("%04d.jpg", k))
				if err := writeThrough(b.photos[k], variant); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// writeThrough writes a file to the disk: what the system still has to write when the
// measurement begins makes transactions wait that have nothing to do with it.
func writeThrough(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// pipeline looks at all photos as indexing does and returns how many a second.
func (b *bench) pipeline(ctx context.Context) (perSecond float64, err error) {
	dir, err := os.MkdirTemp(b.dir, "library-")
	if err != nil {
		return 0, err
	}
	s, err := store.Open(ctx, dir, store.Options{Log: b.p.Log})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	folder := filepath.Dir(b.photos[0])
	volume, err := scan.Volume(folder)
	if err != nil {
		return 0, err
	}
	root, err := s.AddRoot(ctx, folder, volume)
	if err != nil {
		return 0, err
	}
	x := indexer.New(indexer.Params{
		Store: s, Thumbs: thumbs.Open(filepath.Join(dir, "thumbs")), Encoder: b.engine, Threads: b.threads, Log: b.p.Log,
	})
	report, err := x.Run(ctx, []library.Root{root}, func(p indexer.Progress) {
		b.progress(Progress{Job: jobTogether, Done: p.Done, Total: len(b.photos), PerSecond: p.PerSecond, Running: true})
	})
	switch {
	case err != nil:
		return 0, err
	case len(report.Failed) > 0:
		return 0, errors.New(report.Failed[0].Reason)
	case report.Encoded != len(b.photos):
		return 0, fmt.Errorf("%d of %d photos were looked at", report.Encoded, len(b.photos))
	}
	return report.PhotosPerSecond, nil
}

// textTries is how many queries are read.
const textTries = 40

// text measures how long the words of a query take.
func (b *bench) text(ctx context.Context) (BenchFigure, error) {
	times := make([]time.Duration, textTries)
	for i := range times {
		words := strings.Fields("a dog that runs along the beach at sunset behind two children")
		query := strings.Join(words[:2+i%(len(words)-1)], " ")
		began := time.Now()
		if _, err := b.engine.EncodeText(ctx, query); err != nil {
			return BenchFigure{}, err
		}
		times[i] = time.Since(began)
	}
	return BenchFigure{"text", milliseconds(median(times)), "ms per query"}, nil
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
