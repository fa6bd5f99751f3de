package desktop

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// question is something that is asked before it is done.
type question struct {
	title string
	body  []fyne.CanvasObject // paragraphs and what can be ticked
	width float32             // 0: questionWidth
	yes   string              // what the button says that does it
	no    string              // and the one that does not
	grave bool                // it cannot be undone: the button has the colour of danger, and not the focus
	do    func()
	not   func() // called instead of do, may be nil
}

const questionWidth = 480

// ask shows a question over the window. Esc and the cross mean no.
func (w *window) ask(q question) {
	answered := false
	answer := func(f func()) func() {
		return func() {
			answered = true
			w.closeSheet()
			call(f)
		}
	}
	fill, ink := theme.ColorNamePrimary, theme.ColorNameForegroundOnPrimary
	if q.grave {
		fill, ink = theme.ColorNameError, theme.ColorNameForegroundOnError
	}
	yes := w.sheetButton(q.yes, q.yes, answer(q.do)).Filled(fill).Coloured(ink)
	no := w.sheetButton(q.no, q.no, answer(q.not))
	body := container.New(flow{gap: 12}, q.body...)
	buttons := container.New(layout.NewCustomPaddedLayout(14, 0, 0, 0), inRow(yes, no))
	content := container.NewBorder(nil, buttons, nil, nil, body)
	width := cmp.Or(q.width, questionWidth)
	room := min(width, w.canvas.Size().Width-40) - 40
	body.Resize(fyne.NewSize(room, 10)) // lines are broken for the width there is
	height := body.MinSize().Height + buttons.MinSize().Height + 84
	w.openSheet(q.title, fyne.NewSize(width, height), content)
	if !q.grave {
		w.sheet.yes = answer(q.do)
	}
	w.sheet.closing = func() {
		if !answered {
			call(q.not)
		}
	}
	if q.grave {
		w.focus(no)
	} else {
		w.focus(yes)
	}
}

// sheetCheck is a box to tick in a sheet; Esc on it closes the sheet.
type sheetCheck struct {
	widget.Check
	OnKey   func(*fyne.KeyEvent)
	OnFocus func() // it got the keyboard, may be nil
}

func (w *window) sheetCheck(text string, changed func(bool)) *sheetCheck {
	c := &sheetCheck{OnKey: w.sheetKey}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey gives Esc away.
func (c *sheetCheck) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		c.OnKey(e)
		return
	}
	c.Check.TypedKey(e)
}

// FocusGained tells that it got the keyboard.
func (c *sheetCheck) FocusGained() {
	c.Check.FocusGained()
	call(c.OnFocus)
}

// paragraph is text of a question.
func paragraph(text string) fyne.CanvasObject { return look.NewParagraph(text) }
