package measure

import (
	"cmp"
	"image"
	"slices"

	"descry/library"
)

const (
	maxSwatches = 5
	minShare    = 50 // a colour counts from a 50th of the picture on

	// alike is the distance in RGB below which two colours are shown as one.
	alike = 48

	// RGB space is cut into cellSide cells each way.
	cellSide = 8
)

// cell adds up pixels.
type cell struct{ n, r, g, b int }

func (c *cell) add(o cell) {
	c.n, c.r, c.g, c.b = c.n+o.n, c.r+o.r, c.g+o.g, c.b+o.b
}

// near reports whether the mean colours of two cells look alike.
func (c cell) near(o cell) bool {
	r, g, b := c.r/c.n-o.r/o.n, c.g/c.n-o.g/o.n, c.b/c.n-o.b/o.n
	return r*r+g*g+b*b < alike*alike
}

// palette finds the dominant colours of a thumbnail: again and again the fullest of the
// cells of RGB space is taken out together with its neighbours, and their mean is a
// swatch, or part of the one that looks alike. Every fourth pixel is looked at.
func palette(m *image.RGBA) []library.Swatch {
	var cells [cellSide * cellSide * cellSide]cell
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := 0; y < h; y += 2 {
		row := m.Pix[y*m.Stride:][:4*w]
		for i := 0; i+3 < len(row); i += 8 {
			p := row[i : i+3 : i+3]
			cells[int(p[0]>>5)*cellSide*cellSide+int(p[1]>>5)*cellSide+int(p[2]>>5)].add(cell{1, int(p[0]), int(p[1]), int(p[2])})
		}
	}
	total := ((w + 1) / 2) * ((h + 1) / 2)
	var found []cell
	for len(found) < maxSwatches {
		best, at := cell{}, 0
		for i := range cells {
			if cells[i].n == 0 {
				continue
			}
			if c := around(&cells, i); c.n > best.n {
				best, at = c, i
			}
		}
		if best.n*minShare < total || best.n == 0 {
			break
		}
		for _, i := range neighbours(at) {
			cells[i] = cell{}
		}
		if i := slices.IndexFunc(found, best.near); i >= 0 {
			found[i].add(best)
		} else {
			found = append(found, best)
		}
	}
	slices.SortStableFunc(found, func(a, b cell) int { return cmp.Compare(b.n, a.n) })
	out := make([]library.Swatch, len(found))
	for i, c := range found {
		out[i] = library.Swatch{
			Colour: uint32(c.r/c.n)<<16 | uint32(c.g/c.n)<<8 | uint32(c.b/c.n),
			Share:  uint8(c.n * 255 / total),
		}
	}
	return out
}

// around adds up a cell and its neighbours.
func around(cells *[cellSide * cellSide * cellSide]cell, i int) (sum cell) {
	for _, j := range neighbours(i) {
		sum.add(cells[j])
	}
	return sum
}

// neighbours lists a cell and the up to six that share a face with it.
func neighbours(i int) []int {
	list := append(make([]int, 0, 7), i)
	for step := 1; step < cellSide*cellSide*cellSide; step *= cellSide {
		if i/step%cellSide > 0 {
			list = append(list, i-step)
		}
		if i/step%cellSide < cellSide-1 {
			list = append(list, i+step)
		}
	}
	return list
}
