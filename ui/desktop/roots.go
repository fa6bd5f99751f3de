package desktop

import (
	"bytes"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"descry/library"
	"descry/ui/app"
)

// addFolder lets the person choose a folder of photos.
func (w *window) addFolder() {
	w.pickFolder(tr("Choose a folder of photos"), w.addRoot)
}

func (w *window) pickFolder(title string, then func(path string)) {
	if w.win == nil {
		return
	}
	back := w.canvas.Focused()
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if back != nil {
			w.focus(back)
		}
		switch {
		case err != nil:
			w.fail(tr("The folder could not be opened"), err)
		case dir != nil:
			then(dir.Path())
		}
	}, w.win)
	d.SetTitleText(title)
	d.SetConfirmText(tr("Choose this folder"))
	w.openDialog(d) // before Resize: the toolkit makes the dialog's window only here
	d.Resize(fyne.NewSize(min(860, w.canvas.Size().Width-60), min(560, w.canvas.Size().Height-60)))
}

func (w *window) addRoot(path string) {
	w.loop.Go(func() func() {
		_, err := w.b.AddRoot(w.ctx, path)
		if err == nil {
			w.b.StartIndexing()
		}
		return func() {
			if err != nil {
				w.fail(tr("The folder could not be added"), err)
				return
			}
			w.toast.Show(tr("Added {{.Folder}}. Its photos appear as they are found.", with{"Folder": quoted(filepath.Base(path))}), "", nil)
			w.refresh()
		}
	})
}

func (w *window) addSamples() {
	w.loop.Go(func() func() {
		_, err := w.b.AddSamples(w.ctx)
		if err == nil {
			w.b.StartIndexing()
		}
		return func() {
			if err != nil {
				w.fail(tr("The sample photos could not be added"), err)
				return
			}
			w.refresh()
		}
	})
}

// removeRoot forgets the folder that is chosen in the side bar, after a question: a removed
// folder has to be looked at again when it comes back.
func (w *window) removeRoot() {
	if root, title, ok := w.chosenRoot(); ok {
		w.askRemoveRoot(root, title)
	}
}

func (w *window) askRemoveRoot(root library.RootID, title string) {
	w.ask(question{
		title: tr("Remove {{.Folder}}?", with{"Folder": quoted(title)}),
		body:  []fyne.CanvasObject{paragraph(tr("Descry forgets where these photos are. The files stay as they are, and so do your tags and texts, for when the folder is added again."))},
		yes:   tr("Remove"), no: tr("Keep"),
		do: func() {
			w.loop.Go(func() func() {
				err := w.b.RemoveRoot(w.ctx, root)
				return func() {
					if err != nil {
						w.fail(tr("The folder could not be removed"), err)
						return
					}
					w.side.current = "all"
					w.setScope(app.Scope{Kind: app.ScopeAll, Title: tr("All photos")})
					w.loadSidebar()
				}
			})
		},
	})
}

func (w *window) relocateRoot() {
	if root, _, ok := w.chosenRoot(); ok {
		w.relocate(root)
	}
}

// relocate asks where a folder is now.
func (w *window) relocate(root library.RootID) {
	w.pickFolder(tr("Where is this folder now?"), func(path string) {
		w.loop.Go(func() func() {
			err := w.b.RelocateRoot(w.ctx, root, path)
			if err == nil {
				w.b.StartIndexing()
			}
			return func() {
				if err != nil {
					w.fail(tr("The folder could not be moved"), err)
					return
				}
				w.refresh()
			}
		})
	})
}

// chosenRoot returns the root that is chosen in the side bar.
func (w *window) chosenRoot() (id library.RootID, title string, ok bool) {
	if w.scope.Kind != app.ScopeRoot && w.scope.Kind != app.ScopeFolder || w.scope.Dir != "" {
		w.toast.Show(tr("Choose one of the added folders in the side bar first."), "", nil)
		return 0, "", false
	}
	return w.scope.Root, w.scope.Title, true
}

// exportAlt writes the alt texts of the chosen photos, or of all in the list, to a file
// whose ending says the format.
func (w *window) exportAlt() {
	photos, _ := w.grid.Chosen(0)
	if len(photos) <= 1 {
		photos = w.grid.Photos()
	}
	if len(photos) == 0 || w.win == nil {
		return
	}
	d := dialog.NewFileSave(func(out fyne.URIWriteCloser, err error) {
		w.focusGrid()
		if err != nil {
			w.fail(tr("The file could not be written"), err)
			return
		}
		if out == nil {
			return
		}
		format := strings.TrimPrefix(strings.ToLower(out.URI().Extension()), ".")
		switch format {
		case "htm":
			format = "html"
		case "txt", "":
			format = "text"
		}
		w.loop.Go(func() func() {
			var text bytes.Buffer
			err := w.b.ExportAlt(w.ctx, &text, format, photos)
			if err == nil {
				_, err = out.Write(text.Bytes())
			}
			if closed := out.Close(); err == nil {
				err = closed
			}
			return func() {
				if err != nil {
					w.fail(tr("The alt texts could not be exported"), err)
					return
				}
				w.toast.Show(trn("Exported the alt texts of {{.N}} photos.", len(photos), nil), "", nil)
			}
		})
	}, w.win)
	d.SetFileName("alt-texts.html")
	w.openDialog(d)
}
