package app

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"descry/internal/float16"
	"descry/library"
	"descry/library/search"
	"descry/library/store"
	"descry/library/vectors"
)

// searchSizes are the numbers of photos that are searched.
var searchSizes = []int{10_000, 100_000, 1_000_000}

// searchTries is how many searches are made among each number of photos.
const searchTries = 7

// search measures how long a search takes among different numbers of photos: the vectors
// are made up, for how they are compared does not depend on what they say.
func (b *bench) search(ctx context.Context, full bool) (figures []SearchFigure, err error) {
	dir, err := os.MkdirTemp(b.dir, "library-")
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, dir, store.Options{Log: b.p.Log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	space := library.Space{ID: 1, Digest: b.engine.Space(), Model: b.engine.Model(), Dim: b.engine.Dim()}
	phrases := b.p.Background[:min(len(b.p.Background), 50)]
	for _, n := range searchSizes {
		if b.quick && n > 100_000 {
			break
		}
		if need := int64(n) * int64(2*space.Dim+200); n == 1_000_000 && !full && need > freeMemory()/2 {
			continue
		}
		b.progress(Progress{Job: jobSearch, Done: n, Total: searchSizes[len(searchSizes)-1], Running: true})
		index, err := vectors.Open(ctx, vectors.Params{Source: madeUp{n, space.Dim}, Space: space})
		if err != nil {
			return nil, err
		}
		searcher := search.New(search.Params{Store: s, Index: index, Text: b.engine, Background: phrases})
		times := make([]time.Duration, searchTries)
		for i := range times {
			began := time.Now()
			if _, err := searcher.Search(ctx, search.Request{Text: "dog on a beach", Limit: defaultLimit}); err != nil {
				return nil, err
			}
			times[i] = time.Since(began)
		}
		figures = append(figures, SearchFigure{n, milliseconds(median(times)), "ms"})
	}
	return figures, nil
}

// freeMemory is how many bytes of memory are free; where the system does not say, little.
func freeMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 1 << 30
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				break
			}
			return kB << 10
		}
	}
	return 1 << 30
}

// madeUp is a source of n vectors that mean nothing.
type madeUp struct{ n, dim int }

// madeUpKinds is how many of them differ: making a million takes longer than searching them.
const madeUpKinds = 1021

// Vectors gives unit vectors of all directions.
func (m madeUp) Vectors(ctx context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	if after >= int64(m.n) {
		return nil
	}
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := make([][]byte, madeUpKinds)
	v := make([]float32, m.dim)
	for i := range kinds {
		var sum float64
		for k := range v {
			v[k] = float32(rng.NormFloat64())
			sum += float64(v[k]) * float64(v[k])
		}
		for k := range v {
			v[k] /= float32(math.Sqrt(sum))
		}
		kinds[i] = float16.Append(nil, v)
	}
	for i := after; i < int64(m.n); i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := fn(store.VectorRow{Seq: i + 1, Photo: library.PhotoID(i + 1), Data: kinds[i%madeUpKinds]}); err != nil {
			return err
		}
	}
	return nil
}

// VectorPhotos has nothing to say: no photo changes.
func (m madeUp) VectorPhotos(context.Context, library.SpaceID, func(int64, library.PhotoID)) error {
	return nil
}

// VectorMark is asked for by files alone.
func (madeUp) VectorMark(context.Context, library.SpaceID, int64) (int64, []byte, error) {
	return 0, nil, nil
}

// Generation never changes.
func (m madeUp) Generation(context.Context) (int64, error) { return 0, nil }
