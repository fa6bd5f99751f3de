package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"descry/library"
)

// Undo takes back an operation, or the last one that is not undone when id is 0. The undo is
// an operation itself and is returned; undoing it is a redo.
//
// Errors: library.ErrNotFound when there is no such operation, or none to undo, or it is
// undone already; library.ErrConflict, naming the later operation, when one that still
// stands touched the same row.
func (s *Store) Undo(ctx context.Context, id int64) (library.Operation, error) {
	out, err := s.undo(ctx, id, `SELECT id FROM journal WHERE undone = 0 AND undoes IS NULL AND id < ?
		ORDER BY id DESC LIMIT 1`)
	if err != nil {
		return out, fmt.Errorf("undo: %w", err)
	}
	return out, nil
}

// Redo takes back the last undo that stands, if nothing was done since. Errors: as Undo.
func (s *Store) Redo(ctx context.Context) (library.Operation, error) {
	out, err := s.undo(ctx, 0, `SELECT u.id FROM journal u JOIN journal o ON o.id = u.undoes
		WHERE u.undone = 0 AND o.undoes IS NULL AND u.id > (SELECT coalesce(max(id), 0) FROM journal WHERE undoes IS NULL AND id < ?)
		ORDER BY u.id DESC LIMIT 1`)
	if err != nil {
		return out, fmt.Errorf("redo: %w", err)
	}
	return out, nil
}

// undo takes back operation id, or the one that pick finds below the id of the running one.
func (s *Store) undo(ctx context.Context, id int64, pick string) (library.Operation, error) {
	var out library.Operation
	if big, err := s.isBig(ctx, id, pick); err != nil {
		return out, err
	} else if big != 0 {
		return s.undoBig(ctx, big)
	}
	opID, err := s.do(ctx, func(o *op) (string, error) {
		if id == 0 {
			ok, err := o.get(pick, []any{o.id}, []any{&id})
			if err != nil {
				return "", err
			}
			if !ok {
				return "", ErrNoOperation
			}
		}
		return o.takeBack(id)
	})
	if err != nil {
		return out, err
	}
	if opID == 0 {
		return out, fmt.Errorf("operation %d changed nothing: %w", id, library.ErrNotFound)
	}
	ops, err := s.history(ctx, "WHERE id = ?", opID)
	if err != nil {
		return out, err
	}
	return ops[0], nil
}

// undoable returns the sentence of an operation that is not undone.
func (t *tx) undoable(target, running int64) (string, error) {
	var what string
	var undone bool
	ok, err := t.get("SELECT what, undone FROM journal WHERE id = ? AND id <> ?", []any{target, running}, []any{&what, &undone})
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", fmt.Errorf("operation %d: %w", target, library.ErrNotFound)
	case undone:
		return "", fmt.Errorf("operation %d is undone already: %w", target, library.ErrNotFound)
	}
	return what, nil
}

// journalChange is one row's change as the journal holds it.
type journalChange struct {
	n             int
	table, key    string
	before, after sql.NullString
}

// changesOf lists changes of an operation below number n, the last first, at most limit.
func (t *tx) changesOf(target int64, n, limit int) ([]journalChange, error) {
	var out []journalChange
	err := t.each(`SELECT n, tbl, key, before, after FROM journal_change
		WHERE journal_id = ? AND n < ? ORDER BY n DESC LIMIT ?`, []any{target, n, limit}, func(rows *sql.Rows) error {
		var c journalChange
		err := rows.Scan(&c.n, &c.table, &c.key, &c.before, &c.after)
		out = append(out, c)
		return err
	})
	return out, err
}

// row finds the table and key that a change is about.
func (c journalChange) row() (table, key, error) {
	tb, ok := tables(c.table)
	if !ok {
		return tb, nil, fmt.Errorf("the journal speaks of an unknown table %q: %w", c.table, library.ErrDamaged)
	}
	k, err := tb.parseKey(c.key)
	if err != nil {
		return tb, nil, fmt.Errorf("the journal holds the key %q: %w", c.key, library.ErrDamaged)
	}
	return tb, k, nil
}

// takeBack restores the rows before operation target and marks it undone.
func (o *op) takeBack(target int64) (string, error) {
	what, err := o.undoable(target, o.id)
	if err != nil {
		return "", err
	}
	changes, err := o.changesOf(target, math.MaxInt, math.MaxInt)
	if err != nil {
		return "", err
	}
	for _, c := range changes {
		tb, k, err := c.row()
		if err != nil {
			return "", err
		}
		var later string
		found, err := o.get(`SELECT j.what FROM journal_change c JOIN journal j ON j.id = c.journal_id
			WHERE c.tbl = ? AND c.key = ? AND c.journal_id > ? AND c.journal_id < ? AND j.undone = 0 AND j.undoes IS NULL
			ORDER BY c.journal_id LIMIT 1`, []any{c.table, c.key, target, o.id}, []any{&later})
		if err != nil {
			return "", err
		}
		if found {
			return "", fmt.Errorf("%w: %q came after %q", library.ErrConflict, later, what)
		}
		now, err := o.row(tb, k)
		if err != nil {
			return "", err
		}
		if now != c.after {
			return "", fmt.Errorf("%w: what %q left behind is not as it was", library.ErrConflict, what)
		}
		if err := o.restore(tb, k, c, what); err != nil {
			return "", err
		}
	}
	if err := o.exec("UPDATE journal SET undoes = ? WHERE id = ?", target, o.id); err != nil {
		return "", err
	}
	return undoSentence(what), o.markUndone(target)
}

// restore gives a row back what it was before a change of the operation called what.
func (o *op) restore(tb table, k key, c journalChange, what string) error {
	_, err := o.change(tb, k, func() error {
		if !c.before.Valid {
			return o.exec(tb.deleteSQL(), k...)
		}
		return o.exec(tb.upsertJSON(), c.before.String)
	})
	if isTaken(err) {
		return fmt.Errorf("%w: the name from before %q belongs to another by now", library.ErrConflict, what)
	}
	return err
}

// markUndone records that an operation is undone. Undoing an undo brings the undone back,
// and so on down the chain.
func (t *tx) markUndone(target int64) error {
	flag := true
	for next := (sql.NullInt64{Int64: target, Valid: true}); next.Valid; flag = !flag {
		if err := t.exec("UPDATE journal SET undone = ? WHERE id = ?", flag, next.Int64); err != nil {
			return err
		}
		id := next.Int64
		next = sql.NullInt64{}
		if _, err := t.get("SELECT undoes FROM journal WHERE id = ?", []any{id}, []any{&next}); err != nil {
			return err
		}
	}
	return nil
}

const undoMark, redoMark = "Undo: ", "Redo: "

func undoSentence(what string) string {
	if rest, ok := strings.CutPrefix(what, undoMark); ok {
		return redoMark + rest
	}
	return undoMark + strings.TrimPrefix(what, redoMark)
}

// isBig finds the operation that undo would take back, and returns its id where it changed
// so many rows that one transaction would last too long; else 0.
func (s *Store) isBig(ctx context.Context, id int64, pick string) (int64, error) {
	if s.readOnly {
		return 0, library.ErrReadOnly
	}
	if id == 0 {
		err := s.ro.QueryRowContext(ctx, pick, maxInt64).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, nil // the running operation will say so
		}
		if err != nil {
			return 0, mapError(err)
		}
	}
	var n int
	err := s.ro.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM journal_change WHERE journal_id = ? LIMIT ?)",
		id, bulkChunk+1).Scan(&n)
	if err != nil || n <= bulkChunk {
		return 0, mapError(err)
	}
	return id, nil
}

// undoBig takes back an operation in several transactions. Conflicts are looked for first. An
// undo that was cut short is gone on with: rows that are as they were before are passed over.
func (s *Store) undoBig(ctx context.Context, target int64) (library.Operation, error) {
	var out library.Operation
	if err := s.person.enter(ctx, false); err != nil {
		return out, err
	}
	defer s.person.leave()
	defer s.catchUpWords(ctx)
	o := &op{photos: map[library.PhotoID]struct{}{}}
	var what string
	err := s.write(ctx, false, func(t *tx) error {
		var err error
		if what, err = t.undoable(target, 0); err != nil {
			return err
		}
		if err := t.conflicts(target, what); err != nil {
			return err
		}
		_, err = t.get(`SELECT u.id, coalesce((SELECT max(n) FROM journal_change c WHERE c.journal_id = u.id), 0)
			FROM journal u WHERE u.undoes = ? AND u.undone = 0 ORDER BY u.id DESC LIMIT 1`, []any{target}, []any{&o.id, &o.n})
		if err != nil {
			return err
		}
		if o.id != 0 {
			return t.each("SELECT DISTINCT photo_id FROM journal_change WHERE journal_id = ? AND photo_id IS NOT NULL", []any{o.id}, func(rows *sql.Rows) error {
				var id library.PhotoID
				err := rows.Scan(&id)
				o.photos[id] = struct{}{}
				return err
			})
		}
		o.id, err = t.insert("INSERT INTO journal (at_ms, what, undoes) VALUES (?, ?, ?)", s.now().UnixMilli(), undoSentence(what), target)
		return err
	})
	var p pace
	for at, more := math.MaxInt, true; err == nil && more; {
		err = s.turn(ctx, &p, func(t *tx, size int) error {
			o.tx = t
			n := o.n
			err := o.takeBackSome(target, what, size, &at, &more)
			if err != nil {
				o.n = n
			}
			return err
		})
	}
	if err != nil {
		return out, err
	}
	return s.Operation(ctx, o.id)
}

// takeBackSome takes back the next changes of an operation below number at, limit of them at
// most.
func (o *op) takeBackSome(target int64, what string, limit int, at *int, more *bool) error {
	changes, err := o.changesOf(target, *at, limit)
	if err != nil {
		return err
	}
	for _, c := range changes {
		tb, k, err := c.row()
		if err != nil {
			return err
		}
		now, err := o.row(tb, k)
		if err != nil {
			return err
		}
		switch now {
		case c.before:
			continue
		case c.after:
		default:
			return fmt.Errorf("%w: what %q left behind is not as it was", library.ErrConflict, what)
		}
		if err := o.restore(tb, k, c, what); err != nil {
			return err
		}
	}
	if err := o.exec("UPDATE journal SET photos = ? WHERE id = ?", len(o.photos), o.id); err != nil {
		return err
	}
	if len(changes) == limit {
		*at = changes[limit-1].n
		return nil
	}
	*more = false
	return o.markUndone(target)
}

// conflicts refuses to take an operation back where a later one that stands touched one of
// its rows.
func (t *tx) conflicts(target int64, what string) error {
	var later string
	found, err := t.get(`SELECT j.what FROM journal_change c
		CROSS JOIN journal_change l ON l.tbl = c.tbl AND l.key = c.key AND l.journal_id > c.journal_id
		CROSS JOIN journal j ON j.id = l.journal_id AND j.undone = 0 AND j.undoes IS NULL
		WHERE c.journal_id = ? LIMIT 1`, []any{target}, []any{&later})
	if err == nil && found {
		err = fmt.Errorf("%w: %q came after %q", library.ErrConflict, later, what)
	}
	return err
}
