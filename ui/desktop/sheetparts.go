package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// sheetButton is a button in a sheet; Esc on it closes the sheet.
func (w *window) sheetButton(text, name string, f func()) *look.Button {
	b := look.NewTips(w.loop).NewText(text, name, f).Outlined().Sized(28)
	b.OnKey = w.sheetKey
	return b
}

// sheetKey closes the sheet on Esc, from whatever in it has the focus.
func (w *window) sheetKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		w.closeSheet()
	}
}

// inRow puts objects beside each other, at their own width.
func inRow(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(8), objects...)
}

// secondary is a paragraph of second rank.
func secondary(text string) *look.Paragraph {
	p := look.NewParagraph(text)
	p.Colour = look.ColourSecondary
	return p
}

// cardOf puts a thin line around an object.
func cardOf(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(look.NewCard("", look.ColourLine, 6), container.New(layout.NewCustomPaddedLayout(10, 10, 14, 14), o))
}

// subheading is the heading of a part of a sheet.
func (w *window) subheading(text string) fyne.CanvasObject {
	l := look.NewTips(w.loop).NewLabel(text)
	l.Style.Bold = true
	return container.New(layout.NewCustomPaddedLayout(8, 0, 0, 0), l)
}

// withIcon puts an icon at the left of an object, beside its first line.
func withIcon(icon fyne.Resource, colour fyne.ThemeColorName, o fyne.CanvasObject) fyne.CanvasObject {
	i := widget.NewIcon(theme.NewColoredResource(icon, colour))
	return container.New(besideIcon{}, i, o)
}

// besideIcon lays out an icon and what stands beside it.
type besideIcon struct{}

const iconRoom = 28

func (besideIcon) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[1].MinSize()
	return fyne.NewSize(m.Width+iconRoom, max(m.Height, 18))
}

func (besideIcon) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Resize(fyne.NewSquareSize(18))
	o[1].Move(fyne.NewPos(iconRoom, 0))
	o[1].Resize(fyne.NewSize(s.Width-iconRoom, s.Height))
}

// flow lays objects out below each other at the width there is, twice: the height of a
// paragraph follows from its width.
type flow struct{ gap float32 }

func (f flow) MinSize(o []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, x := range o {
		if x.Visible() {
			m := x.MinSize()
			s = fyne.NewSize(max(s.Width, m.Width), s.Height+m.Height+f.gap)
		}
	}
	return s
}

func (f flow) Layout(o []fyne.CanvasObject, s fyne.Size) {
	y := float32(0)
	for _, x := range o {
		if !x.Visible() {
			continue
		}
		x.Resize(fyne.NewSize(s.Width, x.MinSize().Height))
		h := x.MinSize().Height
		x.Resize(fyne.NewSize(s.Width, h))
		x.Move(fyne.NewPos(0, y))
		y += h + f.gap
	}
}

// inSight scrolls as little as brings an object of what scrolls into sight.
func inSight(s *container.Scroll, o fyne.CanvasObject) {
	top, height := o.Position().Y, o.Size().Height
	s.ScrollToOffset(fyne.NewPos(0, min(max(s.Offset.Y, top+height-s.Size().Height), top)))
}

// sheetList is a list in a sheet: Enter does what its rows are for, Esc closes the sheet.
type sheetList struct {
	widget.List
	OnEnter  func(i int)
	OnEscape func()
	at       int
}

func newSheetList(length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *sheetList {
	l := &sheetList{}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.OnHighlighted = func(i widget.ListItemID) { l.at = i }
	l.OnSelected = func(i widget.ListItemID) { l.at = i }
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// TypedKey gives Enter and Esc away.
func (l *sheetList) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if l.OnEnter != nil && l.at < l.Length() {
			l.OnEnter(l.at)
		}
	case fyne.KeyEscape:
		call(l.OnEscape)
	default:
		l.List.TypedKey(e)
	}
}
