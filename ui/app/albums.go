package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"descry/library"
	"descry/library/query"
	"descry/library/search"
	"descry/library/spool"
	"descry/library/store"
)

// Album is a named collection of photos: picked by hand, or a smart one, which is a saved
// query.
type Album struct {
	ID     int64
	Name   string
	Query  string // of a smart album, as it is written; "" for a plain one
	Photos int    // of a smart album the likely ones; -1 while they have not been counted
}

// Albums lists the albums by name. Photos of smart ones are counted in the background:
// Events.Changed tells when a number is another.
func (a *App) Albums(ctx context.Context) ([]Album, error) {
	albums, err := a.albumsByName(ctx)
	if err == nil {
		a.countAlbums(albums)
	}
	return albums, err
}

// AlbumsCounted is Albums with all photos counted, which takes a search for each smart one.
func (a *App) AlbumsCounted(ctx context.Context) ([]Album, error) {
	albums, err := a.albumsByName(ctx)
	for i := range albums {
		if err == nil && albums[i].Query != "" {
			albums[i].Photos, _, _, err = a.countAlbum(ctx, albums[i])
		}
	}
	return albums, err
}

func (a *App) albumsByName(ctx context.Context) ([]Album, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	stored, err := a.store.Albums(ctx)
	if err != nil {
		return nil, err
	}
	albums := make([]Album, len(stored))
	for i, s := range stored {
		albums[i] = Album(s)
	}
	slices.SortStableFunc(albums, func(x, y Album) int {
		return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
	return albums, nil
}

// Album finds an album by its name, in which large and small letters are the same. Error:
// library.ErrNotFound.
func (a *App) Album(ctx context.Context, name string) (Album, error) {
	if err := a.needLibrary(); err != nil {
		return Album{}, err
	}
	stored, err := a.store.Albums(ctx)
	if err != nil {
		return Album{}, err
	}
	name = albumName(name)
	i := slices.IndexFunc(stored, func(s store.Album) bool { return s.Name == name })
	if i < 0 {
		i = slices.IndexFunc(stored, func(s store.Album) bool { return strings.EqualFold(s.Name, name) })
	}
	if i < 0 {
		return Album{}, fmt.Errorf("the album “%s”: %w", name, library.ErrNotFound)
	}
	return Album(stored[i]), nil
}

// longestName is how many letters the name of an album may have.
const longestName = 120

// albumName is a name as it is kept: on one line, without needless spaces.
func albumName(name string) string { return strings.Join(strings.Fields(name), " ") }

// checkAlbum brings name and query of an album into the form in which they are kept.
func checkAlbum(al *Album) error {
	al.Name = albumName(al.Name)
	switch {
	case al.Name == "":
		return errors.New("an album needs a name")
	case utf8.RuneCountInString(al.Name) > longestName:
		return fmt.Errorf("the name of an album has at most %d letters", longestName)
	case strings.ContainsAny(al.Name, `"“”„`) || strings.ContainsFunc(al.Name, unicode.IsControl):
		return errors.New("the name of an album has no quotation marks: album: could not name it")
	case strings.TrimSpace(al.Query) == "":
		al.Query = ""
		return nil
	}
	q, problems := query.Parse(al.Query)
	if q.IsZero() {
		if len(problems) > 0 {
			return errors.New(strings.TrimSuffix(problems[0].Sentence, "."))
		}
		return errors.New("the search of the album asks for nothing")
	}
	al.Query = q.String()
	return nil
}

// PutAlbum makes an album (ID 0), or changes name and query of one; the query is kept in its
// canonical form. Returns the album's id and the operation (0 when nothing changed).
func (a *App) PutAlbum(ctx context.Context, al Album) (id, operation int64, err error) {
	if err := checkAlbum(&al); err != nil {
		return 0, 0, err
	}
	operation, err = a.say(func() (op int64, err error) {
		// Names that differ in large and small letters alone could not be told apart by album:.
		other, err := a.Album(ctx, al.Name)
		switch {
		case err == nil && other.ID != al.ID:
			return 0, fmt.Errorf("there is an album “%s” already", other.Name)
		case err != nil && !errors.Is(err, library.ErrNotFound):
			return 0, err
		}
		id, op, err = a.store.PutAlbum(ctx, store.Album{ID: al.ID, Name: al.Name, Query: al.Query})
		return op, err
	})
	return id, operation, err
}

// RemoveAlbum removes an album; its photos stay where they are.
func (a *App) RemoveAlbum(ctx context.Context, id int64) (int64, error) {
	return a.say(func() (int64, error) { return a.store.RemoveAlbum(ctx, id) })
}

// SetAlbumPhotos puts photos into a plain album, or takes them out.
func (a *App) SetAlbumPhotos(ctx context.Context, id int64, photos []library.PhotoID, in bool) (int64, error) {
	return a.say(func() (int64, error) { return a.store.SetAlbumPhotos(ctx, id, photos, in) })
}

// AlbumChange is one thing to do with an album, which is known by its name. It can be done
// twice without harm.
type AlbumChange struct {
	Do    string // add, edit, rename, remove, put, take
	Name  string
	Query string   // add ("" for a plain album), edit
	To    string   // rename
	Paths []string // put, take
}

// Request is the change as it is asked of another process.
func (c AlbumChange) Request(paths []spool.Path) spool.Request {
	return spool.Request{Verb: spool.Album, Do: c.Do, Album: c.Name, Query: c.Query, To: c.To, Paths: paths}
}

// ChangeAlbum does something with an album. It returns the operation, 0 when all was so
// already, and paths that are no photo of the library.
func (a *App) ChangeAlbum(ctx context.Context, c AlbumChange) (op int64, unknown []string, err error) {
	if err := a.needWriting(); err != nil {
		return 0, nil, err
	}
	al, err := a.Album(ctx, c.Name)
	missing := errors.Is(err, library.ErrNotFound)
	if err != nil && !missing {
		return 0, nil, err
	}
	if c.Do == "add" {
		want := Album{Name: c.Name, Query: c.Query}
		if err := checkAlbum(&want); err != nil {
			return 0, nil, err
		}
		if !missing && al.Query == want.Query {
			return 0, nil, nil // it is there
		}
		_, op, err = a.PutAlbum(ctx, want)
		return op, nil, err
	}
	if missing && c.Do == "rename" {
		if _, there := a.Album(ctx, c.To); there == nil {
			return 0, nil, nil // it was renamed
		}
	}
	if missing {
		return 0, nil, err
	}
	switch c.Do {
	case "edit":
		if al.Query == "" {
			return 0, nil, fmt.Errorf("“%s” is a plain album: it holds the photos that are put into it", al.Name)
		}
		_, op, err = a.PutAlbum(ctx, Album{ID: al.ID, Name: al.Name, Query: c.Query})
	case "rename":
		_, op, err = a.PutAlbum(ctx, Album{ID: al.ID, Name: c.To, Query: al.Query})
	case "remove":
		op, err = a.RemoveAlbum(ctx, al.ID)
	case "put", "take":
		if al.Query != "" {
			return 0, nil, fmt.Errorf("“%s” is a smart album: its search says which photos it holds", al.Name)
		}
		var photos []PhotoAt
		if photos, unknown, err = a.Resolve(ctx, c.Paths); err != nil {
			return 0, unknown, err
		}
		if len(photos) == 0 {
			return 0, unknown, fmt.Errorf("%s: %w", c.Paths[0], ErrNotInLibrary)
		}
		ids := make([]library.PhotoID, len(photos))
		for i, p := range photos {
			ids[i] = p.Photo
		}
		op, err = a.SetAlbumPhotos(ctx, al.ID, ids, c.Do == "put")
	default:
		return 0, nil, fmt.Errorf("nothing is known that is called %q and done with albums", c.Do)
	}
	return op, unknown, err
}

// smartAlbum returns the photos of a smart album, the newest first; false: it is a plain one.
func (a *App) smartAlbum(ctx context.Context, id int64) ([]library.PhotoID, bool, error) {
	stored, err := a.store.Albums(ctx)
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(stored, func(s store.Album) bool { return s.ID == id })
	if i < 0 || stored[i].Query == "" {
		return nil, false, nil
	}
	s, err := a.searching(ctx)
	if err != nil {
		return nil, true, err
	}
	res, err := s.Search(ctx, search.Request{Text: stored[i].Query, Now: a.p.Now()})
	if err != nil {
		return nil, true, fmt.Errorf("searching for the photos of the album “%s”: %w", stored[i].Name, err)
	}
	var photos library.PhotoSet
	for _, h := range res.Hits {
		photos.Add(h.Photo)
	}
	ids, err := a.store.Newest(ctx, photos, 0, 0)
	return ids, true, err
}
