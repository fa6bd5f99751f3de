package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"descry/library"
)

//go:embed migrations/*.sql
var embedded embed.FS

// applicationID marks a database file as Descry's ("Dscr"); PRAGMA application_id.
const applicationID = 0x44736372

// migration is one numbered step of the schema. After it, user_version is its number.
type migration struct {
	version int
	name    string
	sql     string
}

// readMigrations reads NNNN_name.sql files; they must count 1, 2, 3 … without a gap.
func readMigrations(fsys fs.FS) ([]migration, error) {
	names, err := fs.Glob(fsys, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []migration
	for i, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".sql")
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.Atoi(number)
		if err != nil || v != i+1 {
			return nil, fmt.Errorf("migration %s should have number %04d", name, i+1)
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		out = append(out, migration{version: v, name: base, sql: string(b)})
	}
	return out, nil
}

// userVersion reads the schema version and refuses what is not a Descry library.
func userVersion(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) (int, error) {
	var app, version int
	if err := q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return 0, mapError(err)
	}
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, mapError(err)
	}
	if app != applicationID && version != 0 {
		return 0, fmt.Errorf("%w: library.db is a database of another program", library.ErrDamaged)
	}
	return version, nil
}

// migrate brings the database up to the last migration, each in its own transaction and
// each after a backup of what was there (backup is called with the version that is left).
func migrate(ctx context.Context, c *sql.Conn, all []migration, backup func(version int) error) (err error) {
	version, err := userVersion(ctx, c)
	if err != nil {
		return err
	}
	if version >= len(all) {
		return checkVersion(version, len(all))
	}
	// Rebuilding a table is impossible with foreign keys on; they are checked at the end of
	// each step instead.
	if _, err := c.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return mapError(err)
	}
	defer func() {
		_, e := c.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = ON")
		err = errors.Join(err, mapError(e))
	}()
	for _, m := range all[version:] {
		if m.version > 1 {
			if err := backup(m.version - 1); err != nil {
				return fmt.Errorf("back up the library before migration %s: %w", m.name, err)
			}
		}
		if err := apply(ctx, c, m); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, mapError(err))
		}
	}
	return nil
}

func apply(ctx context.Context, c *sql.Conn, m migration) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	if _, err := tx.ExecContext(ctx, m.sql); err != nil {
		return err
	}
	var broken int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%d rows would lose what they refer to", broken)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d",
		m.version, applicationID)); err != nil {
		return err
	}
	return tx.Commit()
}

func checkVersion(version, known int) error {
	if version > known {
		return fmt.Errorf("%w: it has format %d and this version knows formats up to %d",
			library.ErrNewer, version, known)
	}
	return nil
}
