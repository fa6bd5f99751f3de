package desktop

import (
	"context"
	"errors"
	"path/filepath"

	"descry/library/trash"
	"descry/ui/app"
)

// trashChosen moves the chosen photos, or the focused one, to the system's trash.
func (w *window) trashChosen() {
	photos := w.targets()
	w.viewer.Close() // what it shows is about to go
	if w.dupes.Open() {
		w.dupes.trashRest()
		return
	}
	if len(photos) == 0 {
		return
	}
	w.trash(func(ctx context.Context) (app.TrashReport, error) { return w.b.TrashPhotos(ctx, photos) }, nil)
}

// trash moves files to the trash in the background, says so with an Undo, and calls then on
// the window's thread with what became of it.
func (w *window) trash(move func(context.Context) (app.TrashReport, error), then func(app.TrashReport)) {
	ctx := context.WithoutCancel(w.ctx)
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		report, err := move(ctx)
		return func() {
			switch {
			case errors.Is(err, trash.ErrUnsupported):
				w.log.Error("the trash", "error", err)
				w.toast.Show(tr("Descry cannot move files to the trash of this system yet. Use the file manager."), "", nil)
			case err != nil:
				w.fail(tr("That could not be moved to the trash"), err)
			default:
				w.sayTrashed(report)
			}
			if err == nil && then != nil {
				then(report)
			}
			if report.Operation != 0 {
				w.changed()
			}
		}
	})
}

// sayTrashed tells how many files went, and why others stayed.
func (w *window) sayTrashed(r app.TrashReport) {
	said := ""
	if n := len(r.Moved); n > 0 {
		said = trn("Moved {{.N}} files to the trash.", n, nil)
	}
	if n := len(r.Failed); n > 0 {
		if said != "" {
			said += " "
		}
		first := r.Failed[0]
		w.log.Error("files stayed out of the trash", "first", first.Path, "reason", first.Reason, "count", n)
		said += trn("{{.N}} files stay: {{.Name}}: {{.Reason}}", n, with{"Name": quoted(filepath.Base(first.Path)), "Reason": first.Reason})
	}
	switch {
	case r.Operation != 0:
		w.toast.Show(said, tr("Undo"), func() { w.undo(r.Operation) })
	case said != "":
		w.toast.Show(said, "", nil)
	default:
		w.toast.Show(tr("No file of it can be reached, so nothing was moved."), "", nil)
	}
}
