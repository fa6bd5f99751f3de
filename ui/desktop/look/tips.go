package look

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"descry/ui/desktop/pace"
)

// tipDelay is how long the pointer rests before a tooltip shows.
const tipDelay = 600 * time.Millisecond

// tipWidth is the greatest width of a tooltip.
const tipWidth = 420

// Tips shows tooltips in a layer above the window's content. One at a time: they belong to
// the widget under the pointer.
type Tips struct {
	Layer *fyne.Container // to be laid over the window's content

	loop  *pace.Loop
	owner any
	text  string
	at    fyne.Position
	stop  func()
	card  *Fill
	box   *fyne.Container
}

// NewTips returns a layer without a tooltip.
func NewTips(loop *pace.Loop) *Tips {
	t := &Tips{loop: loop, card: NewCard(ColourToast, "", 4)}
	t.box = container.NewWithoutLayout(t.card)
	t.box.Hide()
	t.Layer = container.NewWithoutLayout(t.box)
	return t
}

// Hover says that the pointer rests on owner, at a position of the window. The tooltip
// shows after a while.
func (t *Tips) Hover(owner any, text string, at fyne.Position) {
	t.at = at
	if text == "" || t.owner == owner && t.text == text {
		return
	}
	t.Leave(t.owner)
	t.owner, t.text = owner, text
	t.stop = t.loop.After(tipDelay, t.show)
}

// Leave says that the pointer left owner, or that its tooltip is no longer wanted.
func (t *Tips) Leave(owner any) {
	if t.owner != owner {
		return
	}
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
	t.owner, t.text = nil, ""
	if t.box.Visible() {
		t.box.Hide()
		t.Layer.Refresh()
	}
}

// Shown returns the text of the tooltip that is to be seen, "" without one.
func (t *Tips) Shown() string {
	if !t.box.Visible() {
		return ""
	}
	return t.text
}

func (t *Tips) show() {
	size := theme.Size(SizeSmallText)
	parts := Wrap(t.text, tipWidth, size, fyne.TextStyle{})
	objects := []fyne.CanvasObject{t.card}
	var w, h float32
	for _, p := range parts {
		line := canvas.NewText(p, theme.Color(ColourOnToast))
		line.TextSize = size
		m := line.MinSize()
		line.Move(fyne.NewPos(8, 5+h))
		line.Resize(m)
		w, h = max(w, m.Width), h+m.Height
		objects = append(objects, line)
	}
	t.box.Objects = objects
	box := fyne.NewSize(w+16, h+10)
	t.card.Resize(box)
	t.box.Resize(box)
	area := t.Layer.Size()
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(t.Layer)
	p := t.at.Subtract(origin).AddXY(4, 18)
	if p.X+box.Width > area.Width-4 {
		p.X = max(area.Width-4-box.Width, 4)
	}
	if p.Y+box.Height > area.Height-4 {
		p.Y = t.at.Y - origin.Y - box.Height - 6
	}
	t.box.Move(p)
	t.box.Show()
	t.Layer.Refresh()
}

// Wrap breaks text into lines no wider than width, at spaces; a newline always breaks.
func Wrap(text string, width, size float32, style fyne.TextStyle) []string {
	var lines []string
	for _, paragraph := range splitLines(text) {
		line := ""
		for _, word := range splitWords(paragraph) {
			longer := word
			if line != "" {
				longer = line + " " + word
			}
			if line != "" && fyne.MeasureText(longer, size, style).Width > width {
				lines = append(lines, line)
				longer = word
			}
			line = longer
		}
		lines = append(lines, Ellipsis(line, width, size, style))
	}
	return lines
}

// Forget takes away whatever tooltip there is or will be.
func (t *Tips) Forget() { t.Leave(t.owner) }
