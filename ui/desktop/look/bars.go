package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Levels of confidence, as bars: a suggestion at or above a limit has that many.
const (
	sure   = 0.85 // three bars
	likely = 0.6  // two
	maybe  = 0.5  // one
)

// Level returns how many of three bars a calibrated confidence fills.
func Level(confidence float64) int {
	switch {
	case confidence >= sure:
		return 3
	case confidence >= likely:
		return 2
	case confidence >= maybe:
		return 1
	}
	return 0
}

// Bars shows a confidence as three bars; the tooltip says it in words and in figures.
type Bars struct {
	widget.BaseWidget
	level int
	tip   string
	tips  *Tips
}

// NewBars returns the bars of a confidence; tip says it in words.
func (t *Tips) NewBars(confidence float64, tip string) *Bars {
	b := &Bars{level: Level(confidence), tip: tip, tips: t}
	b.ExtendBaseWidget(b)
	return b
}

// MinSize is that of the three bars.
func (b *Bars) MinSize() fyne.Size { return fyne.NewSize(18, 12) }

// AccessibilityLabel says the confidence in words.
func (b *Bars) AccessibilityLabel() string { return b.tip }

// AccessibilityRole says that this stands for text.
func (b *Bars) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// MouseIn waits for the tooltip.
func (b *Bars) MouseIn(e *desktop.MouseEvent) { b.tips.Hover(b, b.tip, e.AbsolutePosition) }

// MouseMoved waits on.
func (b *Bars) MouseMoved(e *desktop.MouseEvent) { b.tips.Hover(b, b.tip, e.AbsolutePosition) }

// MouseOut ends the wait.
func (b *Bars) MouseOut() { b.tips.Leave(b) }

// CreateRenderer draws the bars.
func (b *Bars) CreateRenderer() fyne.WidgetRenderer {
	r := &barsRenderer{b: b}
	for range 3 {
		r.objects = append(r.objects, canvas.NewRectangle(nil))
	}
	r.Refresh()
	return r
}

type barsRenderer struct {
	b       *Bars
	objects []fyne.CanvasObject
}

func (r *barsRenderer) Layout(s fyne.Size) {
	for i, o := range r.objects {
		o.Move(fyne.NewPos(float32(i)*7, (s.Height-12)/2))
		o.Resize(fyne.NewSize(4, 12))
	}
}

func (r *barsRenderer) MinSize() fyne.Size           { return r.b.MinSize() }
func (r *barsRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *barsRenderer) Destroy()                     {}
func (r *barsRenderer) Refresh() {
	for i, o := range r.objects {
		bar := o.(*canvas.Rectangle)
		bar.CornerRadius = 1
		bar.StrokeWidth, bar.StrokeColor = 1, theme.Color(ColourSecondary)
		bar.FillColor = colour("")
		if i < r.b.level {
			bar.FillColor = theme.Color(ColourSecondary)
		}
		bar.Refresh()
	}
}
