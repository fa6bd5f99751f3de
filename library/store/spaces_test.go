package store

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"descry/library"
)

// TestCoverageOfASpace counts what a second model has seen while it looks at the photos.
func TestCoverageOfASpace(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	var photos []library.PhotoID
	for i := range 5 {
		r := l.reading(fmt.Sprint("photo ", i))
		if i == 4 { // elongated: its crops are lacking
			r.Measures.Width, r.Measures.Height = 90, 30
			r.Views = []View{{Vector: r.Vector, At: -1}}
		}
		photos = append(photos, l.put(fmt.Sprintf("%d.jpg", i), int64(i+1), r))
	}
	other, err := l.EnsureSpace(ctx, "space-b", "model-b", testDim)
	noError(t, err)
	coverage := func(what string, space library.SpaceID, want Coverage) {
		t.Helper()
		got, err := l.Coverage(ctx, space)
		noError(t, err)
		same(t, what, got, want)
		list, err := l.Unencoded(ctx, space, 100, Cursor{})
		noError(t, err)
		if len(list) != want.Waiting {
			t.Errorf("%s: %d photos are listed, %d counted", what, len(list), want.Waiting)
		}
	}
	coverage("the first model", l.space.ID, Coverage{Photos: 5, Encoded: 5})
	coverage("the second model", other.ID, Coverage{Photos: 5, Waiting: 5})
	coverage("a model without vectors", 0, Coverage{Photos: 5, Waiting: 5})

	known := func(i int) IndexedFile {
		r := l.reading(fmt.Sprint("photo ", i))
		return IndexedFile{
			Known: true, Content: r.Content, Metadata: library.Metadata{Orientation: 1}, Space: other.ID, Vector: r.Vector, Provider: "cpu",
		}
	}
	before, err := l.Detail(ctx, photos[3])
	noError(t, err)
	noError(t, l.CommitBatch(ctx, []IndexedFile{known(3), known(4), {Known: true, Content: contentOf("nobody's"), Space: other.ID, Vector: known(0).Vector}}))
	coverage("after two", other.ID, Coverage{Photos: 5, Encoded: 2, Waiting: 4})
	after, err := l.Detail(ctx, photos[3])
	noError(t, err)
	same(t, "the spaces of a photo that was looked at again", after.Spaces, []library.SpaceID{l.space.ID, other.ID})
	after.Spaces = before.Spaces
	same(t, "a photo that was looked at again", after, before)

	var order []string
	for at := (Cursor{}); ; {
		list, err := l.Unencoded(ctx, other.ID, 1, at)
		noError(t, err)
		if len(list) == 0 {
			break
		}
		order, at = append(order, list[0].File.Name), list[0].Cursor
	}
	same(t, "the order", order, []string{"4.jpg", "2.jpg", "1.jpg", "0.jpg"})
	list, err := l.UnencodedOf(ctx, other.ID, []library.PhotoID{photos[1], photos[3], 999, photos[2], photos[0]})
	noError(t, err)
	order = nil
	for _, f := range list {
		order = append(order, f.File.Name)
	}
	same(t, "the order of some", order, []string{"1.jpg", "2.jpg", "0.jpg"})

	noError(t, l.CommitBatch(ctx, []IndexedFile{{File: l.file("0.jpg").ID, Stat: stat(1), Failure: &library.Failure{Stage: "decode", Reason: "Broken."}}}))
	coverage("with a file that failed", other.ID, Coverage{Photos: 5, Encoded: 2, Waiting: 3, Away: 1})
	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, ""))
	coverage("offline", other.ID, Coverage{Photos: 5, Encoded: 2, Away: 3})
	coverage("the first model, offline", l.space.ID, Coverage{Photos: 5, Encoded: 5})
	l.check()
}

// TestForgettingASpaceLeavesTheOthers removes what one model found: vectors, suggestions and
// calibrations, and nothing that a person said or another model found.
func TestForgettingASpaceLeavesTheOthers(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	other, err := l.EnsureSpace(ctx, "space-b", "model-b", testDim)
	noError(t, err)
	label, _, err := l.AddLabel(ctx, LabelSet{Name: "things", Title: "Things"}, Label{Name: "thing"})
	noError(t, err)
	const photos = 30
	var batch []IndexedFile
	for i := range photos {
		r := l.reading(fmt.Sprint("photo ", i))
		l.put(fmt.Sprintf("%d.jpg", i), int64(i+1), r)
		r.Known, r.Space = true, other.ID
		batch = append(batch, r)
	}
	noError(t, l.CommitBatch(ctx, batch))
	for _, space := range []library.SpaceID{l.space.ID, other.ID} {
		var all []Suggestion
		last := int64(0)
		noError(t, l.Vectors(ctx, space, 0, 0, func(v VectorRow) error {
			all, last = append(all, Suggestion{Seq: v.Seq, Label: label, Confidence: 0.9}), v.Seq
			return nil
		}))
		noError(t, l.PutSuggestions(ctx, space, "labels", last, all))
		noError(t, l.PutCalibration(ctx, space, "text", Calibration{Params: []byte(`{"a":1}`), N: 1}))
	}
	user, derived, err := l.Digest(ctx)
	noError(t, err)
	uses, err := l.SpaceUses(ctx)
	noError(t, err)
	if len(uses) != 2 || uses[0].Vectors != photos || uses[1].Vectors != photos || uses[1].Bytes != photos*testDim*2 || uses[1].Model != "model-b" {
		t.Errorf("%+v", uses)
	}
	n, err := l.ForgetSpace(ctx, other.ID)
	noError(t, err)
	if n != photos {
		t.Errorf("%d vectors were removed, want %d", n, photos)
	}
	if uses, err = l.SpaceUses(ctx); err != nil || len(uses) != 1 || uses[0].ID != l.space.ID || uses[0].Vectors != photos {
		t.Errorf("%+v, %v", uses, err)
	}
	userAfter, derivedAfter, err := l.Digest(ctx)
	noError(t, err)
	if userAfter != user || derivedAfter == derived {
		t.Error("what a person said has changed, or nothing else has")
	}
	counts, err := l.TagCounts(ctx, l.space.ID, 0)
	noError(t, err)
	if len(counts) != 1 || counts[0].Suggested != photos {
		t.Errorf("suggestions of the other model: %+v", counts)
	}
	if n, err := l.ForgetSpace(ctx, other.ID); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	l.check()
}

// TestPlansOfSpaces looks at how SQLite answers what is asked of large libraries: nothing goes
// through the suggestions of all models, and no photo is asked twice whether it lacks something.
func TestPlansOfSpaces(t *testing.T) {
	l := newLib(t)
	plan := func(query string, args ...any) string {
		t.Helper()
		var b strings.Builder
		noError(t, eachRow(t.Context(), l.ro, "EXPLAIN QUERY PLAN "+query, args, func(rows *sql.Rows) error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			fmt.Fprintln(&b, detail)
			return err
		}))
		return b.String()
	}
	if p := plan(forgetSuggestions, 1, 2); strings.Contains(p, "SCAN s") || !strings.Contains(p, "suggestion_by_label (label_id=? AND space_id=?)") {
		t.Errorf("forgetting suggestions goes this way:\n%s", p)
	}
	p := plan(countCoverage, append(append([]any{1}, unencodedArgs(1)...), 0, 100)...)
	if n := strings.Count(p, "SEARCH i "); n != 1 {
		t.Errorf("each picture is looked for %d times:\n%s", n, p)
	}
}
