package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/ui/app"
)

// writeShots writes a burst of three, and one photo of another minute, into a folder.
func writeShots(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	taken := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for i, name := range names {
		img := photomaker.Scene(320, 240, 5)
		img.Pix[4*i] ^= 0xFF // contents of their own
		m := library.Metadata{Make: "A", Model: "B", Taken: taken.Add(time.Duration(i) * time.Second)}
		if i == 3 {
			m.Taken = taken.Add(time.Minute)
		}
		if err := os.WriteFile(filepath.Join(dir, name), photomaker.JPEG(img, m, 95), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func photoAt(t *testing.T, a *app.App, path string) library.PhotoID {
	t.Helper()
	found, unknown, err := a.Resolve(t.Context(), []string{path})
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%s: %v, unknown %v", path, err, unknown)
	}
	return found[0].Photo
}

func stackNames(t *testing.T, a *app.App, path string) (names []string, kind app.StackKind) {
	t.Helper()
	d, err := a.Detail(t.Context(), photoAt(t, a, path))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Stack {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names, d.StackOf
}

// Stacks follow what happens to the files, and in the end are those of a library that saw
// nothing but the end.
func TestStacksFollow(t *testing.T) {
	dir := t.TempDir()
	writeShots(t, filepath.Join(dir, "a"), "1.jpg", "2.jpg", "3.jpg", "4.jpg")
	a := wordsOnly(t)
	index := func() {
		t.Helper()
		if _, err := a.Index(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(want int) {
		t.Helper()
		ids, err := a.Browse(t.Context(), app.Scope{Stacked: true})
		if err != nil || len(ids) != want {
			t.Errorf("%d cards are listed, want %d, %v", len(ids), want, err)
		}
		cards, err := a.Cards(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, c := range cards {
			sum += max(1, c.Stacked)
		}
		all, err := a.Browse(t.Context(), app.Scope{})
		if err != nil || sum != len(all) {
			t.Errorf("the cards stand for %d photos of %d, %v", sum, len(all), err)
		}
	}
	if _, err := a.AddRoot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	index()
	listed(2)
	names, kind := stackNames(t, a, filepath.Join(dir, "a", "2.jpg"))
	if kind != "burst" || !slices.Equal(names, []string{"1.jpg", "2.jpg", "3.jpg"}) {
		t.Errorf("the stack is %v, %q", names, kind)
	}

	// A shot is listed where the one that stands for it is not.
	third := photoAt(t, a, filepath.Join(dir, "a", "3.jpg"))
	if _, err := a.SetFavourite(t.Context(), []library.PhotoID{third}, true); err != nil {
		t.Fatal(err)
	}
	favourites := app.Scope{Kind: app.ScopeFavourites, Stacked: true}
	if ids, err := a.Browse(t.Context(), favourites); err != nil || !slices.Equal(ids, []library.PhotoID{third}) {
		t.Errorf("the favourites are %v, want %d, %v", ids, third, err)
	}
	if n, err := a.Count(t.Context(), app.Scope{Stacked: true}); err != nil || n != 2 {
		t.Errorf("%d photos are counted, %v", n, err)
	}

	// One of three goes: two shots are no burst.
	if err := os.Rename(filepath.Join(dir, "a", "1.jpg"), filepath.Join(t.TempDir(), "1.jpg")); err != nil {
		t.Fatal(err)
	}
	index()
	listed(3)
	// More come, in another folder, and some move.
	writeShots(t, filepath.Join(dir, "b"), "x1.jpg", "x2.jpg", "x3.jpg")
	for _, n := range []string{"2.jpg", "3.jpg"} {
		if err := os.Rename(filepath.Join(dir, "a", n), filepath.Join(dir, "b", n)); err != nil {
			t.Fatal(err)
		}
	}
	index()
	index()

	fresh := wordsOnly(t)
	if _, err := fresh.AddRoot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Index(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a/4.jpg", "b/x1.jpg", "b/2.jpg", "b/x3.jpg"} {
		got, gotKind := stackNames(t, a, filepath.Join(dir, path))
		want, wantKind := stackNames(t, fresh, filepath.Join(dir, path))
		if !slices.Equal(got, want) || gotKind != wantKind {
			t.Errorf("%s is in the stack %v %q, in a fresh library %v %q", path, got, gotKind, want, wantKind)
		}
	}
}
