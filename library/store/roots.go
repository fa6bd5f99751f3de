package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"descry/library"
)

// AddRoot adds a folder to the library and returns it. path must be absolute; it is
// cleaned. Adding a known root again, or a folder inside one (outside hidden folders, which
// a scan skips), returns the root that covers it. Known roots inside the new one become
// part of it: their files keep all that is known of them. volume may be "".
func (s *Store) AddRoot(ctx context.Context, path, volume string) (library.Root, error) {
	if !filepath.IsAbs(path) {
		return library.Root{}, fmt.Errorf("add the folder %q: its path is not absolute", path)
	}
	path = filepath.Clean(path)
	var root library.Root
	err := s.write(ctx, false, func(t *tx) error {
		var roots []library.Root
		if err := t.each(rootsQuery, nil, scanRoots(&roots)); err != nil {
			return err
		}
		for _, r := range roots {
			if rel, ok := within(r.Path, path); ok && !hidden(rel) {
				root = r
				return nil
			}
		}
		id, err := t.insert("INSERT INTO root (path, volume, added_ms) VALUES (?, ?, ?)",
			[]byte(path), volume, s.now().UnixMilli())
		if err != nil {
			return err
		}
		for _, r := range roots {
			rel, ok := within(path, r.Path)
			if !ok || hidden(rel) {
				continue
			}
			if err := t.exec(`UPDATE file SET root_id = ?,
					dir = CASE WHEN length(dir) = 0 THEN ? ELSE CAST(? || '/' || dir AS BLOB) END
				WHERE root_id = ?`, id, []byte(rel), []byte(rel), r.ID); err != nil {
				return err
			}
			if err := t.exec("DELETE FROM root WHERE id = ?", r.ID); err != nil {
				return err
			}
			if err := t.dirtyFilesOf(library.RootID(id), dirtRow|dirtWords); err != nil {
				return err
			}
		}
		root = library.Root{ID: library.RootID(id), Path: path, Volume: volume, State: library.Present, Added: s.now()}
		return nil
	})
	if err != nil {
		return root, fmt.Errorf("add the folder %q: %w", path, err)
	}
	return root, nil
}

// within returns path relative to the folder dir ("" for dir itself), "/" separated.
func within(dir, path string) (string, bool) {
	rel, err := filepath.Rel(dir, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	if rel == "." {
		return "", true
	}
	return filepath.ToSlash(rel), true
}

func hidden(rel string) bool {
	return strings.HasPrefix(rel, ".") || strings.Contains(rel, "/.")
}

const rootsQuery = `SELECT r.id, r.path, r.volume, r.state, r.added_ms,
		(SELECT count(DISTINCT f.photo_id) FROM file f WHERE f.root_id = r.id AND f.state = 'present')
	FROM root r ORDER BY r.path`

func scanRoots(dst *[]library.Root) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r library.Root
		var path []byte
		var added int64
		if err := rows.Scan(&r.ID, &path, &r.Volume, &r.State, &added, &r.Photos); err != nil {
			return err
		}
		r.Path, r.Added = string(path), time.UnixMilli(added)
		*dst = append(*dst, r)
		return nil
	}
}

// Roots lists the folders of the library by path. State is Present or Offline; Photos
// counts the photos with a present file in the root.
func (s *Store) Roots(ctx context.Context) ([]library.Root, error) {
	var out []library.Root
	if err := eachRow(ctx, s.ro, rootsQuery, nil, scanRoots(&out)); err != nil {
		return nil, fmt.Errorf("list the folders of the library: %w", err)
	}
	return out, nil
}

// SetRootState records whether a root's volume is there: library.Present or
// library.Offline. Files keep their own state.
func (s *Store) SetRootState(ctx context.Context, id library.RootID, state library.FileState) error {
	return s.rootUpdate(ctx, id, "record whether the folder is there", "UPDATE root SET state = ? WHERE id = ?", string(state), id)
}

// SetRootVolume records the identity of the volume that a root lies on.
func (s *Store) SetRootVolume(ctx context.Context, id library.RootID, volume string) error {
	return s.rootUpdate(ctx, id, "record the folder's volume", "UPDATE root SET volume = ? WHERE id = ?", volume, id)
}

// RelocateRoot says that a root lies at another path now, and is there. What is known of its
// files stays. The path must not be another root's.
func (s *Store) RelocateRoot(ctx context.Context, id library.RootID, path, volume string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("relocate the folder to %q: its path is not absolute", path)
	}
	path = filepath.Clean(path)
	err := s.write(ctx, false, func(t *tx) error {
		var other int64
		taken, err := t.get("SELECT id FROM root WHERE path = ? AND id <> ?", []any{[]byte(path), id}, []any{&other})
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("it is a folder of the library already")
		}
		r, err := t.result("UPDATE root SET path = ?, volume = ?, state = 'present' WHERE id = ?", []byte(path), volume, id)
		if err := oneRow(r, err); err != nil {
			return err
		}
		return t.dirtyFilesOf(id, dirtRow) // the order of files by root path may have changed
	})
	if err != nil {
		return fmt.Errorf("relocate the folder to %q: %w", path, err)
	}
	return nil
}

// RemoveRoot takes a folder out of the library: its file rows go. Photos, what was derived
// from them and what a person said of them stay, and are found again by content when the
// folder is added again.
func (s *Store) RemoveRoot(ctx context.Context, id library.RootID) error {
	err := s.write(ctx, false, func(t *tx) error {
		if err := t.dirtyFilesOf(id, dirtRow|dirtWords); err != nil {
			return err
		}
		r, err := t.result("DELETE FROM root WHERE id = ?", id)
		return oneRow(r, err)
	})
	if err != nil {
		return fmt.Errorf("remove the folder: %w", err)
	}
	return nil
}

func (s *Store) rootUpdate(ctx context.Context, _ library.RootID, what, query string, args ...any) error {
	err := s.write(ctx, false, func(t *tx) error {
		r, err := t.result(query, args...)
		return oneRow(r, err)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// oneRow turns an update that met no row into library.ErrNotFound.
func oneRow(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = library.ErrNotFound
	}
	return err
}

// dirtyFilesOf marks the photos of a root's files.
func (t *tx) dirtyFilesOf(root library.RootID, d dirt) error {
	return t.each("SELECT DISTINCT photo_id FROM file WHERE root_id = ? AND photo_id IS NOT NULL", []any{root},
		func(rows *sql.Rows) error {
			var id library.PhotoID
			if err := rows.Scan(&id); err != nil {
				return err
			}
			t.mark(id, d)
			return nil
		})
}
