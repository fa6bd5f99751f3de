// Package measure takes the cheap measurements of a picture that finding duplicates,
// choosing the best of a burst and drawing an empty cell need.
package measure

import (
	"image"
	"math"
	"slices"

	"github.com/disintegration/imaging"

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
	return library.Measures{
		Width:     width,
		Height:    height,
		PHash:     pHash(thumb),
		Sharpness: laplacianVariance(luma, thumb.Rect.Dx(), thumb.Rect.Dy()),
		Exposure:  mean(luma) / 255,
		Colour:    dominant(thumb),
	}
}

// luminance returns BT.601 luma, 0 to 255, row by row.
func luminance(m *image.RGBA) []float32 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]float32, w*h)
	for y := range h {
		row := m.Pix[y*m.Stride:][:4*w]
		for x := range w {
			p := row[4*x : 4*x+3 : 4*x+3]
			out[y*w+x] = 0.299*float32(p[0]) + 0.587*float32(p[1]) + 0.114*float32(p[2])
		}
	}
	return out
}

func mean(v []float32) float64 {
	if len(v) == 0 {
		return 0
	}
	var sum float64
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

// laplacianVariance is the variance of the 4-neighbour Laplacian, the usual measure of
// focus (Pech-Pacheco et al. 2000): near 0 for blur, some hundreds for a sharp photo.
func laplacianVariance(v []float32, w, h int) float64 {
	if w < 3 || h < 3 {
		return 0
	}
	var sum, squares float64
	for y := 1; y < h-1; y++ {
		up, mid, down := v[(y-1)*w:][:w], v[y*w:][:w], v[(y+1)*w:][:w]
		for x := 1; x < w-1; x++ {
			l := float64(up[x] + down[x] + mid[x-1] + mid[x+1] - 4*mid[x])
			sum += l
			squares += l * l
		}
	}
	n := float64((w - 2) * (h - 2))
	return max(0, squares/n-sum/n*sum/n)
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
	src := &image.NRGBA{Pix: thumb.Pix, Stride: thumb.Stride, Rect: thumb.Rect}
	small := imaging.Resize(src, hashSide, hashSide, imaging.Linear)
	luma := luminance(&image.RGBA{Pix: small.Pix, Stride: small.Stride, Rect: small.Rect})

	var rows [hashSide][hashKeep]float64
	for y := range hashSide {
		for u := range hashKeep {
			var s float64
			for x := range hashSide {
				s += float64(luma[y*hashSide+x]) * cosines[u][x]
			}
			rows[y][u] = s
		}
	}
	var coefficients [hashKeep * hashKeep]float64
	for v := range hashKeep {
		for u := range hashKeep {
			var s float64
			for y := range hashSide {
				s += rows[y][u] * cosines[v][y]
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

// dominant is the mean colour of the fullest of the 512 cells into which RGB space is cut
// (8 a channel), taken together with its neighbours, as 0xRRGGBB.
func dominant(m *image.RGBA) uint32 {
	const side = 8
	type cell struct{ n, r, g, b uint64 }
	var cells [side * side * side]cell
	w := m.Rect.Dx()
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:4*w]
		for i := 0; i+3 < len(row); i += 4 {
			p := row[i : i+3 : i+3]
			c := &cells[int(p[0]>>5)*side*side+int(p[1]>>5)*side+int(p[2]>>5)]
			c.n++
			c.r += uint64(p[0])
			c.g += uint64(p[1])
			c.b += uint64(p[2])
		}
	}
	around := func(i int) (sum cell) {
		r, g, b := i/(side*side), i/side%side, i%side
		for _, d := range [][3]int{{}, {1}, {-1}, {0, 1}, {0, -1}, {0, 0, 1}, {0, 0, -1}} {
			x, y, z := r+d[0], g+d[1], b+d[2]
			if min(x, y, z) < 0 || max(x, y, z) >= side {
				continue
			}
			c := cells[x*side*side+y*side+z]
			sum.n, sum.r, sum.g, sum.b = sum.n+c.n, sum.r+c.r, sum.g+c.g, sum.b+c.b
		}
		return sum
	}
	best := cell{n: 0}
	for i := range cells {
		if cells[i].n == 0 {
			continue
		}
		if c := around(i); c.n > best.n {
			best = c
		}
	}
	if best.n == 0 {
		return 0
	}
	return uint32(best.r/best.n)<<16 | uint32(best.g/best.n)<<8 | uint32(best.b/best.n)
}
