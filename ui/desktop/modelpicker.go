package desktop

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// modelPicker lists the models at hand and those that can be had at the left, and says at the
// right what there is to know of the marked one, with what can be done with it.
type modelPicker struct {
	Content *fyne.Container

	w        *window
	sheet    *sheet
	plain    *look.Tips
	readOnly bool
	models   []app.ModelInfo
	offers   []app.Offer
	gone     []app.ModelInfo // of which only what they found is left
	shown    []modelChoice

	words  *field
	order  *widget.Select
	many   *sheetCheck
	list   *sheetList
	detail *fyne.Container
	scroll *container.Scroll
	said   *look.Paragraph
	marked string // the id of the model that is shown at the right

	unfinished  []app.Unfinished  // downloads that an earlier run began
	conversions map[string]string // the precisions to which models can be converted, by id
	bar         *widget.ProgressBar
	barText     *look.Label
	barFor      *download
	barRuns     bool
}

// modelOrders are the orders of what can be had, and how two compare.
func modelOrders() ([]string, []func(x, y modelChoice) int) {
	rate := func(c modelChoice) float64 { r, _ := c.perSecond(); return r }
	advised := func(c modelChoice) int {
		if c.offer != nil && c.offer.Advice != "" {
			return 0
		}
		return 1
	}
	return []string{tr("Recommended first"), tr("Best results first"), tr("Fastest first"), tr("Smallest first"), tr("Least memory first")},
		[]func(x, y modelChoice) int{
			func(x, y modelChoice) int { return cmp.Compare(advised(x), advised(y)) },
			func(x, y modelChoice) int { return cmp.Compare(y.quality(), x.quality()) },
			func(x, y modelChoice) int { return cmp.Compare(rate(y), rate(x)) },
			func(x, y modelChoice) int { return cmp.Compare(x.bytes(), y.bytes()) },
			func(x, y modelChoice) int { return cmp.Compare(x.memory(), y.memory()) },
		}
}

func newModelPicker(w *window, models []app.ModelInfo, readOnly bool) *modelPicker {
	p := &modelPicker{w: w, plain: look.NewTips(w.loop), models: models, readOnly: readOnly}
	p.words = newField(tr("Name, maker or language"))
	p.words.OnEscape = w.closeSheet
	p.words.OnDown = func() { w.focus(p.list) }
	p.words.OnChanged = func(string) { p.find("") }
	names, _ := modelOrders()
	p.order = widget.NewSelect(names, nil)
	p.order.SetSelectedIndex(0)
	p.order.OnChanged = func(string) { p.find("") }
	p.many = w.sheetCheck(tr("Many languages"), func(bool) { p.find("") })
	p.said = secondary("")
	p.list = newSheetList(func() int { return len(p.shown) }, p.row, p.fillRow)
	p.list.OnEscape = w.closeSheet
	p.list.OnEnter = func(int) { p.enter() }
	p.list.OnHighlighted = func(i widget.ListItemID) { p.list.Select(i) } // where the keyboard is, is what is shown
	p.list.OnSelected = func(i widget.ListItemID) { p.at(i) }
	p.detail = container.New(flow{gap: 8})
	p.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 8, 4, 14), p.detail))
	add := w.sheetButton(tr("Add from a folder …"), tr("Add a model that you have in a folder"), func() {
		w.closeSheet()
		w.pickFolder(tr("Choose the folder of a model"), w.addModel)
	})
	if readOnly {
		add.Disable()
	}
	compare := w.sheetButton(tr("Compare on your photos …"), tr("Let models look for the same things among your photos, and see what each finds"), func() { w.openCompare(p.markedHere()) })
	top := container.New(layout.NewCustomPaddedLayout(0, 8, 0, 0), container.NewBorder(nil, nil, nil, inRow(container.New(orderWidth{}, p.order), p.many), p.words))
	foot := container.New(layout.NewCustomPaddedLayout(10, 0, 0, 0), container.NewBorder(nil, nil, nil, container.NewCenter(inRow(compare, add)), p.said))
	p.Content = container.NewBorder(top, foot, nil, nil, container.New(twoColumns{}, p.list, p.scroll))
	p.find("")
	return p
}

// orderWidth gives the choice of an order room for the longest.
type orderWidth struct{}

func (orderWidth) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(200, o[0].MinSize().Height)
}

func (orderWidth) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }

// twoColumns gives the first of two columns a fixed share.
type twoColumns struct{}

func (twoColumns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(600, 300) }

func (twoColumns) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const gap = 16
	a := s.Width * .42
	o[0].Resize(fyne.NewSize(a, s.Height))
	o[1].Move(fyne.NewPos(a+gap, 0))
	o[1].Resize(fyne.NewSize(s.Width-a-gap, s.Height))
}

// markedHere is the id of the marked model where it is at hand, else "".
func (p *modelPicker) markedHere() string {
	if p.list.at < len(p.shown) {
		if m := p.shown[p.list.at].here; m != nil && !m.Gone {
			return m.ID
		}
	}
	return ""
}

// open is whether the list is still on the screen.
func (p *modelPicker) open() bool { return p.sheet != nil && p.w.sheet == p.sheet }

func (p *modelPicker) row() fyne.CanvasObject {
	name, state := p.plain.NewLabel(""), p.plain.NewSmall("").Whole()
	name.Style.Bold = true
	return container.New(layout.NewCustomPaddedLayout(4, 4, 8, 12), container.New(layout.NewCustomPaddedVBoxLayout(0),
		container.NewBorder(nil, nil, nil, state, name), p.plain.NewSmall("")))
}

func (p *modelPicker) fillRow(i int, o fyne.CanvasObject) {
	c := p.shown[i]
	lines := o.(*fyne.Container).Objects[0].(*fyne.Container).Objects
	head := lines[0].(*fyne.Container)
	head.Objects[0].(*look.Label).SetText(c.name())
	state := c.state()
	if d := p.downloadOf(c); d != nil {
		state = percent(d.share())
	}
	head.Objects[1].(*look.Label).SetText(state)
	head.Refresh()
	lines[1].(*look.Label).SetText(c.brief())
}

// find lists what the fields at the top say, and marks a model, or the one that is marked.
func (p *modelPicker) find(mark string) {
	words := strings.Fields(p.words.Text)
	keep := func(c modelChoice) bool { return c.matches(words) && (!p.many.Checked || c.manyLanguages()) }
	var here, there []modelChoice
	known := map[string]*app.Offer{}
	for i := range p.offers {
		o := &p.offers[i]
		if o.Installed != "" {
			known[o.Installed] = o
		} else if c := (modelChoice{offer: o}); keep(c) {
			there = append(there, c)
		}
	}
	for i := range p.models {
		if c := (modelChoice{here: &p.models[i], offer: known[p.models[i].ID]}); keep(c) {
			here = append(here, c)
		}
	}
	_, by := modelOrders()
	if i := p.order.SelectedIndex(); i >= 0 {
		slices.SortStableFunc(there, by[i])
	}
	p.shown = append(here, there...)
	for i := range p.gone {
		if c := (modelChoice{here: &p.gone[i]}); c.matches(words) && !p.many.Checked {
			p.shown = append(p.shown, c)
		}
	}
	p.list.Refresh()
	p.mark(mark)
}

// mark marks a model; "" is the one that is marked, or else the first.
func (p *modelPicker) mark(id string) {
	if id == "" {
		id = p.marked
	}
	i := max(0, slices.IndexFunc(p.shown, func(c modelChoice) bool { return c.id() == id }))
	if i >= len(p.shown) {
		p.marked = ""
		p.detail.Objects = []fyne.CanvasObject{secondary(tr("No model is called like that."))}
		p.detail.Refresh()
		return
	}
	p.list.Highlight(i) // which selects it, and so shows it
	p.at(i)
}

// at shows a model at the right.
func (p *modelPicker) at(i int) {
	if i < 0 || i >= len(p.shown) {
		return
	}
	p.list.at = i
	c := p.shown[i]
	if p.marked != c.id() {
		p.marked = c.id()
		p.scroll.ScrollToTop()
	}
	title := p.plain.NewHeading(c.name())
	p.detail.Objects = []fyne.CanvasObject{title}
	id := c.id()
	if s := c.state(); s != "" {
		id += " · " + s
	}
	p.detail.Add(p.plain.NewSmall(id))
	if c.offer != nil && c.offer.Advice != "" {
		p.detail.Add(look.NewParagraph(tr("Recommended: {{.Advice}}.", with{"Advice": c.offer.Advice})))
	}
	if c.here == nil && c.offer.Restricted {
		p.detail.Add(withIcon(theme.WarningIcon(), theme.ColorNameWarning, look.NewParagraph(tr("Its licence forbids some uses; read below which."))))
	}
	for _, wrong := range p.wrongs(c) {
		p.detail.Add(withIcon(theme.ErrorIcon(), theme.ColorNameError, look.NewParagraph(wrong)))
	}
	p.bar = nil
	if d := p.downloadOf(c); d != nil {
		p.addBar(d)
	} else if v := p.w.conversionOf(c.id()); v != nil && c.here != nil {
		p.addConversion(v)
	}
	if buttons := p.buttons(c); len(buttons) > 0 {
		row := inRow()
		for _, b := range buttons {
			row.Add(b)
		}
		p.detail.Add(container.New(layout.NewCustomPaddedLayout(4, 4, 0, 0), row))
	}
	for _, f := range c.facts() {
		p.detail.Add(container.New(modelFactLayout{}, p.plain.NewSmall(f.name), look.NewParagraph(f.text)))
	}
	p.detail.Refresh()
}

// wrongs are what speaks against a model.
func (p *modelPicker) wrongs(c modelChoice) []string {
	var out []string
	if c.here != nil {
		for _, s := range []string{c.here.Problem, c.here.Tight} {
			if s != "" {
				out = append(out, capital(s))
			}
		}
	}
	if c.here == nil && c.offer.Tight != "" {
		out = append(out, c.offer.Tight)
	}
	return out
}

// buttons are what can be done with a model, the main thing first.
func (p *modelPicker) buttons(c modelChoice) []fyne.CanvasObject {
	w := p.w
	var out []fyne.CanvasObject
	button := func(text, name string, can bool, f func()) *look.Button {
		b := w.sheetButton(text, name, f)
		if !can {
			b.Disable()
		}
		out = append(out, b)
		return b
	}
	if c.here == nil {
		if c.offer.Published() {
			p.downloadButtons(c, button)
		}
		return out
	}
	m := *c.here
	free := func() {
		button(tr("Free {{.Size}} …", with{"Size": bytesText(m.Vectors.Bytes)}), tr("Remove what this model found"), !p.readOnly, func() { w.closeSheet(); w.askForgetVectors(m) })
	}
	if m.Gone {
		free()
		return out
	}
	use := func(text, name string, use func(ctx context.Context, id string) error) {
		button(text, name, !p.readOnly && m.Problem == "", func() { w.closeSheet(); w.useModelBy(m, use) })
	}
	switch {
	case m.Coming:
		use(tr("Use now"), tr("Search with this model now; photos it has not looked at yet are found later"), w.b.UseModelNow)
	case !m.InUse:
		use(tr("Use"), tr("Let this model look at the photos"), w.b.UseModel)
	case slices.ContainsFunc(p.models, func(o app.ModelInfo) bool { return o.Coming }):
		use(tr("Keep this model"), tr("Keep this model and stop the switch to the other one"), w.b.UseModel)
	}
	button(tr("Test"), tr("Test this model and measure how fast it is"), m.Problem == "" || m.PerSecond > 0, func() { p.testModel(m) })
	p.conversionButton(m, func(text, name string, can bool, f func()) { button(text, name, can, f) })
	if !m.Bundled {
		button(tr("Remove …"), tr("Delete the files of this model"), !p.readOnly && !m.InUse && !m.Coming && w.conversionOf(m.ID) == nil, func() { w.closeSheet(); w.askRemoveModel(m) })
	}
	if m.Vectors.Vectors > 0 && !m.InUse && !m.Coming {
		free()
	}
	return out
}

// enter does the main thing with the marked model.
func (p *modelPicker) enter() {
	if p.list.at >= len(p.shown) {
		return
	}
	for _, o := range p.buttons(p.shown[p.list.at]) {
		if b := o.(*look.Button); !b.Disabled() {
			call(b.OnTapped)
			return
		}
	}
}

// modelFactLayout puts a name at the left of a text.
type modelFactLayout struct{}

const modelFactColumn = 92

func (modelFactLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[1].MinSize()
	return fyne.NewSize(m.Width+modelFactColumn, max(m.Height, o[0].MinSize().Height))
}

func (modelFactLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Resize(fyne.NewSize(modelFactColumn-8, o[0].MinSize().Height))
	o[0].Move(fyne.NewPos(0, 2))
	o[1].Move(fyne.NewPos(modelFactColumn, 0))
	o[1].Resize(fyne.NewSize(s.Width-modelFactColumn, s.Height))
}
