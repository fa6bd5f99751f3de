package grid

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

const (
	doubleClick = 400 * time.Millisecond
	wheelFactor = 4   // the toolkit's 25 units a notch are a sixth of a row; this makes it 100
	barWidth    = 14  // where the scroll bar can be grabbed
	leastThumb  = 36  // shortest thumb of the scroll bar
	flingScreen = 2.5 // views per flingTime that count as flinging
	flingTime   = 150 * time.Millisecond
	zoomStep    = 1.15
)

// rubber is a rectangle being drawn with the pointer, in coordinates of the list.
type rubber struct {
	x0, x1 float32
	y0, y1 float64
	before Selection // what was chosen when it began and is kept (Ctrl, Shift)
	drawn  bool
}

func (g *Grid) hit(p fyne.Position) (int, bool) {
	return g.geo.Hit(p.X, g.offset+float64(p.Y))
}

// MouseDown chooses, or begins to drag a rubber band or the scroll bar.
func (g *Grid) MouseDown(e *desktop.MouseEvent) {
	g.touched()
	if c := fyne.CurrentApp().Driver().CanvasForObject(g); c != nil {
		c.Focus(g)
	}
	g.armed = -1
	g.unhover()
	if e.Button == desktop.MouseButtonPrimary && e.Position.X > g.Size().Width-barWidth && g.scrollable() {
		g.grabBar(e.Position.Y)
		return
	}
	i, ok := g.hit(e.Position)
	if e.Button == desktop.MouseButtonSecondary {
		if ok && !g.sel.Has(i) {
			g.sel.Only(i)
			g.Sync()
			g.selected()
		}
		if (ok || g.sel.Count() > 0) && g.OnMenu != nil {
			g.OnMenu(e.AbsolutePosition)
		}
		return
	}
	if e.Button != desktop.MouseButtonPrimary {
		return
	}
	ctrl := e.Modifier&(fyne.KeyModifierControl|fyne.KeyModifierSuper) != 0
	shift := e.Modifier&fyne.KeyModifierShift != 0
	if !ok {
		g.band = &rubber{x0: e.Position.X, x1: e.Position.X, y0: g.offset + float64(e.Position.Y)}
		g.band.y1 = g.band.y0
		if ctrl || shift {
			g.band.before = g.Selection()
		}
		return
	}
	if g.OnBadge != nil && g.onBadge(i, e.Position) {
		g.OnBadge(i)
		return
	}
	now := g.Now()
	double := i == g.pressedAt && now.Sub(g.pressed) < doubleClick && !ctrl && !shift
	g.pressed, g.pressedAt = now, i
	switch {
	case double:
		g.pressedAt = -1
		g.sel.Only(i)
		if g.OnOpen != nil {
			g.OnOpen(i)
		}
	case shift:
		g.sel.Extend(i, ctrl)
	case ctrl:
		g.sel.Toggle(i)
	case g.sel.Has(i) && g.sel.Count() > 1:
		g.armed = i // keep the many until it is clear that this is no drag
		g.sel.MoveTo(i)
	default:
		g.sel.Only(i)
	}
	g.Sync()
	g.selected()
}

// onBadge says whether p lies on the badge of cell i, and the badge opens something.
func (g *Grid) onBadge(i int, p fyne.Position) bool {
	if len(g.slots) == 0 {
		return false
	}
	s := g.slots[i%len(g.slots)]
	return s.index == i && s.onBadge(p)
}

// MouseUp ends what MouseDown began.
func (g *Grid) MouseUp(e *desktop.MouseEvent) {
	switch {
	case g.thumbDrag:
		g.thumbDrag = false
	case g.band != nil:
		if !g.band.drawn && g.band.before.Count() == 0 {
			g.sel.Clear()
			g.selected()
		}
		g.band = nil
	case g.armed >= 0:
		g.sel.Only(g.armed)
		g.selected()
	}
	g.armed = -1
	g.Sync()
}

// Dragged draws the rubber band or moves the scroll bar.
func (g *Grid) Dragged(e *fyne.DragEvent) {
	g.touched()
	if g.thumbDrag {
		g.dragBar(e.Position.Y)
		return
	}
	if g.band == nil {
		return
	}
	g.band.drawn = true
	if over := e.Position.Y - g.Size().Height; over > 0 { // at the edge the list goes along
		g.ScrollTo(g.offset + float64(min(over, 60)))
	} else if e.Position.Y < 0 {
		g.ScrollTo(g.offset + float64(max(e.Position.Y, -60)))
	}
	g.band.x1, g.band.y1 = e.Position.X, g.offset+float64(e.Position.Y)
	cursor, active := g.sel.cursor, g.sel.active
	g.sel = Selection{spans: append(g.sel.spans[:0], g.band.before.spans...), cursor: cursor, anchor: cursor, active: active}
	b := g.band
	g.geo.Touching(b.x0, b.y0, b.x1, b.y1, g.sel.Add)
	if len(g.sel.spans) > 0 && !g.sel.Has(g.sel.cursor) {
		g.sel.cursor, g.sel.anchor, g.sel.active = g.sel.spans[0].from, g.sel.spans[0].from, true
	}
	g.Sync()
	g.selected()
}

// DragEnd ends the drag.
func (g *Grid) DragEnd() { g.MouseUp(nil) }

func (g *Grid) scrollable() bool { return g.geo.Height() > float64(g.Size().Height) }

// bar returns where the thumb of the scroll bar lies and how long it is.
func (g *Grid) bar() (top, length float32) {
	h := g.Size().Height
	all := g.geo.Height()
	length = max(float32(float64(h)*float64(h)/all), leastThumb)
	room := all - float64(h)
	if room <= 0 {
		return 0, h
	}
	return float32(g.offset / room * float64(h-length)), length
}

func (g *Grid) grabBar(y float32) {
	top, length := g.bar()
	g.thumbDrag = true
	if y < top || y > top+length { // beside the thumb: it comes to the pointer
		g.grabbed = float64(length / 2)
		g.dragBar(y)
		return
	}
	g.grabbed = float64(y - top)
}

func (g *Grid) dragBar(y float32) {
	_, length := g.bar()
	room := float64(g.Size().Height - length)
	if room <= 0 {
		return
	}
	share := min(max((float64(y)-g.grabbed)/room, 0), 1)
	g.ScrollTo(share * (g.geo.Height() - float64(g.Size().Height)))
}

// Scrolled moves the view, or with Ctrl changes the size of the cells.
func (g *Grid) Scrolled(e *fyne.ScrollEvent) {
	g.touched()
	if g.Modifiers()&fyne.KeyModifierControl != 0 {
		side := g.geo.Target * zoomStep
		if e.Scrolled.DY < 0 {
			side = g.geo.Target / zoomStep
		}
		g.SetTarget(side)
		if g.OnZoom != nil {
			g.OnZoom(g.geo.Target)
		}
		return
	}
	g.ScrollTo(g.offset - float64(e.Scrolled.DY)*wheelFactor)
}

// MouseIn begins to watch the pointer.
func (g *Grid) MouseIn(e *desktop.MouseEvent) { g.MouseMoved(e) }

// MouseMoved tells which cell the pointer rests on.
func (g *Grid) MouseMoved(e *desktop.MouseEvent) {
	g.touched()
	i, ok := g.hit(e.Position)
	if !ok {
		i = -1
	}
	if (i >= 0 || g.hover >= 0) && g.OnHover != nil {
		g.OnHover(i, e.AbsolutePosition)
	}
	g.hover = i
}

// MouseOut ends it.
func (g *Grid) MouseOut() { g.unhover() }

// unhover says that no cell is under the pointer, or no longer the one that was.
func (g *Grid) unhover() {
	if g.hover >= 0 && g.OnHover != nil {
		g.OnHover(-1, fyne.Position{})
	}
	g.hover = -1
}

// Step moves the cursor; extend keeps the anchor and chooses all between, as Shift does.
func (g *Grid) Step(s Step, extend bool) {
	if len(g.ids) == 0 {
		return
	}
	at, ok := g.sel.Cursor()
	to := at
	if !ok || g.sel.Count() == 0 && s != Home && s != End && !extend {
		if !ok {
			to, _ = g.InSight()
		}
		if !ok || !g.sel.Has(to) && (s == Down || s == RightStep) && at == 0 {
			g.sel.Only(to)
			g.reveal(to)
			g.Sync()
			g.selected()
			return
		}
	}
	to = g.geo.Move(at, s, g.Size().Height)
	if extend {
		if g.sel.Count() == 0 {
			g.sel.Only(at)
		}
		g.sel.Extend(to, false)
	} else {
		g.sel.Only(to)
	}
	g.reveal(to)
	g.Sync()
	g.selected()
}

// TypedKey moves the cursor, opens, or passes the key on.
func (g *Grid) TypedKey(e *fyne.KeyEvent) {
	g.touched()
	shift := g.Modifiers()&fyne.KeyModifierShift != 0
	i, _, ok := g.Cursor()
	steps := map[fyne.KeyName]Step{
		fyne.KeyLeft: Left, fyne.KeyRight: RightStep, fyne.KeyUp: Up, fyne.KeyDown: Down,
		fyne.KeyHome: Home, fyne.KeyEnd: End, fyne.KeyPageUp: PageUp, fyne.KeyPageDown: PageDown,
	}
	if s, is := steps[e.Name]; is {
		g.Step(s, shift)
		return
	}
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if ok && g.OnOpen != nil {
			g.OnOpen(i)
		}
	case fyne.KeySpace:
		if ok && g.OnPeek != nil {
			g.OnPeek(i)
		}
	default:
		if g.OnKey != nil {
			g.OnKey(e)
		}
	}
}

// TypedRune passes on what is typed.
func (g *Grid) TypedRune(r rune) {
	g.touched()
	if r != ' ' && g.OnRune != nil {
		g.OnRune(r)
	}
}

// fling says whether the list moves too fast for anything to be worth loading.
func (g *Grid) fling() bool {
	now := g.Now()
	if now.Sub(g.movedAt) > flingTime {
		g.movedAt, g.moved = now, 0
		return false
	}
	return g.moved > flingScreen*float64(g.Size().Height)
}

func (g *Grid) touched() {
	if g.OnTouch != nil {
		g.OnTouch()
	}
}
