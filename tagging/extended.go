package tagging

import (
	"fmt"
	"math"
	"strings"

	"descry/library"
)

// extended writes the longer description: the sentence, what else is seen, what the
// person tagged, colours, time and place. It gives no coordinates: a description is made
// to be published.
func (in AltInput) extended(alt library.AltText, parts []part, s draft) string {
	out := []string{alt.Text}
	if s.text != "" && s.text != alt.Text {
		out = append(out, s.text)
	}
	var seen, perhaps, words []string
	for _, p := range parts {
		switch {
		case s.says(p):
		case p.phrase == "" || p.role == "" || p.role == RoleKind && !p.confirmed:
			if p.confirmed {
				words = append(words, p.name)
			}
		case p.sure():
			seen = append(seen, p.phrase)
		default:
			perhaps = append(perhaps, p.phrase)
		}
	}
	add := func(lead string, list []string) {
		if len(list) > 0 {
			out = append(out, lead+join(list)+".")
		}
	}
	add("Also: ", seen)
	add("Perhaps also: ", perhaps)
	add("Tagged: ", words)
	if title := ownWords(in.Metadata.Title); title != "" && !strings.Contains(alt.Text, title) {
		out = append(out, "Title: "+sentence(title))
	}
	if m := in.Measures; m != nil && m.Width > 0 {
		out = append(out, look(*m))
	}
	if t := in.Metadata.Taken; !t.IsZero() && !strings.Contains(alt.Text, ", taken ") {
		out = append(out, fmt.Sprintf("Taken on %s at %s.", date(t), t.Format("15:04")))
	}
	return strings.Join(out, " ")
}

func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// look says shape, main colour and brightness of a picture.
func look(m library.Measures) string {
	shape := "square"
	switch ratio := float64(m.Width) / float64(max(m.Height, 1)); {
	case ratio > 2:
		shape = "very wide"
	case ratio > 1.05:
		shape = "wide"
	case ratio < 0.5:
		shape = "very tall"
	case ratio < 0.95:
		shape = "tall"
	}
	light := ""
	switch {
	case m.Exposure < 0.2:
		light = ", dark"
	case m.Exposure > 0.8:
		light = ", bright"
	}
	return fmt.Sprintf("A %s%s picture; its main colour is %s.", shape, light, colourName(m.Colour))
}

// colourName names a colour 0xRRGGBB in plain English.
func colourName(rgb uint32) string {
	r, g, b := float64(rgb>>16&255)/255, float64(rgb>>8&255)/255, float64(rgb&255)/255
	hi, lo := max(r, g, b), min(r, g, b)
	light, chroma := (hi+lo)/2, hi-lo
	if chroma < 0.12 {
		switch {
		case light < 0.12:
			return "black"
		case light < 0.35:
			return "dark grey"
		case light < 0.65:
			return "grey"
		case light < 0.88:
			return "light grey"
		}
		return "white"
	}
	var hue float64
	switch hi {
	case r:
		hue = math.Mod((g-b)/chroma+6, 6)
	case g:
		hue = (b-r)/chroma + 2
	default:
		hue = (r-g)/chroma + 4
	}
	hue *= 60
	name := "red"
	for _, h := range []struct {
		to   float64
		name string
	}{{15, "red"}, {42, "orange"}, {68, "yellow"}, {165, "green"}, {195, "turquoise"}, {255, "blue"}, {310, "purple"}, {340, "pink"}, {361, "red"}} {
		if hue < h.to {
			name = h.name
			break
		}
	}
	if name == "orange" && (light < 0.45 || chroma < 0.4) {
		if light > 0.65 {
			return "beige"
		}
		name = "brown"
	}
	switch {
	case light < 0.3:
		return "dark " + name
	case light > 0.72:
		return "light " + name
	}
	return name
}
