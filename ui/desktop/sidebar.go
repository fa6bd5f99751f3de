package desktop

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// sideEntry is a line of the side bar.
type sideEntry struct {
	key      string // tells entries apart between refreshes
	title    string
	tip      string
	icon     fyne.Resource
	count    int
	scope    app.Scope
	album    app.Album // ID 0: it is none
	heading  bool
	depth    int
	state    library.FileState
	children []*sideEntry
}

// keyDuplicates is the key of the entry that lists duplicates.
const keyDuplicates = "duplicates"

// sidebar is the list of what there is to look at: everything, folders, tags, dates, albums.
type sidebar struct {
	widget.List
	OnScope func(app.Scope)
	// OnDuplicates is called when the entry for duplicates was chosen.
	OnDuplicates func()
	OnRune       func(rune)
	OnKey        func(*fyne.KeyEvent)
	// OnAlbum is called when somebody wants to know what can be done with the chosen album; the
	// others for F2 and Delete.
	OnAlbum                      func(a app.Album, at fyne.Position)
	OnChangeAlbum, OnRemoveAlbum func(a app.Album)
	OnOpen                       func(open string) // the open entries changed; their keys, one per line

	tips       *look.Tips
	top        []*sideEntry
	rows       []*sideEntry
	open       map[string]bool
	current    string // key of the chosen entry
	reveal     string // key of the entry to be scrolled to once it is there
	duplicates int    // groups, -1 while nobody looked for them
	silent     bool   // a selection made by code, not by the person
	highlite   int
}

func newSidebar(tips *look.Tips) *sidebar {
	s := &sidebar{tips: tips, open: map[string]bool{"folders": true, "tags": true}, current: "all", duplicates: -1}
	s.HideSeparators = true
	s.Length = func() int { return len(s.rows) }
	s.CreateItem = func() fyne.CanvasObject { return newSideRow(s) }
	s.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < len(s.rows) {
			o.(*sideRow).set(s.rows[i])
		}
	}
	s.OnSelected = s.selected
	s.OnHighlighted = func(i widget.ListItemID) { s.highlite = i }
	s.ExtendBaseWidget(s)
	return s
}

// SetSidebar shows what the library holds.
func (s *sidebar) SetSidebar(b app.Sidebar) {
	fixed := func(key, title string, icon fyne.Resource, n int, kind app.ScopeKind) *sideEntry {
		return &sideEntry{key: key, title: title, icon: icon, count: n, scope: app.Scope{Kind: kind, Title: title}}
	}
	s.top = []*sideEntry{
		fixed("all", tr("All photos"), look.Photos.Resource(), b.All, app.ScopeAll),
		fixed("favourites", tr("Favourites"), look.HeartOutline.Resource(), b.Favourites, app.ScopeFavourites),
		fixed("untagged", tr("Not tagged"), look.TagIcon.Resource(), b.Untagged, app.ScopeUntagged),
		fixed("alt", tr("Alt text to review"), look.TextIcon.Resource(), b.AltToReview, app.ScopeAltToReview),
	}
	if b.All > 0 {
		s.top = append(s.top, &sideEntry{key: keyDuplicates, title: tr("Duplicates"), icon: look.Copies.Resource(), count: s.duplicates})
	}
	if b.Missing > 0 {
		s.top = append(s.top, fixed("missing", tr("Missing"), look.OfflineIcon.Resource(), b.Missing, app.ScopeMissing))
	}
	section := func(key, title string, children []*sideEntry) {
		if len(children) > 0 {
			s.top = append(s.top, &sideEntry{key: key, title: title, heading: true, children: children})
		}
	}
	var folders []*sideEntry
	for _, f := range b.Folders {
		folders = append(folders, folderEntry(f, 0))
	}
	section("folders", tr("Folders"), folders)
	section("tags", tr("Tags"), tagEntries(b.Tags))
	section("dates", tr("Dates"), countEntries("date", theme.CalendarIcon(), b.Dates))
	section("albums", tr("Albums"), albumEntries(b.Albums))
	s.flatten()
	if i := slices.IndexFunc(s.rows, func(e *sideEntry) bool { return e.key == s.reveal }); i >= 0 {
		s.ScrollTo(i)
		s.reveal = ""
	}
}

func folderEntry(f app.Folder, depth int) *sideEntry {
	e := &sideEntry{
		key: fmt.Sprintf("folder/%d/%s", f.Scope.Root, f.Scope.Dir), title: f.Title, icon: theme.FolderIcon(),
		count: f.Photos, scope: f.Scope, depth: depth, state: f.State,
	}
	switch f.State {
	case library.Offline:
		e.icon, e.tip = look.OfflineIcon.Resource(), tr("{{.Folder}} is not connected. Its photos can still be found.", with{"Folder": f.Title})
	case library.Missing:
		e.icon, e.tip = look.OfflineIcon.Resource(), tr("{{.Folder}} is missing.", with{"Folder": f.Title})
	}
	for _, c := range f.Children {
		e.children = append(e.children, folderEntry(c, depth+1))
	}
	return e
}

func tagEntries(tags []app.TagCount) []*sideEntry {
	var out []*sideEntry
	for _, t := range tags {
		if t.Confirmed+t.Suggested == 0 {
			continue
		}
		out = append(out, &sideEntry{
			key: fmt.Sprintf("tag/%d", t.Label), title: t.Name, icon: look.TagIcon.Resource(), count: t.Confirmed + t.Suggested,
			tip:   tr("{{.Set}}: {{.Confirmed}} confirmed, {{.Suggested}} suggested", with{"Set": t.Set, "Confirmed": number(t.Confirmed), "Suggested": number(t.Suggested)}),
			scope: app.Scope{Kind: app.ScopeTag, Label: t.Label, Title: t.Name},
		})
	}
	return out
}

// albumKey is the key of the entry of an album.
func albumKey(id int64) string { return fmt.Sprintf("album/%d", id) }

// albumEntries lists plain and smart albums, which have icons of their own.
func albumEntries(albums []app.Album) []*sideEntry {
	var out []*sideEntry
	for _, a := range albums {
		e := &sideEntry{
			key: albumKey(a.ID), title: a.Name, icon: look.Photos.Resource(), count: a.Photos, album: a,
			scope: app.Scope{Kind: app.ScopeAlbum, Album: a.ID, Query: a.Query, Title: a.Name},
		}
		if a.Query != "" {
			e.icon, e.tip = theme.SearchIcon(), tr("Smart album {{.Album}}: {{.Query}}", with{"Album": quoted(a.Name), "Query": a.Query})
		}
		out = append(out, e)
	}
	return out
}

func countEntries(kind string, icon fyne.Resource, counts []app.Count) []*sideEntry {
	var out []*sideEntry
	for _, c := range counts {
		out = append(out, &sideEntry{key: kind + "/" + c.Title, title: c.Title, icon: icon, count: c.Photos, scope: c.Scope})
	}
	return out
}

// flatten lists the entries that are to be seen.
func (s *sidebar) flatten() {
	s.rows = s.rows[:0]
	var walk func(es []*sideEntry)
	walk = func(es []*sideEntry) {
		for _, e := range es {
			s.rows = append(s.rows, e)
			if s.open[e.key] {
				walk(e.children)
			}
		}
	}
	walk(s.top)
	s.Refresh()
	s.mark()
}

// mark shows the chosen entry as chosen, where it is to be seen.
func (s *sidebar) mark() {
	s.silent = true
	defer func() { s.silent = false }()
	for i, e := range s.rows {
		if e.key == s.current {
			s.Select(i)
			return
		}
	}
	s.UnselectAll()
}

// choose shows the entry with a key as chosen, without calling anything.
func (s *sidebar) choose(key string) {
	s.current = key
	s.mark()
}

// setDuplicates shows how many groups of duplicates are known.
func (s *sidebar) setDuplicates(groups int, known bool) {
	if !known {
		groups = -1
	}
	if s.duplicates == groups {
		return
	}
	s.duplicates = groups
	for _, e := range s.top {
		if e.key == keyDuplicates {
			e.count = groups
		}
	}
	s.Refresh()
}

func (s *sidebar) selected(i widget.ListItemID) {
	if s.silent || i >= len(s.rows) {
		return
	}
	e := s.rows[i]
	if e.heading {
		s.toggle(e)
		return
	}
	s.current = e.key
	s.Refresh()
	if e.key == keyDuplicates {
		call(s.OnDuplicates)
		return
	}
	if s.OnScope != nil {
		s.OnScope(e.scope)
	}
}

// toggle opens or closes the entries below e.
func (s *sidebar) toggle(e *sideEntry) {
	s.open[e.key] = !s.open[e.key]
	at := s.GetScrollOffset()
	s.flatten()
	s.ScrollToOffset(at) // to choose the chosen entry again would scroll to it
	if s.OnOpen != nil {
		s.OnOpen(s.openKeys())
	}
}

// TypedKey moves, chooses, opens and closes.
func (s *sidebar) TypedKey(e *fyne.KeyEvent) {
	at := s.highlite
	var row *sideEntry
	if at >= 0 && at < len(s.rows) {
		row = s.rows[at]
	}
	if row != nil && row.album.ID != 0 {
		switch {
		case e.Name == fyne.KeyF2 && s.OnChangeAlbum != nil:
			s.OnChangeAlbum(row.album)
			return
		case e.Name == fyne.KeyDelete && s.OnRemoveAlbum != nil:
			s.OnRemoveAlbum(row.album)
			return
		}
	}
	switch e.Name {
	case fyne.KeyUp, fyne.KeyDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeySpace:
		s.List.TypedKey(e)
	case fyne.KeyReturn, fyne.KeyEnter:
		s.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeyRight, fyne.KeyLeft:
		if row != nil && len(row.children) > 0 && s.open[row.key] == (e.Name == fyne.KeyLeft) {
			s.toggle(row)
		}
	default:
		if s.OnKey != nil {
			s.OnKey(e)
		}
	}
}

// TypedRune passes on what is typed.
func (s *sidebar) TypedRune(r rune) {
	if r != ' ' && s.OnRune != nil {
		s.OnRune(r)
	}
}

// sideRow draws a sideEntry.
type sideRow struct {
	widget.BaseWidget
	bar     *sidebar
	entry   *sideEntry
	opener  *look.Button
	more    *look.Button // of the chosen album
	icon    *widget.Icon
	title   *look.Label
	count   *look.Label
	content *fyne.Container
}

func newSideRow(s *sidebar) *sideRow {
	r := &sideRow{bar: s, icon: widget.NewIcon(nil), title: s.tips.NewLabel(""), count: s.tips.NewSmall("")}
	r.opener = s.tips.NewIcon(look.Right.Resource(), tr("Open or close"), func() {
		if r.entry != nil {
			s.toggle(r.entry)
		}
	}).Sized(20)
	r.count.Align = fyne.TextAlignTrailing
	r.more = s.tips.NewIcon(theme.MoreVerticalIcon(), tr("What can be done with this album"), func() {
		if r.entry != nil && s.OnAlbum != nil {
			s.OnAlbum(r.entry.album, fyne.CurrentApp().Driver().AbsolutePositionForObject(r.more).AddXY(0, 20))
		}
	}).Sized(20)
	r.content = container.New(sideRowLayout{r}, r.opener, r.icon, r.title, r.count, r.more)
	r.ExtendBaseWidget(r)
	return r
}

func (r *sideRow) set(e *sideEntry) {
	r.entry = e
	r.title.Tip = e.tip
	r.title.Style.Bold = e.heading
	r.title.Colour, r.title.Rank = theme.ColorNameForeground, theme.SizeNameText
	if e.heading {
		r.title.Colour, r.title.Rank = look.ColourSecondary, look.SizeSmallText
	}
	if e.state == library.Offline || e.state == library.Missing {
		r.title.Colour = look.ColourSecondary
	}
	r.title.SetText(e.title)
	r.title.Refresh()
	r.count.SetText("")
	if !e.heading && e.count >= 0 {
		r.count.SetText(number(e.count))
	}
	r.icon.Hidden = e.icon == nil
	if e.icon != nil {
		r.icon.SetResource(theme.NewColoredResource(e.icon, look.ColourSecondary))
	}
	r.more.Hidden = e.album.ID == 0 || e.key != r.bar.current
	r.opener.Hidden = len(e.children) == 0
	if r.bar.open[e.key] {
		r.opener.Set(look.Down.Resource(), tr("Close"))
	} else {
		r.opener.Set(look.Right.Resource(), tr("Open"))
	}
	r.content.Layout.Layout(nil, r.Size())
}

func (r *sideRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.content) }

// AccessibilityLabel returns title and number.
func (r *sideRow) AccessibilityLabel() string { return r.title.Text() + " " + r.count.Text() }

// AccessibilityRole says that the row can be chosen.
func (r *sideRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

type sideRowLayout struct{ r *sideRow }

func (l sideRowLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 24) }

func (l sideRowLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	r := l.r
	x := float32(4)
	if r.entry != nil {
		x += float32(r.entry.depth) * 14
	}
	middle := func(o fyne.CanvasObject, x, w, h float32) {
		o.Move(fyne.NewPos(x, (s.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
	}
	if r.entry != nil && r.entry.heading {
		middle(r.title, 10, s.Width-40, s.Height)
		middle(r.opener, s.Width-26, 20, 20)
		middle(r.count, s.Width-60, 0, s.Height)
		return
	}
	middle(r.opener, x, 20, 20)
	x += 20
	middle(r.icon, x, 16, 16)
	x += 22
	w := float32(0)
	if t := r.count.Text(); t != "" {
		w = fyne.MeasureText(t, theme.Size(look.SizeSmallText), fyne.TextStyle{}).Width + 2
	}
	right := s.Width - 10
	if r.more.Visible() {
		right -= 18
		middle(r.more, right, 20, 20)
		right -= 2
	}
	middle(r.count, right-w, w, s.Height)
	middle(r.title, x, right-w-8-x, s.Height)
}

// openKeys returns the keys of the open entries, one per line, to be remembered.
func (s *sidebar) openKeys() string {
	out := ""
	for k, open := range s.open {
		if open {
			out += k + "\n"
		}
	}
	return out
}
