package grid

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/ui/desktop/look"
)

const (
	corner   = 4
	badge    = 20
	ringWide = 3
)

// slot is a cell that can be drawn: a handful of canvas objects that show one photo after
// the other.
type slot struct {
	index   int // cell shown now, -1 for none
	id      library.PhotoID
	facts   Facts
	known   bool
	shown   image.Image
	chosen  bool
	focused bool
	side    float32
	at      fyne.Position

	back  *canvas.Rectangle // colour until the picture is there
	image *canvas.Image
	veil  *canvas.Rectangle // over photos that are away
	ring  *canvas.Rectangle // chosen
	inner *canvas.Rectangle // the cursor
	disc  *canvas.Rectangle // behind the mark of a chosen photo
	mark  *canvas.Image
	heart *canvas.Image
	away  *canvas.Image
	under [2]*canvas.Rectangle // behind heart and away, so that they show on any photo
	plate *canvas.Rectangle    // behind the badge
	icon  *canvas.Image        // of the badge
	text  *canvas.Text         // of the badge
}

func newSlot() *slot {
	s := &slot{index: -1}
	s.back = canvas.NewRectangle(color.Transparent)
	s.back.CornerRadius = corner
	s.image = canvas.NewImageFromImage(nil)
	s.image.ScaleMode = canvas.ImageScaleFastest
	s.image.FillMode = canvas.ImageFillStretch
	s.image.CornerRadius = corner
	s.veil = canvas.NewRectangle(color.NRGBA{A: 0x90})
	s.veil.CornerRadius = corner
	s.ring = canvas.NewRectangle(color.Transparent)
	s.ring.StrokeWidth, s.ring.CornerRadius = ringWide, corner
	s.inner = canvas.NewRectangle(color.Transparent)
	s.inner.StrokeWidth, s.inner.CornerRadius = 1.5, corner-1
	s.disc = canvas.NewRectangle(color.Transparent)
	s.disc.CornerRadius = badge / 2
	icon := func(i look.Icon, c fyne.ThemeColorName) *canvas.Image {
		m := canvas.NewImageFromResource(theme.NewColoredResource(i.Resource(), c))
		m.FillMode = canvas.ImageFillContain
		return m
	}
	s.mark = icon(look.Check, theme.ColorNameForegroundOnPrimary)
	s.heart = icon(look.Heart, look.ColourOnDark)
	s.away = icon(look.OfflineIcon, look.ColourOnDark)
	for i := range s.under {
		s.under[i] = canvas.NewRectangle(color.NRGBA{A: 0x80})
		s.under[i].CornerRadius = badge / 2
	}
	s.plate = canvas.NewRectangle(color.NRGBA{A: 0xa0})
	s.plate.CornerRadius = badge / 2
	s.icon = canvas.NewImageFromResource(nil)
	s.icon.FillMode = canvas.ImageFillContain
	s.text = canvas.NewText("", color.White)
	for _, o := range s.objects() {
		o.Hide()
	}
	return s
}

func (s *slot) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{s.back, s.image, s.veil, s.ring, s.inner, s.disc, s.mark, s.under[0], s.heart, s.under[1], s.away, s.plate, s.icon, s.text}
}

func (s *slot) hide() {
	if s.back.Visible() || s.image.Visible() {
		s.index = -1
		s.shown = nil
		s.image.Image = nil
		for _, o := range s.objects() {
			o.Hide()
		}
	}
}

func show(o fyne.CanvasObject, on bool) {
	if on != o.Visible() {
		if on {
			o.Show()
		} else {
			o.Hide()
		}
	}
}

// bind makes the slot show cell i; only what differs from what it shows is touched.
func (s *slot) bind(g *Grid, i int, side float32, at fyne.Position, px int) {
	id := g.ids[i]
	fresh := s.index != i || s.id != id
	s.index, s.id = i, id
	if fresh || at != s.at || side != s.side {
		s.place(at, side)
	}
	facts, known := g.src.Facts(id)
	if fresh || known != s.known || facts != s.facts {
		s.facts, s.known = facts, known
		fill := theme.Color(look.ColourLine)
		if known && facts.Colour != 0 {
			fill = color.NRGBA{R: uint8(facts.Colour >> 16), G: uint8(facts.Colour >> 8), B: uint8(facts.Colour), A: 255}
		}
		if s.back.FillColor != fill {
			s.back.FillColor = fill
			s.back.Refresh()
		}
		show(s.heart, facts.Favourite)
		show(s.veil, facts.Away)
		show(s.away, facts.Away)
		show(s.under[0], facts.Favourite)
		show(s.under[1], facts.Away)
		s.setBadge(facts.Badge)
	}
	if thumb := g.src.Thumb(id, px); thumb != s.shown || fresh {
		if thumb != nil || fresh {
			s.shown = thumb
			s.image.Image = thumb
			show(s.image, thumb != nil)
			if thumb != nil {
				s.image.Refresh()
			}
		}
	}
	show(s.back, s.shown == nil)
	chosen := g.sel.Has(i)
	focused := g.focused && g.sel.active && g.sel.cursor == i
	if fresh || chosen != s.chosen {
		s.chosen = chosen
		show(s.ring, chosen)
		show(s.disc, chosen)
		show(s.mark, chosen)
	}
	if fresh || focused != s.focused {
		s.focused = focused
		show(s.inner, focused)
	}
}

// badgeWidth is how wide the badge is at the present text.
func (s *slot) badgeWidth() float32 {
	if s.text.Text == "" {
		return badge
	}
	return badge + 4 + s.text.MinSize().Width
}

func (s *slot) setBadge(b Badge) {
	on := b.Icon != ""
	show(s.plate, on)
	show(s.icon, on)
	show(s.text, on && b.Text != "")
	if !on {
		s.text.Text = ""
		return
	}
	s.icon.Resource = theme.NewColoredResource(b.Icon.Resource(), look.ColourOnDark)
	s.icon.Refresh()
	s.text.Text = b.Text
	s.text.TextSize = theme.Size(look.SizeSmallText)
	s.text.Color = theme.Color(look.ColourOnDark)
	s.text.Refresh()
	s.placeBadge()
}

func (s *slot) placeBadge() {
	w := s.badgeWidth()
	x, y := s.side-6-w, float32(6)
	s.plate.Move(s.at.AddXY(x, y))
	s.plate.Resize(fyne.NewSize(w, badge))
	s.icon.Move(s.at.AddXY(x+4, y+4))
	s.icon.Resize(fyne.NewSquareSize(badge - 8))
	m := s.text.MinSize()
	s.text.Move(s.at.AddXY(x+badge-1, y+(badge-m.Height)/2))
	s.text.Resize(m)
}

// onBadge says whether a point of the grid lies on a badge that opens something.
func (s *slot) onBadge(p fyne.Position) bool {
	const slack = 4 // around it, for the finger
	at, size := s.plate.Position(), s.plate.Size()
	return s.plate.Visible() && s.facts.Badge.Opens && p.X >= at.X-slack && p.X <= at.X+size.Width+slack &&
		p.Y >= at.Y-slack && p.Y <= at.Y+size.Height+slack
}

func (s *slot) place(at fyne.Position, side float32) {
	resized := side != s.side
	s.at, s.side = at, side
	full := fyne.NewSquareSize(side)
	for _, o := range []fyne.CanvasObject{s.back, s.image, s.veil, s.ring} {
		o.Move(at)
		if resized {
			o.Resize(full)
		}
	}
	s.inner.Move(at.AddXY(ringWide+1, ringWide+1))
	s.disc.Move(at.AddXY(8, 8))
	s.mark.Move(at.AddXY(11, 11))
	s.under[0].Move(at.AddXY(8, side-8-badge))
	s.heart.Move(at.AddXY(8+3.5, side-8-badge+3.5))
	s.under[1].Move(at.AddXY(side-8-badge, side-8-badge))
	s.away.Move(at.AddXY(side-8-badge+3, side-8-badge+3))
	if s.plate.Visible() {
		s.placeBadge()
	}
	if resized {
		s.inner.Resize(fyne.NewSquareSize(side - 2*(ringWide+1)))
		s.disc.Resize(fyne.NewSquareSize(badge))
		s.mark.Resize(fyne.NewSquareSize(badge - 6))
		s.heart.Resize(fyne.NewSquareSize(badge - 7))
		s.away.Resize(fyne.NewSquareSize(badge - 6))
		for _, u := range s.under {
			u.Resize(fyne.NewSquareSize(badge))
		}
	}
}

// recolour takes the colours of the present theme.
func (s *slot) recolour() {
	s.ring.StrokeColor = theme.Color(theme.ColorNamePrimary)
	s.inner.StrokeColor = theme.Color(look.ColourOnDark)
	s.disc.FillColor = theme.Color(theme.ColorNamePrimary)
	for _, o := range []fyne.CanvasObject{s.ring, s.inner, s.disc, s.mark} {
		o.Refresh()
	}
	s.known = false // the colour of an unknown photo comes from the theme
}

// Sync brings what is drawn in line with the list, the selection and what the source knows.
// It costs as much as there are cells in sight.
func (g *Grid) Sync() {
	if g.rend == nil {
		return
	}
	size := g.Size()
	if size.Width < 2 || size.Height < 2 {
		return
	}
	from, to := g.InSight()
	g.provide(to - from)
	px := g.pixels()
	side := g.geo.Cell()
	n := len(g.slots)
	for _, s := range g.slots {
		if s.index < from || s.index >= to {
			s.hide()
		}
	}
	for i := from; i < to; i++ {
		x, y := g.geo.At(i)
		g.slots[i%n].bind(g, i, side, fyne.NewPos(x, float32(y-g.offset)), px)
	}
	g.rend.extras()
	g.view(from, to, px)
}

// view tells what came into sight.
func (g *Grid) view(from, to, px int) {
	flinging := g.fling()
	if from == g.viewFrom && to == g.viewTo && px == g.viewPx && !flinging {
		return
	}
	g.viewFrom, g.viewTo, g.viewPx = from, to, px
	if g.OnView == nil {
		return
	}
	ahead := min(to+(to-from), len(g.ids))
	if !g.forward {
		ahead = max(from-(to-from), 0)
	}
	g.OnView(from, to, ahead, flinging)
}

// pixels returns the size of thumbnails to ask for. It goes in steps, so that a window being
// resized does not ask for every size on the way.
func (g *Grid) pixels() int {
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(g); c != nil {
		scale = c.Scale()
	}
	const step = 48
	return int(math.Ceil(float64(g.geo.Cell()*scale)/step)) * step
}

// Pixels returns the size of thumbnails that the grid asks its source for.
func (g *Grid) Pixels() int { return g.pixels() }

// provide makes sure that there are slots for n cells. There are a few more than ever in
// sight, so that scrolling by a row reuses what went out of sight.
func (g *Grid) provide(n int) {
	if n <= len(g.slots) {
		return
	}
	want := n + 2*g.geo.Columns()
	for _, s := range g.slots {
		s.hide()
	}
	for len(g.slots) < want {
		s := newSlot()
		s.recolour()
		g.slots = append(g.slots, s)
	}
	g.rend.gather()
}

// CreateRenderer draws the grid.
func (g *Grid) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{g: g}
	r.text = canvas.NewText(g.BandText, nil)
	r.line = canvas.NewRectangle(nil)
	r.rubber = canvas.NewRectangle(nil)
	r.rubber.StrokeWidth = 1
	r.thumb = canvas.NewRectangle(nil)
	r.thumb.CornerRadius = 3
	g.rend = r
	r.gather()
	r.Refresh()
	return r
}

// renderer draws the slots, the line before the less likely photos, the rubber band and the
// scroll bar, and clips them to the widget.
type renderer struct {
	g       *Grid
	objects []fyne.CanvasObject
	text    *canvas.Text
	line    *canvas.Rectangle
	rubber  *canvas.Rectangle
	thumb   *canvas.Rectangle
}

// gather lists what is drawn; pictures first, so that what marks them lies above.
func (r *renderer) gather() {
	r.objects = r.objects[:0]
	for _, s := range r.g.slots {
		r.objects = append(r.objects, s.objects()...)
	}
	r.objects = append(r.objects, r.line, r.text, r.rubber, r.thumb)
}

// extras places what is not a cell.
func (r *renderer) extras() {
	g := r.g
	size := g.Size()
	top, ok := g.geo.BandTop()
	y := float32(top - g.offset)
	ok = ok && y > -bandSpace && y < size.Height
	show(r.text, ok)
	show(r.line, ok)
	if ok {
		m := r.text.MinSize()
		r.text.Move(fyne.NewPos(edge, y+(bandSpace-gap-m.Height)/2))
		r.text.Resize(m)
		r.line.Move(fyne.NewPos(edge+m.Width+10, y+(bandSpace-gap)/2))
		r.line.Resize(fyne.NewSize(max(size.Width-2*edge-m.Width-10, 1), 1))
	}
	b := g.band
	show(r.rubber, b != nil && b.drawn)
	if b != nil && b.drawn {
		x0, x1 := min(b.x0, b.x1), max(b.x0, b.x1)
		y0, y1 := min(b.y0, b.y1), max(b.y0, b.y1)
		r.rubber.Move(fyne.NewPos(x0, float32(y0-g.offset)))
		r.rubber.Resize(fyne.NewSize(x1-x0, float32(y1-y0)))
	}
	show(r.thumb, g.scrollable())
	if g.scrollable() {
		at, length := g.bar()
		r.thumb.Move(fyne.NewPos(size.Width-9, at+2))
		r.thumb.Resize(fyne.NewSize(6, length-4))
	}
}

func (r *renderer) Layout(fyne.Size)             { r.g.Sync() }
func (r *renderer) MinSize() fyne.Size           { return r.g.MinSize() }
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *renderer) Destroy()                     {}

// IsClip tells the toolkit to cut what hangs over the edges of the widget.
func (r *renderer) IsClip() {}

// Refresh takes the colours of the theme and draws everything anew.
func (r *renderer) Refresh() {
	for _, s := range r.g.slots {
		s.recolour()
	}
	r.text.Text = r.g.BandText
	r.text.Color, r.text.TextSize = theme.Color(look.ColourSecondary), theme.Size(look.SizeSmallText)
	r.line.FillColor = theme.Color(look.ColourLine)
	r.rubber.FillColor = theme.Color(theme.ColorNameFocus)
	r.rubber.StrokeColor = theme.Color(theme.ColorNamePrimary)
	r.thumb.FillColor = theme.Color(theme.ColorNameScrollBar)
	for _, o := range []fyne.CanvasObject{r.text, r.line, r.rubber, r.thumb} {
		o.Refresh()
	}
	r.g.Sync()
}
