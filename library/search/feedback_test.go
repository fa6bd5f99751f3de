package search

import (
	"math"
	"math/rand/v2"
	"testing"
)

// someShape is the shape of a library whose vectors lie mostly along its first axes.
func someShape(rng *rand.Rand, n, dim int) (*shape, [][]float32) {
	s := &shape{mean: make([]float64, dim)}
	var vecs [][]float32
	for range n {
		v := make([]float32, dim)
		for d := range v {
			v[d] = float32(rng.NormFloat64() / float64(1+d))
		}
		vecs = append(vecs, unit(v))
	}
	for _, v := range vecs {
		addTo(s.mean, 1/float64(n), widenVector(v))
	}
	for _, v := range vecs {
		s.sample = append(s.sample, s.from(v))
	}
	for _, a := range s.sample {
		for _, b := range s.sample {
			s.power += dot(a, b) * dot(a, b) / float64(n*n)
		}
	}
	return s, vecs
}

func cosine(a, b []float32) float64 { return dot(widenVector(a), widenVector(b)) }

func TestLearntLeadsToTheRightAndAwayFromTheWrong(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	lib, vecs := someShape(rng, 60, 16)
	query := unit([]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	right, wrong := vecs[0], vecs[1]
	got := learnt(query, []lesson{{right, -2, true}, {wrong, 1, false}}, lib, 18)
	if l := cosine(got, got); math.Abs(l-1) > 1e-5 {
		t.Errorf("length² %v", l)
	}
	rise := func(v []float32) float64 { return cosine(got, v) - cosine(query, v) }
	if rise(right) <= rise(wrong) || rise(right) <= 0 {
		t.Errorf("the right one rises by %.3f, the wrong one by %.3f", rise(right), rise(wrong))
	}
	// What was sure already teaches less.
	sure := learnt(query, []lesson{{right, 8, true}, {wrong, -8, false}}, lib, 18)
	if cosine(sure, query) <= cosine(got, query) {
		t.Error("marks that say nothing new move the query as far as those that do")
	}
	for name, same := range map[string][]float32{"no marks": learnt(query, nil, lib, 18), "no library": learnt(query, []lesson{{right, 0, true}}, nil, 18)} {
		if cosine(same, query) < 1-1e-6 {
			t.Errorf("%s: another query", name)
		}
	}
}

// The most probable change is where c·(t-p) = b for each mark: compare with that, for marks
// as a person makes them and for as many as are used.
func TestLikeliestIsWhereTheSlopeIsNought(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 10, 2 * mostMarks} {
		lib, vecs := someShape(rng, n+5, 24)
		k := make([][]float64, n)
		marks := make([]lesson, n)
		for i := range k {
			marks[i] = lesson{logit: 6 * rng.NormFloat64(), right: rng.IntN(2) == 0}
			k[i] = make([]float64, n)
			for j := range k[i] {
				k[i][j] = 4 / lib.power / float64(len(vecs)) * dot(lib.products(lib.from(vecs[i])), lib.products(lib.from(vecs[j])))
			}
		}
		b := likeliest(k, marks)
		for i, m := range marks {
			p := 1 / (1 + math.Exp(-m.logit-dot(k[i], b)))
			want := -wrongCounts * p
			if m.right {
				want = 1 - p
			}
			if math.Abs(b[i]-want) > 1e-6 {
				t.Errorf("%d marks: mark %d has %.8f, want %.8f", n, i, b[i], want)
			}
		}
	}
}

// BenchmarkLearnt learns from 10 marks, as a person makes them, and from as many as are used.
func BenchmarkLearnt(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	lib, vecs := someShape(rng, shapeVectors, 512)
	for name, n := range map[string]int{"10 marks": 10, "100 marks": 2 * mostMarks} {
		marks := make([]lesson, n)
		for i := range marks {
			marks[i] = lesson{vecs[i], rng.NormFloat64(), i%2 == 0}
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				learnt(vecs[len(vecs)-1], marks, lib, 18)
			}
		})
	}
}
