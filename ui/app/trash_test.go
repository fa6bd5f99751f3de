package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/library"
	"descry/library/trash"
	"descry/ui/app"
)

// trashLibrary is a library with a photo, a smaller copy of it with words of its own, and
// another photo. The trash lies beside it.
type trashLibrary struct {
	dir, photos       string
	big, small, other string
}

func newTrashLibrary(t *testing.T) trashLibrary {
	t.Helper()
	if !trash.Supported() {
		t.Skip("skipped: the trash of this system is not supported")
	}
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	l := trashLibrary{dir: filepath.Join(dir, "library"), photos: filepath.Join(dir, "photos")}
	if err := os.Mkdir(l.photos, 0o755); err != nil {
		t.Fatal(err)
	}
	l.big, l.small, l.other = filepath.Join(l.photos, "big.jpg"), filepath.Join(l.photos, "small.jpg"), filepath.Join(l.photos, "other.jpg")
	copyPhoto(t, "coffee-cup", l.big)
	copyPhoto(t, "honey-bee", l.small)
	copyPhoto(t, "polar-bear", l.other)
	a := l.open(t)
	if _, err := a.AddRoot(t.Context(), l.photos); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Index(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	small := l.photo(t, a, l.small)
	if _, err := a.SetRating(t.Context(), []library.PhotoID{small}, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SetFavourite(t.Context(), []library.PhotoID{small}, true); err != nil {
		t.Fatal(err)
	}
	l.close(t, a)
	return l
}

func (l trashLibrary) open(t *testing.T) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), params(l.dir, noRuntime))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (l trashLibrary) close(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func (l trashLibrary) photo(t *testing.T, a *app.App, path string) library.PhotoID {
	t.Helper()
	found, unknown, err := a.Resolve(t.Context(), []string{path})
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%s: %v, unknown %v", path, err, unknown)
	}
	return found[0].Photo
}

func (l trashLibrary) user(t *testing.T, a *app.App) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.Dump(t.Context(), &b, true, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// places lists where a sample photo lies: at its place, in the trash, or nowhere.
func (l trashLibrary) places(t *testing.T) string {
	t.Helper()
	var out []string
	for name, path := range map[string]string{"outside": l.small, "trash": filepath.Join(filepath.Dir(l.photos), "data", "Trash", "files", "small.jpg")} {
		if _, err := os.Stat(path); err == nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestTrashAndUndo(t *testing.T) {
	l := newTrashLibrary(t)
	a := l.open(t)
	defer l.close(t, a)
	before := l.user(t, a)
	big := l.photo(t, a, l.big)

	r, err := a.Trash(t.Context(), []app.TrashItem{{Path: l.small, Keep: l.big}})
	if err != nil || len(r.Moved) != 1 || len(r.Failed) != 0 || r.Operation == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := l.places(t); got != "trash" {
		t.Errorf("the file is in: %q", got)
	}
	d, err := a.Detail(t.Context(), big)
	if err != nil || d.Rating != 4 || !d.Favourite {
		t.Errorf("what was said of the copy did not go to the photo that stays: %+v, %v", d.Card, err)
	}
	if gone, err := a.Trashed(t.Context()); err != nil || !slices.Equal(gone, []string{l.small}) {
		t.Errorf("in the trash: %v, %v", gone, err)
	}
	all, err := a.Browse(t.Context(), app.Scope{})
	if err != nil || len(all) != 2 {
		t.Errorf("%d photos are listed, %v", len(all), err)
	}

	if _, err := a.Undo(t.Context(), r.Operation); err != nil {
		t.Fatal(err)
	}
	if got := l.places(t); got != "outside" {
		t.Errorf("after undo the file is in: %q", got)
	}
	if after := l.user(t, a); after != before {
		t.Errorf("what was said after undo:\n%sbefore:\n%s", after, before)
	}
	all, err = a.Browse(t.Context(), app.Scope{})
	if err != nil || len(all) != 3 {
		t.Errorf("after undo %d photos are listed, %v", len(all), err)
	}
	st, err := a.Status(t.Context())
	if err != nil || st.Missing != 0 {
		t.Errorf("after undo: %+v, %v", st, err)
	}
	if _, err := a.Redo(t.Context()); err != nil || l.places(t) != "trash" {
		t.Errorf("after redo the file is in %q, %v", l.places(t), err)
	}
}

func TestTrashRefuses(t *testing.T) {
	l := newTrashLibrary(t)
	a := l.open(t)
	defer l.close(t, a)
	stray := filepath.Join(l.photos, "stray.jpg")
	copyPhoto(t, "eiffel-tower", stray)
	if err := os.WriteFile(l.other, []byte("edited since"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := l.user(t, a)
	for name, items := range map[string][]app.TrashItem{
		"not in the library":           {{Path: stray}},
		"changed since":                {{Path: l.other}},
		"what stays has changed":       {{Path: l.small, Keep: l.other}},
		"what stays is not there":      {{Path: l.small, Keep: filepath.Join(l.photos, "none.jpg")}},
		"what stays is to go, too":     {{Path: l.small, Keep: l.big}, {Path: l.big, Keep: l.small}},
		"it stays for itself, and not": {{Path: l.small, Keep: l.small}},
	} {
		r, err := a.Trash(t.Context(), items)
		if err != nil || len(r.Moved) != 0 || r.Operation != 0 || len(r.Failed) != len(items) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if l.places(t) != "outside" || l.user(t, a) != before {
		t.Errorf("the file is in %q; said:\n%s", l.places(t), l.user(t, a))
	}
}

func TestUndoNeverOverwrites(t *testing.T) {
	l := newTrashLibrary(t)
	a := l.open(t)
	defer l.close(t, a)
	if _, err := a.Trash(t.Context(), []app.TrashItem{{Path: l.small}}); err != nil {
		t.Fatal(err)
	}
	copyPhoto(t, "eiffel-tower", l.small)
	want, err := os.ReadFile(l.small)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Undo(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "another file is in its place") {
		t.Errorf("undo over another file: %v", err)
	}
	if got, err := os.ReadFile(l.small); err != nil || !bytes.Equal(got, want) || l.places(t) != "outside trash" {
		t.Errorf("the files are in %q, %v", l.places(t), err)
	}
}

// A file whose move is undone before it was made was not moved.
func TestTrashCountsWhatWentThere(t *testing.T) {
	l := newTrashLibrary(t)
	a := l.open(t)
	defer l.close(t, a)
	stop := errors.New("no further")
	r, err := a.TrashWith(t.Context(), []app.TrashItem{{Path: l.small}}, func(step string) error {
		if step != "recorded" {
			return nil
		}
		if err := a.UndoWith(t.Context(), func(string) error { return stop }); !errors.Is(err, stop) {
			t.Error(err)
		}
		return nil
	})
	if err != nil || len(r.Moved) != 0 || len(r.Failed) != 1 || l.places(t) != "outside" {
		t.Errorf("%+v, %v; the file is in %q", r, err, l.places(t))
	}
}

// Whoever moves a file is told when that fails, however many move files at a time.
func TestTrashTellsWhoAsked(t *testing.T) {
	l := newTrashLibrary(t)
	a := l.open(t)
	defer l.close(t, a)
	other := make(chan error, 1)
	r, err := a.TrashWith(t.Context(), []app.TrashItem{{Path: l.small}}, func(step string) error {
		if step == "recorded" {
			go func() { other <- a.UndoWith(t.Context(), func(string) error { return nil }) }()
			return os.WriteFile(l.small, []byte("edited meanwhile"), 0o644)
		}
		return nil
	})
	if err != nil || len(r.Moved) != 0 || len(r.Failed) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
}

var errKilled = errors.New("killed")

// dying runs f and lets the process end, as far as the library can tell, when f comes to
// the step. It reports whether it came there.
func dying(t *testing.T, at string, f func(step func(string) error)) (died bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errKilled) {
				panic(r)
			}
			died = true
		}
	}()
	f(func(step string) error {
		if step == at {
			panic(errKilled)
		}
		return nil
	})
	return false
}

// A process that dies at any step, on the way there or back, loses nothing: the file is in
// one place, the next start does what is left, and undo brings everything back.
func TestTrashSurvivesDeath(t *testing.T) {
	for _, test := range []struct{ there, back, places string }{
		{"reserved", "", "outside"},
		{"recorded", "", "trash"},
		{"moved", "", "trash"},
		{"noted", "", "trash"},
		{"", "undone", "outside"},
		{"", "moved", "outside"},
		{"", "noted", "outside"},
	} {
		t.Run(test.there+test.back, func(t *testing.T) {
			l := newTrashLibrary(t)
			a := l.open(t)
			before := l.user(t, a)
			items := []app.TrashItem{{Path: l.small, Keep: l.big}}
			died := dying(t, test.there, func(step func(string) error) {
				if _, err := a.TrashWith(t.Context(), items, step); err != nil {
					t.Fatal(err)
				}
			})
			if test.back != "" {
				died = dying(t, test.back, func(step func(string) error) {
					if err := a.UndoWith(t.Context(), step); err != nil {
						t.Fatal(err)
					}
				})
			}
			if !died {
				t.Fatal("the step did not come")
			}
			if got := l.places(t); got != "outside" && got != "trash" {
				t.Fatalf("after the death the file is in: %q", got)
			}
			l.close(t, a)
			a = l.open(t)
			defer func() { l.close(t, a) }()
			if got := l.places(t); got != test.places {
				t.Errorf("after the next start the file is in %q, want %q", got, test.places)
			}
			all, err := a.Browse(t.Context(), app.Scope{})
			if want := map[string]int{"outside": 3, "trash": 2}[test.places]; err != nil || len(all) != want {
				t.Errorf("after the next start %d photos are listed, %v", len(all), err)
			}
			if test.places == "trash" {
				if _, err := a.Undo(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
			}
			if got := l.places(t); got != "outside" {
				t.Errorf("in the end the file is in %q", got)
			}
			if after := l.user(t, a); after != before {
				t.Errorf("what was said in the end:\n%sbefore:\n%s", after, before)
			}
			// And it can go again.
			if r, err := a.Trash(t.Context(), items); err != nil || len(r.Moved) != 1 {
				t.Errorf("going again: %+v, %v", r, err)
			}
		})
	}
}

func TestTrashPhotos(t *testing.T) {
	l := newTrashLibrary(t)
	twin := filepath.Join(l.photos, "other (2).jpg")
	copyPhoto(t, "polar-bear", twin)
	a := l.open(t)
	defer l.close(t, a)
	if _, err := a.Index(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	// A photo goes with all its files.
	report, err := a.TrashPhotos(t.Context(), []library.PhotoID{l.photo(t, a, l.other)})
	if err != nil || len(report.Moved) != 2 || len(report.Failed) != 0 {
		t.Fatalf("moved %v, left %v, %v", report.Moved, report.Failed, err)
	}
	left, err := a.Browse(t.Context(), app.Scope{})
	if err != nil || len(left) != 2 {
		t.Errorf("%d photos are left, %v", len(left), err)
	}
	if _, err := a.Undo(t.Context(), report.Operation); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{l.other, twin} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
