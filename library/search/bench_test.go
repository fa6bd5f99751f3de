package search_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"descry/internal/float16"
	"descry/library"
	"descry/library/search"
	"descry/library/store"
	"descry/library/vectors"
)

// manyVectors is a source of random unit vectors.
type manyVectors struct{ n, dim int }

func (m manyVectors) Vectors(_ context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	rng := rand.New(rand.NewPCG(3, 4))
	v := make([]float32, m.dim)
	for i := after; i < int64(m.n); i++ {
		var n float64
		for k := range v {
			v[k] = float32(rng.NormFloat64())
			n += float64(v[k] * v[k])
		}
		for k := range v {
			v[k] /= float32(math.Sqrt(n))
		}
		if err := fn(store.VectorRow{Seq: i + 1, Photo: library.PhotoID(i + 1), Data: float16.Append(nil, v)}); err != nil {
			return err
		}
	}
	return nil
}

func (m manyVectors) VectorPhotos(context.Context, library.SpaceID, func(int64, library.PhotoID)) error {
	return nil
}

func (m manyVectors) VectorMark(context.Context, library.SpaceID, int64) (int64, []byte, error) {
	return 0, nil, nil
}

func (m manyVectors) Generation(context.Context) (int64, error) { return 0, nil }

// BenchmarkSearch is a whole search, its text vector known, over random vectors. They are
// short: what a scan of long ones costs is measured where it is done.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			st, err := store.Open(b.Context(), b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = st.Close() }()
			index, err := vectors.Open(b.Context(), vectors.Params{Source: manyVectors{n, dim}, Space: library.Space{ID: 1, Digest: "space", Dim: dim}})
			if err != nil {
				b.Fatal(err)
			}
			se := search.New(search.Params{Store: st, Index: index, Text: &fakeText{}, Background: []string{"thing"}})
			for b.Loop() {
				if _, err := se.Search(b.Context(), search.Request{Text: "dog", All: true, Limit: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
