package heatmap

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

// The overlay has one hue, the vermillion of the palette of Okabe and Ito (Color Universal
// Design, 2008), which people with any colour vision tell from most of what photos show, and
// a line in black and white around what has at least half of the most heat, so that the hue
// is not the only sign.
var (
	overlayHue = color.NRGBA{213, 94, 0, 255}
	innerLine  = color.NRGBA{255, 255, 255, 255}
	outerLine  = color.NRGBA{0, 0, 0, 200}
)

// overlayMost is how opaque the hottest spot is, of 255.
const overlayMost = 150

// Overlay is the map as a translucent picture of w × h pixels, to be laid over the part of the
// picture that it is about. line is how thick each of the two lines is, in pixels.
func (m Map) Overlay(w, h, line int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	s := m.Scaled()
	if w < 1 || h < 1 || s.most() == 0 {
		return out
	}
	hot := make([]float32, w*h)
	for y := range h {
		for x := range w {
			v := s.At((float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h))
			hot[y*w+x] = v
			c := overlayHue
			// What is little is left away, so that the picture stays to be seen.
			c.A = uint8(overlayMost * min(max((v-0.2)/0.8, 0), 1))
			out.SetNRGBA(x, y, c)
		}
	}
	// The line lies on the inner side of the border, at the edge of the picture too.
	inside := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && hot[y*w+x] >= 0.5 }
	for y := range h {
		for x := range w {
			if !inside(x, y) {
				continue
			}
			for d := 1; d <= 2*line; d++ {
				if inside(x-d, y) && inside(x+d, y) && inside(x, y-d) && inside(x, y+d) {
					continue
				}
				c := outerLine
				if d > line {
					c = innerLine
				}
				out.SetNRGBA(x, y, c)
				break
			}
		}
	}
	return out
}

// Over is a picture with a map over an area of it, scaled down until its long side is at most
// so many pixels.
func Over(img *image.RGBA, m Map, a Area, most int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if long := max(w, h, 1); long > most {
		w, h = max(w*most/long, 1), max(h*most/long, 1)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	r := a.In(w, h)
	draw.Draw(out, r, m.Overlay(r.Dx(), r.Dy(), max(1, min(w, h)/300)), image.Point{}, draw.Over)
	return out
}

// In is the area in a picture of w × h pixels.
func (a Area) In(w, h int) image.Rectangle {
	at := func(share float64, side int) int { return int(math.Round(share * float64(side))) }
	return image.Rect(at(a.X0, w), at(a.Y0, h), at(a.X1, w), at(a.Y1, h))
}
