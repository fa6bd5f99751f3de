package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"descry/internal/machine"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/app"
)

// TestSearchesWhileTheModelChanges searches again and again while models take turns: each answer
// is that of one of them.
func TestSearchesWhileTheModelChanges(t *testing.T) {
	a := withModel(t)
	photos := folder(t, few...)
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	bee := photo(t, a, filepath.Join(photos, "honey-bee.jpg"))
	file := filepath.Join(folder(t, "pagoda"), "pagoda.jpg")
	r := app.SearchRequest{All: true, Limit: 100}
	kinds := map[string]func() (app.SearchResult, error){
		"similar to a photo": func() (app.SearchResult, error) { return a.Similar(t.Context(), bee, r) },
		"similar to a file":  func() (app.SearchResult, error) { return a.SimilarFile(t.Context(), file, r) },
		"a query with a file": func() (app.SearchResult, error) {
			return a.Search(t.Context(), app.SearchRequest{Text: `like:"` + file + `"`, All: true, Limit: 100})
		},
		"a query": func() (app.SearchResult, error) {
			return a.Search(t.Context(), app.SearchRequest{Text: "two dogs", All: true, Limit: 100})
		},
	}
	want := map[string][]app.SearchResult{}
	for _, id := range []string{"starter", "tiny"} {
		useModel(t, a, id)
		lookAgain(t, a)
		for kind, search := range kinds {
			res, err := search()
			if err != nil || len(res.Hits) == 0 {
				t.Fatal(kind, id, res, err)
			}
			want[kind] = append(want[kind], res)
		}
	}
	done := make(chan struct{})
	var searching sync.WaitGroup
	for kind, search := range kinds {
		if sameAnswer(want[kind][0], want[kind][1]) {
			t.Fatalf("%s: both models answer the same", kind)
		}
		searching.Go(func() {
			for {
				res, err := search()
				if err != nil || !sameAnswer(res, want[kind][0]) && !sameAnswer(res, want[kind][1]) {
					t.Errorf("%s: an answer of neither model: %+v, %v", kind, res, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 30 {
		useModel(t, a, "starter")
		useModel(t, a, "tiny")
	}
	close(done)
	searching.Wait()
}

// TestChoosingWhileFoldersChange chooses models while runs are started by others.
func TestChoosingWhileFoldersChange(t *testing.T) {
	a := withModel(t)
	add(t, a, folder(t, few[:1]...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	done := make(chan struct{})
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for {
				a.StartIndexing()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		useModel(t, a, "tiny")
		useModel(t, a, "starter")
	}
	close(done)
	others.Wait()
}

// TestChoosingInARunWithAModelOfItsOwn: the model that the call named gives way to those of the
// library.
func TestChoosingInARunWithAModelOfItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	p := params(dir, testdata.Runtime(t))
	a := opened(t, p)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	addModel(t, a, onnxtest.TransformersJS(), "other")
	before := answers(t, a, "two dogs")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	p.Model = "tiny"
	b := opened(t, p)
	if m := b.Model(); m.ID != "tiny" {
		t.Fatalf("in use is %s", m.ID)
	}
	answers(t, b, "two dogs")
	var others sync.WaitGroup
	others.Go(func() {
		for range 20 {
			if _, err := b.Status(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	useModel(t, b, "other")
	others.Wait()
	if st := status(t, b); st.Model != "starter" || st.Coming.Model != "other" {
		t.Errorf("%+v", st)
	}
	if m := b.Model(); m.ID != "starter" {
		t.Errorf("loaded is %s", m.ID)
	}
	if !sameAnswer(before, answers(t, b, "two dogs")) {
		t.Error("a search has another answer")
	}
}

// TestASearchDoesNotWaitForAModelToLoad searches while the model that comes is started.
func TestASearchDoesNotWaitForAModelToLoad(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	loading := func() {}
	p.Limits = func() machine.Limits {
		loading()
		return machine.Limits{}
	}
	a := opened(t, p)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	before := answers(t, a, "two dogs")
	useModel(t, a, "tiny")
	searches := 0
	loading = func() { // it is asked what there is of memory when a model is loaded
		searches++
		if !sameAnswer(before, answers(t, a, "two dogs")) {
			t.Error("a search has another answer")
		}
	}
	lookAgain(t, a)
	loading = func() {}
	if searches == 0 {
		t.Error("nothing was searched for")
	}
}

// TestTwoModelsInLittleMemory: a model that fits alone, and not beside the one in use, is not
// loaded beside it; it can be used at once, and takes its place in memory.
func TestTwoModelsInLittleMemory(t *testing.T) {
	const mb = 1_000_000
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	limits := machine.Limits{}
	p.Limits = func() machine.Limits { return limits }
	a := opened(t, p)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	limits = machine.Limits{Memory: a.Model().Memory + 1*mb}
	if err := a.UseModel(t.Context(), "tiny"); !errors.Is(err, app.ErrTooLarge) {
		t.Errorf("choosing it says %v", err)
	} else {
		t.Log(err)
	}
	if st := status(t, a); st.Model != "starter" || st.Coming.Model != "" {
		t.Errorf("%+v", st)
	}
	if err := a.UseModelNow(t.Context(), "tiny"); err != nil {
		t.Fatal(err)
	}
	if m := a.Model(); m.ID != "tiny" || m.Problem != "" || a.Engines() != 1 {
		t.Errorf("%+v; %d models are held", m, a.Engines())
	}
}

// TestIndexingGoesOnWhenAModelIsRefused: choosing a model ends the run that is on, and another one
// begins, also where the model cannot be used.
func TestIndexingGoesOnWhenAModelIsRefused(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	limits := machine.Limits{}
	p.Limits = func() machine.Limits { return limits }
	a := opened(t, p)
	add(t, a, folder(t, few[:2]...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	limits = machine.Limits{Memory: a.Model().Memory + 1_000_000}
	if _, err := a.AddRoot(t.Context(), folder(t, few[2:]...)); err != nil {
		t.Fatal(err)
	}
	finished := make(chan app.IndexReport, 10)
	a.Listen(app.Events{Finished: func(r app.IndexReport) { finished <- r }})
	a.PauseIndexing()
	a.StartIndexing()
	if err := a.UseModel(t.Context(), "tiny"); !errors.Is(err, app.ErrTooLarge) {
		t.Fatalf("choosing it says %v", err)
	}
	if !a.Indexing() {
		t.Fatal("nothing looks at the photos any more")
	}
	<-finished
	<-finished
	if st := status(t, a); st.Encoded != len(few) {
		t.Errorf("%+v", st)
	}
}

// TestASearchThatIsGivenUpLeavesTheModel: the first to need a model may have lost interest in it.
func TestASearchThatIsGivenUpLeavesTheModel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(dir, testdata.Runtime(t)))
	add(t, a, folder(t, few[:2]...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	useModel(t, a, "tiny")
	lookAgain(t, a)
	if err := a.SetSetting(t.Context(), app.SettingThreads, "1"); err != nil { // the model is started anew
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := a.Search(ctx, app.SearchRequest{Text: "two dogs"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", res, err)
	}
	if m := a.Model(); m.ID != "tiny" {
		t.Errorf("loaded is %s", m.ID)
	}
}

// TestHalfModelsGo: what a killed process left of a model that it was adding goes when the library
// is opened for writing, as does the download of one that was made of it and is there; a download that
// can be gone on with stays.
func TestHalfModelsGo(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	models := filepath.Join(p.Dir, "models")
	for _, name := range []string{".adding-tiny-int8", ".installing-other", ".installing-made", "made"} {
		if err := os.MkdirAll(filepath.Join(models, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(models, name, "model.onnx"), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened(t, p)
	left, err := os.ReadDir(models)
	if err != nil || len(left) != 2 || left[0].Name() != ".installing-other" || left[1].Name() != "made" {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestRemovingWhatTheComingModelNeeds keeps the image tower of a model that looks at the photos.
func TestRemovingWhatTheComingModelNeeds(t *testing.T) {
	a := withModel(t)
	add(t, a, folder(t, few[:2]...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	addModel(t, a, onnxtest.Immich().TextsFor("tiny"), "words")
	useModel(t, a, "words")
	if c := status(t, a).Coming; c.Model != "words" {
		t.Fatalf("%+v", c)
	}
	if err := a.RemoveModel(t.Context(), "tiny"); err == nil || !strings.Contains(err.Error(), "image tower of tiny") {
		t.Errorf("removing it says %v", err)
	}
	lookAgain(t, a)
	if m := a.Model(); m.ID != "words" {
		t.Errorf("in use is %s", m.ID)
	}
}
