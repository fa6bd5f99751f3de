package desktop

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/library/searches"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// Saving is the part of Backend that is about albums and about searches that are remembered.
type Saving interface {
	Albums(ctx context.Context) ([]app.Album, error)
	PutAlbum(ctx context.Context, a app.Album) (id, operation int64, err error)
	RemoveAlbum(ctx context.Context, id int64) (int64, error)
	SetAlbumPhotos(ctx context.Context, id int64, photos []library.PhotoID, in bool) (int64, error)
	KeepSearch(ctx context.Context, text string) error
	RecentSearches(ctx context.Context, limit int) ([]searches.Search, error)
	ForgetSearch(ctx context.Context, text string) (bool, error)
	ClearSearches(ctx context.Context) (int, error)
}

// savingCommands are the commands about albums and searches.
func (w *window) savingCommands() []command {
	edit, album, photo := tr("Edit"), tr("Album"), tr("Photo")
	return []command{
		{menu: edit, name: tr("Recent searches"), keys: "Ctrl+Shift+F", shortcut: combo(fyne.KeyF, fyne.KeyModifierShift), run: w.showRecent},
		{menu: edit, name: tr("Erase all searches"), run: w.clearSearches},
		{menu: edit, name: tr("Remember searches, or no more"), run: w.toggleSearches},
		{menu: edit, name: tr("Go to the parts of the search"), keys: "Ctrl+J", shortcut: combo("J", 0), run: w.focusChips},
		{menu: edit, name: tr("Copy the search as text"), keys: "Ctrl+Shift+C", shortcut: combo(fyne.KeyC, fyne.KeyModifierShift), run: w.copySearch},
		{menu: album, name: tr("Save this search …"), keys: "Ctrl+S", shortcut: combo(fyne.KeyS, 0), run: w.saveSearch},
		{menu: album, name: tr("New album …"), keys: "Ctrl+N", shortcut: combo(fyne.KeyN, 0), run: w.newAlbum},
		{menu: album, name: tr("Change this album …"), keys: "F2", key: fyne.KeyF2, run: w.editThisAlbum},
		{menu: album, name: tr("Remove this album"), run: w.removeThisAlbum},
		{menu: photo, name: tr("Put into an album …"), keys: "L", runes: "lL", run: w.putIntoAlbum},
		{menu: photo, name: tr("Take out of this album"), keys: "X", runes: "xX", run: w.takeOutOfAlbum},
	}
}

// buildSaving joins what saves and remembers searches.
func (w *window) buildSaving() {
	s := w.search
	s.chips.OnShape, s.save.OnShape = w.reshape, w.reshape
	s.chips.OnFocus, s.save.OnFocus = w.focus, w.focus
	s.chips.Small, s.chips.SmallFile = w.smallOf, w.smallOfFile
	s.save.OnDone = s.focus
	s.OnSave = w.saveSearch
	s.OnKeep = func(text string) { w.keepSearch(text, false) }
	s.OnRecent = func(show func([]string)) {
		w.loop.Go(func() func() {
			found, err := w.b.RecentSearches(w.ctx, recentShown)
			var texts []string
			for _, f := range found {
				texts = append(texts, f.Text)
			}
			return func() {
				if err != nil {
					w.fail(tr("The searches could not be read"), err)
				}
				show(texts)
			}
		})
	}
	s.may.OnForget = func(text string) {
		if text == w.kept {
			w.kept, w.keptStanding = "", ""
		}
		w.loop.Go(func() func() {
			if _, err := w.b.ForgetSearch(w.ctx, text); err != nil {
				return func() { w.fail(tr("The search could not be erased"), err) }
			}
			return nil
		})
	}
	s.may.OnClear = w.clearSearches
	s.may.OnStop = func() { w.rememberSearches(false); w.clearSearches() }
	w.side.OnAlbum = w.albumMenu
	w.side.OnChangeAlbum, w.side.OnRemoveAlbum = w.editAlbum, w.removeAlbum
}

// reshape lays the window out anew once the running layout is over.
func (w *window) reshape() { w.loop.PostLatest(w.search, w.arrange) }

// savedQuery is what the shown search asks for, the chosen scope included; "" where nothing
// is searched for.
func (w *window) savedQuery() string {
	var parts []string
	switch {
	case w.similar != 0:
		parts = append(parts, "similar:"+idText(w.similar))
	case w.search.last != "":
		parts = append(parts, app.Canonical(w.search.last))
	default:
		return ""
	}
	if in := scopeQuery(w.scope); in != "" {
		if parts[0] = strings.TrimSpace(parts[0]); strings.Contains(parts[0], " or ") {
			parts[0] = "(" + parts[0] + ")"
		}
		parts = append(parts, in)
	}
	return app.Canonical(strings.Join(parts, " "))
}

// scopeQuery writes a scope as a filter; "" where it is everything, or none says the same.
func scopeQuery(s app.Scope) string {
	value := `"` + s.Title + `"`
	if strings.ContainsAny(s.Title, `"“”„`) {
		return ""
	}
	switch s.Kind {
	case app.ScopeFavourites:
		return "is:favourite"
	case app.ScopeUntagged:
		return "is:untagged"
	case app.ScopeMissing:
		return "is:missing"
	case app.ScopeRoot:
		return "in:" + value
	case app.ScopeFolder:
		if s.Dir != "" {
			value = `"` + s.Dir + `"`
		}
		return "in:" + value
	case app.ScopeTag:
		return "tag~:" + value
	case app.ScopeDates:
		return "year:" + s.Title
	case app.ScopeAlbum:
		return "album:" + value
	}
	return ""
}

// saveSearch asks for the name of a smart album, below the box, and makes it.
func (w *window) saveSearch() {
	query := w.savedQuery()
	if query == "" {
		w.toast.Show(tr("Search for something first; then it can be saved."), "", nil)
		return
	}
	w.viewer.Close()
	n := w.search.save
	n.OnSave = func(name string) {
		w.putAlbum(app.Album{Name: name, Query: query}, tr("Saved as album {{.Album}}.", with{"Album": quoted(name)}), n.Fail, func(int64) {
			n.Hide()
			w.search.focus()
		})
	}
	n.Ask(tr("Save the search as an album:"), w.freeName(query))
}

// freeName proposes a name for a search: its words.
func (w *window) freeName(query string) string {
	name := strings.NewReplacer(`"`, "", "“", "", "”", "", "„", "").Replace(query)
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	return capital(strings.TrimSpace(name))
}

// putAlbum makes or changes an album. What is wrong with it goes to fail.
func (w *window) putAlbum(a app.Album, said string, fail func(string), done func(id int64)) {
	ctx := context.WithoutCancel(w.ctx)
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		id, op, err := w.b.PutAlbum(ctx, a)
		return func() {
			if err != nil {
				w.log.Info("an album was not stored", "error", err)
				fail(sentence(err))
				return
			}
			done(id)
			w.showAlbums(id)
			if op != 0 {
				w.toast.Show(said, tr("Undo"), func() { w.undo(op) })
			}
			if w.scope.Kind == app.ScopeAlbum && w.scope.Album == a.ID {
				w.scope.Title, w.scope.Query = a.Name, a.Query
			}
			w.changed()
		}
	})
}

// showAlbums lets an album be seen in the side bar.
func (w *window) showAlbums(id int64) {
	w.side.reveal = albumKey(id)
	if !w.side.open["albums"] {
		w.side.open["albums"] = true
		w.remember(settingOpen, w.side.openKeys())
	}
}

// thisAlbum is the album that is shown; false, and a sentence to the person, where none is.
func (w *window) thisAlbum() (app.Album, bool) {
	if w.scope.Kind != app.ScopeAlbum {
		w.toast.Show(tr("Choose an album in the side bar first."), "", nil)
		return app.Album{}, false
	}
	return app.Album{ID: w.scope.Album, Name: w.scope.Title, Query: w.scope.Query}, true
}

func (w *window) newAlbum() { w.editAlbum(app.Album{}) }

func (w *window) editThisAlbum() {
	if a, ok := w.thisAlbum(); ok {
		w.editAlbum(a)
	}
}

func (w *window) removeThisAlbum() {
	if a, ok := w.thisAlbum(); ok {
		w.removeAlbum(a)
	}
}

// editAlbum asks for the name of an album, and for the search of a smart one.
func (w *window) editAlbum(a app.Album) {
	title := tr("Change the album")
	if a.ID == 0 {
		title = tr("New album")
	}
	name, query := newField(tr("Name of the album")), newField(tr("What it searches for"))
	name.SetText(a.Name)
	query.SetText(a.Query)
	problem := look.NewParagraph("")
	problem.Colour = theme.ColorNameError
	rows := container.New(flow{gap: 8}, secondary(tr("Name")), name)
	smart := a.Query != ""
	if smart {
		rows.Add(secondary(tr("Search")))
		rows.Add(query)
	} else if a.ID == 0 {
		rows.Add(secondary(tr("An album holds the photos that you put into it. To save a search instead, search and press Ctrl+S.")))
	}
	rows.Add(problem)
	fail := func(why string) { problem.SetText(why); rows.Refresh() }
	save := func() {
		changed := app.Album{ID: a.ID, Name: strings.TrimSpace(name.Text)}
		if smart {
			if changed.Query = strings.TrimSpace(query.Text); changed.Query == "" {
				fail(tr("A smart album needs a search."))
				return
			}
			if wrong := app.Mistakes(changed.Query); len(wrong) > 0 {
				query.Mark(spansOf(changed.Query, query.Text, wrong)...)
				fail(wrong[0].Sentence)
				return
			}
			changed.Query = app.Canonical(changed.Query)
		}
		w.putAlbum(changed, tr("Changed album {{.Album}}.", with{"Album": quoted(changed.Name)}), fail, func(int64) { w.closeSheet() })
	}
	for _, f := range []*field{name, query} {
		f.OnSubmitted = func(string) { save() }
		f.OnEscape = w.closeSheet
		f.OnChanged = func(string) { fail(""); f.Mark() }
	}
	button := widget.NewButton(tr("Save"), save)
	button.Importance = widget.HighImportance
	w.openSheet(title, fyne.NewSize(520, 300), container.NewBorder(nil, container.NewHBox(layout.NewSpacer(), button), nil, nil, rows))
	w.focus(name)
	name.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (w *window) removeAlbum(a app.Album) {
	w.act(tr("Removed album {{.Album}}. Its photos stay.", with{"Album": quoted(a.Name)}), func(ctx context.Context) (int64, error) {
		return w.b.RemoveAlbum(ctx, a.ID)
	})
	if w.scope.Kind == app.ScopeAlbum && w.scope.Album == a.ID {
		w.side.choose("all")
		w.setScope(app.Scope{Kind: app.ScopeAll, Title: tr("All photos")})
	}
}

// albumMenu offers what can be done with an album of the side bar.
func (w *window) albumMenu(a app.Album, at fyne.Position) {
	items := []*fyne.MenuItem{
		fyne.NewMenuItem(tr("Change this album …"), func() { w.editAlbum(a) }),
		fyne.NewMenuItem(tr("Remove this album"), func() { w.removeAlbum(a) }),
	}
	if a.Query != "" {
		items = append(items, fyne.NewMenuItem(tr("Copy the search as text"), func() { w.copyText(a.Query) }),
			fyne.NewMenuItem(tr("Search for this again"), func() { w.searchFor(a.Query) }))
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.canvas, at)
}

// searchFor searches all photos for a query, which stands in the box then.
func (w *window) searchFor(query string) {
	w.side.choose("all")
	w.scope, w.similar = app.Scope{Kind: app.ScopeAll, Title: tr("All photos")}, 0
	w.search.SetText(query)
	w.search.last = query
	w.list(false)
	w.search.focus()
}

// putIntoAlbum lets the person choose a plain album, or name a new one, for the photos.
func (w *window) putIntoAlbum() {
	photos := w.targets()
	if len(photos) == 0 {
		w.toast.Show(tr("Choose photos first."), "", nil)
		return
	}
	w.loop.Go(func() func() {
		all, err := w.b.Albums(w.ctx)
		return func() {
			if err != nil {
				w.fail(tr("The albums could not be read"), err)
				return
			}
			w.chooseAlbum(photos, all)
		}
	})
}

func (w *window) chooseAlbum(photos []library.PhotoID, all []app.Album) {
	box := newField(tr("Name of an album, or of a new one"))
	var shown []app.Album // the last may be one that is not there yet: ID 0
	var list *sheetList
	put := func(i int) {
		if i < 0 || i >= len(shown) {
			return
		}
		w.closeSheet()
		w.putInto(shown[i], photos)
	}
	plain := look.NewTips(w.loop)
	list = newSheetList(func() int { return len(shown) },
		func() fyne.CanvasObject { return container.New(rowPadding{}, plain.NewLabel("")) },
		func(i int, o fyne.CanvasObject) {
			text := shown[i].Name + "  ·  " + trn("{{.N}} photos", shown[i].Photos, nil)
			if shown[i].ID == 0 {
				text = tr("New album {{.Album}}", with{"Album": quoted(shown[i].Name)})
			}
			o.(*fyne.Container).Objects[0].(*look.Label).SetText(text)
		})
	at, byKey := 0, false
	choose := func(i int) {
		if len(shown) > 0 {
			at = min(max(i, 0), len(shown)-1)
			byKey = true
			list.Select(at)
			byKey = false
		}
	}
	fill := func(text string) {
		shown = nil
		text = strings.TrimSpace(text)
		exact := text == ""
		for _, a := range all {
			if a.Query == "" && strings.Contains(strings.ToLower(a.Name), strings.ToLower(text)) {
				shown = append(shown, a)
			}
			exact = exact || strings.EqualFold(a.Name, text)
		}
		if !exact {
			shown = append(shown, app.Album{Name: text})
		}
		list.UnselectAll()
		list.Refresh()
		choose(0)
	}
	list.OnSelected = func(i widget.ListItemID) {
		if !byKey {
			put(i)
		}
	}
	list.OnEnter, list.OnEscape = put, w.closeSheet
	box.OnChanged = fill
	box.OnDown, box.OnUp = func() { choose(at + 1) }, func() { choose(at - 1) }
	box.OnEscape = w.closeSheet
	box.OnSubmitted = func(string) { put(at) }
	w.openSheet(trn("Put {{.N}} photos into an album", len(photos), nil), fyne.NewSize(480, 380), container.NewBorder(box, nil, nil, nil, list))
	fill("")
	w.focus(box)
}

// putInto puts photos into a plain album, which is made where it is new. Undo takes both back.
func (w *window) putInto(a app.Album, photos []library.PhotoID) {
	ctx := context.WithoutCancel(w.ctx)
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		var made, op int64
		var err error
		if a.ID == 0 {
			a.ID, made, err = w.b.PutAlbum(ctx, app.Album{Name: a.Name})
		}
		if err == nil {
			op, err = w.b.SetAlbumPhotos(ctx, a.ID, photos, true)
		}
		return func() {
			if err != nil {
				w.fail(tr("That could not be done"), err)
				return
			}
			w.showAlbums(a.ID)
			if op == 0 {
				w.toast.Show(tr("They are in album {{.Album}} already.", with{"Album": quoted(a.Name)}), "", nil)
				return
			}
			w.toast.Show(trn("Put {{.N}} photos into album {{.Album}}.", len(photos), with{"Album": quoted(a.Name)}), tr("Undo"), func() {
				if made == 0 {
					w.undo(op)
					return
				}
				w.loop.Go(func() func() {
					if _, err := w.b.Undo(ctx, op); err != nil {
						return func() { w.undo(op) } // which says what is wrong
					}
					return func() { w.undo(made) }
				})
			})
			w.changed()
		}
	})
}

// takeOutOfAlbum takes the photos out of the plain album that is shown.
func (w *window) takeOutOfAlbum() {
	a, ok := w.thisAlbum()
	photos := w.targets()
	switch {
	case !ok:
		return
	case a.Query != "":
		w.toast.Show(tr("A smart album holds what its search finds; change the search instead (F2)."), "", nil)
		return
	case len(photos) == 0:
		w.toast.Show(tr("Choose photos first."), "", nil)
		return
	}
	w.act(trn("Took {{.N}} photos out of album {{.Album}}.", len(photos), with{"Album": quoted(a.Name)}), func(ctx context.Context) (int64, error) {
		return w.b.SetAlbumPhotos(ctx, a.ID, photos, false)
	})
}

// copySearch puts the shown search on the clipboard as it can be typed.
func (w *window) copySearch() {
	text := w.savedQuery()
	if text == "" && w.scope.Kind == app.ScopeAlbum {
		text = w.scope.Query
	}
	if text == "" {
		w.toast.Show(tr("There is no search to copy."), "", nil)
		return
	}
	w.copyText(text)
}

func (w *window) copyText(text string) {
	w.app.Clipboard().SetContent(text)
	w.toast.Show(tr("Copied: {{.Query}}", with{"Query": text}), "", nil)
}

// focusChips gives the keyboard to the parts of the search.
func (w *window) focusChips() {
	if !w.search.Row.Visible() || !w.search.chips.Focus(0) {
		w.toast.Show(tr("Search for something first."), "", nil)
	}
}
