package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/machine"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/app"
)

// towers is what the towers of the starter model and of a tiny one take, in bytes.
type towers struct{ image, texts, tinyImage, tinyTexts int64 }

func towerSizes(t *testing.T) (s towers) {
	t.Helper()
	starter, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	tiny, err := bundle.Open(onnxtest.Immich().Write(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	for b, to := range map[*bundle.Bundle][2]*int64{starter: {&s.image, &s.texts}, tiny: {&s.tinyImage, &s.tinyTexts}} {
		both, err := clipengine.NeedOf(b)
		if err != nil {
			t.Fatal(err)
		}
		texts, err := clipengine.NeedOfTexts(b)
		if err != nil {
			t.Fatal(err)
		}
		*to[0], *to[1] = both.Weights-texts.Weights, texts.Weights
	}
	return s
}

// TestOnlyWhatIsNeededIsLoaded does one thing after the other in a fresh process each, and asks
// which towers are in memory then.
func TestOnlyWhatIsNeededIsLoaded(t *testing.T) {
	size := towerSizes(t)
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	photos := folder(t, few[:2]...)
	for _, step := range []struct {
		name string
		do   func(a *app.App)
		want int64
	}{
		{"photos and tags", func(a *app.App) { add(t, a, photos) }, size.image + size.texts},
		{"nothing new", func(a *app.App) { index(t, a) }, 0},
		{"a new photo, labels as they were", func(a *app.App) {
			copyPhoto(t, few[2], filepath.Join(photos, "new.jpg"))
			index(t, a)
		}, size.image},
		{"a status", func(a *app.App) { status(t, a) }, 0},
		{"a filter", func(a *app.App) { answers(t, a, "rating:5") }, size.texts},
		{"a filter, background phrases known", func(a *app.App) { answers(t, a, "rating:4") }, 0},
		{"a description", func(a *app.App) { answers(t, a, "two dogs") }, size.texts},
		{"the same again", func(a *app.App) { answers(t, a, "two dogs") }, 0},
		{"a picture", func(a *app.App) {
			if _, err := a.SimilarFile(t.Context(), filepath.Join(photos, few[0]+".jpg"), app.SearchRequest{All: true}); err != nil {
				t.Fatal(err)
			}
		}, size.image},
		{"a model is added", func(a *app.App) { addModel(t, a, onnxtest.Immich(), "tiny") }, 0},
		{"a model is verified", func(a *app.App) {
			if _, err := a.TestModel(t.Context(), "starter"); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"another one is chosen", func(a *app.App) { useModel(t, a, "tiny") }, 0},
		{"it looks at photos and at labels", func(a *app.App) {
			if r := lookAgain(t, a); r.Again != 3 {
				t.Errorf("%+v", r)
			}
		}, size.tinyImage + size.tinyTexts},
		{"back", func(a *app.App) {
			useModel(t, a, "starter")
			answers(t, a, "two dogs")
		}, 0},
	} {
		a, err := app.Open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		step.do(a)
		if got := a.Loaded(); got != step.want {
			t.Errorf("%s: %d bytes of towers are loaded, want %d (%+v)", step.name, got, step.want, size)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if got := a.Loaded(); got != 0 {
			t.Errorf("%s: %d bytes are held by a closed library", step.name, got)
		}
	}
}

// TestModelsOpenedBesideTheOneInUse: what is loaded counts when a model is added, tested, measured
// or compared beside it. The sentence comes before anything is loaded.
func TestModelsOpenedBesideTheOneInUse(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	limits := machine.Limits{}
	p.Limits = func() machine.Limits { return limits }
	a := opened(t, p)
	add(t, a, folder(t, few...)) // both towers of the starter model are loaded
	addModel(t, a, onnxtest.Immich(), "tiny")
	held := a.Loaded()
	files := onnxtest.TransformersJS().Write(t, "more")
	pictures := classSet(t, map[string][]string{"dogs": few[:1], "other": few[1:2]})
	steps := map[string]func() error{
		"adding":    func() error { _, err := a.AddModel(t.Context(), files); return err },
		"measuring": func() error { _, err := a.MeasureModel(t.Context(), "tiny"); return err },
		"testing": func() error {
			m, err := a.TestModel(t.Context(), "tiny")
			return errors.Join(err, problem(m.Problem))
		},
		"comparing": func() error {
			_, _, err := a.EvalClasses(t.Context(), app.EvalClassesOptions{Folder: pictures, EvalOptions: app.EvalOptions{Models: []string{"tiny"}}})
			return err
		},
	}
	order := []string{"measuring", "testing", "comparing", "adding"}
	limits = machine.Limits{Memory: held + 10e6} // the tiny one alone takes 17 MB
	for _, name := range order {
		err := steps[name]()
		if err == nil || !strings.Contains(err.Error(), "beside the models that are loaded, which take") {
			t.Errorf("%s says %v", name, err)
		}
		if a.Loaded() != held {
			t.Errorf("%s: %d bytes are held, were %d", name, a.Loaded(), held)
		}
	}
	limits = machine.Limits{Memory: held + 30e6}
	for _, name := range order {
		if err := steps[name](); err != nil {
			t.Errorf("%s with enough memory says %v", name, err)
		}
		if a.Loaded() != held {
			t.Errorf("%s: %d bytes are held, were %d", name, a.Loaded(), held)
		}
	}
}

// problem is a sentence as an error, nil for none.
func problem(s string) error {
	if s == "" {
		return nil
	}
	return errors.New(s)
}

// TestTowersThatCannotBeLoaded: photos are read in without vectors, searches find words, both say
// why, and what was left is done once there is memory.
func TestTowersThatCannotBeLoaded(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	limits := machine.Limits{}
	p.Limits = func() machine.Limits { return limits }
	a, err := app.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if a.Model().Problem != "" {
		t.Fatal(a.Model().Problem)
	}
	limits = machine.Limits{Memory: 20e6} // meanwhile others took it
	says := func(notes []string, part string) bool {
		return slices.ContainsFunc(notes, func(s string) bool {
			return strings.Contains(s, "does not fit into memory") && strings.Contains(s, part)
		})
	}
	r := add(t, a, folder(t, few...))
	if r.New != len(few) || r.Encoded != 0 || len(r.Failed) > 0 || !says(r.Notes, "wait to be looked at") {
		t.Errorf("%+v", r)
	}
	if st := status(t, a); st.Photos != len(few) || st.Failed > 0 {
		t.Errorf("%+v", st)
	}
	limits = machine.Limits{}
	if r := index(t, a); r.Encoded != len(few) || len(r.Notes) > 0 {
		t.Errorf("with memory: %+v", r)
	}
	found := answers(t, a, "an animal")
	if len(found.Hits) != len(few) || len(found.Notes) > 0 {
		t.Errorf("%+v", found)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	if a, err = app.Open(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Model().Problem != "" {
		t.Fatal(a.Model().Problem)
	}
	limits = machine.Limits{Memory: 20e6}
	for _, c := range []struct {
		query string
		hits  int
	}{{"orchestra", 0}, {"violin", 0}, {few[0], 1}} {
		res := answers(t, a, c.query)
		if len(res.Hits) != c.hits || !says(res.Notes, "load the text tower of the model starter") || res.Coverage != 0 {
			t.Errorf("%q: %d hits, %q", c.query, len(res.Hits), res.Notes)
		}
	}
	if res := answers(t, a, "an animal"); !sameAnswer(res, found) { // its vector is known
		t.Errorf("another answer: %+v", res)
	}
	limits = machine.Limits{}
	if res := answers(t, a, "orchestra"); len(res.Hits) != len(few) || len(res.Notes) > 0 {
		t.Errorf("with memory: %+v", res)
	}
}

// TestAModelThatWaitsGivesWay lets the model in use see a new photo beside one that comes, though
// there is memory for one of them only.
func TestAModelThatWaitsGivesWay(t *testing.T) {
	size := towerSizes(t)
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	limits := machine.Limits{}
	p.Limits = func() machine.Limits { return limits }
	photos := folder(t, few[:4]...)
	a, err := app.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = opened(t, p)
	answers(t, a, "a gondola") // the text tower alone
	useModel(t, a, "tiny")
	aside := photos + ".away"
	if err := os.Rename(photos, aside); err != nil { // so that it does not arrive
		t.Fatal(err)
	}
	lookAgain(t, a)
	if err := os.Rename(aside, photos); err != nil {
		t.Fatal(err)
	}
	copyPhoto(t, few[4], filepath.Join(photos, "new.jpg"))
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	need, err := clipengine.NeedOf(b)
	if err != nil {
		t.Fatal(err)
	}
	limits = machine.Limits{Memory: need.Total(1) + 1e6}
	if r := index(t, a); r.Encoded != 1 || a.Loaded() != size.image+size.texts {
		t.Errorf("%+v, %d bytes are loaded", r, a.Loaded())
	}
}
