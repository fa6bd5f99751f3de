package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"descry/internal/float16"
	"descry/library"
	"descry/library/calib"
	"descry/library/store"
	"descry/library/vectors"
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

// crowd is a source of random unit vectors with a strong common part, of photos 1 to n.
type crowd struct{ n, dim int }

func (c crowd) Vectors(_ context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	rng := rand.New(rand.NewPCG(11, 12))
	for i := range int64(c.n) {
		v := make([]float32, c.dim)
		for k := range v {
			v[k] = float32(rng.NormFloat64())
		}
		v[0] += 4
		unit(v)
		if i < after {
			continue
		}
		if err := fn(store.VectorRow{Seq: i + 1, Photo: library.PhotoID(i + 1), Data: float16.Append(nil, v)}); err != nil {
			return err
		}
	}
	return nil
}

func (crowd) VectorPhotos(context.Context, library.SpaceID, func(int64, library.PhotoID)) error {
	return nil
}

func (crowd) VectorMark(context.Context, library.SpaceID, int64) (int64, []byte, error) {
	return 0, nil, nil
}
func (crowd) Generation(context.Context) (int64, error) { return 0, nil }

// What is found by near scores and then made exact is what exact scores of all photos give,
// on any number of cores.
func TestSemanticIsExact(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	c := crowd{3*spanRows + 7, 24}
	index, err := vectors.Open(t.Context(), vectors.Params{Source: c, Space: library.Space{ID: 1, Dim: c.dim}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(13, 14))
	random := func() []float32 {
		v := make([]float32, c.dim)
		for k := range v {
			v[k] = float32(rng.NormFloat64())
		}
		return unit(v)
	}
	se := New(Params{Index: index, Text: &sceneText{background: random()}, Background: []string{"thing"}})
	g, err := se.lookAt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		weights []float64
		against int
		every   int // only every so many photos are allowed; 0: all
	}{
		{"one", []float64{1}, 0, 0},
		{"one, filtered", []float64{1}, 0, 7},
		{"one, something excluded", []float64{1}, 1, 0},
		{"two", []float64{1, 1}, 0, 0},
		{"weights", []float64{1, 0.5, -0.3}, 0, 3},
		{"two, something excluded", []float64{1, 1}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{Searcher: se, ctx: t.Context(), req: Request{Limit: 10}, view: g.view, ground: g}
			for _, w := range tt.weights {
				r.looks = append(r.looks, look{kind: calib.Text, vec: random(), fit: calib.Fit{Slope: 1.5, Spread: 0.1}, base: -2, weight: w})
			}
			for range tt.against {
				r.against = append(r.against, look{kind: calib.Text, vec: random(), fit: calib.Fit{Slope: 1.5, Spread: 0.1}, base: -2, weight: 1})
			}
			if tt.every > 0 {
				r.limited = true
				for id := 1; id <= c.n; id += tt.every {
					r.allowed.Add(library.PhotoID(id))
				}
			}
			var lists [][]candidate
			for _, cores := range []int{1, 2, 5} {
				runtime.GOMAXPROCS(cores)
				o, err := r.semantic(nil)
				if err != nil {
					t.Fatal(err)
				}
				lists = append(lists, o.found)
				if !slices.Equal(o.found, lists[0]) {
					t.Fatalf("%d cores find something else", cores)
				}
				if cores > 1 {
					continue
				}
				// The same by exact scores of all.
				rows := r.admittedRows()
				var all []int32
				for row := range c.n {
					if rows.has(row) {
						all = append(all, int32(row))
					}
				}
				if err := r.settleAll(all); err != nil {
					t.Fatal(err)
				}
				var blocks [2][]candidate
				for _, row := range all {
					x, k := r.candidate(r.view.Photos()[row], int(row)), 1
					if x.likely() {
						k = 0
					}
					blocks[k] = append(blocks[k], x)
				}
				if o.likely.count() != len(blocks[0]) || o.all.count() != len(all) {
					t.Errorf("%d likely of %d, want %d of %d", o.likely.count(), o.all.count(), len(blocks[0]), len(all))
				}
				var want []library.PhotoID
				for _, b := range blocks {
					slices.SortFunc(b, byOrder)
					for _, x := range b[:min(len(b), deepest)] {
						want = append(want, x.photo)
					}
				}
				var got []library.PhotoID
				for _, likely := range []bool{true, false} {
					for _, x := range o.found {
						if x.likely() == likely {
							got = append(got, x.photo)
						}
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%d photos, want %d; the first that differs is in place %d", len(got), len(want), firstOther(got, want))
				}
			}
		})
	}
}

func firstOther(a, b []library.PhotoID) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
