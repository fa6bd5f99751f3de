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
	p.got, p.text = c, text
	p.rows.Objects = nil
	for i, x := range c.Proposals {
		said := x.Help
		if x.Whole {
			said = tr("searched for before")
		}
		help := p.bar.tips.NewSmall(said).Whole()
		help.Colour = look.ColourSecondary
		p.rows.Add(container.New(layout.NewCustomPaddedHBoxLayout(8),
			p.bar.tips.NewText(x.Text, "", func() { p.take(i); p.Hide(); p.bar.focus() }), container.NewCenter(help)))
	}
	p.card.Hidden = len(c.Proposals) == 0
	p.Layer.Refresh()
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
