package desktop

import (
	"context"
	"errors"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// dupesPage takes the place of the grid and lists groups of photos that are alike, with the
// one proposed to be kept. Only what is in sight is drawn.
type dupesPage struct {
	Content *fyne.Container

	w      *window
	list   *groupList
	shelf  *shelf
	line   *look.Label // what was found
	note   *look.Label // what could not be compared
	kinds  [3]*look.Button
	ticked fyne.Resource // the icon of kinds that are shown
	again  *look.Button
	all    *look.Button
	stop   *look.Button
	bar    *widget.ProgressBar
	busy   *fyne.Container
	empty  *emptyState
	hidden map[app.DuplicateKind]bool

	found   []*dupeGroup    // by the last search, less what was dealt with
	shown   []*dupeGroup    // of the kinds that are not hidden
	skipped map[string]bool // keys of groups that the person skipped
	at      int             // group with the focus
	member  int             // and the photo in it
	job     task
	running bool
	done    bool // a search came to its end
	unseen  int
	status  app.Status
	problem string // why there is no model, "" with one
}

// dupeGroup is a group with what the person decided so far.
type dupeGroup struct {
	app.DuplicateGroup
	best int          // the one that stays
	keep map[int]bool // others that stay, too
	from int          // first member that is in sight
}

// dupeKinds are the kinds in the order in which they are found and listed.
var dupeKinds = [...]app.DuplicateKind{app.DuplicateExact, app.DuplicateNear, app.DuplicateBurst}

// key tells groups apart between searches.
func (g *dupeGroup) key() string {
	paths := make([]string, 0, len(g.Members)+1)
	for _, m := range g.Members {
		paths = append(paths, m.Path)
	}
	slices.Sort(paths)
	return string(g.Kind) + "\x00" + strings.Join(paths, "\x00")
}

// going lists the members that would go to the trash.
func (g *dupeGroup) going() []app.TrashItem {
	var out []app.TrashItem
	for i, m := range g.Members {
		if i != g.best && !g.keep[i] {
			out = append(out, app.TrashItem{Path: m.Path, Keep: g.Members[g.best].Path})
		}
	}
	return out
}

// photos lists the photos of the group, one for each member.
func (g *dupeGroup) photos() []library.PhotoID {
	ids := make([]library.PhotoID, 0, len(g.Members))
	for _, m := range g.Members {
		ids = append(ids, m.Photo)
	}
	return ids
}

func newDupesPage(w *window) *dupesPage {
	p := &dupesPage{w: w, hidden: map[app.DuplicateKind]bool{}, skipped: map[string]bool{}, empty: newEmptyState(), ticked: look.Check.Resource()}
	p.list = newGroupList(p)
	p.shelf = newShelf(w, func() { p.list.Refresh() })
	p.line, p.note = w.tips.NewLabel(""), w.tips.NewSmall("")
	for i, k := range dupeKinds {
		p.kinds[i] = w.tips.NewText("", tr("Show or hide groups of this kind"), func() { p.toggle(k) }).Outlined()
	}
	p.again = w.tips.NewText(tr("Look again"), tr("Look for duplicates again"), p.search).Outlined()
	p.all = w.tips.NewText("", tr("Move all but the best of every group in the list to the trash, bursts left out"), p.trashAll).Outlined()
	p.bar = widget.NewProgressBar()
	p.bar.TextFormatter = func() string { return "" }
	p.stop = w.tips.NewIcon(look.Cross.Resource(), tr("Stop looking; what was found stays"), p.cancel).Sized(24)
	p.busy = container.New(layout.NewCustomPaddedHBoxLayout(6), p.stop, container.NewCenter(container.New(thinBar{}, p.bar)))
	kinds := container.New(layout.NewCustomPaddedHBoxLayout(6), p.kinds[0], p.kinds[1], p.kinds[2])
	head := container.New(&column{grow: -1},
		container.New(layout.NewCustomPaddedLayout(0, 4, 0, 0), container.NewBorder(nil, nil, p.busy, nil, p.line)),
		container.NewBorder(nil, nil, kinds, container.New(layout.NewCustomPaddedHBoxLayout(6), p.all, p.again), layout.NewSpacer()),
		container.New(layout.NewCustomPaddedLayout(4, 0, 0, 0), p.note))
	p.Content = container.NewStack(look.NewFill(theme.ColorNameBackground), container.NewBorder(
		container.New(layout.NewCustomPaddedLayout(10, 8, 14, 14), head), nil, nil, nil, container.NewStack(p.list, p.empty.Content),
	))
	p.Content.Hide()
	return p
}

// Open says whether the page is to be seen.
func (p *dupesPage) Open() bool { return p.Content.Visible() }

// showDuplicates opens the page and looks for duplicates.
func (w *window) showDuplicates() {
	w.viewer.Close()
	p := w.dupes
	if !p.Open() {
		w.stack = stackShown{}
		w.tips.Forget()
		w.photos.Hide()
		w.result.SetText("")
		w.line.Hide()
		w.search.Row.Hide()
		p.Content.Show()
		w.side.choose(keyDuplicates)
		w.arrange()
	}
	w.focus(p.list)
	p.search()
	w.showChosen()
}

// leaveDuplicates shows the grid again.
func (w *window) leaveDuplicates() {
	if !w.dupes.Open() {
		return
	}
	w.dupes.Content.Hide()
	w.photos.Show()
	w.line.Show()
	w.arrange()
}

// search looks for groups in the background. What is listed stays until the new list is
// there; the first list grows kind by kind.
func (p *dupesPage) search() {
	w := p.w
	ctx, number := p.job.begin(w.ctx)
	p.running = true
	type progressKey struct{}
	tell := func(g app.Progress) {
		w.loop.PostLatest(progressKey{}, func() {
			if number == p.job.number && p.running {
				p.showProgress(g)
			}
		})
	}
	p.showProgress(app.Progress{Running: true})
	w.loop.Go(func() func() {
		var next []*dupeGroup
		unseen := 0
		for _, k := range dupeKinds {
			report, err := w.b.DuplicateGroups(ctx, tell, k)
			if err != nil {
				return func() { p.ended(number, err) }
			}
			unseen += report.Unseen
			for _, g := range report.Groups {
				next = append(next, &dupeGroup{DuplicateGroup: g, keep: map[int]bool{}})
			}
			part := slices.Clone(next)
			w.loop.Post(func() {
				if number == p.job.number && !p.done {
					p.take(part)
				}
			})
		}
		status, err := w.b.Status(ctx)
		problem := w.b.ModelProblem()
		return func() {
			if number == p.job.number && err == nil {
				p.done, p.unseen, p.status, p.problem = true, unseen, status, problem
				p.take(next)
			}
			p.ended(number, err)
		}
	})
}

func (p *dupesPage) ended(number int, err error) {
	if number != p.job.number {
		return
	}
	p.running = false
	if err != nil && !errors.Is(err, context.Canceled) {
		p.w.fail(tr("Duplicates could not be looked for"), err)
	}
	p.refresh()
}

// cancel ends the search; what it found stays.
func (p *dupesPage) cancel() {
	p.job.begin(p.w.ctx)
	p.running = false
	p.refresh()
	p.w.focusGrid()
}

// take lists groups; decisions about groups that were listed before stay.
func (p *dupesPage) take(groups []*dupeGroup) {
	before := make(map[string]*dupeGroup, len(p.found))
	for _, g := range p.found {
		before[g.key()] = g
	}
	focused := ""
	if g := p.focused(); g != nil {
		focused = g.key()
	}
	p.found = p.found[:0:0]
	for _, g := range groups {
		key := g.key()
		if p.skipped[key] {
			continue
		}
		if old := before[key]; old != nil && old.Members[0].Path == g.Members[0].Path {
			g = old
		}
		p.found = append(p.found, g)
	}
	p.filter()
	if i := slices.IndexFunc(p.shown, func(g *dupeGroup) bool { return focused != "" && g.key() == focused }); i >= 0 {
		p.at = i
	} else if p.Open() {
		p.w.chosenChanged()
	}
	p.refresh()
}

// filter makes the list of what is shown.
func (p *dupesPage) filter() {
	p.shown = p.shown[:0:0]
	for _, g := range p.found {
		if !p.hidden[g.Kind] {
			p.shown = append(p.shown, g)
		}
	}
	p.at = min(p.at, max(len(p.shown)-1, 0))
	if g := p.focused(); g != nil {
		p.member = min(p.member, len(g.Members)-1)
	} else {
		p.member = 0
	}
}

// toggle shows or hides a kind.
func (p *dupesPage) toggle(k app.DuplicateKind) {
	p.hidden[k] = !p.hidden[k]
	p.filter()
	p.refresh()
	p.w.focusGrid()
	p.w.chosenChanged()
}

// stale looks again after something was undone or done again.
func (p *dupesPage) stale() {
	if p.Open() {
		p.search()
	}
}

// focused returns the group with the focus, nil where nothing is listed.
func (p *dupesPage) focused() *dupeGroup {
	if p.at >= len(p.shown) {
		return nil
	}
	return p.shown[p.at]
}

// chosen returns the photo with the focus.
func (p *dupesPage) chosen() []library.PhotoID {
	g := p.focused()
	if g == nil {
		return nil
	}
	return []library.PhotoID{g.Members[p.member].Photo}
}

// drop takes a group off the list.
func (p *dupesPage) drop(g *dupeGroup) {
	p.found = slices.DeleteFunc(p.found, func(o *dupeGroup) bool { return o == g })
	p.member = 0
	p.filter()
	p.refresh()
	p.w.chosenChanged()
}

// choose makes a member the best.
func (p *dupesPage) choose(g *dupeGroup, member int) {
	g.best = member
	delete(g.keep, member)
	p.list.Refresh()
}

// keepToo lets a member stay beside the best, or no longer.
func (p *dupesPage) keepToo(g *dupeGroup, member int) {
	if member == g.best {
		return
	}
	if g.keep[member] {
		delete(g.keep, member)
	} else {
		g.keep[member] = true
	}
	p.list.Refresh()
}

// keepAll says that the photos of a group are different and all stay.
func (p *dupesPage) keepAll(g *dupeGroup) {
	if g.Kind == app.DuplicateExact {
		p.w.toast.Show(tr("These files hold one and the same picture. Skip them, or move some to the trash."), "", nil)
		return
	}
	photos := g.photos()
	p.w.act(trn("Kept {{.N}} photos. They are not proposed again.", len(photos), nil), func(ctx context.Context) (int64, error) {
		return p.w.b.KeepBoth(ctx, [][]library.PhotoID{photos})
	})
	p.drop(g)
}

// skip takes a group off the list until the program is started again.
func (p *dupesPage) skip(g *dupeGroup) {
	key := g.key()
	p.skipped[key] = true
	p.drop(g)
	p.w.toast.Show(tr("Skipped. It is listed again after the next start."), tr("Undo"), func() {
		delete(p.skipped, key)
		p.search()
	})
}

// trashRest moves all but what stays of the group with the focus to the trash.
func (p *dupesPage) trashRest() {
	if g := p.focused(); g != nil {
		p.trash(g)
	}
}

func (p *dupesPage) trash(g *dupeGroup) {
	items := g.going()
	if len(items) == 0 {
		p.w.toast.Show(tr("All photos of this group stay. There is nothing to move."), "", nil)
		return
	}
	p.move(items, g)
}

// move moves files to the trash and takes them off the list; g goes from it even where
// several of its photos stay.
func (p *dupesPage) move(items []app.TrashItem, g *dupeGroup) {
	p.w.trash(func(ctx context.Context) (app.TrashReport, error) { return p.w.b.Trash(ctx, items) }, func(r app.TrashReport) {
		if g != nil && len(r.Failed) == 0 {
			p.found = slices.DeleteFunc(p.found, func(o *dupeGroup) bool { return o == g })
		}
		p.without(r.Moved)
	})
}

// without takes files off the list, and groups of which one file is left.
func (p *dupesPage) without(paths []string) {
	gone := make(map[string]bool, len(paths))
	for _, path := range paths {
		gone[path] = true
	}
	var left []*dupeGroup
	for _, g := range p.found {
		if !slices.ContainsFunc(g.Members, func(m app.Duplicate) bool { return gone[m.Path] }) {
			left = append(left, g)
			continue
		}
		rest := &dupeGroup{DuplicateGroup: g.DuplicateGroup, keep: map[int]bool{}}
		rest.Members = nil
		for i, m := range g.Members {
			if gone[m.Path] {
				continue
			}
			if i == g.best {
				rest.best = len(rest.Members)
			}
			rest.keep[len(rest.Members)] = g.keep[i]
			rest.Members = append(rest.Members, m)
		}
		if gone[g.Members[0].Path] {
			rest.Why = nil
		}
		if len(rest.Members) > 1 {
			left = append(left, rest)
		}
	}
	p.found = left
	p.member = 0
	p.filter()
	p.refresh()
	p.w.chosenChanged()
}

// bulk lists what would go from all groups in the list but bursts, whose photos differ.
func (p *dupesPage) bulk() (items []app.TrashItem, groups int, bytes int64) {
	size := map[string]int64{}
	for _, g := range p.shown {
		if g.Kind == app.DuplicateBurst {
			continue
		}
		items = append(items, g.going()...)
		groups++
		for _, m := range g.Members {
			size[m.Path] = m.Bytes
		}
	}
	items = app.SettleTrash(items)
	for _, it := range items {
		bytes += size[it.Path]
	}
	return items, groups, bytes
}

// trashAll moves all but the best of every group to the trash, after a question: it is a lot
// at once.
func (p *dupesPage) trashAll() {
	items, groups, bytes := p.bulk()
	if len(items) == 0 {
		return
	}
	p.w.ask(question{
		title: tr("Move all but the best to the trash?"),
		body: []fyne.CanvasObject{paragraph(trn("Of {{.Groups}} groups the one marked Best stays, and {{.N}} files ({{.Size}}) go to the trash. What you said of them is kept with the one that stays. Undo brings them back.",
			len(items), with{"Groups": number(groups), "Size": bytesText(bytes)}))},
		yes: trn("Move {{.N}} files to the trash", len(items), nil), no: tr("Keep them all"),
		do: func() { p.move(items, nil) },
	})
}

// compare shows the photo beside the best of its group, or the best beside the next one.
func (p *dupesPage) compare(member int) {
	g := p.focused()
	if g == nil {
		return
	}
	for _, m := range g.Members {
		if c, ok := p.shelf.card(m.Photo); ok {
			p.w.feed.Put(c)
		}
	}
	hint := tr("C makes this one the best, Space lets it stay too, Delete moves the others to the trash")
	p.w.viewer.Compare(g.photos(), g.best, member, groupText(g), hint, func(i int) string {
		m := g.Members[i]
		return strings.Join(nonEmpty(g.state(i), baseName(m.Path), memberFacts(m), folderTail(m.Path)), " · ")
	}, func(r rune) bool {
		switch r {
		case 'c', 'C':
			p.choose(g, p.member)
			p.w.viewer.Recompare(g.best)
		case ' ':
			p.keepToo(g, p.member)
			p.w.viewer.Retitle()
		case 'k', 'K', 's', 'S':
			p.w.viewer.Close()
			p.list.TypedRune(r)
		default:
			return false
		}
		return true
	})
	p.w.focus(p.w.viewer.Pane)
}
