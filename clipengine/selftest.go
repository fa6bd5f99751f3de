package clipengine

import (
	"context"
	"fmt"
	"image"
	"math"
)

// selfTexts are phrases that any text tower must tell apart.
var selfTexts = []string{"a photo of a dog", "a city at night"}

// SelfTest runs both towers on a few made pictures and phrases, and says in one sentence
// what is wrong with the model or the provider: vectors that are not finite, not of length
// 1, the same for different pictures, or different for the same one. It takes about as
// long as encoding eight pictures.
func (e *Engine) SelfTest(ctx context.Context) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("the model %s on %s fails its self-test: %w", e.Model(), e.Provider(), fmt.Errorf(format, args...))
	}
	var seen [][]float32
	var names []string
	try := func(name string, encode func() ([]float32, error)) error {
		first, err := encode()
		if err != nil {
			return fail("%w", err)
		}
		if l := math.Sqrt(dot(first, first)); math.Abs(l-1) > 1e-4 {
			return fail("the vector of %s has length %.4f", name, l)
		}
		again, err := encode()
		if err != nil {
			return fail("%w", err)
		}
		if c := dot(first, again); c < 1-1e-4 {
			return fail("%s has another vector the second time (cosine %.4f)", name, c)
		}
		seen, names = append(seen, first), append(names, name)
		return nil
	}
	distinct := func(from int) error {
		for i := from; i < len(seen); i++ {
			for j := from; j < i; j++ {
				if c := dot(seen[i], seen[j]); c > 1-1e-5 {
					return fail("%s and %s have the same vector", names[j], names[i])
				}
			}
		}
		return nil
	}
	for _, p := range selfPictures {
		img := p.draw(2 * e.InputSize())
		if err := try("the picture "+p.name, func() ([]float32, error) { return e.EncodeImage(ctx, img) }); err != nil {
			return err
		}
	}
	if err := distinct(0); err != nil {
		return err
	}
	pictures := len(seen)
	for _, s := range selfTexts {
		if err := try(fmt.Sprintf("the text %q", s), func() ([]float32, error) { return e.EncodeText(ctx, s) }); err != nil {
			return err
		}
	}
	if len(seen[0]) != len(seen[pictures]) {
		return fail("vectors of pictures have %d numbers, those of texts %d", len(seen[0]), len(seen[pictures]))
	}
	return distinct(pictures)
}

// selfPicture is a picture that is computed, so that it is the same everywhere.
type selfPicture struct {
	name string
	// at gives red, green and blue at a place, of which both coordinates run from 0 to 255.
	at func(x, y int) [3]int
}

var selfPictures = []selfPicture{
	{"meadow under the sky", func(_, y int) [3]int {
		if y < 120 {
			return [3]int{120, 170, 230}
		}
		return [3]int{70, 140, 50}
	}},
	{"disc", func(x, y int) [3]int {
		if (x-128)*(x-128)+(y-128)*(y-128) < 80*80 {
			return [3]int{240, 200, 30}
		}
		return [3]int{30, 90, 200}
	}},
	{"chessboard", func(x, y int) [3]int {
		v := 255 * ((x/32 + y/32) % 2)
		return [3]int{v, v, v}
	}},
	{"texture", func(x, y int) [3]int { return [3]int{(x*7 + y*3) % 256, x * y % 256, (x*5 + y*11) % 256} }},
}

// draw returns the picture as a square with sides of size pixels.
func (p selfPicture) draw(size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := p.at(x*256/size, y*256/size)
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(c[0]), byte(c[1]), byte(c[2]), 255
		}
	}
	return img
}

func dot(a, b []float32) float64 {
	var sum float64
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}
