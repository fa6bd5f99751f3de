package desktop

import (
	"strings"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

// searchPause is how long typing rests before a search starts.
const searchPause = 150 * time.Millisecond

// field is a one-line entry whose Esc, Up and Down are given away.
type field struct {
	widget.Entry
	OnEscape, OnDown, OnUp func()
	OnLeft                 func() // the focus left
	OnTab                  func() // nil: Tab leads to the next widget
}

func newField(placeholder string) *field {
	f := &field{}
	f.PlaceHolder = placeholder
	f.Scroll = fyne.ScrollNone
	f.ExtendBaseWidget(f)
	return f
}

// TypedKey gives away what is not for the text.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	var to func()
	switch e.Name {
	case fyne.KeyEscape:
		to = f.OnEscape
	case fyne.KeyDown:
		to = f.OnDown
	case fyne.KeyUp:
		to = f.OnUp
	case fyne.KeyTab:
		to = f.OnTab
	}
	if to != nil {
		to()
		return
	}
	f.Entry.TypedKey(e)
}

// AcceptsTab reports whether Tab is for the text.
func (f *field) AcceptsTab() bool { return f.OnTab != nil }

// FocusLost tells that the focus left.
func (f *field) FocusLost() {
	f.Entry.FocusLost()
	if f.OnLeft != nil {
		f.OnLeft()
	}
}

// searchBar is the box, and the row below it with what was understood.
type searchBar struct {
	OnSearch func(text string) // after a pause in typing, or at once on Enter
	OnLeave  func()            // Esc in an empty box
	OnDown   func()            // into the grid
	OnSort   func(newest bool)
	// OnComplete asks how the text may go on at the cursor, a place in it in bytes.
	OnComplete func(text string, cursor int, show func(app.Completion))

	Box *field
	Row *fyne.Container // chips and problems; hidden without a query

	loop  *pace.Loop
	tips  *look.Tips
	stop  func()
	asks  func() // ends the wait before OnComplete
	may   *proposals
	last  string // what was searched for last
	quiet bool   // text set by code
	chips *fyne.Container
	said  *fyne.Container // problems and limits, a sentence each
	sort  *widget.Select
}

func newSearchBar(loop *pace.Loop, tips *look.Tips) *searchBar {
	s := &searchBar{loop: loop, tips: tips, Box: newField(tr("Describe a photo …"))}
	s.Box.Icon = theme.SearchIcon()
	clearing := tips.NewIcon(look.Cross.Resource(), tr("Clear the search (Esc)"), func() { s.SetText(""); s.now() }).Sized(24).Coloured(look.ColourSecondary)
	clearing.Hide()
	s.Box.ActionItem = clearing
	s.Box.OnChanged = func(text string) {
		if clearing.Hidden != (text == "") {
			clearing.Hidden = text == ""
			s.Box.Refresh()
		}
		if !s.quiet {
			s.hideProposals()
			s.wait()
			s.ask()
		}
	}
	s.may = newProposals(s)
	s.Box.OnLeft = func() { s.loop.After(searchPause, s.hideProposals) } // a click on one of them comes first
	s.Box.OnSubmitted = func(string) { s.hideProposals(); s.now() }
	s.Box.OnEscape = s.escape
	s.Box.OnDown = func() {
		s.hideProposals()
		s.now()
		if s.OnDown != nil {
			s.OnDown()
		}
	}
	s.sort = widget.NewSelect([]string{tr("Best match"), tr("Newest first")}, func(string) {
		if s.OnSort != nil {
			s.OnSort(s.sort.SelectedIndex() == 1)
		}
	})
	s.sort.Selected = tr("Best match")
	s.chips = container.New(layout.NewCustomPaddedHBoxLayout(6))
	s.said = container.New(&column{grow: -1})
	s.Row = container.New(layout.NewCustomPaddedLayout(0, 4, 54, 12), container.New(&column{grow: -1},
		container.NewBorder(nil, nil, nil, s.sort, container.New(chipRow{}, container.NewHScroll(s.chips))), s.said))
	s.Row.Hide()
	return s
}

// wait starts the pause after which the search begins.
func (s *searchBar) wait() {
	if s.stop != nil {
		s.stop()
	}
	s.stop = s.loop.After(searchPause, s.now)
}

// ask asks how the text may go on, when typing rests.
func (s *searchBar) ask() {
	if s.asks != nil {
		s.asks()
	}
	s.asks = s.loop.After(searchPause, func() {
		s.asks = nil
		text := s.Box.Text
		if s.OnComplete == nil || text == "" {
			return
		}
		cursor := len(string([]rune(text)[:min(s.Box.CursorColumn, utf8.RuneCountInString(text))]))
		s.OnComplete(text, cursor, func(c app.Completion) {
			s.may.Show(text, c)
			if len(c.Proposals) > 0 {
				s.Box.OnTab = func() { s.may.Next() }
			}
		})
	})
}

func (s *searchBar) hideProposals() {
	if s.asks != nil {
		s.asks()
		s.asks = nil
	}
	s.Box.OnTab = nil
	s.may.Hide()
}

// focus puts the focus into the box.
func (s *searchBar) focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(s.Box); c != nil {
		c.Focus(s.Box)
	}
}

// now searches at once, unless that is what was searched for last.
func (s *searchBar) now() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	text := strings.TrimSpace(s.Box.Text)
	if text == s.last {
		return
	}
	s.last = text
	if s.OnSearch != nil {
		s.OnSearch(text)
	}
}

func (s *searchBar) escape() {
	if s.may.card.Visible() {
		s.hideProposals()
		return
	}
	if s.Box.Text != "" {
		s.SetText("")
		s.now()
		return
	}
	if s.OnLeave != nil {
		s.OnLeave()
	}
}

// SetText changes the text without searching.
func (s *searchBar) SetText(text string) {
	s.quiet = true
	s.Box.SetText(text)
	s.Box.CursorColumn = len([]rune(text))
	s.quiet = false
}

// Reset empties the box and forgets the last search.
func (s *searchBar) Reset() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.hideProposals()
	s.SetText("")
	s.last = ""
	s.Row.Hide()
}

// ShowResult shows how a query was understood: chips that can be taken away, and problems.
func (s *searchBar) ShowResult(r app.SearchResult) {
	s.chips.Objects = nil
	for i, c := range r.Chips {
		s.chips.Add(s.chip(c, app.WithoutChip(r.Chips, i)))
	}
	s.said.Objects = nil
	for _, p := range r.Problems {
		text := p.Sentence
		if at := spot(s.last, p.Start, p.End); at != "" { // r.Query may be written otherwise
			text += " " + at
		}
		s.say(text, theme.ColorNameError)
	}
	for _, n := range r.Notes {
		s.say(n, look.ColourSecondary)
	}
	s.said.Refresh()
	s.chips.Refresh()
	s.Row.Show()
}

// say adds a sentence below the chips.
func (s *searchBar) say(text string, colour fyne.ThemeColorName) {
	p := look.NewParagraph(text)
	p.Colour, p.Rank = colour, look.SizeSmallText
	s.said.Add(p)
}

// chip is one understood part of a query; rest is the query without it.
func (s *searchBar) chip(text, rest string) fyne.CanvasObject {
	l := s.tips.NewSmall(text).Whole()
	l.Colour = theme.ColorNameForeground
	x := s.tips.NewIcon(look.Cross.Resource(), tr("Search without {{.Part}}", with{"Part": quoted(text)}), func() {
		s.SetText(rest)
		s.now()
	}).Sized(20).Coloured(look.ColourSecondary)
	return container.NewCenter(container.NewStack(
		look.NewCard(look.ColourSurface, look.ColourControl, 12),
		container.New(layout.NewCustomPaddedLayout(2, 2, 10, 4), container.New(layout.NewCustomPaddedHBoxLayout(4), container.NewCenter(l), container.NewCenter(x))),
	))
}

// spot marks the part of a query that a problem is about.
func spot(query string, start, end int) string {
	if start < 0 || start >= len(query) || end <= start {
		return ""
	}
	end = min(end, len(query))
	return tr("Here: {{.Part}}", with{"Part": quoted(strings.ToValidUTF8(query[start:end], ""))})
}

// chipRow keeps the row of chips as high as one.
type chipRow struct{}

func (chipRow) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(80, 28) }

func (chipRow) Layout(o []fyne.CanvasObject, s fyne.Size) {
	h := max(o[0].MinSize().Height, 28)
	o[0].Move(fyne.NewPos(0, (s.Height-h)/2))
	o[0].Resize(fyne.NewSize(s.Width, h))
}
