package vectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
)

// scene makes vectors of some kind.
type scene struct {
	name string
	next func(r *rand.Rand, dim int) []float32
}

// scenes are the kinds of vectors that a space may have. What comes from CLIP lies in a narrow
// cone, with a few dimensions that are large in every picture; what a model says of similar
// photos lies close together.
func scenes() []scene {
	return []scene{
		{"all directions", unit},
		{"like CLIP", likeCLIP},
		{"clusters", func(r *rand.Rand, dim int) []float32 {
			c := unit(rand.New(rand.NewPCG(r.Uint64N(20), 7)), dim)
			return lean(r, c, 0.05)
		}},
		{"copies", func(r *rand.Rand, dim int) []float32 { return unit(rand.New(rand.NewPCG(r.Uint64N(50), 7)), dim) }},
		{"one direction alone", func(r *rand.Rand, dim int) []float32 {
			v := make([]float32, dim)
			v[r.IntN(dim)] = 1 - 2*float32(r.IntN(2))
			return v
		}},
		{"nothing", func(_ *rand.Rand, dim int) []float32 { return make([]float32, dim) }},
	}
}

// likeCLIP is a vector with a strong mean that all share and three dimensions of 0.3 to 0.7.
func likeCLIP(r *rand.Rand, dim int) []float32 {
	fixed := rand.New(rand.NewPCG(92, 512))
	v := make([]float32, dim)
	for d := range v {
		v[d] = float32(0.02*fixed.NormFloat64() + 0.025*r.NormFloat64()*(0.5+fixed.Float64()))
	}
	for i, x := range []float64{0.65, -0.4, 0.3} {
		v[(92+i*31)%dim] = float32(x + 0.05*r.NormFloat64())
	}
	return normal(v)
}

// lean is a unit vector near c.
func lean(r *rand.Rand, c []float32, by float64) []float32 {
	v := make([]float32, len(c))
	for d := range v {
		v[d] = c[d] + float32(by*r.NormFloat64())
	}
	return normal(v)
}

func normal(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for d := range v {
		v[d] /= float32(math.Sqrt(sum))
	}
	return v
}

// filled is a source of n vectors of a kind, of n photos.
func filled(s scene, n, dim int) *table {
	r := rand.New(rand.NewPCG(uint64(n), uint64(dim)))
	t := &table{}
	for i := range n {
		t.rows = append(t.rows, store.VectorRow{Seq: int64(i + 1), Photo: library.PhotoID(i + 1), Data: float16.Append(nil, s.next(r, dim)), Mark: r.Int64()})
	}
	return t
}

// exactAll is the cosine of every vector, by Exact.
func exactAll(t testing.TB, v *View, q []float32) []float32 {
	t.Helper()
	all := make([]int32, v.Count())
	for i := range all {
		all[i] = int32(i)
	}
	out := make([]float32, len(all))
	if err := v.Exact(q, all, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// randomBits are n bits, of which a share is set.
func randomBits(r *rand.Rand, n int, share float64) []uint64 {
	bits := make([]uint64, (n+63)/64)
	for i := range n {
		if r.Float64() < share {
			bits[i/64] |= 1 << (i % 64)
		}
	}
	return bits
}

func admitted(bits []uint64, i int) bool { return bits == nil || bits[i/64]>>(i%64)&1 == 1 }

// TestTopIsThatOfAnExactScan holds for vectors of all kinds, queries of the same kind and of
// none, and all filters.
func TestTopIsThatOfAnExactScan(t *testing.T) {
	for _, s := range scenes() {
		for _, dim := range []int{7, 200} {
			t.Run(fmt.Sprintf("%s, %d", s.name, dim), func(t *testing.T) {
				n := blockRows + 777
				v := open(t, filled(s, n, dim), dim).View()
				r := rand.New(rand.NewPCG(1, uint64(dim)))
				queries := [][]float32{unit(r, dim), s.next(r, dim), lean(r, s.next(r, dim), 0.1), make([]float32, dim)}
				for qi, q := range queries {
					exact := exactAll(t, v, q)
					for _, share := range []float64{-1, 0, 0.1, 0.7} {
						var bits []uint64
						if share >= 0 {
							bits = randomBits(r, n, share)
						}
						near := make([]float32, n)
						bound, err := v.Near(q, bits, near)
						if err != nil {
							t.Fatal(err)
						}
						for i, x := range near {
							if !admitted(bits, i) {
								if !math.IsInf(float64(x), -1) {
									t.Fatalf("query %d: vector %d has %g and is not admitted", qi, i, x)
								}
							} else if off := math.Abs(float64(x) - float64(exact[i])); off > float64(bound) {
								t.Fatalf("query %d: vector %d is off by %g, the bound is %g", qi, i, off, bound)
							}
						}
						for _, k := range []int{1, 100, n + 1} {
							checkTop(t, v, q, bits, k, exact)
						}
					}
				}
			})
		}
	}
}

// checkTop compares Top with what sorting all cosines gives.
func checkTop(t *testing.T, v *View, q []float32, bits []uint64, k int, exact []float32) {
	t.Helper()
	var want []int32
	for i := range exact {
		if admitted(bits, i) {
			want = append(want, int32(i))
		}
	}
	slices.SortStableFunc(want, func(a, b int32) int {
		switch {
		case exact[a] > exact[b]:
			return -1
		case exact[a] < exact[b]:
			return 1
		}
		return 0
	})
	want = want[:min(k, len(want))]
	got, scores, err := v.Top(q, bits, k)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("top %d is %v, want %v", k, got[:min(10, len(got))], want[:min(10, len(want))])
	}
	for i, row := range got {
		if scores[i] != exact[row] {
			t.Fatalf("vector %d has %g, want %g", row, scores[i], exact[row])
		}
	}
}

// TestKernelsAgree compares every way of this build with the one in Go, bit for bit.
func TestKernelsAgree(t *testing.T) {
	for _, dim := range []int{1, 64, 96, 384, 512, 1152} {
		l := newLayout(dim)
		r := rand.New(rand.NewPCG(3, uint64(dim)))
		const n = 203
		rows, query := make([]int8, n*l.near), make([]int16, l.near)
		halves, q := make([]uint16, n*l.exact), make([]float64, l.exact)
		a, b := make([]int16, n*l.exact), make([]int16, 5*l.exact)
		for i := range n {
			for d := range dim {
				rows[i*l.near+d] = int8(r.IntN(255) - 127)
				halves[i*l.exact+d] = float16.Bits(float32(r.NormFloat64() * 0.05))
				a[i*l.exact+d] = int16(r.IntN(401) - 200)
			}
		}
		for d := range dim {
			query[d] = int16(r.IntN(2*32766/dim+1) - 32766/dim)
			q[d] = float64(float32(r.NormFloat64()))
		}
		halves[0], halves[l.exact] = 1, 0x8001 // subnormal numbers
		for i := range b {
			b[i] = int16(r.IntN(401) - 200)
		}
		few := randomBits(r, n, 0.2)
		some := []int32{5, 0, n - 1, 17, 17}
		results := func(k kernel) (floats []float32, ints []int32) {
			all, part, exact, chosen := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, len(some))
			k.near(all, rows, query, 0.3, 0x1p-20, nil)
			k.near(part, rows, query, 0.3, 0x1p-20, few)
			k.exact(exact, halves, nil, q)
			k.exact(chosen, halves, some, q)
			ints = make([]int32, n*5)
			k.products(ints, a, b, l.exact)
			return slices.Concat(all, part, exact, chosen), ints
		}
		wantFloats, wantInts := results(plain{})
		for name, k := range kernels() {
			floats, ints := results(k)
			if !slices.Equal(floats, wantFloats) || !slices.Equal(ints, wantInts) {
				t.Errorf("%d numbers: %s gives other bits than Go", dim, name)
			}
		}
	}
}

// TestLongestSumsFit lets the sums of near come as close to their limit as they can.
func TestLongestSumsFit(t *testing.T) {
	for _, dim := range []int{64, 512, 2048} {
		l := newLayout(dim)
		rows := make([]uint16, blockRows*l.exact)
		for i := range blockRows {
			for d := range dim { // every int8 is as great as it gets
				rows[i*l.exact+d] = float16.Bits(1 - 2*float32(i%2))
			}
		}
		b := seal(l, rows, make([]int64, blockRows), 0, 0)
		q := make([]float64, l.exact)
		for d := range dim {
			q[d] = 1
		}
		ask := b.ask(q, math.Sqrt(float64(dim)))
		for name, k := range kernels() {
			near := make([]float32, 2)
			k.near(near, b.nearRows(), ask.query, ask.base, ask.step, nil)
			if off := math.Abs(float64(near[0]) - float64(dim)); off > ask.bound || ask.bound > 1e-2*float64(dim) {
				t.Errorf("%s: %g, want %d ± %g", name, near[0], dim, ask.bound)
			}
			if off := math.Abs(float64(near[1]) + float64(dim)); off > ask.bound {
				t.Errorf("%s: %g, want %d ± %g", name, near[1], -dim, ask.bound)
			}
		}
	}
}

func TestQueriesThatAreNone(t *testing.T) {
	v := open(t, filled(scenes()[0], 100, 16), 16).View()
	q := make([]float32, 16)
	q[3] = float32(math.NaN())
	if _, err := v.Near(q, nil, make([]float32, 100)); err == nil {
		t.Error("no error for a number that is none")
	}
	if err := v.Exact(q, []int32{1}, make([]float32, 1)); err == nil {
		t.Error("no error for a number that is none")
	}
}

func TestVectorThatIsNoneIsLikeNothing(t *testing.T) {
	s := filled(scenes()[0], 3, 16)
	s.rows[1].Data[3], s.rows[1].Data[2] = 0x7c, 0x01 // NaN
	v := open(t, s, 16).View()
	if got := exactAll(t, v, unit(rand.New(rand.NewPCG(1, 1)), 16)); got[1] != 0 {
		t.Errorf("%g", got[1])
	}
}

func BenchmarkNear(b *testing.B) {
	const n, dim = 25 * blockRows, 512
	v := open(b, filled(scene{next: likeCLIP}, n, dim), dim).View()
	r := rand.New(rand.NewPCG(1, 2))
	q, dst := unit(r, dim), make([]float32, n)
	for _, share := range []float64{1, 0.5, 0.35, 0.25, 0.1, 0.01} {
		bits := randomBits(r, n, share)
		if share == 1 {
			bits = nil
		}
		b.Run(fmt.Sprintf("%g", share), func(b *testing.B) {
			b.SetBytes(n * dim)
			for b.Loop() {
				if _, err := v.Near(q, bits, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("top 100", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := v.Top(q, nil, 100); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(n * dim)
		for b.Loop() {
			for _, x := range v.blocks {
				v.kernel.read(x.nearRows())
			}
		}
	})
}

// TestFewAreLookedAtTwice holds the bound to be of use where a few dimensions are large in every
// vector: with one scale for all dimensions nearly every vector would have to be looked at.
func TestFewAreLookedAtTwice(t *testing.T) {
	const n, dim, k = 4 * blockRows, 512, 10
	v := open(t, filled(scene{next: likeCLIP}, n, dim), dim).View()
	r := rand.New(rand.NewPCG(9, 9))
	near := make([]float32, n)
	for _, q := range [][]float32{unit(r, dim), likeCLIP(r, dim), lean(r, likeCLIP(r, dim), 0.05)} {
		bound, err := v.Near(q, nil, near)
		if err != nil {
			t.Fatal(err)
		}
		again := len(within(near, k, 2*float64(bound)))
		t.Logf("%d of %d for the best %d (bound %.4f)", again, n, k, bound)
		if again > n/100 {
			t.Errorf("%d of %d vectors are looked at twice for the best %d (bound %g)", again, n, k, bound)
		}
	}
}
