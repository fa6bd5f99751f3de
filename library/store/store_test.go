package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"descry/library"
)

const testDim = 8

// clock is a clock that moves one second with every look.
func clock() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

// lib is a library on disk with one root and one space.
type lib struct {
	*Store
	t     *testing.T
	root  library.Root
	space library.Space
}

func newLib(t *testing.T) *lib {
	t.Helper()
	return openLib(t, filepath.Join(t.TempDir(), "library"))
}

func openLib(t *testing.T, dir string) *lib {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	s.clock = func() time.Duration { return 0 } // the size of transactions depends on it
	l := &lib{Store: s, t: t}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if l.root, err = s.AddRoot(t.Context(), "/photos", "vol-1"); err != nil {
		t.Fatal(err)
	}
	if l.space, err = s.EnsureSpace(t.Context(), "space-a", "model-a", testDim); err != nil {
		t.Fatal(err)
	}
	return l
}

// check fails the test unless the library is sound.
func (l *lib) check() {
	l.t.Helper()
	if err := l.Integrity(context.WithoutCancel(l.t.Context())); err != nil {
		l.t.Error(err)
	}
	l.checkFacts()
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want one that is %v", err, want)
	}
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func contentOf(name string) library.Content {
	return library.Content{Scheme: "jpeg1", Digest: sha256.Sum256([]byte(name))}
}

// reading is a file at a path with the content of a name; adjust changes the details.
func (l *lib) reading(content string) IndexedFile {
	sum := sha256.Sum256([]byte(content))
	v := make([]float32, testDim)
	v[sum[0]%testDim] = 1
	return IndexedFile{
		Content:  contentOf(content),
		Metadata: library.Metadata{Format: "jpeg", Width: 40, Height: 30, Orientation: 1},
		Measures: &library.Measures{Width: 40, Height: 30, PHash: 1 << 63, Sharpness: 1.5, Exposure: 0.5, Colour: 0x102030},
		Space:    l.space.ID, Vector: v, Provider: "cpu",
	}
}

func split(path string) (dir, name string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

func stat(n int64) library.Stat {
	return library.Stat{Size: 1000 + n, ModTime: n * int64(time.Second), Inode: fmt.Sprintf("1:%d", n)}
}

// apply records one change of a path in the root.
func (l *lib) apply(kind ChangeKind, path string, st library.Stat) {
	l.t.Helper()
	dir, name := split(path)
	noError(l.t, l.ApplyScan(l.t.Context(), l.root.ID, []ScanChange{{Kind: kind, Dir: dir, Name: name, Stat: st}}))
}

func (l *lib) file(path string) library.File {
	l.t.Helper()
	dir, name := split(path)
	list, err := l.FilesInDir(l.t.Context(), l.root.ID, dir)
	noError(l.t, err)
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	l.t.Fatalf("no file row for %s", path)
	return library.File{}
}

// put finds (or changes) a file and commits its reading; it returns the photo.
func (l *lib) put(path string, n int64, r IndexedFile) library.PhotoID {
	l.t.Helper()
	l.apply(Found, path, stat(n))
	r.File, r.Stat = l.file(path).ID, stat(n)
	noError(l.t, l.CommitBatch(l.t.Context(), []IndexedFile{r}))
	return l.file(path).Photo
}

func (l *lib) add(path string, n int64) library.PhotoID {
	l.t.Helper()
	return l.put(path, n, l.reading(path))
}

func (l *lib) label(set, name string) library.LabelID {
	l.t.Helper()
	id, _, err := l.AddLabel(l.t.Context(), LabelSet{Name: set}, Label{Name: name})
	noError(l.t, err)
	return id
}

func (l *lib) confirm(label library.LabelID, photos ...library.PhotoID) int64 {
	l.t.Helper()
	op, _, err := l.SetTags(l.t.Context(), photos, label, library.Confirmed)
	noError(l.t, err)
	return op
}

func (l *lib) dump() string {
	l.t.Helper()
	var b strings.Builder
	noError(l.t, l.Dump(l.t.Context(), &b, true, true))
	return b.String()
}

func (l *lib) tagged(photo library.PhotoID) string {
	l.t.Helper()
	tags, err := l.Tags(l.t.Context(), []library.PhotoID{photo}, l.space.ID)
	noError(l.t, err)
	var out []string
	for _, g := range tags[photo] {
		out = append(out, fmt.Sprintf("%s/%s %s", g.Set, g.Name, g.State))
	}
	return strings.Join(out, ", ")
}

func (l *lib) generation() int64 {
	l.t.Helper()
	n, err := l.Generation(l.t.Context())
	noError(l.t, err)
	return n
}

func (l *lib) photos(f ListFilter) []library.PhotoID {
	l.t.Helper()
	ids, err := l.Photos(l.t.Context(), f)
	noError(l.t, err)
	return ids
}

func TestANewLibrary(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder with ? # % signs \xff", "library")
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	info, err := os.Stat(dir)
	noError(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %o", info.Mode().Perm())
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "application_id": fmt.Sprint(applicationID),
	} {
		var got string
		noError(t, s.w.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if len(s.LibraryID()) < 20 || s.Dir() != dir {
		t.Errorf("id %q, dir %q", s.LibraryID(), s.Dir())
	}
	if _, err := s.ro.ExecContext(t.Context(), "DELETE FROM root"); err == nil {
		t.Error("the reading connections can write")
	}
	id := s.LibraryID()
	noError(t, s.Close())
	noError(t, s.Close())
	s, err = Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	same(t, "id after opening again", s.LibraryID(), id)
}

func TestReadOnly(t *testing.T) {
	l := newLib(t)
	photo := l.add("a.jpg", 1)
	r, err := Open(t.Context(), l.Dir(), Options{ReadOnly: true})
	noError(t, err)
	defer r.Close()
	got, err := r.Photos(t.Context(), ListFilter{})
	noError(t, err)
	same(t, "photos", got, []library.PhotoID{photo})
	l.add("b.jpg", 2)
	if n, err := r.Count(t.Context(), ListFilter{}); n != 2 {
		t.Errorf("the reader sees %d photos, %v", n, err)
	}
	_, err = r.AddRoot(t.Context(), "/more", "")
	wantError(t, err, library.ErrReadOnly)
	_, err = r.Undo(t.Context(), 0)
	wantError(t, err, library.ErrReadOnly)
	wantError(t, r.CommitBatch(t.Context(), []IndexedFile{{}}), library.ErrReadOnly)

	_, err = Open(t.Context(), filepath.Join(t.TempDir(), "none"), Options{ReadOnly: true})
	wantError(t, err, library.ErrNotFound)
}

func TestRoots(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	if _, err := l.AddRoot(ctx, "relative/path", ""); err == nil {
		t.Error("a relative path was taken")
	}
	again, err := l.AddRoot(ctx, "/photos/", "other")
	noError(t, err)
	same(t, "the same root", again.ID, l.root.ID)
	odd, err := l.AddRoot(ctx, "/odd/\xff\xfe", "")
	noError(t, err)
	same(t, "a path of bytes", odd.Path, "/odd/\xff\xfe")

	photo := l.add("a/1.jpg", 1)
	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, ""))
	noError(t, l.SetRootVolume(ctx, l.root.ID, "vol-2"))
	roots, err := l.Roots(ctx)
	noError(t, err)
	same(t, "number of roots", len(roots), 2)
	same(t, "first root", roots[0].Path, "/odd/\xff\xfe")
	same(t, "state", roots[1].State, library.Offline)
	same(t, "volume", roots[1].Volume, "vol-2")
	same(t, "photos", roots[1].Photos, 1)
	cards, err := l.Cards(ctx, []library.PhotoID{photo})
	noError(t, err)
	same(t, "state of the photo", cards[0].State, library.Offline)

	if err := l.RelocateRoot(ctx, l.root.ID, "/odd/\xff\xfe", ""); err == nil {
		t.Error("a root was put in the place of another")
	}
	noError(t, l.RelocateRoot(ctx, l.root.ID, "/media/disk", "vol-3"))
	found, err := l.PhotoByPath(ctx, "/media/disk/a/1.jpg")
	noError(t, err)
	same(t, "photo at the new path", found, photo)
	_, err = l.PhotoByPath(ctx, "/photos/a/1.jpg")
	wantError(t, err, library.ErrNotFound)

	dog := l.label("animals", "dog")
	l.confirm(dog, photo)
	noError(t, l.RemoveRoot(ctx, l.root.ID))
	wantError(t, l.RemoveRoot(ctx, l.root.ID), library.ErrNotFound)
	wantError(t, l.SetRootState(ctx, l.root.ID, library.Present, ""), library.ErrNotFound)
	same(t, "photos without their root", len(l.photos(ListFilter{})), 0)
	l.root, err = l.AddRoot(ctx, "/elsewhere", "")
	noError(t, err)
	same(t, "photo found again by content", l.put("b.jpg", 2, l.reading("a/1.jpg")), photo)
	same(t, "its tag", l.tagged(photo), "animals/dog confirmed")
	l.check()
}
