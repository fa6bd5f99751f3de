package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Least and greatest widths of the side panes, and what the middle keeps at least.
const (
	leastLeft, mostLeft   = 160, 480
	leastRight, mostRight = 260, 640
	leastMiddle           = 240
)

// Panes lays out a left, a middle and a right part. The sides have a width that the person
// sets by dragging their edge, and can be closed; the middle takes the rest.
type Panes struct {
	Content *fyne.Container
	// OnChanged is called after the person changed a width or closed or opened a side.
	OnChanged func()

	left, middle, right  fyne.CanvasObject
	leftEdge, rightEdge  *edge
	LeftWidth, RightWide float32
	leftShut, rightShut  bool
}

// NewPanes returns the three parts with both sides open.
func NewPanes(left, middle, right fyne.CanvasObject, leftWidth, rightWidth float32) *Panes {
	p := &Panes{left: left, middle: middle, right: right, LeftWidth: leftWidth, RightWide: rightWidth}
	p.leftEdge = newEdge(func(dx float32) { p.drag(&p.LeftWidth, dx, leastLeft, mostLeft) }, p.changed)
	p.rightEdge = newEdge(func(dx float32) { p.drag(&p.RightWide, -dx, leastRight, mostRight) }, p.changed)
	p.Content = container.New(p, left, middle, right, p.leftEdge, p.rightEdge)
	return p
}

// LeftOpen says whether the left side is open.
func (p *Panes) LeftOpen() bool { return !p.leftShut }

// RightOpen says whether the right side is open.
func (p *Panes) RightOpen() bool { return !p.rightShut }

// Open opens or closes the sides.
func (p *Panes) Open(left, right bool) {
	p.leftShut, p.rightShut = !left, !right
	show := func(o fyne.CanvasObject, on bool) {
		if on {
			o.Show()
		} else {
			o.Hide()
		}
	}
	show(p.left, left)
	show(p.leftEdge, left)
	show(p.right, right)
	show(p.rightEdge, right)
	p.Layout(nil, p.Content.Size())
	p.changed()
}

func (p *Panes) changed() {
	if p.OnChanged != nil {
		p.OnChanged()
	}
}

func (p *Panes) drag(width *float32, dx, least, most float32) {
	*width = min(max(*width+dx, least), most)
	p.Layout(nil, p.Content.Size())
}

// Layout places the parts.
func (p *Panes) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	l, r := p.LeftWidth, p.RightWide
	if p.leftShut {
		l = 0
	}
	if p.rightShut {
		r = 0
	}
	if over := l + r + leastMiddle - s.Width; over > 0 { // a narrow window: the right side yields first
		cut := min(over, max(r-leastRight, 0))
		r -= cut
		l -= min(over-cut, max(l-leastLeft, 0))
	}
	place := func(o fyne.CanvasObject, x, w float32) {
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(w, s.Height))
	}
	place(p.left, 0, l)
	place(p.middle, l, max(s.Width-l-r, 0))
	place(p.right, s.Width-r, r)
	place(p.leftEdge, l-3, 6)
	place(p.rightEdge, s.Width-r-3, 6)
}

// MinSize lets the window become small.
func (p *Panes) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(560, 200) }

// edge is the border between two parts that can be dragged.
type edge struct {
	widget.BaseWidget
	line    *Fill
	dragged func(dx float32)
	ended   func()
}

func newEdge(dragged func(float32), ended func()) *edge {
	e := &edge{line: NewLine(), dragged: dragged, ended: ended}
	e.ExtendBaseWidget(e)
	return e
}

func (e *edge) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(middleLine{}, e.line))
}
func (e *edge) Cursor() desktop.Cursor    { return desktop.HResizeCursor }
func (e *edge) Dragged(d *fyne.DragEvent) { e.dragged(d.Dragged.DX) }
func (e *edge) DragEnd()                  { e.ended() }

type middleLine struct{}

func (middleLine) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(6, 6) }
func (middleLine) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Move(fyne.NewPos(s.Width/2, 0))
	o[0].Resize(fyne.NewSize(1, s.Height))
}
