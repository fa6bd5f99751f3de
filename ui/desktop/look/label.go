package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Label is one line of text without the padding of the toolkit's own label. Where there is
// not enough room it ends in an ellipsis, and the pointer resting on it shows all of it.
type Label struct {
	widget.BaseWidget
	Colour fyne.ThemeColorName
	Rank   fyne.ThemeSizeName
	Style  fyne.TextStyle
	Align  fyne.TextAlign
	Tip    string // shown by the tooltip instead of a cut text

	text string
	tips *Tips
	min  float32 // least width, 0: that of an ellipsis
	cut  bool
}

// NewLabel returns a line of text in the body size.
func (t *Tips) NewLabel(text string) *Label {
	l := &Label{Colour: theme.ColorNameForeground, Rank: theme.SizeNameText, text: text, tips: t}
	l.ExtendBaseWidget(l)
	return l
}

// NewSmall returns a line of text of second rank.
func (t *Tips) NewSmall(text string) *Label {
	l := t.NewLabel(text)
	l.Colour, l.Rank = ColourSecondary, SizeSmallText
	return l
}

// NewHeading returns the heading of a part of a pane.
func (t *Tips) NewHeading(text string) *Label {
	l := t.NewLabel(text)
	l.Rank = theme.SizeNameSubHeadingText
	l.Style.Bold = true
	return l
}

// Whole makes the label ask for the width of its whole text.
func (l *Label) Whole() *Label {
	l.min = -1
	return l
}

// Text returns the whole text.
func (l *Label) Text() string { return l.text }

// SetText changes the text.
func (l *Label) SetText(text string) {
	if l.text != text {
		l.text = text
		l.Refresh()
	}
}

// SetColour changes the colour.
func (l *Label) SetColour(c fyne.ThemeColorName) {
	if l.Colour != c {
		l.Colour = c
		l.Refresh()
	}
}

// MinSize is the height of a line and the width of an ellipsis, or of the whole text.
func (l *Label) MinSize() fyne.Size {
	size := theme.Size(l.Rank)
	if l.min < 0 {
		return fyne.MeasureText(l.text, size, l.Style)
	}
	return fyne.NewSize(max(l.min, 16), fyne.MeasureText("Ág", size, l.Style).Height)
}

// AccessibilityLabel returns the text.
func (l *Label) AccessibilityLabel() string { return l.text }

// AccessibilityRole says that this is text.
func (l *Label) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// MouseIn starts the wait for the tooltip.
func (l *Label) MouseIn(e *desktop.MouseEvent) { l.MouseMoved(e) }

// MouseMoved moves it.
func (l *Label) MouseMoved(e *desktop.MouseEvent) {
	switch {
	case l.tips == nil:
	case l.Tip != "":
		l.tips.Hover(l, l.Tip, e.AbsolutePosition)
	case l.cut:
		l.tips.Hover(l, l.text, e.AbsolutePosition)
	}
}

// MouseOut ends it.
func (l *Label) MouseOut() {
	if l.tips != nil {
		l.tips.Leave(l)
	}
}

// CreateRenderer draws the text.
func (l *Label) CreateRenderer() fyne.WidgetRenderer {
	r := &labelRenderer{l: l, text: canvas.NewText("", nil)}
	r.Refresh()
	return r
}

type labelRenderer struct {
	l    *Label
	text *canvas.Text
}

func (r *labelRenderer) Layout(s fyne.Size) {
	size := theme.Size(r.l.Rank)
	shown := Ellipsis(r.l.text, s.Width, size, r.l.Style)
	r.l.cut = shown != r.l.text
	if r.text.Text != shown {
		r.text.Text = shown
		r.text.Refresh()
	}
	h := r.text.MinSize().Height
	r.text.Move(fyne.NewPos(0, (s.Height-h)/2))
	r.text.Resize(fyne.NewSize(s.Width, h))
}

func (r *labelRenderer) MinSize() fyne.Size           { return r.l.MinSize() }
func (r *labelRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.text} }
func (r *labelRenderer) Destroy()                     {}
func (r *labelRenderer) Refresh() {
	r.text.Color = colour(r.l.Colour)
	r.text.TextSize = theme.Size(r.l.Rank)
	r.text.TextStyle = r.l.Style
	r.text.Alignment = r.l.Align
	r.Layout(r.l.Size())
	r.text.Refresh()
}

// Ellipsis returns text, cut to fit the width and ended by an ellipsis where it must be.
func Ellipsis(text string, width, size float32, style fyne.TextStyle) string {
	if text == "" || width <= 0 || fyne.MeasureText(text, size, style).Width <= width+0.5 {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)-1
	for low < high {
		mid := (low + high + 1) / 2
		if fyne.MeasureText(string(runes[:mid])+"…", size, style).Width <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}
