package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"descry/library"
)

// Backup writes a copy of the database to a file, as one consistent state, while the library
// stays in use. The file gets its name when the copy is whole; an older backup that is there
// is replaced, any other file is not. Thumbnails and caches are not in it: they come back by
// themselves.
func (s *Store) Backup(ctx context.Context, file string) error {
	if err := s.backup(ctx, file); err != nil {
		return fmt.Errorf("back up the library to %s: %w", file, mapError(err))
	}
	return nil
}

// replaceable refuses to put a backup in the place of anything but an older one: a slip of
// the keyboard must not cost a photo, another program's catalogue, or a library, be it this
// one by another path.
func replaceable(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil // nothing there, or the copy will say what is wrong
	}
	if !info.Mode().IsRegular() {
		return errors.New("that is not a file")
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	// SQLite file format, 1.3: the magic, the write version at 18 (2: write-ahead log, which a
	// library in use has and a backup has not), the application id at 68.
	const magic, wal = "SQLite format 3\x00", 2
	head := make([]byte, 72)
	switch n, err := io.ReadFull(f, head); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	if string(head[:len(magic)]) != magic || binary.BigEndian.Uint32(head[68:]) != applicationID {
		return errors.New("there is a file that is no backup of a library; choose another name")
	}
	if head[18] == wal {
		return errors.New("there is a library; choose another name")
	}
	return nil
}

func (s *Store) backup(ctx context.Context, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(s.dir, file); err == nil && rel == dbName {
		return errors.New("that is the library itself")
	}
	if err := replaceable(file); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return err
	}
	c, err := s.ro.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	// An open read transaction keeps the copy on one state: without it every write by the
	// indexer would make it start again.
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") //nolint:errcheck // it only read
	var one int
	if err := c.QueryRowContext(ctx, "SELECT one FROM library").Scan(&one); err != nil {
		return err
	}
	return copyDatabase(ctx, c, file, s.vfs)
}

// Restore puts the backup in file in the place of the library in dir, which must not be
// open. The file is checked first and left as it is. The library that was there is kept in
// dir/backups, as before-restore-TIME.db, or, if it is damaged, as a plain copy of its files.
// The restored library has a new id, so that no cache of the old one is taken for its own.
//
// Errors: library.ErrDamaged when file is no sound Descry database, library.ErrNewer,
// library.ErrInUse, library.ErrDiskFull.
func Restore(ctx context.Context, file, dir string) error {
	all, err := readMigrations(embedded)
	if err == nil {
		err = restore(ctx, file, dir, len(all))
	}
	if err != nil {
		return fmt.Errorf("restore the library from %s: %w", file, mapError(err))
	}
	return nil
}

// CheckBackup refuses a file that Restore would refuse, with the same errors. The file is
// only read.
func CheckBackup(ctx context.Context, file string) error {
	all, err := readMigrations(embedded)
	if err == nil {
		err = withBackup(ctx, file, len(all), func(*sql.Conn) error { return nil })
	}
	if err != nil {
		return fmt.Errorf("check the backup %s: %w", file, mapError(err))
	}
	return nil
}

func restore(ctx context.Context, file, dir string, known int) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	current := filepath.Join(dir, dbName)
	if file == current {
		return errors.New("that is the library itself")
	}
	return withBackup(ctx, file, known, func(src *sql.Conn) error { return putInPlace(ctx, src, dir, current) })
}

// withBackup runs fn on a backup file that is a sound library of a version up to known. The
// file is only read.
func withBackup(ctx context.Context, file string, known int, fn func(*sql.Conn) error) error {
	if err := checkFile(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", dsn(file, true, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkBackup(ctx, c, known); err != nil {
		return err
	}
	return fn(c)
}

// putInPlace copies a database to where the library of dir is, which it keeps.
func putInPlace(ctx context.Context, src *sql.Conn, dir, current string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return mapOS(err)
	}
	held, err := lock(dir, Holder{PID: os.Getpid(), Program: "descry restore", Since: time.Now()})
	if err != nil {
		return err
	}
	defer held.Close()
	if err := finishReplacing(current); err != nil {
		return err
	}
	fresh := current + newSuffix
	if err := copyDatabase(ctx, src, fresh, ""); err != nil {
		return err
	}
	if err := renewID(ctx, fresh); err != nil {
		return err
	}
	if err := setAside(ctx, dir); err != nil {
		return fmt.Errorf("keep the library that is there: %w", err)
	}
	return replaceDatabase(current, fresh)
}

// checkBackup refuses a database that is not a sound library of a version up to known.
func checkBackup(ctx context.Context, c *sql.Conn, known int) error {
	version, err := userVersion(ctx, c)
	if err != nil {
		return err
	}
	if version == 0 {
		return fmt.Errorf("%w: it is not a library of Descry", library.ErrDamaged)
	}
	if err := checkVersion(version, known); err != nil {
		return err
	}
	var found string
	if err := c.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", library.ErrDamaged, found)
	}
	return nil
}

// renewID makes a copied database a library of its own.
func renewID(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite3", plainDSN(file, ""))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE library SET id = ?", newID())
	return errors.Join(err, db.Close())
}

// setAside copies the library in dir to its backups folder and empties its write-ahead log.
func setAside(ctx context.Context, dir string) error {
	current := filepath.Join(dir, dbName)
	if _, err := os.Stat(current); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	folder := filepath.Join(dir, "backups")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return mapOS(err)
	}
	name := filepath.Join(folder, "before-restore-"+time.Now().UTC().Format("20060102-150405.000"))
	err := func() error {
		if err := checkFile(current); err != nil {
			return err
		}
		db, err := sql.Open("sqlite3", dsn(current, false, ""))
		if err != nil {
			return err
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		c, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		return copyDatabase(ctx, c, name+".db", "")
	}()
	if err == nil || !errors.Is(mapError(err), library.ErrDamaged) {
		return err
	}
	// Damaged: keep every byte, something may still be had from it.
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(current+suffix, name+".damaged.db"+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
