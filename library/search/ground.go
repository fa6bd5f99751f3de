package search

import (
	"context"
	"math"
	"sync"

	"descry/library"
	"descry/library/vectors"
)

// ground is what every search of one View needs besides its vectors.
type ground struct {
	view   *vectors.View
	floor  []float32        // of each vector: mean cosine with the background phrases
	hub    []float32        // of each vector: mean cosine with the nearest of them
	photos library.PhotoSet // that have a row
	sample []int32          // vectors that stand for the library where its scores are asked for

	// The vectors of each row, as lists: first of a row, next of a vector; -1 ends one. Nil
	// where vector i is the one of row i.
	first, next []int32

	shown recent[rowSet] // rows that show what queries excluded, by phrase

	shapeOnce sync.Once
	shape     *shape // of the vectors, where marks asked for it
}

// sampleVectors is how many vectors stand for the library at most. The standard deviation of
// scores over half as many is right to 1 in 100.
const sampleVectors = 8192

// lookAt returns the present View of the vectors and its ground, which is kept until there is
// another; nil without vectors.
func (s *Searcher) lookAt(ctx context.Context) (*ground, error) {
	if s.p.Index == nil || s.p.Text == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	phrases, err := s.background(ctx)
	if err != nil {
		return nil, err
	}
	if len(phrases) > 0 {
		if err := s.p.Index.SetReference(ctx, s.phrasesKey, func(context.Context) ([][]float32, error) { return phrases, nil }); err != nil {
			return nil, err
		}
	}
	view := s.p.Index.View()
	if s.ground != nil && s.ground.view == view {
		return s.ground, nil
	}
	g := &ground{view: view, shown: recent[rowSet]{limit: 32}}
	if g.floor, g.hub = view.Backdrop(); g.floor == nil {
		g.floor, g.hub = make([]float32, view.Count()), make([]float32, view.Count())
	}
	g.sample = sampleOf(g.floor)
	for _, id := range view.Photos() {
		g.photos.Add(id)
	}
	if !view.Single() {
		g.first, g.next = make([]int32, view.Len()), make([]int32, view.Count())
		for row := range g.first {
			g.first[row] = -1
		}
		for i := view.Count() - 1; i >= 0; i-- {
			g.next[i] = -1
			if row := view.RowOf(i); row >= 0 {
				g.next[i], g.first[row] = g.first[row], int32(i)
			}
		}
	}
	s.ground = g
	return g, nil
}

// sampleOf chooses the vectors that stand for the library by what they are, not by where they
// lie, so that the order in which photos came does not matter.
func sampleOf(floor []float32) []int32 {
	var shift uint
	for len(floor)>>shift > sampleVectors {
		shift++
	}
	sample := make([]int32, 0, sampleVectors)
	for i, f := range floor {
		if shift == 0 || mixed(f)>>(32-shift) == 0 {
			sample = append(sample, int32(i))
		}
	}
	return sample
}

// mixed is a number made of the bits of another, which are spread over all of it by multiplying
// with an odd number near 2³²/φ (Knuth, TAOCP 3, 6.4).
func mixed(f float32) uint32 { return math.Float32bits(f) * 2654435769 }

// deviate is the standard deviation of a vector's cosines over the library.
func (r *run) deviate(vec []float32) (float64, error) {
	scores := make([]float32, len(r.ground.sample))
	if err := r.view.Exact(vec, r.ground.sample, scores); err != nil {
		return 0, err
	}
	// Whole numbers add up to the same in any order.
	const unit = 1 << 20
	var sum, squares int64
	for _, s := range scores {
		v := int64(math.Round(float64(s) * unit))
		sum += v
		squares += v * v
	}
	n := float64(max(len(scores), 1))
	mean := float64(sum) / unit / n
	return math.Sqrt(max(float64(squares)/(unit*unit)/n-mean*mean, 0)), nil
}
