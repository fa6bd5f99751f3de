package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"descry/library"
)

// exportVersion is the version of the format of exported user data, docs/export.md.
const exportVersion = 1

// The kinds of lines of an export.
const (
	lineHead     = "descry-user-data"
	lineSetting  = "setting"
	lineSet      = "set"
	lineAlbum    = "album"
	linePhoto    = "photo"
	lineDistinct = "distinct"
	lineEnd      = "end"
)

// exportLine is one line of an export: the fields of its kind are set.
type exportLine struct {
	Kind string `json:"kind"`

	Version int    `json:"version,omitempty"` // head
	Library string `json:"library,omitempty"` // head: id of the library
	Made    string `json:"made,omitempty"`    // head: RFC 3339

	Key   string `json:"key,omitempty"`   // setting
	Value string `json:"value,omitempty"` // setting

	Name     string          `json:"name,omitempty"` // set, album
	Title    string          `json:"title,omitempty"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Builtin  bool            `json:"builtin,omitempty"`
	Removed  bool            `json:"removed,omitempty"`
	Labels   []exportLabel   `json:"labels,omitempty"`
	Query    string          `json:"query,omitempty"` // smart album

	Content     string        `json:"content,omitempty"` // photo: scheme:hex
	Orientation int           `json:"orientation,omitempty"`
	Paths       []string      `json:"paths,omitempty"`
	PathBytes   [][]byte      `json:"paths_bytes,omitempty"` // those that are not UTF-8
	Tags        []exportTag   `json:"tags,omitempty"`
	Alt         []exportAlt   `json:"alt,omitempty"`
	Rating      *int          `json:"rating,omitempty"`
	Favourite   bool          `json:"favourite,omitempty"`
	Albums      []exportAlbum `json:"albums,omitempty"`

	A string `json:"a,omitempty"` // distinct: two contents
	B string `json:"b,omitempty"`

	Lines int `json:"lines,omitempty"` // end: lines before it
}

type exportLabel struct {
	Name       string          `json:"name"`
	Definition json.RawMessage `json:"definition,omitempty"`
	Removed    bool            `json:"removed,omitempty"`
}

type exportTag struct {
	Set   string           `json:"set"`
	Label string           `json:"label"`
	State library.TagState `json:"state"`
	At    time.Time        `json:"at"`
}

type exportAlt struct {
	Lang     string           `json:"lang"`
	Text     string           `json:"text"`
	Extended string           `json:"extended,omitempty"`
	State    library.AltState `json:"state"`
	At       time.Time        `json:"at"`
}

type exportAlbum struct {
	Name     string `json:"name"`
	Position int    `json:"position"`
}

// Export writes what a person said as lines of JSON (docs/export.md): settings, label sets,
// albums, and per photo its content id, its last known paths and all that was said of it. It
// sees one state of the library, whatever is written meanwhile. It returns the number of
// photos.
func (s *Store) Export(ctx context.Context, w io.Writer) (photos int, err error) {
	c, end, err := s.pin()
	if err != nil {
		return 0, fmt.Errorf("export what you said: %w", err)
	}
	defer end()
	b := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	x := exporter{ctx: ctx, q: c, enc: enc}
	x.put(exportLine{Kind: lineHead, Version: exportVersion, Library: s.id, Made: s.now().UTC().Format(time.RFC3339)})
	x.all()
	if x.err == nil {
		x.put(exportLine{Kind: lineEnd, Lines: x.lines})
	}
	if err := errors.Join(x.err, b.Flush()); err != nil {
		return 0, fmt.Errorf("export what you said: %w", mapError(err))
	}
	return x.photos, nil
}

type exporter struct {
	ctx           context.Context
	q             *sql.Conn
	enc           *json.Encoder
	lines, photos int
	err           error
}

func (x *exporter) put(l exportLine) {
	if x.err == nil {
		x.err = x.enc.Encode(l)
		x.lines++
	}
}

// each runs a query unless something failed before.
func (x *exporter) each(query string, args []any, fn func(*sql.Rows) error) {
	if x.err == nil {
		x.err = eachRow(x.ctx, x.q, query, args, fn)
	}
}

func (x *exporter) all() {
	x.each("SELECT key, value FROM setting WHERE key NOT LIKE 'state.%' ORDER BY key", nil, func(rows *sql.Rows) error {
		l := exportLine{Kind: lineSetting}
		err := rows.Scan(&l.Key, &l.Value)
		x.put(l)
		return err
	})
	type set struct {
		id   int64
		line exportLine
	}
	var sets []set
	x.each("SELECT id, name, title, settings, builtin, removed FROM label_set ORDER BY position, name", nil, func(rows *sql.Rows) error {
		s := set{line: exportLine{Kind: lineSet}}
		var settings string
		err := rows.Scan(&s.id, &s.line.Name, &s.line.Title, &settings, &s.line.Builtin, &s.line.Removed)
		s.line.Settings = json.RawMessage(settings)
		sets = append(sets, s)
		return err
	})
	for _, s := range sets {
		x.each("SELECT name, definition, removed FROM label WHERE set_id = ? ORDER BY removed, position, name", []any{s.id}, func(rows *sql.Rows) error {
			var l exportLabel
			var definition string
			err := rows.Scan(&l.Name, &definition, &l.Removed)
			l.Definition = json.RawMessage(definition)
			s.line.Labels = append(s.line.Labels, l)
			return err
		})
		x.put(s.line)
	}
	x.each("SELECT name, coalesce(query, '') FROM album WHERE removed = 0 ORDER BY name", nil, func(rows *sql.Rows) error {
		l := exportLine{Kind: lineAlbum}
		err := rows.Scan(&l.Name, &l.Query)
		x.put(l)
		return err
	})
	x.allPhotos()
	x.each(`SELECT c.scheme, c.digest, e.scheme, e.digest FROM distinct_pair d
		JOIN photo p ON p.id = d.a JOIN content c ON c.id = p.content_id
		JOIN photo q ON q.id = d.b JOIN content e ON e.id = q.content_id ORDER BY 1, 2, 3, 4`, nil, func(rows *sql.Rows) error {
		var sa, sb string
		var da, db []byte
		err := rows.Scan(&sa, &da, &sb, &db)
		x.put(exportLine{Kind: lineDistinct, A: contentText(sa, da), B: contentText(sb, db)})
		return err
	})
}

func (x *exporter) allPhotos() {
	type photo struct {
		id   int64
		line exportLine
	}
	// A page of photos at a time: their rows are read while the list of them is not.
	for last, more := int64(0), true; more && x.err == nil; {
		var page []photo
		x.each(`SELECT p.id, c.scheme, c.digest, p.orientation FROM photo p JOIN content c ON c.id = p.content_id
			WHERE p.id > ? AND (EXISTS (SELECT 1 FROM tag t WHERE t.photo_id = p.id) OR EXISTS (SELECT 1 FROM alt_text t WHERE t.photo_id = p.id)
				OR EXISTS (SELECT 1 FROM mark t WHERE t.photo_id = p.id)
				OR EXISTS (SELECT 1 FROM album_photo t JOIN album a ON a.id = t.album_id WHERE t.photo_id = p.id AND a.removed = 0))
			ORDER BY p.id LIMIT 500`, []any{last}, func(rows *sql.Rows) error {
			p := photo{line: exportLine{Kind: linePhoto}}
			var scheme string
			var digest []byte
			err := rows.Scan(&p.id, &scheme, &digest, &p.line.Orientation)
			p.line.Content = contentText(scheme, digest)
			page, last = append(page, p), p.id
			return err
		})
		more = len(page) == 500
		for i := range page {
			x.photo(page[i].id, &page[i].line)
			x.put(page[i].line)
			x.photos++
		}
	}
}

func (x *exporter) photo(id int64, l *exportLine) {
	x.each("SELECT r.path, f.dir, f.name FROM file f JOIN root r ON r.id = f.root_id WHERE f.photo_id = ? ORDER BY 1, 2, 3", []any{id},
		func(rows *sql.Rows) error {
			var root, dir, name []byte
			err := rows.Scan(&root, &dir, &name)
			if p := path.Join(string(root), string(dir), string(name)); utf8.ValidString(p) {
				l.Paths = append(l.Paths, p)
			} else {
				l.PathBytes = append(l.PathBytes, []byte(p))
			}
			return err
		})
	x.each(`SELECT s.name, l.name, t.state, t.at_ms FROM tag t JOIN label l ON l.id = t.label_id JOIN label_set s ON s.id = l.set_id
		WHERE t.photo_id = ? ORDER BY 1, 2`, []any{id}, func(rows *sql.Rows) error {
		var t exportTag
		var at int64
		err := rows.Scan(&t.Set, &t.Label, &t.State, &at)
		t.At = time.UnixMilli(at).UTC()
		l.Tags = append(l.Tags, t)
		return err
	})
	x.each("SELECT lang, text, extended, state, at_ms FROM alt_text WHERE photo_id = ? ORDER BY lang", []any{id}, func(rows *sql.Rows) error {
		var a exportAlt
		var at int64
		err := rows.Scan(&a.Lang, &a.Text, &a.Extended, &a.State, &at)
		a.At = time.UnixMilli(at).UTC()
		l.Alt = append(l.Alt, a)
		return err
	})
	x.each("SELECT rating, favourite FROM mark WHERE photo_id = ?", []any{id}, func(rows *sql.Rows) error {
		var rating sql.NullInt64
		err := rows.Scan(&rating, &l.Favourite)
		if rating.Valid {
			stars := int(rating.Int64)
			l.Rating = &stars
		}
		return err
	})
	x.each(`SELECT a.name, t.position FROM album_photo t JOIN album a ON a.id = t.album_id
		WHERE t.photo_id = ? AND a.removed = 0 ORDER BY 1`, []any{id}, func(rows *sql.Rows) error {
		var a exportAlbum
		err := rows.Scan(&a.Name, &a.Position)
		l.Albums = append(l.Albums, a)
		return err
	})
}

func contentText(scheme string, digest []byte) string {
	return scheme + ":" + hex.EncodeToString(digest)
}

// parseContent reads a content id as library.Content prints it.
func parseContent(s string) (library.Content, error) {
	var c library.Content
	scheme, digits, ok := strings.Cut(s, ":")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || scheme == "" || len(b) != len(c.Digest) {
		return c, fmt.Errorf("%q is no content id", s)
	}
	c.Scheme = scheme
	copy(c.Digest[:], b)
	return c, nil
}
