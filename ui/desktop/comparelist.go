package desktop

import (
	"image"
	"image/color"
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

// Measures of the list of what models find.
const (
	compareName  = 132 // column of the models' names
	compareThumb = 76  // height of a thumbnail
	compareGap   = 6
	compareHead  = 26
	compareStrip = compareThumb + 8
	compareFoot  = 10 // below a query
	compareEdge  = 14 // kept free at the right for the bar to scroll with
)

// compareList is what each model finds, query by query: the name of the query, and for each model
// a strip of photos. The focus is on one photo.
type compareList struct {
	widget.List
	p       *comparePage
	of      *comparison
	models  int // strips in each row
	focused bool
}

func newCompareList(p *comparePage) *compareList {
	l := &compareList{p: p, of: p.w.compared}
	if l.of != nil {
		l.models = len(l.of.models)
	}
	l.HideSeparators = true
	l.Length = func() int {
		if l.of == nil {
			return 0
		}
		return len(l.of.result.Queries)
	}
	l.CreateItem = func() fyne.CanvasObject { return newCompareRow(l) }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) { o.(*compareRow).set(i) }
	l.OnSelected = func(i widget.ListItemID) {
		l.UnselectAll() // the frame around a photo shows where the focus is
		l.goTo(foundAt{i, 0, 0})
	}
	l.ExtendBaseWidget(l)
	return l
}

// goTo puts the focus on a photo and brings it into sight.
func (l *compareList) goTo(at foundAt) {
	if l.Length() == 0 {
		return
	}
	at.query = min(max(at.query, 0), l.Length()-1)
	at.model = min(max(at.model, 0), l.models-1)
	for m := 0; m < l.models && len(l.of.found(at)) == 0; m++ {
		if found := l.of.found(foundAt{at.query, m, 0}); len(found) > 0 {
			at.model = m // one that has photos, of which one can have the frame
		}
	}
	at.photo = min(max(at.photo, 0), max(len(l.of.found(at))-1, 0))
	l.of.at = at
	l.ScrollTo(at.query)
	l.Refresh()
}

// down is the place in the next strip that has photos, by strips further down at a time; where
// there is none it is where the focus is.
func (l *compareList) down(by int) foundAt {
	at := l.of.at
	for strip := at.query*l.models + at.model + by; strip >= 0 && strip < l.Length()*l.models; strip += by {
		if to := (foundAt{strip / l.models, strip % l.models, at.photo}); len(l.of.found(to)) > 0 {
			return to
		}
	}
	return at
}

// FocusGained shows the frame of the focus.
func (l *compareList) FocusGained() {
	l.focused = true
	l.Refresh()
}

// FocusLost hides it.
func (l *compareList) FocusLost() {
	l.focused = false
	l.Refresh()
}

// TypedKey moves the focus, and opens the photo.
func (l *compareList) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		l.p.w.closeSheet()
		return
	}
	if l.Length() == 0 {
		return
	}
	at := l.of.at
	page := max(int(l.Size().Height/l.MinSize().Height), 1)
	switch e.Name {
	case fyne.KeyUp:
		l.goTo(l.down(-1))
	case fyne.KeyDown:
		l.goTo(l.down(1))
	case fyne.KeyPageUp:
		l.goTo(foundAt{at.query - page, at.model, at.photo})
	case fyne.KeyPageDown:
		l.goTo(foundAt{at.query + page, at.model, at.photo})
	case fyne.KeyHome:
		l.goTo(foundAt{})
	case fyne.KeyEnd:
		l.goTo(foundAt{l.Length() - 1, l.models - 1, 0})
	case fyne.KeyLeft:
		l.goTo(foundAt{at.query, at.model, at.photo - 1})
	case fyne.KeyRight:
		l.goTo(foundAt{at.query, at.model, at.photo + 1})
	case fyne.KeyReturn, fyne.KeyEnter:
		l.p.w.viewCompared()
	}
}

// TypedRune is nothing: Space, which the toolkit's list takes, chooses a row.
func (l *compareList) TypedRune(rune) {}

// AccessibilityLabel says which photo has the focus.
func (l *compareList) AccessibilityLabel() string {
	if l.Length() == 0 {
		return tr("What the models find")
	}
	at := l.of.at
	said := []string{quoted(l.of.result.Queries[at.query]), l.p.nameOf(l.of.models[at.model])}
	if found := l.of.found(at); at.photo < len(found) {
		said = append(said, tr("{{.N}} of {{.All}}", with{"N": number(at.photo + 1), "All": number(len(found))}), l.of.result.Photos[found[at.photo].Photo].Name)
		if l.of.alone(at) {
			said = append(said, tr("found by this model alone"))
		}
	} else {
		said = append(said, l.p.cardState(l.of, at.model))
	}
	return strings.Join(said, ", ")
}

// AccessibilityRole says that the list holds other things.
func (l *compareList) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// nameOf is what a model is called.
func (p *comparePage) nameOf(id string) string {
	for _, m := range p.models {
		if m.ID == id {
			return modelName(m)
		}
	}
	return id
}

// compareRow draws one query: its words, and a strip of photos for each model.
type compareRow struct {
	widget.BaseWidget
	l       *compareList
	at      int
	under   *look.Fill // hides the toolkit's mark of the row under the pointer
	words   *look.Label
	shared  *look.Label
	names   []*look.Paragraph
	notes   []*look.Label // instead of photos
	cells   [][]*compareCell
	content *fyne.Container
}

func newCompareRow(l *compareList) *compareRow {
	t := l.p.plain
	r := &compareRow{l: l, under: look.NewFill(theme.ColorNameOverlayBackground), words: t.NewLabel(""), shared: t.NewSmall("").Whole()}
	r.words.Style.Bold = true
	objects := []fyne.CanvasObject{r.under, r.words, r.shared}
	for range l.models {
		name, note := secondary(""), t.NewSmall("")
		name.Rank = look.SizeSmallText
		r.names, r.notes = append(r.names, name), append(r.notes, note)
		objects = append(objects, name, note)
		var strip []*compareCell
		for range comparedFirst {
			c := newCompareCell(r)
			strip = append(strip, c)
			objects = append(objects, c)
		}
		r.cells = append(r.cells, strip)
	}
	r.content = container.New(compareLayout{r}, objects...)
	r.ExtendBaseWidget(r)
	return r
}

func (r *compareRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.content) }

// set shows a query.
func (r *compareRow) set(i int) {
	c := r.l.of
	if i >= len(c.result.Queries) {
		return
	}
	r.at = i
	r.words.SetText(c.result.Queries[i])
	r.shared.SetText("")
	if same, of := c.inAll(i); of > 0 {
		r.shared.SetText(tr("all models agree on {{.N}} of {{.All}} photos", with{"N": number(same), "All": number(of)}))
	}
	for m, strip := range r.cells {
		r.names[m].SetText(r.l.p.nameOf(c.models[m]))
		found := c.found(foundAt{i, m, 0})
		note := ""
		if found == nil {
			note = r.l.p.cardState(c, m)
		}
		r.notes[m].SetText(note)
		for k, cell := range strip {
			cell.set(foundAt{i, m, k}, found)
		}
	}
	r.content.Refresh()
}

// AccessibilityLabel says what was asked for.
func (r *compareRow) AccessibilityLabel() string {
	return strings.Join(nonEmpty(quoted(r.words.Text()), r.shared.Text()), ". ")
}

// AccessibilityRole says that the row holds other things.
func (r *compareRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// compareLayout places the parts of a row.
type compareLayout struct{ r *compareRow }

func (l compareLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(400, compareHead+compareStrip*float32(len(l.r.cells))+compareFoot)
}

func (l compareLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	r := l.r
	width := s.Width - compareEdge
	r.under.Resize(s)
	shared := r.shared.MinSize()
	r.words.Move(fyne.NewPos(0, 2))
	r.words.Resize(fyne.NewSize(max(width-shared.Width-12, 40), 20))
	r.shared.Move(fyne.NewPos(width-shared.Width, 2))
	r.shared.Resize(fyne.NewSize(shared.Width, 20))
	each := (width-compareName+compareGap)/comparedFirst - compareGap
	for m, strip := range r.cells {
		y := compareHead + compareStrip*float32(m)
		name := r.names[m]
		name.Resize(fyne.NewSize(compareName-12, compareThumb)) // which breaks its lines
		height := min(name.MinSize().Height, compareThumb)
		name.Resize(fyne.NewSize(compareName-12, height))
		name.Move(fyne.NewPos(0, y+(compareThumb-height)/2))
		r.notes[m].Move(fyne.NewPos(compareName, y+compareThumb/2-9))
		r.notes[m].Resize(fyne.NewSize(width-compareName, 18))
		for k, c := range strip {
			c.Move(fyne.NewPos(compareName+float32(k)*(each+compareGap), y))
			c.Resize(fyne.NewSize(each, compareThumb))
		}
	}
}

// compareCell is one photo that a model found.
type compareCell struct {
	widget.BaseWidget
	row     *compareRow
	at      foundAt
	card    app.Card
	lone    bool
	pressed time.Time

	back    *look.Fill
	tint    *canvas.Rectangle // in the photo's colour, until its thumbnail is there
	image   *canvas.Image
	frame   *canvas.Rectangle
	mark    *fyne.Container
	content *fyne.Container
}

func newCompareCell(r *compareRow) *compareCell {
	c := &compareCell{row: r, back: look.NewCard(theme.ColorNameBackground, "", 4), tint: canvas.NewRectangle(nil), image: canvas.NewImageFromImage(nil), frame: canvas.NewRectangle(nil)}
	c.image.FillMode, c.image.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleFastest
	c.frame.StrokeWidth, c.frame.CornerRadius, c.tint.CornerRadius = 2, 5, 4
	word := r.l.p.plain.NewSmall(tr("only this model")).Whole()
	word.Colour = theme.ColorNameForeground
	c.mark = container.NewStack(look.NewCard(look.ColourMark, "", 4), container.New(layout.NewCustomPaddedLayout(0, 0, 5, 5), word))
	c.content = container.New(compareCellLayout{c}, c.back, c.tint, c.image, c.mark, c.frame)
	c.ExtendBaseWidget(c)
	return c
}

func (c *compareCell) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(c.content)
}

// set shows a photo of those that were found, if there is one at that place.
func (c *compareCell) set(at foundAt, found []app.EvalHit) {
	c.at = at
	c.Hidden = at.photo >= len(found)
	if c.Hidden {
		return
	}
	l := c.row.l
	p := l.p
	c.card = l.of.result.Photos[found[at.photo].Photo]
	c.lone = l.of.alone(at)
	scale := float32(1)
	if p.w.canvas != nil {
		scale = p.w.canvas.Scale()
	}
	var shown image.Image
	if img := p.shelf.thumb(c.card.Picture, int(1.6*compareThumb*scale), int(compareThumb*scale)); img != nil {
		shown = img
	}
	if c.image.Image != shown {
		c.image.Image = shown
		c.image.Refresh()
	}
	c.tint.Hidden = shown != nil
	rgb := c.card.Colour
	c.tint.FillColor = color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255}
	c.mark.Hidden = !c.lone
	c.frame.Hidden = l.of.at != at
	c.frame.StrokeColor = theme.Color(look.ColourControl)
	if l.focused {
		c.frame.StrokeColor = theme.Color(theme.ColorNamePrimary)
	}
	c.content.Refresh()
}

// MouseDown puts the focus on the photo; a second click opens the viewer.
func (c *compareCell) MouseDown(*desktop.MouseEvent) {
	l := c.row.l
	now := l.p.w.loop.Now()
	double := now.Sub(c.pressed) < twoClicks && l.of.at == c.at
	c.pressed = now
	l.p.w.focus(l)
	l.goTo(c.at)
	if double {
		l.p.w.viewCompared()
	}
}

// MouseUp is nothing.
func (c *compareCell) MouseUp(*desktop.MouseEvent) {}

// Tapped keeps the list below from choosing the whole row.
func (c *compareCell) Tapped(*fyne.PointEvent) {}

// AccessibilityLabel says which photo it is.
func (c *compareCell) AccessibilityLabel() string {
	if c.lone {
		return c.card.Name + ", " + tr("found by this model alone")
	}
	return c.card.Name
}

// AccessibilityRole says that the photo can be chosen.
func (c *compareCell) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// compareCellLayout places the parts of a cell.
type compareCellLayout struct{ c *compareCell }

func (compareCellLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(40, compareThumb)
}

func (l compareCellLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	c := l.c
	c.back.Resize(s)
	c.tint.Resize(s)
	c.image.Resize(s)
	c.frame.Move(fyne.NewPos(-3, -3))
	c.frame.Resize(fyne.NewSize(s.Width+6, s.Height+6))
	m := c.mark.MinSize()
	m.Width = min(m.Width, s.Width-8)
	c.mark.Move(fyne.NewPos(s.Width-m.Width-4, s.Height-m.Height-4))
	c.mark.Resize(m)
}
