package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/desktop/look"
)

// linesShown is how many lines of the text in a picture are shown until a person asks for all.
const linesShown = 8

// textSection shows the text that was read in a picture. It can be marked and copied.
type textSection struct {
	OnCopy func(text string)

	Content *fyne.Container
	text    *widget.Label
	more    *look.Button
	copy    *widget.Button
	photo   library.PhotoID
	lines   []string
	all     bool
}

func newTextSection(tips *look.Tips) *textSection {
	s := &textSection{text: widget.NewLabel("")}
	s.text.Selectable = true
	s.text.Wrapping = fyne.TextWrapWord
	s.more = tips.NewText("", tr("Show the whole text"), func() {
		s.all = true
		s.show()
	}).Coloured(look.ColourSecondary)
	s.copy = widget.NewButtonWithIcon(tr("Copy"), theme.ContentCopyIcon(), func() {
		if s.OnCopy != nil {
			s.OnCopy(strings.Join(s.lines, "\n"))
		}
	})
	s.Content = container.New(layout.NewCustomPaddedVBoxLayout(4), tips.NewHeading(tr("Text in the picture")), s.text,
		container.NewHBox(s.copy, s.more))
	return s
}

// Set shows the lines of a photo.
func (s *textSection) Set(photo library.PhotoID, lines []library.TextLine) {
	if s.photo != photo {
		s.photo, s.all = photo, false
	}
	s.lines = nil
	for _, l := range lines {
		s.lines = append(s.lines, l.Text)
	}
	s.show()
}

func (s *textSection) show() {
	shown := s.lines
	if rest := len(s.lines) - linesShown; rest > 0 && !s.all {
		shown = s.lines[:linesShown]
		s.more.SetText(trn("{{.N}} lines more", rest, nil))
		s.more.Show()
	} else {
		s.more.Hide()
	}
	s.text.SetText(strings.Join(shown, "\n"))
	s.Content.Refresh()
}
