package grid

import (
	"math"
	"testing"
)

func geometries() map[string]Geometry {
	return map[string]Geometry{
		"empty":             {Width: 800, Target: 160, Count: 0, Likely: -1},
		"one":               {Width: 800, Target: 160, Count: 1, Likely: -1},
		"full rows":         {Width: 800, Target: 160, Count: 40, Likely: -1},
		"ragged":            {Width: 811, Target: 133, Count: 41, Likely: -1},
		"likely first":      {Width: 800, Target: 160, Count: 41, Likely: 7},
		"nothing likely":    {Width: 800, Target: 160, Count: 41, Likely: 0},
		"all likely":        {Width: 800, Target: 160, Count: 41, Likely: 41},
		"narrow":            {Width: 90, Target: 384, Count: 9, Likely: 3},
		"a million":         {Width: 1873, Target: 96, Count: 1_000_000, Likely: -1},
		"a million, likely": {Width: 1873, Target: 96, Count: 1_000_000, Likely: 333},
	}
}

// TestCellsFillTheWidth checks that no strip is left at the right for any width and size.
func TestCellsFillTheWidth(t *testing.T) {
	for width := float32(120); width < 2600; width += 37 {
		for _, target := range []float32{LeastCell, 133, 168, 240, MostCell} {
			g := Geometry{Width: width, Target: target, Count: 1000, Likely: -1}
			n := g.Columns()
			x, _ := g.At(n - 1)
			if right := x + g.Cell(); math.Abs(float64(right-(width-edge))) > 0.5 {
				t.Fatalf("width %v, target %v: the last cell of a row ends at %v", width, target, right)
			}
			if n > 1 && (g.Cell() < target*0.6 || g.Cell() > target*1.55) {
				t.Errorf("width %v: cells of %v for a target of %v", width, g.Cell(), target)
			}
		}
	}
}

func TestHitFindsWhatAtPlaces(t *testing.T) {
	for name, g := range geometries() {
		step := max(g.Count/997, 1)
		for i := 0; i < g.Count; i += step {
			x, y := g.At(i)
			half := g.Cell() / 2
			got, ok := g.Hit(x+half, y+float64(half))
			if !ok || got != i {
				t.Fatalf("%s: cell %d lies at %v, %v, but there is %d, %v", name, i, x, y, got, ok)
			}
			if _, ok := g.Hit(x-gap/2, y+float64(half)); ok {
				t.Fatalf("%s: the gap left of cell %d counts as a cell", name, i)
			}
		}
	}
}

// TestRangeIsWhatCanBeSeen compares with looking at every cell.
func TestRangeIsWhatCanBeSeen(t *testing.T) {
	for name, g := range geometries() {
		if g.Count > 1000 {
			continue
		}
		for y := 0.0; y < g.Height()+50; y += 31 {
			y1 := y + 333
			from, to := g.Range(y, y1)
			for i := range g.Count {
				_, top := g.At(i)
				seen := top < y1 && top+float64(g.Cell()) > y
				if seen && (i < from || i >= to) {
					t.Fatalf("%s: from %v to %v cell %d at %v is to be seen but not in [%d, %d)", name, y, y1, i, top, from, to)
				}
			}
			if most := (int(333/g.pitch()) + 3) * g.Columns(); to-from > most {
				t.Fatalf("%s: [%d, %d) is more than %d cells", name, from, to, most)
			}
		}
	}
}

func TestRowsDoNotOverlapAtTheFarEnd(t *testing.T) {
	g := geometries()["a million, likely"]
	last := g.Count - 1
	_, y := g.At(last)
	_, before := g.At(last - g.Columns())
	if d := y - before; math.Abs(d-g.pitch()) > 1e-6 {
		t.Errorf("the last rows are %v apart, a row is %v", d, g.pitch())
	}
	if end := y + float64(g.Cell()); end > g.Height() || g.Height()-end > 2*topEdge+gap {
		t.Errorf("the list is %v high and its last cell ends at %v", g.Height(), end)
	}
}

func TestMove(t *testing.T) {
	// 4 columns: 7 likely cells in rows of 4 and 3, then the others.
	g := Geometry{Width: 4*160 + 3*gap + 2*edge, Target: 160, Count: 41, Likely: 7}
	if g.Columns() != 4 {
		t.Fatalf("%d columns", g.Columns())
	}
	for _, c := range []struct {
		name string
		from int
		step Step
		want int
	}{
		{"left at the start", 0, Left, 0},
		{"right", 0, RightStep, 1},
		{"right at the end", 40, RightStep, 40},
		{"down within the likely", 1, Down, 5},
		{"down into a shorter row", 3, Down, 6},
		{"down over the line", 5, Down, 8},
		{"up over the line into a shorter row", 10, Up, 6},
		{"up in the first row", 2, Up, 2},
		{"down in the last row", 40, Down, 40},
		{"home", 33, Home, 0},
		{"end", 3, End, 40},
		{"a page down", 0, PageDown, 11},
		{"a page up", 11, PageUp, 0},
		{"a page down past the end", 30, PageDown, 40},
	} {
		if got := g.Move(c.from, c.step, 3*float32(g.pitch())+1); got != c.want {
			t.Errorf("%s: from %d to %d, want %d", c.name, c.from, got, c.want)
		}
	}
}
