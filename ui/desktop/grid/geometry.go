// Package grid is the grid of thumbnails: a widget that draws only the cells in sight, so
// that a million photos cost as much as fifty. It knows nothing of files or models; what a
// cell shows comes from a Source.
package grid

import "math"

// Limits and measures of the grid, in the toolkit's units.
const (
	LeastCell = 96  // smallest side that a person may ask for
	MostCell  = 384 // largest
	gap       = 4   // between cells
	edge      = 12  // left and right of them, where the scroll bar lies
	topEdge   = 4   // above the first row
	bandSpace = 40  // height of the line "less likely"
)

// Geometry says where cells lie. Cells are square and fill the width. Positions down the
// list are float64: a million rows are further than float32 can tell pixels apart.
type Geometry struct {
	Width  float32 // of the widget
	Target float32 // side of a cell that the person asked for
	Count  int     // number of cells
	Likely int     // cells before the line "less likely"; negative: no line
}

// Columns returns the number of cells side by side, at least 1.
func (g Geometry) Columns() int {
	inner := g.Width - 2*edge
	return max(1, int(math.Round(float64((inner+gap)/(g.Target+gap)))))
}

// Cell returns the side of a cell.
func (g Geometry) Cell() float32 {
	n := float32(g.Columns())
	return max((g.Width-2*edge-(n-1)*gap)/n, 1)
}

func (g Geometry) pitch() float64 { return float64(g.Cell() + gap) }

// band says whether there is a line, and before which cell.
func (g Geometry) band() (at int, ok bool) {
	return g.Likely, g.Likely >= 0 && g.Likely < g.Count
}

func rows(count, columns int) int { return (count + columns - 1) / columns }

// Height returns the height of the whole list.
func (g Geometry) Height() float64 {
	cols := g.Columns()
	h := float64(2 * topEdge)
	if at, ok := g.band(); ok {
		return h + float64(rows(at, cols)+rows(g.Count-at, cols))*g.pitch() + bandSpace
	}
	return h + float64(rows(g.Count, cols))*g.pitch()
}

// BandTop returns where the line lies in the list.
func (g Geometry) BandTop() (y float64, ok bool) {
	at, ok := g.band()
	return topEdge + float64(rows(at, g.Columns()))*g.pitch(), ok
}

// place returns row and column of cell i; shift is what the line adds to its place.
func (g Geometry) place(i int) (row, column int, shift float64) {
	cols := g.Columns()
	if at, ok := g.band(); ok && i >= at {
		return rows(at, cols) + (i-at)/cols, (i - at) % cols, bandSpace
	}
	return i / cols, i % cols, 0
}

// At returns the left upper corner of cell i in the list.
func (g Geometry) At(i int) (x float32, y float64) {
	row, column, shift := g.place(i)
	return edge + float32(column)*(g.Cell()+gap), topEdge + float64(row)*g.pitch() + shift
}

// rowStart returns the first cell of a row and one past its last.
func (g Geometry) rowStart(row int) (from, to int) {
	cols := g.Columns()
	at, ok := g.band()
	if !ok {
		return row * cols, min((row+1)*cols, g.Count)
	}
	above := rows(at, cols)
	if row < above {
		return row * cols, min((row+1)*cols, at)
	}
	from = at + (row-above)*cols
	return from, min(from+cols, g.Count)
}

func (g Geometry) rowCount() int {
	cols := g.Columns()
	if at, ok := g.band(); ok {
		return rows(at, cols) + rows(g.Count-at, cols)
	}
	return rows(g.Count, cols)
}

// rowAt returns the row that lies at y of the list or is the next below it; it may be one
// past the last.
func (g Geometry) rowAt(y float64) int {
	y -= topEdge
	if at, ok := g.band(); ok {
		above := rows(at, g.Columns())
		if top := float64(above) * g.pitch(); y >= top {
			return above + int(max(y-top-bandSpace, 0)/g.pitch())
		}
	}
	return max(int(y/g.pitch()), 0)
}

// Range returns the cells that are to be seen, at least in part, from y0 to y1 of the list.
func (g Geometry) Range(y0, y1 float64) (from, to int) {
	if g.Count == 0 || y1 <= y0 {
		return 0, 0
	}
	last := g.rowCount() - 1
	a, b := min(g.rowAt(y0), last), min(g.rowAt(y1), last)
	from, _ = g.rowStart(a)
	_, to = g.rowStart(b)
	return from, to
}

// Hit returns the cell at a point of the list.
func (g Geometry) Hit(x float32, y float64) (i int, ok bool) {
	if g.Count == 0 {
		return 0, false
	}
	row := g.rowAt(y)
	if row >= g.rowCount() {
		return 0, false
	}
	from, to := g.rowStart(row)
	column := int((x - edge) / (g.Cell() + gap))
	if x < edge || column >= g.Columns() || from+column >= to {
		return 0, false
	}
	i = from + column
	cx, cy := g.At(i)
	inside := x < cx+g.Cell() && y >= cy && y < cy+float64(g.Cell())
	return i, inside
}

// Touching calls f with runs of cells [from, to) that a rectangle of the list touches.
func (g Geometry) Touching(x0 float32, y0 float64, x1 float32, y1 float64, f func(from, to int)) {
	if x1 < x0 {
		x0, x1 = x1, x0
	}
	if y1 < y0 {
		y0, y1 = y1, y0
	}
	if g.Count == 0 {
		return
	}
	cell := g.Cell()
	c0 := max(int(math.Floor(float64((x0-edge-cell)/(cell+gap))))+1, 0)
	c1 := min(int(math.Floor(float64((x1-edge)/(cell+gap)))), g.Columns()-1)
	for row := g.rowAt(y0); row < g.rowCount(); row++ {
		from, to := g.rowStart(row)
		_, top := g.At(from)
		if top > y1 {
			return
		}
		if top+float64(cell) < y0 {
			continue
		}
		if a, b := from+c0, min(from+c1+1, to); a < b {
			f(a, b)
		}
	}
}

// Step is a movement of the cursor.
type Step int

// The movements that keys ask for.
const (
	Left Step = iota
	RightStep
	Up
	Down
	Home
	End
	PageUp
	PageDown
)

// Move returns where the cursor comes to from cell i; page is the height of the view. Up
// and Down keep the column as far as the row is full.
func (g Geometry) Move(i int, s Step, page float32) int {
	if g.Count == 0 {
		return 0
	}
	row, column, _ := g.place(i)
	jump := 0
	switch s {
	case Left:
		return max(i-1, 0)
	case RightStep:
		return min(i+1, g.Count-1)
	case Home:
		return 0
	case End:
		return g.Count - 1
	case Up:
		jump = -1
	case Down:
		jump = 1
	case PageUp:
		jump = -max(int(float64(page)/g.pitch()), 1)
	case PageDown:
		jump = max(int(float64(page)/g.pitch()), 1)
	}
	target := row + jump
	if jump == -1 && target < 0 || jump == 1 && target >= g.rowCount() {
		return i
	}
	target = min(max(target, 0), g.rowCount()-1)
	from, to := g.rowStart(target)
	return min(from+column, to-1)
}
