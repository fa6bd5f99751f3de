package vectors

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// referenceVectors are n of them.
func referenceVectors(n, dim int) func(context.Context) ([][]float32, error) {
	return func(context.Context) ([][]float32, error) {
		r := rand.New(rand.NewPCG(386, uint64(n)))
		var out [][]float32
		for range n {
			out = append(out, unit(r, dim))
		}
		return out, nil
	}
}

func TestBackdrop(t *testing.T) {
	for _, n := range []int{1, 100, 128, 386} {
		const dim = 40
		s := filled(scenes()[0], 900, dim)
		x := open(t, s, dim)
		if mean, hub := x.View().Backdrop(); mean != nil || hub != nil {
			t.Error("numbers without references")
		}
		refs := referenceVectors(n, dim)
		if err := x.SetReference(t.Context(), "a", refs); err != nil {
			t.Fatal(err)
		}
		s.add(rand.New(rand.NewPCG(4, 4)), dim, 2000, 2001)
		refresh(t, x)
		v := x.View()
		mean, hub := v.Backdrop()
		if len(mean) != 902 || len(hub) != 902 {
			t.Fatalf("%d and %d numbers", len(mean), len(hub))
		}
		vectors, _ := refs(t.Context())
		for i, photo := range v.Photos() {
			var cosines []float64
			for _, ref := range vectors {
				cosines = append(cosines, naive(ref, v.Vectors(photo)[0]))
			}
			slices.Sort(cosines)
			slices.Reverse(cosines)
			best := cosines[:min(len(cosines), hubNeighbours)]
			if off := math.Abs(average(cosines) - float64(mean[i])); off > 1e-4 {
				t.Fatalf("mean %g, want %g", mean[i], average(cosines))
			}
			if off := math.Abs(average(best) - float64(hub[i])); off > 1e-4 {
				t.Fatalf("hub %g, want %g", hub[i], average(best))
			}
		}
		if err := x.SetReference(t.Context(), "a", func(context.Context) ([][]float32, error) {
			return nil, errors.New("asked again")
		}); err != nil {
			t.Error(err)
		}
		if err := x.SetReference(t.Context(), "b", referenceVectors(3, dim)); err != nil {
			t.Fatal(err)
		}
		if other, _ := x.View().Backdrop(); slices.Equal(other, mean) {
			t.Error("the same numbers with other references")
		}
	}
}

func average(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// TestBackdropIsTheSameInAnyPlace holds for every kernel and wherever a vector lies.
func TestBackdropIsTheSameInAnyPlace(t *testing.T) {
	const dim = 70
	s := filled(scenes()[1], 200, dim)
	turned := &table{rows: slices.Clone(s.rows)}
	slices.Reverse(turned.rows)
	for i := range turned.rows {
		turned.rows[i].Seq = int64(i + 1)
	}
	refs := referenceVectors(300, dim)
	a, b := open(t, s, dim), open(t, turned, dim)
	for name, k := range kernels() {
		b.kernel = k
		b.refs = nil
		if err := errors.Join(a.SetReference(t.Context(), "a", refs), b.SetReference(t.Context(), "a", refs)); err != nil {
			t.Fatal(err)
		}
		mean, hub := a.View().Backdrop()
		meanB, hubB := b.View().Backdrop()
		for i := range mean {
			if j := len(mean) - 1 - i; mean[i] != meanB[j] || hub[i] != hubB[j] {
				t.Fatalf("%s: vector %d has %g and %g, elsewhere %g and %g", name, i, mean[i], hub[i], meanB[j], hubB[j])
			}
		}
	}
}

func TestGreatest(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 2000 {
		v := make([]int32, r.IntN(400)+1)
		for i := range v {
			v[i] = int32(r.IntN(1 + r.IntN(1000)))
		}
		m := r.IntN(len(v)) + 1
		want := slices.Clone(v)
		slices.Sort(want)
		slices.Reverse(want)
		greatest(v, m)
		got := slices.Clone(v[:m])
		slices.Sort(got)
		slices.Reverse(got)
		if !slices.Equal(got, want[:m]) {
			t.Fatalf("%v, want %v", got, want[:m])
		}
	}
}

func BenchmarkBackdrop(b *testing.B) {
	const n, dim = 4 * blockRows, 512
	x := open(b, filled(scene{next: likeCLIP}, n, dim), dim)
	refs := referenceVectors(386, dim)
	b.ReportAllocs()
	for b.Loop() {
		x.refs = nil
		if err := x.SetReference(b.Context(), "a", refs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "vectors/s")
}

func BenchmarkSeal(b *testing.B) {
	const dim = 512
	l := newLayout(dim)
	s := filled(scene{next: likeCLIP}, blockRows, dim)
	var rows []uint16
	for _, r := range s.rows {
		rows = appendRow(rows, r.Data, l.exact)
	}
	seqs := make([]int64, blockRows)
	for b.Loop() {
		seal(l, rows, seqs, 0, 0)
	}
	b.ReportMetric(float64(blockRows*b.N)/b.Elapsed().Seconds(), "vectors/s")
}
