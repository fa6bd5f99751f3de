package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"descry/library"
)

// Forget removes everything that the library holds of photos: their files' rows, what was
// derived from their pictures, what a person said of them, their words and their part of the
// history. Derived data of contents that no photo shows any more goes with it. The bytes are
// overwritten in library.db. Photo files are not touched; a file that still lies in a root is
// found anew by the next scan. Backups still hold it until they are renewed (RenewBackups) or
// their time has come.
//
// It returns the pictures whose thumbnails should be removed. Error: library.ErrNotFound;
// nothing is changed then.
func (s *Store) Forget(ctx context.Context, photos ...library.PhotoID) ([]library.Picture, error) {
	out, _, err := s.forget(ctx, photos, nil)
	if err != nil {
		return out, fmt.Errorf("forget %s: %w", count(len(photos), "photo"), err)
	}
	return out, nil
}

// lostPhoto is the condition on photo p that its files were looked for and are all missing. A root
// that is offline was not looked at, and a photo without any file waits for its return.
const lostPhoto = `EXISTS (SELECT 1 FROM file f WHERE f.photo_id = p.id) AND NOT EXISTS (
	SELECT 1 FROM file f JOIN root r ON r.id = f.root_id
	WHERE f.photo_id = p.id AND (f.state = 'present' OR r.state <> 'present'))`

// PurgeMissing forgets the photos whose files are all missing, and drops the rows of missing
// files of other photos. Nothing of a folder that is offline is touched. The library is
// copied to its backups folder first, as before-purge-TIME.db, whose path is returned.
//
// It returns the number of photos that were forgotten, without those that came back meanwhile,
// and the pictures whose thumbnails should be removed; also with an error.
func (s *Store) PurgeMissing(ctx context.Context) (backup string, photos int, pictures []library.Picture, err error) {
	wrap := func(err error) error { return fmt.Errorf("purge the missing photos: %w", err) }
	if s.readOnly {
		return "", 0, nil, wrap(library.ErrReadOnly)
	}
	var ids []library.PhotoID
	if err := eachRow(ctx, s.ro, "SELECT p.id FROM photo p WHERE p.shown = 0 AND "+lostPhoto, nil, func(rows *sql.Rows) error {
		var id library.PhotoID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}); err != nil {
		return "", 0, nil, wrap(err)
	}
	folder := s.backupsDir()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", 0, nil, wrap(mapOS(err))
	}
	backup = filepath.Join(folder, "before-purge-"+s.now().UTC().Format("20060102-150405.000")+".db")
	if err := s.Backup(ctx, backup); err != nil {
		return "", 0, nil, wrap(err)
	}
	if pictures, photos, err = s.forget(ctx, ids, func(t *tx, id library.PhotoID) (bool, error) {
		var one int
		return t.get("SELECT 1 FROM photo p WHERE p.id = ? AND "+lostPhoto, []any{id}, []any{&one})
	}); err != nil {
		return backup, photos, pictures, wrap(err)
	}
	for more := true; more; {
		err := s.write(ctx, false, func(t *tx) error {
			r, err := t.result(`DELETE FROM file WHERE id IN (SELECT f.id FROM file f JOIN root r ON r.id = f.root_id
				WHERE f.state = 'missing' AND r.state = 'present'
					AND EXISTS (SELECT 1 FROM file g WHERE g.photo_id = f.photo_id AND g.state = 'present') LIMIT ?)`, bulkChunk)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			more = n == bulkChunk
			return err
		})
		if err != nil {
			return backup, photos, pictures, wrap(err)
		}
	}
	return backup, photos, pictures, nil
}

// forget forgets photos, a few in each transaction, and returns how many; those for which still
// (nil: always) says no are passed over.
func (s *Store) forget(ctx context.Context, photos []library.PhotoID, still func(*tx, library.PhotoID) (bool, error)) (out []library.Picture, n int, err error) {
	if err := s.person.enter(ctx, false); err != nil {
		return nil, 0, err
	}
	defer s.person.leave()
	if err := s.havePhotos(ctx, photos); err != nil {
		return nil, 0, err
	}
	for chunk := range slices.Chunk(photos, bulkChunk) {
		here := 0
		err := s.write(ctx, false, func(t *tx) error {
			if err := t.exec("PRAGMA secure_delete = ON"); err != nil {
				return err
			}
			for _, photo := range chunk {
				ok := true
				var err error
				if still == nil {
					ok, err = t.gone(photo)
					ok = !ok
				} else {
					ok, err = still(t, photo)
				}
				if err == nil && ok {
					out, err = t.forgetPhoto(photo, out)
					here++
				}
				if err != nil {
					return err
				}
			}
			t.moved = true
			return nil
		})
		if err != nil {
			return out, n, err
		}
		n += here
	}
	// What was derived from earlier pictures of photos edited in place goes, too: whose it was
	// is not known.
	type unseen struct {
		id     int64
		scheme string
		digest []byte
	}
	var old []unseen
	if err := eachRow(ctx, s.ro, "SELECT id, scheme, digest FROM content c WHERE NOT EXISTS (SELECT 1 FROM photo p WHERE p.content_id = c.id)",
		nil, func(rows *sql.Rows) error {
			var c unseen
			err := rows.Scan(&c.id, &c.scheme, &c.digest)
			old = append(old, c)
			return err
		}); err != nil {
		return out, n, err
	}
	for chunk := range slices.Chunk(old, bulkChunk) {
		err := s.write(ctx, false, func(t *tx) error {
			for _, c := range chunk {
				var one int
				seen, err := t.get("SELECT 1 FROM photo WHERE content_id = ?", []any{c.id}, []any{&one})
				if err == nil && !seen {
					out, err = t.forgetContent(c.id, c.scheme, c.digest, out)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return out, n, err
		}
	}
	// A deleted text row is only marked as such; merging the index drops its words. The first
	// merge with a negative number begins that for the whole index, the others go on with it.
	for step, more := -mergePages, len(photos) > 0; more; step = mergePages {
		err := s.write(ctx, false, func(t *tx) error {
			var before, after int64
			if _, err := t.get("SELECT total_changes()", nil, []any{&before}); err != nil {
				return err
			}
			if err := t.exec("INSERT INTO words (words, rank) VALUES ('merge', ?)", step); err != nil {
				return err
			}
			_, err := t.get("SELECT total_changes()", nil, []any{&after})
			more = after-before >= 2 // sqlite.org/fts5.html, 6.8: fewer means that nothing was left to do
			return err
		})
		if err != nil {
			return out, n, err
		}
	}
	return out, n, s.outside(ctx, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA secure_delete = FAST")
}

// mergePages is how many pages of the full text one transaction merges.
const mergePages = 500

// forgetPhoto removes one photo, and adds its pictures to those whose thumbnails go.
func (t *tx) forgetPhoto(photo library.PhotoID, out []library.Picture) ([]library.Picture, error) {
	var content int64
	var scheme string
	var digest []byte
	if _, err := t.get("SELECT c.id, c.scheme, c.digest FROM photo p JOIN content c ON c.id = p.content_id WHERE p.id = ?",
		[]any{photo}, []any{&content, &scheme, &digest}); err != nil {
		return out, err
	}
	if err := t.leaveStack(photo); err != nil {
		return out, err
	}
	if err := t.forgetTrash(photo); err != nil {
		return out, err
	}
	if err := t.forgetJournal(photo); err != nil {
		return out, err
	}
	if err := t.exec("DELETE FROM file WHERE photo_id = ?", photo); err != nil {
		return out, err
	}
	if err := t.deletePhoto(photo); err != nil {
		return out, err
	}
	return t.forgetContent(content, scheme, digest, out)
}

// forgetContent removes a content that no photo shows, and what was derived from it.
func (t *tx) forgetContent(content int64, scheme string, digest []byte, out []library.Picture) ([]library.Picture, error) {
	if err := t.each("SELECT orientation FROM picture WHERE content_id = ?", []any{content}, func(rows *sql.Rows) error {
		var orientation int
		err := rows.Scan(&orientation)
		out = append(out, picture(scheme, digest, orientation))
		return err
	}); err != nil {
		return out, err
	}
	for _, query := range []string{
		"DELETE FROM suggestion WHERE content_id = ?",
		"DELETE FROM recognised WHERE content_id = ?",
		"DELETE FROM vector WHERE content_id = ?",
		"DELETE FROM picture WHERE content_id = ?",
		"DELETE FROM content WHERE id = ?",
	} {
		if err := t.exec(query, content); err != nil {
			return out, err
		}
	}
	return out, nil
}

// forgetJournal removes a photo's changes from the history, and operations that were about
// nothing else.
func (t *tx) forgetJournal(photo library.PhotoID) error {
	if err := t.exec("UPDATE journal SET photos = photos - 1 WHERE id IN (SELECT journal_id FROM journal_change WHERE photo_id = ?)", photo); err != nil {
		return err
	}
	for _, about := range []string{
		"photo_id = ?",
		"tbl = 'distinct_pair' AND ? IN (key ->> 'a', key ->> 'b')",
	} {
		if err := t.forgetChanges(about, photo); err != nil {
			return err
		}
	}
	return nil
}

// forgetChanges removes the changes for which a condition holds from the history, and
// operations of which nothing is left: an undo would meet them and have nothing to do.
func (t *tx) forgetChanges(condition string, arg any) error {
	var ops []int64
	if err := t.each("SELECT DISTINCT journal_id FROM journal_change WHERE "+condition, []any{arg}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ops = append(ops, id)
		return err
	}); err != nil {
		return err
	}
	list := idList(ops)
	if err := t.exec("DELETE FROM journal_change WHERE "+condition, arg); err != nil {
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
