package indexer

import (
	"os"
	"slices"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/vectors"
)

// TestVectorIndexFollowsTheLibrary lets an index that is open all the while catch up with
// what happens to photos, and compares it with one that is opened anew.
func TestVectorIndexFollowsTheLibrary(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	l.index()
	space, err := l.store.EnsureSpace(t.Context(), l.encoder.Space(), l.encoder.Model(), l.encoder.Dim())
	if err != nil {
		t.Fatal(err)
	}
	open := func() *vectors.Index {
		x, err := vectors.Open(t.Context(), vectors.Params{Source: l.store, Space: space})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	x := open()
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"nothing", func() {}, 2},
		{"a new photo", func() { l.photo("c.jpg", 3) }, 3},
		{"an edit in place", func() {
			l.write("a.jpg", photomaker.JPEG(photomaker.Scene(96, 64, 1), library.Metadata{}, 60))
			if err := os.Chtimes(l.at("a.jpg"), time.Time{}, time.Unix(1.7e9, 0)); err != nil {
				t.Fatal(err)
			}
		}, 3},
		{"the picture before the edit, under another name", func() { l.photo("old.jpg", 1) }, 4},
		{"a photo goes missing", func() { l.move("b.jpg", "b.away") }, 3},
		{"and comes back", func() { l.move("b.away", "b.jpg") }, 4},
		{"turned", func() { l.write("b.jpg", scene(2, library.Metadata{Orientation: 6})) }, 4},
		{"turned back", func() {
			l.photo("b.jpg", 2)
			if err := os.Chtimes(l.at("b.jpg"), time.Time{}, time.Unix(1.7e9, 0)); err != nil {
				t.Fatal(err)
			}
		}, 4},
	} {
		step.do()
		l.index()
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		fresh := open()
		got, want := slices.Sorted(slices.Values(x.Photos())), slices.Sorted(slices.Values(fresh.Photos()))
		if !slices.Equal(got, want) || len(got) != step.want {
			t.Errorf("%s: the index has %v, a fresh one %v", step.name, got, want)
			x = fresh
			continue
		}
		q := make([]float32, space.Dim)
		q[0], q[7] = 0.6, 0.8
		a, b := make([]float32, len(got)), make([]float32, len(got))
		x.Scan(q, a)
		fresh.Scan(q, b)
		for row, p := range x.Photos() {
			other, _ := fresh.View().Row(p)
			if a[row] != b[other] {
				t.Errorf("%s: photo %d scores %g, in a fresh index %g", step.name, p, a[row], b[other])
			}
		}
	}
}
