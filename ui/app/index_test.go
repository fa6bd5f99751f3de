package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/ui/app"
)

// What was found and not looked at yet counts against the coverage.
func TestCoverageKnowsWhatIsToCome(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "library")
	p := params(lib, testdata.Runtime(t))
	a, err := app.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, "honey-bee", "white-duck", "giraffes")
	add(t, a, dir)
	coverage := func(a *app.App) float64 {
		t.Helper()
		r, err := a.Search(t.Context(), app.SearchRequest{Text: "a bee"})
		if err != nil || len(r.Hits) == 0 {
			t.Fatal(r, err)
		}
		return r.Coverage
	}
	if c := coverage(a); c != 1 {
		t.Errorf("coverage %g of a library that is up to date", c)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	// The scan of a run that was killed found three more.
	s, err := store.Open(t.Context(), lib, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	roots, err := s.Roots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []store.ScanChange
	for _, name := range []string{"coffee-cup", "pagoda", "polar-bear"} {
		copyPhoto(t, name, filepath.Join(dir, name+".jpg"))
		found = append(found, store.ScanChange{Kind: store.Found, Name: name + ".jpg", Stat: library.Stat{Size: 1}})
	}
	if err := errors.Join(s.ApplyScan(t.Context(), roots[0].ID, found), s.Close()); err != nil {
		t.Fatal(err)
	}
	a = opened(t, p)
	if c := coverage(a); c != 0.5 {
		t.Errorf("coverage %g while as many wait", c)
	}
	index(t, a)
	if c := coverage(a); c != 1 {
		t.Errorf("coverage %g in the end", c)
	}
}

func TestThumbnailsStayWithinTheirBudget(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(lib, testdata.Runtime(t)))
	cache := thumbs.Open(filepath.Join(lib, "thumbs"))
	size := func(p library.Picture) int64 {
		info, err := os.Stat(cache.Path(p))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	dir, away := folder(t, "honey-bee", "white-duck"), folder(t, "giraffes", "coffee-cup")
	if _, err := a.AddRoot(t.Context(), away); err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)
	at := func(dir, name string) library.Picture {
		t.Helper()
		cards, err := a.Cards(t.Context(), []library.PhotoID{photo(t, a, filepath.Join(dir, name+".jpg"))})
		if err != nil || len(cards) != 1 {
			t.Fatal(cards, err)
		}
		return cards[0].Picture
	}
	offline := []library.Picture{at(away, "giraffes"), at(away, "coffee-cup")}
	here := []library.Picture{at(dir, "honey-bee"), at(dir, "white-duck")}
	if err := os.Rename(away, away+"-unplugged"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"-1", "much", "NaN"} {
		if err := a.SetSetting(t.Context(), app.SettingThumbnails, bad); err == nil {
			t.Errorf("thumbnails = %s was taken", bad)
		}
	}
	// Room for those of the photos that are away, and little more.
	budget := size(offline[0]) + size(offline[1]) + 100
	if err := a.SetSetting(t.Context(), app.SettingThumbnails, strconv.FormatFloat(float64(budget)/1e9, 'f', -1, 64)); err != nil {
		t.Fatal(err)
	}
	copyPhoto(t, "pagoda", filepath.Join(dir, "pagoda.jpg"))
	index(t, a)
	for _, p := range offline {
		if size(p) == 0 {
			t.Error("the thumbnail of an offline photo went before those of photos at hand")
		}
	}
	for _, p := range here {
		if size(p) != 0 {
			t.Error("thumbnails take more than their budget")
		}
		// It comes back from the file.
		img, err := a.Thumbnail(t.Context(), p)
		if err != nil || max(img.Rect.Dx(), img.Rect.Dy()) != 512 {
			t.Errorf("the thumbnail does not come back: %v", err)
		}
		if size(p) == 0 {
			t.Error("the thumbnail is not kept")
		}
	}
}

// A model that is wanted again after an import is not loaded once more.
func TestImportsKeepOneModel(t *testing.T) {
	a := withModel(t)
	for range 3 {
		if _, err := a.EmbedTexts(t.Context(), []string{"a bee"}); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		if _, err := a.Export(t.Context(), &said); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Import(t.Context(), bytes.NewReader(said.Bytes()), false); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.Engines(); n != 1 {
		t.Errorf("%d models are held in memory", n)
	}
}

// A model that took the place of another one with its name is that one from then on, also
// where only its words differ.
func TestModelUnderAUsedName(t *testing.T) {
	a := withModel(t)
	files := onnxtest.Descry()
	words := func() []float32 {
		t.Helper()
		if _, err := a.AddModel(t.Context(), files.Write(t, "tiny")); err != nil {
			t.Fatal(err)
		}
		if err := a.UseModel(t.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		r, err := a.EmbedTexts(t.Context(), []string{"dog"})
		if err != nil || r[0].Err != nil {
			t.Fatal(err, r)
		}
		return r[0].Vector
	}
	dog := words()
	if err := a.UseModel(t.Context(), "starter"); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveModel(t.Context(), "tiny"); err != nil {
		t.Fatal(err)
	}
	files["tokenizer.json"] = []byte(strings.NewReplacer(`"dog"`, `"cat"`, `"cat"`, `"dog"`).Replace(string(files["tokenizer.json"])))
	if slices.Equal(dog, words()) {
		t.Error("the words of the model that was removed are used")
	}
}
