package scan

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var photoExts = []string{".jpg", ".png"}

// tree makes files (contents) and folders (names ending in "/") below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, name)
		dir := filepath.Dir(p)
		if strings.HasSuffix(name, "/") {
			dir = p
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir != p {
			if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// found walks root and lists the paths in the order in which they come.
func found(t *testing.T, root string, o Options) []string {
	t.Helper()
	if o.Extensions == nil {
		o.Extensions = photoExts
	}
	if o.Problem == nil {
		o.Problem = func(rel string, err error) { t.Errorf("problem with %q: %v", rel, err) }
	}
	var got []string
	err := Walk(context.Background(), root, o, func(f Folder) error {
		for _, e := range f.Entries {
			got = append(got, relJoin(f.Dir, e.Name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWalkPicksPhotos(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   map[string]string
		exclude []string
		want    []string
	}{
		{"extensions in any case, nothing else", map[string]string{
			"a.jpg": "", "b.JPG": "", "c.Png": "", "d.txt": "", "jpg": "", "e.jpg.bak": "",
		}, nil, []string{"a.jpg", "b.JPG", "c.Png"}},
		{"a folder's own files before those below", map[string]string{
			"z.jpg": "", "a/b.jpg": "", "a/a/c.jpg": "",
		}, nil, []string{"z.jpg", "a/b.jpg", "a/a/c.jpg"}},
		{"hidden and system folders", map[string]string{
			".thumbs/a.jpg": "", "@eaDir/a.jpg": "", "$RECYCLE.BIN/a.jpg": "", "lost+found/a.jpg": "",
			"System Volume Information/a.jpg": "", "._a.jpg": "", "node_modules/a.jpg": "", "a.jpg": "",
		}, nil, []string{"a.jpg", "node_modules/a.jpg"}},
		{"nomedia", map[string]string{
			"a/.nomedia": "", "a/x.jpg": "", "a/b/y.jpg": "", "c/z.jpg": "",
		}, nil, []string{"c/z.jpg"}},
		{"descryignore", map[string]string{
			".descryignore":  "# screenshots\nScreenshot*\n/work/\nholiday/**/raw\n",
			"Screenshot.jpg": "", "a/Screenshot 2.png": "", "work/x.jpg": "", "a/work/x.jpg": "",
			"holiday/1/2/raw/x.jpg": "", "holiday/1/x.jpg": "",
		}, nil, []string{"a/work/x.jpg", "holiday/1/x.jpg"}},
		{"descryignore deeper takes back", map[string]string{
			".descryignore": "*.png\n", "a.png": "",
			"keep/.descryignore": "!good.png\r\n", "keep/good.png": "", "keep/bad.png": "",
		}, nil, []string{"keep/good.png"}},
		{"excluded by the person", map[string]string{
			"a/x.jpg": "", "b/x.jpg": "", "a/c/x.jpg": "",
		}, []string{"a/c", "b"}, []string{"a/x.jpg"}},
		{"empty folder", map[string]string{"a/": ""}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := found(t, tree(t, tt.files), Options{Exclude: tt.exclude})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWalkSkipsFoldersGivenByPath(t *testing.T) {
	root := tree(t, map[string]string{"a/x.jpg": "", "library/thumbs/y.jpg": "", "z.jpg": ""})
	got := found(t, root, Options{Skip: []string{filepath.Join(root, "library")}})
	if want := []string{"z.jpg", "a/x.jpg"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWalkFollowsLinksOnceAndEnds(t *testing.T) {
	root := tree(t, map[string]string{"a/x.jpg": "", "b/y.jpg": ""})
	outside := tree(t, map[string]string{"o.jpg": "", "deep/p.jpg": ""})
	for link, target := range map[string]string{
		"a/up":         root,                           // a loop
		"a/self":       ".",                            // a loop
		"0-alias":      filepath.Join(root, "b"),       // seen by its real name
		"out":          outside,                        // followed
		"out2":         outside,                        // once
		"file.jpg":     filepath.Join(root, "a/x.jpg"), // a link to a file is the file
		"dangling.jpg": filepath.Join(root, "nothing"),
		"circle.jpg":   "circle.jpg",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Skipf("skipped: the system makes no symbolic links: %v", err)
		}
	}
	if err := os.Symlink(root, filepath.Join(outside, "back")); err != nil {
		t.Fatal(err)
	}
	got := found(t, root, Options{})
	want := []string{"file.jpg", "a/x.jpg", "b/y.jpg", "out/o.jpg", "out/deep/p.jpg"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWalkKeepsNamesAsBytes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Linux file systems take names that are not UTF-8")
	}
	root := t.TempDir()
	name := "caf\xe9 \xff\n.jpg"
	if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
		t.Skipf("skipped: this file system refuses names that are not UTF-8: %v", err)
	}
	if got := found(t, root, Options{}); !slices.Equal(got, []string{name}) {
		t.Errorf("got %q", got)
	}
}

func TestWalkGivesStat(t *testing.T) {
	root := tree(t, map[string]string{"a.jpg": "12345"})
	if err := os.Link(filepath.Join(root, "a.jpg"), filepath.Join(root, "b.jpg")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(root, "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	err = Walk(context.Background(), root, Options{Extensions: photoExts}, func(f Folder) error {
		es := f.Entries
		if len(es) != 2 || es[0].Stat() != es[1].Stat() {
			t.Fatalf("hard links differ: %+v", es)
		}
		st := es[0].Stat()
		if st.Size != 5 || st != StatOf(info) || !es[1].SameInode(st.Inode) || (runtime.GOOS != "windows" && st.Inode == "") {
			t.Errorf("stat %+v", st)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWalkGoesOnPastUnreadableFolder(t *testing.T) {
	root := tree(t, map[string]string{"a/x.jpg": "", "b/y.jpg": "", "c/z.jpg": ""})
	unreadable(t, filepath.Join(root, "b"))
	var problems []string
	got := found(t, root, Options{Problem: func(rel string, err error) {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%q: %v", rel, err)
		}
		problems = append(problems, rel)
	}})
	if !slices.Equal(got, []string{"a/x.jpg", "c/z.jpg"}) || !slices.Equal(problems, []string{"b"}) {
		t.Errorf("found %q, problems %q", got, problems)
	}
}

// unreadable takes the permissions from a folder for the length of the test, and the
// right to pass over permissions from the test, where it has it.
func unreadable(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	asNobody(t, dir)
	if _, err := os.ReadDir(dir); err == nil {
		t.Skip("skipped: this user reads folders whatever their permissions say")
	}
}

func TestWalkStopsWhenTold(t *testing.T) {
	root := tree(t, map[string]string{"a/x.jpg": "", "b/y.jpg": ""})
	n := 0
	stop := func(Folder) error { n++; return ErrStop }
	if err := Walk(context.Background(), root, Options{Extensions: photoExts}, stop); err != nil || n != 1 {
		t.Errorf("%d folders, %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Walk(ctx, root, Options{}, stop); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled walk: %v", err)
	}
	if err := Walk(context.Background(), filepath.Join(root, "none"), Options{}, stop); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent root: %v", err)
	}
}

func TestWalkComesInTheOrderOfBytes(t *testing.T) {
	root := tree(t, map[string]string{
		"b/": "", "a/z/x.jpg": "", "a/b/c/": "", "a b/": "", "a-x/y/": "", "a.b/": "", "A/": "", "a/b c/d/": "", "é/": "", "a0/": "",
	})
	if err := os.Symlink("a", filepath.Join(root, "0link")); err != nil {
		t.Skipf("skipped: the system makes no symbolic links: %v", err)
	}
	var got []string
	err := Walk(t.Context(), root, Options{Extensions: photoExts}, func(f Folder) error {
		got = append(got, f.Dir)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"", "A", "a", "a b", "a-x", "a-x/y", "a.b", "a/b", "a/b c", "a/b c/d", "a/b/c", "a/z", "a0", "b", "é",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSorted(got) {
		t.Error("not sorted")
	}
}

func TestWalkOfAPart(t *testing.T) {
	root := tree(t, map[string]string{
		"x.jpg": "", "a/x.jpg": "", "a/b/x.jpg": "", "a/b/c/x.jpg": "", "c/.nomedia": "", "c/d/x.jpg": "", ".h/x.jpg": "",
		".descryignore": "/a/b/c\nbad.jpg\n", "a/b/bad.jpg": "", "ab/x.jpg": "",
	})
	for _, tt := range []struct {
		o    Options
		want []string
	}{
		{Options{Under: "a"}, []string{"a/x.jpg", "a/b/x.jpg"}},
		{Options{Under: "a", Flat: true}, []string{"a/x.jpg"}},
		{Options{Flat: true}, []string{"x.jpg"}},
		{Options{Under: "a/b"}, []string{"a/b/x.jpg"}},
		{Options{Under: "a/b/c"}, nil},
		{Options{Under: "c/d"}, nil},
		{Options{Under: "c"}, nil},
		{Options{Under: ".h"}, nil},
		{Options{Under: "none"}, nil},
		{Options{Under: "none/below"}, nil},
	} {
		if got := found(t, root, tt.o); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.o, got, tt.want)
		}
	}
}

func TestWalkSaysWhatPatternsLeaveOut(t *testing.T) {
	root := tree(t, map[string]string{
		".descryignore": "*.png\nwork/\n", "a.jpg": "", "c.png": "", "b.PNG": "", "b.png": "", "work/x.jpg": "", "n/.nomedia": "",
	})
	var got []Folder
	err := Walk(t.Context(), root, Options{Extensions: photoExts}, func(f Folder) error {
		f.Entries = nil
		got = append(got, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Folder{{OutFiles: []string{"b.png", "c.png"}, OutFolders: []string{"work"}}, {Dir: "n", Out: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWalkOfWhatIsTooDeep goes down past the longest path that the system opens.
func TestWalkOfWhatIsTooDeep(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the limit of Linux")
	}
	base := t.TempDir()
	root := filepath.Join(base, "r")
	name := strings.Repeat("n", 200)
	deep := root
	for len(deep)+len(name) < maxPath-1 {
		deep = filepath.Join(deep, name)
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	// Two names joined are too long for the system, so a folder is put above the others.
	above := filepath.Join(base, "above", name)
	if err := os.MkdirAll(above, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, name, "x.jpg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(root, filepath.Join(above, "r")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Rename(filepath.Join(above, "r"), root) }) // so that it can be removed
	var problems []error
	got := found(t, filepath.Join(base, "above"), Options{Problem: func(_ string, err error) { problems = append(problems, err) }})
	if len(got) != 1 || len(problems) != 1 || !errors.Is(problems[0], syscall.ENAMETOOLONG) {
		t.Errorf("found %d, problems %v", len(got), problems)
	}
}

func TestWalkOfAWideFolder(t *testing.T) {
	root := t.TempDir()
	const n = 2000
	for i := range n {
		if err := os.WriteFile(filepath.Join(root, strconv.Itoa(i)+".jpg"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := found(t, root, Options{})
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d of %d, sorted %v", len(got), n, slices.IsSorted(got))
	}
}

func FuzzIgnore(f *testing.F) {
	f.Add("*.jpg\n!a/\n**/x\n[", "a/b/c.jpg")
	f.Fuzz(func(t *testing.T, text, name string) {
		rules, _ := parseRules("", text)
		ignored(rules, name, false)
		ignored(rules, name, true)
	})
}
