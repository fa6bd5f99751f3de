package store

import (
	"context"
	"database/sql"
	"fmt"

	"descry/library"
)

// Forget removes everything that the library holds of a photo: its files' rows, what was
// derived from its picture, what a person said of it, its words and its part of the history.
// Derived data of contents that no photo shows any more goes with it. The bytes are
// overwritten in library.db. Photo files are not touched; a file that still lies in a root is
// found anew by the next scan.
//
// It returns the pictures whose thumbnails should be removed. Error: library.ErrNotFound.
func (s *Store) Forget(ctx context.Context, photo library.PhotoID) ([]library.Picture, error) {
	var out []library.Picture
	err := s.write(ctx, false, func(t *tx) error {
		if err := t.havePhoto(photo); err != nil {
			return err
		}
		if err := t.exec("PRAGMA secure_delete = ON"); err != nil {
			return err
		}
		if err := t.forgetJournal(photo); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM file WHERE photo_id = ?", photo); err != nil {
			return err
		}
		if err := t.deletePhoto(photo); err != nil {
			return err
		}
		t.moved = true
		var contents []int64
		if err := t.each("SELECT id FROM content WHERE NOT EXISTS (SELECT 1 FROM photo p WHERE p.content_id = content.id)", nil,
			func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				contents = append(contents, id)
				return err
			}); err != nil {
			return err
		}
		list := idList(contents)
		if err := t.each(`SELECT c.scheme, c.digest, i.orientation FROM json_each(?) j JOIN content c ON c.id = j.value
			JOIN picture i ON i.content_id = c.id`, []any{list}, func(rows *sql.Rows) error {
			var scheme string
			var digest []byte
			var orientation int
			err := rows.Scan(&scheme, &digest, &orientation)
			out = append(out, picture(scheme, digest, orientation))
			return err
		}); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM suggestion WHERE content_id IN (SELECT value FROM json_each(?))",
			"DELETE FROM vector WHERE content_id IN (SELECT value FROM json_each(?))",
			"DELETE FROM picture WHERE content_id IN (SELECT value FROM json_each(?))",
			"DELETE FROM content WHERE id IN (SELECT value FROM json_each(?))",
		} {
			if err := t.exec(query, list); err != nil {
				return err
			}
		}
		// A deleted text row is only marked as such; merging the index drops its words.
		return t.exec("INSERT INTO words (words) VALUES ('optimize')")
	})
	if err == nil {
		err = s.outside(ctx, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA secure_delete = FAST")
	}
	if err != nil {
		return nil, fmt.Errorf("forget a photo: %w", err)
	}
	return out, nil
}

// forgetJournal removes a photo's changes from the history, and operations that were about
// nothing else.
func (t *tx) forgetJournal(photo library.PhotoID) error {
	var ops []int64
	if err := t.each("SELECT DISTINCT journal_id FROM journal_change WHERE photo_id = ?", []any{photo}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ops = append(ops, id)
		return err
	}); err != nil {
		return err
	}
	list := idList(ops)
	if err := t.exec("DELETE FROM journal_change WHERE photo_id = ?", photo); err != nil {
		return err
	}
	if err := t.exec("UPDATE journal SET photos = photos - 1 WHERE id IN (SELECT value FROM json_each(?))", list); err != nil {
		return err
	}
	return t.exec(`DELETE FROM journal WHERE id IN (SELECT value FROM json_each(?))
		AND NOT EXISTS (SELECT 1 FROM journal_change c WHERE c.journal_id = journal.id)`, list)
}

// outside runs statements on the writing connection between transactions.
func (s *Store) outside(ctx context.Context, queries ...string) error {
	if err := s.gate.enter(ctx, false); err != nil {
		return err
	}
	defer s.gate.leave()
	for _, query := range queries {
		if _, err := s.w.ExecContext(ctx, query); err != nil {
			return mapError(err)
		}
	}
	return nil
}
