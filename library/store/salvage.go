package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"descry/internal/disk"
	"descry/library"
	"descry/library/store/pages"
)

// Salvaged tells what was had from a damaged library.
type Salvaged struct {
	Kept   string         // where the damaged database is kept
	Backup string         // the backup that filled gaps, "" where none was needed or there
	Saved  map[string]int // rows read from the damaged database, by table
	Filled map[string]int // rows taken from the backup, by table
	Lost   map[string]int // pages and rows that could not be read, by table; "" for unknown ones
}

// Salvage makes a sound library of the damaged one in dir, which must not be open. Every row
// that can still be read is taken, page by page; what the person said comes first, and the
// newest sound backup fills what is lacking of it without taking the place of anything newer.
// What was derived from photos is taken as far as it goes; the next indexing run makes the
// rest anew, and joins photos whose content was lost with their words. The damaged database
// is kept beside the new one, as library.db.damaged-TIME. Until the new one is whole, nothing
// is changed.
//
// Errors: library.ErrInUse, library.ErrDiskFull, library.ErrNotFound when there is neither a
// database nor a backup.
func Salvage(ctx context.Context, dir string, log *slog.Logger) (Salvaged, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	out, err := salvage(ctx, dir, log)
	if err != nil {
		return out, fmt.Errorf("salvage the library in %s: %w", dir, mapError(err))
	}
	return out, nil
}

func salvage(ctx context.Context, dir string, log *slog.Logger) (out Salvaged, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return out, err
	}
	if _, err := os.Stat(dir); err != nil {
		return out, err
	}
	held, err := lock(dir, Holder{PID: os.Getpid(), Program: "descry doctor --repair", Since: time.Now()})
	if err != nil {
		return out, err
	}
	defer held.Close()
	all, err := readMigrations(embedded)
	if err != nil {
		return out, err
	}
	current := filepath.Join(dir, dbName)
	fresh := current + newSuffix
	if err := errors.Join(finishReplacing(current), clearLeftovers(dir)); err != nil {
		return out, err
	}
	v := &salvager{ctx: ctx, all: all, log: log, out: Salvaged{Saved: map[string]int{}, Filled: map[string]int{}, Lost: map[string]int{}}}
	if err := v.make(fresh); err != nil {
		return out, err
	}
	defer v.close()
	backup, err := v.backup(dir)
	if err != nil {
		return out, err
	}
	found, err := v.readDamaged(current)
	if err != nil {
		return out, err
	}
	if !found && backup == "" {
		return out, fmt.Errorf("there is neither a database nor a backup: %w", library.ErrNotFound)
	}
	if backup != "" {
		if err := v.fill(); err != nil {
			return out, fmt.Errorf("fill gaps from the backup %s: %w", v.out.Backup, err)
		}
	}
	if err := v.join(); err != nil {
		return out, err
	}
	if err := v.finish(); err != nil {
		return out, err
	}
	if v.out.Kept, err = keepDamaged(current); err != nil {
		return out, err
	}
	return v.out, replaceDatabase(current, fresh)
}

// keepDamaged gives the damaged database and its log a second name.
func keepDamaged(current string) (string, error) {
	if _, err := os.Stat(current); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(current + "-wal"); err != nil {
			return "", nil
		}
	}
	base := current + ".damaged-" + time.Now().UTC().Format("20060102-150405.000")
	for _, suffix := range []string{"", "-wal"} {
		if _, err := os.Stat(current + suffix); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.Link(current+suffix, base+suffix); err == nil {
			continue
		}
		if err := copyFile(current+suffix, base+suffix); err != nil { // no links on this disk
			return "", err
		}
	}
	return base, disk.SyncFolder(filepath.Dir(current))
}

// salvager builds a sound database from a damaged one.
type salvager struct {
	ctx    context.Context
	all    []migration
	log    *slog.Logger
	db     *sql.DB
	c      *sql.Conn
	tables []*salvageTable
	temp   string // folder of the migrated copy of the backup
	out    Salvaged
}

// salvageTable is a table that rows are taken into.
type salvageTable struct {
	name  string
	cols  []salvageColumn // in the order in which they are stored
	rowid bool
	alias int // index of the column that is the rowid, -1 for none
	least int // columns that a row has at least: those of the first schema
	query string
	roots []uint32
}

type salvageColumn struct {
	name, kind string
	notNull    bool
	hasDefault bool
}

// derivedAnew are the tables that are not salvaged: they are made anew from the others.
var derivedAnew = []string{"words", "stack_member", "stack_folder", "tagging_progress"}

// make makes the new database with the newest schema and learns its tables.
func (v *salvager) make(fresh string) (err error) {
	if v.db, err = sql.Open("sqlite3", plainDSN(fresh, "")); err != nil {
		return err
	}
	v.db.SetMaxOpenConns(1)
	if v.c, err = v.db.Conn(v.ctx); err != nil {
		return err
	}
	if err := migrate(v.ctx, v.c, v.all, func(int) error { return nil }); err != nil {
		return err
	}
	// It is nobody's yet: what a power cut leaves of it is thrown away.
	if err := v.exec("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"); err != nil {
		return err
	}
	var names []string
	err = eachRow(v.ctx, v.c, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		AND name NOT LIKE 'words\_%' ESCAPE '\' ORDER BY name`, nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		if !slices.Contains(derivedAnew, name) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	first, err := columnsOf(v.ctx, v.all[0])
	if err != nil {
		return err
	}
	for _, name := range names {
		t, err := v.table(name)
		if err != nil {
			return err
		}
		if t.least = first[name]; t.least == 0 {
			t.least = len(t.cols)
		}
		v.tables = append(v.tables, t)
	}
	return nil
}

// columnsOf counts the columns of the tables that a migration makes.
func columnsOf(ctx context.Context, m migration) (map[string]int, error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, m.sql); err != nil {
		return nil, err
	}
	out := map[string]int{}
	err = eachRow(ctx, db, "SELECT t.name, count(*) FROM pragma_table_list t, pragma_table_info(t.name) GROUP BY 1", nil,
		func(rows *sql.Rows) error {
			var name string
			var n int
			err := rows.Scan(&name, &n)
			out[name] = n
			return err
		})
	return out, err
}

func (v *salvager) table(name string) (*salvageTable, error) {
	t := &salvageTable{name: name, alias: -1}
	var without bool
	if err := v.c.QueryRowContext(v.ctx, "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", name).Scan(&without); err != nil {
		return nil, err
	}
	t.rowid = !without
	type column struct {
		salvageColumn
		pk int
	}
	var cols []column
	err := eachRow(v.ctx, v.c, `SELECT name, upper(type), "notnull", dflt_value IS NOT NULL, pk FROM pragma_table_info(?) ORDER BY cid`, []any{name},
		func(rows *sql.Rows) error {
			var c column
			err := rows.Scan(&c.name, &c.kind, &c.notNull, &c.hasDefault, &c.pk)
			cols = append(cols, c)
			return err
		})
	if err != nil {
		return nil, err
	}
	keys := 0
	for _, c := range cols {
		if c.pk > 0 {
			keys++
		}
	}
	if without {
		// Stored with the columns of the key first, in the order of the key.
		slices.SortStableFunc(cols, func(a, b column) int {
			order := func(c column) int {
				if c.pk > 0 {
					return c.pk
				}
				return len(cols) + 1
			}
			return cmp.Compare(order(a), order(b))
		})
	}
	var names, marks []string
	for i, c := range cols {
		if t.rowid && keys == 1 && c.pk == 1 && c.kind == "INTEGER" {
			t.alias = i
		}
		c.notNull = c.notNull || (without && c.pk > 0)
		t.cols = append(t.cols, c.salvageColumn)
		names, marks = append(names, c.name), append(marks, "?")
	}
	t.query = fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", name, strings.Join(names, ", "), strings.Join(marks, ", "))
	return t, nil
}

// fits reports whether a row can be one of the table: an older schema has fewer columns at
// the end.
func (t *salvageTable) fits(r pages.Row) bool {
	if len(r.Values) > len(t.cols) {
		return false
	}
	for i, c := range t.cols {
		if i >= len(r.Values) {
			if c.notNull && !c.hasDefault {
				return false
			}
			continue
		}
		if i == t.alias {
			if r.Values[i] != nil {
				return false
			}
			continue
		}
		ok := false
		switch val := r.Values[i].(type) {
		case nil:
			ok = !c.notNull
		case int64:
			ok = c.kind == "INTEGER" || c.kind == "REAL"
		case float64:
			ok = c.kind == "REAL"
		case string:
			ok = c.kind == "TEXT" && !strings.ContainsRune(val, 0)
		case []byte:
			ok = c.kind == "BLOB"
		}
		if !ok {
			return false
		}
	}
	return t.plausible(r)
}

// plausible tells tables apart whose columns are of the same types.
func (t *salvageTable) plausible(r pages.Row) bool {
	number := func(name string) (int64, bool) {
		i := slices.IndexFunc(t.cols, func(c salvageColumn) bool { return c.name == name })
		if i < 0 || i >= len(r.Values) {
			return 0, false
		}
		n, ok := r.Values[i].(int64)
		return n, ok
	}
	for _, flag := range []string{"removed", "builtin", "undone", "favourite", "shown"} {
		if n, ok := number(flag); ok && n != 0 && n != 1 {
			return false
		}
	}
	for _, at := range []string{"at_ms", "added_ms", "created_ms"} {
		if n, ok := number(at); ok && t.name != "vector" && (n < 0 || n > 1<<45) {
			return false
		}
	}
	switch n, _ := number("dim"); {
	case t.name == "space" && (n < 2 || n > 1<<16):
		return false
	case t.name == "failure":
		at, _ := number("at_ms")
		return at > 1<<16
	}
	return true
}

// ambiguous are tables without rowid whose pages look like those of an index of another one:
// a page without its way from the root cannot be told from those.
var ambiguous = []string{"album_photo", "distinct_pair"}

// readDamaged takes all that can be read of the damaged database. It reports whether there is
// one at all.
func (v *salvager) readDamaged(file string) (bool, error) {
	db, size, err := openSized(file)
	if err != nil {
		return false, err
	}
	if db != nil {
		defer db.Close()
	}
	wal, walSize, err := openSized(file + "-wal")
	if err != nil {
		return false, err
	}
	if wal != nil {
		defer wal.Close()
	}
	if size == 0 && walSize == 0 {
		v.out.Lost[""]++
		return db != nil, nil
	}
	f, err := pages.Open(db, size, wal, walSize)
	if err != nil {
		v.out.Lost[""]++
		return true, nil //nolint:nilerr // nothing in it: the backup has to do
	}
	v.findRoots(f)
	if err := v.exec("BEGIN"); err != nil {
		return true, err
	}
	for _, t := range v.tables {
		for _, root := range t.roots {
			if err := v.take(t, f, root); err != nil {
				return true, err
			}
		}
	}
	if err := v.strays(f); err != nil {
		return true, err
	}
	return true, v.exec("COMMIT")
}

func openSized(file string) (*os.File, int64, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, st.Size(), nil
}

// findRoots learns where the tables begin: from the schema in the file, and where that does
// not say from the backup, a copy page by page, or else from the new database, which was
// made by the same steps.
func (v *salvager) findRoots(f *pages.File) {
	said := map[string]uint32{}
	for _, r := range f.Tables() {
		said[r.Name] = r.Page
	}
	taken := map[uint32]bool{}
	for _, page := range said {
		taken[page] = true
	}
	for _, schema := range []string{"b.sqlite_schema", "main.sqlite_schema"} {
		if len(said) >= len(v.tables) {
			break
		}
		_ = eachRow(v.ctx, v.c, "SELECT name, rootpage FROM "+schema+" WHERE type = 'table' AND rootpage > 1", nil,
			func(rows *sql.Rows) error {
				var name string
				var page uint32
				err := rows.Scan(&name, &page)
				if _, ok := said[name]; !ok && !taken[page] {
					said[name], taken[page] = page, true
				}
				return err
			}) // b is not there without a backup
	}
	for _, t := range v.tables {
		if page, ok := said[t.name]; ok {
			t.roots = []uint32{page}
		} else {
			v.out.Lost[t.name]++
		}
	}
}

// take takes the rows of a table from a b-tree.
func (v *salvager) take(t *salvageTable, f *pages.File, root uint32) error {
	var failed error
	bad := f.Walk(root, func(r pages.Row) bool {
		if failed != nil || !t.fits(r) {
			return false
		}
		failed = v.insert(t, r)
		return true
	})
	if bad > 0 {
		v.out.Lost[t.name] += bad
	}
	return failed
}

func (v *salvager) insert(t *salvageTable, r pages.Row) error {
	if err := v.ctx.Err(); err != nil {
		return err
	}
	values := make([]any, len(t.cols))
	copy(values, r.Values)
	if t.alias >= 0 {
		values[t.alias] = r.ID
	}
	query := t.query
	if len(r.Values) < len(t.cols) {
		// Columns that came later have their defaults.
		query = insertPrefix(t, len(r.Values))
		values = values[:len(r.Values)]
	}
	res, err := v.c.ExecContext(v.ctx, query, values...)
	if err != nil {
		if errors.Is(mapError(err), library.ErrDiskFull) || v.ctx.Err() != nil {
			return err
		}
		v.out.Lost[t.name]++ // a row that breaks a rule of the schema
		return nil
	}
	if n, err := res.RowsAffected(); err == nil {
		v.out.Saved[t.name] += int(n)
	}
	return nil
}

func insertPrefix(t *salvageTable, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = t.cols[i].name
	}
	return fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", t.name, strings.Join(names, ", "),
		strings.TrimSuffix(strings.Repeat("?, ", n), ", "))
}

// strays takes rows from pages whose way from the root was lost, where it can be only one
// damaged table's.
func (v *salvager) strays(f *pages.File) error {
	var failed error
	f.Stray(func(l pages.Leaf) bool {
		var owner *salvageTable
		for _, t := range v.tables {
			if v.out.Lost[t.name] == 0 || t.rowid != l.Table || slices.Contains(ambiguous, t.name) {
				continue
			}
			all := true
			for _, r := range l.Rows {
				all = all && len(r.Values) >= t.least && t.fits(r)
			}
			if !all {
				continue
			}
			if owner != nil {
				return false
			}
			owner = t
		}
		if owner == nil || failed != nil {
			return false
		}
		for _, r := range l.Rows {
			if failed = v.insert(owner, r); failed != nil {
				return false
			}
		}
		return true
	})
	return failed
}

func (v *salvager) exec(query string, args ...any) error {
	_, err := v.c.ExecContext(v.ctx, query, args...)
	return err
}

func (v *salvager) close() {
	if v.c != nil {
		_ = v.c.Close()
	}
	if v.db != nil {
		_ = v.db.Close()
	}
	if v.temp != "" {
		_ = os.RemoveAll(v.temp)
	}
}
