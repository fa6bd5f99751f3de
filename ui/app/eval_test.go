package app_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

// measure is one figure of a model.
func measure(t *testing.T, m app.EvalModel, name string) app.EvalMeasure {
	t.Helper()
	for _, x := range m.Measures {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("%s has no %q: %+v", m.ID, name, m.Measures)
	return app.EvalMeasure{}
}

// twoModels opens a new library with the starter model and a tiny one that sees colours alone.
func twoModels(t *testing.T) *app.App {
	t.Helper()
	a := withModel(t)
	addModel(t, a, onnxtest.Descry(), "tiny")
	return a
}

// classSet is a folder with a folder for each class, of sample photos.
func classSet(t *testing.T, classes map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for class, photos := range classes {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range photos {
			copyPhoto(t, p, filepath.Join(dir, class, p+".jpg"))
		}
	}
	return dir
}

func put(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEvalClasses(t *testing.T) {
	a := twoModels(t)
	dir := classSet(t, map[string][]string{
		"n01": {"honey-bee"}, "n02": {"giraffes"}, "n03": {"white-duck"}, "n04": {"kitten-with-yarn"}, "n05": {"coffee-cup"}, "n06": {"bridge-at-night"},
	})
	put(t, filepath.Join(dir, "n01", "broken.jpg"), "no picture")
	put(t, filepath.Join(dir, "classes.txt"), "n01 honey bee\nn02 giraffe\nn03 duck\nn04 kitten\nn05 coffee\n")
	var jobs []string
	r, classes, err := a.EvalClasses(t.Context(), app.EvalClassesOptions{
		EvalOptions: app.EvalOptions{Progress: func(p app.Progress) { jobs = append(jobs, p.Job) }}, Folder: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(classes) != 6 || classes[0].Name != "honey bee" || classes[5].Name != "n06" {
		t.Errorf("classes: %+v", classes)
	}
	if r.Pictures != 7 || len(r.Failed) != 1 || !strings.HasSuffix(r.Failed[0].Path, "broken.jpg") {
		t.Errorf("%d pictures, failed: %+v", r.Pictures, r.Failed)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "n06") {
		t.Errorf("notes: %q", r.Notes)
	}
	if len(r.Models) != 2 || r.Models[0].ID != "starter" || r.Models[1].ID != "tiny" {
		t.Fatalf("models: %+v", r.Models)
	}
	starter, tiny := r.Models[0], r.Models[1]
	if top := measure(t, starter, "top-1"); top.N != 6 || top.Value < 5.0/6 {
		t.Errorf("the starter has %+v", top)
	}
	if top := measure(t, tiny, "top-1"); top.N != 6 || top.Value >= measure(t, starter, "top-1").Value {
		t.Errorf("a model that sees colours alone has %+v", top)
	}
	if starter.Pictures != 6 || starter.PhotosPerSecond <= 0 || starter.EncodeMS <= 0 || starter.Bytes == 0 || starter.Provider == "" || starter.Confusion.Count(1, 1) != 1 {
		t.Errorf("starter: %+v", starter)
	}
	if len(jobs) == 0 {
		t.Error("no progress was told")
	}

	t.Run("one model", func(t *testing.T) {
		r, _, err := a.EvalClasses(t.Context(), app.EvalClassesOptions{EvalOptions: app.EvalOptions{Models: []string{"tiny", "tiny"}}, Folder: dir})
		if err != nil || len(r.Models) != 1 || r.Models[0].ID != "tiny" {
			t.Errorf("%+v, %v", r.Models, err)
		}
	})
	t.Run("a model that is not there", func(t *testing.T) {
		_, _, err := a.EvalClasses(t.Context(), app.EvalClassesOptions{EvalOptions: app.EvalOptions{Models: []string{"none"}}, Folder: dir})
		if !errors.Is(err, library.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		_, _, err := a.EvalClasses(ctx, app.EvalClassesOptions{EvalOptions: app.EvalOptions{Progress: func(p app.Progress) {
			if p.Done > 0 {
				stop()
			}
		}}, Folder: dir})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		stop()
	})
}

// TestEvalModelWithFault compares with a model whose files are damaged: that one has a sentence,
// the other its figures; and where no model works, there is an error.
func TestEvalModelWithFault(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(lib, testdata.Runtime(t)))
	addModel(t, a, onnxtest.Descry(), "tiny")
	dir := classSet(t, map[string][]string{"bee": {"honey-bee"}, "giraffe": {"giraffes"}})
	o := app.EvalClassesOptions{Folder: dir}
	if r, _, err := a.EvalClasses(t.Context(), o); err != nil || r.Models[1].Problem != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	damaged := filepath.Join(lib, "models", "tiny", "vision.onnx")
	if err := os.Truncate(damaged, 40); err != nil {
		t.Fatal(err)
	}
	r, _, err := a.EvalClasses(t.Context(), o)
	if err != nil || len(r.Models) != 2 || r.Models[0].Problem != "" || r.Models[1].Problem == "" || len(r.Models[1].Measures) != 0 {
		t.Errorf("%+v, %v", r.Models, err)
	}
	o.Models = []string{"tiny"}
	if _, _, err := a.EvalClasses(t.Context(), o); err == nil {
		t.Error("no model works and there is no error")
	}
}

// TestEvalRetrieval measures a tenth of the captioned photos; internal/acceptance holds all of
// them against Python.
func TestEvalRetrieval(t *testing.T) {
	set := filepath.Join(testdata.Shared(t), "data", "captions-dev")
	data, err := os.ReadFile(filepath.Join(set, "captions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "captions.tsv")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(f)
	w.Comma = '\t'
	const n = 60
	for _, photo := range slices.Sorted(maps.Keys(all))[:n] {
		for _, c := range all[photo] {
			_ = w.Write([]string{photo, strings.ReplaceAll(c, `"`, "")})
		}
	}
	_ = w.Write([]string{"not-there.jpg", "A photo that is not there."})
	w.Flush()
	if err := errors.Join(w.Error(), f.Close()); err != nil {
		t.Fatal(err)
	}
	a := twoModels(t)
	if _, err := a.EvalRetrieval(t.Context(), app.EvalRetrievalOptions{Captions: file}); !errors.Is(err, app.ErrNoPictures) {
		t.Errorf("without the folder of the pictures: %v", err)
	}
	r, err := a.EvalRetrieval(t.Context(), app.EvalRetrievalOptions{Captions: file, Images: filepath.Join(set, "photos")})
	if err != nil {
		t.Fatal(err)
	}
	if r.Pictures != n+1 || len(r.Failed) != 1 || filepath.Base(r.Failed[0].Path) != "not-there.jpg" {
		t.Errorf("%d pictures of %d, failed %+v", r.Pictures, n+1, r.Failed)
	}
	starter, tiny := r.Models[0], r.Models[1]
	last := 0.0
	for _, name := range []string{"text to picture R@1", "text to picture R@5", "text to picture R@10"} {
		good, bad := measure(t, starter, name), measure(t, tiny, name)
		if good.Value < last || good.N != 5*n || good.Value < 2*bad.Value {
			t.Errorf("%s: starter %+v, tiny %+v", name, good, bad)
		}
		last = good.Value
	}
	if m := measure(t, starter, "picture to text R@1"); m.N != n || m.Value < 0.5 {
		t.Errorf("pictures find a text: %+v", m)
	}
	if starter.Medians[0] < 1 || starter.Medians[0] > 3 || starter.TextMS <= 0 {
		t.Errorf("median places %v, %v ms for a text", starter.Medians, starter.TextMS)
	}
}

func TestEvalTags(t *testing.T) {
	a := twoModels(t)
	dir := folder(t, "honey-bee", "giraffes", "white-duck", "kitten-with-yarn", "coffee-cup", "horses-in-field", "dogs-on-balcony")
	file := put(t, filepath.Join(dir, "labels.csv"),
		"image,labels\nhoney-bee.jpg,bee\ngiraffes.jpg,giraffe\nwhite-duck.jpg,duck\nkitten-with-yarn.jpg,kitten\ncoffee-cup.jpg,coffee\nhorses-in-field.jpg,horse;meadow\ndogs-on-balcony.jpg,\n")
	r, err := a.EvalTags(t.Context(), app.EvalTagsOptions{Labels: file})
	if err != nil {
		t.Fatal(err)
	}
	starter, tiny := r.Models[0], r.Models[1]
	if got := measure(t, starter, "mAP"); got.N != 7 || got.Value < 0.8 || got.Value <= measure(t, tiny, "mAP").Value {
		t.Errorf("the starter has %+v, tiny %+v", got, measure(t, tiny, "mAP"))
	}
	var sum float64
	right := 0
	for _, l := range starter.Labels {
		sum += l.AP
		right += l.Right
		if l.Right > l.Suggested || l.Right > l.Pictures || l.Pictures != 1 {
			t.Errorf("%+v", l)
		}
	}
	if mean := measure(t, starter, "mAP").Value; len(starter.Labels) != 7 || math.Abs(mean-sum/7) > 1e-9 {
		t.Errorf("mAP %v of %+v", mean, starter.Labels)
	}
	if got := measure(t, starter, "recall"); got.N != 7 || math.Abs(got.Value-float64(right)/7) > 1e-9 || right == 0 {
		t.Errorf("recall %+v with %d right", got, right)
	}
	if len(tiny.Notes) != 1 || len(starter.Notes) != 0 {
		t.Errorf("notes on calibration: starter %q, tiny %q", starter.Notes, tiny.Notes)
	}
}

func TestEvalPhotos(t *testing.T) {
	a := twoModels(t)
	dir := folder(t, "honey-bee", "giraffes", "white-duck", "kitten-with-yarn", "coffee-cup", "horses-in-field", "dogs-on-balcony",
		"bridge-at-night", "citrus-slices", "eiffel-tower", "forest-stream", "mountain-path")
	add(t, a, dir)
	if _, err := a.EvalPhotos(t.Context(), app.EvalPhotosOptions{}); !errors.Is(err, app.ErrNoQueries) {
		t.Errorf("without queries and tags: %v", err)
	}
	before, after := dumped(t, a), ""
	o := app.EvalPhotosOptions{Queries: []string{"giraffe", "a honey bee on a flower in the garden"}, Top: 3}
	r, err := a.EvalPhotos(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if after = dumped(t, a); before != after {
		t.Error("comparing models changed the library")
	}
	if len(r.Photos) != 12 || len(r.Models) != 2 || r.Tagged != 0 || len(r.Models[0].Measures) != 0 {
		t.Fatalf("%d photos, tagged %d, models %+v", len(r.Photos), r.Tagged, r.Models)
	}
	for q, want := range []string{"giraffes.jpg", "honey-bee.jpg"} {
		found := r.Models[0].Found[q]
		if len(found) != 3 || r.Photos[found[0].Photo].Name != want || found[0].Cosine < found[1].Cosine {
			t.Errorf("%s: %+v", o.Queries[q], found)
		}
	}
	if same := app.InCommon(r.Models[0], r.Models[0], 1); same != 1 {
		t.Errorf("a model has %v in common with itself", same)
	}
	if share := app.MeanInCommon(r.Models[0], r.Models[1]); share.N != 2 || share.Value == 1 {
		t.Errorf("in common: %+v", share)
	}

	t.Run("few photos", func(t *testing.T) {
		again, err := a.EvalPhotos(t.Context(), app.EvalPhotosOptions{Queries: o.Queries, Photos: 4, EvalOptions: app.EvalOptions{Models: []string{"tiny"}}})
		if err != nil || len(again.Photos) != 4 || len(again.Models[0].Found[0]) != 4 {
			t.Errorf("%d photos, %v", len(again.Photos), err)
		}
	})
	t.Run("known photos", func(t *testing.T) {
		// The starter looked at all of them when they were added, the tiny model at none.
		known := o
		known.Known = true
		looked := map[string]bool{}
		known.Progress = func(p app.Progress) {
			if p.Done > 0 && strings.HasPrefix(p.Job, "Looking") {
				looked[p.Job] = true
			}
		}
		var shown []app.EvalPhotosResult
		known.Show = func(r app.EvalPhotosResult) { shown = append(shown, r) }
		again, err := a.EvalPhotos(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range again.Models {
			if m.Pictures != 12 || app.MeanInCommon(m, r.Models[i]).Value != 1 {
				t.Errorf("%s looked at %d and finds %+v instead of %+v", m.ID, m.Pictures, m.Found, r.Models[i].Found)
			}
		}
		if len(looked) != 1 || !looked["Looking at the pictures with tiny"] {
			t.Errorf("it went on with %v", looked)
		}
		if len(shown) != 3 || len(shown[0].Models) != 0 || len(shown[0].Photos) != 12 || len(shown[1].Models) != 1 || len(shown[2].Models) != 2 || shown[1].Models[0].ID != "starter" {
			t.Errorf("it showed %d results: %+v", len(shown), shown)
		}
	})
	t.Run("held and stopped", func(t *testing.T) {
		held := o
		held.Models = []string{"tiny"}
		// Before the model, one of the 12 photos, and a text.
		for _, at := range []int{1, 5, 1 + 12 + 2} {
			calls, job := 0, ""
			held.Progress = func(p app.Progress) { job = p.Job }
			held.Hold = func(context.Context) error {
				if calls++; calls == at {
					return os.ErrDeadlineExceeded
				}
				return nil
			}
			if _, err := a.EvalPhotos(t.Context(), held); !errors.Is(err, os.ErrDeadlineExceeded) || calls != at || (job == "") != (at == 1) {
				t.Errorf("held at %d, called %d times while %q: %v", at, calls, job, err)
			}
		}
	})
	t.Run("proposed queries", func(t *testing.T) {
		proposed := func() string {
			queries, err := a.QueriesToCompare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(queries, ", ")
		}
		if got := proposed(); got != "a dog, people at a table, sunset by the sea, a street at night" {
			t.Errorf("of a new library: %s", got)
		}
		for _, text := range []string{"red bicycle", "year:2021", "dog or cat", "-people", "Red  Bicycle", "my aunt's garden"} {
			if err := a.KeepSearch(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := a.PutAlbum(t.Context(), app.Album{Name: "Boats", Query: "sailing boat"}); err != nil {
			t.Fatal(err)
		}
		// Searches of different seconds come latest first, those of the same one as they were kept.
		got := strings.Split(strings.ToLower(proposed()), ", ")
		if slices.Sort(got[:2]); !slices.Equal(got, []string{"my aunt's garden", "red bicycle", "sailing boat", "a dog"}) {
			t.Errorf("of searches and albums: %q", got)
		}
	})
	t.Run("own tags", func(t *testing.T) {
		tag(t, a, "animal", dir, "honey-bee", "giraffes", "white-duck", "kitten-with-yarn", "horses-in-field", "dogs-on-balcony")
		tag(t, a, "outdoors", dir, "giraffes", "white-duck", "horses-in-field", "forest-stream", "mountain-path")
		r, err := a.EvalPhotos(t.Context(), app.EvalPhotosOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Tagged != 8 || strings.Join(r.Queries, " ") != "animal outdoors" {
			t.Errorf("%d tagged photos, queries %q", r.Tagged, r.Queries)
		}
		if m := measure(t, r.Models[0], "mAP"); m.N != 2 || m.Value <= 0.6 {
			t.Errorf("held against the tags: %+v", m)
		}
	})
}

func tag(t *testing.T, a *app.App, label, dir string, names ...string) {
	t.Helper()
	var ids []library.PhotoID
	for _, n := range names {
		ids = append(ids, photo(t, a, filepath.Join(dir, n+".jpg")))
	}
	if _, err := a.AddTag(t.Context(), ids, label); err != nil {
		t.Fatal(err)
	}
}

// dumped is all that a library holds.
func dumped(t *testing.T, a *app.App) string {
	t.Helper()
	user, derived, err := a.DumpDigest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return user + derived
}
