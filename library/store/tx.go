package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"descry/library"
)

// tx is a running write transaction. Its methods run without a context: a write is short,
// and cancelling it between two statements would only throw away what is done.
type tx struct {
	s     *Store
	dirty map[library.PhotoID]dirt // photos whose row or words must be worked out again
	moved bool                     // an older vector shows another photo now, or none
	// folders are those whose stacks must be worked out again.
	folders map[folderKey]struct{}

	roots   map[library.RootID][]byte  // paths, as far as settle needed them
	labels  map[library.LabelID]string // names, likewise; "" where the label is removed
	numbers map[string]sql.NullInt64   // of cameras and lenses
	// work is how long the transaction took, but for what the disk took to write it.
	work time.Duration
}

// write runs fn in one transaction on the writing connection. Background writes (indexing)
// wait for those of a person. A failing fn leaves nothing behind.
func (s *Store) write(ctx context.Context, background bool, fn func(*tx) error) (err error) {
	if s.readOnly {
		return library.ErrReadOnly
	}
	if err := s.gate.enter(ctx, background); err != nil {
		return err
	}
	defer s.gate.leave()
	s.daily()
	t := &tx{s: s, dirty: map[library.PhotoID]dirt{}}
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return mapError(err)
	}
	start := s.ticks()
	done := false
	defer func() {
		if !done {
			// SQLite may have rolled back by itself (disk full); then this has nothing to do.
			_ = t.exec("ROLLBACK")
		}
	}()
	if err := fn(t); err != nil {
		return mapError(err)
	}
	if err := t.settle(); err != nil {
		return mapError(err)
	}
	t.work = s.ticks() - start
	if err := t.exec("COMMIT"); err != nil {
		return mapError(err)
	}
	done = true
	s.idle.wrote()
	return nil
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if st, ok := t.s.stmts[query]; ok {
		return st, nil
	}
	st, err := t.s.w.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	t.s.stmts[query] = st
	return st, nil
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.result(query, args...)
	return err
}

func (t *tx) result(query string, args ...any) (sql.Result, error) {
	st, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.Exec(args...)
}

// insert runs an INSERT and returns the new row's id.
func (t *tx) insert(query string, args ...any) (int64, error) {
	r, err := t.result(query, args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// get scans the first row of a query into dest and reports whether there was one.
func (t *tx) get(query string, args, dest []any) (bool, error) {
	st, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRow(args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls fn for each row of a query; fn scans it.
func (t *tx) each(query string, args []any, fn func(*sql.Rows) error) error {
	st, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.Query(args...)
	return drain(rows, err, fn)
}

// querier is what reads: the pool, or a read transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow calls fn for each row of a query on q.
func eachRow(ctx context.Context, q querier, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	return drain(rows, err, fn)
}

func drain(rows *sql.Rows, err error, fn func(*sql.Rows) error) error {
	if err != nil {
		return mapError(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return mapError(rows.Err())
}

// snapshot runs fn on one consistent state of the library.
func (s *Store) snapshot(ctx context.Context, fn func(querier) error) error {
	t, err := s.ro.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return mapError(err)
	}
	defer t.Rollback() //nolint:errcheck // reading leaves nothing to undo
	return fn(t)
}
