package desktop

import (
	"context"
	"errors"
	"strings"

	"descry/library"
)

// act does something that a person asked for in the background, then says so with an Undo.
func (w *window) act(said string, do func(ctx context.Context) (op int64, err error)) {
	// Closing the window does not call back what was said: the end waits for it.
	ctx := context.WithoutCancel(w.ctx)
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		op, err := do(ctx)
		return func() {
			if err != nil {
				w.fail(tr("That could not be done"), err)
				return
			}
			if said != "" {
				w.toast.Show(said, tr("Undo"), func() { w.undo(op) })
			}
			w.changed()
		}
	})
}

// changed reloads what a person's change may have touched.
func (w *window) changed() {
	w.feed.Invalidate()
	w.grid.Resight()
	w.showChosen()
	w.refreshSoon()
}

func (w *window) confirmTag(t library.Tag) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	w.act(tr("Confirmed {{.Tag}}.", with{"Tag": quoted(t.Name)}), func(ctx context.Context) (int64, error) {
		return w.b.Confirm(ctx, photos, t.Label)
	})
}

func (w *window) rejectTag(t library.Tag) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	w.act(tr("Rejected {{.Tag}}.", with{"Tag": quoted(t.Name)}), func(ctx context.Context) (int64, error) {
		return w.b.Reject(ctx, photos, t.Label)
	})
}

func (w *window) clearTag(t library.Tag) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	said := tr("Took {{.Tag}} away.", with{"Tag": quoted(t.Name)})
	if t.State == library.Rejected {
		said = tr("{{.Tag}} is no longer rejected.", with{"Tag": quoted(t.Name)})
	}
	w.act(said, func(ctx context.Context) (int64, error) { return w.b.ClearTag(ctx, photos, t.Label) })
}

func (w *window) addTag(name string) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	said := trn("Tagged {{.N}} photos {{.Tag}}.", len(photos), with{"Tag": quoted(name)})
	w.act(said, func(ctx context.Context) (int64, error) { return w.b.AddTag(ctx, photos, name) })
}

func (w *window) completeTag(prefix string) {
	w.loop.Go(func() func() {
		words, err := w.b.LabelNames(w.ctx, prefix, completions)
		return func() {
			if err == nil {
				w.detail.adder.SetWords(prefix, words)
			}
		}
	})
}

func (w *window) setFavourite(on bool) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	said := trn("{{.N}} photos are favourites now.", len(photos), nil)
	if !on {
		said = trn("{{.N}} photos are no longer favourites.", len(photos), nil)
	}
	w.act(said, func(ctx context.Context) (int64, error) { return w.b.SetFavourite(ctx, photos, on) })
}

// toggleFavourite makes the photos favourites unless the focused one is already.
func (w *window) toggleFavourite() {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	c, _ := w.feed.Card(photos[0])
	w.setFavourite(!c.Favourite)
}

func (w *window) setRating(stars int) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	w.act(trn("Rated {{.N}} photos: {{.Stars}}.", len(photos), with{"Stars": trn("{{.N}} stars", stars, nil)}),
		func(ctx context.Context) (int64, error) { return w.b.SetRating(ctx, photos, stars) })
}

func (w *window) saveAlt(photo library.PhotoID, text, long string) {
	w.act(tr("Alt text changed."), func(ctx context.Context) (int64, error) { return w.b.SetAlt(ctx, photo, text, long) })
}

func (w *window) approveAlt() {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	a := w.detail.alt
	if !w.detail.many && len(photos) == 1 && a.photo == photos[0] && a.Dirty() {
		text, long := a.Take()
		w.act(tr("Alt text approved."), func(ctx context.Context) (int64, error) {
			if _, err := w.b.SetAlt(ctx, photos[0], text, long); err != nil {
				return 0, err
			}
			return w.b.ApproveAlt(ctx, photos)
		})
		return
	}
	w.act(trn("Approved {{.N}} alt texts.", len(photos), nil), func(ctx context.Context) (int64, error) {
		return w.b.ApproveAlt(ctx, photos)
	})
}

// judge confirms or rejects the suggestion that is marked in the detail pane.
func (w *window) judge(yes bool) {
	t, ok := w.detail.Suggestion()
	if w.viewsAside() {
		_, id := w.viewer.Current()
		ok = ok && w.detail.shown.Photo == id // the details may still be those of the photo before
	}
	if !ok {
		w.toast.Show(tr("There is no suggestion to decide on."), "", nil)
		return
	}
	if yes {
		w.confirmTag(t)
	} else {
		w.rejectTag(t)
	}
}

// undo takes an operation back; 0 is the last one.
func (w *window) undo(op int64) {
	w.loop.Go(func() func() {
		done, err := w.b.Undo(w.ctx, op)
		return func() {
			switch {
			case errors.Is(err, library.ErrNotFound):
				w.toast.Show(tr("There is nothing to undo."), "", nil)
			case errors.Is(err, library.ErrConflict):
				w.toast.Show(tr("That cannot be undone: it was changed again since."), "", nil)
			case err != nil:
				w.fail(tr("That could not be undone"), err)
			default:
				w.toast.Show(tr("Undone: {{.What}}", with{"What": subject(done)}), tr("Redo"), w.redo)
				w.changed()
				w.dupes.stale()
			}
		}
	})
}

func (w *window) redo() {
	w.loop.Go(func() func() {
		done, err := w.b.Redo(w.ctx)
		return func() {
			switch {
			case errors.Is(err, library.ErrNotFound):
				w.toast.Show(tr("There is nothing to redo."), "", nil)
			case err != nil:
				w.fail(tr("That could not be redone"), err)
			default:
				w.toast.Show(tr("Done again: {{.What}}", with{"What": subject(done)}), tr("Undo"), func() { w.undo(0) })
				w.changed()
				w.dupes.stale()
			}
		}
	})
}

// subject is what an undo or redo was about: the history names it with "Undo: " or
// "Redo: " before it, and the toast has its own words for that.
func subject(o library.Operation) string {
	return strings.TrimPrefix(strings.TrimPrefix(o.What, "Redo: "), "Undo: ")
}

// background calls something short that the window need not hear of.
func (w *window) background(f func()) {
	w.loop.Go(func() func() {
		f()
		p := w.b.Progress()
		return func() { w.status.SetProgress(p) }
	})
}

// fail shows an error in one sentence; the chain goes to the log.
func (w *window) fail(what string, err error) {
	w.log.Error(what, "error", err)
	w.toast.Show(what+": "+sentence(err), "", nil)
}

// setting reads a remembered value.
func (w *window) setting(key string) string { return w.b.Setting(w.ctx, key) }

// remember keeps a value for the next start.
func (w *window) remember(key, value string) {
	w.loop.Go(func() func() {
		if err := w.b.SetSetting(w.ctx, key, value); err != nil {
			w.log.Warn("a setting was not kept", "setting", key, "error", err)
		}
		return nil
	})
}
