package desktop

import (
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// proposals shows below the search box how its text may go on. It lies in a layer of the
// window's content, so that the grid below does not move and the box keeps the focus.
type proposals struct {
	Layer *fyne.Container

	bar   *searchBar
	rows  *fyne.Container
	card  *fyne.Container
	got   app.Completion
	text  string // what was in the box when they were asked for
	taken int    // the proposal that stands in the box; -1: none

	recent bool // they are what was searched for lately, asked for by Down
	// OnForget erases one of those, OnClear all; OnStop erases all and ends remembering.
	OnForget        func(text string)
	OnClear, OnStop func()
	taps            []*look.Button // of the proposals, in their order
}

func newProposals(bar *searchBar) *proposals {
	p := &proposals{bar: bar, taken: -1}
	p.rows = container.New(&column{grow: -1})
	p.card = container.NewStack(look.NewCard(look.ColourSurface, look.ColourControl, 6),
		container.New(layout.NewCustomPaddedLayout(4, 4, 8, 12), p.rows))
	p.card.Hide()
	p.Layer = container.New(belowBox{bar.Box}, p.card)
	return p
}

// Show shows what was found for a text, unless the text has changed since.
func (p *proposals) Show(text string, c app.Completion) {
	if text != p.bar.Box.Text || p.taken >= 0 {
		return
	}
	p.got, p.text, p.recent = c, text, false
	p.fill()
}

// ShowRecent shows what was searched for lately, below the empty box; the first stands in it.
func (p *proposals) ShowRecent(found []string) {
	if p.bar.Box.Text != "" {
		return
	}
	p.got, p.text, p.recent = app.Completion{}, "", true
	for _, s := range found {
		p.got.Proposals = append(p.got.Proposals, app.Proposal{Text: s, Whole: true})
	}
	p.fill()
	p.Step(1)
}

// fill makes the rows.
func (p *proposals) fill() {
	p.rows.Objects, p.taps = nil, nil
	for i, x := range p.got.Proposals {
		shown := x.Text
		if r := []rune(shown); len(r) > 80 {
			shown = string(r[:79]) + "…"
		}
		tap := p.bar.tips.NewText(shown, x.Text, func() { p.take(i); p.Hide(); p.bar.now(); p.bar.focus() })
		p.taps = append(p.taps, tap)
		row := container.New(layout.NewCustomPaddedHBoxLayout(8), tap)
		switch {
		case p.recent:
			row.Add(layout.NewSpacer())
			row.Add(p.bar.tips.NewIcon(look.Cross.Resource(), tr("Forget the search {{.Query}} (Delete)", with{"Query": quoted(x.Text)}),
				func() { p.forget(i); p.bar.focus() }).Sized(20).Coloured(look.ColourSecondary))
		case x.Whole:
			row.Add(container.NewCenter(p.help(tr("searched for before"))))
		default:
			row.Add(container.NewCenter(p.help(x.Help)))
		}
		p.rows.Add(row)
	}
	if p.recent {
		p.rows.Add(look.NewLine())
		p.rows.Add(container.New(layout.NewCustomPaddedHBoxLayout(8),
			p.bar.tips.NewText(tr("Erase all searches"), tr("Erase all searches that are remembered"), func() { p.end(p.OnClear) }).Coloured(look.ColourSecondary),
			p.bar.tips.NewText(tr("Erase all and remember no more"), tr("Erase all searches, and remember none from now on"), func() { p.end(p.OnStop) }).Coloured(look.ColourSecondary)))
	}
	p.card.Hidden = len(p.got.Proposals) == 0
	p.Layer.Refresh()
}

func (p *proposals) help(text string) *look.Label {
	l := p.bar.tips.NewSmall(text).Whole()
	l.Colour = look.ColourSecondary
	return l
}

// end closes the list of searches, empties the box and does something with all of them.
func (p *proposals) end(do func()) {
	p.bar.SetText("")
	p.Hide()
	p.bar.now()
	p.bar.focus()
	call(do)
}

// Step puts the search after or before into the box, and reports whether searches are shown.
func (p *proposals) Step(by int) bool {
	if !p.recent || !p.card.Visible() {
		return false
	}
	if to := p.taken + by; to >= 0 && to < len(p.got.Proposals) {
		p.take(to)
	}
	return true
}

// Forget erases the search that stands in the box, and reports whether there is one.
func (p *proposals) Forget() bool {
	if !p.recent || !p.card.Visible() || p.taken < 0 {
		return false
	}
	p.forget(p.taken)
	return true
}

func (p *proposals) forget(i int) {
	if p.OnForget != nil {
		p.OnForget(p.got.Proposals[i].Text)
	}
	p.got.Proposals = append(p.got.Proposals[:i:i], p.got.Proposals[i+1:]...)
	if len(p.got.Proposals) == 0 {
		p.end(nil)
		return
	}
	p.fill()
	p.take(min(i, len(p.got.Proposals)-1))
}

// Next puts the next proposal into the box, as Tab does, and reports whether there is one.
// Behind the only one it is asked at once how the text may go on: with the values of a filter.
func (p *proposals) Next() bool {
	if !p.card.Visible() {
		return false
	}
	p.take((p.taken + 1) % len(p.got.Proposals))
	if len(p.got.Proposals) == 1 {
		p.bar.hideProposals()
		p.bar.ask()
	}
	return true
}

// take puts a proposal into the box, with the cursor behind it.
func (p *proposals) take(i int) {
	c := p.got
	if c.Start < 0 || c.Start > c.End || c.End > len(p.text) {
		return
	}
	p.taken = i
	for k, b := range p.taps {
		b.SetOn(k == i)
	}
	before, after := p.text[:c.Start]+c.Proposals[i].Text, p.text[c.End:]
	if c.Proposals[i].Whole {
		before, after = c.Proposals[i].Text, ""
	}
	p.bar.SetText(before + after)
	p.bar.Box.CursorColumn = utf8.RuneCountInString(before)
	p.bar.Box.Refresh()
	p.bar.wait()
}

// Hide takes the proposals away and reports whether there were any.
func (p *proposals) Hide() bool {
	p.taken = -1
	was := p.card.Visible()
	p.card.Hide()
	p.Layer.Refresh()
	return was
}

// Texts are the proposals that are to be seen.
func (p *proposals) Texts() []string {
	var out []string
	if p.card.Visible() {
		for _, x := range p.got.Proposals {
			out = append(out, x.Text)
		}
	}
	return out
}

// belowBox places what it holds below a widget.
type belowBox struct{ box fyne.CanvasObject }

func (belowBox) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (b belowBox) Layout(o []fyne.CanvasObject, s fyne.Size) {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b.box)
	for _, x := range o {
		m := x.MinSize()
		left := at.X + theme.Padding()
		x.Move(fyne.NewPos(left, at.Y+b.box.Size().Height+2))
		x.Resize(fyne.NewSize(min(max(m.Width, 280), max(s.Width-left-theme.Padding(), 0)), m.Height))
	}
}
