package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"descry/internal/disk"
	"descry/library"
)

// copyPages is how many pages a copy moves at a time: 4 MiB.
const copyPages = 1024

// wholeSuffix ends the name of a database that is to take the place of the library's own.
const wholeSuffix = ".whole"

// replaceDatabase puts the database fresh, closed and synced, in the place of current. The
// write-ahead log of current has to go before, for it would be replayed into the new one; and
// what it holds is then lacking in current. So fresh first gets a name that says that it is
// the library from now on: whoever opens the library next finishes what a killed process
// had begun.
func replaceDatabase(current, fresh string) error {
	if err := os.Rename(fresh, current+wholeSuffix); err != nil {
		return mapOS(err)
	}
	if err := disk.SyncFolder(filepath.Dir(current)); err != nil {
		return err
	}
	return finishReplacing(current)
}

// finishReplacing does what is left of replaceDatabase, if anything. Only who holds the lock
// may call it.
func finishReplacing(current string) error {
	whole := current + wholeSuffix
	if _, err := os.Lstat(whole); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := removeFiles(current, "-wal", "-shm", "-journal"); err != nil {
		return err
	}
	if err := os.Rename(whole, current); err != nil {
		return mapOS(err)
	}
	return disk.SyncFolder(filepath.Dir(current))
}

// partSuffix ends the name of a copy under way.
const partSuffix = ".part"

// copyDatabase writes a copy of the database behind c to file, by SQLite's online backup:
// others may read and write meanwhile. The copy is checked, and gets its name when it is
// whole, sound and synced. vfs is the SQLite VFS to write with, "" for the system's.
func copyDatabase(ctx context.Context, c *sql.Conn, file, vfs string) error {
	part := file + partSuffix
	if err := removeDatabase(part); err != nil {
		return err
	}
	if err := copyTo(ctx, c, part, vfs); err != nil {
		return errors.Join(mapError(err), removeDatabase(part))
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	// A journal that a killed process left beside an older file of this name would be read
	// into the new one.
	if err := removeFiles(file, "-wal", "-shm", "-journal"); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return mapOS(err)
	}
	return disk.SyncFolder(filepath.Dir(file))
}

func copyTo(ctx context.Context, c *sql.Conn, part, vfs string) error {
	db, err := sql.Open("sqlite3", plainDSN(part, vfs))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	dst, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer dst.Close()
	err = dst.Raw(func(d any) error {
		return c.Raw(func(src any) error {
			b, err := d.(*sqlite3.SQLiteConn).Backup("main", src.(*sqlite3.SQLiteConn), "main")
			if err != nil {
				return err
			}
			// Steps keep the copy cancellable. A write by the same connection is carried into
			// the copy; one by another connection makes it start again.
			for {
				done, err := b.Step(copyPages)
				if err == nil && !done {
					err = ctx.Err()
				}
				if err != nil || done {
					return errors.Join(err, b.Finish())
				}
			}
		})
	})
	if err != nil {
		return err
	}
	// Out of WAL mode: a backup is one file. The pragma is no error where it could not.
	if _, err := dst.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	var mode string
	if err := dst.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode); err != nil {
		return err
	}
	if mode != "delete" {
		return errors.New("the copy could not be made one file")
	}
	if err := quickCheck(ctx, dst); err != nil {
		return err
	}
	return errors.Join(dst.Close(), db.Close())
}

// quickCheck refuses a database whose pages are not sound.
func quickCheck(ctx context.Context, q querier) error {
	var found string
	if err := q.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", library.ErrDamaged, found)
	}
	return nil
}

func removeDatabase(file string) error { return removeFiles(file, "", "-wal", "-shm", "-journal") }

// removeFiles removes the files of these names that are there.
func removeFiles(file string, suffixes ...string) error {
	for _, suffix := range suffixes {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// copyFile copies the bytes of a file to a new one.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return mapOS(err)
	}
	_, err = io.Copy(out, in)
	return mapOS(errors.Join(err, out.Sync(), out.Close()))
}
