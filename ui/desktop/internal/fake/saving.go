package fake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"descry/library"
	"descry/library/searches"
	"descry/ui/app"
)

// saved are albums and searches.
type saved struct {
	albums   []app.Album
	members  map[int64][]library.PhotoID
	next     int64
	searches []string // the latest first
}

// SetAlbums gives the library albums.
func (b *Backend) SetAlbums(albums ...app.Album) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range albums {
		b.saved.next = max(b.saved.next, a.ID)
	}
	b.saved.albums = albums
}

// Members are the photos of a plain album.
func (b *Backend) Members(id int64) []library.PhotoID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.saved.members[id])
}

// Albums returns the albums.
func (b *Backend) Albums(ctx context.Context) ([]app.Album, error) {
	b.count(ctx, "Albums")
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.listAlbums(), nil
}

func (b *Backend) listAlbums() []app.Album {
	out := slices.Clone(b.saved.albums)
	for i, a := range out {
		if a.Query == "" {
			out[i].Photos = len(b.saved.members[a.ID])
		}
	}
	return out
}

// PutAlbum makes or changes an album; a name is given once.
func (b *Backend) PutAlbum(ctx context.Context, a app.Album) (int64, int64, error) {
	b.count(ctx, "PutAlbum")
	b.mu.Lock()
	defer b.mu.Unlock()
	if strings.TrimSpace(a.Name) == "" {
		return 0, 0, errors.New("an album needs a name")
	}
	if slices.ContainsFunc(b.saved.albums, func(o app.Album) bool { return o.Name == a.Name && o.ID != a.ID }) {
		return 0, 0, errors.New("there is an album “" + a.Name + "” already")
	}
	before := slices.Clone(b.saved.albums)
	if a.ID == 0 {
		b.saved.next++
		a.ID = b.saved.next
	}
	after := append(slices.DeleteFunc(slices.Clone(before), func(o app.Album) bool { return o.ID == a.ID }), a)
	if a.Query != "" {
		after[len(after)-1].Photos = 7
	}
	op := b.record("Put album "+a.Name, 0, func() { b.saved.albums = after }, func() { b.saved.albums = before })
	return a.ID, op, nil
}

// RemoveAlbum removes an album.
func (b *Backend) RemoveAlbum(ctx context.Context, id int64) (int64, error) {
	b.count(ctx, "RemoveAlbum")
	b.mu.Lock()
	defer b.mu.Unlock()
	before := slices.Clone(b.saved.albums)
	after := slices.DeleteFunc(slices.Clone(before), func(o app.Album) bool { return o.ID == id })
	return b.record("Remove album", 0, func() { b.saved.albums = after }, func() { b.saved.albums = before }), nil
}

// SetAlbumPhotos puts photos into an album or takes them out.
func (b *Backend) SetAlbumPhotos(ctx context.Context, id int64, photos []library.PhotoID, in bool) (int64, error) {
	b.count(ctx, "SetAlbumPhotos")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.saved.members == nil {
		b.saved.members = map[int64][]library.PhotoID{}
	}
	before := slices.Clone(b.saved.members[id])
	after := slices.DeleteFunc(slices.Clone(before), func(p library.PhotoID) bool { return slices.Contains(photos, p) })
	if in {
		after = append(after, photos...)
	}
	if slices.Equal(before, after) {
		return 0, nil
	}
	return b.record("SetAlbumPhotos", len(photos), func() { b.saved.members[id] = after }, func() { b.saved.members[id] = before }), nil
}

// KeepSearch remembers a search, unless the setting says no.
func (b *Backend) KeepSearch(ctx context.Context, text string) error {
	b.count(ctx, "KeepSearch")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.settings[app.SettingSearches] != app.SearchesOff {
		b.saved.searches = append([]string{text}, slices.DeleteFunc(b.saved.searches, func(s string) bool { return s == text })...)
	}
	return nil
}

// RecentSearches returns them.
func (b *Backend) RecentSearches(_ context.Context, limit int) ([]searches.Search, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []searches.Search
	for i, s := range b.saved.searches {
		if limit == 0 || i < limit {
			out = append(out, searches.Search{Text: s, At: time.Unix(int64(1e9-i), 0)})
		}
	}
	return out, nil
}

// ForgetSearch erases one.
func (b *Backend) ForgetSearch(_ context.Context, text string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.saved.searches)
	b.saved.searches = slices.DeleteFunc(b.saved.searches, func(s string) bool { return s == text })
	return len(b.saved.searches) < n, nil
}

// ClearSearches erases all.
func (b *Backend) ClearSearches(context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.saved.searches)
	b.saved.searches = nil
	return n, nil
}
