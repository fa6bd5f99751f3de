package desktop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// showLibrary tells where the library lies and how it is backed up, and offers to back up,
// to restore, and to take what the person said along.
func (w *window) showLibrary() {
	w.loop.Go(func() func() {
		s, err := w.b.Safety(w.ctx)
		readOnly, who := w.b.ReadOnly()
		return func() {
			if err != nil {
				w.fail(tr("The library could not be looked at"), err)
				return
			}
			w.listLibrary(s, readOnly, who)
		}
	})
}

func (w *window) listLibrary(s app.Safety, readOnly bool, who string) {
	rows := container.New(flow{gap: 8})
	plain := look.NewTips(w.loop)
	rows.Add(plain.NewLabel(s.Dir + " · " + bytesText(s.Bytes)))
	if readOnly {
		rows.Add(withIcon(theme.InfoIcon(), look.ColourSecondary, look.NewParagraph(who)))
	}
	rows.Add(w.subheading(tr("Backups")))
	state := look.NewParagraph(backupsText(s.Backups))
	rows.Add(state)
	rows.Add(secondary(tr("A backup holds everything but the pictures. Those beside the library are lost with its disk: keep one on another disk, too.")))
	now := w.sheetButton(tr("Back up now …"), tr("Copy the library to a folder of your choice"), func() { w.closeSheet(); w.backUp() })
	from := w.sheetButton(tr("Restore from a file …"), tr("Put a backup in the place of the library"), func() { w.closeSheet(); w.restoreFile() })
	rows.Add(inRow(now, from))
	for _, b := range s.Backups {
		rows.Add(w.backupRow(b, readOnly))
	}
	rows.Add(w.subheading(tr("What you said")))
	rows.Add(secondary(tr("Tags, alt texts, ratings, albums and label sets, as an open file that other programs can read and another library can take.")))
	out := w.sheetButton(tr("Export …"), tr("Write what you said to a file"), func() { w.closeSheet(); w.exportWords() })
	in := w.sheetButton(tr("Import …"), tr("Take what was exported into this library"), func() { w.closeSheet(); w.importWords() })
	rows.Add(inRow(out, in))
	if readOnly {
		from.Disable()
		in.Disable()
	}
	w.openSheet(tr("Library and backups"), fyne.NewSize(720, 600), container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), rows)))
	w.focus(now)
	shown := w.sheet
	w.loop.Go(func() func() {
		problem := w.b.BackupProblem(w.ctx)
		return func() {
			if problem != "" && w.sheet == shown {
				state.Colour = theme.ColorNameError
				state.SetText(tr("Look here: {{.Problem}}", with{"Problem": problem}))
				state.Refresh()
			}
		}
	})
}

// backupsText says how the library is backed up.
func backupsText(backups []app.BackupFile) string {
	if len(backups) == 0 {
		return tr("There is no backup yet. Descry makes one by itself before the first change of each day.")
	}
	return tr("The newest is of {{.Date}}. Descry makes one by itself before the first change of each day.", with{"Date": dateText(backups[0].Made.Local())})
}

// backupKind says why a backup was made.
func backupKind(k app.BackupKind) string {
	switch k {
	case app.BackupOfPurge:
		return tr("before missing photos were forgotten")
	case app.BackupOfRestore:
		return tr("before a backup was restored")
	case app.BackupOfMigration:
		return tr("before a new version of Descry")
	}
	return tr("of the day")
}

func (w *window) backupRow(b app.BackupFile, readOnly bool) fyne.CanvasObject {
	plain := look.NewTips(w.loop)
	restore := w.sheetButton(tr("Restore …"), tr("Put this backup in the place of the library"), func() { w.closeSheet(); w.askRestore(b.File, b.Made) })
	if readOnly {
		restore.Disable()
	}
	text := plain.NewLabel(dateText(b.Made.Local()))
	note := plain.NewSmall(backupKind(b.Kind) + " · " + bytesText(b.Bytes))
	return container.NewBorder(nil, nil, nil, container.NewCenter(restore), container.New(layout.NewCustomPaddedVBoxLayout(0), text, note))
}

// freeName returns a path in dir for a file of today that is not taken.
func freeName(dir, name, ending string, now time.Time) string {
	base := filepath.Join(dir, name+"-"+now.Format(time.DateOnly))
	path := base + ending
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) || n > 999 {
			return path
		}
		path = fmt.Sprintf("%s-%d%s", base, n, ending)
	}
}

// backUp copies the library to a folder that the person chooses.
func (w *window) backUp() {
	w.pickFolder(tr("Where should the backup go? Best on another disk"), func(dir string) {
		file := freeName(dir, "descry-backup", ".db", w.loop.Now())
		w.working.SetText(tr("Backing up …"))
		w.loop.Go(func() func() {
			n, err := w.b.Backup(w.ctx, file)
			return func() {
				w.working.SetText("")
				if err != nil {
					w.fail(tr("The backup could not be made"), err)
					return
				}
				w.toast.Show(trn("Backed up {{.N}} photos to {{.File}}.", n, with{"File": file}), "", nil)
			}
		})
	})
}

// restoreFile lets the person choose a backup to restore.
func (w *window) restoreFile() {
	w.pickFile(tr("Choose a backup"), []string{".db"}, func(file string) {
		var made time.Time
		if info, err := os.Stat(file); err == nil {
			made = info.ModTime()
		}
		w.askRestore(file, made)
	})
}

// pickFile lets the person choose a file with one of the endings.
func (w *window) pickFile(title string, endings []string, then func(path string)) {
	if w.win == nil {
		return
	}
	d := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		w.focusGrid()
		switch {
		case err != nil:
			w.fail(tr("The file could not be opened"), err)
		case f != nil:
			path := f.URI().Path()
			if err := f.Close(); err != nil {
				w.fail(tr("The file could not be opened"), err)
				return
			}
			then(path)
		}
	}, w.win)
	d.SetTitleText(title)
	d.SetFilter(storage.NewExtensionFileFilter(endings))
	w.openDialog(d)
	d.Resize(fyne.NewSize(min(860, w.canvas.Size().Width-60), min(560, w.canvas.Size().Height-60)))
}

// askRestore puts a backup in the place of the library, after a question. The window ends
// for that and comes back with the restored library.
func (w *window) askRestore(file string, made time.Time) {
	w.ask(question{
		title: tr("Put the backup of {{.Date}} in the place of the library?", with{"Date": dateText(made.Local())}),
		body: []fyne.CanvasObject{
			paragraph(tr("What you said after that is not in it. The library as it is now is kept among the backups, so you can come back to it.")),
			secondary(tr("Descry closes and opens again.")),
		},
		yes: tr("Restore"), no: tr("Keep the library"), do: func() { w.restore(file) },
	})
}

// restore checks a backup and ends the window with the wish to restore it.
func (w *window) restore(file string) {
	w.working.SetText(tr("Checking the backup …"))
	w.loop.Go(func() func() {
		err := w.b.CheckBackup(w.ctx, file)
		return func() {
			w.working.SetText("")
			switch {
			case errors.Is(err, library.ErrDamaged):
				w.toast.Show(tr("That file is no sound backup. The library stays as it is."), "", nil)
			case err != nil:
				w.fail(tr("The backup could not be used"), err)
			default:
				w.ending = app.RestoreAsked{File: file}
				call(w.quit)
			}
		}
	})
}

// exportWords writes what the person said to a file in a folder that they choose.
func (w *window) exportWords() {
	w.pickFolder(tr("Where should the file go?"), func(dir string) {
		file := freeName(dir, "descry-words", ".jsonl", w.loop.Now())
		w.loop.Go(func() func() {
			n, err := w.b.ExportFile(w.ctx, file)
			return func() {
				if err != nil {
					w.fail(tr("That could not be exported"), err)
					return
				}
				w.toast.Show(trn("Exported what you said of {{.N}} photos to {{.File}}.", n, with{"File": file}), "", nil)
			}
		})
	})
}

// importWords takes an exported file into the library.
func (w *window) importWords() {
	w.pickFile(tr("Choose an exported file"), []string{".jsonl", ".json"}, func(file string) { w.importFile(file, false) })
}

func (w *window) importFile(file string, replace bool) {
	w.working.SetText(tr("Importing …"))
	w.acts.Add(1)
	ctx := context.WithoutCancel(w.ctx)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		in, err := func() (app.Imported, error) {
			f, err := os.Open(file)
			if err != nil {
				return app.Imported{}, err
			}
			in, err := w.b.Import(ctx, f, replace)
			return in, errors.Join(err, f.Close())
		}()
		return func() {
			w.working.SetText("")
			if err != nil {
				w.fail(tr("That could not be imported"), err)
				return
			}
			w.changed()
			w.showImported(file, in, replace)
		}
	})
}

// showImported says what an import did; where the file and the library did not agree, it
// says on what.
func (w *window) showImported(file string, in app.Imported, replaced bool) {
	said := trn("Something new for {{.N}} photos", in.Changed, nil)
	if in.Waiting > 0 {
		said += "; " + trn("{{.N}} photos of the file are not here yet: what was said of them waits", in.Waiting, nil)
	}
	said += "."
	undo := func() { w.undo(in.Operation) }
	if in.ConflictCount == 0 {
		if in.Operation == 0 {
			w.toast.Show(tr("Nothing in the file was new.")+" "+said, "", nil)
			return
		}
		w.toast.Show(said, tr("Undo"), undo)
		return
	}
	rows := container.New(flow{gap: 8})
	rows.Add(look.NewParagraph(said))
	note := trn("The file says something else of {{.N}} things. What you said here was kept.", in.ConflictCount, nil)
	if replaced {
		note = trn("The file said something else of {{.N}} things, and was followed.", in.ConflictCount, nil)
	}
	rows.Add(look.NewParagraph(note))
	buttons := inRow()
	if in.Operation != 0 {
		buttons.Add(w.sheetButton(tr("Undo the import"), tr("Take back what the import changed"), func() { w.closeSheet(); undo() }))
	}
	if !replaced {
		buttons.Add(w.sheetButton(tr("Follow the file instead"), tr("Let the file decide where it says something else"), func() { w.closeSheet(); w.importFile(file, true) }))
	}
	plain := look.NewTips(w.loop)
	rows.Add(buttons)
	for _, c := range in.Conflicts {
		name := c.Path
		if name == "" {
			name = c.Photo
		}
		rows.Add(container.New(layout.NewCustomPaddedVBoxLayout(0), plain.NewLabel(name),
			plain.NewSmall(tr("{{.What}}: here {{.Here}}, in the file {{.There}}", with{"What": c.What, "Here": orNothing(c.Here), "There": orNothing(c.There)}))))
	}
	if more := in.ConflictCount - len(in.Conflicts); more > 0 {
		rows.Add(secondary(tr("and {{.N}} more", with{"N": number(more)})))
	}
	w.openSheet(tr("Imported {{.File}}", with{"File": filepath.Base(file)}), fyne.NewSize(680, 520), container.NewVScroll(rows))
}

func orNothing(s string) string {
	if s == "" {
		return tr("nothing")
	}
	return quoted(s)
}
