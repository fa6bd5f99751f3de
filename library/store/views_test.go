package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"descry/library"
)

// elongated is the reading of a panorama without its further views.
func (l *lib) elongated(content string) IndexedFile {
	r := l.reading(content)
	r.Metadata.Width, r.Metadata.Height = 41, 20
	r.Measures.Width, r.Measures.Height = 41, 20
	return r
}

func TestElongatedPicturesLackTheirViews(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	l.add("plain.jpg", 1)
	r := l.elongated("wide.jpg")
	l.put("wide.jpg", 2, r)
	same(t, "pending", l.pending(l.space.ID), []string{"wide.jpg (looked)"})
	known, ok, err := l.Known(ctx, r.Content, l.space.ID)
	noError(t, err)
	same(t, "known", fmt.Sprint(ok, known.Pictures, known.Encoded), "true [1] []")
	st, err := l.Status(ctx, l.space.ID)
	noError(t, err)
	same(t, "status", fmt.Sprint(st.Encoded, st.Pending), "2 1")
	same(t, "without a model nothing is lacking", l.pending(0), nil)

	r.Views = []View{{Vector: r.Vector, At: -1}}
	l.put("wide.jpg", 2, r)
	same(t, "with its views", l.pending(l.space.ID), nil)
	known, _, err = l.Known(ctx, r.Content, l.space.ID)
	noError(t, err)
	same(t, "encoded", fmt.Sprint(known.Encoded), "[1]")
}

// Of several views of a picture the surest suggestion counts, whatever their order and
// however often tagging was killed and went on.
func TestSuggestionsOfViewsDoNotDependOnOrder(t *testing.T) {
	var dumps []string
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0, 1, 2}} {
		l := newLib(t)
		ctx := t.Context()
		r := l.elongated("wide.jpg")
		r.Views = []View{{Vector: r.Vector, At: -1}, {Vector: r.Vector, At: 2 * time.Second}}
		photo := l.put("wide.jpg", 1, r)
		dog, cat := l.label("animals", "dog"), l.label("animals", "cat")
		var seqs []int64
		noError(t, l.Vectors(ctx, l.space.ID, 0, 0, func(v VectorRow) error {
			seqs = append(seqs, v.Seq)
			return nil
		}))
		all := [][]Suggestion{{{seqs[0], dog, 0.4}}, {{seqs[1], dog, 0.9}, {seqs[1], cat, 0.3}}, {{seqs[2], cat, 0.5}}}
		for _, view := range order {
			noError(t, l.PutSuggestions(ctx, l.space.ID, "labels", seqs[view], all[view]))
		}
		tags, err := l.Tags(ctx, []library.PhotoID{photo}, l.space.ID)
		noError(t, err)
		var got []string
		for _, tag := range tags[photo] {
			got = append(got, fmt.Sprintf("%s %.1f", tag.Name, tag.Confidence))
		}
		same(t, "suggestions", got, []string{"dog 0.9", "cat 0.5"})
		dumps = append(dumps, l.dump())
	}
	same(t, "dumps", len(slices.Compact(dumps)), 1)
}

func TestUnseenAndAway(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	l.add("a.jpg", 1)
	l.add("b.jpg", 2)
	unseen := func() int {
		t.Helper()
		n, err := l.Unseen(ctx)
		noError(t, err)
		return n
	}
	away := func() (n int) {
		t.Helper()
		noError(t, l.AwayPictures(ctx, func(library.Picture) { n++ }))
		return n
	}
	same(t, "nothing waits", unseen(), 0)
	l.apply(Found, "c.jpg", stat(3))
	l.apply(Changed, "a.jpg", stat(4))
	same(t, "a new file waits", unseen(), 1)
	same(t, "all are at hand", away(), 0)
	l.apply(Gone, "b.jpg", library.Stat{})
	same(t, "a missing photo", away(), 1)
	roots, err := l.Roots(ctx)
	noError(t, err)
	noError(t, l.SetRootState(ctx, roots[0].ID, library.Offline, ""))
	same(t, "all are away", away(), 2)
	same(t, "who is away does not wait", unseen(), 0)
}
