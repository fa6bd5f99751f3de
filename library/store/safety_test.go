package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"descry/library"
)

// The test binary plays other processes too.
func TestMain(m *testing.M) {
	switch dir := os.Getenv("STORE_TEST_DIR"); os.Getenv("STORE_TEST_ROLE") {
	case "hold":
		hold(dir)
	case "commit":
		commitForEver(dir)
	case "nobody":
		asNobody(dir)
	case "reader":
		asReader(dir)
	case "medium":
		onMedium(dir)
	default:
		os.Exit(m.Run())
	}
}

func role(t *testing.T, name, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	exe, err := os.Executable()
	noError(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "STORE_TEST_ROLE="+name, "STORE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	noError(t, err)
	noError(t, cmd.Start())
	return cmd, bufio.NewReader(out)
}

// hold opens a library and waits to be killed.
func hold(dir string) {
	_, err := Open(context.Background(), dir, Options{Program: "descry index"})
	fmt.Println("open", err)
	select {}
}

// asNobody opens a library for writing and says what came of it.
func asNobody(dir string) {
	s, err := Open(context.Background(), dir, Options{})
	if err == nil {
		_, err = s.AddRoot(context.Background(), "/more", "")
		s.Close()
	}
	fmt.Println(errors.Is(err, fs.ErrPermission) || errors.Is(err, library.ErrReadOnly), err)
}

// asReader says what can be done with a library where nothing can be written.
func asReader(dir string) {
	ctx := context.Background()
	_, err := Open(ctx, dir, Options{})
	fmt.Println("write:", errors.Is(err, library.ErrReadOnly))
	s, err := Open(ctx, dir, Options{ReadOnly: true})
	if err != nil {
		fmt.Println("read:", errors.Is(err, library.ErrReadOnly), strings.TrimPrefix(err.Error(), "open the library in "+dir+": "))
		return
	}
	defer s.Close()
	fmt.Println("frozen:", s.Frozen())
	user, derived, err := s.Digest(ctx)
	fmt.Println("digest:", user, derived, err)
	photos, err := s.Export(ctx, io.Discard)
	fmt.Println("export:", photos, err)
	fmt.Println("sound:", s.Integrity(ctx))
	_, err = s.AddRoot(ctx, "/more", "")
	fmt.Println("add:", errors.Is(err, library.ErrReadOnly))
}

func TestASecondWriterIsRefused(t *testing.T) {
	l := newLib(t)
	_, err := Open(t.Context(), l.Dir(), Options{})
	wantError(t, err, library.ErrInUse)
	wantError(t, Restore(t.Context(), filepath.Join(l.Dir(), "none.db"), l.Dir()), os.ErrNotExist)
	backup := filepath.Join(t.TempDir(), "b.db")
	noError(t, l.Backup(t.Context(), backup))
	wantError(t, Restore(t.Context(), backup, l.Dir()), library.ErrInUse)
	dir := l.Dir()
	noError(t, l.Close())

	cmd, out := role(t, "hold", dir)
	line, err := out.ReadString('\n')
	noError(t, err)
	same(t, "the other process", line, "open <nil>\n")
	_, err = Open(t.Context(), dir, Options{})
	wantError(t, err, library.ErrInUse)
	if want := fmt.Sprintf("descry index (process %d, since ", cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not say %s", err, want)
	}
	holder, held := Held(dir)
	same(t, "held", held, true)
	same(t, "holder", holder.PID, cmd.Process.Pid)
	noError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	// A killed process leaves no lock behind; what it wrote of itself counts no more.
	if h, held := Held(dir); held {
		t.Errorf("%s still holds it", h)
	}
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	noError(t, s.Close())
}

const crashBatch = 20

// commitForEver adds batches of photos and tags them until it is killed. It says how many
// photos are stored for certain.
func commitForEver(dir string) {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	s, err := Open(ctx, dir, Options{})
	check(err)
	root, err := s.AddRoot(ctx, "/photos", "")
	check(err)
	space, err := s.EnsureSpace(ctx, "d", "m", testDim)
	check(err)
	label, _, err := s.AddLabel(ctx, LabelSet{Name: "my"}, Label{Name: "tag"})
	check(err)
	n, err := s.Count(ctx, ListFilter{})
	check(err)
	for ; ; n += crashBatch {
		var changes []ScanChange
		for i := n; i < n+crashBatch; i++ {
			changes = append(changes, ScanChange{Kind: Found, Dir: strconv.Itoa(n), Name: strconv.Itoa(i), Stat: stat(int64(i))})
		}
		check(s.ApplyScan(ctx, root.ID, changes))
		files, err := s.FilesInDir(ctx, root.ID, strconv.Itoa(n))
		check(err)
		var batch []IndexedFile
		for _, f := range files {
			r := camera(int(f.Stat.ModTime/1e9), testDim)
			r.File, r.Stat, r.Space = f.ID, f.Stat, space.ID
			batch = append(batch, r)
		}
		check(s.CommitBatch(ctx, batch))
		fmt.Println(n + crashBatch)
		ids, err := s.Photos(ctx, ListFilter{Dir: strconv.Itoa(n), Root: root.ID})
		check(err)
		_, _, err = s.SetTags(ctx, ids, label, library.Confirmed)
		check(err)
	}
}

// A process that is killed at any moment loses nothing that it said was stored, and leaves
// no half batch and no half operation.
func TestKilledWhileCommitting(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	stored := 0
	for round := range 8 {
		cmd, out := role(t, "commit", dir)
		for line := range 1 + round*3 {
			text, err := out.ReadString('\n')
			noError(t, err)
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				t.Fatalf("line %d: %s", line, text)
			}
			stored = n
		}
		noError(t, cmd.Process.Kill()) // somewhere in the next scan, batch or operation
		_ = cmd.Wait()

		s, err := Open(t.Context(), dir, Options{})
		noError(t, err)
		if err := s.Integrity(t.Context()); err != nil {
			t.Error(err)
		}
		photos, err := s.Count(t.Context(), ListFilter{})
		noError(t, err)
		if photos < stored || photos%crashBatch != 0 {
			t.Errorf("%d photos, %d were stored for certain", photos, stored)
		}
		tags, err := s.TagCounts(t.Context(), 0, 0)
		noError(t, err)
		confirmed := 0
		if len(tags) > 0 {
			confirmed = tags[0].Confirmed
		}
		ops, err := s.History(t.Context(), 0)
		noError(t, err)
		said := 0
		for _, o := range ops {
			said += o.Photos
		}
		if confirmed%crashBatch != 0 || said != confirmed {
			t.Errorf("%d tags, the history says %d", confirmed, said)
		}
		noError(t, s.Close())
	}
}

// closed makes a library with a few photos and returns its folder.
func closed(t *testing.T) string {
	t.Helper()
	l := newLib(t)
	for i := range int64(40) {
		l.add(fmt.Sprintf("%d.jpg", i), i)
	}
	noError(t, l.Close())
	return l.Dir()
}

func TestDamagedLibraries(t *testing.T) {
	change := func(fn func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, file string) {
			b, err := os.ReadFile(file)
			noError(t, err)
			noError(t, os.WriteFile(file, fn(b), 0o600))
		}
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, file string)
		says   string
	}{
		{"emptied", change(func([]byte) []byte { return nil }), "is empty"},
		{"cut within the header", change(func(b []byte) []byte { return b[:50] }), "cut short (50 bytes are left)"},
		{"cut in half", change(func(b []byte) []byte { return b[:len(b)/2] }), "cut short"},
		{"cut by one byte", change(func(b []byte) []byte { return b[:len(b)-1] }), "cut short"},
		{"another file", change(func([]byte) []byte { return []byte(strings.Repeat("These are not the bytes of a database. ", 9)) }), "not an SQLite database"},
		{"its first page overwritten", change(func(b []byte) []byte {
			for i := 100; i < 4096; i++ {
				b[i] = 0xaa
			}
			return b
		}), "damaged"},
		{"a database of another program", func(t *testing.T, file string) {
			noError(t, os.Remove(file))
			db, err := sql.Open("sqlite3", file)
			noError(t, err)
			_, err = db.Exec("CREATE TABLE song (id INTEGER); PRAGMA user_version = 1")
			noError(t, errors.Join(err, db.Close()))
		}, "another program"},
		{"gone, with its log left", func(t *testing.T, file string) {
			noError(t, os.Rename(file, file+"-wal"))
		}, "is gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := closed(t)
			c.damage(t, filepath.Join(dir, dbName))
			for _, readOnly := range []bool{false, true} {
				s, err := Open(t.Context(), dir, Options{ReadOnly: readOnly})
				if err == nil {
					s.Close()
				}
				if readOnly && c.says == "is gone" {
					wantError(t, err, library.ErrNotFound)
					continue
				}
				wantError(t, err, library.ErrDamaged)
				if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v does not say %q", err, c.says)
				}
			}
		})
	}

	t.Run("a page in the middle", func(t *testing.T) {
		dir := closed(t)
		file := filepath.Join(dir, dbName)
		b, err := os.ReadFile(file)
		noError(t, err)
		for i := range 4096 {
			b[len(b)/2/4096*4096+i] = 0x55
		}
		noError(t, os.WriteFile(file, b, 0o600))
		s, err := Open(t.Context(), dir, Options{})
		if err == nil {
			err = s.Integrity(t.Context())
			s.Close()
		}
		wantError(t, err, library.ErrDamaged)
		// What can be had is kept when a backup takes its place.
		backup := filepath.Join(closed(t), dbName)
		noError(t, Restore(t.Context(), backup, dir))
		kept, err := filepath.Glob(filepath.Join(dir, "backups", "before-restore-*"))
		noError(t, err)
		same(t, "number of files kept", len(kept), 1)
	})
}

func TestIntegrityLooksBetweenTables(t *testing.T) {
	for _, fault := range []string{
		"UPDATE photo SET shown = 0 WHERE id = (SELECT min(id) FROM photo)",
		"UPDATE photo SET primary_file = (SELECT max(id) FROM file) WHERE id = (SELECT min(id) FROM photo)",
		"UPDATE photo SET primary_file = NULL WHERE id = (SELECT min(id) FROM photo)",
		"DELETE FROM words WHERE rowid = (SELECT min(id) FROM photo)",
		"INSERT INTO words (rowid, name) VALUES (999, 'ghost')",
		"UPDATE vector SET data = x'00' WHERE seq = (SELECT min(seq) FROM vector)",
	} {
		l := newLib(t)
		l.add("a.jpg", 1)
		l.add("b.jpg", 2)
		l.check()
		_, err := l.w.ExecContext(t.Context(), fault)
		noError(t, err)
		if err := l.Integrity(t.Context()); !errors.Is(err, library.ErrDamaged) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

func TestMigrations(t *testing.T) {
	all, err := readMigrations(embedded)
	noError(t, err)
	dir := closed(t)
	next := append(append([]migration(nil), all...), migration{
		version: len(all) + 1, name: "add", sql: "CREATE TABLE extra (id INTEGER PRIMARY KEY, root_id INTEGER REFERENCES root (id)) STRICT",
	})
	after := append(append([]migration(nil), next...), migration{
		version: len(all) + 2, name: "broken", sql: "INSERT INTO extra VALUES (1, 12345)",
	})

	_, err = open(t.Context(), dir, Options{ReadOnly: true}, next)
	wantError(t, err, library.ErrReadOnly)

	s, err := open(t.Context(), dir, Options{}, next)
	noError(t, err)
	n, err := s.Count(t.Context(), ListFilter{})
	noError(t, err)
	same(t, "photos after the migration", n, 40)
	noError(t, s.Integrity(t.Context()))
	noError(t, s.Close())
	before := filepath.Join(dir, "backups", fmt.Sprintf("before-migration-%04d.db", len(all)+1))
	noError(t, checkFile(before))

	// A migration that fails leaves the library as it was.
	if _, err = open(t.Context(), dir, Options{}, after); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("error %v", err)
	}
	s, err = open(t.Context(), dir, Options{}, next)
	noError(t, err)
	noError(t, s.Close())

	// The older program refuses the newer library, and can have the backup.
	for _, readOnly := range []bool{false, true} {
		_, err = Open(t.Context(), dir, Options{ReadOnly: readOnly})
		wantError(t, err, library.ErrNewer)
	}
	wantError(t, Restore(t.Context(), filepath.Join(dir, dbName), filepath.Join(t.TempDir(), "x")), library.ErrNewer)
	noError(t, Restore(t.Context(), before, dir))
	s, err = Open(t.Context(), dir, Options{})
	noError(t, err)
	noError(t, s.Integrity(t.Context()))
	noError(t, s.Close())
}

func TestDiskFull(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	l.add("a.jpg", 1)
	before := l.dump()
	var pages int
	noError(t, l.w.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages))
	limit := func(n int) {
		t.Helper()
		var got int
		noError(t, l.w.QueryRowContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n)).Scan(&got))
	}
	limit(pages + 2)
	var changes []ScanChange
	for i := range int64(2000) {
		changes = append(changes, ScanChange{Kind: Found, Dir: "many", Name: fmt.Sprintf("a file with a rather long name %d.jpg", i), Stat: stat(i)})
	}
	err := l.ApplyScan(ctx, l.root.ID, changes)
	wantError(t, err, library.ErrDiskFull)
	same(t, "nothing of it is left", l.dump(), before)
	l.check()
	limit(1 << 30)
	noError(t, l.ApplyScan(ctx, l.root.ID, changes))
	l.check()
}

func TestForget(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	r := l.reading("a")
	r.Metadata.Title = "Zanzibarsecret"
	photo := l.put("Zanzibarsecret.jpg", 1, r)
	other := l.add("b.jpg", 2)
	dog := l.label("animals", "dog")
	both := l.confirm(dog, photo, other)
	_, err := l.SetAlt(ctx, photo, library.AltText{Text: "Zanzibarsecret by night", State: library.AltEdited})
	noError(t, err)
	_, err = l.SetAlt(ctx, photo, library.AltText{})
	noError(t, err)
	_, err = l.SetFavourite(ctx, []library.PhotoID{photo}, true)
	noError(t, err)
	l.undo(0)
	before := l.generation()

	pictures, err := l.Forget(ctx, photo)
	noError(t, err)
	same(t, "pictures", pictures, []library.Picture{{Content: contentOf("a"), Orientation: 1}})
	_, err = l.Detail(ctx, photo)
	wantError(t, err, library.ErrNotFound)
	_, err = l.Forget(ctx, photo)
	wantError(t, err, library.ErrNotFound)
	same(t, "words", l.search("zanzibarsecret"), nil)
	_, known, err := l.Known(ctx, contentOf("a"), l.space.ID)
	if known || err != nil {
		t.Errorf("the content is still known: %v", err)
	}
	if l.generation() == before {
		t.Error("the generation stayed")
	}
	history, err := l.History(ctx, 0)
	noError(t, err)
	same(t, "operations left", len(history), 2) // the label and the tag of the other photo
	same(t, "photos of the bulk", history[0].Photos, 1)
	l.undo(both)
	same(t, "undo of what is left", l.tagged(other), "")
	l.check()
	noError(t, l.Close())
	files, err := os.ReadDir(l.Dir())
	noError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(l.Dir(), f.Name()))
		noError(t, err)
		if strings.Contains(strings.ToLower(string(b)), "zanzibar") {
			t.Errorf("%s still holds the words", f.Name())
		}
	}
}

func TestAPersonGoesFirst(t *testing.T) {
	var g gate
	ctx := t.Context()
	noError(t, g.enter(ctx, true))
	order := make(chan string, 3)
	waiting := func(n int) {
		for {
			g.mu.Lock()
			have := len(g.first) + len(g.later)
			g.mu.Unlock()
			if have == n {
				return
			}
		}
	}
	go func() { _ = g.enter(ctx, true); order <- "indexing"; g.leave() }()
	waiting(1)
	cancelled, cancel := context.WithCancel(ctx)
	failed := make(chan error)
	go func() { failed <- g.enter(cancelled, false) }()
	waiting(2)
	go func() { _ = g.enter(ctx, false); order <- "person"; g.leave() }()
	waiting(3)
	cancel()
	wantError(t, <-failed, context.Canceled)
	wantError(t, g.enter(cancelled, false), context.Canceled)
	g.leave()
	same(t, "order", <-order+", "+<-order, "person, indexing")
	noError(t, g.enter(ctx, false))
}

func TestConcurrentUse(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo := l.add("0.jpg", 1)
	dog := l.label("animals", "dog")
	done := make(chan error)
	go func() {
		for i := range 30 {
			if err := l.ApplyScan(ctx, l.root.ID, []ScanChange{{Kind: Found, Name: fmt.Sprintf("x%d.jpg", i), Stat: stat(int64(i))}}); err != nil {
				done <- err
				return
			}
			list, err := l.Pending(ctx, l.space.ID, 1, Cursor{})
			if err != nil {
				done <- err
				return
			}
			r := l.reading(list[0].File.Name)
			r.File, r.Stat = list[0].File.ID, list[0].File.Stat
			if err := l.CommitBatch(ctx, []IndexedFile{r}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	go func() {
		for i := range 30 {
			state := library.Confirmed
			if i%2 == 1 {
				state = library.Rejected
			}
			if _, _, err := l.SetTags(ctx, []library.PhotoID{photo}, dog, state); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 4 {
		go func() {
			for range 30 {
				ids, err := l.Photos(ctx, ListFilter{})
				if err == nil {
					_, err = l.Cards(ctx, ids)
				}
				if err == nil {
					_, err = l.Status(ctx, l.space.ID)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 6 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	same(t, "photos", len(l.photos(ListFilter{})), 31)
	l.check()
}

func TestCancelledReads(t *testing.T) {
	l := newLib(t)
	l.add("a.jpg", 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.Photos(ctx, ListFilter{})
	wantError(t, err, context.Canceled)
	wantError(t, l.SetSetting(ctx, "a", "b"), context.Canceled)
	_, err = Open(ctx, filepath.Join(t.TempDir(), "x"), Options{})
	wantError(t, err, context.Canceled)
}
