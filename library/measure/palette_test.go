package measure_test

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/measure"
	"descry/library/thumbs"
)

// stripes paints columns, each as many pixels wide as its share says.
func stripes(shares []int, colours []color.RGBA) *image.RGBA {
	var w int
	for _, s := range shares {
		w += s
	}
	img := image.NewRGBA(image.Rect(0, 0, w, 60))
	x := 0
	for i, s := range shares {
		for range s {
			for y := range 60 {
				img.SetRGBA(x, y, colours[i])
			}
			x++
		}
	}
	return img
}

func TestPaletteOfStripes(t *testing.T) {
	red, green, blue := color.RGBA{220, 16, 16, 255}, color.RGBA{16, 200, 16, 255}, color.RGBA{16, 16, 190, 255}
	white, black, yellow := color.RGBA{250, 250, 250, 255}, color.RGBA{5, 5, 5, 255}, color.RGBA{240, 230, 20, 255}
	darker := color.RGBA{190, 16, 16, 255}
	for name, c := range map[string]struct {
		shares  []int
		colours []color.RGBA
		want    []library.Swatch
	}{
		"by share": {
			[]int{20, 100, 80},
			[]color.RGBA{red, green, blue},
			[]library.Swatch{{Colour: 0x10C810, Share: 127}, {Colour: 0x1010BE, Share: 102}, {Colour: 0xDC1010, Share: 25}},
		},
		"five at most": {
			[]int{70, 60, 50, 40, 30, 20},
			[]color.RGBA{white, black, red, green, blue, yellow},
			[]library.Swatch{{Colour: 0xFAFAFA, Share: 66}, {Colour: 0x050505, Share: 56}, {Colour: 0xDC1010, Share: 47}, {Colour: 0x10C810, Share: 37}, {Colour: 0x1010BE, Share: 28}},
		},
		"no trifle": {[]int{200, 2}, []color.RGBA{white, black}, []library.Swatch{{Colour: 0xFAFAFA, Share: 252}}},
		"what looks alike is one": {
			[]int{100, 100, 100},
			[]color.RGBA{red, darker, blue},
			[]library.Swatch{{Colour: 0xCD1010, Share: 170}, {Colour: 0x1010BE, Share: 85}},
		},
	} {
		m := measure.Measure(stripes(c.shares, c.colours))
		if !slices.Equal(m.Palette, c.want) {
			t.Errorf("%s: %x, want %x", name, m.Palette, c.want)
		}
		if m.Colour != c.want[0].Colour {
			t.Errorf("%s: the colour is %06x", name, m.Colour)
		}
	}
}

// Of any picture the swatches are few, sorted, unlike each other and no more than the
// whole; a copy gives the same.
func TestPaletteOfScenes(t *testing.T) {
	for seed := range uint64(40) {
		img := thumbs.Make(photomaker.Scene(300+int(seed), 200, seed))
		p := measure.Measure(img).Palette
		if !slices.Equal(p, measure.Measure(img).Palette) {
			t.Fatalf("scene %d gives another palette the second time", seed)
		}
		sum := 0
		for i, s := range p {
			sum += int(s.Share)
			if i > 0 && s.Share > p[i-1].Share {
				t.Errorf("scene %d: %x is not sorted", seed, p)
			}
		}
		if len(p) < 1 || len(p) > 5 || sum > 255 {
			t.Errorf("scene %d: %d swatches that make %d of 255", seed, len(p), sum)
		}
	}
}
