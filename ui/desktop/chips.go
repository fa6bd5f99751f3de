package desktop

import (
	"context"
	"image"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/library/query"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

const (
	chipHeight = 28
	chipGap    = 6
	mostRows   = 3 // of chips; of the others only the number is shown
)

// chipRow shows the understood parts of a query, each of which can be taken away.
type chipRow struct {
	// OnTake is called when part i is to be taken away.
	OnTake func(i int)
	// OnLeave is called when the keyboard leaves the chips for the box.
	OnLeave func()
	// OnFocus gives the keyboard to something, which may not have been drawn yet.
	OnFocus func(fyne.Focusable)
	// OnShape is called when the height may be another.
	OnShape func()
	// Small fetches the thumbnail of a photo, for parts that are pictures; may be nil.
	Small func(id library.PhotoID, show func(image.Image))
	// SmallFile does so of a picture file that is not in the library; may be nil.
	SmallFile func(path string, show func(image.Image))

	Content *fyne.Container

	tips    *look.Tips
	flow    *chipFlow
	crosses []*look.Button
	focus   int // the chip that gets the focus when the next ones are there; -1: none
}

func newChipRow(tips *look.Tips) *chipRow {
	c := &chipRow{tips: tips, focus: -1}
	more := tips.NewSmall("").Whole()
	c.flow = &chipFlow{more: more, changed: func() { call(c.OnShape) }}
	c.Content = container.New(c.flow)
	return c
}

// Show shows the chips of a result.
func (c *chipRow) Show(r app.SearchResult) {
	c.Content.Objects, c.crosses = nil, nil
	var texts []string
	for i, text := range r.Chips {
		part := app.Part{Text: text, Weight: 1}
		if i < len(r.Parts) {
			part = r.Parts[i]
		}
		c.Content.Objects = append(c.Content.Objects, c.chip(i, part))
		texts = append(texts, partText(part))
	}
	c.flow.texts = texts
	c.Content.Objects = append(c.Content.Objects, c.flow.more)
	c.Content.Refresh()
	if c.focus >= 0 {
		if len(c.crosses) == 0 {
			call(c.OnLeave)
		} else {
			c.Focus(min(c.focus, len(c.crosses)-1))
		}
	}
	c.focus = -1
}

// Focus gives the keyboard to chip i, and reports whether there is one.
func (c *chipRow) Focus(i int) bool {
	if i < 0 || i >= len(c.crosses) || !c.Content.Objects[i].Visible() {
		return false
	}
	if c.OnFocus != nil {
		c.OnFocus(c.crosses[i])
	}
	return true
}

// take takes chip i away; by is whether the keyboard did so, which then goes on to the next.
func (c *chipRow) take(i int) {
	c.focus = -1
	if on := fyne.CurrentApp().Driver().CanvasForObject(c.crosses[i]); on != nil && on.Focused() == fyne.Focusable(c.crosses[i]) {
		c.focus = i
	}
	if c.OnTake != nil {
		c.OnTake(i)
	}
}

// chip draws one part.
func (c *chipRow) chip(i int, p app.Part) fyne.CanvasObject {
	text := partText(p)
	l := c.tips.NewSmall(text).Whole()
	l.Colour = theme.ColorNameForeground
	l.Tip = chipTip(p)
	if len([]rune(text)) > 60 {
		l = c.tips.NewSmall(string([]rune(text)[:59]) + "…").Whole()
		l.Colour = theme.ColorNameForeground
		l.Tip = strings.TrimSpace(text + "\n" + chipTip(p))
	}
	x := c.tips.NewIcon(look.Cross.Resource(), tr("Search without {{.Part}}", with{"Part": quoted(text)}), func() { c.take(i) }).Sized(20).Coloured(look.ColourSecondary)
	x.OnKey = func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyDelete, fyne.KeyBackspace:
			c.take(i)
		case fyne.KeyLeft:
			c.Focus(i - 1)
		case fyne.KeyRight:
			c.Focus(i + 1)
		case fyne.KeyEscape, fyne.KeyUp:
			call(c.OnLeave)
		}
	}
	c.crosses = append(c.crosses, x)
	parts := container.New(layout.NewCustomPaddedHBoxLayout(4))
	if picture := c.picture(p); picture != nil {
		parts.Add(picture)
	}
	parts.Add(container.NewCenter(l))
	parts.Add(container.NewCenter(x))
	line := look.ColourControl
	if p.Not {
		line = theme.ColorNameError // the text says so, too
	}
	return container.NewStack(look.NewCard(look.ColourSurface, line, 12),
		container.New(layout.NewCustomPaddedLayout(2, 2, 10, 4), parts))
}

// picture shows which picture a part names; nil for other parts.
func (c *chipRow) picture(p app.Part) fyne.CanvasObject {
	file := p.Photo == 0 && p.Field == query.Similar && p.Picture != ""
	if p.Photo == 0 && !file || p.Photo != 0 && c.Small == nil || file && c.SmallFile == nil {
		return nil
	}
	picture := canvas.NewImageFromImage(nil)
	picture.FillMode, picture.ScaleMode, picture.CornerRadius = canvas.ImageFillCover, canvas.ImageScaleFastest, 4
	picture.SetMinSize(fyne.NewSize(28, 22))
	show := func(img image.Image) {
		picture.Image = img
		picture.Refresh()
	}
	if file {
		c.SmallFile(p.Picture, show)
	} else {
		c.Small(p.Photo, show)
	}
	return container.NewCenter(picture)
}

// partText is how a part is shown: as it is written, but pictures by the name of their file.
func partText(p app.Part) string {
	if p.Picture == "" {
		return p.Text
	}
	data := with{"Photo": p.Name}
	text := ""
	switch {
	case p.Field == query.Like && p.Not:
		text = tr("not like {{.Photo}}", data)
	case p.Field == query.Like:
		text = tr("more like {{.Photo}}", data)
	case p.Not:
		text = tr("not similar to {{.Photo}}", data)
	default:
		text = tr("similar to {{.Photo}}", data)
	}
	if p.Weight != 1 {
		text = strconv.FormatFloat(p.Weight, 'f', -1, 64) + " × " + text
	}
	return text
}

// chipTip says what a part of a query does.
func chipTip(p app.Part) string {
	var said []string
	switch {
	case p.When != "":
		said = append(said, tr("That is {{.Days}}.", with{"Days": p.When}))
	case p.Help != "":
		said = append(said, capital(p.Help)+".")
	case p.Group == "any":
		said = append(said, tr("One of these is enough."))
	case p.Group == "all":
		said = append(said, tr("All of these together."))
	case p.Exact:
		said = append(said, tr("Exactly these words in name, keywords, description, tags or text."))
	}
	switch {
	case p.Not:
		said = append(said, tr("Photos that fit this are left out."))
	case p.Weight < 0:
		said = append(said, tr("The more a photo looks like this, the lower it ranks."))
	case p.Weight != 1:
		said = append(said, tr("It counts {{.Weight}} times as much as the others.", with{"Weight": p.Weight}))
	}
	return strings.Join(said, "\n")
}

// chipFlow lays chips out in rows, as many as their width takes. The last object says how many
// more there are than mostRows hold.
type chipFlow struct {
	more    *look.Label
	texts   []string // of the chips
	changed func()   // the number of rows is another
	width   float32  // of the last layout
	rows    int
}

// MinSize is the height at the width of the last layout.
func (f *chipFlow) MinSize(o []fyne.CanvasObject) fyne.Size {
	f.rows, _ = f.fit(o)
	return fyne.NewSize(80, float32(f.rows)*(chipHeight+chipGap)-chipGap)
}

// Layout places the chips.
func (f *chipFlow) Layout(o []fyne.CanvasObject, s fyne.Size) {
	if len(o) == 0 {
		return
	}
	was := f.rows
	f.width = s.Width
	rows, shown := f.fit(o)
	f.rows = rows
	chips := o[:len(o)-1]
	for i, c := range chips {
		if i < shown {
			c.Show()
		} else {
			c.Hide()
		}
	}
	seen := slices.Clone(chips[:shown])
	f.more.Hide()
	if shown < len(chips) {
		f.more.Tip = strings.Join(f.texts[shown:], "\n")
		f.more.Show()
		seen = append(seen, f.more)
	}
	f.each(seen, func(c fyne.CanvasObject, at fyne.Position, size fyne.Size) {
		c.Move(at)
		c.Resize(size)
	})
	if f.rows != was && f.changed != nil {
		f.changed()
	}
}

// fit returns the number of rows, at least 1, and how many chips they hold.
func (f *chipFlow) fit(o []fyne.CanvasObject) (rows, shown int) {
	if len(o) == 0 {
		return 1, 0
	}
	none := func(fyne.CanvasObject, fyne.Position, fyne.Size) {}
	shown = len(o) - 1
	if rows = f.each(o[:shown], none); rows <= mostRows {
		return rows, shown
	}
	for ; shown > 0; shown-- {
		f.more.SetText(trn("+ {{.N}} more", len(o)-1-shown, nil))
		if f.each(append(slices.Clone(o[:shown]), f.more), none) <= mostRows {
			break
		}
	}
	return mostRows, shown
}

// each gives objects their places, and returns the number of rows, at least 1.
func (f *chipFlow) each(o []fyne.CanvasObject, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) int {
	rows, x := 1, float32(0)
	for _, c := range o {
		w := c.MinSize().Width
		if f.width > 0 {
			w = min(w, f.width)
		}
		if x > 0 && f.width > 0 && x+w > f.width {
			rows, x = rows+1, 0
		}
		put(c, fyne.NewPos(x, float32(rows-1)*(chipHeight+chipGap)), fyne.NewSize(w, chipHeight))
		x += w + chipGap
	}
	return rows
}

// smallOf fetches the thumbnail of a photo in the background.
func (w *window) smallOf(id library.PhotoID, show func(image.Image)) {
	w.loop.Go(func() func() {
		img, err := w.thumbnailOf(w.ctx, id)
		if err != nil {
			return nil // the chip says which photo it is, too
		}
		return func() { show(img) }
	})
}

// thumbnailOf returns the thumbnail of a photo.
func (w *window) thumbnailOf(ctx context.Context, id library.PhotoID) (*image.RGBA, error) {
	cards, err := w.b.Cards(ctx, []library.PhotoID{id})
	if err != nil {
		return nil, err
	}
	if len(cards) == 0 {
		return nil, library.ErrNotFound
	}
	return w.b.Thumbnail(ctx, cards[0].Picture)
}
