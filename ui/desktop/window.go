package desktop

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/feed"
	"descry/ui/desktop/grid"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

const (
	defaultCell  = 168
	defaultLeft  = 232
	defaultRight = 320
	thumbBudget  = 192 << 20 // bytes of thumbnails kept in memory
)

// Settings in which the window remembers its state.
const (
	settingTheme  = "ui.theme"  // look.Mode
	settingCell   = "ui.cell"   // side of a thumbnail
	settingPanes  = "ui.panes"  // left and right width, left and right open
	settingOpen   = "ui.open"   // keys of the open entries of the side bar, one per line
	settingSize   = "ui.size"   // width and height of the window
	settingNotice = "ui.notice" // "seen" once the notice about larger models was closed
)

// window is the presenter: it joins the widgets and the Backend. All its methods are called
// on the window's thread.
type window struct {
	ctx  context.Context
	acts sync.WaitGroup // what the person said and is not stored yet
	b    Backend
	log  *slog.Logger
	loop *pace.Loop
	app  fyne.App
	win  fyne.Window // nil when drawing without a window
	quit func()      // keeps what is unsaved and ends the program

	canvas     fyne.Canvas
	content    fyne.CanvasObject
	tips       *look.Tips
	toast      *toast
	side       *sidebar
	search     *searchBar
	grid       *grid.Grid
	feed       *feed.Feed
	detail     *detailPane
	status     *statusBar
	viewer     *viewerPage
	panes      *look.Panes
	slider     *widget.Slider
	result     *look.Label
	banner     *banner
	empty      *emptyState
	working    *look.Label          // says what is running
	sheet      *sheet               // what lies over the window, if anything
	models     *modelPicker         // the list of models that was opened last
	downloads  map[string]*download // of models, by their id in the catalogue
	conversion *conversion          // of a model, nil while none runs
	compared   *comparison          // of models: the one that runs or ran last, nil before
	comparing  *comparePage         // which shows it, the one that was opened last
	dialog     dialog.Dialog        // of the toolkit, over everything, if any
	dupes      *dupesPage
	photos     *fyne.Container         // the grid, or what stands in its place where it is empty
	line       *fyne.Container         // above it
	head       *fyne.Container         // search box and chips
	show       func(path string) error // has the system open a file or a folder

	commands []command
	mode     look.Mode

	scope        app.Scope
	found        app.SearchResult // of the shown search
	hits         map[library.PhotoID]app.Hit
	where        whereShown      // where in a photo it is
	similar      library.PhotoID // the shown list holds photos like this one
	newest       bool            // results by date instead of by match
	singly       bool            // every photo of a stack is shown
	stack        stackShown      // the stack that is shown alone
	reveal       library.PhotoID // to be chosen once the list is there
	all          int             // photos in the library
	roots        int
	missing      int      // photos whose files are gone
	folderNews   []string // sentences on folders that came up since the start
	aside        bool     // the viewer was opened on other photos than the list's
	fromCompared bool     // and that from compared models
	unread       []string // notices on folders that wait to be shown
	ending       error    // what Run returns, nil for nothing special
	heard        bool     // an event said how far the background work is
	listing      task
	choosing     task
	kept         string // the search that was remembered last
	keptStanding string // the same, where nobody said Enter
	keeping      func() // stops the wait before a search is remembered
	stale        func() // stops the wait before a refresh
	chooseSoon   func() // stops the wait before the details are shown
	main, middle *fyne.Container
}

// task is background work of which only the latest counts.
type task struct {
	number int
	cancel context.CancelFunc
}

// begin starts the latest; the context of the one before ends.
func (t *task) begin(ctx context.Context) (context.Context, int) {
	if t.cancel != nil {
		t.cancel()
	}
	ctx, t.cancel = context.WithCancel(ctx)
	t.number++
	return ctx, t.number
}

func newWindow(ctx context.Context, b Backend, loop *pace.Loop, a fyne.App, o Options) *window {
	w := &window{ctx: ctx, b: b, loop: loop, app: a, log: o.Log, hits: map[library.PhotoID]app.Hit{}}
	if w.log == nil {
		w.log = slog.Default()
	}
	w.tips = look.NewTips(loop)
	w.toast = newToast(loop, w.tips)
	w.feed = feed.New(ctx, feed.Params{
		Loop: loop, Backend: b, Workers: max(runtime.NumCPU()/2, 2), Bytes: thumbBudget,
		Changed: func() { loop.PostLatest(w.feed, w.grid.Sync) }, Badge: badgeOf,
	})
	w.buildGrid(o)
	w.show, w.singly = w.systemShow, w.setting(settingSingly) == "true"
	w.buildSides()
	w.buildSearch()
	w.buildSaving()
	w.buildViewer()
	w.commands = w.allCommands()
	w.scope = app.Scope{Kind: app.ScopeAll, Title: tr("All photos")}
	w.assemble(o)
	return w
}

func (w *window) buildGrid(o Options) {
	cell := float32(defaultCell)
	if v, err := strconv.ParseFloat(w.setting(settingCell), 32); err == nil {
		cell = min(max(float32(v), grid.LeastCell), grid.MostCell)
	}
	g := grid.New(w.feed, cell)
	g.BandText = tr("less likely")
	g.Now = w.loop.Now
	g.OnSelect = w.chosenChanged
	g.OnTouch = w.b.Touched
	g.OnOpen = func(i int) {
		w.keepSearch(w.search.last, false)
		w.viewer.Show(g.Photos(), i, false)
		w.focus(w.viewer.Pane)
	}
	g.OnPeek = func(i int) {
		w.keepSearch(w.search.last, false)
		w.viewer.Show(g.Photos(), i, true)
		w.focus(w.viewer.Pane)
	}
	g.OnView = w.inView
	g.OnRune = w.typedRune
	g.OnKey = w.typedKey
	g.OnZoom = func(side float32) { w.slider.SetValue(float64(side)) }
	g.OnMenu = w.contextMenu
	g.OnHover = w.hover
	g.OnBadge = func(i int) {
		g.Select(i)
		w.openStackOf(g.Photos()[i])
	}
	w.grid = g
	w.slider = widget.NewSlider(grid.LeastCell, grid.MostCell)
	w.slider.Step = 4
	w.slider.Value = float64(cell)
	w.slider.OnChanged = func(v float64) { g.SetTarget(float32(v)) }
	w.slider.OnChangeEnded = func(v float64) { w.remember(settingCell, strconv.Itoa(int(v))) }
}

// inView asks for what the cells in sight show, then for what comes next.
func (w *window) inView(from, to, ahead int, flinging bool) {
	ids := w.grid.Photos()
	if flinging {
		w.feed.Want(nil, w.grid.Pixels())
		w.loop.After(120*time.Millisecond, w.grid.Settled)
		return
	}
	wanted := append([]library.PhotoID(nil), ids[from:to]...)
	if ahead > to {
		wanted = append(wanted, ids[to:ahead]...)
	} else if ahead < from {
		wanted = append(wanted, ids[ahead:from]...)
	}
	w.feed.Want(wanted, w.grid.Pixels())
	w.b.Prefer(ids[from:to])
}

// hover shows name and confidence of the photo under the pointer.
func (w *window) hover(i int, at fyne.Position) {
	ids := w.grid.Photos()
	if i < 0 || i >= len(ids) {
		w.tips.Forget()
		return
	}
	c, ok := w.feed.Card(ids[i])
	if !ok {
		return
	}
	text := c.Name
	if !c.Taken.IsZero() {
		text += "\n" + dateText(c.Taken)
	}
	if h, ok := w.hits[ids[i]]; ok && w.found.Calibrated && h.Confidence > 0 {
		text += "\n" + confidenceText(h.Confidence)
	}
	if b := badgeOf(c); b.Name != "" {
		text += "\n" + capital(b.Name)
	}
	switch c.State {
	case library.Missing:
		text += "\n" + tr("The file is missing.")
	case library.Offline:
		text += "\n" + tr("Its disk is not connected.")
	}
	w.tips.Hover(ids[i], text, at)
}

func (w *window) buildSides() {
	w.side = newSidebar(w.tips)
	if open := w.setting(settingOpen); open != "" {
		clear(w.side.open)
		for key := range strings.Lines(open) {
			w.side.open[strings.TrimSpace(key)] = true
		}
	}
	w.side.OnScope = w.setScope
	w.side.OnDuplicates = w.showDuplicates
	w.side.OnOpen = func(open string) { w.remember(settingOpen, open) }
	w.side.OnRune, w.side.OnKey = w.typedRune, w.typedKey

	w.detail = newDetailPane(w.tips)
	d := w.detail
	d.OnConfirm, d.OnReject, d.OnClear = w.confirmTag, w.rejectTag, w.clearTag
	d.OnAddTag, d.OnComplete = w.addTag, w.completeTag
	d.OnFavourite, d.OnRate = w.setFavourite, w.setRating
	d.OnAlt, d.OnApprove = w.saveAlt, w.approveAlt
	d.OnCopy = func(text string) {
		w.app.Clipboard().SetContent(text)
		w.toast.Show(tr("Alt text copied."), "", nil)
	}
	d.OnCopyText = func(text string) {
		w.app.Clipboard().SetContent(text)
		w.toast.Show(tr("Text copied."), "", nil)
	}
	d.OnOpen = func() { w.openCursor(false) }
	d.OnSimilar = w.findSimilar
	d.OnWhere = w.toggleWhere
	d.stack.OnAll = func() { w.openStackOf(d.shown.Photo) }
	d.stack.OnOpen = w.viewStack
	d.OnDone = w.focusGrid

	w.status = newStatusBar(w.tips)
	w.status.OnPause = func() { w.background(w.b.PauseIndexing) }
	w.status.OnResume = func() { w.background(w.b.ResumeIndexing) }
	w.status.OnCancel = func() { w.background(w.b.CancelIndexing) }
	w.status.OnFailures = w.showFailures
	w.status.OnModel = w.showModels
}

func (w *window) buildSearch() {
	w.search = newSearchBar(w.loop, w.tips)
	w.search.OnSearch = func(text string) { w.similar = 0; w.list(false); w.keepLater() }
	w.search.OnTyped = w.b.Touched
	w.search.OnLeave = w.focusGrid
	w.search.OnDown = func() {
		w.focusGrid()
		if w.grid.Chosen(1); len(w.grid.Photos()) > 0 {
			if _, _, ok := w.grid.Cursor(); ok {
				w.grid.Step(grid.Down, false)
			}
		}
	}
	w.search.OnComplete = func(text string, cursor int, show func(app.Completion)) {
		w.loop.Go(func() func() {
			c, err := w.b.Complete(w.ctx, text, cursor)
			if err != nil {
				return nil // typing goes on without proposals
			}
			return func() { show(c) }
		})
	}
	w.search.OnModels = w.showModels
	w.search.Box.OnPaste = func(text string) bool {
		files := pasted(text)
		if len(files) > 0 {
			w.addPictures(files)
		}
		return len(files) > 0
	}
	w.search.OnSort = func(newest bool) { w.newest = newest; w.list(false) }
}

func (w *window) buildViewer() {
	v := newViewerPage(w.ctx, w.loop, w.tips)
	v.Picture = w.b.Picture
	v.Small = func(ctx context.Context, id library.PhotoID) (*image.RGBA, error) {
		cards, err := w.b.Cards(ctx, []library.PhotoID{id})
		if err != nil || len(cards) == 0 {
			return nil, fmt.Errorf("find the thumbnail: %w", cmp.Or(err, library.ErrNotFound))
		}
		return w.b.Thumbnail(ctx, cards[0].Picture)
	}
	v.Describe = func(id library.PhotoID) (title, info, alt string) {
		c, _ := w.feed.Card(id)
		parts := nonEmpty(c.Alt)
		if !c.Taken.IsZero() {
			parts = append([]string{dateText(c.Taken)}, parts...)
		}
		return c.Name, strings.Join(parts, " · "), c.Alt
	}
	v.Note = func(id library.PhotoID) string {
		c, _ := w.feed.Card(id)
		return stateNote(c)
	}
	v.Mark = w.markOf
	v.OnEscape = func() bool {
		shown := w.where.photo != 0
		w.endWhere()
		return shown
	}
	v.OnMove = func(i int) {
		switch {
		case w.fromCompared:
			w.compared.at.photo = i
			w.chosenChanged()
		case w.aside:
			w.chosenChanged()
		case w.dupes.Open():
			w.dupes.list.goTo(w.dupes.at, i)
		default:
			w.grid.Select(i)
		}
		w.leaveWhere()
	}
	v.OnOpen = func() {
		w.aside, w.fromCompared = false, false
		w.tips.Forget()
		w.main.Hide() // nothing below the viewer may get a click
	}
	v.OnClose = func() {
		w.main.Show()
		if i, _ := v.Current(); i < len(w.grid.Photos()) && !w.dupes.Open() && !w.aside {
			w.grid.Reveal(i)
		}
		if w.aside {
			w.chosenChanged() // the details are those of the grid again
		}
		w.focusGrid()
	}
	v.OnBack = func() {
		if w.fromCompared {
			w.showCompare()
		}
	}
	v.OnRune = func(r rune) bool { w.typedRune(r); return true }
	v.OnKey = w.typedKey
	w.viewer = v
}

// assemble puts the parts of the window together.
func (w *window) assemble(o Options) {
	icon := func(r fyne.Resource, name string, f func()) fyne.CanvasObject {
		return container.NewCenter(w.tips.NewIcon(r, name, f))
	}
	left := container.NewHBox(icon(look.PaneLeft.Resource(), tr("Show or hide both side panes (B)"), w.togglePanes))
	size := container.NewHBox(
		container.NewCenter(widget.NewIcon(theme.NewColoredResource(look.SmallGrid.Resource(), look.ColourSecondary))),
		container.New(sliderBox{}, look.Tracked(w.slider)),
		container.NewCenter(widget.NewIcon(theme.NewColoredResource(look.LargeGrid.Resource(), look.ColourSecondary))),
		look.NewGap(4, 1), icon(look.PaneRight.Resource(), tr("Show or hide the details (I)"), w.toggleDetail),
	)
	top := container.New(topBar{}, left, w.search.In, size)

	w.result = w.tips.NewSmall("")
	w.working = w.tips.NewSmall("")
	w.working.Align = fyne.TextAlignTrailing
	w.banner = newBanner(w.tips)
	w.banner.OnShape = w.arrange
	w.empty = newEmptyState()
	line := container.New(layout.NewCustomPaddedLayout(8, 6, 14, 14), container.NewBorder(nil, nil, nil, container.New(wideLabel{}, w.working), w.result))
	w.line = line
	w.photos = container.NewStack(w.grid, w.empty.Content)
	w.dupes = newDupesPage(w)
	w.middle = container.New(&column{grow: 1}, line, container.NewStack(w.photos, w.dupes.Content), w.banner.Content)
	leftPane := container.NewStack(look.NewFill(theme.ColorNameBackground), container.New(layout.NewCustomPaddedLayout(4, 4, 4, 4), w.side))
	w.panes = look.NewPanes(leftPane, w.middle, w.detail.Content, defaultLeft, defaultRight)
	w.restorePanes()
	w.panes.OnChanged = w.rememberPanes

	w.head = container.NewStack(look.NewFill(look.ColourSurface), container.New(&column{grow: -1}, top, w.search.Row, look.NewLine()))
	w.main = container.New(&column{grow: 1}, w.head, w.panes.Content, w.status.Content)
	w.content = container.NewStack(look.NewFill(theme.ColorNameBackground), w.main, w.search.may.Layer, w.viewer.Content, w.toast.Layer, w.tips.Layer)
}

// topBar lays out the upper bar: what is at the left, the search box, what is at the right.
type topBar struct{}

func (topBar) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(480, 48) }

func (topBar) Layout(o []fyne.CanvasObject, s fyne.Size) {
	place := func(x fyne.CanvasObject, left, width float32) {
		h := x.MinSize().Height
		x.Move(fyne.NewPos(left, (s.Height-h)/2))
		x.Resize(fyne.NewSize(width, h))
	}
	l, r := o[0].MinSize().Width, o[2].MinSize().Width
	place(o[0], 12, l)
	place(o[2], s.Width-r-12, r)
	room := s.Width - l - r - 56
	place(o[1], l+24, min(room, 760))
}

// sliderBox gives the slider a fixed width.
type sliderBox struct{}

func (sliderBox) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(120, 28) }

func (sliderBox) Layout(o []fyne.CanvasObject, s fyne.Size) {
	h := min(o[0].MinSize().Height, s.Height)
	o[0].Move(fyne.NewPos(0, (s.Height-h)/2))
	o[0].Resize(fyne.NewSize(s.Width, h))
}

// wideLabel gives a label some room.
type wideLabel struct{}

func (wideLabel) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(110, o[0].MinSize().Height)
}
func (wideLabel) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }

// arrange lays the window out anew after a part of it came, went or changed its height. It
// does so twice: the height of a paragraph follows from its width.
func (w *window) arrange() {
	for range 2 {
		for _, c := range []*fyne.Container{w.main, w.middle} {
			c.Layout.Layout(c.Objects, c.Size())
		}
	}
}

// column lays objects out below each other without gaps; the one at place grow takes the
// height that is left.
type column struct{ grow int }

// MinSize is the sum of the heights.
func (c *column) MinSize(o []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, x := range o {
		if x.Visible() {
			m := x.MinSize()
			s = fyne.NewSize(max(s.Width, m.Width), s.Height+m.Height)
		}
	}
	return s
}

// Layout places the objects.
func (c *column) Layout(o []fyne.CanvasObject, s fyne.Size) {
	left := s.Height
	for i, x := range o {
		if x.Visible() && i != c.grow {
			left -= x.MinSize().Height
		}
	}
	y := float32(0)
	for i, x := range o {
		if !x.Visible() {
			continue
		}
		h := x.MinSize().Height
		if i == c.grow {
			h = max(left, 0)
		}
		x.Move(fyne.NewPos(0, y))
		x.Resize(fyne.NewSize(s.Width, h))
		y += h
	}
}
