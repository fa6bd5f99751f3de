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

// searchBar is the box, and the row below it with what was understood.
type searchBar struct {
	OnSearch func(text string) // after a pause in typing, or at once on Enter
	OnTyped  func()            // somebody typed in the box
	OnLeave  func()            // Esc in an empty box
	OnDown   func()            // into the grid
	OnSort   func(newest bool)
	OnSave   func()            // the search is to be saved as an album
	OnKeep   func(text string) // a search that was meant: it is to be remembered
	// OnRecent asks for what was searched for lately.
	OnRecent func(show func([]string))
	OnModels func() // to choose a model that knows the query's language
	// OnComplete asks how the text may go on at the cursor, a place in it in bytes.
	OnComplete func(text string, cursor int, show func(app.Completion))

	Box *field
	In  fyne.CanvasObject // holds the box
	Row *fyne.Container   // chips and problems; hidden without a query

	loop   *pace.Loop
	tips   *look.Tips
	stop   func()
	asks   func() // ends the wait before OnComplete
	may    *proposals
	last   string // what was searched for last
	marks  []span // mistakes in marked
	marked string
	quiet  bool // text set by code
	chips  *chipRow
	said   *fyne.Container // problems and limits, a sentence each
	save   *nameLine       // asks for the name of a search that is to be saved
	sort   *widget.Select
}

func newSearchBar(loop *pace.Loop, tips *look.Tips) *searchBar {
	s := &searchBar{loop: loop, tips: tips, Box: newField(tr("Describe a photo …"))}
	s.Box.Icon = theme.SearchIcon()
	clearing := tips.NewIcon(look.Cross.Resource(), tr("Clear the search (Esc)"), func() { s.SetText(""); s.now() }).Sized(24).Coloured(look.ColourSecondary)
	clearing.Hide()
	s.Box.ActionItem = clearing
	s.In = container.NewThemeOverride(s.Box, withoutBars{})
	s.Box.OnChanged = func(text string) {
		if clearing.Hidden != (text == "") {
			clearing.Hidden = text == ""
			s.Box.Refresh()
		}
		if !s.quiet {
			call(s.OnTyped)
			s.hideProposals()
			s.Box.Mark(s.unchanged()...)
			s.wait()
			s.ask()
		}
	}
	s.may = newProposals(s)
	s.Box.OnLeft = func() {
		s.loop.After(searchPause, func() { // a click on one of them comes first
			if c := fyne.CurrentApp().Driver().CanvasForObject(s.Box); c == nil || c.Focused() != fyne.Focusable(s.Box) {
				s.hideProposals()
			}
		})
	}
	s.Box.OnSubmitted = func(string) {
		s.hideProposals()
		s.now()
		if s.OnKeep != nil && s.last != "" {
			s.OnKeep(s.last)
		}
	}
	s.Box.OnEscape = s.escape
	s.Box.OnUp = func() { s.may.Step(-1) }
	s.Box.OnDelete = func() bool { return s.may.Forget() }
	s.Box.OnDown = func() {
		if s.may.Step(1) {
			return
		}
		if s.Box.Text == "" && s.OnRecent != nil {
			s.OnRecent(func(found []string) {
				if len(found) > 0 {
					s.may.ShowRecent(found)
				} else {
					call(s.OnDown)
				}
			})
			return
		}
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
	s.chips = newChipRow(tips)
	s.chips.OnLeave = s.focus
	s.save = newNameLine(tips)
	saving := container.NewCenter(tips.NewText(tr("Save this search"), tr("Save this search as an album (Ctrl+S)"), func() { call(s.OnSave) }))
	s.said = container.New(&column{grow: -1})
	s.Row = container.New(layout.NewCustomPaddedLayout(0, 4, 54, 12), container.New(&column{grow: -1},
		container.New(chipsBeside{}, s.chips.Content, container.NewHBox(saving, s.sort)), s.save.Content, s.said))
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
	s.save.Hide() // it was about another search
	if s.OnSearch != nil {
		s.OnSearch(text)
	}
}

func (s *searchBar) escape() {
	if s.may.card.Visible() {
		if s.may.recent {
			s.SetText("")
			s.now()
		}
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
	if s.Box.SelectedText() != "" { // what is typed next would take the place of what was chosen
		s.Box.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	}
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
	s.Box.Mark()
	s.marks = nil
	s.save.Hide()
	s.Row.Hide()
}

// ShowResult shows how a query was understood: chips that can be taken away, and problems.
func (s *searchBar) ShowResult(r app.SearchResult) {
	s.chips.OnTake = func(i int) {
		s.SetText(app.WithoutChip(r.Chips, i))
		s.now()
	}
	s.chips.Show(r)
	s.said.Objects = nil
	for _, p := range r.Problems {
		text := p.Sentence
		if at := spot(s.last, p.Start, p.End); at != "" { // r.Query may be written otherwise
			text += " " + at
		}
		s.say(text, theme.ColorNameError)
	}
	if r.DidYouMean != "" {
		s.offer(tr("Did you mean {{.Query}}?", with{"Query": quoted(r.DidYouMean)}), func() {
			s.SetText(r.DidYouMean)
			s.focus()
			s.now()
		})
	}
	for _, n := range r.Notes {
		s.say(n, look.ColourSecondary)
	}
	if r.Language != "" && s.OnModels != nil {
		s.offer(tr("Choose another model …"), s.OnModels)
	}
	s.said.Refresh()
	s.markMistakes(r.Problems)
	s.Row.Show()
}

// markMistakes marks in the box the spots that mistakes are about.
func (s *searchBar) markMistakes(problems []app.SearchProblem) {
	s.marked, s.marks = s.Box.Text, spansOf(s.last, s.Box.Text, problems)
	s.Box.Mark(s.unchanged()...)
}

// spansOf finds the spots of a query that mistakes are about in the text that holds it.
func spansOf(query, text string, problems []app.SearchProblem) []span {
	from := strings.Index(text, query)
	var out []span
	for _, p := range problems {
		if from < 0 || p.Start < 0 || p.End > len(query) || p.End <= p.Start {
			continue // it is about nothing that stands there
		}
		before := utf8.RuneCountInString(text[:from+p.Start])
		out = append(out, span{before, before + utf8.RuneCountInString(query[p.Start:p.End])})
	}
	return out
}

// unchanged are the marks up to which the text is still the one that they were made for.
func (s *searchBar) unchanged() []span {
	then, now := []rune(s.marked), []rune(s.Box.Text)
	same := 0
	for same < len(then) && same < len(now) && then[same] == now[same] {
		same++
	}
	var out []span
	for _, m := range s.marks {
		if m.end <= same {
			out = append(out, m)
		}
	}
	return out
}

// say adds a sentence below the chips.
func (s *searchBar) say(text string, colour fyne.ThemeColorName) {
	p := look.NewParagraph(text)
	p.Colour, p.Rank = colour, look.SizeSmallText
	s.said.Add(p)
}

// offer adds a line below the chips that does something, by a click or by the keyboard.
func (s *searchBar) offer(text string, do func()) {
	s.said.Add(container.New(layout.NewCustomPaddedLayout(3, 3, 0, 0), container.NewHBox(s.tips.NewText(text, text, do).Outlined())))
}

// spot marks the part of a query that a problem is about.
func spot(query string, start, end int) string {
	if start < 0 || start >= len(query) || end <= start {
		return ""
	}
	end = min(end, len(query))
	return tr("Here: {{.Part}}", with{"Part": quoted(strings.ToValidUTF8(query[start:end], ""))})
}

// chipsBeside lays out the chips and, at the top right, how results are sorted.
type chipsBeside struct{}

func (chipsBeside) MinSize(o []fyne.CanvasObject) fyne.Size {
	c, sort := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(c.Width+sort.Width+8, max(c.Height, sort.Height))
}

func (chipsBeside) Layout(o []fyne.CanvasObject, s fyne.Size) {
	m := o[1].MinSize()
	o[1].Move(fyne.NewPos(s.Width-m.Width, 0))
	o[1].Resize(m)
	h := o[0].MinSize().Height
	o[0].Move(fyne.NewPos(0, max((m.Height-chipHeight)/2, 0)))
	o[0].Resize(fyne.NewSize(s.Width-m.Width-8, h))
}
