package desktop

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/library"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
	"descry/ui/desktop/viewer"
)

// beside is what the viewer shows besides its photo while photos are compared: the one they
// are compared with, at the left, and a line above each that says which is which.
type beside struct {
	Pane *viewer.Pane
	// Caption says of a photo of the list what it is; Title what is compared.
	Caption func(i int) string
	Title   string
	Hint    string // what can be done
	// OnRune gets what is typed before the viewer does, and says whether it was meant.
	OnRune func(rune) bool

	with   int  // place in the list of the photo at the left
	on     bool // photos are compared
	single bool // one at a time, at the same place
	quiet  bool // neither photo follows the other
	shown  *loaded
	left   *look.Label
	right  *look.Label
	column *fyne.Container // at the left
	above  *fyne.Container // the line above the photo at the right
}

func newBeside(loop *pace.Loop, tips *look.Tips) *beside {
	b := &beside{Pane: viewer.NewPane(loop)}
	line := func() (*look.Label, *fyne.Container) {
		l := tips.NewLabel("")
		l.Colour = look.ColourOnDark
		return l, container.NewStack(look.NewFill(look.ColourDark), container.New(layout.NewCustomPaddedLayout(2, 8, 12, 8), l))
	}
	var above *fyne.Container
	b.left, above = line()
	b.right, b.above = line()
	b.column = container.NewBorder(above, nil, nil, nil, b.Pane)
	b.column.Hide()
	b.above.Hide()
	return b
}

// Compare opens the viewer on photo i of a list, beside another one of it. What caption says
// stands above each.
func (v *viewerPage) Compare(ids []library.PhotoID, with, i int, title, hint string, caption func(i int) string, rune func(rune) bool) {
	if i < 0 || i >= len(ids) || with < 0 || with >= len(ids) {
		return
	}
	if i == with {
		if i++; i == len(ids) {
			i = with - 1
		}
	}
	b := v.beside
	b.on, b.with, b.Title, b.Hint, b.Caption, b.OnRune = len(ids) > 1, with, title, hint, caption, rune
	v.ids, v.peek = ids, false
	call(v.OnOpen)
	v.Content.Show()
	v.arrangeBeside()
	v.goTo(max(i, 0))
	if v.OnMove != nil {
		v.OnMove(v.at)
	}
}

// Recompare compares with another photo of the list.
func (v *viewerPage) Recompare(with int) {
	b := v.beside
	if !b.on || with == b.with {
		return
	}
	old := b.with
	b.with = with
	if v.at == with {
		v.at = old
	}
	v.goTo(v.at)
	if v.OnMove != nil {
		v.OnMove(v.at)
	}
}

// OneAtATime shows one photo after the other at the same place, or again two side by side.
func (v *viewerPage) OneAtATime() {
	v.beside.single = !v.beside.single
	v.arrangeBeside()
	v.goTo(v.at)
}

// twoUp says whether two photos are side by side.
func (v *viewerPage) twoUp() bool { return v.beside.on && !v.beside.single }

// endBeside ends comparing.
func (v *viewerPage) endBeside() {
	b := v.beside
	b.on, b.OnRune, b.shown = false, nil, nil
	b.Pane.Preview(nil, image.Point{})
	v.arrangeBeside()
}

func (v *viewerPage) arrangeBeside() {
	b := v.beside
	b.column.Hidden, b.above.Hidden = !v.twoUp(), !b.on
	v.modes.Hidden = !b.on
	v.middle.Refresh()
	v.middle.Layout.Layout(v.middle.Objects, v.middle.Size())
	v.tools.Refresh()
	v.head.Layout.Layout(v.head.Objects, v.head.Size())
}

// retitleBeside writes the lines above the photos.
func (v *viewerPage) retitleBeside() {
	b := v.beside
	if !b.on {
		return
	}
	b.left.SetText(b.Caption(b.with))
	b.right.SetText(b.Caption(v.at))
}

// putBeside shows the photo at the left as soon as it is there.
func (v *viewerPage) putBeside() {
	b := v.beside
	if !v.twoUp() {
		return
	}
	l := v.ready[v.ids[b.with]]
	switch {
	case l == nil || l.err != nil:
		b.shown = nil
		b.Pane.Preview(nil, image.Point{})
		if l != nil {
			b.left.SetText(b.Caption(b.with) + ": " + sentence(l.err))
		}
	case l != b.shown:
		b.shown = l
		v.quietly(func() { b.Pane.SetPicture(l.full, nil) })
		b.Pane.Follow(v.Pane)
	}
}

// quietly does something to one photo that the other should not follow.
func (v *viewerPage) quietly(do func()) {
	v.beside.quiet = true
	do()
	v.beside.quiet = false
}

// zoomed lets the other photo follow where one was zoomed or moved.
func (v *viewerPage) zoomed(leader, follower *viewer.Pane) {
	if v.twoUp() && !v.beside.quiet {
		follower.Follow(leader)
	}
	v.showZoom()
}

// stepped is the place that a step from at leads to; the photo at the left is passed over.
func (v *viewerPage) stepped(by int) int {
	to := v.at + by
	if v.twoUp() && to == v.beside.with {
		if by > 0 {
			to++
		} else {
			to--
		}
	}
	return to
}

// halves gives two objects half of the width each; one that is hidden takes none.
type halves struct{}

const betweenHalves = 4

func (halves) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 100) }

func (halves) Layout(o []fyne.CanvasObject, s fyne.Size) {
	left, right := o[0], o[1]
	if !left.Visible() {
		right.Move(fyne.NewPos(0, 0))
		right.Resize(s)
		return
	}
	w := (s.Width - betweenHalves) / 2
	left.Move(fyne.NewPos(0, 0))
	left.Resize(fyne.NewSize(w, s.Height))
	right.Move(fyne.NewPos(w+betweenHalves, 0))
	right.Resize(fyne.NewSize(w, s.Height))
}
