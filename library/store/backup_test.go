package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/library"
)

func TestBackupAndRestore(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo := l.add("a.jpg", 1)
	l.confirm(l.label("animals", "dog"), photo)
	want := l.dump()
	file := filepath.Join(t.TempDir(), "backup.db")
	noError(t, l.Backup(ctx, file))
	info, err := os.Stat(file)
	noError(t, err)
	same(t, "mode", info.Mode().Perm(), os.FileMode(0o600))
	for _, bad := range []string{filepath.Join(l.Dir(), dbName), t.TempDir(), filepath.Join(t.TempDir(), "none", "b.db")} {
		if err := l.Backup(ctx, bad); err == nil {
			t.Errorf("backed up to %s", bad)
		}
	}
	slip := filepath.Join(t.TempDir(), "photo.jpg")
	noError(t, os.WriteFile(slip, []byte("a photo"), 0o644))
	if err := l.Backup(ctx, slip); err == nil {
		t.Error("a backup took the place of a photo")
	}
	left, err := os.ReadFile(slip)
	noError(t, err)
	same(t, "the photo", string(left), "a photo")
	alias := filepath.Join(t.TempDir(), "alias")
	noError(t, os.Symlink(l.Dir(), alias))
	other := filepath.Join(t.TempDir(), "other")
	noError(t, openLib(t, other).Close())
	foreign := filepath.Join(t.TempDir(), "catalogue.db")
	db, err := sql.Open("sqlite3", foreign)
	noError(t, err)
	_, err = db.ExecContext(ctx, "CREATE TABLE pictures (id)")
	noError(t, errors.Join(err, db.Close()))
	for _, bad := range []string{filepath.Join(alias, dbName), filepath.Join(other, dbName), foreign} {
		before, err := os.Stat(bad)
		noError(t, err)
		if err := l.Backup(ctx, bad); err == nil {
			t.Errorf("a backup took the place of %s", bad)
		}
		after, err := os.Stat(bad)
		noError(t, err)
		same(t, "the same file as before", os.SameFile(before, after), true)
	}
	noError(t, l.Backup(ctx, file)) // over an older backup
	l.add("b.jpg", 2)
	later := l.dump()
	id, dir := l.LibraryID(), l.Dir()
	noError(t, l.Close())

	// Into an empty place, and over a library: what was there is kept.
	empty := filepath.Join(t.TempDir(), "new")
	for _, to := range []string{empty, dir} {
		noError(t, Restore(ctx, file, to))
		s, err := Open(ctx, to, Options{})
		noError(t, err)
		r := &lib{Store: s, t: t}
		same(t, "restored", r.dump(), want)
		if r.LibraryID() == id {
			t.Error("the restored library kept its id")
		}
		r.check()
		noError(t, r.Close())
	}
	kept, err := filepath.Glob(filepath.Join(dir, "backups", "before-restore-*.db"))
	noError(t, err)
	same(t, "number of files kept", len(kept), 1)
	noError(t, Restore(ctx, kept[0], dir))
	s, err := Open(ctx, dir, Options{})
	noError(t, err)
	r := &lib{Store: s, t: t}
	same(t, "back again", r.dump(), later)
	noError(t, r.Close())

	for name, content := range map[string]string{"text": "This is no database at all.", "nothing": ""} {
		bad := filepath.Join(t.TempDir(), name)
		noError(t, os.WriteFile(bad, []byte(content), 0o600))
		wantError(t, Restore(ctx, bad, dir), library.ErrDamaged)
	}
	b, err := os.ReadFile(file)
	noError(t, err)
	for i := range 4096 {
		b[len(b)/2/4096*4096+i] = 0x55
	}
	noError(t, os.WriteFile(file, b, 0o600))
	wantError(t, Restore(ctx, file, dir), library.ErrDamaged)
	s, err = Open(ctx, dir, Options{})
	noError(t, err)
	r = &lib{Store: s, t: t}
	same(t, "untouched by bad backups", r.dump(), later)
	noError(t, r.Close())
}

// A restore that was killed while it wrote leaves a journal beside its copy, which must not
// be taken for one of the next restore's.
func TestRestoreAfterAKilledOne(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	old, file := filepath.Join(t.TempDir(), "old.db"), filepath.Join(t.TempDir(), "backup.db")
	noError(t, l.Backup(ctx, old))
	for i := range int64(200) {
		l.add(fmt.Sprintf("%d.jpg", i), i)
	}
	want := l.dump()
	noError(t, l.Backup(ctx, file))
	dir := l.Dir()
	noError(t, l.Close())

	fresh := filepath.Join(dir, dbName+".new")
	b, err := os.ReadFile(old)
	noError(t, err)
	noError(t, os.WriteFile(fresh, b, 0o600))
	db, err := sql.Open("sqlite3", fresh+"?_cache_size=4")
	noError(t, err)
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	noError(t, err)
	for i := range 500 { // more than the cache holds, so that the journal is on disk
		_, err := tx.ExecContext(ctx, "INSERT INTO setting (key, value) VALUES (?, ?)", i, strings.Repeat("x", 2000))
		noError(t, err)
	}
	journal, err := os.ReadFile(fresh + "-journal")
	noError(t, err)
	noError(t, errors.Join(tx.Rollback(), db.Close()))
	noError(t, os.WriteFile(fresh+"-journal", journal, 0o600))

	restored := func() {
		t.Helper()
		noError(t, Restore(ctx, file, dir))
		s, err := Open(ctx, dir, Options{})
		noError(t, err)
		r := &lib{Store: s, t: t}
		same(t, "restored", r.dump(), want)
		r.check()
		noError(t, r.Close())
	}
	restored()

	// Nor one beside a library that is damaged.
	noError(t, os.WriteFile(filepath.Join(dir, dbName), []byte("no database"), 0o600))
	noError(t, os.WriteFile(filepath.Join(dir, dbName+"-journal"), journal, 0o600))
	restored()
}
