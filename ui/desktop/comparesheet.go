package desktop

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// comparePage asks at the left which models are compared and by what, and shows at the right
// what each of them finds among the person's photos.
type comparePage struct {
	Content *fyne.Container

	w        *window
	sheet    *sheet
	plain    *look.Tips
	readOnly bool
	models   []app.ModelInfo // those that can be compared

	checks []*sheetCheck
	boxes  *container.Scroll // around checks
	words  *textArea
	sizes  []*look.Button
	photos int
	begin  *look.Button
	pause  *look.Button
	cancel *look.Button
	bar    *widget.ProgressBar
	said   *look.Paragraph
	cards  *fyne.Container
	list   *compareList
	left   *fyne.Container
	right  *fyne.Container
	empty  *look.Paragraph
	shelf  *shelf
}

// compareSizes are how many photos may be looked at.
func compareSizes() []int { return []int{50, 100, 200} }

func (w *window) openComparePage(models []app.ModelInfo, queries []string, tick string, readOnly bool) {
	p := &comparePage{w: w, plain: look.NewTips(w.loop), readOnly: readOnly, photos: 200}
	for _, m := range models {
		if m.Problem == "" && !m.Gone {
			p.models = append(p.models, m)
		}
	}
	ticked := p.ticksAtFirst(tick)
	if c, last := w.compared, w.comparing; c.running() {
		queries, p.photos, ticked = c.queries, c.photos, c.models
	} else if last != nil { // as it was left, also where nothing was compared
		if len(queriesOf(last.words.Text)) > 0 {
			queries = strings.Split(last.words.Text, "\n")
		}
		p.photos = last.photos
		if tick == "" {
			ticked = last.chosen()
		}
	}
	p.build(ticked, queries)
	w.openSheet(tr("Compare models on your photos"), fyne.NewSize(1400, 900), p.Content)
	p.sheet, w.comparing = w.sheet, p
	p.showState()
	p.showResults()
	p.focusFirst()
}

// focusFirst gives the keyboard to what a person wants next.
func (p *comparePage) focusFirst() {
	switch c := p.w.compared; {
	case c != nil && len(c.result.Models) > 0:
		p.w.focus(p.list)
	case c.running():
		p.w.focus(p.pause)
	case p.begin.Disabled() && len(p.checks) > 0:
		p.w.focus(p.checks[0])
	default:
		p.w.focus(p.begin)
	}
}

// refocus gives the keyboard away from buttons that are gone.
func (p *comparePage) refocus() {
	if f := p.w.canvas.Focused(); f == nil || f == fyne.Focusable(p.pause) || f == fyne.Focusable(p.cancel) {
		p.focusFirst()
	}
}

// shown says whether the page is on the screen.
func (p *comparePage) shown() bool { return p.sheet != nil && p.w.sheet == p.sheet }

// ticksAtFirst are the model in use and another one: the one that is asked for, or the first.
func (p *comparePage) ticksAtFirst(other string) []string {
	var ids []string
	for _, m := range p.models {
		if m.InUse {
			ids = append(ids, m.ID)
		}
	}
	if other != "" && !slices.Contains(ids, other) {
		ids = append(ids, other)
	}
	for _, m := range p.models {
		if len(ids) < leastCompared && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

const compareLeft = 248 // width of what is asked

func (p *comparePage) build(ticked, queries []string) {
	w := p.w
	checks := container.New(flow{gap: 0})
	for _, m := range p.models {
		c := w.sheetCheck(modelName(m), nil)
		c.SetChecked(slices.Contains(ticked, m.ID))
		c.OnChanged = func(bool) { p.showState() }
		c.OnFocus = func() { inSight(p.boxes, c) }
		p.checks = append(p.checks, c)
		checks.Add(c)
	}
	p.words = newTextArea()
	p.words.SetPlaceHolder(tr("a dog on a beach"))
	p.words.SetText(strings.Join(queries, "\n"))
	p.words.OnEscape = w.closeSheet
	p.words.OnChanged = func(string) { p.showState() }
	sizes := inRow()
	for _, n := range compareSizes() {
		b := w.sheetButton(strconv.Itoa(n), trn("Look at {{.N}} photos", n, nil), func() { p.photos = n; p.showState() })
		p.sizes = append(p.sizes, b)
		sizes.Add(b)
	}
	p.begin = w.sheetButton(tr("Compare"), tr("Begin to compare the models"), p.start).Filled(theme.ColorNamePrimary).Coloured(theme.ColorNameForegroundOnPrimary)
	p.pause = w.sheetButton("", tr("Pause, or go on"), func() {
		w.compared.hold.Set(!w.compared.hold.Closed())
		w.showCompared(false)
	})
	p.cancel = w.sheetButton(tr("Cancel"), tr("Stop comparing and keep the results so far"), func() {
		if w.compared.running() {
			w.compared.stop()
		}
	})
	p.bar = widget.NewProgressBar()
	p.bar.TextFormatter = func() string { return "" }
	p.said = secondary("")
	p.said.Rank = look.SizeSmallText

	line := func(text string) fyne.CanvasObject {
		s := secondary(text)
		s.Rank = look.SizeSmallText
		return s
	}
	p.boxes = container.NewVScroll(checks)
	few := min(float32(len(p.checks)), 4.5)
	above := container.New(flow{gap: 4}, w.subheading(tr("Models")), line(tr("Choose two or three.")),
		container.New(ownHeight{few * 34}, p.boxes),
		w.subheading(tr("What to look for")), line(tr("One description on each line, such as “a dog on a beach”.")))
	below := container.New(flow{gap: 8}, container.New(layout.NewCustomPaddedLayout(8, 0, 0, 0), inRow(sizes, container.NewCenter(p.plain.NewSmall(tr("photos (at most)")).Whole()))),
		inRow(p.begin, p.pause, p.cancel), container.New(ownHeight{8}, p.bar), container.New(ownHeight{54}, p.said))
	p.left = container.NewBorder(above, below, nil, nil, p.words)

	if w.comparing != nil {
		p.shelf = w.comparing.shelf // back from a photo, those of the others are there at once
	} else {
		p.shelf = newShelf(w, func() { w.comparing.list.Refresh() })
	}
	p.cards = container.New(evenColumns{gap: 12})
	p.empty = look.NewParagraph("")
	p.empty.Rank = theme.SizeNameSubHeadingText
	p.empty.Colour, p.empty.Align = look.ColourSecondary, fyne.TextAlignCenter
	p.right = container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 8, 0, 0), p.cards), nil, nil, nil, container.NewStack())
	p.Content = container.New(besideFixed{compareLeft, 20}, p.left, p.right)
}

// chosen are the ids of the ticked models.
func (p *comparePage) chosen() []string {
	var ids []string
	for i, c := range p.checks {
		if c.Checked {
			ids = append(ids, p.models[i].ID)
		}
	}
	return ids
}

// start begins to compare.
func (p *comparePage) start() {
	queries := queriesOf(p.words.Text)
	p.w.compare(p.chosen(), queries, p.photos)
	p.words.SetText(strings.Join(queries, "\n"))
	p.w.focus(p.pause)
}

// why says what keeps the models from being compared, "" where nothing does.
func (p *comparePage) why() string {
	n := len(p.chosen())
	switch {
	case len(p.models) < leastCompared:
		return tr("You have only one model. Download another one under “Models” first.")
	case n < leastCompared:
		return tr("Tick two or three models.")
	case len(queriesOf(p.words.Text)) == 0:
		return tr("Write what to look for, one description on each line.")
	case len(queriesOf(p.words.Text)) > mostCompareQueries:
		return tr("Write no more than {{.N}} descriptions.", with{"N": number(mostCompareQueries)})
	}
	return ""
}

// showState brings up to date what can be done, and what is being done.
func (p *comparePage) showState() {
	c := p.w.compared
	running := c.running()
	full := len(p.chosen()) >= mostCompared
	for _, k := range p.checks {
		enable(k, !running && (k.Checked || !full))
	}
	enable(p.words, !running)
	for i, n := range compareSizes() {
		b := p.sizes[i]
		name := trn("Look at {{.N}} photos", n, nil)
		if n == p.photos {
			b.Set(look.Check.Resource(), tr("{{.What}}, chosen", with{"What": name}))
		} else {
			b.Set(nil, name)
		}
		enable(b, !running)
	}
	why := p.why()
	enable(p.begin, !running && why == "")
	p.begin.Hidden, p.pause.Hidden, p.cancel.Hidden = running, !running, !running
	p.bar.Hidden = !running
	switch {
	case running:
		p.bar.SetValue(c.share())
		p.pause.SetText(tr("Pause"))
		now := app.Progress{Job: tr("Starting …"), Running: true}
		if c.now.Running && c.nowOf == len(c.result.Models) && c.nowOf < len(c.models) {
			now = c.now
			now.Job = p.nameOf(c.models[c.nowOf])
		}
		if now.Paused = c.hold.Closed(); now.Paused {
			p.pause.SetText(tr("Go on"))
		}
		p.said.SetText(tr("Model {{.N}} of {{.All}}. {{.Text}}", with{
			"N": number(min(len(c.result.Models)+1, len(c.models))), "All": number(len(c.models)), "Text": progressText(now),
		}))
	case why != "":
		p.said.SetText(why)
	case c != nil && c.wrong != "":
		p.said.SetText(c.wrong)
	case c != nil && c.stopped:
		p.said.SetText(tr("Stopped. The results so far are shown."))
	case c != nil && len(c.result.Failed) > 0:
		p.said.SetText(trn("Done. {{.N}} photos could not be read and were left out.", len(c.result.Failed), nil))
	case c != nil:
		p.said.SetText(trn("Done. {{.N}} photos were compared.", len(c.result.Photos), nil))
	default:
		p.said.SetText(p.estimate())
	}
	p.left.Refresh() // and no thumbnail
}

// estimate says about how long the ticked models will take, as far as that was measured.
func (p *comparePage) estimate() string {
	seconds := 0.0
	for i, c := range p.checks {
		if m := p.models[i]; c.Checked && !m.InUse {
			if m.PerSecond == 0 {
				return tr("Photos a model already knows take no time.")
			}
			seconds += float64(p.photos) / m.PerSecond
		}
	}
	if seconds < 60 {
		return tr("That takes a minute or less.")
	}
	return trn("That takes about {{.N}} minutes; you can go on with your work.", int(seconds/60)+1, nil)
}

// showResults shows what has been found by now.
func (p *comparePage) showResults() {
	c := p.w.compared
	middle := container.NewStack()
	p.cards.Objects = nil
	if c == nil || len(c.result.Photos) == 0 && !c.running() {
		p.list = newCompareList(p)
		p.empty.SetText(tr("Each model searches the same photos from your library, old and new. For each description you see what each model finds first. Your photos and tags stay as they are."))
		middle.Add(container.New(narrowMiddle{460}, p.empty))
	} else {
		for i, id := range c.models {
			p.cards.Add(p.card(c, i, id))
		}
		if p.list == nil || p.list.models != len(c.models) || p.list.of != c {
			p.list = newCompareList(p)
		}
		middle.Add(p.list)
	}
	p.cards.Hidden = len(p.cards.Objects) == 0
	p.right.Objects[0] = middle
	p.right.Refresh()
	p.cards.Refresh()
	p.list.Refresh()
}

// card says what there is to know of a compared model, and has the button to use it.
func (p *comparePage) card(c *comparison, i int, id string) fyne.CanvasObject {
	m := app.ModelInfo{ID: id}
	if k := slices.IndexFunc(p.models, func(o app.ModelInfo) bool { return o.ID == id }); k >= 0 {
		m = p.models[k]
	}
	name := p.plain.NewLabel(modelName(m))
	name.Style.Bold = true
	facts := nonEmpty(bytesText(m.Bytes))
	if m.PerSecond > 0 {
		facts = append([]string{rateText(m.PerSecond)}, facts...)
	}
	state := p.plain.NewSmall(p.cardState(c, i))
	if i < len(c.result.Models) && c.result.Models[i].Problem != "" {
		state.SetColour(theme.ColorNameError)
	}
	use := p.w.sheetButton(tr("Use this model"), tr("Use {{.Model}} for searching; it first looks at all your photos", with{"Model": modelName(m)}), func() { p.w.useCompared(m) })
	if m.InUse {
		use.SetText(tr("in use"))
		use.Set(nil, tr("{{.Model}} is in use", with{"Model": modelName(m)}))
	}
	if p.readOnly || m.InUse {
		use.Disable()
	}
	above := container.NewBorder(nil, nil, nil, container.NewCenter(use),
		container.New(layout.NewCustomPaddedVBoxLayout(1), name, p.plain.NewSmall(strings.Join(facts, " · "))))
	return cardOf(container.New(layout.NewCustomPaddedVBoxLayout(1), above, state))
}

// cardState says how well a model did, or that it is not done.
func (p *comparePage) cardState(c *comparison, i int) string {
	if i >= len(c.result.Models) {
		switch {
		case !c.running():
			return tr("not done")
		case i == len(c.result.Models):
			return tr("looks at the photos …")
		}
		return tr("waiting")
	}
	m := c.result.Models[i]
	if m.Problem != "" {
		return capital(m.Problem)
	}
	for _, x := range m.Measures {
		if x.Name == "mAP" {
			return tr("matches your own tags: {{.Share}} of 100 points", with{"Share": strconv.Itoa(int(100*x.Value + .5))})
		}
	}
	own, of := 0, 0
	for q := range m.Found {
		for k := range m.Found[q] {
			of++
			if c.alone(foundAt{q, i, k}) {
				own++
			}
		}
	}
	if len(c.result.Models) < 2 || of == 0 {
		return tr("done")
	}
	return tr("{{.N}} of its {{.All}} photos no other model found", with{"N": number(own), "All": number(of)})
}

// enable lets something be used, or keeps it from being used.
func enable(o fyne.Disableable, on bool) {
	if on {
		o.Enable()
	} else {
		o.Disable()
	}
}

// ownHeight gives one object a height.
type ownHeight struct{ height float32 }

func (l ownHeight) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(o[0].MinSize().Width, l.height)
}

func (l ownHeight) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }

// besideFixed gives the first of two objects a width and the second the rest.
type besideFixed struct{ width, gap float32 }

func (l besideFixed) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(600, 300) }

func (l besideFixed) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Resize(fyne.NewSize(l.width, s.Height))
	o[1].Move(fyne.NewPos(l.width+l.gap, 0))
	o[1].Resize(fyne.NewSize(s.Width-l.width-l.gap, s.Height))
}

// evenColumns puts objects beside each other, all of one width.
type evenColumns struct{ gap float32 }

func (l evenColumns) MinSize(o []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, x := range o {
		s.Height = max(s.Height, x.MinSize().Height)
	}
	return s
}

func (l evenColumns) Layout(o []fyne.CanvasObject, s fyne.Size) {
	if len(o) == 0 {
		return
	}
	each := (s.Width - l.gap*float32(len(o)-1)) / float32(len(o))
	for i, x := range o {
		x.Move(fyne.NewPos(float32(i)*(each+l.gap), 0))
		x.Resize(fyne.NewSize(each, s.Height))
	}
}

// narrowMiddle puts a paragraph in the middle, no wider than that.
type narrowMiddle struct{ width float32 }

func (l narrowMiddle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (l narrowMiddle) Layout(o []fyne.CanvasObject, s fyne.Size) {
	width := min(l.width, s.Width)
	o[0].Resize(fyne.NewSize(width, 10))
	height := o[0].MinSize().Height
	o[0].Resize(fyne.NewSize(width, height))
	o[0].Move(fyne.NewPos((s.Width-width)/2, (s.Height-height)*.4))
}
