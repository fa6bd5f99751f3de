package indexer

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/scan"
)

func TestFirstRunThenNothingToDo(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("2024/b.jpg", 2)
	l.photo("2024/c.JPG", 3)
	l.write("2024/notes.txt", []byte("not a photo"))
	l.expect(l.index(), Report{Files: 3, Photos: 3, New: 3, Encoded: 3})
	for name, f := range l.files() {
		if f.Photo == 0 || f.State != library.Present {
			t.Errorf("%s: %+v", name, f)
		}
	}
	l.encoded(3)
	l.expect(l.index(), Report{Files: 3, Photos: 3, Unchanged: 3})
	l.encoded(0)
}

func TestMovesRenamesAndCopies(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*lib)
		want Report
		same map[string]string // path now: path of the same photo before
	}{
		{
			"rename", func(l *lib) { l.move("a.jpg", "z.jpg") },
			Report{Files: 4, Photos: 4, Moved: 1, Unchanged: 3},
			map[string]string{"z.jpg": "a.jpg"},
		},
		{
			"case-only rename", func(l *lib) { l.move("a.jpg", "A.jpg") },
			Report{Files: 4, Photos: 4, Moved: 1, Unchanged: 3},
			map[string]string{"A.jpg": "a.jpg"},
		},
		{
			"move to a folder scanned before", func(l *lib) { l.move("dir/c.jpg", "c.jpg") },
			Report{Files: 4, Photos: 4, Moved: 1, Unchanged: 3},
			map[string]string{"c.jpg": "dir/c.jpg"},
		},
		{
			"move to a folder scanned after", func(l *lib) { l.move("a.jpg", "dir/deep/a.jpg") },
			Report{Files: 4, Photos: 4, Moved: 1, Unchanged: 3},
			map[string]string{"dir/deep/a.jpg": "a.jpg"},
		},
		{
			"folder renamed to one scanned before", func(l *lib) { l.move("dir", "another") },
			Report{Files: 4, Photos: 4, Moved: 2, Unchanged: 2},
			map[string]string{"another/c.jpg": "dir/c.jpg", "another/d.jpg": "dir/d.jpg"},
		},
		{
			"folder renamed to one scanned after", func(l *lib) { l.move("dir", "zoo") },
			Report{Files: 4, Photos: 4, Moved: 2, Unchanged: 2},
			map[string]string{"zoo/c.jpg": "dir/c.jpg", "zoo/d.jpg": "dir/d.jpg"},
		},
		{"two files change names", func(l *lib) {
			l.move("a.jpg", "x")
			l.move("b.jpg", "a.jpg")
			l.move("x", "b.jpg")
		}, Report{Files: 4, Photos: 4, Changed: 2, Unchanged: 2}, map[string]string{"a.jpg": "b.jpg", "b.jpg": "a.jpg"}},
		{
			"copy", func(l *lib) { l.write("copy.jpg", read(l, "a.jpg")) },
			Report{Files: 5, Photos: 4, New: 1, Unchanged: 4},
			map[string]string{"copy.jpg": "a.jpg", "a.jpg": "a.jpg"},
		},
		{"copy instead of a move", func(l *lib) {
			l.write("dir/copy.jpg", read(l, "a.jpg"))
			l.remove("a.jpg")
		}, Report{Files: 4, Photos: 4, Moved: 1, Unchanged: 3}, map[string]string{"dir/copy.jpg": "a.jpg"}},
		{"hard link", func(l *lib) {
			if err := os.Link(l.at("a.jpg"), l.at("dir/link.jpg")); err != nil {
				l.Skipf("skipped: the file system makes no hard links: %v", err)
			}
		}, Report{Files: 5, Photos: 4, New: 1, Unchanged: 4}, map[string]string{"dir/link.jpg": "a.jpg"}},
		{
			"hard links moved together", func(l *lib) {
				if err := os.Link(l.at("dir/c.jpg"), l.at("dir/link.jpg")); err != nil {
					l.Skipf("skipped: the file system makes no hard links: %v", err)
				}
				l.index()
				l.move("dir", "other")
			},
			Report{Files: 5, Photos: 4, Moved: 3, Unchanged: 2},
			map[string]string{"other/c.jpg": "dir/c.jpg", "other/link.jpg": "dir/c.jpg", "other/d.jpg": "dir/d.jpg"},
		},
		{"touched", func(l *lib) {
			old := time.Unix(1e9, 0)
			if err := os.Chtimes(l.at("a.jpg"), old, old); err != nil {
				l.Fatal(err)
			}
		}, Report{Files: 4, Photos: 4, Changed: 1, Unchanged: 3}, map[string]string{"a.jpg": "a.jpg"}},
		{"captioned elsewhere", func(l *lib) {
			l.write("a.jpg", scene(1, library.Metadata{Description: "A new caption"}))
		}, Report{Files: 4, Photos: 4, Changed: 1, Unchanged: 3}, map[string]string{"a.jpg": "a.jpg"}},
		{
			"removed", func(l *lib) { l.remove("dir") },
			Report{Files: 2, Photos: 2, Missing: 2, Unchanged: 2},
			map[string]string{"a.jpg": "a.jpg"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLib(t)
			for i, name := range []string{"a.jpg", "b.jpg", "dir/c.jpg", "dir/d.jpg"} {
				l.photo(name, uint64(i+1))
				// Equal times would let two photos of one size pass for each other.
				at := time.Unix(int64(1.6e9)+int64(i), 0)
				if err := os.Chtimes(l.at(name), at, at); err != nil {
					t.Fatal(err)
				}
			}
			l.index()
			l.encoded(4)
			before := l.files()
			tt.do(l)
			l.expect(l.index(), tt.want)
			l.encoded(0)
			after := l.files()
			for now, was := range tt.same {
				if after[now].Photo != before[was].Photo || after[now].State != library.Present {
					t.Errorf("%s is photo %d (%s), %s was %d", now, after[now].Photo, after[now].State, was, before[was].Photo)
				}
			}
			again := l.index()
			if again.New+again.Changed+again.Moved+again.Missing+again.Encoded != 0 {
				t.Errorf("a further run finds changes: %+v", again)
			}
		})
	}
}

func read(l *lib, name string) []byte {
	l.Helper()
	data, err := os.ReadFile(l.at(name))
	if err != nil {
		l.Fatal(err)
	}
	return data
}

func TestMissingComesBackWithoutEncoding(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	l.index()
	before := l.files()["a.jpg"].Photo
	away := filepath.Join(l.TempDir(), "a.jpg")
	if err := os.Rename(l.at("a.jpg"), away); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Files: 1, Photos: 1, Missing: 1, Unchanged: 1})
	if f := l.files()["a.jpg"]; f.State != library.Missing || f.Photo != before {
		t.Errorf("%+v", f)
	}
	if err := os.Rename(away, l.at("a.jpg")); err != nil {
		t.Fatal(err)
	}
	l.encoded(2)
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
	if f := l.files()["a.jpg"]; f.State != library.Present || f.Photo != before {
		t.Errorf("%+v", f)
	}
	l.encoded(0)
}

func TestEditInPlace(t *testing.T) {
	taken := library.Metadata{Taken: time.Date(2020, 5, 1, 9, 0, 0, 0, time.UTC), Make: "Acme", Model: "One"}
	later := library.Metadata{Taken: time.Date(2020, 5, 2, 9, 0, 0, 0, time.UTC), Make: "Acme", Model: "One"}
	for _, tt := range []struct {
		name          string
		before, after []byte
		same          bool
	}{
		{"capture data agree", scene(1, taken), scene(2, taken), true},
		{"the camera counted round", scene(1, taken), scene(2, later), false},
		{
			"no capture data, the picture agrees", scene(1, library.Metadata{}),
			photomaker.JPEG(photomaker.Scene(96, 64, 1), library.Metadata{}, 60), true,
		},
		{"no capture data, another picture", scene(1, library.Metadata{}), scene(2, library.Metadata{}), false},
		{"turned", scene(1, library.Metadata{}), scene(1, library.Metadata{Orientation: 6}), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLib(t)
			l.write("a.jpg", tt.before)
			l.index()
			was := l.files()["a.jpg"].Photo
			l.write("a.jpg", tt.after)
			if err := os.Chtimes(l.at("a.jpg"), time.Time{}, time.Unix(1.7e9, 0)); err != nil {
				t.Fatal(err)
			}
			l.expect(l.index(), Report{Files: 1, Photos: 1, Changed: 1, Encoded: 1})
			l.encoded(2)
			if is := l.files()["a.jpg"].Photo; (is == was) != tt.same || is == 0 {
				t.Errorf("photo %d became %d", was, is)
			}
		})
	}
}

func TestRootGoesOfflineAndComesBack(t *testing.T) {
	for _, tt := range []struct {
		name     string
		leave    func(l *lib) // after the folder was moved away
		comeBack func(l *lib)
	}{
		{"absent", func(*lib) {}, func(*lib) {}},
		{"an empty mount point", func(l *lib) { mkdir(l, l.photos) }, func(l *lib) { l.remove("") }},
		{"a mount point with a hidden file", func(l *lib) { l.write(".keep", nil) }, func(l *lib) { l.remove("") }},
		{"a file in its place", func(l *lib) {
			if err := os.WriteFile(l.photos, nil, 0o644); err != nil {
				l.Fatal(err)
			}
		}, func(l *lib) { l.remove("") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLib(t)
			l.photo("a.jpg", 1)
			l.photo("dir/b.jpg", 2)
			l.index()
			l.encoded(2)
			away := l.photos + "-away"
			if err := os.Rename(l.photos, away); err != nil {
				t.Fatal(err)
			}
			tt.leave(l)
			l.expect(l.index(), Report{Files: 2, Offline: 2, Photos: 2})
			if s := l.roots()[0].State; s != library.Offline {
				t.Errorf("the root is %s", s)
			}
			for name, f := range l.files() {
				if f.State != library.Present {
					t.Errorf("%s is %s", name, f.State)
				}
			}
			tt.comeBack(l)
			if err := os.Rename(away, l.photos); err != nil {
				t.Fatal(err)
			}
			l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
			if s := l.roots()[0].State; s != library.Present {
				t.Errorf("the root is %s", s)
			}
			l.encoded(0)
		})
	}
}

func mkdir(l *lib, dir string) {
	l.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.Fatal(err)
	}
}

func TestAnotherVolumeInTheSamePlaceIsOffline(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.index()
	if err := l.store.SetRootVolume(t.Context(), l.roots()[0].ID, "uuid:of-the-right-one"); err != nil {
		t.Fatal(err)
	}
	l.move("a.jpg", "other.jpg")
	l.expect(l.index(), Report{Files: 1, Offline: 1, Photos: 1})

	// The same photos on another volume were copied there: the root goes on.
	l.move("other.jpg", "a.jpg")
	l.expect(l.index(), Report{Files: 1, Photos: 1, Unchanged: 1})
	// "" where the system names none, as in a chroot.
	want, err := scan.Volume(l.roots()[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if v := l.roots()[0].Volume; v != want {
		t.Errorf("volume %q, want %q", v, want)
	}
}

func TestExcludedFoldersAndOddNames(t *testing.T) {
	l := newLib(t)
	l.exclude = []string{"screenshots/"}
	l.photo("a.jpg", 1)
	l.photo("screenshots/b.jpg", 2)
	odd := "caf\xe9 \"quoted\"\n.jpg"
	if runtime.GOOS != "linux" {
		odd = "café.jpg"
	}
	l.photo("d\xfcr/"+odd, 3)
	if err := os.Symlink("..", l.at("d\xfcr/loop")); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Files: 2, Photos: 2, New: 2, Encoded: 2})
	if f := l.files()["d\xfcr/"+odd]; f.Photo == 0 {
		t.Errorf("the file with the odd name: %+v", f)
	}
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
}
