package heatmap

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// eye is an image tower that sees colours: its vector is the mean of red, green and blue above
// grey, and a constant, made to length 1. With parts it also has the vectors of those.
type eye struct {
	size, parts int
	encoded     atomic.Int64
	fail        error
}

func (e *eye) InputSize() int { return e.size }

func (e *eye) Tensor(img *image.RGBA) []float32 {
	t := make([]float32, 3*e.size*e.size)
	b := img.Rect
	for y := range e.size {
		for x := range e.size {
			i := img.PixOffset(b.Min.X+x*b.Dx()/e.size, b.Min.Y+y*b.Dy()/e.size)
			for plane := range 3 {
				t[(plane*e.size+y)*e.size+x] = float32(img.Pix[i+plane]) / 255
			}
		}
	}
	return t
}

func (e *eye) vector(t []float32, r image.Rectangle) []float32 {
	v := []float32{0, 0, 0, 0.2}
	for plane := range 3 {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				v[plane] += max(t[(plane*e.size+y)*e.size+x]-0.5, 0) / float32(r.Dx()*r.Dy())
			}
		}
	}
	length := float32(math.Sqrt(dot(v, v)))
	for i := range v {
		v[i] /= length
	}
	return v
}

func (e *eye) EncodeTensor(ctx context.Context, t []float32) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.encoded.Add(1)
	return e.vector(t, image.Rect(0, 0, e.size, e.size)), e.fail
}

func (e *eye) PatchSide() int { return e.parts }

func (e *eye) EncodePatches(_ context.Context, t []float32) (out [][]float32, err error) {
	for i := range e.parts * e.parts {
		step := e.size / e.parts
		at := image.Pt(i%e.parts, i/e.parts).Mul(step)
		out = append(out, e.vector(t, image.Rectangle{Min: at, Max: at.Add(image.Pt(step, step))}))
	}
	return out, nil
}

var (
	red   = []float32{1, 0, 0, 0}
	green = []float32{0, 1, 0, 0}
)

// spots is a grey picture with a red and a green square.
func spots(redAt, greenAt image.Point) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 200, 200))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{100}), image.Point{}, draw.Src)
	for _, s := range []struct {
		at image.Point
		c  color.RGBA
	}{{redAt, color.RGBA{255, 80, 80, 255}}, {greenAt, color.RGBA{80, 255, 80, 255}}} {
		draw.Draw(img, image.Rectangle{Min: s.at, Max: s.at.Add(image.Pt(40, 40))}, image.NewUniform(s.c), image.Point{}, draw.Src)
	}
	return img
}

// still is a clock by which nothing takes any time.
func still() time.Time { return time.Unix(0, 0) }

// slow is a clock by which everything takes long.
func slow() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time { now = now.Add(time.Hour); return now }
}

func TestMapsShowWhereItIs(t *testing.T) {
	full := Area{X1: 1, Y1: 1}
	for _, c := range []struct {
		name           string
		redAt, greenAt image.Point
		red, green     Place
	}{
		{"corners", image.Pt(10, 10), image.Pt(150, 150), UpperLeft, LowerRight},
		{"the other corners", image.Pt(150, 5), image.Pt(5, 150), UpperRight, LowerLeft},
		{"edges", image.Pt(80, 0), image.Pt(80, 160), Top, Bottom},
		{"middle and side", image.Pt(80, 80), image.Pt(0, 80), Middle, Left},
		{"right", image.Pt(160, 80), image.Pt(0, 160), Right, LowerLeft},
	} {
		for _, parts := range []int{0, 8} {
			e := &eye{size: 64, parts: parts}
			maps, err := Make(t.Context(), e, spots(c.redAt, c.greenAt), [][]float32{red, green}, Options{Now: still, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []struct {
				place Place
				at    image.Point
			}{{c.red, c.redAt}, {c.green, c.greenAt}} {
				x, y := maps[i].Peak()
				if 200*x < float64(want.at.X)-5 || 200*x > float64(want.at.X+45) || 200*y < float64(want.at.Y)-5 || 200*y > float64(want.at.Y+45) {
					t.Errorf("%s, %d parts: the hottest spot of %d is at %.2f, %.2f", c.name, parts, i, x, y)
				}
				if got := maps[i].PlaceIn(full); got != want.place {
					t.Errorf("%s, %d parts: %d is %q, want %q", c.name, parts, i, got, want.place)
				}
			}
			if parts > 0 && e.encoded.Load() != 0 {
				t.Errorf("%d pictures were encoded though there are parts", e.encoded.Load())
			}
		}
	}
}

// However long the model takes, the last maps are the same, and the first ones are there after
// as few pictures as can be where it is slow.
func TestMapsDoNotDependOnTime(t *testing.T) {
	img := spots(image.Pt(20, 110), image.Pt(120, 30))
	var last [][]Map
	for _, c := range []struct {
		now   func() time.Time
		first int // side of the first map
		by    int // pictures until then
	}{{still, coarse, 2 + 2*coarse*coarse}, {slow(), 2, 2 + 2*2*2}} {
		first, done := 0, 0
		maps, err := Make(t.Context(), &eye{size: 32}, img, [][]float32{red, green}, Options{Now: c.now, Show: func(s Step) {
			if s.Maps != nil && first == 0 {
				first = s.Maps[0].Side
				if s.Done > c.by {
					t.Errorf("the first map comes after %d pictures", s.Done)
				}
			}
			if s.Done < done || s.Done > s.Total {
				t.Errorf("%d of %d after %d", s.Done, s.Total, done)
			}
			done = s.Done
		}})
		if err != nil || first != c.first {
			t.Errorf("the first map has %d cells a side, want %d (%v)", first, c.first, err)
		}
		last = append(last, maps)
	}
	for i := range last[0] {
		if !slices.Equal(last[0][i].Heat, last[1][i].Heat) {
			t.Errorf("map %d depends on the time that it took", i)
		}
	}
}

func TestMakeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := &eye{size: 32}
	_, err := Make(ctx, e, spots(image.Pt(0, 0), image.Pt(100, 100)), [][]float32{red}, Options{Now: still, Workers: 3, Show: func(s Step) {
		if s.Done == 10 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || e.encoded.Load() > 20 {
		t.Errorf("after it was cancelled %d pictures were encoded, %v", e.encoded.Load(), err)
	}
	broken := errors.New("the model is broken")
	if _, err := Make(t.Context(), &eye{size: 32, fail: broken}, spots(image.Pt(0, 0), image.Pt(9, 9)), [][]float32{red}, Options{}); !errors.Is(err, broken) {
		t.Errorf("the model's error became %v", err)
	}
}

// A picture that is all alike has no place for anything.
func TestNothingToSee(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 50, 50))
	maps, err := Make(t.Context(), &eye{size: 32}, img, [][]float32{red}, Options{Now: still})
	if err != nil || maps[0].PlaceIn(Area{X1: 1, Y1: 1}) != Nowhere {
		t.Errorf("%v, %v", maps[0].PlaceIn(Area{X1: 1, Y1: 1}), err)
	}
	over := maps[0].Overlay(20, 20, 1)
	if slices.ContainsFunc(over.Pix, func(b uint8) bool { return b != 0 }) {
		t.Error("a map without heat is seen")
	}
}

func TestPlaces(t *testing.T) {
	hot := func(side int, cells ...int) Map {
		m := Map{Side: side, Heat: make([]float32, side*side)}
		for _, c := range cells {
			m.Heat[c] = 1
		}
		return m
	}
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		m    Map
		a    Area
		want Place
	}{
		{hot(3, 0), Area{0, 0, 1, 1}, UpperLeft},
		{hot(3, 0, 2), Area{0, 0, 1, 1}, Top},
		{hot(3, all...), Area{0, 0, 1, 1}, Everywhere},
		{hot(3, all...), Area{0.75, 0, 1, 1}, Right}, // all of the last part of a panorama
		{hot(3, 8), Area{0.25, 0, 0.75, 1}, LowerRight},
		{hot(3), Area{0, 0, 1, 1}, Nowhere},
		{Map{}, Area{0, 0, 1, 1}, Nowhere},
	} {
		if got := c.m.PlaceIn(c.a); got != c.want {
			t.Errorf("%v in %v is %q, want %q", c.m.Heat, c.a, got, c.want)
		}
	}
}

// The overlay is clear where nothing is, has its colour where something is, and a line of
// black and white between, so that it is seen without colours and on any photo.
func TestOverlay(t *testing.T) {
	m := Map{Side: 4, Heat: make([]float32, 16)}
	m.Heat[5] = 3
	img := m.Overlay(80, 80, 1)
	if c := img.NRGBAAt(30, 30); c.A < 100 || c.R != overlayHue.R {
		t.Errorf("the hottest spot is %v", c)
	}
	if c := img.NRGBAAt(70, 70); c.A != 0 {
		t.Errorf("where nothing is, it is %v", c)
	}
	var white, black int
	for y := range 80 {
		for x := range 80 {
			switch img.NRGBAAt(x, y) {
			case innerLine:
				white++
			case outerLine:
				black++
			}
		}
	}
	if white < 20 || black < 20 {
		t.Errorf("the line has %d white and %d black dots", white, black)
	}
	photo := image.NewRGBA(image.Rect(0, 0, 400, 200))
	over := Over(photo, m, Area{0.5, 0, 1, 1}, 100)
	if over.Rect != image.Rect(0, 0, 100, 50) {
		t.Fatalf("the picture is %v", over.Rect)
	}
	if left, right := over.RGBAAt(20, 18), over.RGBAAt(68, 18); left.R != 0 || right.R == 0 {
		t.Errorf("outside of its area it is %v, inside %v", left, right)
	}
}
