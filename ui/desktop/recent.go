package desktop

import (
	"strconv"
	"strings"
	"time"

	"descry/library"
	"descry/ui/app"
)

const (
	// recentShown is how many searches the list below the empty box shows.
	recentShown = 10
	// keepAfter is how long a search stands until it is one that was meant.
	keepAfter = 4 * time.Second
)

// keepSearch has a search remembered. One that was kept because it stood for a while, and that
// the person went on typing at, makes room for it.
func (w *window) keepSearch(text string, stood bool) {
	if text == "" || text == w.kept {
		return
	}
	before := w.keptStanding
	w.kept, w.keptStanding = text, ""
	if stood {
		w.keptStanding = text
	}
	w.loop.Go(func() func() {
		if err := w.b.KeepSearch(w.ctx, text); err != nil {
			w.log.Warn("a search was not remembered", "error", err)
			return nil
		}
		if before != "" && before != text && strings.HasPrefix(text, before) {
			if _, err := w.b.ForgetSearch(w.ctx, before); err != nil {
				w.log.Warn("the beginning of a search was not forgotten", "error", err)
			}
		}
		return nil
	})
}

// keepLater has the search remembered that was shown just now, if it stands for a while.
func (w *window) keepLater() {
	if w.keeping != nil {
		w.keeping()
	}
	text := w.search.last
	w.keeping = w.loop.After(keepAfter, func() {
		w.keeping = nil
		if text != "" && text == w.search.last && len(w.found.Problems) == 0 {
			w.keepSearch(text, true)
		}
	})
}

// showRecent lists what was searched for lately.
func (w *window) showRecent() {
	w.viewer.Close()
	if w.search.Box.Text != "" {
		w.search.SetText("")
		w.search.now()
	}
	w.search.hideProposals()
	w.focus(w.search.Box)
	w.search.OnRecent(func(found []string) {
		if len(found) == 0 {
			w.toast.Show(tr("There are no recent searches."), "", nil)
			return
		}
		w.search.may.ShowRecent(found)
	})
}

// clearSearches erases all searches. That cannot be undone, so it says what was done.
func (w *window) clearSearches() {
	w.kept, w.keptStanding = "", ""
	w.loop.Go(func() func() {
		n, err := w.b.ClearSearches(w.ctx)
		return func() {
			switch {
			case err != nil:
				w.fail(tr("The searches could not be erased"), err)
			case n == 0:
				w.toast.Show(tr("There are no recent searches."), "", nil)
			default:
				w.toast.Show(trn("Erased {{.N}} searches for good.", n, nil), "", nil)
			}
		}
	})
}

// toggleSearches begins or ends remembering searches.
func (w *window) toggleSearches() {
	on := w.setting(app.SettingSearches) == app.SearchesOff
	w.rememberSearches(on)
	if on {
		w.toast.Show(tr("Searches are remembered from now on."), "", nil)
	} else {
		w.toast.Show(tr("Searches are not remembered any more."), tr("Erase all"), w.clearSearches)
	}
}

func (w *window) rememberSearches(on bool) {
	value := app.SearchesOn
	if !on {
		value = app.SearchesOff
	}
	w.kept, w.keptStanding = "", ""
	w.remember(app.SettingSearches, value)
}

func idText(id library.PhotoID) string { return strconv.FormatInt(int64(id), 10) }
