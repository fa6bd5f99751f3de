package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// sheet is a panel over the window, for what needs room for a while: a list of keys, the
// label sets. Esc or its cross closes it, and the focus goes back where it was.
type sheet struct {
	popup   *widget.PopUp
	back    fyne.Focusable
	closing func() // called when the sheet closes, may be nil
	yes     func() // what Enter in a list of a question does, nil where it does nothing
}

// openSheet shows content of that size under a title, in the place of a sheet that is open.
func (w *window) openSheet(title string, size fyne.Size, content fyne.CanvasObject) {
	back := w.canvas.Focused()
	if w.sheet != nil {
		back = w.sheet.back
		w.hideSheet()
	}
	w.tips.Forget()
	quiet := look.NewTips(w.loop) // tooltips would lie below the sheet
	heading := quiet.NewHeading(title)
	cross := quiet.NewIcon(look.Cross.Resource(), tr("Close (Esc)"), w.closeSheet)
	body := container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 12, 0, 0), container.NewBorder(nil, nil, nil, cross, heading)), nil, nil, nil, content)
	padded := container.NewStack(look.NewFill(theme.ColorNameOverlayBackground), container.New(layout.NewCustomPaddedLayout(16, 16, 20, 20), body))
	area := w.canvas.Size()
	size = fyne.NewSize(min(size.Width, area.Width-40), min(size.Height, area.Height-40))
	popup := widget.NewModalPopUp(padded, w.canvas)
	popup.Resize(size)
	w.sheet = &sheet{popup: popup, back: back}
	popup.Show()
}

// openDialog shows a dialog of the toolkit. Esc closes it unless something in it takes keys.
func (w *window) openDialog(d dialog.Dialog) {
	w.tips.Forget()
	d.Show()
	w.dialog = d
	d.SetOnClosed(func() {
		if w.dialog == d {
			w.dialog = nil
		}
	})
}

func (w *window) closeSheet() {
	if w.sheet == nil {
		return
	}
	back := w.sheet.back
	w.hideSheet()
	if back != nil {
		w.focus(back)
	} else {
		w.focusGrid()
	}
}

func (w *window) hideSheet() {
	s := w.sheet
	w.sheet = nil
	s.popup.Hide()
	if s.closing != nil {
		s.closing()
	}
}

// showKeys lists the keys.
func (w *window) showKeys() {
	rows := container.New(layout.NewGridLayoutWithColumns(2))
	plain := look.NewTips(w.loop)
	add := func(keys, what string) {
		k := plain.NewLabel(keys)
		k.Style.Bold = true
		rows.Add(container.New(keyLayout{}, k, plain.NewLabel(what)))
	}
	for _, c := range w.commands {
		if c.keys != "" && !c.isRating() {
			add(c.keys, c.name)
		}
	}
	add("0 – 5", tr("Rating in stars"))
	add("C  Space  K  S", tr("Duplicates: best, keep too, keep all, skip"))
	add(tr("Down"), tr("In the empty search box: recent searches; Delete erases one"))
	add(tr("Arrows"), tr("Move between photos; with Shift choose"))
	add("Esc", tr("Close, clear the selection, clear the search"))
	add("Ctrl+"+tr("wheel"), tr("Size of the thumbnails"))
	add("0  1  + −", tr("In the viewer: fit, 100 %, larger, smaller"))
	w.openSheet(tr("Keys"), fyne.NewSize(760, 560), container.NewVScroll(rows))
}

// keyLayout puts keys in a narrow column and what they do beside it.
type keyLayout struct{}

func (keyLayout) MinSize(o []fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 24) }

func (keyLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const column = 110
	o[0].Resize(fyne.NewSize(column-8, s.Height))
	o[1].Move(fyne.NewPos(column, 0))
	o[1].Resize(fyne.NewSize(s.Width-column-12, s.Height))
}
