package search

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// A top that hears orders which are off, each by less than half of its slack, keeps the rows
// that are truly the greatest.
func TestTopKeepsTheGreatest(t *testing.T) {
	for _, tt := range []struct {
		n, k  int
		slack float64
		ties  int // orders are rounded to so many values; 0: none
	}{{0, 5, 0.1, 0}, {3, 5, 0.1, 0}, {5000, 1, 0, 0}, {5000, 100, 0.02, 0}, {5000, 100, 3, 0}, {5000, 100, 0.02, 7}, {5000, 5000, 0.02, 0}} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(tt.n+tt.k)))
			truth := make([]float64, tt.n)
			kept := newTop(tt.k, tt.slack)
			for i := range truth {
				truth[i] = rng.NormFloat64()
				if tt.ties > 0 {
					truth[i] = math.Round(truth[i]*float64(tt.ties)) / float64(tt.ties)
				}
				kept.add(int32(i), truth[i]+(rng.Float64()-0.5)*tt.slack)
			}
			kept.drop()
			best := make([]int32, tt.n)
			for i := range best {
				best[i] = int32(i)
			}
			slices.SortFunc(best, func(a, b int32) int { return cmp.Compare(truth[b], truth[a]) })
			if n := min(tt.k, tt.n); n > 0 {
				least := truth[best[n-1]]
				for row, o := range truth {
					if o > least && !slices.Contains(kept.rows, int32(row)) {
						t.Fatalf("row %d with %g is not kept; the last of the greatest has %g", row, o, least)
					}
				}
				if len(kept.rows) < n {
					t.Errorf("%d rows are kept of %d", len(kept.rows), n)
				}
			}
			if tt.slack == 0 && tt.ties == 0 && len(kept.rows) > tt.k {
				t.Errorf("%d rows are kept where %d are asked for", len(kept.rows), tt.k)
			}
		})
	}
}

func TestGreatest(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		x := make([]float64, 1+rng.IntN(40))
		for i := range x {
			x[i] = float64(rng.IntN(20)) // some are the same
		}
		sorted := slices.Sorted(slices.Values(x))
		k := 1 + rng.IntN(len(x))
		if got, want := greatest(slices.Clone(x), k), sorted[len(x)-k]; got != want {
			t.Fatalf("the %d. greatest of %v: %g, want %g", k, x, got, want)
		}
	}
}

func TestRowSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 63, 64, 65, 1000} {
		a, b := newRowSet(n), newRowSet(n)
		both := 0
		var listed []int
		for row := range n {
			x, y := rng.IntN(2) == 0, rng.IntN(3) == 0
			if x {
				a.add(row)
				listed = append(listed, row)
			}
			if y {
				b.add(row)
			}
			if x && y {
				both++
			}
		}
		if got := a.and(b); got.count(n) != both {
			t.Errorf("%d rows: %d in both, want %d", n, got.count(n), both)
		}
		if got := rowSet(nil).and(a); !slices.Equal(got, a) || !slices.Equal(a.and(nil), a) || rowSet(nil).count(n) != n {
			t.Errorf("%d rows: nil is not all of them", n)
		}
		if got := slices.Collect(a.all()); !slices.Equal(got, listed) {
			t.Errorf("%d rows: %v, want %v", n, got, listed)
		}
	}
}

// Every row is in one span, whatever the number of cores.
func TestEachSpanCoversAllRowsOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		for _, n := range []int{0, 1, spanRows, 5*spanRows + 3} {
			seen := make([]uint8, n)
			eachSpan(n, func(_, from, to int) {
				for i := from; i < to; i++ {
					seen[i]++
				}
			})
			if i := slices.IndexFunc(seen, func(v uint8) bool { return v != 1 }); i >= 0 {
				t.Errorf("%d cores, %d rows: row %d was seen %d times", cores, n, i, seen[i])
			}
		}
	}
}

// The sample depends on what the vectors are, not on their order, and is neither small nor large.
func TestSampleDoesNotDependOnTheOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 10, sampleVectors, sampleVectors + 1, 100_000} {
		floor := make([]float32, n)
		for i := range floor {
			floor[i] = float32(0.2 + 0.03*rng.NormFloat64())
		}
		chosen := func() []float32 {
			var out []float32
			for _, i := range sampleOf(floor) {
				out = append(out, floor[i])
			}
			slices.Sort(out)
			return out
		}
		before := chosen()
		rng.Shuffle(n, func(i, k int) { floor[i], floor[k] = floor[k], floor[i] })
		if after := chosen(); !slices.Equal(before, after) {
			t.Errorf("%d vectors: another sample in another order", n)
		}
		if least := min(n, sampleVectors/3); len(before) < least || len(before) > 2*sampleVectors {
			t.Errorf("%d vectors: a sample of %d", n, len(before))
		}
	}
}
