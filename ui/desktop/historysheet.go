package desktop

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/library"
	"descry/ui/desktop/look"
)

// mostHistory is how many operations the history shows.
const mostHistory = 500

// showHistory lists what the person did, with an undo for each.
func (w *window) showHistory() {
	w.loop.Go(func() func() {
		ops, err := w.b.History(w.ctx, mostHistory)
		return func() {
			if err != nil {
				w.fail(tr("The history could not be read"), err)
				return
			}
			w.listHistory(ops)
		}
	})
}

func (w *window) listHistory(ops []library.Operation) {
	plain := look.NewTips(w.loop)
	said := secondary(tr("What you did, newest first. Enter takes the marked one back, or does it again."))
	if len(ops) == 0 {
		said.SetText(tr("Nothing yet. What you say of your photos is listed here and can be taken back, also after a restart."))
	}
	var list *sheetList
	turn := func(op library.Operation) {
		if op.Undone {
			said.SetText(tr("That is undone already. To do it again, undo the undo above it."))
			return
		}
		w.takeBack(op, func(ops2 []library.Operation, sentence string) {
			if ops2 != nil {
				ops = ops2
			}
			said.SetText(sentence)
			list.Refresh()
		})
	}
	list = newSheetList(func() int { return len(ops) },
		func() fyne.CanvasObject {
			what, when := plain.NewLabel(""), plain.NewSmall("")
			return container.New(layout.NewCustomPaddedLayout(5, 5, 10, 12), container.NewBorder(nil, nil, nil, container.NewCenter(w.sheetButton("", "", nil)),
				container.New(layout.NewCustomPaddedVBoxLayout(0), what, when)))
		},
		func(i int, o fyne.CanvasObject) {
			op := ops[i]
			row := o.(*fyne.Container).Objects[0].(*fyne.Container)
			lines := row.Objects[0].(*fyne.Container).Objects
			b := row.Objects[1].(*fyne.Container).Objects[0].(*look.Button)
			what := lines[0].(*look.Label)
			what.SetText(op.What)
			note := whenText(op.When.Local(), w.loop.Now())
			if op.Photos > 0 {
				note += " · " + trn("{{.N}} photos", op.Photos, nil)
			}
			if op.Undone {
				note += " · " + tr("undone")
			}
			lines[1].(*look.Label).SetText(note)
			if op.Undone {
				what.SetColour(look.ColourSecondary)
			} else {
				what.SetColour("foreground")
			}
			b.Hidden = op.Undone
			b.OnTapped = func() { turn(op) }
			if op.Undoes != 0 {
				b.SetText(tr("Redo"))
				b.Set(nil, tr("Do it again"))
			} else {
				b.SetText(tr("Undo"))
				b.Set(nil, tr("Take this back"))
			}
			o.Refresh()
		})
	list.OnEscape = w.closeSheet
	list.OnEnter = func(i int) { turn(ops[i]) }
	w.openSheet(tr("History"), fyne.NewSize(720, 560), container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 8, 0, 0), said), nil, nil, nil, list))
	w.focus(list)
}

// takeBack undoes one operation of the history and passes on what the history is then, or
// nil, and a sentence.
func (w *window) takeBack(op library.Operation, done func(ops []library.Operation, sentence string)) {
	ctx := context.WithoutCancel(w.ctx)
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		_, err := w.b.Undo(ctx, op.ID)
		ops, readErr := w.b.History(ctx, mostHistory)
		return func() {
			switch {
			case errors.Is(err, library.ErrConflict):
				done(nil, tr("{{.What}} cannot be undone yet: a later change of the same photos stands in the way. Undo that one first.", with{"What": quoted(op.What)}))
				return
			case err != nil:
				done(nil, sentence(err))
				return
			case readErr != nil:
				done(nil, sentence(readErr))
				return
			}
			said := tr("Undone: {{.What}}", with{"What": subject(op)})
			if op.Undoes != 0 {
				said = tr("Done again: {{.What}}", with{"What": subject(op)})
			}
			done(ops, said)
			w.changed()
		}
	})
}

// whenText says when something was done: today by the clock, else with its date.
func whenText(t, now time.Time) string {
	if t.Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return tr("today, {{.Time}}", with{"Time": t.Format("15:04")})
	}
	return dateText(t)
}
