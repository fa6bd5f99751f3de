package desktop

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

// toastTime is how long a passing message stays.
const toastTime = 8 * time.Second

// toast shows one passing message at the bottom of the window, maybe with an action. It
// lies in a layer of the window's content, so that it takes no click and no focus.
type toast struct {
	Layer *fyne.Container

	loop   *pace.Loop
	tips   *look.Tips
	text   *look.Label
	action *look.Button
	card   *fyne.Container
	do     func()
	stop   func()
}

func newToast(loop *pace.Loop, tips *look.Tips) *toast {
	t := &toast{loop: loop, tips: tips, text: tips.NewLabel("").Whole()}
	t.text.Colour = look.ColourOnToast
	t.action = tips.NewText("", "", func() {
		do := t.do
		t.Hide()
		if do != nil {
			do()
		}
	}).Coloured(look.ColourToastLink)
	t.card = container.NewStack(look.NewCard(look.ColourToast, "", 8),
		container.New(layout.NewCustomPaddedLayout(8, 8, 16, 12), container.New(layout.NewCustomPaddedHBoxLayout(16), t.text, t.action)))
	t.card.Hide()
	t.Layer = container.New(bottomMiddle{}, t.card)
	return t
}

// Show shows a message, with an action if label is not empty.
func (t *toast) Show(text, label string, do func()) {
	if t.stop != nil {
		t.stop()
	}
	t.do = do
	t.text.SetText(text)
	t.action.SetText(label)
	t.action.Hidden = label == ""
	t.card.Show()
	t.Layer.Refresh()
	t.stop = t.loop.After(toastTime, t.Hide)
}

// Hide takes the message away.
func (t *toast) Hide() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
	t.do = nil
	t.card.Hide()
	t.Layer.Refresh()
}

// Text returns the message that is to be seen, "" without one.
func (t *toast) Text() string {
	if !t.card.Visible() {
		return ""
	}
	return t.text.Text()
}

// bottomMiddle places one object at the bottom, in the middle.
type bottomMiddle struct{}

func (bottomMiddle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (bottomMiddle) Layout(o []fyne.CanvasObject, s fyne.Size) {
	for _, x := range o {
		m := x.MinSize()
		m.Width = min(m.Width, s.Width-32)
		x.Resize(m)
		x.Move(fyne.NewPos((s.Width-m.Width)/2, s.Height-m.Height-44))
	}
}
