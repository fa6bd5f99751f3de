package search

import (
	"math"
	"strconv"

	"descry/library"
	"descry/library/query"
	"descry/library/store"
)

// leastShare is the part of a picture, of 255, that a colour takes at least to be one of its
// main colours.
const leastShare = 26

// colour is the condition of a main colour.
func (r *run) colour(value string) (store.Condition, error) {
	name, ok := query.ColourNamed(value)
	if !ok {
		return store.Condition{}, unknown("colour", value, query.ColourNames())
	}
	is := func(rgb uint32) bool { return colourName(rgb) == name }
	if name[0] == '#' {
		n, err := strconv.ParseUint(name[1:], 16, 32)
		if err != nil {
			return store.Condition{}, err
		}
		want := labOf(uint32(n))
		is = func(rgb uint32) bool { return want.far(labOf(rgb)) <= sameColour }
	}
	known := map[uint32]bool{} // pictures share few colours
	var ids []library.PhotoID
	err := r.p.Store.Palettes(r.ctx, func(id library.PhotoID, swatches []library.Swatch) {
		for _, s := range swatches {
			if s.Share < leastShare {
				continue
			}
			yes, ok := known[s.Colour]
			if !ok {
				yes = is(s.Colour)
				known[s.Colour] = yes
			}
			if yes {
				ids = append(ids, id)
				return
			}
		}
	})
	return store.OneOf(ids), err
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

// colourName names a colour as people call it.
func colourName(rgb uint32) string {
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
