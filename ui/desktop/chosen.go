package desktop

import (
	"context"
	"errors"
	"image"
	"time"

	"descry/library"
	"descry/ui/app"
)

const (
	// lookedAt is how many of the chosen photos are compared for what they share.
	lookedAt = 60
	// choosePause keeps the detail pane quiet while the cursor runs over photos.
	choosePause = 40 * time.Millisecond
)

// viewsAside says whether the viewer shows a photo that a compared model found, or one of a stack:
// the grid below it is at another photo, or at none.
func (w *window) viewsAside() bool { return w.aside && w.viewer.Open() }

// onlyInGrid refuses, with a word, what happens beside or in the grid.
func (w *window) onlyInGrid() bool {
	if w.viewsAside() {
		w.toast.Show(tr("That works among all photos, not here."), "", nil)
		return true
	}
	return false
}

// chosenChanged is called by the grid for every change of selection or cursor.
func (w *window) chosenChanged() {
	w.leaveWhere()
	if w.chooseSoon != nil {
		w.chooseSoon()
	}
	w.chooseSoon = w.loop.After(choosePause, func() {
		w.chooseSoon = nil
		w.showChosen()
	})
}

// targets returns the photos that a command is about: the chosen ones, or the focused one.
func (w *window) targets() []library.PhotoID {
	if w.viewer.Open() {
		_, id := w.viewer.Current()
		return []library.PhotoID{id}
	}
	if w.dupes.Open() {
		return w.dupes.chosen()
	}
	ids, _ := w.grid.Chosen(0)
	if len(ids) == 0 {
		if _, id, ok := w.grid.Cursor(); ok {
			return []library.PhotoID{id}
		}
	}
	return ids
}

// showChosen fills the detail pane.
func (w *window) showChosen() {
	if w.chooseSoon != nil {
		w.chooseSoon()
		w.chooseSoon = nil
	}
	ctx, number := w.choosing.begin(w.ctx)
	ids, count := w.grid.Chosen(lookedAt)
	if w.viewsAside() {
		_, id := w.viewer.Current()
		ids, count = []library.PhotoID{id}, 1
	} else if w.dupes.Open() {
		if ids, count = w.dupes.chosen(), 1; len(ids) == 0 {
			w.detail.SetNone()
			return
		}
	}
	if count == 0 {
		_, id, ok := w.grid.Cursor()
		if !ok || len(w.grid.Photos()) == 0 {
			w.detail.SetNone()
			return
		}
		ids, count = []library.PhotoID{id}, 1
	}
	if count > 1 {
		w.showMany(ctx, number, ids, count)
		return
	}
	id := ids[0]
	w.loop.Go(func() func() {
		d, err := w.b.Detail(ctx, id)
		var small *image.RGBA
		if err == nil {
			small, _ = w.b.Thumbnail(ctx, d.Picture) // without one the box stays empty
		}
		return func() {
			if number != w.choosing.number {
				return
			}
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					w.fail(tr("The photo's details could not be read"), err)
				}
				return
			}
			if small != nil {
				w.detail.SetPreview(small)
			} else {
				w.detail.SetPreview(nil)
			}
			w.leaveWhere()
			w.feed.Put(d.Card)
			w.detail.SetDetail(d, w.hits[id].Why, w.found.Calibrated)
			w.detail.SetMark(w.markOf(id))
			w.loadStrip(ctx, number, d.Stack)
			w.grid.Sync()
			if w.viewer.Open() {
				w.viewer.Retitle()
			}
		}
	})
}

func (w *window) showMany(ctx context.Context, number int, ids []library.PhotoID, count int) {
	w.loop.Go(func() func() {
		details := make([]app.Detail, 0, len(ids))
		for _, id := range ids {
			d, err := w.b.Detail(ctx, id)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				details = append(details, d)
			}
		}
		s := sharedOf(details, count)
		return func() {
			if number == w.choosing.number {
				w.detail.SetMany(s)
			}
		}
	})
}
