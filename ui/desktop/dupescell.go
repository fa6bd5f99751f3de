package desktop

import (
	"image"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// twoClicks is how close two clicks are that open the viewer.
const twoClicks = 400 * time.Millisecond

// dupeCell shows one photo of a group: its picture whole, whether it stays, and its facts.
type dupeCell struct {
	widget.BaseWidget
	row     *groupRow
	group   *dupeGroup
	member  int
	pressed time.Time

	back    *look.Fill
	image   *canvas.Image
	frame   *canvas.Rectangle
	mark    *fyne.Container // "Best", "Stays too"
	icon    *widget.Icon
	word    *look.Label
	plate   *look.Fill
	best    *look.Button
	keep    *look.Button
	name    *look.Label
	facts   *look.Label
	place   *look.Label
	content *fyne.Container
}

func newDupeCell(r *groupRow) *dupeCell {
	t := r.p.w.tips
	c := &dupeCell{row: r, back: look.NewCard(theme.ColorNameBackground, "", 4), image: canvas.NewImageFromImage(nil), frame: canvas.NewRectangle(nil)}
	c.image.FillMode, c.image.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleFastest
	c.frame.StrokeWidth, c.frame.CornerRadius = 2, 5
	c.name, c.facts, c.place = t.NewLabel(""), t.NewSmall(""), t.NewSmall("")
	c.word = t.NewSmall("").Whole()
	c.icon = widget.NewIcon(nil)
	c.plate = look.NewCard(theme.ColorNamePrimary, "", 10)
	c.mark = container.NewStack(c.plate, container.New(layout.NewCustomPaddedLayout(2, 2, 7, 9),
		container.New(layout.NewCustomPaddedHBoxLayout(4), container.NewCenter(container.New(iconBox{}, c.icon)), container.NewCenter(c.word))))
	p := r.p
	act := func(f func(g *dupeGroup, member int)) func() {
		return func() {
			p.w.focus(p.list)
			p.list.goTo(r.at, c.member)
			f(c.group, c.member)
		}
	}
	c.best = t.NewText(tr("Make best"), tr("Keep this one as the best (C)"), act(p.choose)).Outlined().Filled(look.ColourSurface).Sized(22)
	c.keep = t.NewText(tr("Keep"), tr("Let this one stay too, or no longer (Space)"), act(p.keepToo)).Outlined().Filled(look.ColourSurface).Sized(22)
	c.content = container.New(cellLayout{c}, c.back, c.image, c.frame, c.mark, c.best, c.keep, c.name, c.facts, c.place)
	c.ExtendBaseWidget(c)
	return c
}

// set shows a member of a group.
func (c *dupeCell) set(g *dupeGroup, member int) {
	p := c.row.p
	c.group, c.member = g, member
	m := g.Members[member]
	scale := float32(1)
	if p.w.canvas != nil {
		scale = p.w.canvas.Scale()
	}
	img := p.shelf.thumb(m.Picture, int(dupeWidth*scale), int(dupeThumb*scale))
	var shown image.Image
	if img != nil {
		shown = img
	}
	if c.image.Image != shown {
		c.image.Image = shown
		c.image.Refresh()
	}
	c.name.SetText(baseName(m.Path))
	c.facts.SetText(memberFacts(m))
	c.place.Tip = m.Path
	where := folderTail(m.Path)
	if card, ok := p.shelf.card(m.Photo); ok && !card.Taken.IsZero() {
		where = card.Taken.Format("2 Jan 2006, 15:04") + " · " + where
	}
	c.place.SetText(where)
	state := g.state(member)
	c.mark.Hidden = state == ""
	if state != "" {
		colour, fill := theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary
		if member != g.best {
			colour, fill = theme.ColorNameForeground, look.ColourMark
		}
		c.word.Colour = colour
		c.word.SetText(state)
		c.word.Refresh()
		c.plate.Colour = fill
		c.plate.Refresh()
		c.icon.SetResource(theme.NewColoredResource(look.Check.Resource(), colour))
	}
	c.best.Hidden = member == g.best
	c.keep.Hidden = member == g.best || len(g.Members) < 3
	focus := p.at == c.row.at && p.member == member
	c.frame.StrokeColor = theme.Color(look.ColourControl)
	if p.list.focused {
		c.frame.StrokeColor = theme.Color(theme.ColorNamePrimary)
	}
	c.frame.Hidden = !focus
	c.frame.Refresh()
	c.content.Refresh()
}

// memberFacts are size, dimension and format of a file.
func memberFacts(m app.Duplicate) string {
	pixels := ""
	if m.Width > 0 {
		pixels = number(m.Width) + " × " + number(m.Height)
		pixels = strings.ReplaceAll(pixels, ",", "")
	}
	return strings.Join(nonEmpty(pixels, bytesText(m.Bytes), strings.ToUpper(m.Format)), " · ")
}

// folderTail is the folder in which a file lies, as its last part.
func folderTail(path string) string {
	dir := filepath.Dir(path)
	return baseName(strings.TrimRight(dir, `/\`))
}

func (c *dupeCell) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.content) }

// MouseDown puts the focus on the photo; a second click opens the viewer.
func (c *dupeCell) MouseDown(e *desktop.MouseEvent) {
	p := c.row.p
	now := p.w.loop.Now()
	double := now.Sub(c.pressed) < twoClicks && p.at == c.row.at && p.member == c.member
	c.pressed = now
	p.w.focus(p.list)
	p.list.goTo(c.row.at, c.member)
	if double {
		p.compare(c.member)
	}
}

// MouseUp is nothing.
func (c *dupeCell) MouseUp(*desktop.MouseEvent) {}

// Tapped keeps the list below from choosing the whole row.
func (c *dupeCell) Tapped(*fyne.PointEvent) {}

// AccessibilityLabel says which photo it is and what becomes of it.
func (c *dupeCell) AccessibilityLabel() string {
	if c.group == nil {
		return ""
	}
	return strings.Join(nonEmpty(c.name.Text(), c.group.state(c.member), c.facts.Text()), ", ")
}

// AccessibilityRole says that the photo can be chosen.
func (c *dupeCell) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// iconBox is the place of a small icon.
type iconBox struct{}

func (iconBox) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(12, 12) }
func (iconBox) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Resize(s)
}

// cellLayout places the parts of a cell.
type cellLayout struct{ c *dupeCell }

func (cellLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(dupeWidth, dupeCellH) }

func (l cellLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	c := l.c
	box := fyne.NewSize(s.Width, dupeThumb)
	c.back.Resize(box)
	c.image.Resize(box)
	c.frame.Move(fyne.NewPos(-3, -3))
	c.frame.Resize(fyne.NewSize(s.Width+6, s.Height+5))
	m := c.mark.MinSize()
	c.mark.Move(fyne.NewPos(6, 6))
	c.mark.Resize(m)
	x := s.Width - 6
	for _, b := range []*look.Button{c.best, c.keep} {
		if !b.Hidden {
			size := b.MinSize()
			x -= size.Width
			b.Move(fyne.NewPos(x, dupeThumb-6-size.Height))
			b.Resize(size)
			x -= 4
		}
	}
	for i, o := range []*look.Label{c.name, c.facts, c.place} {
		o.Move(fyne.NewPos(0, dupeThumb+4+float32(i)*17))
		o.Resize(fyne.NewSize(s.Width, 17))
	}
}
