// Package chart draws how several models compare: as a picture, and as lines of text. What a
// series is is told by shape and name, never by colour alone.
package chart

import (
	"fmt"
	"image"
	"strings"
	"unicode/utf8"
)

// Value is a share with the interval it most likely lies in, all from 0 to 1.
type Value struct{ Share, Low, High float64 }

// Series is what is compared with others: one model.
type Series struct {
	Name   string
	Values []Value   // one for each measure of the chart; fewer: it has none of the rest
	Bars   []float64 // one for each scale of the chart
}

// Scale is something that is compared by length: "photos per second".
type Scale struct {
	Name   string
	Format string // of one number, as fmt takes it: "%.0f"
}

// Chart compares series by measures, which are shares, and by scales.
type Chart struct {
	Title    string
	Subtitle string
	Measures []string
	Scales   []Scale
	Series   []Series
	Note     string // below it all
}

// Layout of the picture, in pixels.
const (
	wide       = 1400
	margin     = 48
	names      = 340 // column of the names
	numbers    = 220 // what is left of an axis for the number behind its end
	lineHeight = 38
	gap        = 14 // between groups
	heading    = 44
	axisHeight = 34
)

// Draw draws the chart: for each measure a group with one line for each series, a shape at its
// share, a bar for the interval and the number; then the scales in the same way, as lengths.
// It is 1,400 pixels wide and as high as it has to be.
func (c Chart) Draw() (*image.RGBA, error) {
	probe, err := newCanvas(1, 1)
	if err != nil {
		return nil, err
	}
	subtitle := probe.wrap(small, c.Subtitle, wide-2*margin)
	note := probe.wrap(small, c.Note, wide-2*margin)
	groups := len(c.Measures) + len(c.Scales)
	high := 2*margin + 52 + 28*len(subtitle) + groups*(heading+gap+lineHeight*len(c.Series)) + 28*len(note)
	if len(c.Measures) > 0 {
		high += axisHeight
	}
	v, err := newCanvas(wide, high)
	if err != nil {
		return nil, err
	}
	y := margin + 22
	v.text(bold, margin, y, ink, v.fit(bold, c.Title, wide-2*margin))
	for _, l := range subtitle {
		y += 28
		v.text(small, margin, y, faint, l)
	}
	y += 30
	top := y
	for m, name := range c.Measures {
		y += heading
		v.text(plain, margin, y-12, ink, name)
		for s, row := range c.Series {
			v.row(s, row.Name, y)
			if m < len(row.Values) {
				v.value(s, row.Values[m], y)
			} else {
				v.text(small, axis(0), y+25, faint, "not measured")
			}
			y += lineHeight
		}
		y += gap
	}
	if len(c.Measures) > 0 {
		v.ticks(top+heading, y-gap)
		y += axisHeight
	}
	for k, scale := range c.Scales {
		y += heading
		v.text(plain, margin, y-12, ink, scale.Name)
		var most float64
		for _, row := range c.Series {
			most = max(most, at(row.Bars, k))
		}
		for s, row := range c.Series {
			v.row(s, row.Name, y)
			if b := at(row.Bars, k); b > 0 {
				end := axis(b / most)
				v.rect(axis(0), y+9, max(end, axis(0)+2), y+lineHeight-9, colourOf(s))
				v.text(small, end+14, y+25, ink, fmt.Sprintf(scale.Format, b))
			} else {
				v.text(small, axis(0), y+25, faint, "not measured")
			}
			y += lineHeight
		}
		y += gap
	}
	for _, l := range note {
		v.text(small, margin, y+20, faint, l)
		y += 28
	}
	return v.img, nil
}

func at(list []float64, i int) float64 {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// axis is where a share lies on the axis of the chart.
func axis(share float64) int {
	const left, right = margin + names, wide - margin - numbers
	return left + int(share*float64(right-left)+0.5)
}

// row writes shape and name of a series at the beginning of its line.
func (v *canvas) row(s int, name string, y int) {
	v.mark(s, margin+14, y+lineHeight/2)
	v.text(small, margin+36, y+25, ink, v.fit(small, name, names-52))
}

// value draws a share with its interval.
func (v *canvas) value(s int, of Value, y int) {
	middle := y + lineHeight/2
	v.rect(axis(0), middle, axis(1), middle+1, line)
	x0, x1 := axis(of.Low), axis(of.High)
	col := colourOf(s)
	v.rect(x0, middle-1, x1, middle+2, col)
	v.rect(x0-1, middle-6, x0+1, middle+7, col)
	v.rect(x1-1, middle-6, x1+1, middle+7, col)
	v.mark(s, axis(of.Share), middle)
	v.text(small, axis(1)+26, y+25, ink, fmt.Sprintf("%.1f %%", 100*of.Share))
	v.text(small, axis(1)+116, y+25, faint, fmt.Sprintf("%.0f–%.0f", 100*of.Low, 100*of.High))
}

// ticks draws the axis of shares below the groups, with lines up through them.
func (v *canvas) ticks(from, to int) {
	for t := 0; t <= 100; t += 20 {
		x := axis(float64(t) / 100)
		for y := from; y < to; y++ {
			// Only where nothing was drawn.
			if v.img.RGBAAt(x, y) == paper {
				v.img.SetRGBA(x, y, line)
			}
		}
		label := fmt.Sprintf("%d %%", t)
		v.text(small, x-v.width(small, label)/2, to+26, faint, label)
	}
}

// textBar is the number of characters of a full bar.
const textBar = 30

// Text writes the chart as lines of text: for each measure and scale a bar for each series.
func (c Chart) Text() []string {
	long := 0
	for _, s := range c.Series {
		long = max(long, utf8.RuneCountInString(s.Name))
	}
	name := func(s Series) string { return s.Name + strings.Repeat(" ", long-utf8.RuneCountInString(s.Name)) }
	var out []string
	for m, measure := range c.Measures {
		out = append(out, measure)
		for _, s := range c.Series {
			if m >= len(s.Values) {
				out = append(out, "  "+name(s)+"  not measured")
				continue
			}
			v := s.Values[m]
			out = append(out, fmt.Sprintf("  %s  %s %5.1f %%  (%.1f to %.1f)", name(s), bar(v.Share), 100*v.Share, 100*v.Low, 100*v.High))
		}
	}
	for k, scale := range c.Scales {
		out = append(out, scale.Name)
		var most float64
		for _, s := range c.Series {
			most = max(most, at(s.Bars, k))
		}
		for _, s := range c.Series {
			if b := at(s.Bars, k); b > 0 {
				out = append(out, fmt.Sprintf("  %s  %s "+scale.Format, name(s), bar(b/most), b))
			} else {
				out = append(out, "  "+name(s)+"  not measured")
			}
		}
	}
	return out
}

func bar(share float64) string {
	eighths := int(share*textBar*8 + 0.5)
	full := strings.Repeat("█", eighths/8)
	if eighths%8 > 0 {
		full += string([]rune(" ▏▎▍▌▋▊▉")[eighths%8])
	}
	return full + strings.Repeat(" ", textBar-utf8.RuneCountInString(full))
}
