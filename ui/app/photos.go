package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"descry/library"
	"descry/library/store"
)

// likely is the calibrated confidence from which a suggestion or a hit counts as likely.
const likely = 0.5

// filter turns a scope into what the store lists.
func (a *App) filter(ctx context.Context, s Scope) (store.ListFilter, error) {
	f := store.ListFilter{Root: s.Root, Dir: s.Dir, Album: s.Album, From: s.From, To: s.To, Stacked: s.Stacked}
	switch s.Kind {
	case ScopeFavourites:
		f.Favourite = true
	case ScopeUntagged:
		f.Untagged = true
	case ScopeAltToReview:
		f.AltToReview = true
	case ScopeMissing:
		f.Missing = true
	case ScopeTag:
		space, err := a.knownSpace(ctx)
		if err != nil {
			return f, err
		}
		f.Label, f.Space, f.MinConfidence = s.Label, space.ID, likely
	}
	return f, nil
}

// Browse lists the photos of a scope, newest first.
func (a *App) Browse(ctx context.Context, s Scope) ([]library.PhotoID, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	if s.Kind == ScopeAlbum {
		if ids, smart, err := a.smartAlbum(ctx, s.Album); smart || err != nil {
			return ids, err
		}
	}
	f, err := a.filter(ctx, s)
	if err != nil {
		return nil, err
	}
	return a.store.Photos(ctx, f)
}

// Count tells how many photos Browse lists.
func (a *App) Count(ctx context.Context, s Scope) (int, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	if s.Kind == ScopeAlbum {
		if ids, smart, err := a.smartAlbum(ctx, s.Album); smart || err != nil {
			return len(ids), err
		}
	}
	f, err := a.filter(ctx, s)
	if err != nil {
		return 0, err
	}
	return a.store.Count(ctx, f)
}

// Cards returns what the grid shows of photos, in their order. A photo that is gone leaves
// a Card with nothing but its id.
func (a *App) Cards(ctx context.Context, ids []library.PhotoID) ([]Card, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	stored, err := a.store.Cards(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[library.PhotoID]store.Card, len(stored))
	for _, c := range stored {
		byID[c.Photo] = c
	}
	cards := make([]Card, len(ids))
	for i, id := range ids {
		cards[i] = cardOf(byID[id])
		cards[i].Photo = id
	}
	return cards, nil
}

func cardOf(c store.Card) Card {
	return Card{
		Photo: c.Photo, Name: c.Name, Path: c.Path, Taken: c.Taken, HasZone: c.HasZone, Picture: c.Picture, Colour: c.Colour,
		Favourite: c.Favourite, Rating: c.Rating, State: c.State, Tagged: c.Tagged, Format: c.Format, Motion: c.Motion, Duration: c.Duration, Stacked: c.Stacked, Alt: c.Alt,
	}
}

// Detail returns everything known of one photo.
func (a *App) Detail(ctx context.Context, id library.PhotoID) (Detail, error) {
	if err := a.needLibrary(); err != nil {
		return Detail{}, err
	}
	stored, err := a.store.Detail(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Card: cardOf(stored.Card), Metadata: stored.Metadata}
	if stored.Measures != nil {
		d.Measures = *stored.Measures
	}
	for _, f := range stored.Files {
		d.Files = append(d.Files, FileInfo{f.Path, f.Stat.Size, time.Unix(0, f.Stat.ModTime), f.State})
		if f.Failure != nil && d.Failure == nil {
			d.Failure = f.Failure
		}
	}
	tags, err := a.Tags(ctx, []library.PhotoID{id})
	if err != nil {
		return Detail{}, err
	}
	d.Tags = tags[id]
	words, err := a.altWords(ctx)
	if err != nil {
		return Detail{}, err
	}
	d.AltText = words.alt(stored, d.Tags)
	if d.Text, _, err = a.store.TextIn(ctx, id); err != nil {
		return Detail{}, err
	}
	if d.Stack, d.StackOf, err = a.Stack(ctx, id); err != nil {
		return Detail{}, err
	}
	return d, nil
}

// Resolve finds the photos at paths: files, or folders with all that is below. No paths
// means all photos. Paths that lead to no photo come back as unknown.
func (a *App) Resolve(ctx context.Context, paths []string) (photos []PhotoAt, unknown []string, err error) {
	if err := a.needLibrary(); err != nil {
		return nil, nil, err
	}
	if len(paths) == 0 {
		photos, err = a.photosIn(ctx, store.ListFilter{})
		return photos, nil, err
	}
	roots, err := a.store.Roots(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, nil, fmt.Errorf("finding %s: %w", path, err)
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		if info, err := os.Stat(abs); err == nil && info.IsDir() {
			in, err := a.photosBelow(ctx, roots, abs)
			if err != nil {
				return nil, nil, err
			}
			if len(in) == 0 {
				unknown = append(unknown, path)
			}
			photos = append(photos, in...)
			continue
		}
		id, err := a.store.PhotoByPath(ctx, abs)
		switch {
		case errors.Is(err, library.ErrNotFound):
			unknown = append(unknown, path)
		case err != nil:
			return nil, nil, err
		default:
			photos = append(photos, PhotoAt{id, path})
		}
	}
	return photos, unknown, nil
}

// photosBelow lists the photos in a folder, which may be a root, lie in one, or hold some.
func (a *App) photosBelow(ctx context.Context, roots []library.Root, dir string) ([]PhotoAt, error) {
	var photos []PhotoAt
	for _, r := range roots {
		f := store.ListFilter{Root: r.ID}
		if inside, ok := strings.CutPrefix(dir, r.Path+string(filepath.Separator)); ok {
			f.Dir = filepath.ToSlash(inside)
		} else if r.Path != dir && !strings.HasPrefix(r.Path, dir+string(filepath.Separator)) {
			continue
		}
		in, err := a.photosIn(ctx, f)
		if err != nil {
			return nil, err
		}
		photos = append(photos, in...)
	}
	return photos, nil
}

func (a *App) photosIn(ctx context.Context, f store.ListFilter) ([]PhotoAt, error) {
	ids, err := a.store.Photos(ctx, f)
	if err != nil {
		return nil, err
	}
	photos := make([]PhotoAt, 0, len(ids))
	for batch := range slices.Chunk(ids, 500) {
		cards, err := a.store.Cards(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, c := range cards {
			photos = append(photos, PhotoAt{c.Photo, c.Path})
		}
	}
	return photos, nil
}

// Sidebar counts what the side bar offers.
func (a *App) Sidebar(ctx context.Context) (Sidebar, error) {
	if err := a.needLibrary(); err != nil {
		return Sidebar{}, err
	}
	var s Sidebar
	for _, c := range []struct {
		n *int
		f store.ListFilter
	}{
		{&s.All, store.ListFilter{}},
		{&s.Favourites, store.ListFilter{Favourite: true}},
		{&s.Untagged, store.ListFilter{Untagged: true}},
		{&s.AltToReview, store.ListFilter{AltToReview: true}},
		{&s.Missing, store.ListFilter{Missing: true}},
	} {
		n, err := a.store.Count(ctx, c.f)
		if err != nil {
			return s, err
		}
		*c.n = n
	}
	var err error
	if s.Folders, err = a.folders(ctx, s.All); err != nil {
		return s, err
	}
	if s.Tags, err = a.tagCounts(ctx); err != nil {
		return s, err
	}
	if s.Dates, err = a.years(ctx); err != nil {
		return s, err
	}
	s.Albums, err = a.Albums(ctx)
	return s, err
}

func (a *App) tagCounts(ctx context.Context) ([]TagCount, error) {
	space, err := a.knownSpace(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := a.store.TagCounts(ctx, space.ID, likely)
	if err != nil {
		return nil, err
	}
	counts := make([]TagCount, len(stored))
	for i, c := range stored {
		counts[i] = TagCount(c)
	}
	return counts, nil
}

func (a *App) years(ctx context.Context) ([]Count, error) {
	months, err := a.store.DateCounts(ctx)
	if err != nil {
		return nil, err
	}
	byYear := make(map[int]int)
	for _, m := range months {
		byYear[m.Year] += m.Photos
	}
	var years []Count
	for y, n := range byYear {
		from := time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
		title := strconv.Itoa(y)
		years = append(years, Count{title, Scope{Kind: ScopeDates, From: from, To: from.AddDate(1, 0, 0), Title: title}, n})
	}
	slices.SortFunc(years, func(x, y Count) int { return y.Scope.From.Compare(x.Scope.From) })
	return years, nil
}

// folders is the tree of folders below each root.
// folders is the tree of folders; all is how many photos the library has.
func (a *App) folders(ctx context.Context, all int) ([]Folder, error) {
	roots, err := a.store.Roots(ctx)
	if err != nil {
		return nil, err
	}
	flat, err := a.store.Folders(ctx)
	if err != nil {
		return nil, err
	}
	below := make(map[library.RootID]map[string][]store.Folder) // by parent folder
	for _, f := range flat {
		if f.Dir == "" {
			continue
		}
		if below[f.Root] == nil {
			below[f.Root] = make(map[string][]store.Folder)
		}
		parent, _ := splitDir(f.Dir)
		below[f.Root][parent] = append(below[f.Root][parent], f)
	}
	tree := make([]Folder, 0, len(roots))
	for _, r := range roots {
		// The totals of the store count a photo once for each folder that it is in.
		total := all
		if len(roots) > 1 {
			if total, err = a.store.Count(ctx, store.ListFilter{Root: r.ID}); err != nil {
				return nil, err
			}
		}
		title := filepath.Base(r.Path)
		tree = append(tree, Folder{
			Count:    Count{title, Scope{Kind: ScopeRoot, Root: r.ID, Title: title}, total},
			State:    r.State,
			Children: children(r, "", below[r.ID]),
		})
	}
	return tree, nil
}

func children(r library.Root, dir string, below map[string][]store.Folder) []Folder {
	var out []Folder
	for _, f := range below[dir] {
		_, name := splitDir(f.Dir)
		out = append(out, Folder{
			Count:    Count{name, Scope{Kind: ScopeFolder, Root: r.ID, Dir: f.Dir, Title: name}, f.Total},
			State:    r.State,
			Children: children(r, f.Dir, below),
		})
	}
	return out
}

func splitDir(dir string) (parent, name string) {
	if i := strings.LastIndexByte(dir, '/'); i >= 0 {
		return dir[:i], dir[i+1:]
	}
	return "", dir
}
