// Package measure takes the cheap measurements of a picture that finding duplicates,
// choosing the best of a burst and drawing an empty cell need.
package measure

import (
	"encoding/binary"
	"image"
	"math"
	"slices"

	"descry/internal/resample"
	"descry/library"
	"descry/library/thumbs"
)

// Measure measures img, an opaque upright picture.
func Measure(img *image.RGBA) library.Measures {
	return OfThumb(thumbs.Make(img), img.Rect.Dx(), img.Rect.Dy())
}

// OfThumb measures a picture of width × height upright pixels by its thumbnail, as
// thumbs.Make made it.
func OfThumb(thumb *image.RGBA, width, height int) library.Measures {
	luma := luminance(thumb)
	m := library.Measures{
		Width:     width,
		Height:    height,
		PHash:     pHash(thumb),
		Sharpness: laplacianVariance(luma, thumb.Rect.Dx(), thumb.Rect.Dy()),
		Exposure:  mean(luma) / 255,
		Palette:   palette(thumb),
	}
	if len(m.Palette) > 0 {
		m.Colour = m.Palette[0].Colour
	}
	return m
}

// one is a level of luminance. Whole numbers make the measures the same on every machine.
const one = 1000

// luminance returns BT.601 luma, 0 to 255*one, row by row.
func luminance(m *image.RGBA) []int32 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]int32, w*h)
	for y := range h {
		row, to := m.Pix[y*m.Stride:][:4*w], out[y*w:][:w]
		for x := range to {
			p := binary.LittleEndian.Uint32(row[4*x:])
			to[x] = int32(299*(p&255) + 587*(p>>8&255) + 114*(p>>16&255))
		}
	}
	return out
}

// mean is in levels.
func mean(v []int32) float64 {
	if len(v) == 0 {
		return 0
	}
	var sum int64
	for _, x := range v {
		sum += int64(x)
	}
	return float64(sum) / one / float64(len(v))
}

// laplacianVariance is the variance of the 4-neighbour Laplacian, the usual measure of
// focus (Pech-Pacheco et al. 2000), in squared levels: near 0 for blur, some hundreds for a
// sharp photo.
func laplacianVariance(v []int32, w, h int) float64 {
	if w < 3 || h < 3 {
		return 0
	}
	var sum, squares int64
	for y := 1; y < h-1; y++ {
		mid := v[y*w:][:w]
		up, down := v[(y-1)*w:][:len(mid)], v[(y+1)*w:][:len(mid)]
		for x := 1; x < len(mid)-1; x++ {
			l := int64(up[x] + down[x] + mid[x-1] + mid[x+1] - 4*mid[x])
			sum += l
			squares += l * l
		}
	}
	n := float64((w - 2) * (h - 2))
	average := float64(sum) / n
	return max(0, float64(squares)/n-float64(average*average)) / (one * one)
}

const (
	hashSide = 32 // the picture is brought to this side, whatever its shape
	hashKeep = 8  // lowest frequencies kept each way

	// noise is what rounding alone can make of a coefficient of a plain picture, which must
	// not decide a bit. The coefficients of photos are in the hundreds and thousands.
	noise = 1e-2
)

// cosines are the DCT-II basis functions that pHash needs: cosines[u][x].
var cosines = func() (t [hashKeep][hashSide]float64) {
	for u := range t {
		for x := range t[u] {
			t[u][x] = math.Cos(math.Pi * float64(u) * (2*float64(x) + 1) / (2 * hashSide))
		}
	}
	return t
}()

// pHash is the 64-bit perceptual hash: the signs, about their median, of the 8 × 8 lowest
// DCT coefficients of the luminance at 32 × 32 px (Zauner 2010, §3.2.1). Bit 63 is the
// constant term; rows of vertical frequency follow. Near-duplicates differ in few bits.
func pHash(thumb *image.RGBA) uint64 {
	across, down := resample.Whole(thumb.Rect.Dx(), hashSide), resample.Whole(thumb.Rect.Dy(), hashSide)
	luma := luminance(resample.RGBA(thumb, across, down, resample.Bilinear))

	var rows [hashSide][hashKeep]float64
	for y := range hashSide {
		for u := range hashKeep {
			var s float64
			for x := range hashSide {
				s += float64(float64(luma[y*hashSide+x]) / one * cosines[u][x])
			}
			rows[y][u] = s
		}
	}
	var coefficients [hashKeep * hashKeep]float64
	for v := range hashKeep {
		for u := range hashKeep {
			var s float64
			for y := range hashSide {
				s += float64(rows[y][u] * cosines[v][y])
			}
			coefficients[v*hashKeep+u] = s
		}
	}
	sorted := coefficients
	slices.Sort(sorted[:])
	median := (sorted[31] + sorted[32]) / 2
	var hash uint64
	for i, c := range coefficients {
		if c > median+noise {
			hash |= 1 << (63 - i)
		}
	}
	return hash
}
