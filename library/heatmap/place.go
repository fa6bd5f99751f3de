package heatmap

// most is the heat of the hottest cell.
func (m Map) most() float64 {
	var most float32
	for _, h := range m.Heat {
		most = max(most, h)
	}
	return float64(most)
}

// At is the heat at a point, in shares of the side (0 to 1), between the middles of the cells
// around it in proportion.
func (m Map) At(x, y float64) float32 {
	if m.Side == 0 {
		return 0
	}
	split := func(v float64) (i, j int, f float32) {
		v = min(max(v*float64(m.Side)-0.5, 0), float64(m.Side-1))
		i = int(v)
		return i, min(i+1, m.Side-1), float32(v - float64(i))
	}
	i0, i1, fx := split(x)
	j0, j1, fy := split(y)
	row := func(j int) float32 { return m.Heat[j*m.Side+i0]*(1-fx) + m.Heat[j*m.Side+i1]*fx }
	return row(j0)*(1-fy) + row(j1)*fy
}

// middle is the middle of a cell of a grid, in shares of its side.
func middle(cell, grid int) (x, y float64) {
	return (float64(cell%grid) + 0.5) / float64(grid), (float64(cell/grid) + 0.5) / float64(grid)
}

// Scaled is the map with its hottest cell at 1. A map without heat stays as it is.
func (m Map) Scaled() Map {
	out := Map{Side: m.Side, Heat: make([]float32, len(m.Heat))}
	most := m.most()
	for i, h := range m.Heat {
		if most > 0 {
			out.Heat[i] = float32(float64(h) / most)
		}
	}
	return out
}

// Peak is the middle of the hottest cell, in shares of the side; the first of equals.
func (m Map) Peak() (x, y float64) {
	best := 0
	for i, h := range m.Heat {
		if h > m.Heat[best] {
			best = i
		}
	}
	return middle(best, max(m.Side, 1))
}

// Place names the part of a picture where most of a map's heat is.
type Place string

// The places.
const (
	Nowhere    Place = ""
	Everywhere Place = "all over"
	UpperLeft  Place = "upper left"
	Top        Place = "top"
	UpperRight Place = "upper right"
	Left       Place = "left"
	Middle     Place = "middle"
	Right      Place = "right"
	LowerLeft  Place = "lower left"
	Bottom     Place = "bottom"
	LowerRight Place = "lower right"
)

// Area is a part of a picture, in shares of its width and height.
type Area struct{ X0, Y0, X1, Y1 float64 }

// spread is the share of the cells with at least half of the most heat from which something
// is not in one place.
const spread = 0.5

// PlaceIn names where in a picture the heat is, when the map shows an area of it: by the
// middle of what has at least half of the most heat.
func (m Map) PlaceIn(a Area) Place {
	most := m.most()
	if most <= 0 {
		return Nowhere
	}
	var x, y, all float64
	n := 0
	for i, h := range m.Heat {
		if float64(h) < most/2 {
			continue
		}
		n++
		all += float64(h)
		cx, cy := middle(i, m.Side)
		x, y = x+float64(h)*cx, y+float64(h)*cy
	}
	if w := (a.X1 - a.X0) * (a.Y1 - a.Y0); float64(n)*w > spread*float64(len(m.Heat)) {
		return Everywhere
	}
	third := func(v, from, to float64) int { return min(int(3*(from+v/all*(to-from))), 2) }
	return [3][3]Place{{UpperLeft, Top, UpperRight}, {Left, Middle, Right}, {LowerLeft, Bottom, LowerRight}}[third(y, a.Y0, a.Y1)][third(x, a.X0, a.X1)]
}
