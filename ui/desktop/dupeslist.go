package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// Measures of the list of duplicates.
const (
	dupeWidth  = 208 // of a photo's column
	dupeThumb  = 132 // height of a thumbnail
	dupeGap    = 12
	dupeMargin = 12
	dupeHead   = 60
	dupeCellH  = dupeThumb + 4 + 3*17
	dupeRowH   = 2*dupeMargin + dupeHead + dupeCellH + 8
)

// groupList is the list of groups: as many rows as are in sight, whatever the number of
// groups. The focus is on one photo of one group.
type groupList struct {
	widget.List
	p       *dupesPage
	focused bool
}

func newGroupList(p *dupesPage) *groupList {
	l := &groupList{p: p}
	l.HideSeparators = true
	l.Length = func() int { return len(p.shown) }
	l.CreateItem = func() fyne.CanvasObject { return newGroupRow(p) }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) { o.(*groupRow).set(i) }
	l.OnSelected = func(i widget.ListItemID) {
		l.UnselectAll() // the frame around a photo shows where the focus is
		l.goTo(i, 0)
	}
	l.ExtendBaseWidget(l)
	return l
}

// goTo puts the focus on a photo and brings it into sight.
func (l *groupList) goTo(group, member int) {
	p := l.p
	if len(p.shown) == 0 {
		return
	}
	p.at = min(max(group, 0), len(p.shown)-1)
	g := p.shown[p.at]
	p.member = min(max(member, 0), len(g.Members)-1)
	columns := l.columns()
	g.from = min(max(g.from, p.member-columns+1), p.member)
	l.ScrollTo(p.at)
	l.Refresh()
	p.w.chosenChanged()
}

// columns is how many photos of a group fit side by side.
func (l *groupList) columns() int { return columnsIn(l.Size().Width) }

func columnsIn(width float32) int {
	return max(int((width-2*dupeMargin-16+dupeGap)/(dupeWidth+dupeGap)), 1)
}

// FocusGained shows the frame of the focus.
func (l *groupList) FocusGained() {
	l.focused = true
	l.Refresh()
}

// FocusLost hides it.
func (l *groupList) FocusLost() {
	l.focused = false
	l.Refresh()
}

// AccessibilityLabel says which photo has the focus, and what becomes of it.
func (l *groupList) AccessibilityLabel() string {
	g := l.p.focused()
	if g == nil {
		return l.p.line.Text()
	}
	return groupText(g) + ", " + baseName(g.Members[l.p.member].Path) + ", " + g.state(l.p.member)
}

// AccessibilityRole says that the list holds other things.
func (l *groupList) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// state names what becomes of a member, "" where nothing is decided.
func (g *dupeGroup) state(member int) string {
	switch {
	case member == g.best:
		return tr("Best")
	case g.keep[member]:
		return tr("Stays too")
	}
	return ""
}

// TypedKey moves the focus and acts on the group.
func (l *groupList) TypedKey(e *fyne.KeyEvent) {
	p := l.p
	page := max(int(l.Size().Height/dupeRowH), 1)
	switch e.Name {
	case fyne.KeyUp:
		l.goTo(p.at-1, 0)
	case fyne.KeyDown:
		l.goTo(p.at+1, 0)
	case fyne.KeyPageUp:
		l.goTo(p.at-page, 0)
	case fyne.KeyPageDown:
		l.goTo(p.at+page, 0)
	case fyne.KeyHome:
		l.goTo(0, 0)
	case fyne.KeyEnd:
		l.goTo(len(p.shown)-1, 0)
	case fyne.KeyLeft:
		l.goTo(p.at, p.member-1)
	case fyne.KeyRight:
		l.goTo(p.at, p.member+1)
	case fyne.KeyReturn, fyne.KeyEnter:
		p.compare(p.member)
	case fyne.KeySpace: // comes as a character
	default:
		p.w.typedKey(e)
	}
}

// TypedRune acts on the group with the focus.
func (l *groupList) TypedRune(r rune) {
	p := l.p
	g := p.focused()
	if g == nil {
		p.w.typedRune(r)
		return
	}
	switch r {
	case 'c', 'C':
		p.choose(g, p.member)
	case ' ':
		p.keepToo(g, p.member)
	case 'k', 'K':
		p.keepAll(g)
	case 's', 'S':
		p.skip(g)
	default:
		p.w.typedRune(r)
	}
}

// groupRow draws one group: what it is, what can be done, and its photos side by side.
type groupRow struct {
	widget.BaseWidget
	p       *dupesPage
	group   *dupeGroup
	at      int
	under   *look.Fill // hides the toolkit's mark of the row under the pointer
	card    *look.Fill
	kind    *look.Label
	alike   *look.Label // why they are thought alike
	why     *look.Label
	more    *look.Label
	back    *look.Button
	forth   *look.Button
	keep    *look.Button
	skip    *look.Button
	trash   *look.Button
	buttons *fyne.Container
	cells   []*dupeCell
	content *fyne.Container
}

func newGroupRow(p *dupesPage) *groupRow {
	t := p.w.tips
	r := &groupRow{p: p, under: look.NewFill(theme.ColorNameBackground), card: look.NewCard(look.ColourSurface, look.ColourLine, 6), kind: t.NewLabel(""), alike: t.NewSmall(""), why: t.NewSmall(""), more: t.NewSmall("")}
	r.kind.Style.Bold = true
	r.more.Whole()
	act := func(f func(g *dupeGroup)) func() {
		return func() {
			if r.group != nil {
				p.at, p.member = r.at, min(p.member, len(r.group.Members)-1)
				p.w.focus(p.list)
				f(r.group)
			}
		}
	}
	r.keep = t.NewText(tr("Keep all"), tr("They are different: keep all and do not propose them again (K)"), act(p.keepAll)).Outlined().Sized(26)
	r.skip = t.NewText(tr("Skip"), tr("Leave this group for later (S)"), act(p.skip)).Outlined().Sized(26)
	r.trash = t.NewText("", tr("Move all but the best, and those that stay too, to the system's trash (Delete)"), act(p.trash)).Outlined().Sized(26)
	r.back = t.NewIcon(theme.NavigateBackIcon(), tr("Previous photos of the group"), act(func(g *dupeGroup) { p.list.goTo(r.at, g.from-1) })).Sized(24)
	r.forth = t.NewIcon(theme.NavigateNextIcon(), tr("Next photos of the group"), act(func(g *dupeGroup) { p.list.goTo(r.at, g.from+p.list.columns()) })).Sized(24)
	r.buttons = container.NewHBox(container.NewCenter(r.back), container.NewCenter(r.more), container.NewCenter(r.forth),
		container.NewCenter(r.keep), container.NewCenter(r.skip), container.NewCenter(r.trash))
	r.content = container.New(groupLayout{r}, r.under, r.card, r.kind, r.alike, r.why, r.buttons)
	r.ExtendBaseWidget(r)
	return r
}

// set shows group i.
func (r *groupRow) set(i int) {
	if i >= len(r.p.shown) {
		return
	}
	g := r.p.shown[i]
	r.group, r.at = g, i
	r.kind.SetText(groupText(g))
	r.alike.SetText(alikeText(g.Kind))
	r.why.SetText(whyText(g))
	r.keep.Hidden = g.Kind == "exact"
	switch n := len(g.going()); n {
	case 0:
		r.trash.SetText(tr("All stay"))
	default:
		r.trash.SetText(trn("Move {{.N}} others to the trash", n, nil))
	}
	r.fill()
	r.buttons.Refresh()
	r.content.Layout.Layout(nil, r.Size())
}

// fill shows the photos that fit.
func (r *groupRow) fill() {
	if r.group == nil {
		return
	}
	g, columns := r.group, columnsIn(r.Size().Width+16)
	for len(r.cells) < columns {
		c := newDupeCell(r)
		r.cells = append(r.cells, c)
		r.content.Objects = append(r.content.Objects, c)
	}
	g.from = max(min(g.from, len(g.Members)-columns), 0)
	for k, c := range r.cells {
		if m := g.from + k; k < columns && m < len(g.Members) {
			c.set(g, m)
			c.Show()
		} else {
			c.Hide()
		}
	}
	several := len(g.Members) > columns
	r.more.SetText("")
	if several {
		r.more.SetText(tr("{{.From}}–{{.To}} of {{.N}}", with{"From": number(g.from + 1), "To": number(g.from + columns), "N": number(len(g.Members))}))
	}
	r.back.Hidden, r.forth.Hidden, r.more.Hidden = !several, !several, !several
}

func (r *groupRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.content) }

// AccessibilityLabel says what the group is.
func (r *groupRow) AccessibilityLabel() string {
	return r.kind.Text() + ". " + r.alike.Text() + " " + r.why.Text()
}

// AccessibilityRole says that the row holds other things.
func (r *groupRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// groupLayout places the parts of a row.
type groupLayout struct{ r *groupRow }

func (groupLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(280, dupeRowH) }

func (l groupLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	r := l.r
	if s.Width < 1 {
		return
	}
	const edge = 8
	r.under.Resize(s)
	r.card.Move(fyne.NewPos(edge, 0))
	r.card.Resize(fyne.NewSize(s.Width-2*edge, dupeRowH-8))
	r.fill()
	b := r.buttons.MinSize()
	r.buttons.Resize(b)
	r.buttons.Move(fyne.NewPos(s.Width-edge-dupeMargin-b.Width, dupeMargin-2))
	room := max(s.Width-2*edge-2*dupeMargin-b.Width-12, 40)
	r.kind.Move(fyne.NewPos(edge+dupeMargin, dupeMargin-4))
	r.kind.Resize(fyne.NewSize(room, 20))
	r.alike.Move(fyne.NewPos(edge+dupeMargin, dupeMargin+15))
	r.alike.Resize(fyne.NewSize(room, 18))
	r.why.Move(fyne.NewPos(edge+dupeMargin, dupeMargin+32))
	r.why.Resize(fyne.NewSize(s.Width-2*edge-2*dupeMargin, 18))
	for k, c := range r.cells {
		c.Move(fyne.NewPos(edge+dupeMargin+float32(k)*(dupeWidth+dupeGap), dupeMargin+dupeHead))
		c.Resize(fyne.NewSize(dupeWidth, dupeCellH))
	}
}
