package indexer

import (
	"image"
	"math"

	"github.com/disintegration/imaging"
)

const (
	// cropStep is how far one crop of an elongated picture lies from the next, as a share of
	// its side: neighbours overlap by a quarter at least, so that a thing which one of them
	// cuts is whole in the other.
	cropStep = 0.75
	// maxCrops bounds the work that one picture makes. A picture for which squares at that
	// step would be more (from 24:1 on) is covered by as many longer crops.
	maxCrops = 32
)

// crops are the squares that cover an elongated picture of w × h pixels along its long
// side, first to last, evenly spaced. They are two at least.
func crops(w, h int) []image.Rectangle {
	long, short := max(w, h), min(w, h)
	n := 1 + int(math.Ceil(float64(long-short)/(cropStep*float64(short))))
	side := short
	if n > maxCrops {
		n = maxCrops
		side = int(math.Ceil(float64(long) / (1 + cropStep*(maxCrops-1))))
	}
	n = max(n, 2)
	all := make([]image.Rectangle, n)
	for i := range all {
		from := ((long-side)*i + (n-1)/2) / (n - 1)
		if w >= h {
			all[i] = image.Rect(from, 0, from+side, h)
		} else {
			all[i] = image.Rect(0, from, w, from+side)
		}
	}
	return all
}

// ViewOf is the part of a picture that a further view of an elongated one looks at, views
// counted from 1, and the picture of it as it was encoded; false where there is no such view.
func ViewOf(img *image.RGBA, view int) (part image.Rectangle, shown *image.RGBA, ok bool) {
	all := crops(img.Rect.Dx(), img.Rect.Dy())
	if view < 1 || view > len(all) {
		return image.Rectangle{}, nil, false
	}
	return all[view-1], crop(img, all[view-1]), true
}

// crop is a part of a picture that starts at (0, 0). It shares the pixels; a part that is
// no square is squeezed into one, for a model looks at the middle of what it is given.
func crop(img *image.RGBA, r image.Rectangle) *image.RGBA {
	part := &image.RGBA{
		Pix: img.Pix[img.PixOffset(r.Min.X, r.Min.Y):], Stride: img.Stride, Rect: image.Rect(0, 0, r.Dx(), r.Dy()),
	}
	side := min(r.Dx(), r.Dy())
	if r.Dx() == r.Dy() {
		return part
	}
	flat := &image.NRGBA{Pix: part.Pix, Stride: part.Stride, Rect: part.Rect} // the same for opaque pixels
	small := imaging.Resize(flat, side, side, imaging.Box)
	return &image.RGBA{Pix: small.Pix, Stride: small.Stride, Rect: small.Rect}
}
