package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"descry/library"
)

// Dirs lists the folders of a root, relative to it, that have file rows, missing files
// included.
func (s *Store) Dirs(ctx context.Context, root library.RootID) ([]string, error) {
	var out []string
	err := eachRow(ctx, s.ro, "SELECT DISTINCT dir FROM file WHERE root_id = ? ORDER BY dir", []any{root},
		func(rows *sql.Rows) error {
			var dir []byte
			if err := rows.Scan(&dir); err != nil {
				return err
			}
			out = append(out, string(dir))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list the known subfolders: %w", err)
	}
	return out, nil
}

const fileColumns = "f.id, f.root_id, f.dir, f.name, f.size, f.mtime_ns, f.inode, f.state, coalesce(f.photo_id, 0)"

// scanFile scans fileColumns, then more.
func scanFile(rows interface{ Scan(...any) error }, more ...any) (library.File, error) {
	var f library.File
	var dir, name []byte
	dest := append([]any{&f.ID, &f.Root, &dir, &name, &f.Stat.Size, &f.Stat.ModTime, &f.Stat.Inode, &f.State, &f.Photo}, more...)
	err := rows.Scan(dest...)
	f.Dir, f.Name = string(dir), string(name)
	return f, err
}

// FilesInDir lists what the library knows of one folder of a root, missing files included,
// by name. File.State is Present or Missing, whatever the state of the root.
func (s *Store) FilesInDir(ctx context.Context, root library.RootID, dir string) ([]library.File, error) {
	var out []library.File
	err := eachRow(ctx, s.ro, "SELECT "+fileColumns+" FROM file f WHERE f.root_id = ? AND f.dir = ? ORDER BY f.name",
		[]any{root, []byte(dir)}, func(rows *sql.Rows) error {
			f, err := scanFile(rows)
			out = append(out, f)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list the known files of a folder: %w", err)
	}
	return out, nil
}

// ApplyScan records the differences between folders of a root and what the library knew of
// them, in one transaction. New and changed files become pending. A file that is gone stays
// as missing if it held a photo.
func (s *Store) ApplyScan(ctx context.Context, root library.RootID, changes []ScanChange) error {
	if len(changes) == 0 {
		return nil
	}
	err := s.write(ctx, true, func(t *tx) error {
		for _, c := range changes {
			if err := t.applyChange(root, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record what the scan found: %w", err)
	}
	return nil
}

func (t *tx) applyChange(root library.RootID, c ScanChange) error {
	dir, name := []byte(c.Dir), []byte(c.Name)
	var id library.FileID
	var photo sql.NullInt64
	known, err := t.get("SELECT id, photo_id FROM file WHERE root_id = ? AND dir = ? AND name = ?",
		[]any{root, dir, name}, []any{&id, &photo})
	if err != nil {
		return err
	}
	if photo.Valid {
		t.mark(library.PhotoID(photo.Int64), dirtRow|dirtWords)
	}
	t.touchFolder(root, dir)
	switch c.Kind {
	case Found, Changed:
		if !known {
			t.s.lastFile++
			return t.exec("INSERT INTO file (id, root_id, dir, name, size, mtime_ns, inode) VALUES (?, ?, ?, ?, ?, ?, ?)",
				t.s.lastFile, root, dir, name, c.Stat.Size, c.Stat.ModTime, c.Stat.Inode)
		}
		if err := t.exec("DELETE FROM failure WHERE file_id = ?", id); err != nil {
			return err
		}
		return t.exec("UPDATE file SET size = ?, mtime_ns = ?, inode = ?, state = 'present', pending = 1 WHERE id = ?",
			c.Stat.Size, c.Stat.ModTime, c.Stat.Inode, id)
	case Gone:
		if !photo.Valid {
			return t.exec("DELETE FROM file WHERE id = ?", id)
		}
		return t.exec("UPDATE file SET state = 'missing' WHERE id = ?", id)
	case LeftOut:
		return t.exec("DELETE FROM file WHERE id = ?", id)
	case Back:
		return t.exec("UPDATE file SET size = ?, mtime_ns = ?, inode = ?, state = 'present' WHERE id = ?",
			c.Stat.Size, c.Stat.ModTime, c.Stat.Inode, id)
	case Moved:
		if known && id != c.File {
			if err := t.exec("DELETE FROM file WHERE id = ?", id); err != nil {
				return err
			}
		}
		var from library.RootID
		var was []byte
		if _, err := t.get("SELECT photo_id, root_id, dir FROM file WHERE id = ?", []any{c.File}, []any{&photo, &from, &was}); err != nil {
			return err
		}
		t.touchFolder(from, was)
		if photo.Valid {
			t.mark(library.PhotoID(photo.Int64), dirtRow|dirtWords)
		}
		r, err := t.result(`UPDATE file SET root_id = ?, dir = ?, name = ?, size = ?, mtime_ns = ?, inode = ?, state = 'present'
			WHERE id = ?`, root, dir, name, c.Stat.Size, c.Stat.ModTime, c.Stat.Inode, c.File)
		return oneRow(r, err)
	}
	return fmt.Errorf("unknown kind of change %d", c.Kind)
}

// FindMoved looks for the missing file that has this size, time and file number: the one
// that was most likely moved to a new path. Without a file number there is none; a moved
// file is then recognised by its content.
func (s *Store) FindMoved(ctx context.Context, st library.Stat) (library.File, bool, error) {
	if st.Inode == "" {
		return library.File{}, false, nil
	}
	row := s.ro.QueryRowContext(ctx, "SELECT "+fileColumns+` FROM file f JOIN root r ON r.id = f.root_id
		WHERE f.state = 'missing' AND f.size = ? AND f.mtime_ns = ? AND f.inode = ?
		ORDER BY r.path, f.dir, f.name LIMIT 1`, st.Size, st.ModTime, st.Inode)
	f, err := scanFile(row)
	if errors.Is(err, sql.ErrNoRows) {
		return library.File{}, false, nil
	}
	if err != nil {
		return library.File{}, false, fmt.Errorf("look for a moved file: %w", mapError(err))
	}
	return f, true, nil
}

// readable finds the files of photo p whose reading gives p's picture: they must be seen in
// its orientation.
const readable = `SELECT g.id FROM file g JOIN root gr ON gr.id = g.root_id JOIN metadata gm ON gm.file_id = g.id
	WHERE g.photo_id = p.id AND g.state = 'present' AND g.pending = 0 AND gr.state = 'present'
		AND gm.orientation = p.orientation AND NOT EXISTS (SELECT 1 FROM failure x WHERE x.file_id = g.id)`

// unviewed is the condition on picture row i that it is elongated (library.Elongated) and
// has no further view in the space that is given.
const unviewed = `max(i.width, i.height) > 2 * min(i.width, i.height) AND NOT EXISTS (SELECT 1 FROM vector v
	WHERE v.content_id = i.content_id AND v.orientation = i.orientation AND v.space_id = ? AND v.view = 1)`

// lacking is the condition on photo p that its picture lacks measures, or its vectors in the
// space that lackingArgs gives it, and that a file is there to get them from.
const lacking = `p.shown = 1
	AND (NOT EXISTS (SELECT 1 FROM picture i WHERE i.content_id = p.content_id AND i.orientation = p.orientation
			AND NOT (? <> 0 AND ` + unviewed + `))
		OR (? <> 0 AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.content_id = p.content_id
			AND v.orientation = p.orientation AND v.space_id = ? AND v.view = 0)))
	AND EXISTS (` + readable + `)`

// lackingArgs are the arguments of lacking.
func lackingArgs(space library.SpaceID) []any { return []any{space, space, space, space} }

// Pending lists up to limit files, newest first, that the indexer should read: present files
// of present roots that were not looked at since they were found or changed, then one file
// of each photo whose picture lacks its measures, or (space not 0) its vector in space.
// Files that failed are left out until they change. Start with the zero Cursor and pass the
// last Cursor on; an empty list is the end.
func (s *Store) Pending(ctx context.Context, space library.SpaceID, limit int, after Cursor) ([]PendingFile, error) {
	var out []PendingFile
	if after == (Cursor{}) && s.idle.is(space) {
		return nil, nil
	}
	state := s.idle.state()
	whole := after == Cursor{} && limit > 0
	collect := func(phase int, looked bool) func(*sql.Rows) error { return collectPending(&out, phase, looked) }
	err := s.snapshot(ctx, func(q querier) error {
		if after.phase == 0 {
			key, id := int64(maxInt64), int64(maxInt64)
			if after != (Cursor{}) {
				key, id = after.key, after.id
			}
			err := eachRow(ctx, q, "SELECT "+fileColumns+`, r.path, c.scheme, c.digest, p.orientation, f.mtime_ns, f.id
				FROM file f JOIN root r ON r.id = f.root_id
				LEFT JOIN photo p ON p.id = f.photo_id LEFT JOIN content c ON c.id = p.content_id
				WHERE f.pending = 1 AND f.state = 'present' AND r.state = 'present' AND (f.mtime_ns, f.id) < (?, ?)
				ORDER BY f.mtime_ns DESC, f.id DESC LIMIT ?`, []any{key, id, limit}, collect(0, false))
			if err != nil || len(out) == limit {
				return err
			}
			after = Cursor{phase: 1, key: maxInt64, id: maxInt64}
		}
		return eachRow(ctx, q, "SELECT "+fileColumns+`, r.path, c.scheme, c.digest, p.orientation, p.sort_ms, p.id
			FROM photo p JOIN content c ON c.id = p.content_id
			JOIN file f ON f.id = (`+readable+` ORDER BY gr.path, g.dir, g.name LIMIT 1)
			JOIN root r ON r.id = f.root_id
			WHERE (p.sort_ms, p.id) < (?, ?) AND `+lacking+`
			ORDER BY p.sort_ms DESC, p.id DESC LIMIT ?`,
			append(append([]any{after.key, after.id}, lackingArgs(space)...), limit-len(out)), collect(1, true))
	})
	if err != nil {
		return nil, fmt.Errorf("list the files to look at: %w", err)
	}
	if whole && len(out) == 0 {
		s.idle.note(space, state)
	}
	return out, nil
}

// collectPending appends rows of fileColumns, then the path of the root, the picture that the
// file's photo shows, and a cursor.
func collectPending(out *[]PendingFile, phase int, looked bool) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		p := PendingFile{Looked: looked, Cursor: Cursor{phase: phase}}
		var root, digest []byte
		var scheme sql.NullString
		var orientation sql.NullInt64
		f, err := scanFile(rows, &root, &scheme, &digest, &orientation, &p.Cursor.key, &p.Cursor.id)
		if err != nil {
			return err
		}
		p.File = f
		p.Path = joinPath(string(root), f.Dir, f.Name)
		if scheme.Valid {
			p.Was = picture(scheme.String, digest, int(orientation.Int64))
		}
		*out = append(*out, p)
		return nil
	}
}

const maxInt64 = 1<<63 - 1

func joinPath(root, dir, name string) string {
	return filepath.Join(root, filepath.FromSlash(dir), name)
}

func picture(scheme string, digest []byte, orientation int) library.Picture {
	p := library.Picture{Content: library.Content{Scheme: scheme}, Orientation: orientation}
	copy(p.Content.Digest[:], digest)
	return p
}

// Known tells what the library holds for a content; Encoded is about space. The boolean
// says whether the content was ever seen.
func (s *Store) Known(ctx context.Context, content library.Content, space library.SpaceID) (KnownContent, bool, error) {
	var k KnownContent
	known := false
	err := s.snapshot(ctx, func(q querier) error {
		var id int64
		err := q.QueryRowContext(ctx, `SELECT c.id, coalesce(p.id, 0) FROM content c LEFT JOIN photo p ON p.content_id = c.id
			WHERE c.scheme = ? AND c.digest = ?`, content.Scheme, content.Digest[:]).Scan(&id, &k.Photo)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		known = true
		ints := func(dst *[]int) func(*sql.Rows) error {
			return func(rows *sql.Rows) error {
				var o int
				err := rows.Scan(&o)
				*dst = append(*dst, o)
				return err
			}
		}
		if err := eachRow(ctx, q, "SELECT orientation FROM picture WHERE content_id = ? ORDER BY 1", []any{id},
			ints(&k.Pictures)); err != nil {
			return err
		}
		return eachRow(ctx, q, `SELECT w.orientation FROM vector w WHERE w.content_id = ? AND w.space_id = ? AND w.view = 0
			AND NOT EXISTS (SELECT 1 FROM picture i WHERE i.content_id = w.content_id AND i.orientation = w.orientation
				AND `+unviewed+`) ORDER BY 1`, []any{id, space, space}, ints(&k.Encoded))
	})
	if err != nil {
		return k, false, fmt.Errorf("look up a content: %w", mapError(err))
	}
	return k, known, nil
}

// RetryFailed makes the files that failed pending again and returns how many.
func (s *Store) RetryFailed(ctx context.Context) (int, error) {
	var n int64
	err := s.write(ctx, false, func(t *tx) error {
		r, err := t.result("UPDATE file SET pending = 1 WHERE state = 'present' AND id IN (SELECT file_id FROM failure)")
		if err != nil {
			return err
		}
		if n, err = r.RowsAffected(); err != nil {
			return err
		}
		return t.exec("DELETE FROM failure WHERE file_id IN (SELECT id FROM file WHERE state = 'present')")
	})
	if err != nil {
		return 0, fmt.Errorf("try the failed files again: %w", err)
	}
	return int(n), nil
}
