package search

import (
	"context"
	"testing"

	"descry/internal/float16"
	"descry/library"
	"descry/library/calib"
	"descry/library/store"
	"descry/library/vectors"
)

// scenes is a source of photos with several views.
type scenes [][]float32

func (s scenes) Vectors(_ context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	for i := int(after); i < len(s); i++ {
		// Photo 1 has the first three vectors, photo 2 the next; the last shows no photo.
		photo := map[int]library.PhotoID{0: 1, 1: 1, 2: 1, 3: 2}[i]
		if err := fn(store.VectorRow{Seq: int64(i + 1), Photo: photo, Data: float16.Append(nil, s[i])}); err != nil {
			return err
		}
	}
	return nil
}

func (scenes) VectorPhotos(context.Context, library.SpaceID, func(int64, library.PhotoID)) error {
	return nil
}

func (scenes) VectorMark(context.Context, library.SpaceID, int64) (int64, []byte, error) {
	return 0, nil, nil
}

func (scenes) Generation(context.Context) (int64, error) { return 0, nil }

// Each view is measured against its own floor: a video whose first scene anything fits is
// found by its second as a photo of that scene is.
func TestEachViewHasItsOwnFloor(t *testing.T) {
	space := library.Space{ID: 1, Dim: 4}
	index, err := vectors.Open(t.Context(), vectors.Params{Space: space, Source: scenes{
		{0.6, 0, 0.8, 0}, {0.8, 0.6, 0, 0}, {0, 0, 0, 1}, {0.8, 0.6, 0, 0}, {1, 0, 0, 0},
	}})
	if err != nil {
		t.Fatal(err)
	}
	view := index.View()
	if view.Single() || view.Count() != 4 || view.Len() != 2 {
		t.Fatalf("%d vectors of %d photos", view.Count(), view.Len())
	}
	text := &sceneText{background: []float32{0, 0, 1, 0}}
	se := New(Params{Index: index, Text: text, Background: []string{"thing"}})
	g, err := se.lookAt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Searcher: se, ctx: t.Context(), view: g.view, ground: g}
	l := look{kind: calib.Text, vec: []float32{1, 0, 0, 0}, fit: calib.Fit{Slope: 5, Spread: 0.1}}
	if err := r.scan(&l, nil); err != nil {
		t.Fatal(err)
	}
	if l.scores[0] != l.scores[1] || l.floor[0] != l.floor[1] || l.logit(0) != l.logit(1) {
		t.Errorf("scores %v, floors %v", l.scores, l.floor)
	}
	exact, err := r.probabilities(l, []int32{1, 0})
	if err != nil || exact[0] != exact[1] || exact[0] != l.probability(0) {
		t.Errorf("probabilities %v, %v", exact, err)
	}
}

// sceneText says what the background phrases look like.
type sceneText struct{ background []float32 }

func (s *sceneText) EncodeText(context.Context, string) ([]float32, error) { return s.background, nil }
func (*sceneText) Space() string                                           { return "space" }
func (*sceneText) Texts() string                                           { return "" }
func (*sceneText) LogitScale() float64                                     { return 20 }
