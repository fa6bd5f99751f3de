package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"descry/library"
)

func TestKeepBoth(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	var ids []library.PhotoID
	for i := range 3 {
		ids = append(ids, l.add(fmt.Sprintf("%d.jpg", i), int64(i+1)))
	}
	pairs := func() (out [][2]library.PhotoID) {
		noError(t, l.Distinct(ctx, func(a, b library.PhotoID) { out = append(out, [2]library.PhotoID{a, b}) }))
		return out
	}
	op, err := l.KeepBoth(ctx, [][]library.PhotoID{{ids[2], ids[0], ids[1]}})
	noError(t, err)
	same(t, "pairs", len(pairs()), 3)
	again, err := l.KeepBoth(ctx, [][]library.PhotoID{{ids[0], ids[2]}})
	noError(t, err)
	same(t, "said twice", again, int64(0))
	same(t, "taken back", l.undo(op).What, "Undo: Keep 3 photos as different")
	same(t, "pairs after undo", len(pairs()), 0)
	_, err = l.Redo(ctx)
	noError(t, err)
	same(t, "pairs after redo", len(pairs()), 3)
	_, err = l.KeepBoth(ctx, [][]library.PhotoID{{ids[0], 99}})
	wantError(t, err, library.ErrNotFound)
	if _, err = l.KeepBoth(ctx, [][]library.PhotoID{{ids[0], ids[0]}}); err == nil {
		t.Error("a photo was kept beside itself")
	}
	_, err = l.Forget(ctx, ids[0])
	noError(t, err)
	same(t, "pairs after forgetting one", pairs(), [][2]library.PhotoID{{ids[1], ids[2]}})
	l.check()
}

// Prints hold what candidates are told by; videos are left out.
func TestPrints(t *testing.T) {
	l := newLib(t)
	film := l.reading("film")
	film.Metadata.Duration = time.Second
	l.put("film.mov", 1, film)
	dated := l.reading("dated")
	dated.Metadata.Make, dated.Metadata.Taken = "A", time.Date(2024, 1, 2, 3, 4, 5, 678e6, time.UTC)
	l.put("dated.jpg", 2, dated)
	l.add("bare.jpg", 3)
	var got []Print
	noError(t, l.Prints(t.Context(), func(p Print) error {
		got = append(got, p)
		return nil
	}))
	if len(got) != 2 || !got[0].Dated || got[0].Taken != dated.Metadata.Taken.UnixMilli() || got[0].Camera == 0 || got[1].Dated || got[1].Camera != 0 {
		t.Errorf("prints: %+v", got)
	}
	if got[0].Order == got[1].Order || got[0].Aspect <= 0 {
		t.Errorf("prints: %+v", got)
	}
}

// A forgotten photo leaves no path of its file in the trash behind.
func TestForgetTrashed(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo, other := l.add("a & b.jpg", 1), l.add("c.jpg", 2)
	_, err := l.Trash(ctx, []TrashMove{{Path: "/photos/a & b.jpg", Kept: "/t/a"}, {Path: "/photos/c.jpg", Kept: "/t/c"}}, []Heir{{From: photo, To: other}})
	noError(t, err)
	work, err := l.TrashWork(ctx)
	noError(t, err)
	same(t, "work", work, []TrashMove{{Path: "/photos/a & b.jpg", Kept: "/t/a"}, {Path: "/photos/c.jpg", Kept: "/t/c"}})
	_, err = l.Forget(ctx, photo)
	noError(t, err)
	left, err := l.Trashed(ctx)
	noError(t, err)
	same(t, "in the trash", left, []TrashMove{{Path: "/photos/c.jpg", Kept: "/t/c"}})
	var n int
	noError(t, l.ro.QueryRow("SELECT count(*) FROM journal_change WHERE tbl = 'trashed'").Scan(&n))
	same(t, "in the journal", n, 1)
	l.check()
}

// Operations that were about a forgotten photo and nothing else do not stand in the way of
// undoing what was said before.
// A stack of which a photo is forgotten is worked out again: one photo alone is none.
func TestForgetWorksOutStacksAgain(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	raw, jpeg := l.add("a/1.dng", 1), l.add("a/1.jpg", 2)
	pair := func(shots []Shot) []Stacked {
		if len(shots) < 2 {
			return nil
		}
		return []Stacked{{Photo: raw, Stack: jpeg, Kind: "raw"}, {Photo: jpeg, Stack: jpeg, Kind: "raw"}}
	}
	restack := func() {
		t.Helper()
		folders, err := l.StackFolders(ctx, 10)
		noError(t, err)
		noError(t, l.Restack(ctx, folders, pair))
	}
	stacks := func() int {
		t.Helper()
		found, err := l.Stacks(ctx, "")
		noError(t, err)
		return len(found)
	}
	restack()
	same(t, "stacks", stacks(), 1)
	_, err := l.Forget(ctx, raw)
	noError(t, err)
	restack()
	same(t, "stacks after one photo was forgotten", strings.Count(l.dump(), "\nstack "), 0)
}

func TestForgetLeavesNothingToUndo(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo, other := l.add("a.jpg", 1), l.add("b.jpg", 2)
	_, err := l.SetRating(ctx, []library.PhotoID{other}, 3)
	noError(t, err)
	_, err = l.Trash(ctx, []TrashMove{{Path: "/photos/a.jpg", Kept: "/t/a"}}, nil)
	noError(t, err)
	_, err = l.KeepBoth(ctx, [][]library.PhotoID{{photo, other}})
	noError(t, err)
	l.undo(0)
	_, err = l.Redo(ctx)
	noError(t, err)
	_, err = l.Forget(ctx, photo)
	noError(t, err)
	history, err := l.History(ctx, 0)
	noError(t, err)
	same(t, "operations left", len(history), 1)
	l.undo(0)
	l.check()
}
