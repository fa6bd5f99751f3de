package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// emptyState stands in the middle of the window where there is no photo to show, and says
// what to do next.
type emptyState struct {
	Content *fyne.Container
	title   *look.Paragraph
	text    *look.Paragraph
	buttons *fyne.Container
	card    *look.Fill
	body    *fyne.Container
}

func newEmptyState() *emptyState {
	e := &emptyState{title: look.NewParagraph(""), text: look.NewParagraph(""), card: look.NewCard(look.ColourSurface, look.ColourLine, 8)}
	e.title.Rank, e.title.Align = look.SizeBigText, fyne.TextAlignCenter
	e.text.Colour, e.text.Align = look.ColourSecondary, fyne.TextAlignCenter
	e.buttons = container.New(layout.NewCustomPaddedHBoxLayout(8))
	e.body = container.New(layout.NewCustomPaddedVBoxLayout(16), e.title, e.text, container.NewCenter(e.buttons))
	e.Content = container.New(cardInMiddle{}, e.card, e.body)
	e.Content.Hide()
	return e
}

// Set shows texts and buttons, in a card where there is something to do.
func (e *emptyState) Set(title, text string, buttons ...fyne.CanvasObject) {
	e.title.SetText(title)
	e.text.SetText(text)
	e.buttons.Objects = buttons
	e.card.Hidden = len(buttons) == 0
	e.Content.Show()
	e.Content.Refresh()
}

// cardInMiddle centres a card of fixed width with a body inside.
type cardInMiddle struct{}

func (cardInMiddle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (cardInMiddle) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const width, margin = 460, 28
	w := min(width, s.Width-24)
	o[1].Resize(fyne.NewSize(w-2*margin, 10)) // for the paragraphs to break their lines
	h := o[1].MinSize().Height
	x, y := (s.Width-w)/2, max((s.Height-h-2*margin)/2.4, 0)
	o[0].Move(fyne.NewPos(x, y))
	o[0].Resize(fyne.NewSize(w, h+2*margin))
	o[1].Move(fyne.NewPos(x+margin, y+margin))
	o[1].Resize(fyne.NewSize(w-2*margin, h))
}

// showEmpty shows what to do next where the list holds no photo.
func (w *window) showEmpty(photos int, searching bool) {
	if photos > 0 {
		w.empty.Content.Hide()
		return
	}
	switch {
	case w.roots == 0 && w.all == 0:
		w.result.SetText("")
		add := widget.NewButtonWithIcon(tr("Add a folder …"), theme.FolderNewIcon(), w.addFolder)
		add.Importance = widget.HighImportance
		w.empty.Set(tr("Add a folder of photos"),
			tr("Drop a folder here or choose one. Descry looks at every photo on this computer only, and changes none of them."),
			add, widget.NewButton(tr("Try with sample photos"), w.addSamples))
	case searching:
		w.empty.Set(tr("Nothing found"), tr("Try other words, or fewer of them. Descry finds what is to be seen in a photo, not who it is."))
	case w.scope.Kind == app.ScopeFavourites:
		w.empty.Set(tr("No favourites yet"), tr("Press F on a photo to make it one."))
	case w.scope.Kind == app.ScopeUntagged:
		w.empty.Set(tr("Every photo has a tag"), tr("Photos without a confirmed tag would be here."))
	case w.scope.Kind == app.ScopeAltToReview:
		w.empty.Set(tr("No alt text waits for review"), tr("Drafts that nobody has approved would be here."))
	case w.scope.Kind == app.ScopeMissing:
		w.empty.Set(tr("No photo is missing"), tr("Photos whose files are gone from their folders would be here, with everything you said of them."))
	case w.all == 0:
		w.empty.Set(tr("No photos found yet"), tr("They appear here as soon as they are found. If the folder holds none, add another one."))
	default:
		w.empty.Set(tr("No photos here"), "")
	}
}

// banner is a sentence above the grid that stays until it is closed.
type banner struct {
	Content *fyne.Container
	text    *look.Paragraph
	act     *look.Button
	shut    *look.Button
	OnShut  func()
	OnShape func() // it came, went or changed its height
}

func newBanner(tips *look.Tips) *banner {
	b := &banner{text: look.NewParagraph("")}
	b.act = tips.NewText("", "", nil).Outlined()
	b.shut = tips.NewIcon(look.Cross.Resource(), tr("Close this notice"), func() {
		b.Hide()
		if b.OnShut != nil {
			b.OnShut()
		}
	}).Sized(24)
	b.Content = container.NewStack(look.NewFill(look.ColourMark),
		container.New(layout.NewCustomPaddedLayout(8, 8, 14, 10), container.NewBorder(nil, nil, nil,
			container.NewHBox(container.NewCenter(b.act), container.NewCenter(b.shut)), container.New(centred{}, b.text))))
	b.Content.Hide()
	return b
}

// centred keeps a paragraph in the middle of its height.
type centred struct{}

func (centred) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (centred) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Resize(fyne.NewSize(s.Width-12, s.Height))
	h := min(o[0].MinSize().Height, s.Height)
	o[0].Move(fyne.NewPos(0, (s.Height-h)/2))
	o[0].Resize(fyne.NewSize(s.Width-12, h))
}

// Set shows a sentence and, if label is not empty, a button.
func (b *banner) Set(text, label, name string, act, shut func()) {
	b.text.SetText(text)
	b.act.SetText(label)
	b.act.Set(nil, name)
	b.act.Hidden = label == ""
	b.act.OnTapped = act
	b.OnShut = shut
	b.Content.Show()
	b.Content.Refresh()
	b.shaped()
}

// Hide takes the banner away.
func (b *banner) Hide() {
	if b.Content.Visible() {
		b.Content.Hide()
		b.shaped()
	}
}

func (b *banner) shaped() {
	if b.OnShape != nil {
		b.OnShape()
	}
}

// showNotices says what limits the program at the moment, the most important first.
func (w *window) showNotices(m app.ModelInfo, problem string, readOnly bool, who string, seenNotice bool) {
	switch {
	case readOnly:
		w.banner.Set(who, "", "", nil, nil)
	case problem != "":
		w.banner.Set(problem, "", "", nil, nil)
	case w.scope.Kind == app.ScopeMissing && w.missing > 0:
		w.explainMissing()
	case len(w.unread) > 0:
		w.showNote()
	case m.Bundled && !seenNotice:
		seen := func() { w.remember(settingNotice, "seen") }
		w.banner.Set(tr("Descry looks at your photos with its small starter model. A larger model finds more."),
			tr("Choose a model"), tr("Choose the model that looks at the photos"), func() {
				w.banner.Hide()
				seen()
				w.showModels()
			}, seen)
	default:
		w.banner.Hide()
	}
}
