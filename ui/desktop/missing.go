package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
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
	if n == 0 || w.win == nil {
		w.toast.Show(tr("No photo is missing."), "", nil)
		return
	}
	text := look.NewParagraph(trn("Descry forgets {{.N}} missing photos and everything you said of them: tags, alt texts, ratings, albums. This cannot be undone.", n, nil))
	kept := secondary(tr("Photos in folders that are offline stay. The library as it is now is first copied to its folder “backups”, from where it can be restored."))
	d := dialog.NewCustomConfirm(trn("Let go of {{.N}} missing photos?", n, nil), trn("Forget {{.N}} photos", n, nil), tr("Keep them"),
		container.New(dialogBox{}, container.New(flow{gap: 12}, text, kept)), func(yes bool) {
			w.focusGrid()
			if !yes {
				return
			}
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
		}, w.win)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}

// dialogBox gives the text of a dialog a width to break its lines for.
type dialogBox struct{}

const dialogWidth = 440

func (dialogBox) MinSize(o []fyne.CanvasObject) fyne.Size {
	if o[0].Size().Width != dialogWidth {
		o[0].Resize(fyne.NewSize(dialogWidth, 10))
	}
	return fyne.NewSize(dialogWidth, o[0].MinSize().Height)
}

func (dialogBox) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }

// forgetPhotos removes all that the library holds of the chosen photos, after a question.
func (w *window) forgetPhotos() {
	photos := w.targets()
	if len(photos) == 0 || w.win == nil {
		return
	}
	text := look.NewParagraph(trn("Descry removes everything it holds of {{.N}} photos: tags, alt text, rating, albums, history, thumbnail and what it worked out. This cannot be undone.", len(photos), nil))
	stay := secondary(tr("The files stay where they are, and are looked at again unless they are left out: see Folders."))
	backups := widget.NewCheck(tr("From the backups, too: make a new one now and delete the older ones"), nil)
	d := dialog.NewCustomConfirm(trn("Forget {{.N}} photos?", len(photos), nil), tr("Forget"), tr("Keep"),
		container.New(dialogBox{}, container.New(flow{gap: 12}, text, stay, backups)), func(yes bool) {
			w.focusGrid()
			if !yes {
				return
			}
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
		}, w.win)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}
