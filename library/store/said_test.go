package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"descry/library"
)

func (l *lib) undo(id int64) library.Operation {
	l.t.Helper()
	op, err := l.Undo(l.t.Context(), id)
	noError(l.t, err)
	return op
}

func (l *lib) search(terms ...string) []library.PhotoID {
	l.t.Helper()
	hits, err := l.MatchWords(l.t.Context(), WordQuery{Terms: terms})
	noError(l.t, err)
	var out []library.PhotoID
	for _, h := range hits {
		out = append(out, h.Photo)
	}
	return out
}

func TestTags(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	dog, cat := l.label("animals", "dog"), l.label("animals", "cat")

	op, n, err := l.SetTags(ctx, []library.PhotoID{a, b, a}, dog, library.Confirmed)
	noError(t, err)
	same(t, "changed", n, 2)
	op2, n, err := l.SetTags(ctx, []library.PhotoID{a, b}, dog, library.Confirmed)
	noError(t, err)
	same(t, "nothing to do", []int64{op2, int64(n)}, []int64{0, 0})
	_, _, err = l.SetTags(ctx, []library.PhotoID{a}, cat, library.Rejected)
	noError(t, err)
	same(t, "tags of a", l.tagged(a), "animals/dog confirmed, animals/cat rejected")
	same(t, "found by tag", l.search("DOG"), []library.PhotoID{b, a})
	same(t, "not found by a rejected tag", l.search("cat"), nil)

	_, _, err = l.SetTags(ctx, []library.PhotoID{a, 99}, cat, library.Confirmed)
	wantError(t, err, library.ErrNotFound)
	same(t, "nothing of the failed operation is left", l.tagged(a), "animals/dog confirmed, animals/cat rejected")
	_, _, err = l.SetTags(ctx, []library.PhotoID{a}, 99, library.Confirmed)
	wantError(t, err, library.ErrNotFound)
	if _, _, err = l.SetTags(ctx, []library.PhotoID{a}, dog, library.Suggested); err == nil {
		t.Error("a person suggested a tag")
	}

	history, err := l.History(ctx, 2)
	noError(t, err)
	same(t, "history", []string{history[0].What, history[1].What}, []string{"Reject animals/cat on 1 photo", "Confirm animals/dog on 2 photos"})
	same(t, "photos", history[1].Photos, 2)

	same(t, "undo of the bulk", l.undo(op).What, "Undo: Confirm animals/dog on 2 photos")
	same(t, "tags after it", l.tagged(a)+l.tagged(b), "animals/cat rejected")
	same(t, "words after it", l.search("dog"), nil)
	_, _, err = l.SetTags(ctx, []library.PhotoID{a}, cat, "")
	noError(t, err)
	same(t, "cleared", l.tagged(a), "")
	l.check()
}

func TestUndoAndRedo(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	dog := l.label("animals", "dog")
	start := l.dump()
	one := l.confirm(dog, a)
	two, err := l.SetFavourite(ctx, []library.PhotoID{a, b}, true)
	noError(t, err)
	three, err := l.SetAlt(ctx, b, library.AltText{Text: "A dog.", State: library.AltEdited})
	noError(t, err)
	full := l.dump()

	same(t, "last first", l.undo(0).Undoes, three)
	same(t, "then the one before", l.undo(0).Undoes, two)
	same(t, "then the first", l.undo(0).Undoes, one)
	same(t, "back at the start", l.dump(), start)

	// The label itself was an operation; redo goes the other way.
	for range 3 {
		_, err := l.Redo(ctx)
		noError(t, err)
	}
	same(t, "all again", l.dump(), full)
	_, err = l.Redo(ctx)
	wantError(t, err, library.ErrNotFound)
	same(t, "said", err.Error(), "redo: there is no operation to take back")

	// Undo in any order where operations do not touch the same rows, by number, after a
	// restart.
	dir := l.Dir()
	noError(t, l.Close())
	l = openLib(t, dir)
	u := l.undo(two)
	same(t, "favourites gone", len(l.photos(ListFilter{Favourite: true})), 0)
	_, err = l.Undo(ctx, two)
	wantError(t, err, library.ErrNotFound)
	same(t, "undo of the undo", l.undo(u.ID).What, "Redo: Make 2 photos a favourite")
	same(t, "as before", l.dump(), full)
	_, err = l.Undo(ctx, 12345)
	wantError(t, err, library.ErrNotFound)

	// A redo is over once something else was done.
	l.undo(0)
	l.confirm(dog, b)
	_, err = l.Redo(ctx)
	wantError(t, err, library.ErrNotFound)
	l.check()
}

func TestUndoConflicts(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	dog := l.label("animals", "dog")
	set := func(state library.TagState, photos ...library.PhotoID) int64 {
		t.Helper()
		op, _, err := l.SetTags(ctx, photos, dog, state)
		noError(t, err)
		return op
	}
	one := set(library.Confirmed, a, b)
	two := set(library.Rejected, b)
	before := l.dump()
	_, err := l.Undo(ctx, one)
	wantError(t, err, library.ErrConflict)
	same(t, "nothing changed", l.dump(), before)

	// Back to the same words by another operation is still another operation.
	three := set(library.Confirmed, b)
	_, err = l.Undo(ctx, one)
	wantError(t, err, library.ErrConflict)

	// When the later ones are undone, nothing stands in the way.
	l.undo(three)
	l.undo(two)
	l.undo(one)
	same(t, "all undone", l.tagged(a)+l.tagged(b), "")

	// A redo that meets a later change is a conflict, too.
	var undo int64
	history, err := l.History(ctx, 1)
	noError(t, err)
	undo = history[0].ID
	set(library.Rejected, a)
	_, err = l.Undo(ctx, undo)
	wantError(t, err, library.ErrConflict)
	l.check()
}

func TestUndoMeetsATakenName(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	rename, err := l.RenameLabel(ctx, l.label("animals", "dog"), "hound")
	noError(t, err)
	l.label("animals", "dog") // another label of that name
	id, _, err := l.PutAlbum(ctx, Album{Name: "Trip"})
	noError(t, err)
	_, album, err := l.PutAlbum(ctx, Album{ID: id, Name: "Voyage"})
	noError(t, err)
	_, _, err = l.PutAlbum(ctx, Album{Name: "Trip"})
	noError(t, err)
	before := l.dump()
	for _, op := range []int64{rename, album} {
		_, err := l.Undo(ctx, op)
		wantError(t, err, library.ErrConflict)
		if err != nil && strings.Contains(err.Error(), "UNIQUE") {
			t.Errorf("%q is no sentence for a person", err)
		}
	}
	same(t, "nothing changed", l.dump(), before)
	l.check()
}

func TestLabelSets(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo := l.add("a.jpg", 1)
	def := func(s string) json.RawMessage { return json.RawMessage(s) }
	builtin := []LabelSet{
		{Name: "animals", Title: "Animals", Settings: def(`{"role":"object", "limit":3}`), Labels: []Label{
			{Name: "dog", Definition: def(`{"synonyms":["puppy"]}`)}, {Name: "cat"},
		}},
		{Name: "food", Labels: []Label{{Name: "bread"}}},
	}
	noError(t, l.SyncBuiltinSets(ctx, builtin))
	sets, err := l.LabelSets(ctx)
	noError(t, err)
	same(t, "number of sets", len(sets), 2)
	same(t, "settings with sorted keys", string(sets[0].Settings), `{"limit":3,"role":"object"}`)
	same(t, "no settings", string(sets[1].Settings), `{}`)
	same(t, "builtin", sets[0].Builtin, true)
	dog, err := l.LabelID(ctx, "Animals", "DOG")
	noError(t, err)
	same(t, "label", dog, sets[0].Labels[0].ID)
	cat := sets[0].Labels[1].ID
	_, err = l.LabelID(ctx, "animals", "wolf")
	wantError(t, err, library.ErrNotFound)
	start := l.dump()
	noError(t, l.SyncBuiltinSets(ctx, builtin))
	same(t, "again", l.dump(), start)
	l.confirm(dog, photo)
	l.confirm(cat, photo)

	// A newer program brings newer definitions; what a person edited or removed is left alone.
	builtin[0].Labels[0].Definition = def(`{"synonyms":["puppy","hound"]}`)
	noError(t, l.SyncBuiltinSets(ctx, builtin))
	sets, err = l.LabelSets(ctx)
	noError(t, err)
	same(t, "definition", string(sets[0].Labels[0].Definition), `{"synonyms":["puppy","hound"]}`)
	removed, err := l.RemoveLabelSet(ctx, "food")
	noError(t, err)
	_, err = l.RemoveLabelSet(ctx, "food")
	wantError(t, err, library.ErrNotFound)

	// cat leaves the set, its tag is hidden, and both come back with undo.
	edited := sets[0]
	edited.Labels = []Label{{Name: "wolf"}, edited.Labels[0]}
	op, err := l.PutLabelSet(ctx, edited, "")
	noError(t, err)
	same(t, "tags", l.tagged(photo), "animals/dog confirmed")
	same(t, "hidden tag is not found", l.search("cat"), nil)
	noError(t, l.SyncBuiltinSets(ctx, builtin))
	sets, err = l.LabelSets(ctx)
	noError(t, err)
	if len(sets) != 1 || sets[0].Builtin || sets[0].Labels[0].Name != "wolf" {
		t.Errorf("the edited set was overwritten: %+v", sets)
	}
	same(t, "the sentence", l.undo(op).What, "Undo: Edit label set animals")
	l.undo(removed)
	same(t, "tags after undo", l.tagged(photo), "animals/dog confirmed, animals/cat confirmed")
	same(t, "found again", l.search("cat"), []library.PhotoID{photo})

	// Renaming keeps tags and words; a removed label does not hold its name.
	_, err = l.RemoveLabel(ctx, cat)
	noError(t, err)
	_, err = l.RenameLabel(ctx, dog, "cat")
	noError(t, err)
	same(t, "renamed", l.tagged(photo), "animals/cat confirmed")
	same(t, "old word", l.search("dog"), nil)
	wolf := l.label("animals", "wolf")
	if _, err := l.RenameLabel(ctx, wolf, "cat"); err == nil {
		t.Error("two labels of one name")
	}
	_, err = l.RenameLabel(ctx, cat, "x")
	wantError(t, err, library.ErrNotFound)

	for _, bad := range []LabelSet{
		{Name: " "},
		{Name: "x", Labels: []Label{{Name: ""}}},
		{Name: "x", Labels: []Label{{Name: "a"}, {Name: "a"}}},
		{Name: "x", Settings: def(`[1]`)},
		{Name: "x", Labels: []Label{{Name: "a", Definition: def(`{`)}}},
	} {
		if _, err := l.PutLabelSet(ctx, bad, ""); err == nil {
			t.Errorf("took %+v", bad)
		}
	}
	op, err = l.PutLabelSet(ctx, LabelSet{Name: "own", Labels: []Label{{Name: "boat"}}}, "Import own")
	noError(t, err)
	l.confirm(l.label("own", "boat"), photo)
	same(t, "undo of a new set hides it", l.undo(op).What, "Undo: Import own")
	same(t, "and its tag", l.tagged(photo), "animals/cat confirmed")
	l.undo(op + 2)
	l.check()
}

func TestAltTexts(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	op, err := l.SetAlts(ctx, []PhotoAlt{
		{a, library.AltText{Text: "A zebra at a lake.", State: library.AltApproved}},
		{b, library.AltText{Text: "Ein Zebra.", Extended: "Am See.", Lang: "de", State: library.AltEdited}},
	})
	noError(t, err)
	texts, err := l.AltTexts(ctx, []library.PhotoID{a, b, 99})
	noError(t, err)
	same(t, "alt texts", texts, map[library.PhotoID][]library.AltText{
		a: {{Text: "A zebra at a lake.", Lang: "en", State: library.AltApproved, Confidence: 1}},
		b: {{Text: "Ein Zebra.", Extended: "Am See.", Lang: "de", State: library.AltEdited, Confidence: 1}},
	})
	same(t, "found by alt text", len(l.search("zebra")), 2)
	same(t, "to review", len(l.photos(ListFilter{AltToReview: true})), 0)
	again, err := l.SetAlt(ctx, a, library.AltText{Text: "A zebra at a lake.", Lang: "en", State: library.AltApproved})
	noError(t, err)
	same(t, "the same again", again, 0)
	_, err = l.SetAlt(ctx, a, library.AltText{State: library.AltApproved})
	noError(t, err)
	same(t, "cleared", l.photos(ListFilter{AltToReview: true}), []library.PhotoID{a})
	l.undo(0)
	l.undo(op)
	same(t, "to review after undo", len(l.photos(ListFilter{AltToReview: true})), 2)
	_, err = l.SetAlt(ctx, 99, library.AltText{Text: "x"})
	wantError(t, err, library.ErrNotFound)
	l.check()
}

func TestMarks(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	r := l.reading("a.jpg")
	r.Metadata.Rating = 2
	a, b := l.put("a.jpg", 1, r), l.add("b.jpg", 2)
	both := []library.PhotoID{a, b}
	ratings := func() string {
		cards, err := l.Cards(ctx, both)
		noError(t, err)
		return fmt.Sprint(cards[0].Rating, cards[1].Rating, cards[0].Favourite, cards[1].Favourite)
	}
	same(t, "the file's rating", ratings(), "2 0 false false")
	_, err := l.SetRating(ctx, both, 4)
	noError(t, err)
	_, err = l.SetFavourite(ctx, both[1:], true)
	noError(t, err)
	same(t, "marks", ratings(), "4 4 false true")
	same(t, "at least 4", l.photos(ListFilter{MinRating: 4}), []library.PhotoID{b, a})
	same(t, "favourites", l.photos(ListFilter{Favourite: true}), []library.PhotoID{b})
	_, err = l.SetRating(ctx, both[:1], 0)
	noError(t, err)
	same(t, "none against the file's", ratings(), "0 4 false true")
	_, err = l.SetRating(ctx, both, -1)
	noError(t, err)
	same(t, "taken back", ratings(), "2 0 false true")
	for range 4 {
		l.undo(0)
	}
	same(t, "all undone", ratings(), "2 0 false false")
	if _, err = l.SetRating(ctx, both, 6); err == nil {
		t.Error("six stars")
	}
	l.check()
}

func TestAlbums(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	id, _, err := l.PutAlbum(ctx, Album{Name: "Trip"})
	noError(t, err)
	smart, _, err := l.PutAlbum(ctx, Album{Name: "Dogs", Query: "tag:dog"})
	noError(t, err)
	_, err = l.SetAlbumPhotos(ctx, id, []library.PhotoID{b, a, b}, true)
	noError(t, err)
	_, err = l.SetAlbumPhotos(ctx, smart, []library.PhotoID{a}, true)
	wantError(t, err, library.ErrNotFound)
	albums, err := l.Albums(ctx)
	noError(t, err)
	same(t, "albums", albums, []Album{{ID: smart, Name: "Dogs", Query: "tag:dog"}, {ID: id, Name: "Trip", Photos: 2}})
	same(t, "its photos", l.photos(ListFilter{Album: id}), []library.PhotoID{b, a})
	_, err = l.SetAlbumPhotos(ctx, id, []library.PhotoID{a}, false)
	noError(t, err)
	d, err := l.Detail(ctx, b)
	noError(t, err)
	same(t, "albums of b", d.Albums, []Album{{ID: id, Name: "Trip"}})
	if _, _, err := l.PutAlbum(ctx, Album{Name: "Dogs"}); err == nil {
		t.Error("two albums of one name")
	}
	_, _, err = l.PutAlbum(ctx, Album{ID: 99, Name: "x"})
	wantError(t, err, library.ErrNotFound)
	_, err = l.RemoveAlbum(ctx, id)
	noError(t, err)
	_, err = l.RemoveAlbum(ctx, id)
	wantError(t, err, library.ErrNotFound)
	_, _, err = l.PutAlbum(ctx, Album{ID: smart, Name: "Trip"})
	noError(t, err)
	for range 3 {
		l.undo(0)
	}
	albums, err = l.Albums(ctx)
	noError(t, err)
	same(t, "albums after undo", albums, []Album{{ID: smart, Name: "Dogs", Query: "tag:dog"}, {ID: id, Name: "Trip", Photos: 2}})
	l.check()
}

func TestSettings(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	noError(t, l.SetSetting(ctx, "model", "x"))
	noError(t, l.SetSetting(ctx, "model", "starter"))
	noError(t, l.SetSetting(ctx, "threads", "2"))
	noError(t, l.SetSetting(ctx, "threads", ""))
	all, err := l.Settings(ctx)
	noError(t, err)
	same(t, "settings", all, map[string]string{"model": "starter"})
	v, err := l.Setting(ctx, "model")
	noError(t, err)
	same(t, "model", v, "starter")
	v, err = l.Setting(ctx, "threads")
	noError(t, err)
	same(t, "unset", v, "")
	before := l.dump()
	noError(t, l.SetSetting(ctx, "state.window", "800x600"))
	same(t, "what the program remembers is not dumped", l.dump(), before)
}

func TestSuggestions(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	dog, cat := l.label("animals", "dog"), l.label("animals", "cat")
	seq := map[library.PhotoID]int64{}
	noError(t, l.VectorPhotos(ctx, l.space.ID, func(s int64, p library.PhotoID) { seq[p] = s }))
	digest, last, err := l.TaggingProgress(ctx, l.space.ID)
	noError(t, err)
	same(t, "progress at first", fmt.Sprintf("%s %d", digest, last), " 0")
	noError(t, l.PutSuggestions(ctx, l.space.ID, "labels-1", seq[b], []Suggestion{
		{seq[a], dog, 0.6}, {seq[a], cat, 0.9}, {seq[b], dog, 0.4}, {999, dog, 1}, {seq[a], 999, 1},
	}))
	digest, last, err = l.TaggingProgress(ctx, l.space.ID)
	noError(t, err)
	same(t, "progress", fmt.Sprintf("%s %d", digest, last), fmt.Sprintf("labels-1 %d", seq[b]))
	same(t, "suggested", l.tagged(a), "animals/cat suggested, animals/dog suggested")
	l.confirm(dog, a)
	_, _, err = l.SetTags(ctx, []library.PhotoID{b}, dog, library.Rejected)
	noError(t, err)
	same(t, "a", l.tagged(a), "animals/dog confirmed, animals/cat suggested")
	same(t, "b", l.tagged(b), "animals/dog rejected")
	counts, err := l.TagCounts(ctx, l.space.ID, 0)
	noError(t, err)
	same(t, "counts", counts, []TagCount{
		{Label: dog, Set: "animals", Name: "dog", Confirmed: 1}, {Label: cat, Set: "animals", Name: "cat", Suggested: 1},
	})
	counts, err = l.TagCounts(ctx, l.space.ID, 0.95)
	noError(t, err)
	same(t, "sure ones", len(counts), 1)
	same(t, "list by tag", l.photos(ListFilter{Label: cat}), nil)
	same(t, "list with suggestions", l.photos(ListFilter{Label: cat, Space: l.space.ID, MinConfidence: 0.9}), []library.PhotoID{a})
	same(t, "list with surer ones", l.photos(ListFilter{Label: cat, Space: l.space.ID, MinConfidence: 0.91}), nil)
	same(t, "rejected ones are not listed", l.photos(ListFilter{Label: dog, Space: l.space.ID}), []library.PhotoID{a})
	same(t, "untagged", l.photos(ListFilter{Untagged: true}), []library.PhotoID{b})

	// Other labels: the old suggestions go, what a person said stays.
	noError(t, l.PutSuggestions(ctx, l.space.ID, "labels-2", seq[a], []Suggestion{{seq[a], dog, 0.5}}))
	digest, last, err = l.TaggingProgress(ctx, l.space.ID)
	noError(t, err)
	same(t, "progress with other labels", fmt.Sprintf("%s %d", digest, last), fmt.Sprintf("labels-2 %d", seq[a]))
	same(t, "a with other labels", l.tagged(a), "animals/dog confirmed")
	noError(t, l.PutSuggestions(ctx, l.space.ID, "labels-2", seq[b], nil))
	_, last, err = l.TaggingProgress(ctx, l.space.ID)
	noError(t, err)
	same(t, "further", last, seq[b])

	_, ok, err := l.Calibration(ctx, l.space.ID, "text")
	if ok || err != nil {
		t.Errorf("a calibration from nowhere: %v", err)
	}
	noError(t, l.PutCalibration(ctx, l.space.ID, "text", Calibration{Params: json.RawMessage(`{"a": 1}`), N: 10}))
	noError(t, l.PutCalibration(ctx, l.space.ID, "text", Calibration{Params: json.RawMessage(`{"a": 2}`), N: 20}))
	c, ok, err := l.Calibration(ctx, l.space.ID, "text")
	noError(t, err)
	same(t, "calibration", fmt.Sprintf("%v %s %d %v", ok, c.Params, c.N, c.Fitted.IsZero()), `true {"a":2} 20 false`)
	if err := l.PutCalibration(ctx, l.space.ID, "text", Calibration{Params: json.RawMessage(`{`)}); err == nil {
		t.Error("broken parameters were stored")
	}
	l.check()
}

// TestAlbumsAreUndoneInTurn checks that an older change of an album is not taken back below a
// later one, and that photos stay in an album that was removed meanwhile.
func TestAlbumsAreUndoneInTurn(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	was, err := l.Version(ctx)
	noError(t, err)
	smart, add, err := l.PutAlbum(ctx, Album{Name: "Pets", Query: "tag:dog"})
	noError(t, err)
	if now, err := l.Version(ctx); err != nil || now == was {
		t.Errorf("the version is still %d (%v)", now, err)
	}
	_, edit, err := l.PutAlbum(ctx, Album{ID: smart, Name: "Pets", Query: "tag:dog or tag:cat"})
	noError(t, err)
	_, none, err := l.PutAlbum(ctx, Album{ID: smart, Name: "Pets", Query: "tag:dog or tag:cat"})
	noError(t, err)
	same(t, "the same once more is an operation", none, int64(0))
	before := l.dump()
	_, err = l.Undo(ctx, add)
	wantError(t, err, library.ErrConflict)
	same(t, "nothing changed", l.dump(), before)
	l.undo(edit)
	l.undo(add)
	if albums, err := l.Albums(ctx); err != nil || len(albums) != 0 {
		t.Errorf("all undone, there are %+v (%v)", albums, err)
	}

	trip, _, err := l.PutAlbum(ctx, Album{Name: "Trip"})
	noError(t, err)
	put, err := l.SetAlbumPhotos(ctx, trip, []library.PhotoID{a, b}, true)
	noError(t, err)
	take, err := l.SetAlbumPhotos(ctx, trip, []library.PhotoID{b}, false)
	noError(t, err)
	_, err = l.Undo(ctx, put)
	wantError(t, err, library.ErrConflict)
	gone, err := l.RemoveAlbum(ctx, trip)
	noError(t, err)
	_, err = l.SetAlbumPhotos(ctx, trip, []library.PhotoID{b}, true)
	wantError(t, err, library.ErrNotFound)
	l.undo(gone)
	l.undo(take)
	albums, err := l.Albums(ctx)
	noError(t, err)
	same(t, "albums", albums, []Album{{ID: trip, Name: "Trip", Photos: 2}})
	l.undo(put)
	same(t, "its photos", len(l.photos(ListFilter{Album: trip})), 0)
	l.check()
}
