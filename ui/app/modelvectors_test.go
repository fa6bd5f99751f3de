package app_test

import (
	"errors"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/library"
	"descry/ui/app"
)

// TestForgettingVectors shows and removes what models found.
func TestForgettingVectors(t *testing.T) {
	a := withModel(t)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	addModel(t, a, onnxtest.Immich().TextsFor("tiny"), "words")
	useModel(t, a, "tiny")
	answers(t, a, "dog")
	lookAgain(t, a)
	use := func(id string) app.ModelInfo {
		t.Helper()
		all, err := a.Models(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		gone, err := a.GoneModels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(all, gone...) {
			if m.ID == id {
				return m
			}
		}
		return app.ModelInfo{}
	}
	for id, dim := range map[string]int{"starter": 384, "tiny": onnxtest.Dim, "words": onnxtest.Dim} {
		if m := use(id); m.Vectors.Vectors != len(few) || m.Vectors.Bytes <= int64(2*dim*len(few)) || m.Gone {
			t.Errorf("%s: %+v, want %d vectors and the file for searching", id, m.Vectors, len(few))
		}
	}
	for id, want := range map[string]string{
		"tiny": "the model tiny is in use", "words": "the vectors of the model words are those of tiny, which is or comes into use", "nobody": "not found",
	} {
		if _, err := a.ForgetVectors(t.Context(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("forgetting those of %s says %v, want %q", id, err, want)
		}
	}
	freed, err := a.ForgetVectors(t.Context(), "starter")
	if err != nil || freed.Vectors != len(few) {
		t.Errorf("%+v, %v", freed, err)
	}
	if m := use("starter"); m.Vectors != (app.VectorUse{}) {
		t.Errorf("%+v is left", m.Vectors)
	}
	if res := answers(t, a, "dog"); len(res.Hits) != len(few) || res.Coverage != 1 {
		t.Errorf("%+v", res)
	}
	// Using it again is a change like the first.
	useModel(t, a, "starter")
	if c := status(t, a).Coming; c.Model != "starter" || c.Waiting != len(few) {
		t.Errorf("%+v", c)
	}
	if _, err := a.ForgetVectors(t.Context(), "starter"); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("%v", err)
	}
	lookAgain(t, a)
	// A model that is not there any more has vectors still.
	for _, id := range []string{"words", "tiny"} {
		if err := a.RemoveModel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if m := use("tiny"); !m.Gone || m.Vectors.Vectors != len(few) || m.Dim != onnxtest.Dim {
		t.Errorf("%+v, want its vectors", m)
	}
	if freed, err := a.ForgetVectors(t.Context(), "tiny"); err != nil || freed.Vectors != len(few) {
		t.Errorf("%+v, %v", freed, err)
	}
	if m := use("tiny"); m.ID != "" {
		t.Errorf("%+v is left", m)
	}
}

// TestForgettingAModelThatIsGoneLeavesOthersTheirVectors: the vectors of a text tower that was
// removed are those of the model with whose pictures it went.
func TestForgettingAModelThatIsGoneLeavesOthersTheirVectors(t *testing.T) {
	a := withModel(t)
	addModel(t, a, onnxtest.Immich(), "tiny")
	addModel(t, a, onnxtest.Immich().TextsFor("tiny"), "words")
	useModel(t, a, "words")
	add(t, a, folder(t, few...))
	useModel(t, a, "starter")
	lookAgain(t, a)
	if err := a.RemoveModel(t.Context(), "words"); err != nil {
		t.Fatal(err)
	}
	if freed, err := a.ForgetVectors(t.Context(), "words"); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("freed %+v, %v", freed, err)
	}
	useModel(t, a, "tiny")
	if st := status(t, a); st.Model != "tiny" || st.Encoded != len(few) {
		t.Errorf("%+v, want what it found", st)
	}
}

// TestForgettingWhatTheComingModelFound says why that is not done.
func TestForgettingWhatTheComingModelFound(t *testing.T) {
	a := withModel(t)
	photos := folder(t, few...)
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	useModel(t, a, "tiny")
	halfway(t, a, photos, few[:2]...)
	_, err := a.ForgetVectors(t.Context(), "tiny")
	if want := "the model tiny looks at the photos to be used; choose another one first"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it says %v, want %q", err, want)
	}
}
