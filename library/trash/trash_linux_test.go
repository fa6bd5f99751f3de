package trash_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"descry/library/trash"
)

var noon = time.Date(2024, 2, 29, 12, 30, 5, 0, time.Local)

// home makes a home trash on the disk of the test's folder.
func home(t *testing.T) (photos, can string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	photos = filepath.Join(dir, "photos")
	if err := os.Mkdir(photos, 0o755); err != nil {
		t.Fatal(err)
	}
	return photos, filepath.Join(dir, "data", "Trash")
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func reserve(t *testing.T, path string) string {
	t.Helper()
	kept, err := trash.Reserve(path, noon)
	must(t, err)
	return kept
}

func TestThereAndBack(t *testing.T) {
	photos, can := home(t)
	infoFile := regexp.MustCompile(`^\[Trash Info\]\nPath=/[!-~]*\nDeletionDate=2024-02-29T12:30:05\n$`)
	for _, name := range []string{"a.jpg", "naïve 100 %.jpg", "not\xffutf8.jpg", "a:b.jpg", ".hidden", "line\nbreak.jpg", strings.Repeat("long", 62) + ".jpg"} {
		path := write(t, filepath.Join(photos, name), name)
		kept := reserve(t, path)
		if filepath.Dir(kept) != filepath.Join(can, "files") {
			t.Errorf("%q goes to %s", name, kept)
		}
		info := filepath.Join(can, "info", filepath.Base(kept)+".trashinfo")
		text := read(t, info)
		if !infoFile.MatchString(text) {
			t.Errorf("%q: the info file says %q", name, text)
		}
		must(t, trash.Move(path, kept, noon))
		must(t, trash.Move(path, kept, noon)) // again: nothing is left to do
		if read(t, kept) != name || read(t, path) != "" {
			t.Fatalf("%q is not in the trash", name)
		}
		must(t, trash.Restore(path, kept))
		must(t, trash.Restore(path, kept))
		if read(t, path) != name || read(t, info) != "" {
			t.Errorf("%q did not come back, or left %q", name, read(t, info))
		}
		// A redo: the place is not held any more.
		must(t, trash.Move(path, kept, noon))
		if read(t, kept) != name || read(t, info) != text {
			t.Errorf("%q did not go again", name)
		}
	}
	mode, err := os.Stat(can)
	must(t, err)
	if mode.Mode().Perm() != 0o700 {
		t.Errorf("the trash is open to others: %v", mode.Mode())
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	photos, can := home(t)
	var kept []string
	for _, dir := range []string{"x", "y", "z"} {
		path := write(t, filepath.Join(photos, dir, "a.jpg"), dir)
		k := reserve(t, path)
		must(t, trash.Move(path, k, noon))
		kept = append(kept, filepath.Base(k))
	}
	if want := "a.jpg a.2.jpg a.3.jpg"; strings.Join(kept, " ") != want {
		t.Errorf("the trash holds %v, want %s", kept, want)
	}
	// A file without an info file is somebody's, too.
	write(t, filepath.Join(can, "files", "b.jpg"), "other")
	if k := reserve(t, write(t, filepath.Join(photos, "b.jpg"), "b")); filepath.Base(k) != "b.2.jpg" {
		t.Errorf("b.jpg would go to %s", k)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	photos, can := home(t)
	path := write(t, filepath.Join(photos, "a.jpg"), "one")
	kept := reserve(t, path)
	must(t, trash.Move(path, kept, noon))

	// Another file came to its place: it is not moved, and nothing comes back over it.
	write(t, path, "two")
	must(t, trash.Move(path, kept, noon))
	if err := trash.Restore(path, kept); !errors.Is(err, trash.ErrTaken) {
		t.Errorf("restoring over another file: %v", err)
	}
	if read(t, path) != "two" || read(t, kept) != "one" {
		t.Fatalf("outside %q, in the trash %q", read(t, path), read(t, kept))
	}
	must(t, os.Remove(path))
	must(t, trash.Restore(path, kept))

	// The name went to another file meanwhile: ours stays, so does that.
	write(t, filepath.Join(can, "info", "a.jpg.trashinfo"), "[Trash Info]\nPath=/elsewhere/a.jpg\n")
	if err := trash.Move(path, kept, noon); !errors.Is(err, trash.ErrTaken) {
		t.Errorf("moving to a name that is held: %v", err)
	}
	write(t, kept, "other")
	if err := trash.Move(path, kept, noon); !errors.Is(err, trash.ErrTaken) {
		t.Errorf("moving to a name that is taken: %v", err)
	}
	if read(t, path) != "one" || read(t, kept) != "other" {
		t.Errorf("outside %q, in the trash %q", read(t, path), read(t, kept))
	}
	if err := trash.Restore(path, kept); !errors.Is(err, trash.ErrGone) {
		t.Errorf("restoring somebody else's file: %v", err)
	}
}

func TestEmptiedTrash(t *testing.T) {
	photos, can := home(t)
	path := write(t, filepath.Join(photos, "sub", "a.jpg"), "one")
	kept := reserve(t, path)
	must(t, trash.Move(path, kept, noon))
	must(t, os.Remove(filepath.Dir(path)))
	must(t, trash.Restore(path, kept)) // its folder is made again
	must(t, trash.Move(path, kept, noon))
	must(t, os.RemoveAll(can))
	if err := trash.Restore(path, kept); !errors.Is(err, trash.ErrGone) {
		t.Errorf("restoring from an emptied trash: %v", err)
	}
}

func TestRefused(t *testing.T) {
	photos, _ := home(t)
	file := write(t, filepath.Join(photos, "a.jpg"), "one")
	link := filepath.Join(photos, "link.jpg")
	must(t, os.Symlink(file, link))
	for _, path := range []string{photos, link, filepath.Join(photos, "none.jpg"), "a.jpg"} {
		if kept, err := trash.Reserve(path, noon); err == nil {
			t.Errorf("%s would go to %s", path, kept)
		}
	}
	if _, err := trash.Reserve(filepath.Join(photos, "none.jpg"), noon); !errors.Is(err, trash.ErrGone) {
		t.Errorf("a file that is not there: %v", err)
	}
	// A place that was held and not needed leaves nothing.
	kept := reserve(t, file)
	must(t, trash.Release(kept))
	if again := reserve(t, file); again != kept {
		t.Errorf("after releasing %s the place is %s", kept, again)
	}
}

// A file of another disk goes to the trash of that disk.
func TestOtherDisk(t *testing.T) {
	home(t)
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("skipped: needs the right to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	uid := strconv.Itoa(os.Getuid())
	path := write(t, filepath.Join(disk, "2024", "a b.jpg"), "one")
	kept := reserve(t, path)
	if want := filepath.Join(disk, ".Trash-"+uid, "files", "a b.jpg"); kept != want {
		t.Fatalf("goes to %s, want %s", kept, want)
	}
	info := read(t, filepath.Join(disk, ".Trash-"+uid, "info", "a b.jpg.trashinfo"))
	if !strings.Contains(info, "\nPath=2024/a%20b.jpg\n") {
		t.Errorf("the info file says %q", info)
	}
	must(t, trash.Move(path, kept, noon))
	must(t, trash.Restore(path, kept))
	must(t, os.RemoveAll(filepath.Join(disk, ".Trash-"+uid)))

	// An administrator's .Trash is used when it has the sticky bit, and only then.
	shared := filepath.Join(disk, ".Trash")
	must(t, os.Mkdir(shared, 0o777))
	if kept = reserve(t, path); !strings.HasPrefix(kept, filepath.Join(disk, ".Trash-"+uid)) {
		t.Errorf("without the sticky bit it goes to %s", kept)
	}
	must(t, trash.Release(kept))
	must(t, os.Chmod(shared, 0o777|os.ModeSticky))
	kept = reserve(t, path)
	if want := filepath.Join(shared, uid, "files", "a b.jpg"); kept != want {
		t.Errorf("goes to %s, want %s", kept, want)
	}
	must(t, trash.Move(path, kept, noon))
	must(t, trash.Restore(path, kept))

	// A disk that cannot be written has no trash; the file stays.
	must(t, unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	defer func() { must(t, unix.Mount("", disk, "", unix.MS_REMOUNT, "")) }()
	must(t, unix.Mount("", disk, "", unix.MS_REMOUNT, ""))
	must(t, os.RemoveAll(shared))
	must(t, os.RemoveAll(filepath.Join(disk, ".Trash-"+uid)))
	must(t, unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if _, err := trash.Reserve(path, noon); !errors.Is(err, trash.ErrNoTrash) {
		t.Errorf("on a disk that cannot be written: %v", err)
	}
}
