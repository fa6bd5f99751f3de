package app

import (
	"context"
	"strings"

	"descry/library/searches"
)

// What SettingSearches may be.
const (
	SearchesOn  = "on" // the default: what was searched for is remembered
	SearchesOff = "off"
)

// SearchesKept reports whether what is searched for is remembered.
func (a *App) SearchesKept(ctx context.Context) bool {
	return a.Setting(ctx, SettingSearches) != SearchesOff
}

// KeepSearch remembers a search, unless the person does not want that or nothing can be
// written here.
func (a *App) KeepSearch(ctx context.Context, text string) error {
	if a.needWriting() != nil || !a.SearchesKept(ctx) {
		return nil
	}
	return a.searches.Add(text, a.p.Now())
}

// RecentSearches are what was searched for, the latest first, at most limit (0: all).
func (a *App) RecentSearches(_ context.Context, limit int) ([]searches.Search, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	found, err := a.searches.Recent()
	if err != nil {
		return nil, err
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}

// ForgetSearch erases one search; false: it was not there. It works beside another process
// that writes the library.
func (a *App) ForgetSearch(_ context.Context, text string) (bool, error) {
	if err := a.needLibrary(); err != nil {
		return false, err
	}
	return a.searches.Forget(text)
}

// ClearSearches erases all searches and returns how many there were. It works beside another
// process that writes the library.
func (a *App) ClearSearches(context.Context) (int, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	return a.searches.Clear()
}

// mostRecalled is how many earlier searches are proposed while a query is typed.
const mostRecalled = 3

// recalled are the earlier searches that begin with a text, but are not it.
func (a *App) recalled(ctx context.Context, text string) []string {
	begin := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if begin == "" || !a.SearchesKept(ctx) {
		return nil
	}
	found, err := a.searches.Recent()
	if err != nil {
		a.p.Log.Debug("reading earlier searches", "error", err)
	}
	var out []string
	for _, s := range found {
		if lower := strings.ToLower(s.Text); lower != begin && strings.HasPrefix(lower, begin) && len(out) < mostRecalled {
			out = append(out, s.Text)
		}
	}
	return out
}
