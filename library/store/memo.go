package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"descry/library"
)

// memo keeps what many questions need and what takes a look at every photo, until the
// library changes, by this process or another.
type memo struct {
	mu      sync.Mutex
	conn    *sql.Conn // tells changes apart: SQLite counts them for each connection. Held while the library is open
	version int64
	remembered
}

// remembered is what is true of one version; the zero value is that nothing is known.
type remembered struct {
	shown   library.PhotoSet
	order   []library.PhotoID
	placed  string // list of places that told of all spots
	folders []Folder
	roots   []library.Root
	sets    map[string]library.PhotoSet // what queries found, by their text and arguments
}

// fresh locks the memo and forgets what a change made old. The caller unlocks it. What is read
// after this call is at least as new as what may be kept.
func (s *Store) fresh(ctx context.Context) (*memo, error) {
	m := &s.memo
	m.mu.Lock()
	err := func() (err error) {
		if m.conn == nil {
			return sql.ErrConnDone // the library is closed
		}
		var version int64
		if err := m.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
			return mapError(err)
		}
		if version != m.version {
			m.version, m.remembered = version, remembered{}
		}
		return nil
	}()
	if err != nil {
		m.mu.Unlock()
		return nil, err
	}
	return m, nil
}

// Version is a number that changes whenever the library does, by this process or another. It
// means nothing to another process, or once the library was opened anew.
func (s *Store) Version(ctx context.Context) (int64, error) {
	m, err := s.fresh(ctx)
	if err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	return m.version, nil
}

// shownSet are the photos with a present file. It must not be changed.
func (s *Store) shownSet(ctx context.Context) (library.PhotoSet, error) {
	m, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.shown == nil {
		m.shown, err = photoSet(ctx, s.ro, "SELECT photo_set(id) FROM photo WHERE shown = 1")
	}
	return m.shown, err
}

// newestFirst are the photos with a present file in the order of lists. It must not be changed.
func (s *Store) newestFirst(ctx context.Context) ([]library.PhotoID, error) {
	m, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.order == nil {
		m.order, err = photoList(ctx, s.ro, "SELECT photo_list(id) FROM (SELECT id FROM photo WHERE shown = 1 ORDER BY sort_ms DESC, id DESC)")
	}
	return m.order, err
}

func (m *memo) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn == nil {
		return nil
	}
	err := m.conn.Close()
	m.conn = nil
	return err
}

// keptSets is how many sets are kept: 32 MB for a million photos. One search asks for some of
// them more than once.
const keptSets = 256

// state is the version of the library, for keptSet.
func (s *Store) state(ctx context.Context) (int64, error) {
	m, err := s.fresh(ctx)
	if err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	return m.version, nil
}

// keptSet is photoSet, or what it gave before. version is what state returned before q began
// to read. The set must not be changed.
func (s *Store) keptSet(ctx context.Context, q querier, version int64, query string, args ...any) (library.PhotoSet, error) {
	m, key := &s.memo, query+fmt.Sprintf("%#v", args)
	m.mu.Lock()
	set, ok := m.sets[key]
	ok = ok && m.version == version
	m.mu.Unlock()
	if ok {
		return set, nil
	}
	set, err := photoSet(ctx, q, query, args...)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version == version {
		if m.sets == nil {
			m.sets = map[string]library.PhotoSet{}
		}
		for old := range m.sets { // any one makes room
			if len(m.sets) < keptSets {
				break
			}
			delete(m.sets, old)
		}
		m.sets[key] = set
	}
	return set, nil
}
