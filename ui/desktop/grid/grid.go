package grid

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/desktop/look"
)

// Facts are what a cell shows beside its picture.
type Facts struct {
	Name      string // file name, for the tooltip and the screen reader
	Note      string // second line of the tooltip
	Colour    uint32 // 0xRRGGBB until the picture is there
	Favourite bool
	Away      bool // the file is missing or its disk is not connected
	Badge     Badge
}

// Badge says in the upper right corner of a cell what else there is to a photo.
type Badge struct {
	Icon  look.Icon // "" for no badge
	Text  string    // a number or a duration beside the icon, may be ""
	Name  string    // the badge in words, for the screen reader
	Opens bool      // a click on it calls OnBadge
}

// Source knows what is known of photos by now. Its methods are called on the window's
// thread and must return at once, without reading anything.
type Source interface {
	// Facts returns what is known of a photo; ok is false while nothing is.
	Facts(library.PhotoID) (f Facts, ok bool)
	// Thumb returns a square picture of about px pixels; nil while there is none.
	Thumb(id library.PhotoID, px int) image.Image
}

// Grid is the widget. Set its callbacks before it is shown; they are called on the window's
// thread.
type Grid struct {
	widget.BaseWidget

	// OnTouch is called whenever somebody does something with the grid; it may be often.
	OnTouch func()
	// OnSelect is called when the selection or the cursor changed.
	OnSelect func()
	// OnOpen is called when cell i is to be shown large, OnPeek for a quick look.
	OnOpen, OnPeek func(i int)
	// OnView is called when other cells came into sight: they are [from, to), and the cells
	// up to ahead in the direction of scrolling will probably come next. Flinging says that
	// the list moves too fast for anything to be worth loading.
	OnView func(from, to, ahead int, flinging bool)
	// OnRune and OnKey get what is typed and is not the grid's own.
	OnRune func(rune)
	OnKey  func(*fyne.KeyEvent)
	// OnZoom is called when Ctrl and the wheel ask for another size of cells.
	OnZoom func(target float32)
	// OnMenu is called for the context menu, with a position in the window.
	OnMenu func(at fyne.Position)
	// OnBadge is called for a click on a badge that opens something.
	OnBadge func(i int)
	// OnHover is called when the pointer rests on a cell or leaves (i < 0).
	OnHover func(i int, at fyne.Position)
	// Now is the clock of double clicks and flinging.
	Now func() time.Time
	// Modifiers returns the modifier keys held down.
	Modifiers func() fyne.KeyModifier
	// BandText is the text of the line before the less likely photos.
	BandText string

	src    Source
	ids    []library.PhotoID
	geo    Geometry
	sel    Selection
	offset float64 // of the view in the list
	slots  []*slot
	rend   *renderer

	focused   bool
	pressed   time.Time // of the last press, for double clicks
	pressedAt int       // cell of it, -1 for none
	armed     int       // cell to be chosen alone on release, -1 for none
	band      *rubber   // rubber band, while dragging
	thumbDrag bool      // dragging the scroll bar
	grabbed   float64   // where it was grabbed
	movedAt   time.Time
	moved     float64 // distance scrolled since movedAt
	forward   bool    // last direction
	viewFrom  int
	viewTo    int
	viewPx    int
	hover     int
}

// New returns an empty grid with cells of about the given side.
func New(src Source, target float32) *Grid {
	g := &Grid{src: src, geo: Geometry{Target: target, Likely: -1}, pressedAt: -1, armed: -1, hover: -1, forward: true, Now: time.Now}
	g.Modifiers = func() fyne.KeyModifier {
		if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
			return d.CurrentKeyModifiers()
		}
		return 0
	}
	g.ExtendBaseWidget(g)
	return g
}

// SetPhotos shows other photos, from the top and with nothing chosen. The first likely of
// them stand before the line; a negative number means no line. The grid keeps ids.
func (g *Grid) SetPhotos(ids []library.PhotoID, likely int) {
	g.sel.Reset()
	g.offset = 0
	g.setList(ids, likely)
}

// ReplacePhotos shows a newer state of the same list: selection and cursor are given anew,
// the photo at the top of the view stays there if it is still in the list at place top.
func (g *Grid) ReplacePhotos(ids []library.PhotoID, likely int, sel Selection, top int) {
	within := 0.0
	if from, _ := g.geo.Range(g.offset, g.offset+1); len(g.ids) > 0 {
		_, y := g.geo.At(from)
		within = g.offset - y
	}
	g.sel = sel
	g.ids = ids
	g.geo.Count, g.geo.Likely = len(ids), likely
	if top >= 0 && top < len(ids) && g.offset > 0 {
		_, y := g.geo.At(top)
		g.offset = y + within
	}
	g.setList(ids, likely)
}

func (g *Grid) setList(ids []library.PhotoID, likely int) {
	g.unhover()
	g.ids = ids
	g.geo.Count, g.geo.Likely = len(ids), likely
	g.viewFrom, g.viewTo = -1, -1
	for _, s := range g.slots {
		s.index = -1
	}
	g.clampOffset()
	g.Sync()
	g.selected()
}

// Photos returns the list; it must not be changed.
func (g *Grid) Photos() []library.PhotoID { return g.ids }

// Likely returns how many stand before the line, negative without one.
func (g *Grid) Likely() int { return g.geo.Likely }

// Selection returns a copy of the selection.
func (g *Grid) Selection() Selection {
	s := g.sel
	s.spans = append([]span(nil), s.spans...)
	return s
}

// Cursor returns the photo that has the focus within the grid.
func (g *Grid) Cursor() (i int, id library.PhotoID, ok bool) {
	i, ok = g.sel.Cursor()
	if !ok || i >= len(g.ids) {
		return 0, 0, false
	}
	return i, g.ids[i], true
}

// Chosen returns up to limit chosen photos in order (0: all) and how many there are.
func (g *Grid) Chosen(limit int) (ids []library.PhotoID, count int) {
	count = g.sel.Count()
	n := count
	if limit > 0 {
		n = min(n, limit)
	}
	ids = make([]library.PhotoID, 0, n)
	g.sel.Each(func(from, to int) bool {
		to = min(to, from+n-len(ids), len(g.ids))
		ids = append(ids, g.ids[from:max(from, to)]...)
		return len(ids) < n
	})
	return ids, count
}

// SelectAll chooses every photo of the list.
func (g *Grid) SelectAll() {
	g.sel.All(len(g.ids))
	g.Sync()
	g.selected()
}

// Select chooses cell i alone and shows it.
func (g *Grid) Select(i int) {
	if i < 0 || i >= len(g.ids) {
		return
	}
	g.sel.Only(i)
	g.reveal(i)
	g.Sync()
	g.selected()
}

// ClearSelection chooses nothing.
func (g *Grid) ClearSelection() {
	g.sel.Clear()
	g.Sync()
	g.selected()
}

func (g *Grid) selected() {
	if g.OnSelect != nil {
		g.OnSelect()
	}
}

// Target returns the side of a cell that was asked for.
func (g *Grid) Target() float32 { return g.geo.Target }

// SetTarget asks for another side of cells; the photo in the middle of the view stays.
func (g *Grid) SetTarget(side float32) {
	side = min(max(side, LeastCell), MostCell)
	if side == g.geo.Target {
		return
	}
	g.keepPlace(func() { g.geo.Target = side })
}

// keepPlace changes the geometry while the photo that one looks at stays in the view.
func (g *Grid) keepPlace(change func()) {
	anchor, share := -1, 0.0
	h := float64(g.Size().Height)
	if len(g.ids) > 0 && g.offset > 0 {
		anchor, _ = g.geo.Range(g.offset, g.offset+h)
		_, y := g.geo.At(anchor)
		share = (y - g.offset) / g.geo.pitch()
	}
	change()
	if anchor >= 0 {
		_, y := g.geo.At(anchor)
		g.offset = y - share*g.geo.pitch()
	}
	g.clampOffset()
	g.viewFrom, g.viewTo = -1, -1
	g.Sync()
}

// Offset returns how far the view is scrolled; ScrollTo restores it.
func (g *Grid) Offset() float64 { return g.offset }

// ScrollTo moves the view to an offset.
func (g *Grid) ScrollTo(offset float64) {
	g.unhover()
	g.forward = offset >= g.offset
	g.moved += abs(offset - g.offset)
	g.offset = offset
	g.clampOffset()
	g.Sync()
}

// Reveal moves the view just so far that cell i is to be seen.
func (g *Grid) Reveal(i int) {
	g.reveal(i)
	g.Sync()
}

func (g *Grid) reveal(i int) {
	if i < 0 || i >= len(g.ids) {
		return
	}
	_, y := g.geo.At(i)
	h := float64(g.Size().Height)
	before := g.offset
	if y-gap < g.offset {
		g.offset = y - gap
	} else if bottom := y + g.geo.pitch(); bottom > g.offset+h {
		g.offset = bottom - h
	}
	g.forward = g.offset >= before
	g.clampOffset()
}

func (g *Grid) clampOffset() {
	g.offset = min(max(g.offset, 0), max(g.geo.Height()-float64(g.Size().Height), 0))
}

// Resize lays the cells out anew; the photo at the top stays.
func (g *Grid) Resize(s fyne.Size) {
	if s == g.Size() {
		return
	}
	g.keepPlace(func() {
		g.BaseWidget.Resize(s)
		g.geo.Width = s.Width
	})
}

// MinSize lets the window become small.
func (g *Grid) MinSize() fyne.Size { return fyne.NewSize(LeastCell+2*edge, LeastCell) }

// InSight returns the cells that are to be seen.
func (g *Grid) InSight() (from, to int) {
	return g.geo.Range(g.offset, g.offset+float64(g.Size().Height))
}

// Objects returns how many cells exist to be drawn with; it does not grow with the list.
func (g *Grid) Objects() int { return len(g.slots) }

// Drawn returns how many cells are drawn now.
func (g *Grid) Drawn() int {
	n := 0
	for _, s := range g.slots {
		if s.back.Visible() || s.image.Visible() {
			n++
		}
	}
	return n
}

// FocusGained shows the cursor.
func (g *Grid) FocusGained() {
	g.focused = true
	if _, ok := g.sel.Cursor(); !ok && len(g.ids) > 0 {
		from, _ := g.InSight()
		g.sel.MoveTo(from)
	}
	g.Sync()
}

// FocusLost hides it.
func (g *Grid) FocusLost() {
	g.focused = false
	g.Sync()
}

// AccessibilityLabel says which photo has the cursor.
func (g *Grid) AccessibilityLabel() string {
	if _, id, ok := g.Cursor(); ok {
		if f, ok := g.src.Facts(id); ok {
			if f.Badge.Name != "" {
				return f.Name + ", " + f.Badge.Name
			}
			return f.Name
		}
	}
	return ""
}

// AccessibilityRole says that the grid holds other things.
func (g *Grid) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

func abs(v float64) float64 { return max(v, -v) }

// Settled is to be called a while after OnView said that the list is flinging: if it came
// to rest, OnView is called for what is in sight now.
func (g *Grid) Settled() {
	if g.Now().Sub(g.movedAt) > flingTime {
		g.movedAt, g.moved = g.Now(), 0
	}
	g.viewFrom, g.viewTo = -1, -1
	g.Sync()
}

// Resight has OnView called again for what is in sight, after the source forgot something.
func (g *Grid) Resight() {
	g.viewFrom, g.viewTo = -1, -1
	g.Sync()
}
