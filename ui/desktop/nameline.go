package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// nameLine asks for a name, in the place where it is needed: a field, a button, and a sentence
// where the name will not do.
type nameLine struct {
	Content *fyne.Container
	Field   *field

	OnSave  func(name string)
	OnDone  func() // it was closed: the keyboard goes back
	OnShape func()
	OnFocus func(fyne.Focusable) // gives the keyboard to something

	label   *look.Label
	problem *look.Paragraph
}

func newNameLine(tips *look.Tips) *nameLine {
	n := &nameLine{Field: newField(tr("Name of the album")), label: tips.NewSmall("").Whole(), problem: look.NewParagraph("")}
	n.problem.Colour, n.problem.Rank = theme.ColorNameError, look.SizeSmallText
	save := widget.NewButton(tr("Save"), func() { n.submit() })
	save.Importance = widget.HighImportance
	n.Field.OnSubmitted = func(string) { n.submit() }
	n.Field.OnEscape = n.close
	n.Field.OnChanged = func(string) { n.Fail("") }
	cross := tips.NewIcon(look.Cross.Resource(), tr("Do not save (Esc)"), n.close)
	line := container.New(layout.NewCustomPaddedHBoxLayout(8), container.NewCenter(n.label), container.New(nameBox{}, n.Field), save, container.NewCenter(cross))
	n.Content = container.New(layout.NewCustomPaddedLayout(6, 2, 0, 0), container.New(&column{grow: -1}, line, n.problem))
	n.Content.Hide()
	return n
}

// Ask shows the line.
func (n *nameLine) Ask(label, name string) {
	n.label.SetText(label)
	n.Field.SetText(name)
	n.Fail("")
	n.Content.Show()
	call(n.OnShape)
	// The driver does not know yet on which canvas a field is that was never drawn.
	if n.OnFocus != nil {
		n.OnFocus(n.Field)
	}
	n.Field.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// Fail says why the name will not do; "" takes that away.
func (n *nameLine) Fail(why string) {
	if n.problem.Text() == why {
		return
	}
	n.problem.SetText(why)
	n.problem.Hidden = why == ""
	call(n.OnShape)
}

func (n *nameLine) submit() {
	if n.OnSave != nil {
		n.OnSave(n.Field.Text)
	}
}

// Hide takes the line away.
func (n *nameLine) Hide() {
	if n.Content.Visible() {
		n.Content.Hide()
		call(n.OnShape)
	}
}

func (n *nameLine) close() {
	n.Hide()
	call(n.OnDone)
}

// nameBox gives the field for a name its width.
type nameBox struct{}

func (nameBox) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(280, o[0].MinSize().Height)
}
func (nameBox) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }
