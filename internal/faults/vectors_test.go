//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
	"descry/library/vectors"
)

// vectorsEnd is how many vectors there are in the end: several blocks of the file for searching.
const vectorsEnd = 25_000

const vectorsDim = 8

// manyVectors is a source of so many vectors, each of its own photo.
type manyVectors int

func (n manyVectors) Vectors(_ context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	for seq := after + 1; seq <= int64(n); seq++ {
		row := store.VectorRow{Seq: seq, Photo: library.PhotoID(seq), Data: float16.Append(nil, oneVector(uint64(seq))), Mark: seq}
		if err := fn(row); err != nil {
			return err
		}
	}
	return nil
}

func (n manyVectors) VectorPhotos(_ context.Context, _ library.SpaceID, fn func(int64, library.PhotoID)) error {
	for seq := int64(1); seq <= int64(n); seq++ {
		fn(seq, library.PhotoID(seq))
	}
	return nil
}

func (n manyVectors) VectorMark(_ context.Context, _ library.SpaceID, seq int64) (int64, []byte, error) {
	if seq > int64(n) {
		return 0, nil, nil
	}
	return seq, float16.Append(nil, oneVector(uint64(seq))), nil
}

func (n manyVectors) Generation(context.Context) (int64, error) { return 1, nil }

func oneVector(seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, vectorsDim)
	for d := range v {
		v[d] = float32(rng.NormFloat64() / 3)
	}
	return v
}

// search opens the site's file of vectors with so many of them, and what compares them with
// references, does something and closes it.
func (s site) search(n int, f func(x *vectors.Index) error) error {
	ctx := context.Background()
	x, err := vectors.Open(ctx, vectors.Params{
		Source: manyVectors(n), Space: library.Space{ID: 1, Digest: "faults", Model: "faults", Dim: vectorsDim},
		Dir: s.at("library", "cache"), Library: "faults",
	})
	if err == nil {
		err = x.SetReference(ctx, "references", references)
	}
	if err == nil && f != nil {
		err = f(x)
	}
	return errors.Join(err, x.Close())
}

func references(context.Context) ([][]float32, error) {
	var out [][]float32
	for i := range 150 {
		out = append(out, oneVector(uint64(1e9+i)))
	}
	return out, nil
}

// rightAnswers checks that a search finds what it has to, whatever the file is like.
func rightAnswers(s site) error {
	ctx := context.Background()
	want, err := vectors.Open(ctx, vectors.Params{Source: manyVectors(vectorsEnd), Space: library.Space{ID: 1, Dim: vectorsDim}})
	if err == nil {
		err = want.SetReference(ctx, "references", references)
	}
	if err != nil {
		return err
	}
	return s.search(vectorsEnd, func(x *vectors.Index) error {
		best := func(x *vectors.Index) (string, error) {
			n, cosines, err := x.View().Top(oneVector(77), nil, 200)
			return fmt.Sprint(n, cosines), err
		}
		got, err := best(x)
		if errors.Is(err, vectors.ErrDamaged) { // it says so, and mends it
			if err = x.Refresh(ctx); err == nil {
				got, err = best(x)
			}
		}
		if err != nil {
			return err
		}
		right, err := best(want)
		if err == nil && got != right {
			err = errors.New("a search finds other vectors than it has to")
		}
		mean, hub := x.View().Backdrop()
		rightMean, rightHub := want.View().Backdrop()
		if err == nil && (!slices.Equal(mean, rightMean) || !slices.Equal(hub, rightHub)) {
			err = errors.New("vectors compare otherwise with the references than they do")
		}
		return err
	})
}
