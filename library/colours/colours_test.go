package colours

import (
	"testing"

	"descry/library"
)

func TestMainColours(t *testing.T) {
	sea := []library.Swatch{{Colour: 0x2060c0, Share: 150}, {Colour: 0xf0e8d8, Share: 80}, {Colour: 0xe01010, Share: 25}}
	for _, c := range []struct {
		name    string
		first   uint32
		palette []library.Swatch
		sought  Sought
		want    bool
	}{
		{"by its name", 0, sea, Named("blue"), true},
		{"too small a part", 0, sea, Named("red"), false},
		{"without shares", 0x20c030, nil, Named("green"), true},
		{"no main colour", 0, []library.Swatch{{Colour: 0x20c030, Share: 20}}, Named("green"), false},
		{"the colour itself", 0, sea, Like(0x2060c0), true},
		{"nearly", 0, sea, Like(0x2868b8), true},
		{"another one", 0, sea, Like(0x20c030), false},
		{"not the one that is too small", 0, sea, Like(0xe01010), false},
		{"no such name", 0, sea, Named("mauve"), false},
	} {
		if got := c.sought.In(MainOf(c.first, c.palette)); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
	// Whatever a colour is called, it passes for itself.
	for rgb := uint32(0); rgb < 1<<24; rgb += 0x10305 {
		m := MainOf(rgb, nil)
		if !Like(rgb).In(m) || !Named(Name(rgb)).In(m) {
			t.Fatalf("#%06x does not pass for itself", rgb)
		}
	}
}
