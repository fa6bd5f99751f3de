package desktop

import (
	"context"
	"fmt"
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/ui/desktop/feed"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
	"descry/ui/desktop/viewer"
)

// keptPixels is the largest picture that is kept whole while its neighbour is shown.
const keptPixels = 30e6

// loaded is a picture ready to be shown.
type loaded struct {
	full  *image.RGBA
	first *image.RGBA // the whole picture, fitted to the window
	err   error
}

// viewerPage covers the window with one photo of the list.
type viewerPage struct {
	OnOpen   func()
	OnClose  func()
	OnBack   func()      // the person went back to what was there before
	OnMove   func(i int) // another photo of the list is shown
	OnRune   func(rune) bool
	OnKey    func(*fyne.KeyEvent)
	Picture  func(ctx context.Context, id library.PhotoID) (*image.RGBA, error)
	Small    func(ctx context.Context, id library.PhotoID) (*image.RGBA, error) // its thumbnail
	Note     func(id library.PhotoID) string                                    // what is shown instead of the photo, "" for the photo
	Mark     func(id library.PhotoID) mark                                      // what lies over the photo
	OnEscape func() bool                                                        // takes away what lies over the photo, if anything does
	Describe func(id library.PhotoID) (title, info, alt string)                 // at hand at once

	Content *fyne.Container
	Pane    *viewer.Pane
	loop    *pace.Loop
	ctx     context.Context
	ids     []library.PhotoID
	at      int
	peek    bool // a quick look: Space closes it
	title   *look.Label
	info    *look.Label
	state   *look.Label
	plate   *fyne.Container // behind state
	over    *fyne.Container // in which it lies
	zoom    *look.Label
	strip   *fyne.Container
	head    *fyne.Container // of the strip
	tools   *fyne.Container // at its right
	modes   *look.Button    // side by side, or one at a time
	middle  *fyne.Container // the photos
	beside  *beside
	frame   *image.RGBA // shown instead of the photo
	ready   map[library.PhotoID]*loaded
	pending map[library.PhotoID]context.CancelFunc
}

func newViewerPage(ctx context.Context, loop *pace.Loop, tips *look.Tips) *viewerPage {
	v := &viewerPage{ctx: ctx, loop: loop, Pane: viewer.NewPane(loop), ready: map[library.PhotoID]*loaded{}, pending: map[library.PhotoID]context.CancelFunc{}}
	label := func(c fyne.ThemeColorName) *look.Label {
		l := tips.NewLabel("")
		l.Colour = c
		return l
	}
	v.title, v.info, v.state = label(look.ColourOnDark), label(look.ColourOnDark2), label(look.ColourOnDark)
	v.zoom = label(look.ColourOnDark2).Whole()
	v.info.Rank, v.zoom.Rank = look.SizeSmallText, look.SizeSmallText
	v.state.Whole()
	icon := func(r fyne.Resource, name string, f func()) fyne.CanvasObject {
		return container.NewCenter(tips.NewIcon(r, name, f).Coloured(look.ColourOnDark).Sized(32))
	}
	v.beside = newBeside(loop, tips)
	for _, p := range []*viewer.Pane{v.Pane, v.beside.Pane} {
		p.OnKey, p.OnRune = v.typedKey, v.typedRune
	}
	v.Pane.OnZoom = func() { v.zoomed(v.Pane, v.beside.Pane) }
	v.beside.Pane.OnZoom = func() { v.zoomed(v.beside.Pane, v.Pane) }
	v.modes = tips.NewIcon(look.Copies.Resource(), tr("Side by side, or one at a time (O)"), v.OneAtATime).Coloured(look.ColourOnDark).Sized(32)
	v.modes.Hide()
	text := container.NewVBox(v.title, v.info)
	v.tools = container.NewHBox(container.NewCenter(v.modes), container.NewCenter(v.zoom), icon(theme.ZoomOutIcon(), tr("Smaller (−)"), func() { v.Pane.Zoom(-1) }),
		icon(theme.ZoomInIcon(), tr("Larger (+)"), func() { v.Pane.Zoom(1) }),
		icon(theme.ZoomFitIcon(), tr("Fit to the window (0)"), v.Pane.Fit),
		icon(look.Cross.Resource(), tr("Back to the photos (Esc)"), v.Back))
	v.head = container.NewBorder(nil, nil, nil, v.tools, text)
	v.strip = container.NewStack(look.NewFill(look.ColourDark), container.New(layout.NewCustomPaddedLayout(8, 8, 16, 8), v.head))
	side := func(o fyne.CanvasObject) fyne.CanvasObject {
		return container.NewStack(look.NewFill(look.ColourDark), container.New(layout.NewCustomPaddedLayout(0, 0, 4, 4), o))
	}
	v.plate = container.NewStack(look.NewCard(look.ColourToast, "", 8), container.New(layout.NewCustomPaddedLayout(8, 8, 16, 16), v.state))
	v.over = container.New(bottomMiddle{}, v.plate)
	v.middle = container.New(halves{}, v.beside.column, container.NewBorder(v.beside.above, nil, nil, nil, container.NewStack(v.Pane, v.over)))
	v.Content = container.NewStack(look.NewFill(look.ColourDark), container.NewBorder(v.strip, nil,
		side(icon(theme.NavigateBackIcon(), tr("Previous photo (←)"), func() { v.step(-1) })),
		side(icon(theme.NavigateNextIcon(), tr("Next photo (→)"), func() { v.step(1) })),
		v.middle))
	v.Content.Hide()
	return v
}

// Open says whether the viewer is to be seen.
func (v *viewerPage) Open() bool { return v.Content.Visible() }

// Current returns the photo that is shown, and its place in the list.
func (v *viewerPage) Current() (i int, id library.PhotoID) { return v.at, v.ids[v.at] }

func (v *viewerPage) typedRune(r rune) { v.rune(r) }

// Show opens the viewer on photo i of a list; peek makes Space close it again.
func (v *viewerPage) Show(ids []library.PhotoID, i int, peek bool) {
	if i < 0 || i >= len(ids) {
		return
	}
	v.ids, v.peek = ids, peek
	call(v.OnOpen)
	v.Content.Show()
	v.goTo(i)
}

// Back closes it for a person who wants to see what was there before.
func (v *viewerPage) Back() {
	if v.Open() {
		v.Close()
		call(v.OnBack)
	}
}

// Close goes back to the grid.
func (v *viewerPage) Close() {
	if !v.Open() {
		return
	}
	for _, cancel := range v.pending {
		cancel()
	}
	clear(v.pending)
	clear(v.ready)
	v.Pane.Preview(nil, image.Point{})
	v.endBeside()
	v.Content.Hide()
	if v.OnClose != nil {
		v.OnClose()
	}
}

func (v *viewerPage) step(by int) {
	if to := v.stepped(by); to >= 0 && to < len(v.ids) {
		v.goTo(to)
		if v.OnMove != nil {
			v.OnMove(to)
		}
	}
}

func (v *viewerPage) goTo(i int) {
	v.at = i
	id := v.ids[i]
	v.Retitle()
	if l := v.ready[id]; l != nil {
		v.put(l)
	} else {
		v.Pane.Preview(nil, image.Point{})
		v.say(tr("Opening the photo …"), false)
		v.preview(id)
	}
	keep := map[library.PhotoID]bool{id: true}
	near := []int{v.stepped(1), v.stepped(-1)}
	if v.twoUp() {
		near = append(near, v.beside.with)
	}
	for _, k := range near {
		if k >= 0 && k < len(v.ids) {
			keep[v.ids[k]] = true
		}
	}
	for old, l := range v.ready {
		if !keep[old] || old != id && !(v.twoUp() && old == v.ids[v.beside.with]) && l.full != nil && l.full.Rect.Dx()*l.full.Rect.Dy() > keptPixels {
			delete(v.ready, old)
		}
	}
	for old, cancel := range v.pending {
		if !keep[old] {
			cancel()
			delete(v.pending, old)
		}
	}
	v.load(id)
	for next := range keep {
		v.load(next)
	}
	v.putBeside()
	v.Remark()
}

// load fetches a picture in the background unless it is there or on its way.
func (v *viewerPage) load(id library.PhotoID) {
	if v.ready[id] != nil || v.pending[id] != nil {
		return
	}
	ctx, cancel := context.WithCancel(v.ctx)
	v.pending[id] = cancel
	size := v.Pane.Size()
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(v.Pane); c != nil {
		scale = c.Scale()
	}
	v.loop.Go(func() func() {
		img, err := v.Picture(ctx, id)
		l := &loaded{full: img, err: err}
		if err == nil {
			l.first = feed.Fit(img, int(size.Width*scale), int(size.Height*scale))
		}
		return func() {
			cancelled := ctx.Err() != nil
			cancel()
			if cancelled || !v.Open() {
				return
			}
			delete(v.pending, id)
			v.ready[id] = l
			if v.ids[v.at] == id {
				v.put(l)
			}
			v.putBeside()
		}
	})
}

// preview shows the thumbnail, enlarged, until the picture is there.
func (v *viewerPage) preview(id library.PhotoID) {
	v.loop.Go(func() func() {
		small, err := v.Small(v.ctx, id)
		return func() {
			if err != nil || !v.Open() || v.ids[v.at] != id || v.ready[id] != nil && v.ready[id].err == nil {
				return
			}
			if v.ready[id] == nil {
				v.say("", false)
			}
			v.Pane.Preview(small, small.Bounds().Size().Mul(16)) // its true size is not known yet
		}
	})
}

func (v *viewerPage) put(l *loaded) {
	if l.err != nil {
		v.say(sentence(l.err), true)
		return
	}
	v.frame = nil
	v.say("", false)
	v.quietly(func() { v.Pane.SetPicture(l.full, l.first) })
	if v.twoUp() {
		v.Pane.Follow(v.beside.Pane) // the same spot of the next photo
		v.showZoom()
	}
	v.Remark()
}

// Remark shows anew what lies over the photo.
func (v *viewerPage) Remark() {
	_, id := v.Current()
	m := v.Mark(id)
	if v.twoUp() {
		m = mark{}
	}
	l := v.ready[id]
	switch {
	case m.frame == v.frame:
	case m.frame != nil:
		v.frame = m.frame
		v.quietly(func() { v.Pane.SetPicture(m.frame, nil) })
	case l != nil && l.err == nil:
		v.frame = nil
		v.quietly(func() { v.Pane.SetPicture(l.full, l.first) })
	}
	v.Pane.SetLayer(m.layer, m.area)
	if l != nil && l.err == nil || m.text != "" {
		v.say("", false)
	}
}

// say shows a sentence over the lower edge of the picture: what is wrong, or what is shown
// instead of the photo.
func (v *viewerPage) say(text string, wrong bool) {
	if m := v.Mark(v.ids[v.at]); m.text != "" && text == "" && !v.twoUp() {
		text = m.text
	} else if note := v.Note(v.ids[v.at]); note != "" && (text == "" || wrong) {
		text = note
	}
	v.state.SetText(text)
	v.plate.Hidden = text == ""
	v.over.Refresh()
}

// Retitle shows name and facts of the photo anew.
func (v *viewerPage) Retitle() {
	if len(v.ids) == 0 {
		return
	}
	if v.beside.on {
		v.title.SetText(v.beside.Title)
		v.info.SetText(tr("{{.I}} of {{.N}}", with{"I": number(v.at + 1), "N": number(len(v.ids))}) + " · " + v.beside.Hint)
		v.retitleBeside()
		return
	}
	title, info, _ := v.Describe(v.ids[v.at])
	v.title.SetText(title)
	where := tr("{{.I}} of {{.N}}", with{"I": number(v.at + 1), "N": number(len(v.ids))})
	if info != "" {
		where += " · " + info
	}
	v.info.SetText(where)
}

func (v *viewerPage) showZoom() {
	text := fmt.Sprintf("%.0f %%", math.Round(v.Pane.Scale()*100))
	if text != v.zoom.Text() {
		v.zoom.SetText(text)
		v.tools.Refresh()
		v.head.Layout.Layout(v.head.Objects, v.head.Size())
	}
}

// rune takes the keys of the viewer that are characters and passes on the others.
func (v *viewerPage) rune(r rune) {
	if v.beside.on && v.beside.OnRune(r) {
		return
	}
	switch r {
	case 'o', 'O':
		if v.beside.on {
			v.OneAtATime()
		} else if v.OnRune != nil {
			v.OnRune(r)
		}
	case '+', '=':
		v.Pane.Zoom(1)
	case '-', '−':
		v.Pane.Zoom(-1)
	case '0':
		v.Pane.Fit()
	case '1':
		v.Pane.Actual()
	case ' ':
		if v.peek {
			v.Back()
		} else {
			v.step(1)
		}
	case 'i', 'I':
		if v.strip.Visible() {
			v.strip.Hide()
		} else {
			v.strip.Show()
		}
		v.Content.Refresh()
	default:
		if v.OnRune != nil {
			v.OnRune(r)
		}
	}
}

func (v *viewerPage) typedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		if v.OnEscape == nil || !v.OnEscape() {
			v.Back()
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		v.Back()
	case fyne.KeyLeft, fyne.KeyPageUp, fyne.KeyUp:
		v.step(-1)
	case fyne.KeyRight, fyne.KeyPageDown, fyne.KeyDown:
		v.step(1)
	case fyne.KeyHome:
		v.step(-v.at)
	case fyne.KeyEnd:
		v.step(len(v.ids) - 1 - v.at)
	default:
		if v.OnKey != nil {
			v.OnKey(e)
		}
	}
}
