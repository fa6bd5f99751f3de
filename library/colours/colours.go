// Package colours names colours as people call them, and packs the main colours of a picture
// so that many can be asked for one.
package colours

import (
	"math"

	"descry/library"
)

// leastShare is the part of a picture, of 255, that a colour takes at least to be one of its
// main colours.
const leastShare = 26

// names are those that Name gives, in the order of their bits in a Main.
var names = []string{"red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white"}

// Main are the main colours of a picture: a bit for each of their names, and above these up to
// four of them with 4 bits for each of red, green and blue, the largest share first. Where
// there are fewer the first one stands again. 0: not known.
type Main uint64

const (
	nameBits   = 12
	colourBits = 12
	kept       = 4 // colours
)

// MainOf packs the main colours of a picture; first is its dominant one where no shares are
// known.
func MainOf(first uint32, palette []library.Swatch) Main {
	if len(palette) == 0 {
		palette = []library.Swatch{{Colour: first, Share: 255}}
	}
	var m Main
	n := 0
	for _, s := range palette {
		if s.Share < leastShare {
			continue
		}
		m |= maskOf(Name(s.Colour))
		if n < kept {
			m |= Main(short(s.Colour)) << (nameBits + colourBits*n)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	for ; n < kept; n++ {
		m |= m >> nameBits & (1<<colourBits - 1) << (nameBits + colourBits*n)
	}
	return m
}

func maskOf(name string) Main {
	for i, n := range names {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// short is a colour in 4 bits for each part.
func short(rgb uint32) uint32 { return rgb>>20&15<<8 | rgb>>12&15<<4 | rgb>>4&15 }

// Sought is a colour that a picture may have.
type Sought struct {
	// Names are bits of which a Main that has the colour has one.
	Names Main
	// Table has a bit for each colour of 12 bits, the first one in the lowest bit of the first
	// byte: set where it passes for the one that is sought. Nil: the name says it all.
	Table []byte
}

// Named seeks what goes by a name.
func Named(name string) Sought { return Sought{Names: maskOf(name)} }

// Like seeks what passes for a colour, 0xRRGGBB: what lies within a distance of 20 in CIELAB.
func Like(rgb uint32) Sought {
	s := Sought{Table: make([]byte, 1<<colourBits/8)}
	want := labOf(rgb)
	for c := range uint32(1 << colourBits) {
		full := c>>8&15*0x110000 | c>>4&15*0x1100 | c&15*0x11
		if want.far(labOf(full)) <= sameColour || c == short(rgb) {
			s.Table[c/8] |= 1 << (c % 8)
			// The name is that of the colour before it was shortened.
			for _, d := range []uint32{0, 0x0f0f0f, 0x0f0000, 0x0f00, 0x0f, 0x0f0f00, 0x0f000f, 0x0f0f} {
				s.Names |= maskOf(Name(full&0xf0f0f0 | d))
			}
			s.Names |= maskOf(Name(full))
		}
	}
	return s
}

// lab is a colour in CIELAB (D65), in which distance is what eyes see of it.
type lab struct{ l, a, b float64 }

// sameColour is a distance in CIELAB within which two colours pass for one.
const sameColour = 20

func (c lab) far(d lab) float64 {
	return math.Sqrt((c.l-d.l)*(c.l-d.l) + (c.a-d.a)*(c.a-d.a) + (c.b-d.b)*(c.b-d.b))
}

// labOf converts sRGB, 0xRRGGBB (IEC 61966-2-1 and CIE 15).
func labOf(rgb uint32) lab {
	lin := func(v uint32) float64 {
		x := float64(v&0xff) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, b := lin(rgb>>16), lin(rgb>>8), lin(rgb)
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124*r + 0.3576*g + 0.1805*b) / 0.95047)
	y := f(0.2126*r + 0.7152*g + 0.0722*b)
	z := f((0.0193*r + 0.1192*g + 0.9505*b) / 1.08883)
	return lab{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// hues are where the names of colours begin on the circle of hues in CIELAB, in degrees.
// Brown is a dark orange or yellow, pink a light red or purple.
var hues = []struct {
	from float64
	name string
}{{15, "red"}, {48, "orange"}, {75, "yellow"}, {112, "green"}, {170, "turquoise"}, {225, "blue"}, {298, "purple"}, {335, "pink"}, {360, "red"}}

// Name names a colour as people call it.
func Name(rgb uint32) string {
	c := labOf(rgb)
	chroma := math.Hypot(c.a, c.b)
	switch {
	case c.l < 14 && chroma < 24:
		return "black"
	case chroma < 12 && c.l > 88:
		return "white"
	case chroma < 12:
		return "grey"
	}
	hue := math.Mod(math.Atan2(c.b, c.a)*180/math.Pi+360, 360)
	name := "pink"
	for _, h := range hues {
		if hue >= h.from {
			name = h.name
		}
	}
	if hue < hues[0].from {
		name = "pink"
	}
	switch {
	case (name == "orange" || name == "yellow") && c.l < 62 && chroma < 70, name == "red" && c.l < 45 && chroma < 38:
		return "brown"
	case name == "red" && c.l > 66, name == "purple" && c.l > 66 && hue > 315:
		return "pink"
	case name == "pink" && c.l < 40 && hue >= 335:
		return "purple"
	}
	return name
}

// In reports whether a picture with these main colours has the one that is sought.
func (s Sought) In(m Main) bool {
	if m&s.Names == 0 {
		return false
	}
	if s.Table == nil {
		return true
	}
	for n := range kept {
		c := m >> (nameBits + colourBits*n) & (1<<colourBits - 1)
		if s.Table[c/8]>>(c%8)&1 == 1 {
			return true
		}
	}
	return false
}
