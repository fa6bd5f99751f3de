package desktop

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// detailPane shows what is known of the focused photo, or what several have in common.
type detailPane struct {
	OnConfirm, OnReject, OnClear func(library.Tag)
	OnAddTag                     func(name string)
	OnComplete                   func(prefix string)
	OnFavourite                  func(on bool)
	OnRate                       func(stars int)
	OnAlt                        func(photo library.PhotoID, text, long string)
	OnApprove                    func()
	OnCopy                       func(text string) // the alt text
	OnCopyText                   func(text string) // the text in the picture
	OnOpen                       func()
	OnSimilar                    func()
	OnWhere                      func()
	OnDone                       func() // the focus may go back to the grid

	Content *fyne.Container

	tips     *look.Tips
	scroll   *container.Scroll
	box      *fyne.Container
	photo    *photoBox
	title    *look.Label
	heart    *look.Button
	stars    [5]*look.Button
	marks    *fyne.Container
	tags     *fyne.Container
	adder    *tagAdder
	alt      *altEditor
	why      *fyne.Container
	text     *textSection
	where    *look.Button
	seen     *look.Paragraph // where it is, in words
	facts    *fyne.Container
	stack    *stackStrip
	shown    app.Detail
	many     bool
	fav      bool
	rating   int
	rows     []*tagRow // suggestions, in order
	at       int       // the one that Y and N are about
	rejected bool      // rejected tags are listed
}

const paneMargin = 16

func newDetailPane(tips *look.Tips) *detailPane {
	d := &detailPane{tips: tips, photo: newPhotoBox(300), title: tips.NewHeading("")}
	d.photo.OnTapped = func() { d.call(d.OnOpen) }
	d.heart = tips.NewIcon(look.HeartOutline.Resource(), tr("Favourite (F)"), func() {
		if d.OnFavourite != nil {
			d.OnFavourite(!d.fav)
		}
	})
	d.marks = container.New(layout.NewCustomPaddedHBoxLayout(0), d.heart, look.NewGap(8, 1))
	for i := range d.stars {
		d.stars[i] = tips.NewIcon(look.StarOutline.Resource(), trn("{{.N}} stars ({{.N}})", i+1, nil), func() { d.rate(i + 1) }).Sized(24)
		d.marks.Add(container.NewCenter(d.stars[i]))
	}
	similar := tips.NewText(tr("Similar"), tr("Find photos that look like this one (S)"), func() { d.call(d.OnSimilar) }).Outlined()
	d.marks.Add(layout.NewSpacer())
	d.marks.Add(container.NewCenter(similar))
	d.tags = container.New(layout.NewCustomPaddedVBoxLayout(6))
	d.adder = newTagAdder(tips)
	d.adder.OnAdd = func(name string) {
		if d.OnAddTag != nil {
			d.OnAddTag(name)
		}
	}
	d.adder.OnComplete = func(p string) {
		if d.OnComplete != nil {
			d.OnComplete(p)
		}
	}
	d.adder.OnDone = func() { d.call(d.OnDone) }
	d.alt = newAltEditor(tips)
	d.alt.OnChange = func(photo library.PhotoID, text, long string) {
		if d.OnAlt != nil {
			d.OnAlt(photo, text, long)
		}
	}
	d.alt.OnApprove = func() { d.call(d.OnApprove) }
	d.alt.OnCopy = func(text string) {
		if d.OnCopy != nil {
			d.OnCopy(text)
		}
	}
	d.alt.OnDone = func() { d.call(d.OnDone) }
	d.why = container.New(layout.NewCustomPaddedVBoxLayout(6))
	d.text = newTextSection(tips)
	d.text.OnCopy = func(text string) {
		if d.OnCopyText != nil {
			d.OnCopyText(text)
		}
	}
	d.where = tips.NewText(tr("Show where"), tr("Show where in the photo it is, the next thing, or none (W)"), func() {
		d.scroll.ScrollToTop() // where the photo is
		d.call(d.OnWhere)
	}).Outlined()
	d.seen = look.NewParagraph("")
	d.seen.Hide()
	d.stack = newStackStrip(tips)
	d.facts = container.New(layout.NewCustomPaddedVBoxLayout(6))
	d.box = container.New(layout.NewCustomPaddedVBoxLayout(12))
	d.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(12, 24, paneMargin, paneMargin), d.box))
	d.Content = container.NewStack(look.NewFill(look.ColourSurface), d.scroll)
	d.SetNone()
	return d
}

func (d *detailPane) call(f func()) {
	if f != nil {
		f()
	}
}

// rate sets a rating; the same star again takes it away.
func (d *detailPane) rate(stars int) {
	if stars == d.rating {
		stars = 0
	}
	if d.OnRate != nil {
		d.OnRate(stars)
	}
}

// SetNone says that no photo is chosen.
func (d *detailPane) SetNone() {
	d.shown, d.many, d.rows = app.Detail{}, false, nil
	hint := look.NewParagraph(tr("Choose a photo to see its tags, its alt text and where it is."))
	hint.Colour = look.ColourSecondary
	d.box.Objects = []fyne.CanvasObject{hint}
	d.box.Refresh()
	d.scroll.ScrollToTop()
}

// SetPreview shows the small picture of the photo.
func (d *detailPane) SetPreview(img image.Image) { d.photo.SetImage(img) }

// SetMark shows what lies over the photo, and the same in words below it.
func (d *detailPane) SetMark(m mark) {
	d.photo.SetMark(m)
	if d.seen.Text() == m.text {
		return
	}
	d.seen.SetText(m.text)
	d.seen.Hidden = m.text == ""
	d.where.SetOn(m.text != "")
	d.box.Refresh()
}

// SetDetail shows one photo and, within a search, why it was found.
func (d *detailPane) SetDetail(x app.Detail, why []app.Reason, calibrated bool) {
	same := d.shown.Photo == x.Photo && !d.many
	at := d.at
	d.shown, d.many = x, false
	if !same {
		at = 0
		d.rejected = false
		d.scroll.ScrollToTop()
	}
	d.photo.SetShape(x.Measures.Width, x.Measures.Height)
	d.title.SetText(x.Name)
	d.setMarks(x.Favourite, x.Rating)
	d.setTags(x.Tags, at)
	d.alt.Set(x.Photo, x.AltText)
	objects := []fyne.CanvasObject{d.photo, d.seen, d.title, d.marks}
	if x.Failure != nil {
		p := look.NewParagraph(x.Failure.Reason)
		p.Colour = theme.ColorNameError
		objects = append(objects, p)
	}
	if len(x.Stack) > 1 {
		if !same || len(d.stack.shown) != min(len(x.Stack), mostInStrip) {
			d.stack.Set(x.StackOf, x.Stack, x.Photo)
		}
		objects = append(objects, look.NewLine(), d.stack.Content)
	}
	objects = append(objects, look.NewLine(), d.tips.NewHeading(tr("Tags")), d.tags, d.adder.Content,
		look.NewLine(), d.alt.Content)
	if len(why) > 0 {
		d.setWhy(why, calibrated)
		objects = append(objects, look.NewLine(), d.tips.NewHeading(tr("Why it was found")), d.why)
	}
	if len(x.Text) > 0 {
		d.text.Set(x.Photo, x.Text)
		objects = append(objects, look.NewLine(), d.text.Content)
	}
	d.setFacts(detailFacts(x))
	objects = append(objects, look.NewLine(), d.tips.NewHeading(tr("Details")), d.facts)
	d.box.Objects = objects
	d.box.Refresh()
}

// SetMany shows what several photos have in common.
func (d *detailPane) SetMany(m shared) {
	if !d.many {
		d.scroll.ScrollToTop()
	}
	d.shown, d.many = app.Detail{}, true
	d.title.SetText(trn("{{.N}} photos chosen", m.count, nil))
	d.setMarks(m.favourite, m.rating)
	d.setTags(m.tags, d.at)
	d.setFacts(m.facts)
	note := m.note
	objects := []fyne.CanvasObject{d.title}
	if note != "" {
		objects = append(objects, d.tips.NewSmall(note))
	}
	approve := widget.NewButton(tr("Approve alt texts"), func() { d.call(d.OnApprove) })
	objects = append(objects, d.marks, look.NewLine(), d.tips.NewHeading(tr("Tags they share")), d.tags, d.adder.Content,
		look.NewLine(), d.tips.NewHeading(tr("Alt text")), container.NewHBox(approve),
		look.NewLine(), d.tips.NewHeading(tr("Details")), d.facts)
	d.box.Objects = objects
	d.box.Refresh()
}

func (d *detailPane) setMarks(fav bool, rating int) {
	d.fav, d.rating = fav, rating
	if fav {
		d.heart.Set(look.Heart.Resource(), tr("No longer a favourite (F)"))
	} else {
		d.heart.Set(look.HeartOutline.Resource(), tr("Favourite (F)"))
	}
	for i, s := range d.stars {
		icon := look.StarOutline
		if i < rating {
			icon = look.Star
		}
		if i < rating != s.On() {
			s.SetIcon(icon.Resource())
			s.Mark(i < rating)
		}
	}
}

// setTags lists tags; at is the suggestion that Y and N are about.
func (d *detailPane) setTags(tags []library.Tag, at int) {
	d.rows = nil
	d.tags.Objects = nil
	act := tagActions{confirm: d.tag(&d.OnConfirm), reject: d.tag(&d.OnReject), clear: d.tag(&d.OnClear), choose: d.choose}
	var rejected []library.Tag
	for _, t := range tags {
		if t.State == library.Rejected {
			rejected = append(rejected, t)
			continue
		}
		row := newTagRow(d.tips, t, act)
		if t.State == library.Suggested {
			d.rows = append(d.rows, row)
		}
		d.tags.Add(row)
	}
	if len(tags) == len(rejected) {
		d.tags.Add(d.tips.NewSmall(tr("None yet.")))
	}
	if len(rejected) > 0 {
		more := d.tips.NewText(trn("{{.N}} rejected", len(rejected), nil), tr("List the rejected tags"), nil).Coloured(look.ColourSecondary)
		more.OnTapped = func() {
			d.rejected = !d.rejected
			d.setTags(tags, d.at)
			d.box.Refresh()
		}
		d.tags.Add(container.NewHBox(more))
		if d.rejected {
			for _, t := range rejected {
				d.tags.Add(newTagRow(d.tips, t, act))
			}
		}
	}
	d.at = min(at, max(len(d.rows)-1, 0))
	d.markRow()
	d.tags.Refresh()
}

func (d *detailPane) tag(f *func(library.Tag)) func(library.Tag) {
	return func(t library.Tag) {
		if *f != nil {
			(*f)(t)
		}
	}
}

func (d *detailPane) choose(t library.Tag) {
	for i, r := range d.rows {
		if r.tag.Label == t.Label {
			d.at = i
		}
	}
	d.markRow()
}

func (d *detailPane) markRow() {
	for i, r := range d.rows {
		r.mark(i == d.at)
	}
}

// Suggestion returns the suggestion that Y and N are about.
func (d *detailPane) Suggestion() (library.Tag, bool) {
	if d.at >= len(d.rows) {
		return library.Tag{}, false
	}
	return d.rows[d.at].tag, true
}

// setFacts lists names and values.
func (d *detailPane) setFacts(facts []fact) {
	d.facts.Objects = nil
	for _, f := range facts {
		name := d.tips.NewSmall(f.name)
		value := d.tips.NewLabel(f.value)
		value.Tip = f.tip
		d.facts.Add(container.New(factLayout{}, name, value))
	}
}

// factLayout puts a name into a column of fixed width and the value beside it.
type factLayout struct{}

func (factLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(120, o[1].MinSize().Height)
}

func (factLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const column = 84
	o[0].Resize(fyne.NewSize(column-6, s.Height))
	o[1].Move(fyne.NewPos(column, 0))
	o[1].Resize(fyne.NewSize(s.Width-column, s.Height))
}

// scrollTo brings a part of the pane into view.
func (d *detailPane) scrollTo(o fyne.CanvasObject) {
	y := o.Position().Y
	if y < d.scroll.Offset.Y || y+o.Size().Height > d.scroll.Offset.Y+d.scroll.Size().Height {
		d.scroll.ScrollToOffset(fyne.NewPos(0, max(y-40, 0)))
	}
}
