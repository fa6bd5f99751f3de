// Package resample scales pictures as Pillow does: antialiased (a filter widens by as much
// as the picture shrinks), along x first, then along y, 8 bits a channel between the two,
// weights in fixed point. The result is Pillow's bit for bit, because a vector from a
// differently scaled picture is a vector of a slightly different picture.
//
// The inner loops are C with AVX2, SSE4.1 or NEON, whichever the processor has, and Go
// where the build has no cgo or the tag purejpeg. All give the same bytes.
package resample

import (
	"image"
	"math"
)

// Filter names a resampling filter.
type Filter string

// The filters, with the kernels of Pillow.
const (
	Bicubic  Filter = "bicubic" // cubic convolution, a = -0.5
	Bilinear Filter = "bilinear"
	Lanczos  Filter = "lanczos"
	Box      Filter = "box"
)

// Known reports whether there is such a filter.
func (f Filter) Known() bool {
	_, ok := filters[f]
	return ok
}

// Axis is one direction of a resize: In pixels become Out, of which only N from First on
// are wanted. All are at least 1, but First, which is at least 0.
type Axis struct{ In, Out, First, N int }

// Whole is the axis that makes out pixels of in, all of them wanted.
func Whole(in, out int) Axis { return Axis{In: in, Out: out, N: out} }

// RGBA scales img, whose size is x.In × y.In, and returns the wanted x.N × y.N pixels,
// bounds starting at (0, 0). Alpha is scaled like a colour, so that what is opaque stays
// so. The filter must be known. Only what the wanted part needs is computed; it takes
// 4 bytes for each of x.N × y.In pixels beside the result.
func RGBA(img *image.RGBA, x, y Axis, f Filter) *image.RGBA {
	return run(best, img, x, y, f)
}

func run(do passes, img *image.RGBA, x, y Axis, f Filter) *image.RGBA {
	k := filters[f]
	cols, rows := x.table(k), y.table(k)
	left, right := cols.reach()
	top, bottom := rows.reach()
	cols.shift(left)
	rows.shift(top)

	from := img.PixOffset(img.Rect.Min.X+left, img.Rect.Min.Y+top)
	last := from + (bottom-top-1)*img.Stride + 4*(right-left)
	mid := make([]byte, 4*x.N*(bottom-top))
	do.across(mid, img.Pix[from:last], img.Stride, bottom-top, cols)
	out := image.NewRGBA(image.Rect(0, 0, x.N, y.N))
	do.down(out.Pix, mid, 4*x.N, rows)
	return out
}

// passes are the two loops that cost time, in one of the ways to do them.
type passes interface {
	// across makes of each row of src, which are stride bytes apart, a row of dst, one
	// pixel for each entry of t.
	across(dst, src []byte, stride, rows int, t table)
	// down makes a row of dst, line bytes long, for each entry of t from the rows of src,
	// which are as long.
	down(dst, src []byte, line int, t table)
}

// kernel is a filter function and the distance from its middle where it ends.
type kernel struct {
	support float64
	at      func(x float64) float64
}

var filters = map[Filter]kernel{
	Bicubic:  {2, bicubic},
	Bilinear: {1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }},
	Lanczos:  {3, lanczos},
	Box: {0.5, func(x float64) float64 {
		if x > -0.5 && x <= 0.5 {
			return 1
		}
		return 0
	}},
}

// bicubic is the cubic convolution kernel with a = -0.5 (Keys 1981). The conversions keep
// every product rounded on its own, so that machines which fuse multiply and add agree.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64((float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return float64((float64((float64((x-5)*x)+8)*x) - 4) * a)
	}
	return 0
}

func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return float64(sinc(x) * sinc(x/3))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// precision is the number of fractional bits of a weight. Eight bits are the pixel's and
// two are head room for kernels with negative lobes.
const precision = 32 - 8 - 2

// half is half a level, for rounding.
const half = 1 << (precision - 1)

// table says which input pixels, in which proportion, make each wanted pixel of an axis.
type table struct {
	first   []int32 // first input pixel of each
	end     []int32 // where the weights of each end; they start where the last one's end
	weights []int32
}

// table computes the weights. The arithmetic follows Pillow's, rounding included.
func (a Axis) table(k kernel) table {
	scale := float64(a.In) / float64(a.Out)
	stretch := max(scale, 1)
	support := k.support * stretch
	step := 1 / stretch
	most := 2*int(math.Ceil(support)) + 1
	t := table{
		first: make([]int32, a.N), end: make([]int32, a.N),
		weights: make([]int32, 0, min(most, a.In)*a.N),
	}
	buf := make([]float64, 0, most)
	for i := range a.N {
		center := float64((float64(a.First+i) + 0.5) * scale)
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), a.In)
		buf = buf[:0]
		var sum float64
		for x := lo; x < hi; x++ {
			w := k.at(float64((float64(x) - center + 0.5) * step))
			buf = append(buf, w)
			sum += w
		}
		for _, w := range buf {
			if sum != 0 {
				w /= sum
			}
			w = float64(w * (1 << precision))
			if w < 0 {
				t.weights = append(t.weights, int32(w-0.5))
			} else {
				t.weights = append(t.weights, int32(w+0.5))
			}
		}
		t.first[i], t.end[i] = int32(lo), int32(len(t.weights))
	}
	return t
}

// reach returns the first input pixel that is needed and the one behind the last.
func (t table) reach() (first, end int) {
	first = int(t.first[0])
	var start int32
	for i, f := range t.first {
		first, end = min(first, int(f)), max(end, int(f+t.end[i]-start))
		start = t.end[i]
	}
	return first, end
}

// shift renumbers the input pixels so that n is the first.
func (t table) shift(n int) {
	for i := range t.first {
		t.first[i] -= int32(n)
	}
}
