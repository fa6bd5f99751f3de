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
	// OnChange is called when the person changed the text or its longer companion.
	OnChange  func(photo library.PhotoID, text, long string)
	OnApprove func()
	OnCopy    func(text string)
	OnDone    func() // Esc

	Content *fyne.Container
	Field   *textArea // the alt text
	Long    *textArea // the extended description
	state   *look.Label
	mark    *widget.Icon
	length  *look.Label
	approve *widget.Button
	photo   library.PhotoID
	saved   altWords
	kept    map[library.PhotoID]altWords // too long to be handed over; shown again with their photo
}

// altWords are the two texts of the editor.
type altWords struct{ text, long string }

func newAltEditor(tips *look.Tips) *altEditor {
	a := &altEditor{Field: newTextArea(), Long: newTextArea(), kept: map[library.PhotoID]altWords{}, state: tips.NewSmall("").Whole(), length: tips.NewSmall("").Whole(), mark: widget.NewIcon(nil)}
	a.Field.SetMinRowsVisible(4)
	a.Long.SetMinRowsVisible(3)
	a.Long.SetPlaceHolder(tr("A longer description, for those who want to know more"))
	for _, f := range []*textArea{a.Field, a.Long} {
		f.OnChanged = func(string) { a.count() }
		f.OnLeft = a.Save
		f.OnEscape = func() { call(a.OnDone) }
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
		container.NewBorder(nil, nil, container.NewHBox(a.approve, copying), container.NewCenter(a.length)), a.Long)
	return a
}

// Set shows the alt text of a photo. What the person is typing is not overwritten.
func (a *altEditor) Set(photo library.PhotoID, t library.AltText) {
	typing := a.photo == photo && a.words() != a.saved
	if a.photo != photo {
		a.Save()
	}
	a.photo = photo
	if !typing {
		a.saved = altWords{t.Text, t.Extended}
		shown := a.saved
		if k, ok := a.kept[photo]; ok {
			shown = k
		}
		a.show(shown)
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

func (a *altEditor) words() altWords { return altWords{a.Field.Text, a.Long.Text} }

func (a *altEditor) show(w altWords) {
	if a.Field.Text != w.text {
		a.Field.SetText(w.text)
	}
	if a.Long.Text != w.long {
		a.Long.SetText(w.long)
	}
}

// Save hands over what the person typed, if anything. A text that is too long stays with
// its photo until it is shortened.
func (a *altEditor) Save() {
	w := a.words()
	if a.photo == 0 || w == a.saved {
		return
	}
	if utf8.RuneCountInString(w.text) > altLimit {
		a.kept[a.photo] = w
		return
	}
	delete(a.kept, a.photo)
	a.saved = w
	if a.OnChange != nil {
		a.OnChange(a.photo, w.text, w.long)
	}
}

// Take marks what is in the fields as handed over and returns it.
func (a *altEditor) Take() (text, long string) {
	a.saved = a.words()
	delete(a.kept, a.photo)
	return a.saved.text, a.saved.long
}

// Dirty says whether there is text that was not handed over.
func (a *altEditor) Dirty() bool { return a.photo != 0 && a.words() != a.saved }

func (a *altEditor) count() {
	n := utf8.RuneCountInString(a.Field.Text)
	a.length.SetText(tr("{{.N}} of {{.Limit}}", with{"N": number(n), "Limit": number(altLimit)}))
	if n > altLimit {
		a.length.SetColour(theme.ColorNameError)
	} else {
		a.length.SetColour(look.ColourSecondary)
	}
	if a.words() != a.saved {
		a.approve.Enable()
	}
}
