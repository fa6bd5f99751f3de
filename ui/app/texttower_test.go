package app_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/app"
)

// addModel adds a model folder of a test.
func addModel(t *testing.T, a *app.App, files onnxtest.Files, id string) {
	t.Helper()
	if m, err := a.AddModel(t.Context(), files.Write(t, id)); err != nil || m.ID != id {
		t.Fatalf("adding the model %s: %+v, %v", id, m, err)
	}
}

func useModel(t *testing.T, a *app.App, id string) {
	t.Helper()
	if err := a.UseModel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func wordOf(t *testing.T, a *app.App, text string) []float32 {
	t.Helper()
	r, err := a.EmbedTexts(t.Context(), []string{text})
	if err != nil || r[0].Err != nil {
		t.Fatal(err, r)
	}
	return r[0].Vector
}

// TestTextTowerSwap uses a text tower that goes with another model's pictures: words have other
// vectors, and no photo is looked at again, in both directions.
func TestTextTowerSwap(t *testing.T) {
	for name, files := range map[string]onnxtest.Files{
		"immich": onnxtest.Immich(), "transformers.js": onnxtest.TransformersJS(), "descry": onnxtest.Descry(),
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "library")
			a := opened(t, params(dir, testdata.Runtime(t)))
			if _, err := a.AddModel(t.Context(), files.TextsFor("pictures").Write(t, "words")); err == nil ||
				!strings.Contains(err.Error(), "text tower for the pictures of the model pictures, which is needed beside it") {
				t.Errorf("adding it without the pictures says %v", err)
			}
			addModel(t, a, files, "pictures")
			addModel(t, a, files.TextsFor("pictures"), "words")
			useModel(t, a, "pictures")
			photos := folder(t, "honey-bee", "dogs-on-balcony", "giraffes")
			if r := add(t, a, photos); r.Encoded != 3 || r.Model != "pictures" {
				t.Fatalf("%+v", r)
			}
			search := func() app.SearchResult {
				t.Helper()
				res, err := a.Search(t.Context(), app.SearchRequest{Text: "dog", All: true})
				if err != nil || len(res.Hits) != 3 || res.Coverage != 1 || res.Calibrated {
					t.Fatalf("%+v, %v", res, err)
				}
				return res
			}
			dog, before := wordOf(t, a, "dog"), search()
			useModel(t, a, "words")
			for _, want := range []bool{true, false} { // as the terminal does, and once more
				suggests := false
				if _, err := a.LookAgain(t.Context(), func(p app.Progress) { suggests = suggests || p.Job == "Suggesting tags" }); err != nil {
					t.Fatal(err)
				}
				if suggests != want {
					t.Errorf("tags are suggested by the other words: %v, want %v", suggests, want)
				}
			}
			if m := a.Model(); m.ID != "words" || m.Name != "Other words" || !slices.Equal(m.Languages, []string{"multilingual"}) {
				t.Errorf("in use is %+v", m)
			}
			swapped, other := wordOf(t, a, "dog"), search()
			if slices.Equal(dog, swapped) || before.Hits[0].Score == other.Hits[0].Score {
				t.Error("words have the vectors of the former text tower")
			}
			if r := index(t, a); r.Encoded != 0 || r.Model != "words" {
				t.Errorf("%+v, want no photo looked at", r)
			}
			if err := a.RemoveModel(t.Context(), "pictures"); err == nil || !strings.Contains(err.Error(), "image tower of pictures") {
				t.Errorf("removing the image tower that is in use says %v", err)
			}
			// A process that starts with both in the cache of text vectors mixes nothing up.
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			a = opened(t, params(dir, testdata.Runtime(t)))
			if again := search(); again.Hits[0].Score != other.Hits[0].Score || !slices.Equal(swapped, wordOf(t, a, "dog")) {
				t.Error("another process gives other answers")
			}
			useModel(t, a, "pictures")
			if again := search(); again.Hits[0].Score != before.Hits[0].Score || !slices.Equal(dog, wordOf(t, a, "dog")) {
				t.Error("going back gives other answers")
			}
			if r := index(t, a); r.Encoded != 0 {
				t.Errorf("%+v, want no photo looked at", r)
			}
			if err := a.UseModelNow(t.Context(), "starter"); err != nil {
				t.Fatal(err)
			}
			if err := a.RemoveModel(t.Context(), "pictures"); err != nil {
				t.Fatal(err)
			}
			if err := a.UseModel(t.Context(), "words"); err == nil || !strings.Contains(err.Error(), "pictures") {
				t.Errorf("using it without its pictures says %v", err)
			}
		})
	}
}

// TestTextTowersThatNameEachOther lists two such folders with what is wrong with them.
func TestTextTowersThatNameEachOther(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(dir, ""))
	for id, image := range map[string]string{"one": "other", "other": "one"} {
		if err := onnxtest.Immich().TextsFor(image).WriteTo(filepath.Join(dir, "models", id)); err != nil {
			t.Fatal(err)
		}
	}
	models, err := a.Models(t.Context())
	if err != nil || len(models) != 3 {
		t.Fatalf("%+v, %v", models, err)
	}
	for _, m := range models {
		if (m.ID == "starter") != (m.Problem == "") || m.Problem != "" && !strings.Contains(m.Problem, "cannot be used alone") {
			t.Errorf("%s: %q", m.ID, m.Problem)
		}
	}
}
