package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"descry/ui/app"
)

// showMissing lists the photos whose files are gone.
func (w *window) showMissing() {
	w.viewer.Close()
	w.search.Reset()
	w.side.current = "missing"
	w.side.mark()
	w.setScope(app.Scope{Kind: app.ScopeMissing, Title: tr("Missing")})
}

// explainMissing says above the missing photos what became of them.
func (w *window) explainMissing() {
	w.banner.Set(tr("The files of these photos are gone from their folders. Everything you said of them is kept, and comes back with them, until you let go of it."),
		tr("Let go of them …"), tr("Forget the missing photos"), w.purgeMissing, nil)
}

// purgeMissing forgets the missing photos, after a question and a backup.
func (w *window) purgeMissing() {
	n := w.missing
	if n == 0 {
		w.toast.Show(tr("No photo is missing."), "", nil)
		return
	}
	w.ask(question{
		title: trn("Let go of {{.N}} missing photos?", n, nil),
		body: []fyne.CanvasObject{
			paragraph(trn("Descry forgets {{.N}} missing photos and everything you said of them: tags, alt texts, ratings, albums. This cannot be undone.", n, nil)),
			secondary(tr("Photos in folders that are offline stay. The library as it is now is first copied to its folder “backups”, from where it can be restored.")),
		},
		yes: trn("Forget {{.N}} photos", n, nil), no: tr("Keep them"), grave: true,
		do: func() {
			w.working.SetText(tr("Backing up …"))
			w.loop.Go(func() func() {
				p, err := w.b.PurgeMissing(context.WithoutCancel(w.ctx))
				return func() {
					w.working.SetText("")
					if err != nil {
						w.fail(tr("The missing photos could not be forgotten"), err)
						return
					}
					w.toast.Show(trn("Forgot {{.N}} photos. The library as it was is kept among the backups.", p.Photos, nil), tr("Show it"), w.showLibrary)
					w.refresh()
				}
			})
		},
	})
}

// forgetPhotos removes all that the library holds of the chosen photos, after a question.
func (w *window) forgetPhotos() {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	backups := w.sheetCheck(tr("From the backups, too"), nil)
	w.ask(question{
		title: trn("Forget {{.N}} photos?", len(photos), nil),
		body: []fyne.CanvasObject{
			paragraph(trn("Descry removes everything it holds of {{.N}} photos: tags, alt text, rating, albums, history, thumbnail and what it worked out. This cannot be undone.", len(photos), nil)),
			secondary(tr("The files stay where they are, and are looked at again unless they are left out: see Folders.")),
			backups,
			secondary(tr("For that a new backup is made, and the older ones are deleted.")),
		},
		yes: tr("Forget"), no: tr("Keep"), grave: true,
		do: func() {
			w.viewer.Close()
			all := backups.Checked
			w.loop.Go(func() func() {
				err := w.b.Forget(context.WithoutCancel(w.ctx), photos, all)
				return func() {
					if err != nil {
						w.fail(tr("That could not be forgotten"), err)
						return
					}
					said := trn("Forgot {{.N}} photos. Older backups hold them until their time has come.", len(photos), nil)
					if all {
						said = trn("Forgot {{.N}} photos, and made the backups anew.", len(photos), nil)
					}
					w.toast.Show(said, "", nil)
					w.refresh()
				}
			})
		},
	})
}
