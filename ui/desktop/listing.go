package desktop

import (
	"context"
	"errors"
	"slices"
	"time"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/grid"
)

const (
	// mostHits is how many results are shown; what comes after them is far from the query.
	mostHits = 10_000
	// refreshPause gathers changes that come in quick succession while photos are looked at.
	refreshPause = 400 * time.Millisecond
	// workingAfter is how long a search may take before the window says that it runs.
	workingAfter = 100 * time.Millisecond
)

// listed is what a list of photos is made of.
type listed struct {
	ids    []library.PhotoID
	all    int // photos that ids stand for: stacks are listed as one
	likely int // -1: no line
	found  app.SearchResult
	hits   map[library.PhotoID]app.Hit
	sel    grid.Selection
	top    int
}

// setScope shows other photos.
func (w *window) setScope(s app.Scope) {
	was := w.scope.Kind
	w.scope, w.stack = s, stackShown{}
	w.similar = 0
	w.list(false)
	if was != s.Kind && (was == app.ScopeMissing || s.Kind == app.ScopeMissing) {
		w.loadStatus() // the notice above the grid is another
	}
}

// list fetches and shows the photos of the scope that fit the search. With keep it is the
// same list once more: place and selection stay.
func (w *window) list(keep bool) {
	if !keep {
		w.leaveDuplicates()
		w.endWhere()
	}
	ctx, number := w.listing.begin(w.ctx)
	if w.stack.top != 0 && (w.search.last != w.stack.query || w.similar != w.stack.similar) {
		w.stack = stackShown{} // a search is about all photos
	}
	scope, query, similar, newest := w.scope, w.search.last, w.similar, w.newest
	old, sel := w.grid.Photos(), w.grid.Selection()
	top, _ := w.grid.InSight()
	scope.Stacked = !w.singly
	stack := w.stack
	if stack.top != 0 {
		query, similar = "", 0
	}
	searching := query != "" || similar != 0
	slow := w.loop.After(workingAfter, func() {
		if searching {
			w.working.SetText(tr("Searching …"))
			if looksAtFiles(query) {
				w.working.SetText(tr("Looking at the picture …"))
			}
		}
	})
	w.loop.Go(func() func() {
		var l listed
		var err error
		if stack.top != 0 {
			l.likely = -1
			l.ids, err = w.stackIDs(ctx, stack.top)
		} else {
			l, err = w.fetchList(ctx, scope, query, similar, newest)
		}
		if err == nil && keep {
			l.sel, l.top = grid.Remap(old, sel, top, l.ids)
		}
		return func() {
			slow()
			if number != w.listing.number {
				return
			}
			w.working.SetText("")
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					w.fail(tr("The photos could not be listed"), err)
				}
				return
			}
			w.showList(l, keep, searching)
		}
	})
}

func (w *window) fetchList(ctx context.Context, scope app.Scope, query string, similar library.PhotoID, newest bool) (listed, error) {
	l := listed{likely: -1}
	if query == "" && similar == 0 {
		ids, err := w.b.Browse(ctx, scope)
		l.ids, l.all = ids, len(ids)
		if err == nil && scope.Stacked {
			scope.Stacked = false
			l.all, err = w.b.Count(ctx, scope)
		}
		return l, err
	}
	scope.Stacked = false // every photo of a stack can be found
	request := app.SearchRequest{Text: query, Scope: scope, Limit: mostHits, All: true, Explain: true}
	var err error
	if similar != 0 {
		l.found, err = w.b.Similar(ctx, similar, request)
	} else {
		l.found, err = w.b.Search(ctx, request)
	}
	if err != nil {
		return l, err
	}
	l.ids = make([]library.PhotoID, 0, len(l.found.Hits))
	l.hits = make(map[library.PhotoID]app.Hit, len(l.found.Hits))
	l.likely = 0
	for _, h := range l.found.Hits {
		l.ids = append(l.ids, h.Photo)
		l.hits[h.Photo] = h
		if h.Likely {
			l.likely++
		}
	}
	if newest && len(l.ids) > 1 {
		if err := w.sortByDate(ctx, scope, l.ids, l.likely); err != nil {
			return l, err
		}
	}
	return l, nil
}

// sortByDate puts the newest first, within the likely photos and within the others.
func (w *window) sortByDate(ctx context.Context, scope app.Scope, ids []library.PhotoID, likely int) error {
	order, err := w.b.Browse(ctx, scope)
	if err != nil {
		return err
	}
	place := make(map[library.PhotoID]int, len(order))
	for i, id := range order {
		place[id] = i
	}
	byDate := func(a, b library.PhotoID) int { return place[a] - place[b] }
	slices.SortStableFunc(ids[:likely], byDate)
	slices.SortStableFunc(ids[likely:], byDate)
	return nil
}

func (w *window) showList(l listed, keep, searching bool) {
	w.found, w.hits = l.found, l.hits
	if keep {
		w.feed.Invalidate()
		if slices.Equal(l.ids, w.grid.Photos()) && l.likely == w.grid.Likely() {
			w.grid.Resight()
		} else {
			w.grid.ReplacePhotos(l.ids, l.likely, l.sel, l.top)
		}
	} else {
		w.grid.SetPhotos(l.ids, l.likely)
	}
	if w.search.last != "" {
		l.found.Notes = slices.DeleteFunc(slices.Clone(l.found.Notes), func(n string) bool {
			return n == w.banner.text.Text() // stands there already
		})
		w.search.ShowResult(l.found)
	} else {
		w.search.Row.Hide()
	}
	w.result.SetText(w.resultText(l, searching))
	w.showEmpty(len(l.ids), searching)
	w.revealWanted()
	w.arrange()
}

// resultText is the line above the grid.
func (w *window) resultText(l listed, searching bool) string {
	switch {
	case w.stack.top != 0:
		return w.stack.title + " · " + tr("Esc goes back")
	case !searching && w.scope.Query != "":
		return w.scope.Title + " · " + trn("{{.N}} photos", len(l.ids), nil) + ", " + tr("likely for {{.Query}}", with{"Query": quoted(w.scope.Query)})
	case !searching && l.all > len(l.ids):
		return w.scope.Title + " · " + trn("{{.N}} photos", l.all, nil) + ", " + tr("{{.N}} shown, stacks as one", with{"N": number(len(l.ids))})
	case !searching:
		return w.scope.Title + " · " + trn("{{.N}} photos", len(l.ids), nil)
	}
	parts := ""
	switch {
	case w.similar != 0:
		parts = tr("Photos that look like the chosen one") + " · "
	case len(l.ids) == 0:
		return tr("Nothing here is found for {{.Query}}.", with{"Query": quoted(w.search.last)})
	case l.found.Matched == 0:
		return tr("Nothing here looks like {{.Query}}. The closest photos are below the line.", with{"Query": quoted(w.search.last)})
	}
	if l.found.Calibrated || l.found.Matched > 0 {
		parts += tr("{{.N}} likely", with{"N": number(l.found.Matched)}) + " · "
	}
	total := w.all
	if w.scope.Kind != app.ScopeAll {
		parts += w.scope.Title + " · "
		total = len(l.ids)
	}
	parts += trn("{{.N}} photos", max(total, len(l.ids)), nil)
	if c := l.found.Coverage; c > 0 && c < 1 {
		parts += ", " + tr("{{.Share}} looked at", with{"Share": percent(c)})
	}
	return parts
}

// refreshSoon reloads lists and side bar a little later, once for many changes.
func (w *window) refreshSoon() {
	if w.stale != nil {
		return
	}
	w.stale = w.loop.After(refreshPause, func() {
		w.stale = nil
		w.refresh()
	})
}

// refresh reloads what is shown.
func (w *window) refresh() {
	w.loadSidebar()
	w.list(true)
	w.showChosen()
	w.loadStatus()
}

func (w *window) loadSidebar() {
	w.loop.Go(func() func() {
		side, err := w.b.Sidebar(w.ctx)
		return func() {
			if err != nil {
				w.fail(tr("The side bar could not be filled"), err)
				return
			}
			w.all, w.roots, w.missing = side.All, len(side.Folders), side.Missing
			w.side.SetSidebar(side)
			w.showEmpty(len(w.grid.Photos()), w.search.last != "" || w.similar != 0)
		}
	})
}

func (w *window) loadStatus() {
	w.loop.Go(func() func() {
		failures, err := w.b.Failures(w.ctx)
		model, problem, progress := w.b.Model(), w.b.ModelProblem(), w.b.Progress()
		readOnly, who := w.b.ReadOnly()
		seenNotice := w.setting(settingNotice) != ""
		return func() {
			if err == nil {
				w.status.SetFailures(len(failures))
			}
			w.status.SetModel(model)
			if !w.heard {
				w.status.SetProgress(progress)
			}
			w.showNotices(model, problem, readOnly, who, seenNotice)
		}
	})
}

// findSimilar lists the photos that look like the focused one.
func (w *window) findSimilar() {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	w.search.Reset()
	w.similar = photos[0]
	w.list(false)
	w.focusGrid()
}
