package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"descry/library"
)

// AddRoot adds a folder to the library, or returns the root that it is already. path must be
// absolute and is cleaned; volume may be "". Whether it overlaps another root is for the
// caller to judge (package scan).
func (s *Store) AddRoot(ctx context.Context, path, volume string) (library.Root, error) {
	if !filepath.IsAbs(path) {
		return library.Root{}, fmt.Errorf("add the folder %q: its path is not absolute", path)
	}
	path = filepath.Clean(path)
	err := s.write(ctx, false, func(t *tx) error {
		return t.exec("INSERT INTO root (path, volume, added_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			[]byte(path), volume, s.now().UnixMilli())
	})
	var roots []library.Root
	if err == nil {
		roots, err = s.Roots(ctx)
	}
	if err != nil {
		return library.Root{}, fmt.Errorf("add the folder %q: %w", path, err)
	}
	for _, r := range roots {
		if r.Path == path {
			return r, nil
		}
	}
	return library.Root{}, fmt.Errorf("add the folder %q: %w", path, library.ErrNotFound) // removed meanwhile
}

// Why a root is offline (or, of the last, present), as library.Root.Reason.
const (
	NotThere    = ""       // its folder cannot be read
	EmptyFolder = "empty"  // its folder is there, and holds no photo where it held some
	OtherVolume = "volume" // another volume lies in its place, with none of its photos
	// ConfirmedGone stays until the next scan has ended: the person said that the photos
	// are gone, and what is not found is missing.
	ConfirmedGone = "confirmed"
)

const rootsQuery = `SELECT r.id, r.path, r.volume, r.state, r.reason, r.added_ms,
		(SELECT count(DISTINCT f.photo_id) FROM file f WHERE f.root_id = r.id AND f.state = 'present')
	FROM root r ORDER BY r.path`

// rootPaths lists the ids and paths of the roots, without counting anything.
func rootPaths(ctx context.Context, q querier) ([]library.Root, error) {
	var out []library.Root
	err := eachRow(ctx, q, "SELECT id, path FROM root ORDER BY path", nil, func(rows *sql.Rows) error {
		var r library.Root
		var path []byte
		err := rows.Scan(&r.ID, &path)
		r.Path = string(path)
		out = append(out, r)
		return err
	})
	return out, err
}

func scanRoots(dst *[]library.Root) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r library.Root
		var path []byte
		var added int64
		if err := rows.Scan(&r.ID, &path, &r.Volume, &r.State, &r.Reason, &added, &r.Photos); err != nil {
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
	m, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.roots == nil { // their photos are counted
		var out []library.Root
		if err := eachRow(ctx, s.ro, rootsQuery, nil, scanRoots(&out)); err != nil {
			return nil, fmt.Errorf("list the folders of the library: %w", err)
		}
		m.roots = out
	}
	return slices.Clone(m.roots), nil
}

// Root returns one folder of the library, without counting its photos.
func (s *Store) Root(ctx context.Context, id library.RootID) (library.Root, error) {
	r := library.Root{ID: id}
	var path []byte
	var added int64
	err := s.ro.QueryRowContext(ctx, "SELECT path, volume, state, reason, added_ms FROM root WHERE id = ?", id).
		Scan(&path, &r.Volume, &r.State, &r.Reason, &added)
	if errors.Is(err, sql.ErrNoRows) {
		err = library.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("look up a folder of the library: %w", mapError(err))
	}
	r.Path, r.Added = string(path), time.UnixMilli(added)
	return r, nil
}

// SetRootState records whether a root's volume is there, library.Present or
// library.Offline, and why not. Files keep their own state.
func (s *Store) SetRootState(ctx context.Context, id library.RootID, state library.FileState, reason string) error {
	return s.rootUpdate(ctx, "record whether the folder is there", "UPDATE root SET state = ?, reason = ? WHERE id = ?",
		string(state), reason, id)
}

// ConfirmRoot records the person's word that photos that are not found in a root are gone:
// the root counts as there, and the next scan of it marks them as missing, however many
// they are. What was said of them stays.
func (s *Store) ConfirmRoot(ctx context.Context, id library.RootID) error {
	return s.SetRootState(ctx, id, library.Present, ConfirmedGone)
}

// SetRootVolume records the identity of the volume that a root lies on.
func (s *Store) SetRootVolume(ctx context.Context, id library.RootID, volume string) error {
	return s.rootUpdate(ctx, "record the folder's volume", "UPDATE root SET volume = ? WHERE id = ?", volume, id)
}

// RelocateRoot says that a root lies at another path now, and is there. What is known of its
// files stays. The path must not be another root's, or hold one, or lie in one: that is a
// library.ErrConflict.
func (s *Store) RelocateRoot(ctx context.Context, id library.RootID, path, volume string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("relocate the folder to %q: its path is not absolute", path)
	}
	path = filepath.Clean(path)
	err := s.write(ctx, false, func(t *tx) error {
		overlap := ""
		err := t.each("SELECT path FROM root WHERE id <> ?", []any{id}, func(rows *sql.Rows) error {
			var other []byte
			err := rows.Scan(&other)
			if o := string(other); within(o, path) || within(path, o) {
				overlap = o
			}
			return err
		})
		if err != nil {
			return err
		}
		if overlap != "" {
			return fmt.Errorf("%s is a folder of the library already: %w", overlap, library.ErrConflict)
		}
		r, err := t.result("UPDATE root SET path = ?, volume = ?, state = 'present', reason = '' WHERE id = ?",
			[]byte(path), volume, id)
		if err := oneRow(r, err); err != nil {
			return err
		}
		return t.dirtyShared(id) // the order of their files by root path may have changed
	})
	if err != nil {
		return fmt.Errorf("relocate the folder to %q: %w", path, err)
	}
	return nil
}

// within reports whether path is dir or lies below it; both are absolute and clean.
func within(dir, path string) bool {
	sep := string(filepath.Separator)
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, sep)+sep)
}

// RemoveRoot takes a folder out of the library: its file rows go. Photos, what was derived
// from them and what a person said of them stay, and are found again by content when the
// folder is added again.
func (s *Store) RemoveRoot(ctx context.Context, id library.RootID) error {
	// A few files at a time, so that others write between; the folder goes last. One that was
	// cut short holds fewer files, which removing it again or the next scan sets right.
	var p pace
	for more := true; more; {
		err := s.turn(ctx, &p, func(t *tx, size int) error {
			var files []library.FileID
			if err := t.each("SELECT id, coalesce(photo_id, 0) FROM file WHERE root_id = ? LIMIT ?", []any{id, size},
				func(rows *sql.Rows) error {
					var file library.FileID
					var photo library.PhotoID
					err := rows.Scan(&file, &photo)
					files = append(files, file)
					if photo != 0 {
						t.mark(photo, dirtRow|dirtWords)
					}
					return err
				}); err != nil {
				return err
			}
			if more = len(files) == size; !more {
				r, err := t.result("DELETE FROM root WHERE id = ?", id)
				return oneRow(r, err)
			}
			return t.exec("DELETE FROM file WHERE id IN (SELECT value FROM json_each(?))", idList(files))
		})
		if err != nil {
			return fmt.Errorf("remove the folder: %w", err)
		}
	}
	return nil
}

func (s *Store) rootUpdate(ctx context.Context, what, query string, args ...any) error {
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

// dirtyShared marks the photos of a root's files that have files in other roots, too.
func (t *tx) dirtyShared(root library.RootID) error {
	return t.each(`SELECT DISTINCT photo_id FROM file f WHERE root_id = ? AND photo_id IS NOT NULL
		AND EXISTS (SELECT 1 FROM file g WHERE g.photo_id = f.photo_id AND g.root_id <> f.root_id)`, []any{root},
		func(rows *sql.Rows) error {
			var id library.PhotoID
			err := rows.Scan(&id)
			t.mark(id, dirtRow)
			return err
		})
}
