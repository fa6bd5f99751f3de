package desktop

import (
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// settingNoted keeps the notices on folders that were shown, one per line, as long as they
// are true: each is shown once.
const settingNoted = "ui.noted"

// rootState says in a word and in a sentence whether a folder is there.
func rootState(r library.Root) (word, sentence string) {
	switch {
	case r.State != library.Offline:
		return tr("connected"), ""
	case r.Reason == app.RootEmpty:
		return tr("offline"), tr("The folder is there but empty: its photos may be on a drive that is not plugged in. Descry waits for them, and they can still be found.")
	case r.Reason == app.RootOtherVolume:
		return tr("offline"), tr("Another drive lies in its place, with none of its photos. Descry waits for them, and they can still be found.")
	}
	return tr("offline"), tr("The drive or folder is not there. Its photos can still be found. Connect it, or say where it is now.")
}

// mayBeGone says whether the person can say that the photos of a folder are gone: it is
// there, without them.
func mayBeGone(r library.Root) bool {
	return r.State == library.Offline && (r.Reason == app.RootEmpty || r.Reason == app.RootOtherVolume)
}

// showFolders lists the folders of the library with what can be done about each.
func (w *window) showFolders() {
	w.loop.Go(func() func() {
		roots, err := w.b.Roots(w.ctx)
		watching := w.setting(app.SettingWatch) != app.WatchOff
		reading := w.setting(app.SettingText) != app.TextOff
		patterns := w.setting(app.SettingExclude)
		return func() {
			if err != nil {
				w.fail(tr("The folders could not be listed"), err)
				return
			}
			w.listFolders(roots, watching, reading, patterns)
		}
	})
}

func (w *window) listFolders(roots []library.Root, watching, reading bool, patterns string) {
	rows := container.New(flow{gap: 8})
	for _, note := range w.folderNews {
		rows.Add(withIcon(theme.InfoIcon(), look.ColourSecondary, look.NewParagraph(note)))
	}
	for _, r := range roots {
		rows.Add(w.folderRow(r))
	}
	if len(roots) == 0 {
		rows.Add(secondary(tr("No folder yet. Descry finds the photos of the folders that you add.")))
	}
	add := w.sheetButton(tr("Add a folder …"), tr("Choose a folder of photos"), func() { w.closeSheet(); w.addFolder() })
	rows.Add(inRow(add))
	said := secondary("")
	rows.Add(w.subheading(tr("Changes")))
	watch := w.sheetCheck(tr("Notice what changes in these folders while Descry runs"), nil)
	watch.SetChecked(watching)
	watch.OnChanged = func(on bool) {
		value := app.WatchOn
		if !on {
			value = app.WatchOff
		}
		w.keepSetting(app.SettingWatch, value, said, tr("Kept."))
	}
	rows.Add(watch)
	rows.Add(w.subheading(tr("Text")))
	text := w.sheetCheck(tr("Read the text in photos and screenshots, so that they are found by it"), nil)
	text.SetChecked(reading)
	text.OnChanged = func(on bool) {
		value := app.TextOn
		if !on {
			value = app.TextOff
		}
		w.keepSetting(app.SettingText, value, said, tr("Kept."))
	}
	rows.Add(text)
	rows.Add(w.subheading(tr("Left out")))
	rows.Add(secondary(tr("Names of files and folders that Descry passes over, one per line, such as: Screenshots/ or *.tmp.jpg. Photos that are left out are no longer found; what you said of them is kept.")))
	area := newTextArea()
	area.SetMinRowsVisible(3)
	area.SetText(strings.Join(splitPatterns(patterns), "\n"))
	area.OnEscape = w.closeSheet
	rows.Add(area)
	keep := w.sheetButton(tr("Leave these out"), tr("Keep the names and look through the folders again"), func() {
		value := strings.Join(lines(area.Text), "; ")
		w.keepSetting(app.SettingExclude, value, said, tr("Kept. Descry looks through the folders again."))
	})
	rows.Add(inRow(keep))
	rows.Add(said)
	w.openSheet(tr("Folders"), fyne.NewSize(720, 600), container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), rows)))
	w.focus(add)
}

// splitPatterns reads the setting that holds what is left out.
func splitPatterns(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ";") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// keepSetting keeps a setting on folders, says so in the sheet, and looks through them.
func (w *window) keepSetting(key, value string, said *look.Paragraph, done string) {
	w.loop.Go(func() func() {
		err := w.b.SetSetting(w.ctx, key, value)
		if err == nil && key != app.SettingWatch {
			w.b.StartIndexing()
		}
		return func() {
			if err != nil {
				done = sentence(err)
				w.log.Error("a setting was not kept", "setting", key, "error", err)
			}
			said.SetText(done)
		}
	})
}

// folderRow shows one folder: where it is, whether it is there, and what to do if it is not.
func (w *window) folderRow(r library.Root) fyne.CanvasObject {
	word, why := rootState(r)
	title := filepath.Base(r.Path)
	plain := look.NewTips(w.loop)
	name := plain.NewLabel(r.Path)
	name.Style.Bold = true
	icon := theme.FolderIcon()
	if r.State == library.Offline {
		icon = look.OfflineIcon.Resource()
	}
	body := container.New(flow{gap: 4}, name, plain.NewSmall(word+" · "+trn("{{.N}} photos", r.Photos, nil)))
	if why != "" {
		body.Add(look.NewParagraph(why))
	}
	where := w.sheetButton(tr("Say where it is …"), tr("Choose where this folder is now"), func() { w.closeSheet(); w.relocate(r.ID) })
	remove := w.sheetButton(tr("Remove …"), tr("Take this folder out of Descry"), func() { w.closeSheet(); w.askRemoveRoot(r.ID, title) })
	buttons := inRow(where, remove)
	if mayBeGone(r) {
		gone := w.sheetButton(tr("The photos are gone …"), tr("Stop waiting for the photos of this folder"), func() { w.closeSheet(); w.askGone(r) })
		buttons = inRow(where, gone, remove)
	}
	body.Add(container.New(layout.NewCustomPaddedLayout(4, 0, 0, 0), buttons))
	return cardOf(withIcon(icon, look.ColourSecondary, body))
}

// askGone takes the person's word that the photos of a folder are gone.
func (w *window) askGone(r library.Root) {
	w.ask(question{
		title: tr("Are the photos of {{.Folder}} gone?", with{"Folder": quoted(filepath.Base(r.Path))}),
		body: []fyne.CanvasObject{
			paragraph(tr("If they are on a drive that is not plugged in, wait: they come back with it.")),
			paragraph(tr("If they are gone, Descry lists them as missing. What you said of them is kept until you let go of it.")),
		},
		yes: tr("They are gone"), no: tr("Wait for them"), not: w.showFolders,
		do: func() {
			w.loop.Go(func() func() {
				err := w.b.ConfirmRoot(w.ctx, r.ID)
				return func() {
					if err != nil {
						w.fail(tr("That could not be done"), err)
						return
					}
					w.toast.Show(tr("The photos that are not in {{.Folder}} are listed as missing.", with{"Folder": quoted(filepath.Base(r.Path))}),
						tr("Show them"), w.showMissing)
					w.refresh()
				}
			})
		},
	})
}

// rootNotes are the notices on a folder that is away, for each way to be so.
func rootNotes(r library.Root) (now string, others []string) {
	name := with{"Folder": quoted(filepath.Base(r.Path))}
	empty := tr("{{.Folder}} is without its photos. They may be on a drive that is not plugged in, so Descry waits for them.", name)
	away := tr("{{.Folder}} is not connected. Its photos can still be found.", name)
	switch {
	case mayBeGone(r):
		return empty, []string{away}
	case r.State == library.Offline:
		return away, []string{empty}
	}
	return "", []string{empty, away}
}

// told takes sentences on folders that are worth knowing once.
func (w *window) told(sentences ...string) {
	for _, s := range sentences {
		if !slices.Contains(w.folderNews, s) {
			w.folderNews = append(w.folderNews, s)
		}
	}
	w.noteFolders()
}

// noteFolders puts what is new about the folders above the grid: each notice once, for as
// long as it is true.
func (w *window) noteFolders() {
	shown := lines(w.setting(settingNoted))
	news := w.folderNews
	w.loop.Go(func() func() {
		roots, err := w.b.Roots(w.ctx)
		return func() {
			if err != nil {
				w.log.Warn("the folders could not be listed", "error", err)
				return
			}
			notes := slices.Clone(news)
			past := func(s string) bool { return false }
			for _, r := range roots {
				now, others := rootNotes(r)
				if now != "" {
					notes = append(notes, now)
				}
				before := past
				past = func(s string) bool { return before(s) || slices.Contains(others, s) }
			}
			keep := slices.DeleteFunc(slices.Clone(shown), past)
			w.unread = slices.DeleteFunc(w.unread, past)
			for _, n := range notes {
				if !slices.Contains(keep, n) {
					keep = append(keep, n)
					w.unread = append(w.unread, n)
				}
			}
			if !slices.Equal(keep, shown) {
				w.remember(settingNoted, strings.Join(keep, "\n"))
			}
			w.loadStatus()
		}
	})
}

// showNote puts a notice on folders above the grid.
func (w *window) showNote() {
	read := func() {
		w.unread = w.unread[1:]
		w.loadStatus()
	}
	w.banner.Set(w.unread[0], tr("Folders …"), tr("List the folders and what can be done"), func() {
		w.unread = w.unread[1:]
		w.banner.Hide()
		w.showFolders()
	}, read)
}
