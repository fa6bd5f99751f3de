package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"descry/library"
)

// Place is a position among the files of a root in the order of (folder, name), both as
// bytes. The zero value is before the first.
type Place struct{ Dir, Name string }

// KnownFiles lists up to limit files of a root, missing ones included, in the order of
// (folder, name): those after a place, and, unless before is "", in folders less than
// before. Fewer than limit mean that there are no more. File.State is Present or Missing,
// whatever the state of the root; the names share the memory of one text.
//
// A scan compares every file with its row, so this is made for speed: SQLite writes the
// rows into one text, which costs a fifth of handing over their columns one by one.
func (s *Store) KnownFiles(ctx context.Context, root library.RootID, after Place, before string, limit int) ([]library.File, error) {
	bound, args := "", []any{root, []byte(after.Dir), []byte(after.Name)}
	if before != "" {
		bound = " AND dir < ?"
		args = append(args, []byte(before))
	}
	// Neither is part of a name: "/" ends the folder (twice), the name and the row.
	query := `SELECT count(*), group_concat(dir || '//' || name || '/' || id || ' ' || size || ' ' || mtime_ns || ' '
			|| coalesce(photo_id, 0) || ' ' || (state = 'present') || ' ' || inode, '/')
		FROM (SELECT dir, name, id, size, mtime_ns, photo_id, state, inode FROM file
			WHERE root_id = ? AND (dir, name) > (?, ?)` + bound + ` ORDER BY dir, name LIMIT ?)`
	var n int
	var text sql.NullString
	err := s.ro.QueryRowContext(ctx, query, append(args, limit)...).Scan(&n, &text)
	if err != nil {
		return nil, fmt.Errorf("list the known files: %w", mapError(err))
	}
	out := make([]library.File, 0, n)
	for rest := text.String; len(out) < n; {
		f := library.File{Root: root}
		if rest, err = parseKnown(rest, &f); err != nil {
			return nil, fmt.Errorf("list the known files: %w", err)
		}
		if len(out) > 0 && f.Dir == out[len(out)-1].Dir {
			f.Dir = out[len(out)-1].Dir // comparing the same text takes no reading
		}
		out = append(out, f)
	}
	return out, nil
}

// parseKnown reads one row as KnownFiles asks for it and returns what follows.
func parseKnown(text string, f *library.File) (string, error) {
	bad := errors.New("a row cannot be understood")
	var ok bool
	if f.Dir, text, ok = strings.Cut(text, "//"); !ok {
		return "", bad
	}
	if f.Name, text, ok = strings.Cut(text, "/"); !ok {
		return "", bad
	}
	row, rest, _ := strings.Cut(text, "/")
	var present int64
	for _, dst := range []*int64{(*int64)(&f.ID), &f.Stat.Size, &f.Stat.ModTime, (*int64)(&f.Photo), &present} {
		var field string
		var err error
		if field, row, ok = strings.Cut(row, " "); !ok {
			return "", bad
		}
		if *dst, err = strconv.ParseInt(field, 10, 64); err != nil {
			return "", fmt.Errorf("%w: %w", bad, err)
		}
	}
	f.Stat.Inode, f.State = row, library.Missing
	if present != 0 {
		f.State = library.Present
	}
	return rest, nil
}

// AnyMissing reports whether a file of the library is missing.
func (s *Store) AnyMissing(ctx context.Context) (bool, error) {
	var any bool
	err := s.ro.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM file WHERE state = 'missing')").Scan(&any)
	if err != nil {
		return false, fmt.Errorf("ask whether files are missing: %w", mapError(err))
	}
	return any, nil
}

// waiting counts the files to look at and the photos that lack something, in roots that are
// there; its arguments are lackingArgs.
const waiting = `SELECT (SELECT count(*) FROM file f JOIN root r ON r.id = f.root_id
		WHERE f.pending = 1 AND f.state = 'present' AND r.state = 'present')
	+ (SELECT count(*) FROM photo p WHERE ` + lacking + `)`

// Waiting is Status.Pending alone.
func (s *Store) Waiting(ctx context.Context, space library.SpaceID) (int, error) {
	if s.idle.is(space) {
		return 0, nil
	}
	state := s.idle.state()
	var n int
	if err := s.ro.QueryRowContext(ctx, waiting, lackingArgs(space)...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count what is waiting: %w", mapError(err))
	}
	if n == 0 {
		s.idle.note(space, state)
	}
	return n, nil
}

// idle remembers that nothing was waiting in a space, until something is written: to find out
// takes a look at every photo, and a run asks more than once. In a Store that does not write,
// where others may, it remembers nothing.
type idle struct {
	mu     sync.Mutex
	writes int64 // transactions so far
	spaces map[library.SpaceID]struct{}
}

// state is what note takes; it is asked for before looking.
func (i *idle) state() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.writes
}

// wrote is told of every transaction, after it was committed.
func (i *idle) wrote() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.writes++
	clear(i.spaces)
}

// note remembers that nothing was waiting, if nothing was written since state was asked for.
func (i *idle) note(space library.SpaceID, state int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spaces != nil && i.writes == state {
		i.spaces[space] = struct{}{}
	}
}

func (i *idle) is(space library.SpaceID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.spaces[space]
	return ok
}

// Held is Files, Photos and Offline of Status alone, which takes a fraction of its time.
func (s *Store) Held(ctx context.Context) (Status, error) {
	var st Status
	err := s.snapshot(ctx, func(q querier) error {
		err := q.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(r.state = 'offline'), 0)
			FROM file f JOIN root r ON r.id = f.root_id WHERE f.state = 'present'`).Scan(&st.Files, &st.Offline)
		if err != nil {
			return err
		}
		return q.QueryRowContext(ctx, "SELECT count(*) FROM photo WHERE shown = 1").Scan(&st.Photos)
	})
	if err != nil {
		return st, fmt.Errorf("count the library: %w", mapError(err))
	}
	return st, nil
}
