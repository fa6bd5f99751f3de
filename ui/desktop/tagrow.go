package desktop

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/desktop/look"
)

// tagRow is a tag in the detail pane: solid when a person confirmed it, outlined while it is
// a suggestion, plain text when it was rejected.
type tagRow struct {
	widget.BaseWidget
	tag     library.Tag
	card    *look.Fill
	content *fyne.Container
	tapped  func()
}

// confidenceText says a confidence in words, with the number.
func confidenceText(c float64) string {
	word := tr("unsure")
	switch look.Level(c) {
	case 3:
		word = tr("sure")
	case 2:
		word = tr("likely")
	case 1:
		word = tr("maybe")
	}
	return fmt.Sprintf("%s, %.2f", word, c)
}

// tagActions are what a person can do with a tag.
type tagActions struct {
	confirm, reject, clear func(library.Tag)
	choose                 func(library.Tag)
}

func newTagRow(tips *look.Tips, t library.Tag, act tagActions) *tagRow {
	r := &tagRow{tag: t}
	name := tips.NewLabel(t.Name)
	name.Tip = t.Set + ": " + t.Name
	icon := func(i look.Icon, c fyne.ThemeColorName) fyne.CanvasObject {
		return widget.NewIcon(theme.NewColoredResource(i.Resource(), c))
	}
	button := func(i look.Icon, what string, f func(library.Tag)) *look.Button {
		return tips.NewIcon(i.Resource(), what, func() { f(t) }).Sized(24)
	}
	data := with{"Tag": quoted(t.Name)}
	switch t.State {
	case library.Confirmed:
		r.card = look.NewCard(look.ColourMark, "", 6)
		r.content = container.NewBorder(nil, nil, icon(look.Check, theme.ColorNameForeground),
			button(look.Cross, tr("Take the tag {{.Tag}} away", data), act.clear), name)
	case library.Rejected:
		name.Colour = look.ColourSecondary
		r.card = look.NewCard("", "", 6)
		r.content = container.NewBorder(nil, nil, icon(look.Cross, look.ColourSecondary),
			tips.NewIcon(theme.ContentUndoIcon(), tr("Do not reject {{.Tag}} any longer", data), func() { act.clear(t) }).Sized(24), name)
	default:
		r.card = look.NewCard(look.ColourSurface, look.ColourControl, 6)
		buttons := container.NewHBox(
			button(look.Check, tr("Confirm {{.Tag}} (Y)", data), act.confirm), button(look.Cross, tr("Reject {{.Tag}} (N)", data), act.reject),
		)
		r.content = container.NewBorder(nil, nil, container.NewHBox(container.NewCenter(tips.NewBars(t.Confidence, confidenceText(t.Confidence)))), buttons, name)
		r.tapped = func() { act.choose(t) }
	}
	r.ExtendBaseWidget(r)
	return r
}

// mark shows that Y and N are about this suggestion.
func (r *tagRow) mark(on bool) {
	r.card.Outline = look.ColourControl
	if on {
		r.card.Outline = theme.ColorNamePrimary
	}
	r.card.Refresh()
}

// Tapped makes Y and N be about this suggestion.
func (r *tagRow) Tapped(*fyne.PointEvent) {
	if r.tapped != nil {
		r.tapped()
	}
}

// AccessibilityLabel names the tag and its state.
func (r *tagRow) AccessibilityLabel() string { return r.tag.Name + ", " + string(r.tag.State) }

// AccessibilityRole says that this holds the buttons of the tag.
func (r *tagRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

func (r *tagRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.card, container.New(rowPadding{}, r.content)))
}

// rowPadding keeps the content of a row from its edge and makes rows equally high.
type rowPadding struct{}

func (rowPadding) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(o[0].MinSize().Width+12, 30)
}

func (rowPadding) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Move(fyne.NewPos(9, 2))
	o[0].Resize(fyne.NewSize(s.Width-13, s.Height-4))
}
