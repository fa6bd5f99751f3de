// Package store keeps a library on disk: one SQLite database in one folder. It is the only
// package that holds SQL.
//
// What the scan found, what was derived from pixels and what a person said live in separate
// tables; rebuilding derived data cannot touch a person's words. Everything a person does
// is journaled and can be undone.
//
// One connection writes, one writer at a time, a person before the indexer; a pool of
// read-only connections serves readers, which never wait for the writer. All methods of
// Store are safe for concurrent use.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the database/sql driver "sqlite3"

	"descry/internal/disk"
	"descry/library"
)

const dbName = "library.db"

// readers is the size of the pool of read-only connections: the faces ask few things at
// once, and each connection holds its own page cache.
const readers = 6

// Store is an open library. Make one with Open.
type Store struct {
	dir      string
	id       string
	readOnly bool
	frozen   bool   // nothing in its folder can be written
	source   string // the driver's name of the database for reading
	now      func() time.Time
	log      *slog.Logger
	vfs      string
	program  string
	opened   time.Time
	created  time.Time
	lock     *os.File

	ro   *sql.DB // pool of read-only connections
	rw   *sql.DB // holds the one writing connection; nil when read-only
	w    *sql.Conn
	gate gate
	// clock is a time to measure by; nil: the system's.
	clock func() time.Duration
	// person lets one operation of a person run at a time; one may take several turns at gate.
	person gate
	idle   idle
	memo   memo
	// stmts caches the statements of w; guarded by gate, as all below.
	stmts map[string]*sql.Stmt
	// lastFile is the greatest id that a file has had since the library was opened. SQLite would
	// give the id of one that is gone to the next, for which who still looks at the first would
	// then store what it found.
	lastFile library.FileID
	day      string          // whose backup was seen to
	copying  chan struct{}   // closed when the backup of the day is done; nil: none was begun
	quit     context.Context // ends a backup under way
}

// Open opens the library in dir, and makes one there (folder mode 0700) unless o.ReadOnly.
// An older library is migrated after a backup into dir/backups.
//
// Errors: library.ErrInUse when another process writes it, library.ErrNewer when a newer
// version made it, library.ErrDamaged when library.db is not a usable database,
// library.ErrNotFound when o.ReadOnly and there is none, library.ErrDiskFull,
// library.ErrReadOnly when it may not be written, or lies where nothing can be and holds changes
// that only writing makes readable.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	all, err := readMigrations(embedded)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, dir, o, all)
	if err != nil {
		return nil, err
	}
	if err := s.catchUpFacts(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the library in %s: %w", dir, err), s.Close())
	}
	return s, nil
}

func open(ctx context.Context, dir string, o Options, all []migration) (_ *Store, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the library folder: %w", err)
	}
	s := &Store{
		dir: dir, readOnly: o.ReadOnly, now: o.Now, log: o.Log, vfs: o.VFS, program: o.Program,
		opened: time.Now(), stmts: map[string]*sql.Stmt{}, quit: ctx,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	file := filepath.Join(dir, dbName)
	if o.ReadOnly {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("open the library in %s: %w", dir, library.ErrNotFound)
		}
	} else {
		if err := s.prepare(ctx, file, all); err != nil {
			return nil, fmt.Errorf("open the library in %s: %w", dir, err)
		}
	}
	if err := checkFile(file); err != nil {
		return nil, fmt.Errorf("open the library in %s: %w", dir, err)
	}
	if err := s.connect(ctx, file, all); err != nil {
		return nil, fmt.Errorf("open the library in %s: %w", dir, mapError(err))
	}
	return s, nil
}

// prepare makes the folder, takes the lock and makes a database where there is none. The
// new database gets its name only when it is whole, so that an empty library.db is always
// one that lost its content and never one that was about to get it.
func (s *Store) prepare(ctx context.Context, file string, all []migration) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", denied(err))
	}
	var err error
	if s.lock, err = lock(s.dir, Holder{PID: os.Getpid(), Program: s.program, Since: s.opened}); err != nil {
		return err
	}
	if err := errors.Join(finishReplacing(file), clearLeftovers(s.dir)); err != nil {
		return mapOS(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(file + suffix); err == nil {
			return fmt.Errorf("%w: library.db is gone but %s is there; put library.db back or restore a backup",
				library.ErrDamaged, dbName+suffix)
		}
	}
	fresh := file + newSuffix
	db, err := sql.Open("sqlite3", dsn(fresh, false, s.vfs))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		return mapError(err)
	}
	if err := migrate(ctx, c, all, func(int) error { return nil }); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, "INSERT INTO library (one, id, created_ms) VALUES (1, ?, ?)",
		newID(), s.now().UnixMilli()); err != nil {
		return mapError(err)
	}
	// The last close would empty the write-ahead log into the file, too, and would not say that
	// it could not.
	if _, err := c.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return mapError(err)
	}
	if err := errors.Join(c.Close(), db.Close()); err != nil {
		return mapError(err)
	}
	if err := os.Rename(fresh, file); err != nil {
		return mapOS(err)
	}
	return disk.SyncFolder(s.dir)
}

// What a database is called in the library folder until it is whole, and how the folder
// begins in which a salvage works.
const (
	newSuffix    = ".new"
	salvageStart = "salvage-"
)

// clearLeftovers removes what a backup of the day, a restore or a salvage was making when its
// process ended. Only who holds the lock may call it.
func clearLeftovers(dir string) error {
	for _, pattern := range []string{
		dbName + newSuffix + "*", salvageStart + "*", filepath.Join("backups", dailyPrefix+"*"+dailySuffix+partSuffix+"*"),
	} {
		left, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) connect(ctx context.Context, file string, all []migration) (err error) {
	if !s.readOnly {
		if s.rw, err = sql.Open("sqlite3", dsn(file, false, s.vfs)); err != nil {
			return err
		}
		s.idle.spaces = map[library.SpaceID]struct{}{}
		s.rw.SetMaxOpenConns(1)
		if s.w, err = s.rw.Conn(ctx); err != nil {
			return err
		}
		backup := func(version int) error {
			s.log.Info("migrating the library", "from", version)
			name := filepath.Join(s.dir, "backups", fmt.Sprintf("before-migration-%04d.db", version+1))
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				return mapOS(err)
			}
			return copyDatabase(ctx, s.w, name, s.vfs)
		}
		if err := migrate(ctx, s.w, all, backup); err != nil {
			return err
		}
		if err := s.w.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM file").Scan(&s.lastFile); err != nil {
			return err
		}
	}
	s.source = dsn(file, true, s.vfs)
	version, err := s.openReaders(ctx)
	if s.readOnly && sharesNothing(err) {
		// SQLite keeps files beside a database that others may be writing, and cannot make them
		// here. Nobody writes it where there is no log.
		if st, statErr := os.Stat(file + "-wal"); statErr == nil && st.Size() > 0 {
			return unwritable{fmt.Errorf("the last changes are in %s still, which takes writing to read; open a copy on a disk that can be written", dbName+"-wal")}
		}
		s.source += "&immutable=1"
		version, err = s.openReaders(ctx)
		s.frozen = err == nil
	}
	if err != nil {
		return err
	}
	if err := checkVersion(version, len(all)); err != nil {
		return err
	}
	if version < len(all) {
		return errOutdated
	}
	var created int64
	if err := s.ro.QueryRowContext(ctx, "SELECT id, created_ms FROM library").Scan(&s.id, &created); err != nil {
		return err
	}
	s.created = time.UnixMilli(created)
	if s.memo.conn, err = s.ro.Conn(ctx); err != nil {
		return err
	}
	if !s.readOnly {
		s.catchUpWords(ctx)
	}
	return nil
}

// errOutdated says that a library must be brought up to date first.
var errOutdated = fmt.Errorf("%w: an older version made the library, and it must be opened once for writing to bring it up to date", library.ErrReadOnly)

// openReaders opens the pool of read-only connections and returns the version of the schema.
func (s *Store) openReaders(ctx context.Context) (version int, err error) {
	if s.ro != nil {
		_ = s.ro.Close() // the one that could not be used
	}
	if s.ro, err = sql.Open("sqlite3", s.source); err != nil {
		return 0, err
	}
	s.ro.SetMaxOpenConns(readers + 1) // one is memo's
	s.ro.SetMaxIdleConns(readers)
	return userVersion(ctx, s.ro)
}

// ticks is a time that only grows.
func (s *Store) ticks() time.Duration {
	if s.clock != nil {
		return s.clock()
	}
	return time.Since(s.opened)
}

// Close waits for the running write and the backup of the day, closes the database and
// frees the lock. The backup is given up when the context of Open has ended. Closing twice
// is harmless.
func (s *Store) Close() error {
	var errs []error
	if s.rw != nil {
		_ = s.gate.enter(context.Background(), true)
		s.finishDaily()
		s.gate.leave()
	}
	errs = append(errs, s.memo.close())
	if s.ro != nil {
		errs = append(errs, s.ro.Close())
	}
	if s.rw != nil {
		_ = s.gate.enter(context.Background(), true)
		for _, st := range s.stmts {
			errs = append(errs, st.Close())
		}
		clear(s.stmts)
		if s.w != nil {
			if err := s.w.Close(); !errors.Is(err, sql.ErrConnDone) {
				errs = append(errs, err)
			}
		}
		errs = append(errs, s.rw.Close())
		s.gate.leave()
	}
	if s.lock != nil {
		// The text stays: the next opener overwrites it, and unlinking a locked file would let
		// two processes hold two locks of the same name.
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the library: %w", mapError(err))
	}
	return nil
}

// LibraryID is the random id of the library. A restored backup gets a new one, so that
// files derived from the database (the vector side file) know that they are not its own.
func (s *Store) LibraryID() string { return s.id }

// Dir is the absolute path of the library folder.
func (s *Store) Dir() string { return s.dir }

// ReadOnly reports whether the library was opened without the right to write.
func (s *Store) ReadOnly() bool { return s.readOnly }

// Frozen reports whether the library was opened where the system lets nothing be written: on
// a medium or in a folder for reading only.
func (s *Store) Frozen() bool { return s.frozen }

// dsn is the driver's name for a database file with the settings of design: WAL, FULL,
// foreign keys, a wait of 10 s for the locks that only a backup or checkpoint takes. The page
// caches (KiB) are small, so that memory does not grow with the library up to their size: the
// system keeps in its own cache what is read often, and commits are as fast.
//
// vfs is the SQLite VFS, "" for the system's.
func dsn(file string, readOnly bool, vfs string) string {
	q := url.Values{}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	q.Set("_foreign_keys", "1")
	q.Set("_busy_timeout", "10000")
	q.Set("_stmt_cache_size", "64")
	if readOnly {
		q.Set("mode", "ro")
		q.Set("_query_only", "1")
		q.Set("_cache_size", "-2000")
	} else {
		q.Set("mode", "rwc")
		q.Set("_txlock", "immediate")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
		q.Set("_cache_size", "-8000")
		q.Set("_secure_delete", "FAST")
	}
	return fileURI(file, runtime.GOOS == "windows") + "?" + q.Encode()
}

// plainDSN is the driver's name for a database file that is one's own for a while: a copy
// under way, a temporary.
func plainDSN(file, vfs string) string {
	q := url.Values{"_synchronous": {"FULL"}}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	return fileURI(file, runtime.GOOS == "windows") + "?" + q.Encode()
}

// fileURI writes a path as SQLite reads it: percent-encoded bytes, drive letters behind a
// slash.
func fileURI(file string, windows bool) string {
	if windows {
		file = "/" + strings.ReplaceAll(file, `\`, "/")
	}
	parts := strings.Split(file, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "file:" + strings.Join(parts, "/")
}

// checkFile tells a file that is not a database, or was cut short, before SQLite opens it:
// SQLite would take an empty file for a new database, and find missing pages only when it
// needs them.
func checkFile(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 100)
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return fmt.Errorf("%w: library.db is empty; restore a backup", library.ErrDamaged)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: library.db was cut short (%d bytes are left); restore a backup", library.ErrDamaged, n)
	case err != nil:
		return err
	}
	if string(head[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%w: library.db is not an SQLite database; restore a backup", library.ErrDamaged)
	}
	if st, err := os.Stat(file + "-wal"); err == nil && st.Size() > 0 {
		return nil // pages may still be in the write-ahead log: the header says nothing about this file alone
	}
	pageSize := int64(binary.BigEndian.Uint16(head[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	want := int64(binary.BigEndian.Uint32(head[28:])) * pageSize
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < want {
		return fmt.Errorf("%w: library.db was cut short (%d of %d bytes are left); restore a backup",
			library.ErrDamaged, st.Size(), want)
	}
	return nil
}

func newID() string { return rand.Text() }
