package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Colours. Those of the series are told apart by people who see colours differently, too
// (Okabe and Ito 2008); each series has a shape of its own besides.
var (
	paper  = color.RGBA{255, 255, 255, 255}
	ink    = color.RGBA{28, 35, 43, 255}
	faint  = color.RGBA{92, 103, 115, 255}
	line   = color.RGBA{222, 227, 232, 255}
	series = [...]color.RGBA{
		{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 138, 100, 255}, {170, 68, 130, 255}, {120, 94, 20, 255}, {64, 64, 64, 255},
	}
)

// colourOf is the colour of a series.
func colourOf(i int) color.RGBA { return series[i%len(series)] }

// canvas is a picture that is drawn on. Lengths are in pixels.
type canvas struct {
	img   *image.RGBA
	faces [3]font.Face
}

// The faces of a canvas.
const (
	small = iota
	plain
	bold
)

// faces opens the fonts; the caller closes them.
func faces() (out [3]font.Face, err error) {
	for i, f := range []struct {
		data []byte
		size float64
	}{{goregular.TTF, 19}, {goregular.TTF, 22}, {gobold.TTF, 24}} {
		parsed, err := opentype.Parse(f.data)
		if err != nil {
			return out, fmt.Errorf("reading a font: %w", err)
		}
		if out[i], err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: f.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return out, fmt.Errorf("opening a font: %w", err)
		}
	}
	return out, nil
}

// newCanvas makes a white picture.
func newCanvas(w, h int) (*canvas, error) {
	f, err := faces()
	if err != nil {
		return nil, err
	}
	c := &canvas{image.NewRGBA(image.Rect(0, 0, w, h)), f}
	draw.Draw(c.img, c.img.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	return c, nil
}

// width is how wide a text is.
func (c *canvas) width(face int, text string) int {
	return font.MeasureString(c.faces[face], text).Ceil()
}

// text writes a text whose baseline begins at x, y.
func (c *canvas) text(face, x, y int, col color.Color, text string) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: c.faces[face], Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// fit shortens a text until it is at most so wide.
func (c *canvas) fit(face int, text string, wide int) string {
	if c.width(face, text) <= wide {
		return text
	}
	runes := []rune(text)
	for len(runes) > 1 && c.width(face, string(runes)+"…") > wide {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// wrap breaks a text into lines of at most so wide, between words where it can.
func (c *canvas) wrap(face int, text string, wide int) []string {
	var lines []string
	var now string
	for _, word := range strings.Fields(text) {
		longer := word
		if now != "" {
			longer = now + " " + word
		}
		if now != "" && c.width(face, longer) > wide {
			lines = append(lines, now)
			longer = word
		}
		now = c.fit(face, longer, wide)
	}
	if now != "" {
		lines = append(lines, now)
	}
	return lines
}

// rect fills a rectangle.
func (c *canvas) rect(x0, y0, x1, y1 int, col color.Color) {
	draw.Draw(c.img, image.Rect(x0, y0, x1, y1), image.NewUniform(col), image.Point{}, draw.Over)
}

// mark draws the shape of a series around x, y.
func (c *canvas) mark(i, x, y int) {
	const r = 9.0
	var points [][2]float64
	turn := func(n int, from float64) {
		for k := range n {
			a := from + 2*math.Pi*float64(k)/float64(n)
			points = append(points, [2]float64{r * math.Cos(a), r * math.Sin(a)})
		}
	}
	switch i % len(series) {
	case 0: // circle
		turn(40, 0)
	case 1: // square
		points = [][2]float64{{-8, -8}, {8, -8}, {8, 8}, {-8, 8}}
	case 2: // triangle
		points = [][2]float64{{0, -10}, {10, 8}, {-10, 8}}
	case 3: // diamond
		points = [][2]float64{{0, -11}, {11, 0}, {0, 11}, {-11, 0}}
	case 4: // triangle on its head
		points = [][2]float64{{0, 10}, {10, -8}, {-10, -8}}
	case 5: // cross
		points = [][2]float64{{-3, -10}, {3, -10}, {3, -3}, {10, -3}, {10, 3}, {3, 3}, {3, 10}, {-3, 10}, {-3, 3}, {-10, 3}, {-10, -3}, {-3, -3}}
	}
	z := vector.NewRasterizer(32, 32)
	for k, p := range points {
		px, py := float32(16+p[0]), float32(16+p[1])
		if k == 0 {
			z.MoveTo(px, py)
		} else {
			z.LineTo(px, py)
		}
	}
	z.ClosePath()
	z.Draw(c.img, image.Rect(x-16, y-16, x+16, y+16), image.NewUniform(colourOf(i)), image.Point{})
}
