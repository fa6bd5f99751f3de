package indexer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"descry/library"
	"descry/library/store"
	"descry/library/thumbs"
)

// scan looks for changes alone.
func (l *lib) scan(targets ...Target) Report {
	l.Helper()
	if len(targets) == 0 {
		for _, r := range l.roots() {
			targets = append(targets, Target{Root: r})
		}
	}
	r, err := l.indexer().Scan(l.Context(), targets)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// pending expects so many files and photos to wait for being looked at.
func (l *lib) pending(want int) {
	l.Helper()
	space, err := l.store.EnsureSpace(l.Context(), l.encoder.Space(), l.encoder.Model(), l.encoder.Dim())
	if err != nil {
		l.Fatal(err)
	}
	st, err := l.store.Status(l.Context(), space.ID)
	if err != nil || st.Pending != want {
		l.Errorf("%d wait, want %d (%v)", st.Pending, want, err)
	}
}

// album writes n photos of different sizes in time into a folder, and in folders of it.
func (l *lib) album(dir string, n int) {
	l.Helper()
	for i := range n {
		name := fmt.Sprintf("%s/%d/%03d.jpg", dir, i%5, i)
		l.photo(name, uint64(i+1))
		at := time.Unix(int64(1.6e9)+int64(i), int64(i))
		if err := os.Chtimes(l.at(name), at, at); err != nil {
			l.Fatal(err)
		}
	}
}

// photos are the ids of the photos in a folder and below, by path in it.
func (l *lib) photosIn(dir string) map[string]library.PhotoID {
	l.Helper()
	out := map[string]library.PhotoID{}
	for rel, f := range l.files() {
		if below, err := filepath.Rel(dir, rel); err == nil && filepath.IsLocal(below) && f.State == library.Present {
			out[below] = f.Photo
		}
	}
	return out
}

func (l *lib) samePhotos(was, is map[string]library.PhotoID) {
	l.Helper()
	for name, id := range was {
		if is[name] != id || id == 0 {
			l.Errorf("%s was photo %d and is %d", name, id, is[name])
		}
	}
}

// TestMovedFolderIsNotEvenRead moves a folder of photos within the library. By the numbers
// of its files they are known where they are now: nothing waits for being looked at.
func TestMovedFolderIsNotEvenRead(t *testing.T) {
	const n = 60
	for _, to := range []string{"aaa/moved", "zzz/moved"} {
		t.Run(to, func(t *testing.T) {
			l := newLib(t)
			l.album("album", n)
			l.index()
			l.encoded(n)
			was := l.photosIn("album")
			l.move("album", to)
			l.expect(l.scan(), Report{Files: n, Photos: n, Moved: n})
			l.pending(0)
			l.samePhotos(was, l.photosIn(to))
			l.expect(l.index(), Report{Files: n, Photos: n, Unchanged: n})
			l.encoded(0)
		})
	}
}

// TestMovedFolderWithoutFileNumbersIsNotDecoded does the same on a file system that numbers
// its files anew, or not at all: the photos are read and known by their content.
func TestMovedFolderWithoutFileNumbersIsNotDecoded(t *testing.T) {
	const n = 25
	for _, inode := range []string{"", "1:1"} {
		l := newLib(t)
		l.album("album", n)
		l.index()
		l.encoded(n)
		was := l.photosIn("album")
		var changes []store.ScanChange
		for _, f := range l.files() {
			st := f.Stat
			st.Inode = inode
			changes = append(changes, store.ScanChange{Kind: store.Back, Dir: f.Dir, Name: f.Name, Stat: st})
		}
		if err := l.store.ApplyScan(t.Context(), l.roots()[0].ID, changes); err != nil {
			t.Fatal(err)
		}
		l.expect(l.scan(), Report{Files: n, Photos: n, Unchanged: n})
		l.move("album", "renamed")
		x := l.indexer()
		x.p.Limits.MaxPixels = 1 // no picture can be decoded
		r, err := x.Run(t.Context(), l.roots(), nil)
		if err != nil {
			t.Fatal(err)
		}
		l.expect(r, Report{Files: n, Photos: n, Moved: n})
		l.encoded(0)
		l.samePhotos(was, l.photosIn("renamed"))
	}
}

// TestFolderRenamedInCaseOnly stands for a file system that finds a folder whatever the case
// of its name: the old name still leads there.
func TestFolderRenamedInCaseOnly(t *testing.T) {
	const n = 6
	l := newLib(t)
	l.album("album", n)
	l.index()
	l.encoded(n)
	was := l.photosIn("album")
	l.move("album", "ALBUM")
	if err := os.Symlink("ALBUM", l.at("album")); err != nil {
		t.Skipf("skipped: the system makes no symbolic links: %v", err)
	}
	l.expect(l.scan(), Report{Files: n, Photos: n, Moved: n})
	l.pending(0)
	l.samePhotos(was, l.photosIn("ALBUM"))
	l.expect(l.index(), Report{Files: n, Photos: n, Unchanged: n})
}

func TestHardLinksAreOnePhoto(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	if err := os.Mkdir(l.at("dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(l.at("a.jpg"), l.at("dir/b.jpg")); err != nil {
		t.Skipf("skipped: the file system makes no hard links: %v", err)
	}
	l.expect(l.index(), Report{Files: 2, Photos: 1, New: 2, Encoded: 1})
	l.encoded(1)
	photo := l.files()["a.jpg"].Photo
	// One name goes and two come: one of them was moved, whichever.
	if err := os.Link(l.at("a.jpg"), l.at("dir/c.jpg")); err != nil {
		t.Fatal(err)
	}
	l.move("a.jpg", "z.jpg")
	r := l.index()
	if r.Photos != 1 || r.Files != 3 || r.Missing != 0 || r.New+r.Moved != 2 {
		t.Errorf("%+v", r)
	}
	l.encoded(0)
	for _, name := range []string{"z.jpg", "dir/b.jpg", "dir/c.jpg"} {
		if f := l.files()[name]; f.Photo != photo || f.State != library.Present {
			t.Errorf("%s: %+v", name, f)
		}
	}
	l.remove("dir")
	l.expect(l.index(), Report{Files: 1, Photos: 1, Missing: 2, Unchanged: 1})
}

// TestLeftOutLater leaves out a folder and files that the library knows: they are not
// missing, and come back as they were.
func TestLeftOutLater(t *testing.T) {
	for _, tt := range []struct {
		name   string
		out    func(l *lib)
		in     func(l *lib)
		remain []string
	}{
		{
			"a pattern for a folder", func(l *lib) { l.exclude = []string{"dir/"} }, func(l *lib) { l.exclude = nil },
			[]string{"a.jpg", "screen-1.jpg"},
		},
		{
			"a pattern for files", func(l *lib) { l.exclude = []string{"screen*"} }, func(l *lib) { l.exclude = nil },
			[]string{"a.jpg", "dir/b.jpg", "dir/deep/c.jpg"},
		},
		{
			".nomedia", func(l *lib) { l.write("dir/.nomedia", nil) }, func(l *lib) { l.remove("dir/.nomedia") },
			[]string{"a.jpg", "screen-1.jpg"},
		},
		{
			".descryignore", func(l *lib) { l.write("dir/.descryignore", []byte("deep/\n")) },
			func(l *lib) { l.remove("dir/.descryignore") },
			[]string{"a.jpg", "dir/b.jpg", "screen-1.jpg"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLib(t)
			for i, name := range []string{"a.jpg", "dir/b.jpg", "dir/deep/c.jpg", "screen-1.jpg"} {
				l.photo(name, uint64(i+1))
			}
			l.index()
			l.encoded(4)
			was := l.photosIn(".")
			tt.out(l)
			left := len(tt.remain)
			l.expect(l.index(), Report{Files: left, Photos: left, Unchanged: left})
			var got []string
			for name := range l.files() {
				got = append(got, name)
			}
			if slices.Sort(got); !slices.Equal(got, tt.remain) {
				t.Errorf("known are %q, want %q", got, tt.remain)
			}
			if missing, err := l.store.MissingFiles(t.Context()); err != nil || len(missing) > 0 {
				t.Errorf("missing %v, %v", missing, err)
			}
			tt.in(l)
			l.expect(l.index(), Report{Files: 4, Photos: 4, New: 4 - left, Unchanged: left})
			l.encoded(0)
			l.samePhotos(was, l.photosIn("."))
		})
	}
}

// TestPartsOfARoot scans folders of a root and leaves alone what lies beside them.
func TestPartsOfARoot(t *testing.T) {
	l := newLib(t)
	for i, name := range []string{"a.jpg", "b/1.jpg", "b/c/2.jpg", "b c/3.jpg", "d/4.jpg"} {
		l.photo(name, uint64(i+1))
	}
	l.index()
	l.encoded(5)
	root := l.roots()[0]
	l.photo("b/c/new.jpg", 10)
	l.photo("d/new.jpg", 11)
	l.remove("b c/3.jpg")
	l.remove("b/1.jpg")
	l.expect(l.scan(Target{Root: root, Parts: []Part{{Dir: "b", Flat: true}}}), Report{Files: 4, Photos: 4, Missing: 1})
	l.expect(l.scan(Target{Root: root, Parts: []Part{{Dir: "b"}}}), Report{Files: 5, Photos: 4, New: 1, Unchanged: 1})
	l.expect(l.scan(Target{Root: root, Parts: []Part{{Flat: true}}}), Report{Files: 5, Photos: 4, Unchanged: 1})
	l.expect(l.scan(Target{Root: root, Parts: []Part{{Dir: "none"}}}), Report{Files: 5, Photos: 4})
	l.expect(l.index(), Report{Files: 5, Photos: 5, New: 1, Missing: 1, Unchanged: 4, Encoded: 2})
	// A folder that was moved: its old and its new place.
	l.move("b", "e")
	l.expect(l.scan(Target{Root: root, Parts: []Part{{Dir: "b"}, {Dir: "e"}}}), Report{Files: 5, Photos: 5, Moved: 2})
	l.expect(l.index(), Report{Files: 5, Photos: 5, Unchanged: 5})
}

// TestPartWithLinks scans a part in which links lead to folders: what the scan of all of
// the root found through them stays, and nothing is found a second time.
func TestPartWithLinks(t *testing.T) {
	l := newLib(t)
	l.photo("a/1.jpg", 1)
	l.photo("b/2.jpg", 2)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "3.jpg"), scene(3, library.Metadata{}), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"a/out": outside, "a/b": l.at("b"), "a/up": l.photos} {
		if err := os.Symlink(target, l.at(name)); err != nil {
			t.Skipf("skipped: the system makes no symbolic links: %v", err)
		}
	}
	l.expect(l.index(), Report{Files: 3, Photos: 3, New: 3, Encoded: 3})
	part := Target{Root: l.roots()[0], Parts: []Part{{Dir: "a"}}}
	l.expect(l.scan(part), Report{Files: 3, Photos: 3, Unchanged: 1})
	l.photo("a/4.jpg", 4)
	l.expect(l.scan(part), Report{Files: 4, Photos: 3, New: 1, Unchanged: 1})
	l.expect(l.index(), Report{Files: 4, Photos: 4, Unchanged: 4, Encoded: 1})
}

// TestLibraryMovedToAnotherMachine copies library and photos to other paths, where the
// files have other numbers, and says where they are.
func TestLibraryMovedToAnotherMachine(t *testing.T) {
	const n = 10
	l := newLib(t)
	l.album("album", n)
	l.index()
	l.encoded(n)
	was := l.photosIn(".")
	root := l.roots()[0]
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	copyTree(t, l.photos, filepath.Join(base, "Bilder"))
	copyTree(t, filepath.Join(filepath.Dir(l.photos), "library"), filepath.Join(base, "lib"))
	if err := os.Rename(l.photos, l.photos+"-gone"); err != nil {
		t.Fatal(err)
	}
	if l.store, err = store.Open(t.Context(), filepath.Join(base, "lib"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	l.thumbs = thumbs.Open(filepath.Join(base, "lib", "thumbs"))
	r := l.index()
	if len(r.Away) != 1 || r.Away[0].Reason != store.NotThere {
		t.Errorf("away: %+v", r.Away)
	}
	l.photos = filepath.Join(base, "Bilder")
	if err := l.store.RelocateRoot(t.Context(), root.ID, l.photos, ""); err != nil {
		t.Fatal(err)
	}
	x := l.indexer()
	x.p.Limits.MaxPixels = 1 // no picture can be decoded
	r, err = x.Run(t.Context(), l.roots(), nil)
	if err != nil {
		t.Fatal(err)
	}
	l.expect(r, Report{Files: n, Photos: n, Unchanged: n})
	l.encoded(0)
	l.samePhotos(was, l.photosIn("."))
}

// copyTree copies files with their times, as cp -a does.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(from, func(name string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		return os.Chtimes(filepath.Join(to, rel), info.ModTime(), info.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}
