package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"descry/assets"
	"descry/internal/testdata"
	"descry/ui/app"
)

// TestQueryLanguage asks the real engine for what the language can say and package search
// cannot test by itself: pictures outside the library, the clock, places, completion.
func TestQueryLanguage(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	p.Places = assets.Places()
	p.Now = func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	a := opened(t, p)
	dir := folder(t, "dogs-on-balcony", "kitten-with-yarn", "honey-bee")
	yesterday := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "kitten-with-yarn.jpg"), yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)
	elsewhere := filepath.Join(folder(t, "kitten-with-yarn"), "kitten-with-yarn.jpg")
	for _, c := range []struct{ query, first string }{
		{"dog or kitten -dog", "kitten-with-yarn"},
		{"date:yesterday", "kitten-with-yarn"},
		{`similar:"` + elsewhere + `"`, "kitten-with-yarn"},
		{`similar:dogs-on-balcony.jpg`, "dogs-on-balcony"},
		{"kitten teg:dog", "kitten-with-yarn"},
	} {
		r, err := a.Search(t.Context(), app.SearchRequest{Text: c.query, All: true})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, h := range r.Hits {
			d, err := a.Detail(t.Context(), h.Photo)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, strings.TrimSuffix(d.Name, ".jpg"))
		}
		if len(ids) == 0 || ids[0] != c.first {
			t.Errorf("%s: %s; %v", c.query, ids, r.Problems)
		}
	}
	r, err := a.Search(t.Context(), app.SearchRequest{Text: "near:paris"})
	if err != nil || len(r.Problems) > 0 || len(r.Notes) == 0 || r.Notes[0] != "“paris” is read as Paris, Ile-de-France, France." {
		t.Errorf("near:paris: %+v, %v", r, err)
	}

	for query, want := range map[string]string{"tag:d": "dog,duck", "sunset rat": "rating:", "hon": "", "camera:nik": "NIKON D50"} {
		c, err := a.Complete(t.Context(), query, len(query))
		var got []string
		for _, p := range c.Proposals {
			got = append(got, strings.Trim(p.Text, `"`))
		}
		if err != nil || strings.Join(got, ",") != want {
			t.Errorf("%s: %q, %v", query, got, err)
		}
	}
	if got := app.WithoutChip([]string{"dog", "beach", "-people", "year:2020"}, 2); got != "dog, beach year:2020" {
		t.Error(got)
	}
}
