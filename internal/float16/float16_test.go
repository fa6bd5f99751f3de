package float16

import (
	"math"
	"sort"
	"testing"
)

func TestEveryHalfSurvivesTheRoundTrip(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := Value(h)
		if math.IsNaN(float64(f)) {
			if got := Bits(f); got&0x7c00 != 0x7c00 || got&0x3ff == 0 || got&0x8000 != h&0x8000 {
				t.Fatalf("NaN %04x came back as %04x", h, got)
			}
			continue
		}
		if got := Bits(f); got != h {
			t.Fatalf("%04x = %g came back as %04x", h, f, got)
		}
		if want := reference(h); f != want {
			t.Fatalf("%04x is %g, want %g", h, f, want)
		}
	}
}

// reference works a half-precision float out from its definition.
func reference(h uint16) float32 {
	sign, exp, frac := 1.0, int(h>>10)&0x1f, float64(h&0x3ff)
	if h&0x8000 != 0 {
		sign = -1
	}
	switch exp {
	case 0:
		return float32(math.Copysign(math.Ldexp(frac, -24), sign))
	case 31:
		return float32(math.Inf(int(sign)))
	}
	return float32(sign * math.Ldexp(1+frac/1024, exp-15))
}

// Every rounding decision lies at, just under or just over the midpoint of two neighbours.
func TestRoundsToTheNearestAndTiesToEven(t *testing.T) {
	for i := range 0x7c00 {
		lo := Value(uint16(i))
		hi := float64(Value(uint16(i + 1)))
		if i+1 == 0x7c00 {
			hi = 65536
		}
		mid := float32((float64(lo) + hi) / 2)
		even := uint16(i + i&1)
		for _, c := range []struct {
			f    float32
			want uint16
		}{
			{math.Nextafter32(mid, 0), uint16(i)},
			{mid, even},
			{math.Nextafter32(mid, math.MaxFloat32), uint16(i + 1)},
		} {
			if got := Bits(c.f); got != c.want {
				t.Fatalf("Bits(%g) = %04x, want %04x", c.f, got, c.want)
			}
			if got := Bits(-c.f); got != c.want|0x8000 {
				t.Fatalf("Bits(%g) = %04x, want %04x", -c.f, got, c.want|0x8000)
			}
		}
	}
}

// All float32 exponents with fractions that exercise every shift, against a search for the
// nearest half.
func TestAgreesWithASearch(t *testing.T) {
	halves := make([]float64, 0x7c00)
	for i := range halves {
		halves[i] = float64(Value(uint16(i)))
	}
	for exp := uint32(0); exp < 255; exp++ {
		for _, frac := range []uint32{0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x2fff, 0x3000, 0x3001, 0x400000, 0x5a5a5a, 0x7fefff, 0x7ff000, 0x7fffff} {
			f := math.Float32frombits(exp<<23 | frac)
			x := float64(f)
			i := sort.SearchFloat64s(halves, x)
			var want uint16
			switch {
			case i == len(halves):
				want = 0x7bff
				if x >= 65520 {
					want = 0x7c00
				}
			case halves[i] == x:
				want = uint16(i)
			default:
				down, up := x-halves[i-1], halves[i]-x
				want = uint16(i)
				if down < up || (down == up && i%2 == 1) {
					want = uint16(i - 1)
				}
			}
			if got := Bits(f); got != want {
				t.Fatalf("Bits(%g) = %04x, want %04x", f, got, want)
			}
		}
	}
}

func TestAppendAndUnpack(t *testing.T) {
	in := []float32{0, 1, -1, 0.5, 65504, 1e9, float32(math.Inf(-1)), 0x1p-24, 0x1p-26}
	data := Append([]byte{9}, in)
	if len(data) != 1+Size*len(in) || data[3] != 0x00 || data[4] != 0x3c {
		t.Fatalf("packed %v", data)
	}
	out := make([]float32, len(in)+3)
	if n := Unpack(out, data[1:]); n != len(in) {
		t.Fatalf("unpacked %d of %d", n, len(in))
	}
	want := []float32{0, 1, -1, 0.5, 65504, float32(math.Inf(1)), float32(math.Inf(-1)), 0x1p-24, 0}
	for i := range want {
		if out[i] != want[i] {
			t.Errorf("value %d: %g, want %g", i, out[i], want[i])
		}
	}
}
