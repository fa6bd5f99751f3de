package desktop

import (
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/desktop/look"
)

// altLimit is how long an alt text may be, in characters (IPTC Photo Metadata 2021.1).
const altLimit = 250

// textArea is an entry of several lines that tells when the focus leaves it.
type textArea struct {
	widget.Entry
	OnLeft, OnEscape func()
}

func newTextArea() *textArea {
	t := &textArea{}
	t.MultiLine = true
	t.Wrapping = fyne.TextWrapWord
	t.ExtendBaseWidget(t)
	return t
}

// FocusLost tells that the focus left.
func (t *textArea) FocusLost() {
	t.Entry.FocusLost()
	if t.OnLeft != nil {
		t.OnLeft()
	}
}

// TypedKey gives Esc away.
func (t *textArea) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape && t.OnEscape != nil {
		t.OnEscape()
		return
	}
	t.Entry.TypedKey(e)
}

// AcceptsTab leaves Tab to the order of focus: an alt text has no tabs.
func (t *textArea) AcceptsTab() bool { return false }

// altEditor shows an alt text, its state, and lets a person change and approve it.
type altEditor struct {
	OnChange  func(photo library.PhotoID, text string) // the person changed the text
	OnApprove func()
	OnCopy    func(text string)
	OnDone    func() // Esc

	Content *fyne.Container
	Field   *textArea
	state   *look.Label
	mark    *widget.Icon
	length  *look.Label
	approve *widget.Button
	photo   library.PhotoID
	saved   string
}

func newAltEditor(tips *look.Tips) *altEditor {
	a := &altEditor{Field: newTextArea(), state: tips.NewSmall("").Whole(), length: tips.NewSmall("").Whole(), mark: widget.NewIcon(nil)}
	a.Field.SetMinRowsVisible(4)
	a.Field.OnChanged = func(string) { a.count() }
	a.Field.OnLeft = a.Save
	a.Field.OnEscape = func() {
		if a.OnDone != nil {
			a.OnDone()
		}
	}
	a.approve = widget.NewButton(tr("Approve"), func() {
		a.Save()
		if a.OnApprove != nil {
			a.OnApprove()
		}
	})
	copying := widget.NewButtonWithIcon(tr("Copy"), theme.ContentCopyIcon(), func() {
		if a.OnCopy != nil {
			a.OnCopy(a.Field.Text)
		}
	})
	head := container.NewBorder(nil, nil, tips.NewHeading(tr("Alt text")).Whole(),
		container.NewHBox(container.NewCenter(a.mark), container.NewCenter(a.state)))
	a.Content = container.New(layout.NewCustomPaddedVBoxLayout(8), head, a.Field,
		container.NewBorder(nil, nil, container.NewHBox(a.approve, copying), container.NewCenter(a.length)))
	return a
}

// Set shows the alt text of a photo. What the person is typing is not overwritten.
func (a *altEditor) Set(photo library.PhotoID, t library.AltText) {
	typing := a.photo == photo && a.Field.Text != a.saved
	if a.photo != photo {
		a.Save()
	}
	a.photo = photo
	if !typing {
		a.saved = t.Text
		if a.Field.Text != t.Text {
			a.Field.SetText(t.Text)
		}
	}
	switch t.State {
	case library.AltApproved:
		a.state.SetText(tr("Approved"))
		a.mark.SetResource(theme.NewColoredResource(look.Check.Resource(), look.ColourSecondary))
	case library.AltEdited:
		a.state.SetText(tr("Edited, not yet approved"))
		a.mark.SetResource(theme.NewColoredResource(theme.DocumentCreateIcon(), look.ColourSecondary))
	default:
		a.state.SetText(tr("Draft, please check"))
		a.mark.SetResource(theme.NewColoredResource(theme.WarningIcon(), look.ColourSecondary))
	}
	if t.State == library.AltApproved {
		a.approve.Disable()
		a.approve.Importance = widget.MediumImportance
	} else {
		a.approve.Enable()
		a.approve.Importance = widget.HighImportance
	}
	a.approve.Refresh()
	a.count()
}

// Save hands over what the person typed, if anything.
func (a *altEditor) Save() {
	if a.photo == 0 || a.Field.Text == a.saved {
		return
	}
	a.saved = a.Field.Text
	if a.OnChange != nil {
		a.OnChange(a.photo, a.Field.Text)
	}
}

// Dirty says whether there is text that was not handed over.
func (a *altEditor) Dirty() bool { return a.photo != 0 && a.Field.Text != a.saved }

func (a *altEditor) count() {
	n := utf8.RuneCountInString(a.Field.Text)
	a.length.SetText(tr("{{.N}} of {{.Limit}}", with{"N": number(n), "Limit": number(altLimit)}))
	if n > altLimit {
		a.length.SetColour(theme.ColorNameError)
	} else {
		a.length.SetColour(look.ColourSecondary)
	}
	if a.Field.Text != a.saved {
		a.approve.Enable()
	}
}
