package app_test

import (
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

func TestMark(t *testing.T) {
	for _, c := range []struct {
		text   string
		photos []library.PhotoID
		right  bool
		want   string
	}{
		{"dog", []library.PhotoID{3}, true, "dog like:3"},
		{"dog", []library.PhotoID{3, 4}, false, "dog -like:3 -like:4"},
		{"dog like:3", []library.PhotoID{3}, true, "dog"},
		{"dog like:3", []library.PhotoID{3}, false, "dog -like:3"},
		{"dog -like:3,4", []library.PhotoID{3}, true, "dog like:3 -like:4"},
		{"dog or cat", []library.PhotoID{3}, true, "like:3 (dog or cat)"},
		{"beach without people, tag:x", []library.PhotoID{3}, true, "beach -people tag:x like:3"},
		{"", []library.PhotoID{3}, true, "like:3"},
	} {
		if got := app.Mark(c.text, c.photos, c.right); got != c.want {
			t.Errorf("%q, %v, %v: %q, want %q", c.text, c.photos, c.right, got, c.want)
		}
	}
	if got, want := app.WithPictures("at night -people", []string{"/a b.jpg", "/c.jpg"}), `at night -people similar:"/a b.jpg",/c.jpg`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPicturesAndMarksWithTheEngine searches by a file that is not in the library, and marks.
func TestPicturesAndMarksWithTheEngine(t *testing.T) {
	a := opened(t, params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t)))
	add(t, a, folder(t, "dogs-on-balcony", "kitten-with-yarn", "honey-bee", "coffee-cup"))
	elsewhere := filepath.Join(folder(t, "kitten-with-yarn"), "kitten-with-yarn.jpg")
	search := func(text string) (app.SearchResult, []string) {
		t.Helper()
		r, err := a.Search(t.Context(), app.SearchRequest{Text: text, All: true})
		if err != nil || len(r.Problems) > 0 {
			t.Fatal(text, err, r.Problems)
		}
		var names []string
		for _, h := range r.Hits {
			d, err := a.Detail(t.Context(), h.Photo)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, strings.TrimSuffix(d.Name, ".jpg"))
		}
		return r, names
	}
	r, names := search(app.WithPictures("", []string{elsewhere}))
	if names[0] != "kitten-with-yarn" || len(r.Parts) != 1 || r.Parts[0].Name != "kitten-with-yarn.jpg" || r.Parts[0].Photo != 0 || r.Parts[0].Picture != elsewhere {
		t.Errorf("%v, %+v", names, r.Parts)
	}
	if img, err := a.PictureFile(t.Context(), elsewhere); err != nil || img.Bounds().Empty() {
		t.Errorf("%v", err)
	}
	r, _ = search("animal")
	bee := r.Hits[0].Photo
	for _, h := range r.Hits {
		if d, err := a.Detail(t.Context(), h.Photo); err == nil && d.Name == "honey-bee.jpg" {
			bee = h.Photo
		}
	}
	r, names = search(app.Mark("animal", []library.PhotoID{bee}, true))
	if names[0] != "honey-bee" || r.Hits[0].Confidence != 1 || r.Parts[1].Photo != bee || r.Parts[1].Name != "honey-bee.jpg" {
		t.Errorf("%v, %+v, %+v", names, r.Hits[0], r.Parts)
	}
	_, names = search(app.Mark("animal", []library.PhotoID{bee}, false))
	if len(names) != 3 || strings.Contains(strings.Join(names, " "), "bee") {
		t.Errorf("%v", names)
	}
}
