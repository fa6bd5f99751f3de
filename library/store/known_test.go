package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"descry/library"
)

// TestKnownFiles pages through files with all kinds of names and compares with what each
// folder lists.
func TestKnownFiles(t *testing.T) {
	s := newLib(t)
	root, err := s.AddRoot(t.Context(), "/photos", "")
	noError(t, err)
	other, err := s.AddRoot(t.Context(), "/other", "")
	noError(t, err)
	noError(t, s.ApplyScan(t.Context(), other.ID, []ScanChange{{Name: "o.jpg"}}))
	dirs := []string{"", "a", "a b", "a-x/y", "a/b", "a/b/c", "caf\xe9\n", "d 'q' \" ; --", "0"}
	names := []string{"x.jpg", "caf\xe9.jpg", " 1 2 3.jpg", "\n.jpg", "ä.jpg", "'.jpg"}
	var changes []ScanChange
	for i, d := range dirs {
		for j, n := range names {
			st := library.Stat{Size: int64(i), ModTime: -int64(j), Inode: fmt.Sprintf("%d:%d", i, j)}
			if j == 2 {
				st.Inode = ""
			}
			changes = append(changes, ScanChange{Dir: d, Name: n, Stat: st})
		}
	}
	noError(t, s.ApplyScan(t.Context(), root.ID, changes))
	var want []library.File
	for _, d := range slices.Sorted(slices.Values(dirs)) {
		files, err := s.FilesInDir(t.Context(), root.ID, d)
		noError(t, err)
		want = append(want, files...)
	}
	for _, limit := range []int{1, 4, 1000} {
		var got []library.File
		var after Place
		for {
			page, err := s.KnownFiles(t.Context(), root.ID, after, "", limit)
			noError(t, err)
			got = append(got, page...)
			if len(page) < limit {
				break
			}
			last := page[len(page)-1]
			after = Place{last.Dir, last.Name}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d at a time: %s", limit, diff)
		}
	}
	below, err := s.KnownFiles(t.Context(), root.ID, Place{Dir: "a/"}, "a0", 1000)
	noError(t, err)
	if len(below) != 2*len(names) || slices.ContainsFunc(below, func(f library.File) bool { return !strings.HasPrefix(f.Dir, "a/b") }) {
		t.Errorf("below a: %+v", below)
	}
}

// TestHeldIsAsStatusSays compares the quick counts with the whole ones.
func TestHeldIsAsStatusSays(t *testing.T) {
	s := newLib(t)
	other, err := s.AddRoot(t.Context(), "/other", "")
	noError(t, err)
	noError(t, s.ApplyScan(t.Context(), s.root.ID, []ScanChange{{Name: "a.jpg", Stat: stat(1)}, {Name: "b.jpg", Stat: stat(2)}}))
	noError(t, s.ApplyScan(t.Context(), other.ID, []ScanChange{{Name: "c.jpg", Stat: stat(3)}}))
	for _, state := range []library.FileState{library.Present, library.Offline} {
		noError(t, s.SetRootState(t.Context(), other.ID, state, NotThere))
		want, err := s.Status(t.Context(), s.space.ID)
		noError(t, err)
		got, err := s.Held(t.Context())
		noError(t, err)
		waiting, err := s.Waiting(t.Context(), s.space.ID)
		noError(t, err)
		if got.Files != want.Files || got.Photos != want.Photos || got.Offline != want.Offline || waiting != want.Pending || waiting == 0 {
			t.Errorf("%+v, %d wait, want %+v", got, waiting, want)
		}
	}
}

// That nothing was waiting is remembered until something is written.
func TestNothingIsWaiting(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	waits := func(what string, want int) {
		t.Helper()
		for range 2 {
			n, err := l.Waiting(ctx, l.space.ID)
			noError(t, err)
			same(t, what+": waiting", n, want)
			same(t, what+": pending", len(l.pending(l.space.ID)), want)
		}
	}
	waits("empty", 0)
	l.add("a.jpg", 1)
	waits("looked at", 0)
	_, err := l.Pending(ctx, l.space.ID, 0, Cursor{})
	noError(t, err)
	l.apply(Found, "b.jpg", stat(2))
	waits("another file", 1)
	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, NotThere))
	waits("offline", 0)
	noError(t, l.SetRootState(ctx, l.root.ID, library.Present, NotThere))
	waits("back", 1)
	l.put("b.jpg", 2, l.reading("b"))
	waits("looked at", 0)
	other, err := l.EnsureSpace(ctx, "space-b", "model-b", testDim)
	noError(t, err)
	same(t, "in another space", len(l.pending(other.ID)), 2)
	waits("in this one", 0)

	// Who only reads sees what others write.
	r, err := Open(ctx, l.Dir(), Options{ReadOnly: true})
	noError(t, err)
	defer r.Close()
	n, err := r.Waiting(ctx, l.space.ID)
	noError(t, err)
	same(t, "seen by a reader", n, 0)
	l.apply(Found, "c.jpg", stat(3))
	n, err = r.Waiting(ctx, l.space.ID)
	noError(t, err)
	same(t, "seen by a reader", n, 1)
}
