package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"descry/library"
)

// many fills a library with photos that have neither vectors of size nor long words.
func many(t testing.TB, l *Store, root library.RootID, space library.SpaceID, n int) []library.PhotoID {
	t.Helper()
	fill(t, l, root, space, testDim, n)
	ids, err := l.Photos(t.Context(), ListFilter{})
	if err != nil || len(ids) != n {
		t.Fatalf("%d photos, %v", len(ids), err)
	}
	return ids
}

// longest runs fn while another writer asks for turns, and returns the longest that one
// waited.
func longest(t testing.TB, s *Store, fn func()) time.Duration {
	t.Helper()
	done, out := make(chan struct{}), make(chan time.Duration)
	go func() {
		var worst time.Duration
		for {
			select {
			case <-done:
				out <- worst
				return
			default:
			}
			start := time.Now()
			if err := s.gate.enter(t.Context(), true); err != nil {
				out <- worst
				return
			}
			s.gate.leave()
			worst = max(worst, time.Since(start))
		}
	}()
	fn()
	close(done)
	return <-out
}

// An operation on thousands of photos is one entry of the history and lets others write
// meanwhile.
func TestABulkOperationIsOneEntry(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	const n = 3*bulkChunk + 7
	ids := many(t, l.Store, l.root.ID, l.space.ID, n)
	dog := l.label("animals", "dog")
	before := l.dump()
	op, changed, err := l.SetTags(ctx, ids, dog, library.Confirmed)
	noError(t, err)
	same(t, "changed", changed, n)
	ops, err := l.History(ctx, 0)
	noError(t, err)
	same(t, "history", []string{ops[0].What, ops[1].What}, []string{fmt.Sprintf("Confirm animals/dog on %d photos", n), "Add label animals/dog"})
	same(t, "photos", ops[0].Photos, n)
	after := l.dump()

	undo, err := l.Undo(ctx, 0)
	noError(t, err)
	same(t, "undo", []any{undo.Undoes, undo.Photos, undo.What}, []any{op, n, "Undo: " + ops[0].What})
	same(t, "undone", l.dump(), before)
	redo, err := l.Redo(ctx)
	noError(t, err)
	same(t, "redo", redo.What, "Redo: "+ops[0].What)
	same(t, "done again", l.dump(), after)
	l.check()

	// A later word on one of them stands in the way of all.
	_, _, err = l.SetTags(ctx, ids[n-1:], dog, library.Rejected)
	noError(t, err)
	_, err = l.Undo(ctx, op)
	wantError(t, err, library.ErrConflict)
	l.undo(0)
	l.undo(op)
	same(t, "undone in turn", l.dump(), before)

	// A label that does not exist, or a photo, costs nothing.
	_, _, err = l.SetTags(ctx, append(slices.Clone(ids), 1<<40), dog, library.Confirmed)
	wantError(t, err, library.ErrNotFound)
	_, _, err = l.SetTags(ctx, ids, dog+99, library.Confirmed)
	wantError(t, err, library.ErrNotFound)
	same(t, "untouched", l.dump(), before)
}

// A bulk operation or its undo that is cut short leaves a history that tells the truth; both
// can be undone, and the undo gone on with.
func TestABulkOperationCutShort(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	const n = 4 * bulkChunk
	ids := many(t, l.Store, l.root.ID, l.space.ID, n)
	dog := l.label("animals", "dog")
	before := l.dump()

	mend := func() {
		t.Helper()
		_, err := l.w.ExecContext(ctx, "DROP TRIGGER cut")
		noError(t, err)
	}
	_, err := l.w.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TRIGGER cut BEFORE INSERT ON main.tag
		WHEN (SELECT count(*) FROM main.tag) >= %d BEGIN SELECT raise(ABORT, 'cut'); END`, 2*bulkChunk+50))
	noError(t, err)
	op, changed, err := l.SetTags(ctx, ids, dog, library.Confirmed)
	if err == nil {
		t.Fatal("the operation was not cut short")
	}
	mend()
	same(t, "changed", changed, 2*bulkChunk)
	ops, err := l.History(ctx, 1)
	noError(t, err)
	same(t, "entry", []any{ops[0].ID, ops[0].Photos, ops[0].What}, []any{op, 2 * bulkChunk, fmt.Sprintf("Confirm animals/dog on %d photos", 2*bulkChunk)})
	l.check()
	l.undo(0)
	same(t, "undone", l.dump(), before)

	op = l.confirm(dog, ids...)
	after := l.dump()
	_, err = l.w.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TRIGGER cut BEFORE DELETE ON main.tag
		WHEN (SELECT count(*) FROM main.tag) <= %d BEGIN SELECT raise(ABORT, 'cut'); END`, 2*bulkChunk-50))
	noError(t, err)
	if _, err := l.Undo(ctx, op); err == nil {
		t.Fatal("the undo was not cut short")
	}
	mend()
	l.check()
	ops, err = l.History(ctx, 2)
	noError(t, err)
	same(t, "entry", []any{ops[0].Undoes, ops[0].Photos, ops[1].Undone}, []any{op, 2 * bulkChunk, false})
	undo, err := l.Undo(ctx, 0)
	noError(t, err)
	same(t, "the same entry goes on", []any{undo.ID, undo.Photos}, []any{ops[0].ID, n})
	same(t, "undone", l.dump(), before)
	_, err = l.Redo(ctx)
	noError(t, err)
	same(t, "done again", l.dump(), after)
	l.check()
}

// Renaming a label writes the words of all its photos anew, a few at a time; a process that
// ended meanwhile is gone on from.
func TestTheWordsOfARenamedLabel(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	ids := many(t, l.Store, l.root.ID, l.space.ID, 2*bulkChunk+30)
	dog := l.label("animals", "dog")
	l.confirm(dog, ids...)
	_, err := l.RenameLabel(ctx, dog, "hound")
	noError(t, err)
	same(t, "found by the new name", len(l.search("hound")), len(ids))
	same(t, "found by the old name", len(l.search("dog")), 0)

	noError(t, l.write(ctx, false, func(t *tx) error {
		if err := t.exec("UPDATE label SET name = 'hund' WHERE id = ?", dog); err != nil {
			return err
		}
		return t.wordsLater(labelTable, key{int64(dog)})
	}))
	noError(t, l.Close())
	s, err := Open(ctx, l.Dir(), Options{Now: clock()})
	noError(t, err)
	defer s.Close()
	r := &lib{Store: s, t: t, space: l.space}
	same(t, "found after the next opening", len(r.search("hund")), len(ids))
	same(t, "no note is left", len(must(r.Settings(ctx))), 0)
	r.check()
}

// Where a transaction takes long the next one is smaller; what is written stays the same.
func TestTransactionsAreSmallerWhereTheyTakeLong(t *testing.T) {
	var p pace
	var sizes []int
	for _, ms := range []time.Duration{5, 60, 60, 20, 60, 60, 60, 5, 5, 5, 5} {
		p.took(ms * time.Millisecond)
		sizes = append(sizes, p.size())
	}
	same(t, "sizes", sizes, []int{100, 50, 25, 25, 12, 10, 10, 20, 40, 80, 100})

	dump := func(step time.Duration) string {
		l := newLib(t)
		var now time.Duration
		l.clock = func() time.Duration { now += step; return now }
		ids := many(t, l.Store, l.root.ID, l.space.ID, 2*bulkChunk+30)
		dog := l.label("animals", "dog")
		op := l.confirm(dog, ids...)
		_, err := l.RenameLabel(t.Context(), dog, "hound")
		noError(t, err)
		same(t, "found by the new name", len(l.search("hound")), len(ids))
		l.undo(0)
		l.undo(op)
		ops, err := l.History(t.Context(), 0)
		noError(t, err)
		l.check()
		out := l.dump()
		for _, o := range ops { // their times tell how many transactions it took
			out += fmt.Sprintln(o.ID, o.What, o.Photos, o.Undone, o.Undoes)
		}
		return out
	}
	same(t, "slow and fast", dump(time.Second), dump(0))
}

// What a transaction changes of labels and folders counts for the words and the first files of
// its photos, whatever came first.
func TestSettlingSeesAllThatATransactionChanged(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	other, err := l.AddRoot(ctx, "/z", "vol-2")
	noError(t, err)
	here := l.put("a.jpg", 1, l.reading("a"))
	noError(t, l.ApplyScan(ctx, other.ID, []ScanChange{{Kind: Found, Name: "b.jpg", Stat: stat(7)}}))
	files, err := l.Pending(ctx, l.space.ID, 1, Cursor{})
	noError(t, err)
	copied := l.reading("a")
	copied.File, copied.Stat = files[0].File.ID, files[0].File.Stat
	noError(t, l.CommitBatch(ctx, []IndexedFile{copied}))
	dog := l.label("animals", "dog")
	l.confirm(dog, here)

	noError(t, l.write(ctx, false, func(t *tx) error {
		t.mark(here, dirtRow|dirtWords)
		if err := t.exec("UPDATE label SET name = 'hound' WHERE id = ?", dog); err != nil {
			return err
		}
		return t.exec("UPDATE root SET path = CAST('/a' AS BLOB) WHERE id = ?", other.ID)
	}))
	same(t, "found by the new name", l.search("hound"), []library.PhotoID{here})
	same(t, "found by the old name", len(l.search("dog")), 0)
	cards, err := l.Cards(ctx, []library.PhotoID{here})
	noError(t, err)
	same(t, "first file", cards[0].Path, "/a/b.jpg")
	l.check()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// How long others wait while 10,000 photos are tagged, untagged by undo, and lose their root.
func BenchmarkBulk(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.Context(), b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		root, _ := s.AddRoot(b.Context(), "/photos", "")
		space, _ := s.EnsureSpace(b.Context(), "d", "m", testDim)
		ids := many(b, s, root.ID, space.ID, 10_000)
		dog, _, err := s.AddLabel(b.Context(), LabelSet{Name: "animals"}, Label{Name: "dog"})
		if err != nil {
			b.Fatal(err)
		}
		for _, step := range []struct {
			name string
			fn   func() error
		}{
			{"tag", func() error { _, _, err := s.SetTags(b.Context(), ids, dog, library.Confirmed); return err }},
			{"rename", func() error { _, err := s.RenameLabel(b.Context(), dog, "hound"); return err }},
			{"unname", func() error { _, err := s.Undo(b.Context(), 0); return err }},
			{"undo", func() error { _, err := s.Undo(b.Context(), 0); return err }},
			{"remove-root", func() error { return s.RemoveRoot(b.Context(), root.ID) }},
		} {
			start := time.Now()
			worst := longest(b, s, func() {
				if err := step.fn(); err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(float64(worst.Milliseconds()), step.name+"-wait-ms")
			b.ReportMetric(float64(time.Since(start).Milliseconds()), step.name+"-ms")
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
