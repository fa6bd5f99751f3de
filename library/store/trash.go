package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"descry/library"
)

// trashedTable is the journaled table of files in the system's trash. Its rows say what the
// person wants; trash_work says what of it is still to be done on disk.
var trashedTable = table{"trashed", []string{"path"}, []string{"at_ms", "kept", "path"}}

// TrashMove is a file that goes to the system's trash, or comes back.
type TrashMove struct {
	Path string // absolute: its place outside
	Kept string // absolute: its place in the trash
	Back bool   // from the trash to its place
}

// escapePath writes a path as the journal can hold it: journal rows are JSON, and paths are
// bytes. As in file URIs, which the trash itself uses.
func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

func unescapePath(s string) (string, error) {
	p, err := url.PathUnescape(s)
	if err != nil {
		return "", fmt.Errorf("the path %q of a file in the trash: %w", s, library.ErrDamaged)
	}
	return p, nil
}

// Heir takes over what a person said of photos whose files go to the trash.
type Heir struct {
	From, To library.PhotoID
}

// Trash gives what the person said of photos to the photos that stay for them (heirs; nil:
// nothing is given on), and records that files go to the system's trash. One operation, which
// is returned, with an error too where a part of it was done. The moves are left in TrashWork
// until TrashDone says that each was made; undoing the operation leaves the moves back there.
func (s *Store) Trash(ctx context.Context, moves []TrashMove, heirs []Heir) (operation int64, err error) {
	at := s.now().UnixMilli()
	what := func(int) string { return fmt.Sprintf("Move %s to the trash", count(len(moves), "file")) }
	operation, _, err = s.bulk(ctx, len(heirs)+len(moves), what, func(o *op, i int) error {
		if i < len(heirs) {
			return o.inherit(heirs[i], at)
		}
		m := moves[i-len(heirs)]
		path, kept := escapePath(m.Path), escapePath(m.Kept)
		_, err := o.change(trashedTable, key{path}, func() error {
			return o.exec(`INSERT INTO trashed (path, kept, at_ms) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET kept = excluded.kept, at_ms = excluded.at_ms`, path, kept, at)
		})
		return err
	})
	if err != nil {
		return operation, fmt.Errorf("record what goes to the trash: %w", err)
	}
	return operation, nil
}

// inherit gives what a person said of one photo to another as well; what was said of that one
// already stands.
func (o *op) inherit(h Heir, at int64) error {
	for _, id := range []library.PhotoID{h.From, h.To} {
		if err := o.havePhoto(id); err != nil {
			return err
		}
	}
	if h.From == h.To {
		return nil
	}
	var labels, albums []int64
	var langs []string
	ids := func(out *[]int64) func(*sql.Rows) error {
		return func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			*out = append(*out, id)
			return err
		}
	}
	if err := o.each("SELECT label_id FROM tag WHERE photo_id = ? ORDER BY 1", []any{h.From}, ids(&labels)); err != nil {
		return err
	}
	if err := o.each("SELECT album_id FROM album_photo WHERE photo_id = ? ORDER BY 1", []any{h.From}, ids(&albums)); err != nil {
		return err
	}
	if err := o.each("SELECT lang FROM alt_text WHERE photo_id = ? ORDER BY 1", []any{h.From}, func(rows *sql.Rows) error {
		var lang string
		err := rows.Scan(&lang)
		langs = append(langs, lang)
		return err
	}); err != nil {
		return err
	}
	for _, label := range labels {
		if _, err := o.change(tagTable, key{label, int64(h.To)}, func() error {
			return o.exec(`INSERT INTO tag (photo_id, label_id, state, at_ms) SELECT ?, label_id, state, ? FROM tag
				WHERE photo_id = ? AND label_id = ? ON CONFLICT DO NOTHING`, h.To, at, h.From, label)
		}); err != nil {
			return err
		}
	}
	for _, album := range albums {
		if _, err := o.change(albumPhotoTable, key{album, int64(h.To)}, func() error {
			return o.exec(`INSERT INTO album_photo (album_id, photo_id, position) SELECT album_id, ?, position FROM album_photo
				WHERE photo_id = ? AND album_id = ? ON CONFLICT DO NOTHING`, h.To, h.From, album)
		}); err != nil {
			return err
		}
	}
	for _, lang := range langs {
		if _, err := o.change(altTable, key{lang, int64(h.To)}, func() error {
			return o.exec(`INSERT INTO alt_text (photo_id, lang, text, extended, state, at_ms) SELECT ?, lang, text, extended, state, ?
				FROM alt_text WHERE photo_id = ? AND lang = ? ON CONFLICT DO NOTHING`, h.To, at, h.From, lang)
		}); err != nil {
			return err
		}
	}
	_, err := o.change(markTable, key{int64(h.To)}, func() error {
		return o.exec(`INSERT INTO mark (photo_id, rating, favourite) SELECT ?, rating, favourite FROM mark WHERE photo_id = ?
			ON CONFLICT DO UPDATE SET rating = max(coalesce(rating, excluded.rating), coalesce(excluded.rating, rating)),
				favourite = max(favourite, excluded.favourite)`, h.To, h.From)
	})
	return err
}

// followTrash notes what is to be done on disk after a row of trashed changed: by the
// operation, by its undo, or by a redo.
func (t *tx) followTrash(before, after sql.NullString) error {
	row, back := after, 0
	if !after.Valid {
		row, back = before, 1
	}
	var m struct{ Path, Kept string }
	if err := json.Unmarshal([]byte(row.String), &m); err != nil {
		return fmt.Errorf("read the journal's row of the trash: %w", err)
	}
	return t.exec(`INSERT INTO trash_work (path, kept, back) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET kept = excluded.kept, back = excluded.back`, m.Path, m.Kept, back)
}

// forgetTrash removes what is known of a photo's files in the trash, the journal's part of it
// included. The files stay there.
func (t *tx) forgetTrash(photo library.PhotoID) error {
	var paths []string
	if err := t.each("SELECT r.path, f.dir, f.name FROM file f JOIN root r ON r.id = f.root_id WHERE f.photo_id = ?", []any{photo},
		func(rows *sql.Rows) error {
			var root, dir, name []byte
			err := rows.Scan(&root, &dir, &name)
			paths = append(paths, escapePath(joinPath(string(root), string(dir), string(name))))
			return err
		}); err != nil {
		return err
	}
	for _, path := range paths {
		row, err := trashedTable.keyJSON(key{path})
		if err != nil {
			return err
		}
		for _, query := range []string{"DELETE FROM trashed WHERE path = ?", "DELETE FROM trash_work WHERE path = ?"} {
			if err := t.exec(query, path); err != nil {
				return err
			}
		}
		if err := t.forgetChanges("tbl = 'trashed' AND key = ?", row); err != nil {
			return err
		}
	}
	return nil
}

// TrashWork lists the moves that are to be made, by path. After a killed process some of them
// may have been made already.
func (s *Store) TrashWork(ctx context.Context) ([]TrashMove, error) {
	out, err := trashMoves(ctx, s.ro, "SELECT path, kept, back FROM trash_work ORDER BY path")
	if err != nil {
		return nil, fmt.Errorf("list what is on its way to the trash or back: %w", err)
	}
	return out, nil
}

// TrashDone records that a move was made, or that it cannot be made: it is not tried again.
func (s *Store) TrashDone(ctx context.Context, m TrashMove) error {
	err := s.write(ctx, false, func(t *tx) error {
		return t.exec("DELETE FROM trash_work WHERE path = ? AND back = ?", escapePath(m.Path), m.Back)
	})
	if err != nil {
		return fmt.Errorf("record a move to or from the trash: %w", err)
	}
	return nil
}

// Trashed lists the files that the person moved to the trash and did not bring back, by path.
func (s *Store) Trashed(ctx context.Context) ([]TrashMove, error) {
	out, err := trashMoves(ctx, s.ro, "SELECT path, kept, 0 FROM trashed ORDER BY path")
	if err != nil {
		return nil, fmt.Errorf("list the files in the trash: %w", err)
	}
	return out, nil
}

// trashMoves reads the moves that a query gives: path, place in the trash, whether it goes back.
func trashMoves(ctx context.Context, q querier, query string) ([]TrashMove, error) {
	var out []TrashMove
	err := eachRow(ctx, q, query, nil, func(rows *sql.Rows) error {
		var path, kept string
		var m TrashMove
		err := rows.Scan(&path, &kept, &m.Back)
		if err == nil {
			m.Path, err = unescapePath(path)
		}
		if err == nil {
			m.Kept, err = unescapePath(kept)
		}
		out = append(out, m)
		return err
	})
	return out, err
}

// FileAt returns the file of the library at an absolute path, with the photo it holds, if
// any. Error: library.ErrNotFound.
func (s *Store) FileAt(ctx context.Context, path string) (FileInfo, error) {
	path = filepath.Clean(path)
	var out FileInfo
	err := s.snapshot(ctx, func(q querier) error {
		roots, err := rootPaths(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range roots {
			rel, err := filepath.Rel(r.Path, path)
			if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
				continue
			}
			dir, name := filepath.Split(rel)
			dir = strings.TrimSuffix(filepath.ToSlash(dir), "/")
			found, err := files(ctx, q, "f.root_id = ? AND f.dir = ? AND f.name = ?", r.ID, []byte(dir), []byte(name))
			if err != nil {
				return err
			}
			if len(found) > 0 {
				out = found[0]
				return nil
			}
		}
		return library.ErrNotFound
	})
	if err != nil {
		return FileInfo{}, fmt.Errorf("the file %s: %w", path, err)
	}
	return out, nil
}
