package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/library"
)

// at makes the clock of a library stand at a time.
func (l *lib) at(when string) {
	l.t.Helper()
	t, err := time.Parse(time.DateTime, when)
	noError(l.t, err)
	l.now = func() time.Time { return t }
}

// days lists the daily backups once the one under way is done.
func (l *lib) days() []string {
	l.t.Helper()
	noError(l.t, l.gate.enter(l.t.Context(), false))
	l.finishDaily()
	l.gate.leave()
	days, err := dailies(l.backupsDir())
	noError(l.t, err)
	return days
}

// dumpOf is the listing of what a backup holds.
func dumpOf(t *testing.T, backup string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	err := Restore(t.Context(), backup, dir)
	noError(t, err)
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	r := &lib{Store: s, t: t}
	r.check()
	defer s.Close()
	return r.dump()
}

func TestDailyBackups(t *testing.T) {
	l := newLib(t)
	photo := l.add("a.jpg", 1)
	dog := l.label("animals", "dog")
	same(t, "backups of the first day", l.days(), nil)
	before := l.dump()

	l.at("2024-05-02 08:00:00")
	l.confirm(dog, photo)
	same(t, "backups of the second day", l.days(), []string{"2024-05-02"})
	file := filepath.Join(l.backupsDir(), "daily-2024-05-02.db")
	same(t, "the backup is of the state before", dumpOf(t, file), before)
	info, err := os.Stat(file)
	noError(t, err)
	same(t, "mode", info.Mode().Perm(), os.FileMode(0o600))
	l.at("2024-05-02 23:59:59")
	l.add("b.jpg", 2)
	again, err := os.Stat(file)
	noError(t, err)
	same(t, "one backup a day", again.ModTime(), info.ModTime())

	st, err := l.Backups(t.Context())
	noError(t, err)
	same(t, "state", st, BackupState{Newest: file, Made: info.ModTime(), Count: 1})
	noError(t, os.WriteFile(file, []byte("no backup"), 0o600))
	_, err = l.Backups(t.Context())
	wantError(t, err, library.ErrDamaged)
	noError(t, os.Remove(file))
	st, err = l.Backups(t.Context())
	noError(t, err)
	same(t, "what is lacking", st, BackupState{Lacks: "2024-05-02"})
}

// A clock that goes back neither stops backups nor removes the ones that are newer by name;
// one that was ahead for a while leaves no backup that would stop later ones.
func TestBackupsWithAWrongClock(t *testing.T) {
	l := newLib(t)
	for i, when := range []string{
		"2024-05-02 08:00:00", "2024-05-03 08:00:00", "2010-01-01 00:00:00", "2010-01-02 00:00:00",
		"2099-12-31 08:00:00", "2024-05-04 08:00:00",
	} {
		l.at(when)
		l.add(fmt.Sprintf("%d.jpg", i), int64(i))
		l.days()
	}
	same(t, "backups", l.days(), []string{"2010-01-01", "2010-01-02", "2024-05-02", "2024-05-03", "2024-05-04", "2099-12-31"})
	noError(t, rotate(l.backupsDir(), "2010-01-03"))
	same(t, "none is removed for being ahead", len(l.days()), 6)
}

func TestWhichBackupsAreKept(t *testing.T) {
	folder := t.TempDir()
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) // a Monday
	for range 60 {
		name := day.Format(time.DateOnly)
		noError(t, os.WriteFile(filepath.Join(folder, dailyPrefix+name+dailySuffix), []byte(name), 0o600))
		noError(t, rotate(folder, name))
		day = day.AddDate(0, 0, 1)
	}
	foreign := filepath.Join(folder, "before-restore-20240101-000000.000.db")
	noError(t, os.WriteFile(foreign, nil, 0o600))
	noError(t, rotate(folder, "2024-02-29"))
	days, err := dailies(folder)
	noError(t, err)
	same(t, "kept", days, []string{
		"2024-01-28", "2024-02-04", "2024-02-11", "2024-02-18", // Sundays
		"2024-02-23", "2024-02-24", "2024-02-25", "2024-02-26", "2024-02-27", "2024-02-28", "2024-02-29",
	})
	_, err = os.Stat(foreign)
	noError(t, err)
}

// What a process was making when it was killed goes when the library is opened for writing.
func TestLeftoversGo(t *testing.T) {
	l := newLib(t)
	l.add("a.jpg", 1)
	want := l.dump()
	noError(t, l.Close())
	dir := l.Dir()
	left := []string{
		dbName + newSuffix, dbName + newSuffix + partSuffix, salvageStart + "123/" + dbName,
		"backups/" + dailyPrefix + "2024-02-03" + dailySuffix + partSuffix,
	}
	for _, name := range left {
		noError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		noError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	for _, name := range left {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	var got strings.Builder
	noError(t, s.Dump(t.Context(), &got, true, true))
	same(t, "dump", got.String(), want)
}

func TestRenewBackups(t *testing.T) {
	l := newLib(t)
	l.add("a.jpg", 1)
	l.at("2024-05-02 08:00:00")
	l.add("b.jpg", 2)
	l.days()
	l.at("2024-05-03 08:00:00")
	l.add("c.jpg", 3)
	same(t, "backups", len(l.days()), 2)
	noError(t, os.WriteFile(filepath.Join(l.Dir(), dbName+".damaged-20240501-120000"), nil, 0o600))
	own := filepath.Join(l.backupsDir(), "my notes.txt")
	noError(t, os.WriteFile(own, nil, 0o600))
	noError(t, l.RenewBackups(t.Context()))
	_, err := os.Stat(own)
	noError(t, err)
	same(t, "backups", l.days(), []string{"2024-05-03"})
	same(t, "what it holds", dumpOf(t, filepath.Join(l.backupsDir(), "daily-2024-05-03.db")), l.dump())
	aside, err := filepath.Glob(filepath.Join(l.Dir(), dbName+".damaged-*"))
	noError(t, err)
	same(t, "kept by a repair", len(aside), 0)
}

// Purging takes what is missing for certain, and nothing that may come back by itself.
func TestPurgeMissing(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	dog := l.label("animals", "dog")
	add := func(path string, n int64) library.PhotoID {
		p := l.add(path, n)
		l.confirm(dog, p)
		return p
	}
	here := add("here.jpg", 1)
	missing := add("missing.jpg", 2)
	twice := add("twice.jpg", 3)
	l.put("copy of twice.jpg", 4, l.reading("twice.jpg"))
	l.apply(Gone, "missing.jpg", library.Stat{})
	l.apply(Gone, "twice.jpg", library.Stat{})

	photos := l.root
	root, err := l.AddRoot(ctx, "/stick", "")
	noError(t, err)
	l.root = root
	away := add("away.jpg", 5)
	l.apply(Gone, "away.jpg", library.Stat{}) // and then its disk was taken away
	noError(t, l.SetRootState(ctx, root.ID, library.Offline, ""))
	removed, err := l.AddRoot(ctx, "/removed", "")
	noError(t, err)
	l.root = removed
	waiting := add("waiting.jpg", 6)
	noError(t, l.RemoveRoot(ctx, removed.ID))
	l.root = photos
	before := l.dump()

	backup, n, pictures, err := l.PurgeMissing(ctx)
	noError(t, err)
	same(t, "purged", n, 1)
	same(t, "pictures", pictures, []library.Picture{{Content: contentOf("missing.jpg"), Orientation: 1}})
	for _, p := range []library.PhotoID{here, twice, away, waiting} {
		same(t, fmt.Sprint("tag of photo ", p), l.tagged(p), "animals/dog confirmed")
	}
	_, err = l.Detail(ctx, missing)
	wantError(t, err, library.ErrNotFound)
	gone, err := l.MissingFiles(ctx)
	noError(t, err)
	same(t, "still missing", len(gone), 1)
	same(t, "the backup", dumpOf(t, backup), before)
	l.check()
	_, n, _, err = l.PurgeMissing(ctx)
	noError(t, err)
	same(t, "purged again", n, 0)
}

// A photo that comes back while others are purged stays, and is not counted.
func TestPurgeMissingLeavesWhatCameBack(t *testing.T) {
	l := newLib(t)
	for i, path := range []string{"gone.jpg", "back.jpg"} {
		l.add(path, int64(i+1))
		l.apply(Gone, path, library.Stat{})
	}
	now, back := l.now, sync.OnceFunc(func() { l.apply(Back, "back.jpg", library.Stat{}) })
	l.now = func() time.Time { // the backup has its name from it, when the photos have been listed
		l.now = now
		back()
		return now()
	}
	_, n, pictures, err := l.PurgeMissing(t.Context())
	noError(t, err)
	same(t, "purged", n, 1)
	same(t, "pictures", pictures, []library.Picture{{Content: contentOf("gone.jpg"), Orientation: 1}})
	files, err := l.MissingFiles(t.Context())
	noError(t, err)
	same(t, "still missing", len(files), 0)
	l.check()
}

// A library that the first release's schema made is brought up to date with all that a
// person said, and the backup from before can be restored.
func TestUpgradeFromTheFirstSchema(t *testing.T) {
	all, err := readMigrations(embedded)
	noError(t, err)
	dir := filepath.Join(t.TempDir(), "library")
	s, err := open(t.Context(), dir, Options{}, all[:1])
	noError(t, err)
	for _, query := range []string{
		"INSERT INTO root (path, added_ms) VALUES (CAST('/photos' AS BLOB), 1)",
		"INSERT INTO content (id, scheme, digest) VALUES (1, 'jpeg1', randomblob(32)), (2, 'jpeg1', randomblob(32))",
		"INSERT INTO photo (id, content_id, orientation, sort_ms) VALUES (1, 1, 1, 5), (2, 2, 6, 6)",
		`INSERT INTO file (id, root_id, dir, name, size, mtime_ns, pending, photo_id) VALUES
			(1, 1, x'', CAST('a.jpg' AS BLOB), 1, 5000000, 0, 1), (2, 1, x'', CAST('b.jpg' AS BLOB), 1, 6000000, 0, 2),
			(3, 1, x'', CAST('c.tif' AS BLOB), 1, 7000000, 0, NULL)`,
		"INSERT INTO failure VALUES (3, 'decode', 'This kind of picture cannot be read.', 8)",
		`INSERT INTO metadata (file_id, format, width, height, orientation) VALUES (1, 'jpeg', 4, 3, 1), (2, 'jpeg', 4, 3, 6)`,
		"INSERT INTO words (rowid, name) VALUES (1, 'a.jpg'), (2, 'b.jpg')",
		"UPDATE photo SET primary_file = id, shown = 1",
		"INSERT INTO picture VALUES (1, 1, 4, 3, 77, 1.5, 0.5, 99)",
		"INSERT INTO label_set (id, name, title, settings, position) VALUES (1, 'animals', 'Animals', '{}', 1)",
		"INSERT INTO label (id, set_id, name, definition, position) VALUES (1, 1, 'dog', '{}', 1)",
		"INSERT INTO tag VALUES (1, 1, 'confirmed', 7), (2, 1, 'rejected', 8)",
		"INSERT INTO alt_text VALUES (2, 'en', 'A dog.', '', 'approved', 9)",
		"INSERT INTO mark VALUES (1, 4, 1)",
		"INSERT INTO album (id, name) VALUES (1, 'Best')",
		"INSERT INTO album_photo VALUES (1, 2, 1)",
		"INSERT INTO setting VALUES ('threads', '2')",
		"INSERT INTO journal (id, at_ms, what, photos) VALUES (1, 7, 'Rate 1 photo', 1)",
		`INSERT INTO journal_change VALUES (1, 1, 'mark', '{"photo_id":1}', NULL, '{"favourite":1,"photo_id":1,"rating":4}', 1)`,
	} {
		_, err := s.w.ExecContext(t.Context(), query)
		noError(t, err)
	}
	said := func(s *Store) (out []string) {
		for _, query := range []string{
			"SELECT group_concat(photo_id || ' ' || label_id || ' ' || state || ' ' || at_ms) FROM tag",
			"SELECT group_concat(photo_id || lang || text || extended || state || at_ms) FROM alt_text",
			"SELECT group_concat(photo_id || ' ' || rating || ' ' || favourite) FROM mark",
			"SELECT group_concat(a.name || x.photo_id || x.position) FROM album a JOIN album_photo x ON x.album_id = a.id",
			"SELECT group_concat(key || value) FROM setting",
			"SELECT group_concat(s.name || l.name || l.definition) FROM label l JOIN label_set s ON s.id = l.set_id",
			"SELECT group_concat(what || key || after) FROM journal j JOIN journal_change c ON c.journal_id = j.id",
		} {
			var text string
			noError(t, s.ro.QueryRowContext(t.Context(), query).Scan(&text))
			out = append(out, text)
		}
		return out
	}
	want := said(s)
	noError(t, s.Close())

	s, err = Open(t.Context(), dir, Options{})
	noError(t, err)
	same(t, "what a person said", said(s), want)
	noError(t, s.Integrity(t.Context()))
	upright, err := s.Find(t.Context(), Both(Shape(-1), Within(Width, 3, 3)))
	noError(t, err)
	same(t, "filters find them", upright, []library.PhotoID{2})
	var waiting string
	noError(t, s.ro.QueryRowContext(t.Context(), `SELECT group_concat(name || (SELECT count(*) FROM failure)) FROM file WHERE pending = 1`).Scan(&waiting))
	same(t, "what failed before is tried again", waiting, "c.tif0")
	_, _, err = s.Digest(t.Context())
	noError(t, err)
	_, err = s.Undo(t.Context(), 1)
	noError(t, err)
	noError(t, s.Close())

	// The backup is of the schema before, opens with the program before, and can be restored.
	before := filepath.Join(dir, "backups", "before-migration-0002.db")
	noError(t, checkSound(t.Context(), before))
	old := filepath.Join(t.TempDir(), "old")
	noError(t, os.MkdirAll(old, 0o700))
	noError(t, copyFile(before, filepath.Join(old, dbName)))
	s, err = open(t.Context(), old, Options{}, all[:1])
	noError(t, err)
	same(t, "the older program finds", said(s), want)
	noError(t, s.Close())
	err = Restore(t.Context(), before, dir)
	noError(t, err)
	s, err = Open(t.Context(), dir, Options{})
	noError(t, err)
	same(t, "restored", said(s), want)
	noError(t, s.Close())
}
