package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"descry/ui/desktop/look"
)

// showPalette lets a person type the name of any command.
func (w *window) showPalette() {
	plain := look.NewTips(w.loop)
	box := newField(tr("Type what you want to do"))
	shown := w.commands
	at := 0
	list := widget.NewList(func() int { return len(shown) },
		func() fyne.CanvasObject {
			keys := plain.NewSmall("").Whole()
			return container.New(rowPadding{}, container.NewBorder(nil, nil, nil, container.New(layout.NewCustomPaddedLayout(0, 0, 0, 10), keys), plain.NewLabel("")))
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			row := o.(*fyne.Container).Objects[0].(*fyne.Container)
			row.Objects[0].(*look.Label).SetText(shown[i].name)
			row.Objects[1].(*fyne.Container).Objects[0].(*look.Label).SetText(shown[i].keys)
			row.Refresh()
		})
	list.HideSeparators = true
	byKey := true // a selection made by the arrow keys does not run the command
	run := func(i int) {
		if i >= 0 && i < len(shown) {
			c := shown[i]
			w.closeSheet()
			c.run()
		}
	}
	list.OnSelected = func(i widget.ListItemID) {
		if !byKey {
			run(i)
		}
	}
	choose := func(i int) {
		if len(shown) == 0 {
			return
		}
		at = min(max(i, 0), len(shown)-1)
		byKey = true
		list.Select(at)
		byKey = false
	}
	box.OnChanged = func(text string) {
		shown = matching(w.commands, text)
		list.UnselectAll()
		list.Refresh()
		choose(0)
	}
	box.OnDown = func() { choose(at + 1) }
	box.OnUp = func() { choose(at - 1) }
	box.OnEscape = w.closeSheet
	box.OnSubmitted = func(string) { run(at) }
	w.openSheet(tr("Commands"), fyne.NewSize(560, 440), container.NewBorder(box, nil, nil, nil, list))
	choose(0)
	w.focus(box)
}

// matching returns the commands whose name holds every word of the text.
func matching(all []command, text string) []command {
	words := strings.Fields(strings.ToLower(text))
	var out []command
next:
	for _, c := range all {
		name := strings.ToLower(c.name + " " + c.menu)
		for _, word := range words {
			if !strings.Contains(name, word) {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}
