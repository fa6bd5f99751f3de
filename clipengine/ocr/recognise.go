package ocr

import (
	"image"
	"math"
	"strings"

	"descry/internal/resample"
)

// What the recognition model takes: lines of this height, and no narrower than this, both in
// pixels. It gives one column for each eight pixels.
const (
	lineHeight = 48
	leastWidth = 320
	// mostWidth bounds what one run takes; a longer line is squeezed.
	mostWidth = 50 * lineHeight
	// tall is the height over width from which on a line is taken to run upwards.
	tall = 1.5
)

// cut takes what is in a box out of a picture; nil where nothing is left of it.
func cut(img *image.RGBA, b Box) *image.RGBA {
	fw, fh := b.Size()
	w, h := int(fw), int(fh)
	if w < 1 || h < 1 {
		return nil
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		left := b[0].plus(b[3].minus(b[0]).times(float64(y) / fh))
		right := b[1].plus(b[2].minus(b[1]).times(float64(y) / fh))
		step := right.minus(left).times(1 / fw)
		row := out.Pix[y*out.Stride:]
		for x := range w {
			sample(row[4*x:4*x+4], img, left.plus(step.times(float64(x))))
		}
	}
	return out
}

// sample sets a pixel to the colour at a place between four pixels of img, whose border goes
// on beyond it.
func sample(dst []byte, img *image.RGBA, p Point) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	x, y := math.Floor(p.X), math.Floor(p.Y)
	fx, fy := p.X-x, p.Y-y
	at := func(dx, dy int) []byte {
		px := min(max(int(x)+dx, 0), w-1)
		py := min(max(int(y)+dy, 0), h-1)
		return img.Pix[py*img.Stride+4*px:]
	}
	a, b, c, d := at(0, 0), at(1, 0), at(0, 1), at(1, 1)
	for i := range 3 {
		top := float64(a[i])*(1-fx) + float64(b[i])*fx
		low := float64(c[i])*(1-fx) + float64(d[i])*fx
		dst[i] = byte(top*(1-fy) + low*fy + 0.5)
	}
	dst[3] = 255
}

// quarter turns a picture by 90 degrees against the clock.
func quarter(img *image.RGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, h, w))
	for y := range w {
		for x := range h {
			copy(out.Pix[y*out.Stride+4*x:][:4], img.Pix[x*img.Stride+4*(w-1-y):][:4])
		}
	}
	return out
}

// line makes of a flat line the input of the model and its width in pixels.
func line(img *image.RGBA) ([]float32, int) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	width := min(int(math.Ceil(lineHeight*float64(w)/float64(h))), mostWidth)
	if w != width || h != lineHeight {
		img = resample.RGBA(img, resample.Whole(w, width), resample.Whole(h, lineHeight), resample.Bilinear)
	}
	full := max(width, leastWidth)
	return planes(img, full), full
}

// gap is the probability of a space between two characters from which on one is read there.
// The model was trained on more Chinese than English and finds "nothing" likelier in narrow gaps;
// but where words do not end, it hardly thinks of a space at all: below 0.02 on the pages of
// testdata, against 0.28 and more between words.
const gap = 0.2

// spell reads what the model gave: steps columns of probabilities, one for each character,
// behind one for "nothing" and before one for the space (connectionist temporal
// classification, Graves et al. 2006, by the best path but for spaces). The confidence is the
// mean of those of the characters, 0 where there are none.
func spell(p []float32, steps int, characters []string) (text string, confidence float64) {
	if steps == 0 {
		return "", 0
	}
	classes := len(p) / steps
	space := classes - 1
	var b strings.Builder
	var sum float64
	n, last := 0, 0
	none := 1.0 // probability that there is no space since the last character
	for s := range steps {
		col := p[s*classes : (s+1)*classes]
		best := 0
		for i, v := range col {
			if v > col[best] {
				best = i
			}
		}
		switch {
		case best == 0 || best == space:
			none *= 1 - float64(col[space])
		case best != last:
			if 1-none >= gap && n > 0 {
				b.WriteByte(' ')
			}
			none = 1
			b.WriteString(characters[best-1])
			sum += float64(col[best])
			n++
		}
		last = best
	}
	if n == 0 {
		return "", 0
	}
	return b.String(), sum / float64(n)
}
