package app_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/assets"
	"descry/internal/testdata"
	"descry/library"
	"descry/tagging"
	"descry/ui/app"
)

// noRuntime is a path at which no ONNX Runtime library lies.
const noRuntime = "/nonexistent/libonnxruntime.so"

// animals is a label set that is quick to encode.
func animals() tagging.LabelSet {
	set := tagging.LabelSet{Name: "animals", Title: "Animals", Role: "animal"}
	for _, name := range []string{"dog", "cat", "bee", "horse", "duck"} {
		set.Labels = append(set.Labels, tagging.Label{Name: name, Alt: "a " + name})
	}
	return set
}

// params is for a library in dir with the real starter model, and few labels.
func params(dir, runtime string) app.Params {
	return app.Params{
		Dir: dir, Runtime: runtime, Threads: 2, Quiet: app.QuietOff, Starter: assets.Starter(), Catalogue: assets.Models,
		Sets:       []tagging.LabelSet{animals()},
		Background: assets.Background()[:40], Templates: []string{"a photo of {}."}, Samples: assets.Samples(),
	}
}

// opened opens a library and closes it with the test.
func opened(t *testing.T, p app.Params) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// withModel opens a new library with the real engine.
func withModel(t *testing.T) *app.App {
	t.Helper()
	return opened(t, params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t)))
}

// wordsOnly opens a new library that has no model.
func wordsOnly(t *testing.T) *app.App {
	t.Helper()
	return opened(t, params(filepath.Join(t.TempDir(), "library"), noRuntime))
}

// folder is a folder of the test's own with the named sample photos.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		copyPhoto(t, name, filepath.Join(dir, name+".jpg"))
	}
	return dir
}

func copyPhoto(t *testing.T, name, to string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata.Samples(t), name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// add makes a folder a root and brings the library up to date.
func add(t *testing.T, a *app.App, dir string) app.IndexReport {
	t.Helper()
	if _, err := a.AddRoot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return index(t, a)
}

func index(t *testing.T, a *app.App) app.IndexReport {
	t.Helper()
	report, err := a.Index(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failed) > 0 {
		t.Fatalf("failed: %+v", report.Failed)
	}
	return report
}

// photo is the one photo at a path.
func photo(t *testing.T, a *app.App, path string) library.PhotoID {
	t.Helper()
	found, unknown, err := a.Resolve(t.Context(), []string{path})
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, unknown %v, %v", path, found, unknown, err)
	}
	return found[0].Photo
}

func label(t *testing.T, a *app.App, name string) library.LabelID {
	t.Helper()
	id, err := a.Label(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stateOf is what is said of a label on a photo; "" for nothing.
func stateOf(t *testing.T, a *app.App, id library.PhotoID, name string) library.TagState {
	t.Helper()
	tags, err := a.Tags(t.Context(), []library.PhotoID{id})
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range tags[id] {
		if tag.Name == name {
			return tag.State
		}
	}
	return ""
}

func digests(t *testing.T, a *app.App) (user, derived string) {
	t.Helper()
	user, derived, err := a.DumpDigest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return user, derived
}

func status(t *testing.T, a *app.App) app.Status {
	t.Helper()
	st, err := a.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestWithoutModel checks that everything that needs no model works without one, and that
// a later run looks at the photos.
func TestWithoutModel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	photos := folder(t, "honey-bee", "dogs-on-balcony", "pagoda")
	p := params(dir, noRuntime)
	a, err := app.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if problem := a.ModelProblem(); !strings.Contains(problem, noRuntime) || strings.HasSuffix(problem, "..") {
		t.Errorf("the problem %q does not name the library that is not there", problem)
	}
	if r := add(t, a, photos); r.Photos != 3 || r.Encoded != 0 || r.Model != "" {
		t.Errorf("indexed %+v, want 3 photos, none looked at", r)
	}
	if st := status(t, a); st.Photos != 3 || st.Encoded != 0 || st.Pending != 3 {
		t.Errorf("status %+v, want 3 photos to come", st)
	}
	bee := photo(t, a, filepath.Join(photos, "honey-bee.jpg"))
	d, err := a.Detail(t.Context(), bee)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := a.Thumbnail(t.Context(), d.Picture); err != nil || img.Bounds().Empty() {
		t.Errorf("no thumbnail: %v", err)
	}
	if d.AltText.Text == "" || d.Metadata.Make == "" {
		t.Errorf("alt text %q, camera %q: neither may be empty", d.AltText.Text, d.Metadata.Make)
	}
	if _, err := a.Confirm(t.Context(), []library.PhotoID{bee}, label(t, a, "animals/bee")); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"honey", "tag:bee", `"honey-bee"`} {
		res, err := a.Search(t.Context(), app.SearchRequest{Text: query})
		if err != nil || len(res.Hits) != 1 || res.Hits[0].Photo != bee {
			t.Errorf("%s found %+v, %v, want the bee", query, res.Hits, err)
		}
	}
	if _, err := a.Classify(t.Context(), []string{"bee"}, []string{filepath.Join(photos, "honey-bee.jpg")}); !errors.Is(err, app.ErrNoModel) {
		t.Errorf("classify says %v, want that no model is running", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	p.Runtime = testdata.Runtime(t)
	b := opened(t, p)
	if r := index(t, b); r.Encoded != 3 || r.New != 0 || r.Unchanged != 3 {
		t.Errorf("the later run did %+v, want 3 photos looked at, none new", r)
	}
	if got := stateOf(t, b, bee, "bee"); got != library.Confirmed {
		t.Errorf("the bee is %q, want confirmed", got)
	}
	if st := status(t, b); st.Encoded != 3 || st.Pending != 0 {
		t.Errorf("status %+v, want nothing to come", st)
	}
}

// TestModelSwitch checks that another model sees every photo anew, and that going back
// costs nothing.
func TestModelSwitch(t *testing.T) {
	ctx := t.Context()
	a := withModel(t)
	add(t, a, folder(t, "honey-bee", "dogs-on-balcony"))
	_, before := digests(t, a)

	other := filepath.Join(t.TempDir(), "other")
	if err := os.CopyFS(other, assets.Starter()); err != nil {
		t.Fatal(err)
	}
	// Other preprocessing, so another vector space; without digests nothing is compared.
	change(t, filepath.Join(other, "preprocess.json"), "127.0", "120.0")
	if err := os.WriteFile(filepath.Join(other, "bundle.json"), []byte(`{"name":"Other","languages":["en"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddModel(ctx, other); err != nil {
		t.Fatal(err)
	}
	if err := a.UseModel(ctx, "other"); err != nil {
		t.Fatal(err)
	}
	if st := status(t, a); st.Model != "starter" || st.Encoded != 2 || st.Coming.Model != "other" || st.Coming.Waiting != 2 || st.Coming.Share() != 0 {
		t.Errorf("status %+v, want 2 photos to come for the other model", st)
	}
	if r := index(t, a); r.Encoded != 0 || r.Again != 2 {
		t.Errorf("indexed %+v, want 2 photos looked at by the other model", r)
	}
	if st := status(t, a); st.Model != "other" || st.Encoded != 2 || st.Coming != (app.Coming{}) {
		t.Errorf("status %+v, want the other model in use", st)
	}
	if err := a.RemoveModel(ctx, "other"); err == nil {
		t.Error("the model in use was removed")
	}
	if err := a.UseModel(ctx, "starter"); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveModel(ctx, "other"); err != nil {
		t.Error(err)
	}
	if r := index(t, a); r.Encoded != 0 || r.Model != "starter" {
		t.Errorf("indexed %+v, want nothing left to look at", r)
	}
	if res, err := a.Search(ctx, app.SearchRequest{Text: "dogs", All: true}); err != nil || len(res.Hits) != 2 || res.Coverage != 1 {
		t.Errorf("searching after the switch: %+v, %v", res, err)
	}
	if _, after := digests(t, a); after == before {
		t.Error("the other model's vectors are gone")
	}
}

func change(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.ReplaceAll(data, []byte(from), []byte(to)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSuggestionsDerive checks that suggestions depend on photos, labels and model alone:
// not on the order in which photos came, nor on runs that were cut short.
func TestSuggestionsDerive(t *testing.T) {
	ctx := t.Context()
	names := []string{"honey-bee", "dogs-on-balcony", "white-duck", "horses-in-field"}
	photos := folder(t, names...)
	a := withModel(t)
	add(t, a, photos)
	_, want := digests(t, a)

	// One photo after the other, in the other order, and a run that is cut short.
	apart := filepath.Join(t.TempDir(), filepath.Base(photos))
	if err := os.Mkdir(apart, 0o755); err != nil {
		t.Fatal(err)
	}
	b := withModel(t)
	slices.Reverse(names)
	for i, name := range names {
		from, to := filepath.Join(photos, name+".jpg"), filepath.Join(apart, name+".jpg")
		copyPhoto(t, name, to)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := b.AddRoot(ctx, apart); err != nil {
				t.Fatal(err)
			}
		}
		short, stop := context.WithCancel(ctx)
		if i == 2 {
			stop()
		}
		if _, err := b.Index(short, nil, nil); (err != nil) != (i == 2) {
			t.Fatalf("run %d: %v", i, err)
		}
		stop()
	}
	// Labels that come and go leave no trace.
	if _, err := b.PutLabelSet(ctx, tagging.LabelSet{Name: "more", Labels: []tagging.Label{{Name: "lawn"}}}); err != nil {
		t.Fatal(err)
	}
	index(t, b)
	if _, err := b.Undo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	index(t, b)
	suggested := 0
	for _, name := range names {
		x := tagsAt(t, a, filepath.Join(photos, name+".jpg"))
		y := tagsAt(t, b, filepath.Join(apart, name+".jpg"))
		if !slices.Equal(x, y) {
			t.Errorf("%s: %v in one library, %v in the other", name, x, y)
		}
		suggested += len(x)
	}
	if suggested == 0 {
		t.Error("nothing was suggested, so nothing was compared")
	}
	index(t, a)
	if _, again := digests(t, a); again != want {
		t.Error("another run changed what is derived")
	}
}

// tagsAt are the tags of the photo at a path, without their ids.
func tagsAt(t *testing.T, a *app.App, path string) []library.Tag {
	t.Helper()
	id := photo(t, a, path)
	tags, err := a.Tags(t.Context(), []library.PhotoID{id, id})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tags[id] {
		tags[id][i].Label = 0
	}
	return tags[id]
}
