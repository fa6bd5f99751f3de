package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/internal/cputime"
	"descry/library"
	"descry/library/contentid"
	"descry/library/decode"
	"descry/library/indexer"
	"descry/library/measure"
	"descry/library/metadata"
	"descry/library/store"
	"descry/library/thumbs"
)

// stageTime is how long a stage is measured at least.
const stageTime = 300 * time.Millisecond

// stages measures each stage of looking at a photo alone.
func (b *bench) stages(ctx context.Context) ([]BenchFigure, error) {
	// What a stage needs of the ones before it, for a few photos: more would only take memory.
	n := min(len(b.photos), benchOriginals)
	data := make([][]byte, n)
	pictures := make([]library.Picture, n)
	images := make([]*image.RGBA, n)
	small := make([]*image.RGBA, n)
	tensors := make([][]float32, n)
	vectors := make([][]float32, n)
	cache := thumbs.Open(filepath.Join(b.dir, "thumbs"))
	options := decode.Options{Orientation: 1, MinSide: indexer.DecodeSide(b.engine)}

	var figures []BenchFigure
	for _, s := range []struct {
		name string
		work func(i int) error // i counts the photos; 0 to n-1 come first
	}{
		{"read", func(i int) error {
			file, err := os.ReadFile(b.photos[i%len(b.photos)])
			if i < n {
				data[i] = file
			}
			return err
		}},
		{"identify", func(i int) error {
			content, err := contentid.Of(data[i%n])
			if err != nil {
				return err
			}
			pictures[i%n] = library.Picture{Content: content, Orientation: 1}
			_, err = metadata.Read(data[i%n])
			return err
		}},
		{"decode", func(i int) error {
			img, _, err := decode.Decode(ctx, data[i%n], options)
			images[i%n] = img
			return err
		}},
		{"thumbnail", func(i int) error {
			small[i%n] = thumbs.Make(images[i%n])
			return cache.Put(pictures[i%n], small[i%n])
		}},
		{"measure", func(i int) error {
			measure.OfThumb(small[i%n], images[i%n].Rect.Dx(), images[i%n].Rect.Dy())
			return nil
		}},
		{"tensor", func(i int) error {
			tensors[i%n] = b.engine.Tensor(images[i%n])
			return nil
		}},
		{"encode", func(i int) (err error) {
			vectors[i%n], err = b.engine.EncodeTensor(ctx, tensors[i%n])
			return err
		}},
	} {
		b.progress(Progress{Job: jobStages + ": " + s.name, Running: true})
		cost, err := b.alone(ctx, len(b.photos), s.work)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		figures = append(figures, BenchFigure{s.name, milliseconds(cost), "ms per photo"})
	}
	cost, err := b.commit(ctx, vectors[0])
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return append(figures, BenchFigure{"commit", milliseconds(cost), "ms per photo"}), nil
}

// alone runs a stage on all cores, for n photos and stageTime at least, and returns the
// processor time of one photo.
func (b *bench) alone(ctx context.Context, n int, work func(i int) error) (time.Duration, error) {
	runtime.GC() // not of the last stage's garbage
	began, from := time.Now(), cputime.Used()
	done := 0
	for done < n || !b.quick && time.Since(began) < stageTime {
		g, ctx := errgroup.WithContext(ctx)
		var next atomic.Int64
		next.Store(int64(done))
		until := done + n
		for range b.threads {
			g.Go(func() error {
				for ctx.Err() == nil {
					i := int(next.Add(1)) - 1
					if i >= until {
						return nil
					}
					if err := work(i); err != nil {
						return err
					}
				}
				return context.Cause(ctx)
			})
		}
		if err := g.Wait(); err != nil {
			return 0, err
		}
		done = until
	}
	return (cputime.Used() - from) / time.Duration(done), nil
}

// The photos that are stored to measure that, and how many in one transaction, as indexing
// does it.
const (
	commitPhotos = 2000
	commitBatch  = 100
)

// commit measures what storing a photo takes: asking what is waiting and what is known of
// it, and its share of a transaction.
func (b *bench) commit(ctx context.Context, vector []float32) (cost time.Duration, err error) {
	dir, err := os.MkdirTemp(b.dir, "library-")
	if err != nil {
		return 0, err
	}
	s, err := store.Open(ctx, dir, store.Options{Log: b.p.Log})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	root, err := s.AddRoot(ctx, filepath.Join(b.dir, "photos"), "")
	if err != nil {
		return 0, err
	}
	space, err := s.EnsureSpace(ctx, b.engine.Space(), b.engine.Model(), len(vector))
	if err != nil {
		return 0, err
	}
	var changes []store.ScanChange
	for i := range commitPhotos {
		changes = append(changes, store.ScanChange{
			Kind: store.Found, Dir: strconv.Itoa(i / 200), Name: fmt.Sprintf("IMG_%05d.jpg", i),
			Stat: library.Stat{Size: 4e6, ModTime: int64(i), Inode: "1:" + strconv.Itoa(i)},
		})
	}
	if err := s.ApplyScan(ctx, root.ID, changes); err != nil {
		return 0, err
	}
	from := cputime.Used()
	for done := 0; done < commitPhotos; {
		b.progress(Progress{Job: jobStages + ": commit", Done: done, Total: commitPhotos, Running: true})
		list, err := s.Pending(ctx, space.ID, commitBatch, store.Cursor{})
		if err != nil {
			return 0, err
		}
		var rows []store.IndexedFile
		for _, f := range list {
			content := library.Content{Scheme: "bench", Digest: sha256.Sum256([]byte(f.File.Name))}
			if _, _, err := s.Known(ctx, content, space.ID); err != nil {
				return 0, err
			}
			rows = append(rows, store.IndexedFile{
				File: f.File.ID, Stat: f.File.Stat, Content: content, Space: space.ID, Vector: vector, Provider: b.engine.Provider(),
				Metadata: library.Metadata{Format: decode.JPEG, Width: 4000, Height: 3000, Orientation: 1},
				Measures: &library.Measures{Width: 4000, Height: 3000},
			})
		}
		if err := s.CommitBatch(ctx, rows); err != nil {
			return 0, err
		}
		done += len(rows)
	}
	return (cputime.Used() - from) / commitPhotos, nil
}
