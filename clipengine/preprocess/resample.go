package preprocess

import (
	"encoding/binary"
	"image"
	"math"
)

// Filter names a resampling filter.
type Filter string

// The filters that published models use, with the kernels of Pillow.
const (
	Bicubic  Filter = "bicubic"
	Bilinear Filter = "bilinear"
	Lanczos  Filter = "lanczos"
	Box      Filter = "box"
)

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

// bicubic is the cubic convolution kernel with a = -0.5. The conversions keep every
// product rounded on its own, so that machines which fuse multiply and add agree.
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

// span is one axis of a resize: in pixels become out pixels, of which only n from first
// on are wanted.
type span struct{ in, out, first, n int }

// precision is the number of fractional bits of a weight. Eight bits are the pixel's and
// two are head room for kernels with negative lobes.
const precision = 32 - 8 - 2

// half is half a level, for rounding.
const half = 1 << (precision - 1)

// window lists the input pixels that one output pixel is made of.
type window struct {
	first   int
	weights []int32
}

// windows computes the weights of each wanted output pixel of an axis. The arithmetic
// follows Pillow's, rounding included.
func (s span) windows(k kernel) []window {
	scale := float64(s.in) / float64(s.out)
	stretch := max(scale, 1)
	support := k.support * stretch
	step := 1 / stretch
	out := make([]window, s.n)
	most := 2*int(math.Ceil(support)) + 1
	buf := make([]float64, 0, most)
	slab := make([]int32, 0, most*s.n)
	for i := range out {
		center := float64((float64(s.first+i) + 0.5) * scale)
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), s.in)
		buf = buf[:0]
		var sum float64
		for x := lo; x < hi; x++ {
			w := k.at(float64((float64(x) - center + 0.5) * step))
			buf = append(buf, w)
			sum += w
		}
		from := len(slab)
		for _, w := range buf {
			if sum != 0 {
				w /= sum
			}
			w = float64(w * (1 << precision))
			if w < 0 {
				slab = append(slab, int32(w-0.5))
			} else {
				slab = append(slab, int32(w+0.5))
			}
		}
		out[i] = window{lo, slab[from:len(slab):len(slab)]}
	}
	return out
}

// resample scales the picture along x, then along y, and returns y.n rows of x.n pixels
// of three bytes. Between the passes pixels are rounded to bytes, as in Pillow. (Pillow 13
// goes along y first where that is faster; models were trained on what earlier versions
// make.) Only what the wanted part needs is computed.
func resample(img *image.RGBA, x, y span, k kernel) []byte {
	cols, rows := x.windows(k), y.windows(k)
	top, bottom := y.in, 0
	for _, r := range rows {
		top = min(top, r.first)
		bottom = max(bottom, r.first+len(r.weights))
	}
	line := 3 * x.n
	mid := make([]byte, line*(bottom-top))
	left, right := x.in, 0
	for _, c := range cols {
		left, right = min(left, c.first), max(right, c.first+len(c.weights))
	}
	// Red and blue share one number, 32 bits apart, so that one multiplication does both.
	redBlue, green := make([]int64, right-left), make([]int64, right-left)
	for i := range bottom - top {
		from := img.PixOffset(img.Rect.Min.X+left, img.Rect.Min.Y+top+i)
		row := img.Pix[from : from+4*(right-left)]
		for j := range redBlue {
			v := int64(binary.LittleEndian.Uint32(row[4*j:]))
			redBlue[j], green[j] = v&0xFF|v&0xFF0000<<16, v>>8&0xFF
		}
		to := mid[line*i : line*(i+1)]
		for j, c := range cols {
			rb, g := int64(half|half<<32), int64(half)
			xs := redBlue[c.first-left:][:len(c.weights)]
			ys := green[c.first-left:][:len(c.weights)]
			for k, w := range c.weights {
				rb += xs[k] * int64(w)
				g += ys[k] * int64(w)
			}
			// What red borrowed from blue is given back.
			r := int32(rb)
			to[3*j], to[3*j+1], to[3*j+2] = clip(r), clip(int32(g)), clip(int32((rb-int64(r))>>32))
		}
	}
	out := make([]byte, line*y.n)
	sums := make([]int32, line)
	for i, r := range rows {
		for j := range sums {
			sums[j] = half
		}
		from := line * (r.first - top)
		for _, w := range r.weights {
			src := mid[from : from+line]
			for j, v := range src {
				sums[j] += int32(v) * w
			}
			from += line
		}
		to := out[line*i : line*(i+1)]
		for j, v := range sums {
			to[j] = clip(v)
		}
	}
	return out
}

// clip takes the fraction off and limits the rest to a byte.
func clip(v int32) byte {
	return byte(min(max(v>>precision, 0), 255))
}
