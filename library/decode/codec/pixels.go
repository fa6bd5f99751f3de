package codec

import (
	"image"

	"descry/library/decode/heif"
)

// shrink takes the part crop of a picture and shrinks it by the largest whole number that
// leaves its short side no shorter than minSide (0: full size): each pixel is the mean of a
// square of them, those at the right and lower edge of what is left. The result is not
// premultiplied.
func shrink(d decoded, crop image.Rectangle, minSide int) *image.NRGBA {
	w, h := crop.Dx(), crop.Dy()
	k := 1
	if minSide > 0 {
		k = max(min(w, h)/minSide, 1)
	}
	dst := image.NewNRGBA(image.Rect(0, 0, (w+k-1)/k, (h+k-1)/k))
	for y := range dst.Rect.Dy() {
		to := dst.Pix[y*dst.Stride : (y+1)*dst.Stride]
		first := crop.Min.Y + y*k
		rows := min(k, crop.Max.Y-first)
		if k == 1 {
			from := d.pix[first*d.stride+4*crop.Min.X:]
			copy(to, from[:4*w])
			if d.premultiplied {
				divideByAlpha(to)
			}
			continue
		}
		meanOfSquares(to, d, crop, first, rows, k)
	}
	return dst
}

// meanOfSquares makes one row of a picture shrunk by k from up to k rows, the first of them
// given. Transparent pixels count by their alpha, so that colours that nobody sees do not
// show.
func meanOfSquares(to []byte, d decoded, crop image.Rectangle, first, rows, k int) {
	for x := 0; 4*x < len(to); x++ {
		left := crop.Min.X + x*k
		columns := min(k, crop.Max.X-left)
		var r, g, b, a, n uint32 // of up to 32767² pixels: k² · 255 fits for k < 4096
		opaque := true
		for y := range rows {
			row := d.pix[(first+y)*d.stride+4*left:]
			row = row[:4*columns]
			for i := 0; i+3 < len(row); i += 4 {
				r += uint32(row[i])
				g += uint32(row[i+1])
				b += uint32(row[i+2])
				a += uint32(row[i+3])
				opaque = opaque && row[i+3] == 255
			}
			n += uint32(columns)
		}
		p := to[4*x : 4*x+4]
		if opaque {
			p[0], p[1], p[2], p[3] = byte((r+n/2)/n), byte((g+n/2)/n), byte((b+n/2)/n), 255
			continue
		}
		weighted(p, d, left, first, columns, rows)
	}
}

// weighted makes one pixel of a square of them that is not opaque.
func weighted(p []byte, d decoded, left, first, columns, rows int) {
	var sum [3]uint64
	var a uint64
	for y := range rows {
		row := d.pix[(first+y)*d.stride+4*left:]
		row = row[:4*columns]
		for i := 0; i+3 < len(row); i += 4 {
			weight := uint64(row[i+3])
			a += weight
			if d.premultiplied {
				weight = 255
			}
			for c := range sum {
				sum[c] += weight * uint64(row[i+c])
			}
		}
	}
	p[3] = byte((a + uint64(rows*columns)/2) / uint64(rows*columns))
	for c := range sum {
		p[c] = 0
		if a > 0 {
			p[c] = byte(min((sum[c]+a/2)/a, 255))
		}
	}
}

// divideByAlpha undoes the multiplication of colours by alpha.
func divideByAlpha(row []byte) {
	for i := 0; i+3 < len(row); i += 4 {
		a := uint32(row[i+3])
		if a == 0 || a == 255 {
			continue
		}
		for c := range 3 {
			row[i+c] = byte(min((uint32(row[i+c])*255+a/2)/a, 255))
		}
	}
}

// turn turns a picture by quarters against the clock and then mirrors it.
func turn(src *image.NRGBA, quarters int, mirror heif.Mirror) *image.NRGBA {
	if quarters == 0 && mirror == heif.NoMirror {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if quarters%2 == 1 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewNRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			// Where the pixel was before mirroring, and then before turning.
			tx, ty := x, y
			switch mirror {
			case heif.Horizontal:
				tx = size.Dx() - 1 - x
			case heif.Vertical:
				ty = size.Dy() - 1 - y
			}
			sx, sy := tx, ty
			switch quarters {
			case 1:
				sx, sy = w-1-ty, tx
			case 2:
				sx, sy = w-1-tx, h-1-ty
			case 3:
				sx, sy = ty, h-1-tx
			}
			copy(dst.Pix[4*(y*size.Dx()+x):][:4], src.Pix[sy*src.Stride+4*sx:])
		}
	}
	return dst
}
