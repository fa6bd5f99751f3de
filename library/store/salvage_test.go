package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/library"
)

// aLife makes a library as a person leaves it after years: photos in folders, labels, tags,
// alt texts, ratings, albums, undone things. It returns the folder, closed.
func aLife(t *testing.T, photos int) string {
	t.Helper()
	ctx := t.Context()
	l := newLib(t)
	ids := many(t, l.Store, l.root.ID, l.space.ID, photos)
	slices.Sort(ids)
	var labels []library.LabelID
	for i := range 12 {
		labels = append(labels, l.label([]string{"animals", "places"}[i%2], fmt.Sprintf("word %d", i)))
	}
	for i, label := range labels {
		var some []library.PhotoID
		for k, id := range ids {
			if k%(i+2) == 0 {
				some = append(some, id)
			}
		}
		state := library.Confirmed
		if i%3 == 2 {
			state = library.Rejected
		}
		_, _, err := l.SetTags(ctx, some, label, state)
		noError(t, err)
	}
	var alts []PhotoAlt
	for i, id := range ids {
		if i%3 == 0 {
			alts = append(alts, PhotoAlt{id, library.AltText{Text: fmt.Sprintf("Photo %d of the journey.", id), State: library.AltApproved}})
		}
	}
	_, err := l.SetAlts(ctx, alts)
	noError(t, err)
	for stars := range 5 {
		_, err := l.SetRating(ctx, ids[stars*10:stars*10+10], stars+1)
		noError(t, err)
	}
	album, _, err := l.PutAlbum(ctx, Album{Name: "Best of all"})
	noError(t, err)
	_, err = l.SetAlbumPhotos(ctx, album, ids[:50], true)
	noError(t, err)
	noError(t, l.SetSetting(ctx, "threads", "2"))
	l.undo(0)
	l.check()
	noError(t, l.Close())
	return l.Dir()
}

// said lists the user lines of a dump, but those of the settings' order and the like.
func userLines(t *testing.T, dir string) []string {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{ReadOnly: true})
	noError(t, err)
	defer s.Close()
	var b strings.Builder
	noError(t, s.Dump(t.Context(), &b, true, false))
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}

// missingLines counts the lines of want that are not in got.
func missingLines(got, want []string) (lost []string) {
	have := map[string]bool{}
	for _, l := range got {
		have[l] = true
	}
	for _, l := range want {
		if !have[l] {
			lost = append(lost, l)
		}
	}
	return lost
}

// copyLibrary copies a closed library, backups included.
func copyLibrary(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "library")
	noError(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

func salvaged(t *testing.T, dir string) Salvaged {
	t.Helper()
	out, err := Salvage(t.Context(), dir, nil)
	noError(t, err)
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	if err := s.Integrity(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("after the salvage: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "salvage-*"))
	noError(t, err)
	same(t, "temporary folders left", len(left), 0)
	return out
}

// A sound library comes out of it with everything that it held.
func TestSalvageOfASoundLibrary(t *testing.T) {
	dir := aLife(t, 300)
	before, err := Open(t.Context(), dir, Options{ReadOnly: true})
	noError(t, err)
	var want strings.Builder
	noError(t, before.Dump(t.Context(), &want, true, true))
	ops, err := before.History(t.Context(), 0)
	noError(t, err)
	noError(t, before.Close())
	// A part of it is still in the log only.
	out := salvaged(t, dir)
	same(t, "lost", out.Lost, map[string]int{})
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	r := &lib{Store: s, t: t}
	defer s.Close()
	same(t, "what it holds", r.dump(), want.String())
	after, err := s.History(t.Context(), 0)
	noError(t, err)
	same(t, "history", after, ops)
	if _, err := os.Stat(out.Kept); err != nil {
		t.Error(err)
	}
	r.undo(0)
}

// Whatever pages are hurt, what comes out is sound and holds all that the backup holds, and
// all that the pages that were not hurt hold.
func TestSalvageOfDamagedPages(t *testing.T) {
	life := aLife(t, 130)
	want := userLines(t, life)
	withBackup := copyLibrary(t, life)
	noError(t, os.MkdirAll(filepath.Join(withBackup, "backups"), 0o700))
	s, err := Open(t.Context(), withBackup, Options{})
	noError(t, err)
	noError(t, s.Backup(t.Context(), filepath.Join(withBackup, "backups", "daily-2024-05-01.db")))
	noError(t, s.Close())

	whole, err := os.ReadFile(filepath.Join(life, dbName))
	noError(t, err)
	pages := len(whole) / 4096
	damages := map[string]func(b []byte) []byte{
		"the first half":  func(b []byte) []byte { clear(b[:len(b)/2]); return b },
		"the second half": func(b []byte) []byte { return b[:len(b)/2] },
		"the head":        func(b []byte) []byte { clear(b[:100]); return b },
		"the first page":  func(b []byte) []byte { clear(b[:4096]); return b },
		"all but a page":  func(b []byte) []byte { return b[:4096] },
		"everything":      func([]byte) []byte { return nil },
		"cut in a page":   func(b []byte) []byte { return b[:len(b)-1000] },
		"another file":    func([]byte) []byte { return []byte(strings.Repeat("no database ", 5000)) },
	}
	for i := range 7 {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		damages[fmt.Sprintf("random bytes %d", i)] = func(b []byte) []byte {
			for range 1 + i*4 {
				b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
			}
			return b
		}
		damages[fmt.Sprintf("random pages %d", i)] = func(b []byte) []byte {
			for range 1 + i {
				page := b[r.IntN(pages)*4096:][:4096]
				for k := range page {
					page[k] = byte(r.Uint32())
				}
			}
			return b
		}
	}
	var without, lines int
	for _, name := range slices.Sorted(maps.Keys(damages)) {
		hurt := damages[name](slices.Clone(whole))
		for _, from := range []string{life, withBackup} {
			dir := copyLibrary(t, from)
			noError(t, os.WriteFile(filepath.Join(dir, dbName), hurt, 0o600))
			out := salvaged(t, dir)
			lost := missingLines(userLines(t, dir), want)
			kept, err := os.ReadFile(out.Kept)
			if err != nil || string(kept) != string(hurt) {
				t.Errorf("%s: the damaged database was not kept: %v", name, err)
			}
			if from == life {
				without += len(lost)
				lines += len(want)
				continue
			}
			// A flipped byte within a text is no fault that can be seen: the row is there, with another
			// text. Whole pages lost cost nothing.
			if len(lost) > 0 && !strings.HasPrefix(name, "random bytes") || len(lost) > 10 {
				t.Errorf("%s: %d lines of %d lost with a backup, for instance %s (%+v)", name, len(lost), len(want), lost[0], out.Lost)
			}
		}
	}
	t.Logf("without a backup %.1f %% of what was said was lost, over all damages", 100*float64(without)/float64(lines))
}

// What was lost in the log alone costs what was written since the last checkpoint.
func TestSalvageWithoutTheLog(t *testing.T) {
	dir := aLife(t, 60)
	noError(t, os.Rename(filepath.Join(dir, dbName), filepath.Join(dir, dbName+"-wal")))
	_, err := Open(t.Context(), dir, Options{})
	wantError(t, err, library.ErrDamaged)
	noError(t, os.MkdirAll(filepath.Join(dir, "backups"), 0o700))
	noError(t, copyFile(filepath.Join(dir, dbName+"-wal"), filepath.Join(dir, "backups", "daily-2024-05-01.db")))
	want := userLines(t, copyWith(t, filepath.Join(dir, dbName+"-wal")))
	salvaged(t, dir)
	same(t, "lines lost", missingLines(userLines(t, dir), want), nil)

	none := t.TempDir()
	_, err = Salvage(t.Context(), none, nil)
	wantError(t, err, library.ErrNotFound)
}

// copyWith makes a library folder of a database file.
func copyWith(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	noError(t, copyFile(file, filepath.Join(dir, dbName)))
	return dir
}

// Photos whose contents cannot be read any more keep what was said of them: when their files
// are looked at again, they take the contents that are found.
func TestLostContentsAreFoundAgain(t *testing.T) {
	const photos = 150
	dir := aLife(t, photos)
	want := userLines(t, dir)
	file := filepath.Join(dir, dbName)
	b, err := os.ReadFile(file)
	noError(t, err)
	for _, table := range []string{"content", "photo"} {
		root := rootOf(t, dir, table)
		clear(b[(root-1)*4096 : root*4096])
		for no := range len(b) / 4096 { // and all pages that hold rows of contents
			page := b[no*4096 : (no+1)*4096]
			if strings.Contains(string(page), "jpeg1") {
				clear(page)
			}
		}
	}
	noError(t, os.WriteFile(file, b, 0o600))
	out := salvaged(t, dir)
	if out.Lost["content"] == 0 {
		t.Errorf("%+v", out)
	}
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	spaces, err := s.Spaces(t.Context())
	noError(t, err)
	for {
		files, err := s.Pending(t.Context(), spaces[0].ID, 50, Cursor{})
		noError(t, err)
		if len(files) == 0 {
			break
		}
		var batch []IndexedFile
		for _, p := range files {
			f := camera(int(p.File.Stat.ModTime/1e9), testDim)
			f.File, f.Stat, f.Space = p.File.ID, p.File.Stat, spaces[0].ID
			batch = append(batch, f)
		}
		noError(t, s.CommitBatch(t.Context(), batch))
	}
	noError(t, s.Integrity(t.Context()))
	noError(t, s.Close())
	same(t, "lines lost", missingLines(userLines(t, dir), want), nil)
}

// What was said since the backup is newer, and what was taken back since stays so where its
// table is whole.
func TestTheBackupFillsOnlyGaps(t *testing.T) {
	dir := aLife(t, 120)
	s, err := Open(t.Context(), dir, Options{Now: clock()})
	noError(t, err)
	noError(t, os.MkdirAll(s.backupsDir(), 0o700))
	noError(t, s.Backup(t.Context(), filepath.Join(s.backupsDir(), "daily-2024-05-01.db")))
	l := &lib{Store: s, t: t}
	ids := l.photos(ListFilter{})
	_, err = s.SetAlt(t.Context(), ids[0], library.AltText{Text: "Said after the backup.", State: library.AltEdited})
	noError(t, err)
	_, err = s.SetAlt(t.Context(), ids[119], library.AltText{})
	noError(t, err)
	forgotten := ids[7]
	_, err = s.Forget(t.Context(), forgotten)
	noError(t, err)
	noError(t, s.Close())
	want := userLines(t, dir)

	// Lose pages of the tags only.
	file := filepath.Join(dir, dbName)
	b, err := os.ReadFile(file)
	noError(t, err)
	root := rootOf(t, dir, "tag")
	clear(b[(root-1)*4096 : root*4096])
	noError(t, os.WriteFile(file, b, 0o600))
	out := salvaged(t, dir)
	if out.Lost["tag"] == 0 || out.Filled["tag"]+out.Saved["tag"] == 0 {
		t.Errorf("%+v", out)
	}
	same(t, "what is there now", userLines(t, dir), want)
}

func rootOf(t *testing.T, dir, table string) int {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{ReadOnly: true})
	noError(t, err)
	defer s.Close()
	var page int
	noError(t, s.ro.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_schema WHERE name = ?", table).Scan(&page))
	return page
}
