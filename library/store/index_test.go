package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"descry/library"
)

func (l *lib) pending(space library.SpaceID) []string {
	l.t.Helper()
	var out []string
	var after Cursor
	for {
		list, err := l.Pending(l.t.Context(), space, 2, after)
		noError(l.t, err)
		if len(list) == 0 {
			return out
		}
		for _, p := range list {
			name := p.File.Rel()
			if p.Looked {
				name += " (looked)"
			}
			if p.Path != "/photos/"+p.File.Rel() {
				l.t.Errorf("path %s", p.Path)
			}
			out = append(out, name)
			after = p.Cursor
		}
	}
}

func TestScanAndPending(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	for i, path := range []string{"a/1.jpg", "a/2.jpg", "b/\xff.jpg", "0.jpg"} {
		l.apply(Found, path, stat(int64(i+1)))
	}
	dirs, err := l.Dirs(ctx, l.root.ID)
	noError(t, err)
	same(t, "folders", dirs, []string{"", "a", "b"})
	same(t, "pending, newest first", l.pending(0), []string{"0.jpg", "b/\xff.jpg", "a/2.jpg", "a/1.jpg"})

	one := l.add("a/1.jpg", 1)
	same(t, "pending after one was looked at", l.pending(l.space.ID), []string{"0.jpg", "b/\xff.jpg", "a/2.jpg"})

	// Without a vector only a run with the model asks for the file again.
	r := l.reading("a/2.jpg")
	r.Vector = nil
	l.put("a/2.jpg", 2, r)
	same(t, "pending without a space", l.pending(0), []string{"0.jpg", "b/\xff.jpg"})
	same(t, "pending in the space", l.pending(l.space.ID), []string{"0.jpg", "b/\xff.jpg", "a/2.jpg (looked)"})
	other, err := l.EnsureSpace(ctx, "space-b", "model-b", 4)
	noError(t, err)
	same(t, "pending in another space", l.pending(other.ID), []string{"0.jpg", "b/\xff.jpg", "a/2.jpg (looked)", "a/1.jpg (looked)"})

	// A failure is not tried again until the file changes or the person asks.
	f := IndexedFile{File: l.file("0.jpg").ID, Stat: stat(4), Failure: &library.Failure{Stage: "decode", Reason: "It is not a picture."}}
	noError(t, l.CommitBatch(ctx, []IndexedFile{f}))
	same(t, "pending after a failure", l.pending(0), []string{"b/\xff.jpg"})
	failures, err := l.Failures(ctx)
	noError(t, err)
	if len(failures) != 1 || failures[0].Path != "/photos/0.jpg" || failures[0].Stage != "decode" || failures[0].At.IsZero() {
		t.Errorf("failures %+v", failures)
	}
	n, err := l.RetryFailed(ctx)
	noError(t, err)
	same(t, "retried", n, 1)
	same(t, "pending after asking again", l.pending(0), []string{"0.jpg", "b/\xff.jpg"})
	noError(t, l.CommitBatch(ctx, []IndexedFile{f}))
	l.apply(Changed, "0.jpg", stat(9))
	same(t, "pending after a change", l.pending(0), []string{"0.jpg", "b/\xff.jpg"})
	l.add("0.jpg", 9)
	failures, err = l.Failures(ctx)
	noError(t, err)
	same(t, "failures after a good reading", len(failures), 0)

	// Gone files that held nothing leave no trace; others are missing.
	l.apply(Gone, "b/\xff.jpg", library.Stat{})
	before := l.generation()
	l.apply(Gone, "a/1.jpg", library.Stat{})
	if l.generation() == before {
		t.Error("a photo went missing and the generation stayed")
	}
	missing, err := l.MissingFiles(ctx)
	noError(t, err)
	if len(missing) != 1 || missing[0].Path != "/photos/a/1.jpg" || missing[0].Photo != one {
		t.Errorf("missing %+v", missing)
	}
	same(t, "missing photos", l.photos(ListFilter{Missing: true}), []library.PhotoID{one})
	if slices.Contains(l.photos(ListFilter{}), one) {
		t.Error("a missing photo is listed")
	}
	st, err := l.Status(ctx, l.space.ID)
	noError(t, err)
	same(t, "status", st, Status{Files: 2, Photos: 2, Encoded: 1, Pending: 1, Missing: 1, Provider: "cpu"})

	// A missing file is recognised at its new path by its numbers.
	_, ok, err := l.FindMoved(ctx, library.Stat{Size: 1001, ModTime: stat(1).ModTime})
	if ok || err != nil {
		t.Errorf("found a moved file without its number: %v", err)
	}
	moved, ok, err := l.FindMoved(ctx, stat(1))
	if !ok || err != nil || moved.Photo != one {
		t.Fatalf("moved file: %+v %v %v", moved, ok, err)
	}
	noError(t, l.ApplyScan(ctx, l.root.ID, []ScanChange{{Kind: Moved, Dir: "c", Name: "new name.jpg", Stat: stat(1), File: moved.ID}}))
	same(t, "photo at the new path", l.file("c/new name.jpg").Photo, one)
	same(t, "pending after a move", l.pending(0), nil)
	hits, err := l.MatchWords(ctx, WordQuery{Terms: []string{"new", "name"}})
	noError(t, err)
	if len(hits) != 1 || hits[0].Photo != one {
		t.Errorf("words of the new name: %+v", hits)
	}
	l.apply(Gone, "c/new name.jpg", library.Stat{})
	l.apply(Back, "c/new name.jpg", stat(1))
	same(t, "photos after it came back", len(l.photos(ListFilter{})), 3)

	// Nothing of an offline root is asked for.
	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, ""))
	same(t, "pending of an offline root", l.pending(other.ID), nil)
	l.check()
}

func TestKnownAndVectors(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	_, ok, err := l.Known(ctx, contentOf("a"), l.space.ID)
	if ok || err != nil {
		t.Fatalf("an unknown content: %v %v", ok, err)
	}
	photo := l.add("a", 1)
	r := l.reading("a")
	r.Metadata.Orientation, r.Vector = 6, nil
	same(t, "the turned copy", l.put("z", 2, r), photo)
	k, ok, err := l.Known(ctx, contentOf("a"), l.space.ID)
	noError(t, err)
	same(t, "known", ok, true)
	same(t, "what is known", k, KnownContent{Photo: photo, Pictures: []int{1, 6}, Encoded: []int{1}})

	b := l.add("b", 3)
	type row struct {
		Seq   int64
		Photo library.PhotoID
	}
	rows := func(after int64, limit int) (out []row) {
		t.Helper()
		noError(t, l.Vectors(ctx, l.space.ID, after, limit, func(v VectorRow) error {
			if len(v.Data) != 2*testDim || v.Picture.Orientation != 1 || v.Picture.Content.IsZero() {
				t.Errorf("vector %+v", v)
			}
			out = append(out, row{v.Seq, v.Photo})
			return nil
		}))
		return out
	}
	all := rows(0, 0)
	same(t, "vectors", all, []row{{all[0].Seq, photo}, {all[1].Seq, b}})
	same(t, "one vector", rows(0, 1), all[:1])
	same(t, "later vectors", rows(all[0].Seq, 10), all[1:])
	stop := fmt.Errorf("stop")
	wantError(t, l.Vectors(ctx, l.space.ID, 0, 0, func(VectorRow) error { return stop }), stop)

	// The photo turns when the copy that showed it upright goes: its old vector shows nothing.
	before := l.generation()
	l.apply(Gone, "a", library.Stat{})
	if l.generation() == before {
		t.Error("a photo turned and the generation stayed")
	}
	same(t, "vectors after the turn", rows(0, 0)[0].Photo, 0)
	var shown []row
	noError(t, l.VectorPhotos(ctx, l.space.ID, func(seq int64, p library.PhotoID) { shown = append(shown, row{seq, p}) }))
	same(t, "which photos the vectors show", shown, []row{{all[0].Seq, 0}, all[1]})
	mark, data, err := l.VectorMark(ctx, l.space.ID, all[1].Seq)
	noError(t, err)
	if mark == 0 || len(data) != 2*testDim {
		t.Errorf("mark %d and %d bytes of a vector", mark, len(data))
	}
	_, data, err = l.VectorMark(ctx, l.space.ID, all[1].Seq+1)
	noError(t, err)
	same(t, "a vector that is not there", data, nil)
	same(t, "pending after the turn", l.pending(l.space.ID), []string{"z (looked)"})

	v, ok, err := l.PhotoVector(ctx, l.space.ID, b)
	noError(t, err)
	if !ok || len(v) != testDim {
		t.Errorf("vector of b: %v", v)
	}
	w, ok, err := l.PictureVector(ctx, l.space.ID, library.Picture{Content: contentOf("b"), Orientation: 1})
	noError(t, err)
	same(t, "vector of the picture", ok, true)
	same(t, "both", w, v)
	_, ok, err = l.PhotoVector(ctx, l.space.ID, photo)
	if ok || err != nil {
		t.Errorf("a vector for the turned photo: %v", err)
	}

	r = l.reading("c")
	r.Vector = make([]float32, testDim+1)
	l.apply(Found, "c", stat(5))
	r.File = l.file("c").ID
	if err := l.CommitBatch(ctx, []IndexedFile{r}); err == nil {
		t.Error("a vector of the wrong length was stored")
	}
	r.Vector, r.Space = make([]float32, testDim), 99
	wantError(t, l.CommitBatch(ctx, []IndexedFile{r}), library.ErrNotFound)
	same(t, "nothing of the failed batches is left", l.file("c").Photo, 0)

	if _, err := l.EnsureSpace(ctx, "space-a", "model-a", 9); err == nil {
		t.Error("a space changed its dimensions")
	}
	again, err := l.EnsureSpace(ctx, "space-a", "renamed", testDim)
	noError(t, err)
	spaces, err := l.Spaces(ctx)
	noError(t, err)
	same(t, "spaces", spaces, []library.Space{{ID: again.ID, Digest: "space-a", Model: "renamed", Dim: testDim}})
	l.check()
}

func camera1(r IndexedFile, taken int) IndexedFile {
	r.Metadata.Taken = time.Date(2020, 1, 1, 0, 0, taken, 0, time.UTC)
	r.Metadata.Make, r.Metadata.Model = "Canon", "R6"
	return r
}

func TestEditInPlace(t *testing.T) {
	for _, c := range []struct {
		name     string
		was, is  func(*lib) IndexedFile
		hint     bool
		keeps    bool
		keepsTag bool
	}{
		{"same capture data", func(l *lib) IndexedFile { return camera1(l.reading("x"), 5) }, func(l *lib) IndexedFile { return camera1(l.reading("y"), 5) }, false, true, true},
		{"other time, alike by vector", func(l *lib) IndexedFile { return camera1(l.reading("x"), 5) }, func(l *lib) IndexedFile { return camera1(l.reading("y"), 6) }, true, false, false},
		{"no capture data, alike by vector", func(l *lib) IndexedFile { return l.reading("x") }, func(l *lib) IndexedFile { return l.reading("y") }, true, true, true},
		{"no capture data, unlike", func(l *lib) IndexedFile { return l.reading("x") }, func(l *lib) IndexedFile { return l.reading("y") }, false, false, false},
		{"capture data lost, alike", func(l *lib) IndexedFile { return camera1(l.reading("x"), 5) }, func(l *lib) IndexedFile { return l.reading("y") }, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLib(t)
			old := l.put("a.jpg", 1, c.was(l))
			l.confirm(l.label("animals", "dog"), old)
			r := c.is(l)
			r.SamePicture = c.hint
			before := l.generation()
			now := l.put("a.jpg", 2, r)
			same(t, "keeps its id", now == old, c.keeps)
			same(t, "keeps its tag", l.tagged(now) != "", c.keepsTag)
			if l.generation() == before {
				t.Error("the generation stayed")
			}
			d, err := l.Detail(t.Context(), now)
			noError(t, err)
			same(t, "content", d.Picture.Content, contentOf("y"))
			same(t, "photos", l.photos(ListFilter{}), []library.PhotoID{now})
			l.check()
		})
	}

	t.Run("a copy stays behind", func(t *testing.T) {
		l := newLib(t)
		old := l.put("a.jpg", 1, camera1(l.reading("x"), 5))
		same(t, "copy", l.put("b.jpg", 2, camera1(l.reading("x"), 5)), old)
		dog := l.label("animals", "dog")
		l.confirm(dog, old)
		now := l.put("a.jpg", 3, camera1(l.reading("y"), 5))
		if now == old {
			t.Fatal("the photo left its copy")
		}
		same(t, "tag of the edited one", l.tagged(now), "animals/dog confirmed")
		same(t, "tag of the copy", l.tagged(old), "animals/dog confirmed")
		hits, err := l.MatchWords(t.Context(), WordQuery{Terms: []string{"dog"}, Columns: []string{"tags"}})
		noError(t, err)
		same(t, "both are found by it", len(hits), 2)
		l.check()
	})

	t.Run("the edit is known already", func(t *testing.T) {
		l := newLib(t)
		old := l.put("a.jpg", 1, camera1(l.reading("x"), 5))
		target := l.put("b.jpg", 2, camera1(l.reading("y"), 5))
		dog := l.label("animals", "dog")
		op := l.confirm(dog, old)
		same(t, "joined", l.put("a.jpg", 3, camera1(l.reading("y"), 5)), target)
		same(t, "its tag came along", l.tagged(target), "animals/dog confirmed")
		_, err := l.Detail(t.Context(), old)
		wantError(t, err, library.ErrNotFound)
		_, err = l.Undo(t.Context(), op)
		noError(t, err)
		same(t, "undone at its new photo", l.tagged(target), "")
		l.check()
	})

	t.Run("put something else in its place", func(t *testing.T) {
		l := newLib(t)
		old := l.put("a.jpg", 1, camera1(l.reading("x"), 5))
		l.confirm(l.label("animals", "dog"), old)
		l.put("a.jpg", 2, camera1(l.reading("y"), 6))
		same(t, "the words wait for the photo", l.put("b.jpg", 3, camera1(l.reading("x"), 5)), old)
		same(t, "and are there", l.tagged(old), "animals/dog confirmed")
		l.check()
	})

	t.Run("made unreadable", func(t *testing.T) {
		l := newLib(t)
		old := l.add("a.jpg", 1)
		l.apply(Changed, "a.jpg", stat(2))
		noError(t, l.CommitBatch(t.Context(), []IndexedFile{{
			File: l.file("a.jpg").ID, Stat: stat(2),
			Failure: &library.Failure{Stage: "decode", Reason: "It is cut short."},
		}}))
		same(t, "the photo stays", l.photos(ListFilter{}), []library.PhotoID{old})
		l.check()
	})
}

func TestPrimaryFile(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	shot := l.reading("x")
	shot.Metadata.Taken = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	plain := l.reading("x")
	photo := l.put("b/b.jpg", 100, plain)
	card := func() Card {
		cards, err := l.Cards(ctx, []library.PhotoID{photo})
		noError(t, err)
		return cards[0]
	}
	same(t, "time of the file", card().Taken.Unix(), 100)
	l.put("a/z.jpg", 50, shot)
	same(t, "smallest path", card().Path, "/photos/a/z.jpg")
	same(t, "time of the camera", card().Taken.Format("2006-01-02 15:04"), "2001-02-03 04:05")
	same(t, "dated", card().Dated, true)
	same(t, "files", card().Files, 2)
	l.apply(Gone, "a/z.jpg", library.Stat{})
	same(t, "the present one", card().Path, "/photos/b/b.jpg")
	same(t, "its time", card().Dated, false)
	l.apply(Gone, "b/b.jpg", library.Stat{})
	same(t, "all missing", card().State, library.Missing)
	same(t, "the smallest missing one", card().Path, "/photos/a/z.jpg")

	// A copy on a disk that is there is shown in place of one that is away.
	l.apply(Back, "a/z.jpg", stat(50))
	other, err := l.AddRoot(ctx, "/zip", "")
	noError(t, err)
	noError(t, l.ApplyScan(ctx, other.ID, []ScanChange{{Kind: Found, Name: "c.jpg", Stat: stat(7)}}))
	list, err := l.FilesInDir(ctx, other.ID, "")
	noError(t, err)
	plain.File, plain.Stat = list[0].ID, stat(7)
	noError(t, l.CommitBatch(ctx, []IndexedFile{plain}))
	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, ""))
	same(t, "readable copy", card().Path, "/zip/c.jpg")
	same(t, "state", card().State, library.Present)
	noError(t, l.SetRootState(ctx, other.ID, library.Offline, ""))
	same(t, "all away", card().State, library.Offline)
	l.check()
}

// step is one thing that indexing does; the order of steps must not matter.
type step struct {
	path string
	r    func(*lib) IndexedFile
}

// The same files give the same library in whatever order, and in whatever batches, they are
// looked at, also when copies, turned copies, edits in place and failures are among them.
func TestOrderDoesNotMatter(t *testing.T) {
	first := []step{
		{"a/1.jpg", func(l *lib) IndexedFile { return camera1(l.reading("one"), 1) }},
		{"a/2.jpg", func(l *lib) IndexedFile { return camera1(l.reading("two"), 2) }},
		{"b/2 copy.jpg", func(l *lib) IndexedFile { return camera1(l.reading("two"), 2) }},
		{"b/2 turned.jpg", func(l *lib) IndexedFile {
			r := camera1(l.reading("two"), 2)
			r.Metadata.Orientation, r.Metadata.Title = 8, "turned"
			return r
		}},
		{"c/3.jpg", func(l *lib) IndexedFile { return l.reading("three") }},
		{"c/4.jpg", func(l *lib) IndexedFile { return camera1(l.reading("four"), 4) }},
		{"c/5.jpg", func(l *lib) IndexedFile { return camera1(l.reading("four"), 4) }},
		{"c/6.jpg", func(l *lib) IndexedFile { return camera1(l.reading("six"), 6) }},
		{"d/bad.jpg", func(*lib) IndexedFile {
			return IndexedFile{Failure: &library.Failure{Stage: "decode", Reason: "It is broken."}}
		}},
	}
	// The second scan finds: 1 edited, 4 and 5 (one photo) edited in two ways, 6 replaced by
	// another picture while its old content turns up elsewhere, 3 edited to what a new file
	// holds as well.
	second := []step{
		{"a/1.jpg", func(l *lib) IndexedFile { return camera1(l.reading("one edited"), 1) }},
		{"c/4.jpg", func(l *lib) IndexedFile { return camera1(l.reading("four edited"), 4) }},
		{"c/5.jpg", func(l *lib) IndexedFile { return camera1(l.reading("four edited again"), 4) }},
		{"c/6.jpg", func(l *lib) IndexedFile { return camera1(l.reading("another"), 60) }},
		{"e/6 moved.jpg", func(l *lib) IndexedFile { return camera1(l.reading("six"), 6) }},
		{"c/3.jpg", func(l *lib) IndexedFile {
			r := l.reading("three edited")
			r.SamePicture = true
			return r
		}},
		{"e/new.jpg", func(l *lib) IndexedFile { return l.reading("three edited") }},
	}
	var want string
	for seed := range uint64(24) {
		random := rand.New(rand.NewPCG(seed, 1))
		l := newLib(t)
		l.now = func() time.Time { return time.Unix(1e9, 0) }
		run := func(steps []step, from int) {
			steps = slices.Clone(steps)
			numbers := map[string]int64{}
			for i, s := range steps {
				numbers[s.path] = int64(from + i)
			}
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, s := range steps {
				l.apply(Found, s.path, stat(numbers[s.path]))
			}
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for len(steps) > 0 {
				n := 1 + random.IntN(len(steps))
				var batch []IndexedFile
				for _, s := range steps[:n] {
					r := s.r(l)
					r.File, r.Stat = l.file(s.path).ID, stat(numbers[s.path])
					batch = append(batch, r)
				}
				noError(t, l.CommitBatch(t.Context(), batch))
				if random.IntN(3) == 0 { // an interrupted run does the last batch again
					noError(t, l.CommitBatch(t.Context(), batch))
				}
				steps = steps[n:]
			}
		}
		run(first, 1)
		for _, tag := range []struct{ path, label string }{{"a/1.jpg", "one"}, {"c/4.jpg", "four"}, {"c/6.jpg", "six"}, {"c/3.jpg", "three"}, {"a/2.jpg", "two"}} {
			l.confirm(l.label("my", tag.label), l.file(tag.path).Photo)
		}
		run(second, 100)
		got := l.dump()
		if seed == 0 {
			want = got
			for path, tags := range map[string]string{
				"a/1.jpg": "my/one confirmed", "c/4.jpg": "my/four confirmed", "c/5.jpg": "my/four confirmed",
				"c/6.jpg": "", "e/6 moved.jpg": "my/six confirmed", "c/3.jpg": "my/three confirmed", "e/new.jpg": "my/three confirmed",
			} {
				same(t, "tags of "+path, l.tagged(l.file(path).Photo), tags)
			}
		}
		same(t, fmt.Sprintf("dump for order %d", seed), got, want)
		l.check()
		noError(t, l.Close())
	}
}

// A run may look at a file still that is gone meanwhile: what it finds must not be stored for
// another one.
func TestIDsOfFilesAreNotUsedAgain(t *testing.T) {
	l := newLib(t)
	l.apply(Found, "a.jpg", stat(1))
	l.apply(Found, "b.jpg", stat(2))
	before, err := l.Pending(t.Context(), 0, 10, Cursor{})
	noError(t, err)
	noError(t, l.Close())
	l = openLib(t, l.Dir()) // what had an id before counts, too
	l.apply(Gone, "a.jpg", library.Stat{})
	l.apply(Gone, "b.jpg", library.Stat{})
	l.apply(Found, "c.jpg", stat(3))
	again, err := l.Pending(t.Context(), 0, 10, Cursor{})
	noError(t, err)
	for _, f := range before {
		if f.File.ID == again[0].File.ID {
			t.Errorf("c.jpg has the id of %s", f.Path)
		}
	}
}
