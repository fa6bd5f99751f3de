package grid

import (
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"descry/library"
	"descry/ui/desktop/look"
)

// source knows everything at once.
type source struct{ img image.Image }

func (source) Facts(id library.PhotoID) (Facts, bool) {
	return Facts{Name: "photo", Colour: uint32(id), Favourite: id%5 == 0}, true
}
func (s source) Thumb(library.PhotoID, int) image.Image { return s.img }

type bench struct {
	*Grid
	now  time.Time
	mods fyne.KeyModifier
}

func newBench(t testing.TB, n, likely int, size fyne.Size) *bench {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(look.NewTheme(look.AlwaysLight))
	b := &bench{Grid: New(source{image.NewRGBA(image.Rect(0, 0, 8, 8))}, 160), now: time.Unix(1e9, 0)}
	b.Now = func() time.Time { return b.now }
	b.Modifiers = func() fyne.KeyModifier { return b.mods }
	w := test.NewTempWindow(t, b.Grid)
	w.SetPadded(false)
	w.Resize(size)
	ids := make([]library.PhotoID, n)
	for i := range ids {
		ids[i] = library.PhotoID(i + 1)
	}
	b.SetPhotos(ids, likely)
	return b
}

func (b *bench) middle(i int) fyne.Position {
	x, y := b.geo.At(i)
	return fyne.NewPos(x+b.geo.Cell()/2, float32(y-b.offset)+b.geo.Cell()/2)
}

func (b *bench) click(i int, m fyne.KeyModifier) {
	e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary, Modifier: m}
	e.Position = b.middle(i)
	b.MouseDown(e)
	b.MouseUp(e)
	b.now = b.now.Add(time.Second)
}

func (b *bench) key(name fyne.KeyName, m fyne.KeyModifier) {
	b.mods = m
	b.TypedKey(&fyne.KeyEvent{Name: name})
	b.mods = 0
}

func (b *bench) want(t *testing.T, what string, cells ...int) {
	t.Helper()
	if got := chosen(&b.sel); !slices.Equal(got, cells) {
		t.Errorf("%s: chosen %v, want %v", what, got, cells)
	}
}

var room = fyne.NewSize(680, 520) // four columns

func TestClicks(t *testing.T) {
	b := newBench(t, 40, -1, room)
	b.click(2, 0)
	b.want(t, "click", 2)
	b.click(4, fyne.KeyModifierControl)
	b.want(t, "ctrl", 2, 4)
	b.click(6, fyne.KeyModifierShift)
	b.want(t, "shift", 4, 5, 6)
	b.click(0, fyne.KeyModifierShift|fyne.KeyModifierControl)
	b.want(t, "ctrl and shift", 0, 1, 2, 3, 4, 5, 6)
	b.click(2, fyne.KeyModifierControl)
	b.want(t, "ctrl on a chosen one", 0, 1, 3, 4, 5, 6)
	b.click(3, 0)
	b.want(t, "a click on one of many", 3)
	b.SelectAll()
	if ids, n := b.Chosen(3); n != 40 || !slices.Equal(ids, []library.PhotoID{1, 2, 3}) {
		t.Errorf("all: %v of %d", ids, n)
	}
}

func TestDoubleClickOpens(t *testing.T) {
	b := newBench(t, 40, -1, room)
	opened := -1
	b.OnOpen = func(i int) { opened = i }
	b.click(3, 0)
	b.click(3, 0)
	if opened >= 0 {
		t.Error("two slow clicks opened the viewer")
	}
	e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	e.Position = b.middle(5)
	b.MouseDown(e)
	b.MouseUp(e)
	b.now = b.now.Add(doubleClick / 2)
	b.MouseDown(e)
	if opened != 5 {
		t.Errorf("a double click on cell 5 opened %d", opened)
	}
}

func TestRubberBand(t *testing.T) {
	b := newBench(t, 6, -1, room) // two rows, room below
	from := fyne.NewPos(edge+1, 450)
	down := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	down.Position = from
	b.MouseDown(down)
	to := b.middle(1)
	b.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}})
	if !b.rend.rubber.Visible() {
		t.Error("no rubber band is drawn")
	}
	b.DragEnd()
	b.want(t, "from below to cell 1", 0, 1, 4, 5)
	if b.rend.rubber.Visible() {
		t.Error("the rubber band stays")
	}
	b.MouseDown(down)
	b.MouseUp(down)
	b.want(t, "a click on nothing")
}

func TestKeys(t *testing.T) {
	b := newBench(t, 100, 6, room)
	b.click(0, 0)
	b.key(fyne.KeyRight, 0)
	b.want(t, "right", 1)
	b.key(fyne.KeyDown, 0)
	b.want(t, "down", 5)
	b.key(fyne.KeyDown, fyne.KeyModifierShift)
	b.want(t, "shift and down over the line", 5, 6, 7)
	b.key(fyne.KeyUp, fyne.KeyModifierShift)
	b.want(t, "and back", 5)
	b.key(fyne.KeyEnd, fyne.KeyModifierShift)
	if b.sel.Count() != 95 {
		t.Errorf("shift and end: %d chosen", b.sel.Count())
	}
	if _, to := b.InSight(); to != 100 {
		t.Error("the last photo is not in sight after End")
	}
	b.key(fyne.KeyHome, 0)
	b.want(t, "home", 0)
	if b.offset != 0 {
		t.Errorf("scrolled to %v after Home", b.offset)
	}
	b.key(fyne.KeyPageDown, 0)
	if c, _, _ := b.Cursor(); c < 8 || c > 20 {
		t.Errorf("a page down came to %d", c)
	}
	opened, peeked, rest, runes := -1, -1, fyne.KeyName(""), ""
	b.OnOpen, b.OnPeek = func(i int) { opened = i }, func(i int) { peeked = i }
	b.OnKey, b.OnRune = func(e *fyne.KeyEvent) { rest = e.Name }, func(r rune) { runes += string(r) }
	b.Select(9)
	b.key(fyne.KeyReturn, 0)
	b.key(fyne.KeySpace, 0)
	b.key(fyne.KeyF11, 0)
	b.TypedRune(' ')
	b.TypedRune('y')
	if opened != 9 || peeked != 9 || rest != fyne.KeyF11 || runes != "y" {
		t.Errorf("opened %d, peeked %d, passed on %q and %q", opened, peeked, rest, runes)
	}
}

// TestObjectsAreBounded checks that drawing costs what is in sight, not what is in the list.
func TestObjectsAreBounded(t *testing.T) {
	counts := map[int]int{}
	for _, n := range []int{500, 50_000, 1_000_000} {
		b := newBench(t, n, -1, fyne.NewSize(1000, 700))
		for part := range 21 {
			b.ScrollTo(b.geo.Height() * float64(part) / 20)
			from, to := b.InSight()
			visible := b.Drawn()
			if visible != to-from {
				t.Fatalf("%d photos: %d cells are drawn for [%d, %d)", n, visible, from, to)
			}
		}
		if _, to := b.InSight(); to != n {
			t.Errorf("%d photos: the end of the list shows up to %d", n, to)
		}
		counts[n] = b.Objects()
	}
	if counts[50_000] != counts[500] || counts[1_000_000] != counts[500] {
		t.Errorf("the number of cells to draw with grows with the list: %v", counts)
	}
	if counts[500] > 80 {
		t.Errorf("%d cells to draw with", counts[500])
	}
}

// TestScrollingDoesNotAllocatePerPhoto counts allocations, not time.
func TestScrollingDoesNotAllocatePerPhoto(t *testing.T) {
	perScroll := func(n int) float64 {
		b := newBench(t, n, -1, fyne.NewSize(1000, 700))
		b.OnView = func(int, int, int, bool) {}
		y := 0.0
		return testing.AllocsPerRun(200, func() {
			y += 61
			b.ScrollTo(y)
		})
	}
	small, large := perScroll(5_000), perScroll(500_000)
	if large > small+8 {
		t.Errorf("a step allocates %v times among 500,000 photos and %v times among 5,000", large, small)
	}
	b := newBench(t, 1_000_000, -1, fyne.NewSize(1000, 700))
	if n := testing.AllocsPerRun(20, b.SelectAll); n > 200 {
		t.Errorf("choosing all of a million allocates %v times", n)
	}
}

func TestPlaceIsKept(t *testing.T) {
	b := newBench(t, 5000, -1, room)
	b.ScrollTo(30_000)
	first, _ := b.InSight()
	for _, change := range []struct {
		name string
		do   func()
	}{
		{"wider", func() { b.Grid.Resize(fyne.NewSize(1200, 520)) }},
		{"narrower", func() { b.Grid.Resize(fyne.NewSize(500, 520)) }},
		{"larger cells", func() { b.SetTarget(300) }},
		{"smaller cells", func() { b.SetTarget(100) }},
	} {
		change.do()
		from, to := b.InSight()
		if first < from || first >= to {
			t.Errorf("%s: photo %d was at the top, now [%d, %d) are in sight", change.name, first, from, to)
		}
	}
	ids := append([]library.PhotoID{90_001, 90_002, 90_003}, b.Photos()...)
	from, _ := b.InSight()
	id := b.Photos()[from]
	sel, top := Remap(b.Photos(), b.Selection(), from, ids)
	b.ReplacePhotos(ids, -1, sel, top)
	now, _ := b.InSight()
	if got := ids[now]; got != id && ids[now+1] != id && ids[now+2] != id && ids[now+3] != id {
		t.Errorf("after new photos came the top is %d, it was %d", got, id)
	}
}

func TestCtrlAndWheelZoom(t *testing.T) {
	b := newBench(t, 500, -1, room)
	told := float32(0)
	b.OnZoom = func(side float32) { told = side }
	b.mods = fyne.KeyModifierControl
	for range 50 {
		b.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 25)})
	}
	if b.Target() != MostCell || told != MostCell {
		t.Errorf("cells of %v, told %v", b.Target(), told)
	}
	for range 50 {
		b.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	}
	if b.Target() != LeastCell {
		t.Errorf("cells of %v", b.Target())
	}
	b.mods = 0
	b.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	if b.Offset() != 100 {
		t.Errorf("a notch of the wheel scrolls by %v", b.Offset())
	}
}

// TestFlingLoadsNothing checks that what flies by is not asked for, and what comes to rest is.
func TestFlingLoadsNothing(t *testing.T) {
	b := newBench(t, 50_000, -1, room)
	var calls []string
	b.OnView = func(from, to, ahead int, flinging bool) {
		calls = append(calls, fmt.Sprint(flinging))
	}
	for range 6 {
		b.now = b.now.Add(10 * time.Millisecond)
		b.ScrollTo(b.Offset() + 900)
	}
	if calls[len(calls)-1] != "true" {
		t.Fatalf("after scrolling ten views a tenth of a second: %v", calls)
	}
	b.now = b.now.Add(time.Second)
	b.Settled()
	if calls[len(calls)-1] != "false" {
		t.Errorf("at rest: %v", calls)
	}
}

func TestScrollBarReachesBothEnds(t *testing.T) {
	b := newBench(t, 1_000_000, -1, room)
	e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	e.Position = fyne.NewPos(room.Width-4, 5)
	b.MouseDown(e)
	b.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(room.Width-4, room.Height+50)}})
	if _, to := b.InSight(); to != 1_000_000 {
		t.Errorf("the lower end shows up to %d", to)
	}
	b.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(room.Width-4, -50)}})
	b.DragEnd()
	if b.Offset() != 0 {
		t.Errorf("the upper end is at %v", b.Offset())
	}
	if b.sel.Count() != 0 {
		t.Error("dragging the scroll bar chose photos")
	}
}

// TestNoCellStaysBehind changes the list in every way and counts what is drawn.
func TestNoCellStaysBehind(t *testing.T) {
	b := newBench(t, 40, -1, room)
	for _, c := range []struct {
		name      string
		n, likely int
	}{{"shorter", 7, -1}, {"with a line", 40, 3}, {"with another line", 40, 9}, {"empty", 0, -1}, {"long", 4000, -1}, {"one", 1, 0}} {
		b.SetPhotos(make([]library.PhotoID, c.n), c.likely)
		if from, to := b.InSight(); b.Drawn() != to-from {
			t.Errorf("%s: %d cells are drawn, %d are in sight", c.name, b.Drawn(), to-from)
		}
	}
}
