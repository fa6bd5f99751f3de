package desktop

import (
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/grid"
	"descry/ui/desktop/look"
)

// command is something a person can ask for by menu, key or name.
type command struct {
	menu     string // heading of its menu; "" for none
	name     string
	keys     string        // as a person reads them
	shortcut fyne.Shortcut // for keys with Ctrl
	key      fyne.KeyName  // for keys that are no characters
	runes    string        // for keys that are
	run      func()
}

// isRating says whether the command gives stars.
func (c command) isRating() bool { return len(c.runes) == 1 && c.runes[0] >= '0' && c.runes[0] <= '5' }

// ctrl is the key that shortcuts go with.
const ctrl = fyne.KeyModifierShortcutDefault

func combo(key fyne.KeyName, more fyne.KeyModifier) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: ctrl | more}
}

// allCommands lists everything by name; menus, keys, the list of keys and the search for
// commands are made from it.
func (w *window) allCommands() []command {
	file, edit, view, photo, help := tr("File"), tr("Edit"), tr("View"), tr("Photo"), tr("Help")
	cs := []command{
		{menu: file, name: tr("Add a folder …"), keys: "Ctrl+O", shortcut: combo(fyne.KeyO, 0), run: w.addFolder},
		{menu: file, name: tr("Add the sample photos"), run: w.addSamples},
		{menu: file, name: tr("Look for new photos"), keys: "F5", key: fyne.KeyF5, run: func() { w.background(w.b.StartIndexing) }},
		{menu: file, name: tr("Remove this folder from Descry …"), run: w.removeRoot},
		{menu: file, name: tr("Say where this folder is now …"), run: w.relocateRoot},
		{menu: file, name: tr("Export alt texts …"), keys: "Ctrl+E", shortcut: combo(fyne.KeyE, 0), run: w.exportAlt},
		{menu: file, name: tr("Unreadable files …"), run: w.showFailures},
		{menu: edit, name: tr("Undo"), keys: "Ctrl+Z", shortcut: &fyne.ShortcutUndo{}, run: func() { w.inText(&fyne.ShortcutUndo{}, func() { w.undo(0) }) }},
		{menu: edit, name: tr("Redo"), keys: "Ctrl+Shift+Z", shortcut: combo(fyne.KeyZ, fyne.KeyModifierShift), run: func() { w.inText(&fyne.ShortcutRedo{}, w.redo) }},
		{menu: edit, name: tr("Select all"), keys: "Ctrl+A", shortcut: &fyne.ShortcutSelectAll{}, run: func() { w.inText(&fyne.ShortcutSelectAll{}, w.grid.SelectAll) }},
		{menu: edit, name: tr("Search"), keys: "Ctrl+F", shortcut: combo(fyne.KeyF, 0), runes: "/", run: w.focusSearch},
		{menu: edit, name: tr("Every command by name …"), keys: "Ctrl+K", shortcut: combo(fyne.KeyK, 0), run: w.showPalette},
		{menu: edit, name: tr("Label sets …"), keys: "Ctrl+L", shortcut: combo(fyne.KeyL, 0), run: w.showLabelSets},
		{menu: edit, name: tr("Models …"), run: w.showModels},
		{menu: edit, name: tr("Compare models on your photos …"), run: w.showCompare},
		{menu: view, name: tr("Duplicates"), keys: "Ctrl+D", shortcut: combo(fyne.KeyD, 0), run: w.showDuplicates},
		{menu: view, name: tr("Stacks as one, or every photo"), keys: "G", runes: "gG", run: w.toggleStacks},
		{menu: view, name: tr("Side panes"), keys: "B", runes: "bB", run: w.togglePanes},
		{menu: view, name: tr("Details"), keys: "I", runes: "iI", run: w.toggleDetail},
		{menu: view, name: tr("Larger thumbnails"), keys: "+", runes: "+=", run: func() { w.zoomGrid(1.2) }},
		{menu: view, name: tr("Smaller thumbnails"), keys: "−", runes: "-−", run: func() { w.zoomGrid(1 / 1.2) }},
		{menu: view, name: tr("Full screen"), keys: "F11", key: fyne.KeyF11, run: w.fullScreen},
		{menu: view, name: tr("Light or dark like the system"), run: func() { w.setMode(look.FollowSystem) }},
		{menu: view, name: tr("Always light"), run: func() { w.setMode(look.AlwaysLight) }},
		{menu: view, name: tr("Always dark"), run: func() { w.setMode(look.AlwaysDark) }},
		{menu: photo, name: tr("Open"), keys: "Enter", run: func() { w.openCursor(false) }},
		{menu: photo, name: tr("Quick look"), keys: "Space", run: func() { w.openCursor(true) }},
		{menu: photo, name: tr("Show the photos of the stack"), keys: "O", runes: "oO", run: w.openStack},
		{menu: photo, name: tr("Open with the system's program"), keys: "P", runes: "pP", run: w.openOutside},
		{menu: photo, name: tr("Show in its folder"), keys: "R", runes: "rR", run: w.showInFolder},
		{menu: photo, name: tr("Move to the trash"), keys: tr("Delete"), key: fyne.KeyDelete, run: w.trashChosen},
		{menu: photo, name: tr("Favourite"), keys: "F", runes: "fF", run: w.toggleFavourite},
		{menu: photo, name: tr("Confirm the marked suggestion"), keys: "Y", runes: "yY", run: func() { w.judge(true) }},
		{menu: photo, name: tr("Reject the marked suggestion"), keys: "N", runes: "nN", run: func() { w.judge(false) }},
		{menu: photo, name: tr("Add a tag"), keys: "T", runes: "tT", run: w.focusAddTag},
		{menu: photo, name: tr("Edit the alt text"), keys: "A", runes: "aA", run: w.focusAlt},
		{menu: photo, name: tr("Approve the alt text"), keys: "Ctrl+Enter", shortcut: combo(fyne.KeyReturn, 0), run: w.approveAlt},
		{menu: photo, name: tr("Photos that look like this one"), keys: "S", runes: "sS", run: w.findSimilar},
		{menu: photo, name: tr("Show where in the photo it is, the next thing, or none"), keys: "W", runes: "wW", run: w.toggleWhere},
	}
	cs = append(cs, w.quietCommands()...)
	cs = append(cs, w.savingCommands()...)
	cs = append(cs, w.exampleCommands()...)
	cs = append(cs, w.keepingCommands()...)
	for stars := range 6 {
		cs = append(cs, command{menu: photo, name: trn("{{.N}} stars", stars, nil), keys: strconv.Itoa(stars), runes: strconv.Itoa(stars), run: func() { w.setRating(stars) }})
	}
	return append(cs, command{menu: help, name: tr("List of keys"), keys: "?", runes: "?", run: w.showKeys})
}

// mainMenu hangs every command on a menu: the toolkit gives shortcuts to menus before the
// focused widget can swallow them.
func (w *window) mainMenu() *fyne.MainMenu {
	var menus []*fyne.Menu
	byHeading := map[string]*fyne.Menu{}
	for _, c := range w.commands {
		m := byHeading[c.menu]
		if m == nil {
			m = fyne.NewMenu(c.menu)
			byHeading[c.menu] = m
			menus = append(menus, m)
		}
		name := c.name
		if c.shortcut == nil && c.keys != "" {
			name = fmt.Sprintf("%s  (%s)", c.name, c.keys)
		}
		item := fyne.NewMenuItem(name, w.guarded(c.run))
		item.Shortcut = c.shortcut
		m.Items = append(m.Items, item)
	}
	if len(menus) > 0 {
		quit := fyne.NewMenuItem(tr("Quit"), func() { w.quit() })
		quit.IsQuit = true
		menus[0].Items = append(menus[0].Items, fyne.NewMenuItemSeparator(), quit)
	}
	return fyne.NewMainMenu(menus...)
}

// guarded keeps a command from running below a sheet or dialog that covers the window.
func (w *window) guarded(run func()) func() {
	return func() {
		w.b.Touched()
		if w.sheet == nil {
			run()
		}
	}
}

// inText gives an editing shortcut to the text field that has the focus, if one has.
func (w *window) inText(s fyne.Shortcut, otherwise func()) {
	if f := w.canvas.Focused(); f != nil {
		if e, ok := f.(interface {
			fyne.Shortcutable
			SelectedText() string
		}); ok {
			e.TypedShortcut(s)
			return
		}
	}
	otherwise()
}

// typedRune runs the command of a character that no widget wanted.
func (w *window) typedRune(r rune) {
	w.b.Touched()
	for _, c := range w.commands {
		if strings.ContainsRune(c.runes, r) {
			c.run()
			return
		}
	}
}

// typedKey runs the command of a key that no widget wanted; anything else moves the cursor
// of the grid, so that no key is lost.
func (w *window) typedKey(e *fyne.KeyEvent) {
	w.b.Touched()
	for _, c := range w.commands {
		if c.key != "" && c.key == e.Name {
			c.run()
			return
		}
	}
	if e.Name == fyne.KeyEscape {
		w.escape()
	}
}

// escape closes what is open, then clears the selection, then the search.
func (w *window) escape() {
	switch {
	case w.sheet != nil:
		w.closeSheet()
	case w.where.photo != 0:
		w.endWhere()
	case w.viewer.Open():
		w.viewer.Back()
	case w.toast.Text() != "":
		w.toast.Hide()
	case w.dupes.Open():
		w.side.choose("all")
		w.setScope(app.Scope{Kind: app.ScopeAll, Title: tr("All photos")})
		w.focusGrid()
	case w.stack.top != 0:
		w.closeStack()
	default:
		if _, count := w.grid.Chosen(1); count > 0 {
			w.grid.ClearSelection()
			return
		}
		if w.search.last != "" || w.similar != 0 {
			w.similar = 0
			w.search.Reset()
			w.list(false)
		}
	}
}

// strayKey gets keys while no widget has the focus: the grid takes them, and the focus.
func (w *window) strayKey(e *fyne.KeyEvent) {
	if w.dialog != nil {
		if e.Name == fyne.KeyEscape {
			w.dialog.Dismiss()
			w.focusGrid()
		}
		return
	}
	if w.viewer.Open() {
		w.focus(w.viewer.Pane)
		w.viewer.Pane.TypedKey(e)
		return
	}
	if w.sheet != nil {
		if e.Name == fyne.KeyEscape {
			w.closeSheet()
		}
		return
	}
	w.focusGrid()
	if w.dupes.Open() {
		w.dupes.list.TypedKey(e)
		return
	}
	w.grid.TypedKey(e)
}

func (w *window) strayRune(r rune) {
	if w.dialog != nil {
		return
	}
	if w.viewer.Open() {
		w.focus(w.viewer.Pane)
		w.viewer.Pane.TypedRune(r)
		return
	}
	if w.sheet == nil {
		w.focusGrid()
		if w.dupes.Open() {
			w.dupes.list.TypedRune(r)
			return
		}
		w.grid.TypedRune(r)
	}
}

func (w *window) focus(f fyne.Focusable) {
	if w.canvas != nil {
		w.canvas.Focus(f)
	}
}

// focusGrid gives the keyboard to the grid, or to what is in its place.
func (w *window) focusGrid() {
	if w.dupes.Open() {
		w.focus(w.dupes.list)
		return
	}
	w.focus(w.grid)
}

func (w *window) focusSearch() {
	w.viewer.Close()
	w.focus(w.search.Box)
	w.search.Box.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (w *window) focusAddTag() {
	if w.onlyInGrid() {
		return
	}
	w.openDetail()
	w.detail.scrollTo(w.detail.adder.Content)
	w.focus(w.detail.adder.Field)
}

func (w *window) focusAlt() {
	if w.onlyInGrid() {
		return
	}
	w.openDetail()
	if w.detail.many || w.detail.shown.Photo == 0 {
		return
	}
	w.detail.scrollTo(w.detail.alt.Content)
	w.focus(w.detail.alt.Field)
}

func (w *window) openDetail() {
	w.viewer.Close()
	if !w.panes.RightOpen() {
		w.panes.Open(w.panes.LeftOpen(), true)
	}
}

func (w *window) openCursor(peek bool) {
	if w.dupes.Open() {
		w.dupes.compare(w.dupes.member)
		return
	}
	if i, _, ok := w.grid.Cursor(); ok {
		w.keepSearch(w.search.last, false)
		w.viewer.Show(w.grid.Photos(), i, peek)
		w.focus(w.viewer.Pane)
	}
}

func (w *window) zoomGrid(factor float32) {
	side := min(max(w.grid.Target()*factor, grid.LeastCell), grid.MostCell)
	w.slider.SetValue(float64(side))
	w.remember(settingCell, strconv.Itoa(int(side)))
}

func (w *window) togglePanes() {
	open := !(w.panes.LeftOpen() || w.panes.RightOpen())
	w.panes.Open(open, open)
}

func (w *window) toggleDetail() { w.panes.Open(w.panes.LeftOpen(), !w.panes.RightOpen()) }

func (w *window) fullScreen() {
	if w.win != nil {
		w.win.SetFullScreen(!w.win.FullScreen())
	}
}

// setMode chooses light, dark, or what the system says, and remembers it.
func (w *window) setMode(m look.Mode) {
	w.mode = m
	w.app.Settings().SetTheme(look.NewTheme(m))
	w.remember(settingTheme, string(m))
}

// contextMenu offers the commands for photos where the pointer is.
func (w *window) contextMenu(at fyne.Position) {
	var items []*fyne.MenuItem
	for _, c := range w.commands {
		if c.menu == tr("Photo") && !c.isRating() {
			item := fyne.NewMenuItem(c.name, c.run)
			items = append(items, item)
		}
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.canvas, at)
}

// restorePanes and rememberPanes keep the widths of the side panes and whether they are
// open, as "left right leftOpen rightOpen".
func (w *window) restorePanes() {
	var l, r float32
	var lo, ro bool
	if _, err := fmt.Sscan(w.setting(settingPanes), &l, &r, &lo, &ro); err == nil && l > 50 && r > 50 {
		w.panes.LeftWidth, w.panes.RightWide = l, r
		w.panes.Open(lo, ro)
	}
}

func (w *window) rememberPanes() {
	p := w.panes
	w.remember(settingPanes, fmt.Sprintf("%.0f %.0f %v %v", p.LeftWidth, p.RightWide, p.LeftOpen(), p.RightOpen()))
}
