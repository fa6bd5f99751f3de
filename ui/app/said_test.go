package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"descry/library"
	"descry/tagging"
	"descry/ui/app"
)

// TestMoves checks that what a person said stays with the photo when its file or folder
// moves, and when the folder leaves the library and comes back.
func TestMoves(t *testing.T) {
	ctx := t.Context()
	a := wordsOnly(t)
	photos := folder(t, "honey-bee", "pagoda")
	add(t, a, photos)
	bee := photo(t, a, filepath.Join(photos, "honey-bee.jpg"))
	if _, err := a.Confirm(ctx, []library.PhotoID{bee}, label(t, a, "bee")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SetAlt(ctx, bee, "A bee at work.", ""); err != nil {
		t.Fatal(err)
	}
	user, _ := digests(t, a)
	kept := func(path string) {
		t.Helper()
		id := photo(t, a, path)
		alt, err := a.AltText(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, a, id, "bee"); got != library.Confirmed || alt.Text != "A bee at work." {
			t.Errorf("%s: the bee is %q, its text is %q", path, got, alt.Text)
		}
		if after, _ := digests(t, a); after != user {
			t.Errorf("%s: the user data is not what it was", path)
		}
	}

	// The file is renamed and put into another folder.
	moved := filepath.Join(photos, "2006", "bee.jpg")
	if err := os.Mkdir(filepath.Dir(moved), 0o755); err != nil {
		t.Fatal(err)
	}
	rename(t, filepath.Join(photos, "honey-bee.jpg"), moved)
	if r := index(t, a); r.Moved != 1 || r.Missing != 0 || r.New != 0 {
		t.Errorf("indexed %+v, want one file moved", r)
	}
	kept(moved)
	back := filepath.Join(photos, "bee.jpg")
	rename(t, moved, back)
	if r := index(t, a); r.Moved != 1 {
		t.Errorf("indexed %+v, want one file moved", r)
	}
	kept(back)
	if gone, err := a.MissingFiles(ctx); err != nil || len(gone) > 0 {
		t.Errorf("missing %v, %v: a moved photo is not missing", gone, err)
	}

	// The whole folder goes elsewhere: offline, until it is said where it is.
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	rename(t, photos, elsewhere)
	if r := index(t, a); r.Offline != 2 || r.Missing != 0 {
		t.Errorf("indexed %+v, want two files offline", r)
	}
	kept(back)
	root, err := a.Root(ctx, photos)
	if err != nil || root.State != library.Offline {
		t.Fatalf("root %+v, %v, want it offline", root, err)
	}
	own := status(t, a).Library
	for path, want := range map[string]string{own: "own data", filepath.Join(elsewhere, "x"): "not there", filepath.Join(elsewhere, "bee.jpg"): "file"} {
		if err := a.RelocateRoot(ctx, root.ID, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("relocating to %s: %v, want %q", path, err, want)
		}
	}
	if err := a.RelocateRoot(ctx, root.ID, elsewhere); err != nil {
		t.Fatal(err)
	}
	if r := index(t, a); r.Unchanged != 2 || r.New != 0 || r.Offline != 0 {
		t.Errorf("indexed %+v, want two files unchanged", r)
	}
	kept(filepath.Join(elsewhere, "bee.jpg"))

	// The folder leaves the library and comes back.
	if err := a.RemoveRoot(ctx, root.ID); err != nil {
		t.Fatal(err)
	}
	if _, unknown, err := a.Resolve(ctx, []string{filepath.Join(elsewhere, "bee.jpg")}); err != nil || len(unknown) != 1 {
		t.Errorf("the photo of a removed folder: unknown %v, %v", unknown, err)
	}
	add(t, a, elsewhere)
	kept(filepath.Join(elsewhere, "bee.jpg"))
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestUndoOfEverything checks that whatever a person says can be taken back and said
// again, and that only that changes.
func TestUndoOfEverything(t *testing.T) {
	ctx := t.Context()
	a := wordsOnly(t)
	photos := folder(t, "honey-bee", "pagoda")
	add(t, a, photos)
	bee := photo(t, a, filepath.Join(photos, "honey-bee.jpg"))
	both := []library.PhotoID{bee, photo(t, a, filepath.Join(photos, "pagoda.jpg")), bee}
	garden := tagging.LabelSet{Name: "garden", Labels: []tagging.Label{{Name: "dahlia"}, {Name: "lawn"}}}
	edited := animals()
	edited.Labels = append(edited.Labels[1:], tagging.Label{Name: "owl"})
	_, derived := digests(t, a)

	says := []struct {
		name   string
		photos int
		say    func() (int64, error)
	}{
		{"confirm", 2, func() (int64, error) { return a.Confirm(ctx, both, label(t, a, "animals/bee")) }},
		{"reject", 2, func() (int64, error) { return a.Reject(ctx, both, label(t, a, "animals/dog")) }},
		{"clear", 2, func() (int64, error) { return a.ClearTag(ctx, both, label(t, a, "animals/bee")) }},
		{"add a known word", 1, func() (int64, error) { return a.AddTag(ctx, both[:1], " Duck ") }},
		{"rate", 2, func() (int64, error) { return a.SetRating(ctx, both, 4) }},
		{"favourite", 1, func() (int64, error) { return a.SetFavourite(ctx, both[:1], true) }},
		{"write alt text", 1, func() (int64, error) { return a.SetAlt(ctx, bee, "A bee.", "It flies.") }},
		{"write one alt text for many", 2, func() (int64, error) { return a.SetAlts(ctx, both, "Two pictures.", "") }},
		{"approve alt texts", 2, func() (int64, error) { return a.ApproveAlt(ctx, both) }},
		{"add a label set", 0, func() (int64, error) { return a.PutLabelSet(ctx, garden) }},
		{"edit a label set", 0, func() (int64, error) { return a.PutLabelSet(ctx, edited) }},
		{"remove a label set", 0, func() (int64, error) { return a.RemoveLabelSet(ctx, "animals") }},
	}
	for _, s := range says {
		t.Run(s.name, func(t *testing.T) {
			before, _ := digests(t, a)
			id, err := s.say()
			if err != nil {
				t.Fatal(err)
			}
			if op, err := a.Operation(ctx, id); err != nil || op.Photos != s.photos || op.What == "" {
				t.Errorf("the operation is %+v, %v, want %d photos", op, err, s.photos)
			}
			after, _ := digests(t, a)
			if after == before {
				t.Fatal("it changed nothing")
			}
			if _, err := a.Undo(ctx, id); err != nil {
				t.Fatal(err)
			}
			if got, _ := digests(t, a); got != before {
				t.Error("undo did not bring back what was")
			}
			if _, err := a.Redo(ctx); err != nil {
				t.Fatal(err)
			}
			if got, _ := digests(t, a); got != after {
				t.Error("redo did not bring it back")
			}
			if _, got := digests(t, a); got != derived {
				t.Error("it changed what is derived")
			}
		})
	}
	// What was said first stands under what was said later.
	history, err := a.History(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	first := history[len(history)-1]
	if _, err := a.Undo(ctx, first.ID); !errors.Is(err, library.ErrConflict) {
		t.Errorf("undoing %q under a later change: %v, want a conflict", first.What, err)
	}
}

// TestRefused checks that wrong values are refused with a sentence and change nothing.
func TestRefused(t *testing.T) {
	ctx := t.Context()
	a := wordsOnly(t)
	photos := folder(t, "honey-bee")
	add(t, a, photos)
	bee := []library.PhotoID{photo(t, a, filepath.Join(photos, "honey-bee.jpg"))}
	before, _ := digests(t, a)
	for name, err := range map[string]error{
		"rating":         second(a.SetRating(ctx, bee, 6)),
		"long alt text":  second(a.SetAlt(ctx, bee[0], strings.Repeat("a", tagging.MaxAlt+1), "")),
		"empty tag":      second(a.AddTag(ctx, bee, "  ")),
		"threads":        a.SetSetting(ctx, app.SettingThreads, "many"),
		"model":          a.SetSetting(ctx, app.SettingModel, "nothing"),
		"model up":       a.SetSetting(ctx, app.SettingModel, "../x"),
		"empty set":      second(a.PutLabelSet(ctx, tagging.LabelSet{})),
		"unknown set":    second(a.RemoveLabelSet(ctx, "nothing")),
		"starter model":  a.RemoveModel(ctx, "starter"),
		"unknown model":  a.UseModel(ctx, "nothing"),
		"export as docx": a.ExportAlt(ctx, &strings.Builder{}, "docx", bee),
	} {
		if err == nil || err.Error() == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one sentence", name, err)
		}
	}
	if after, _ := digests(t, a); after != before {
		t.Error("something was changed")
	}
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	p.Model = "nothing"
	if b, err := app.Open(ctx, p); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("a model asked for by a name that is none: %v, %v", b, err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestAtOnce searches, lists and says things while photos are looked at in the background.
func TestAtOnce(t *testing.T) {
	ctx := t.Context()
	a := withModel(t)
	photos := folder(t, "honey-bee", "pagoda", "white-duck", "dogs-on-balcony", "horses-in-field", "coffee-cup", "polar-bear", "eiffel-tower")
	if _, err := a.AddRoot(ctx, photos); err != nil {
		t.Fatal(err)
	}
	finished := make(chan app.IndexReport, 1)
	var once sync.Once
	a.Listen(app.Events{
		Progress: func(app.Progress) {},
		Changed:  func() {},
		Notice:   func(s string) { t.Error(s) },
		Finished: func(r app.IndexReport) { once.Do(func() { finished <- r }) },
	})
	a.StartIndexing()
	a.PauseIndexing()
	a.ResumeIndexing()

	running, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	again := func(f func() error) {
		workers.Go(func() {
			for n := 0; n < 3 || running.Err() == nil; n++ {
				if err := f(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	again(func() error {
		return second(a.Search(ctx, app.SearchRequest{Text: "an animal", All: true}))
	})
	again(func() error { return second(a.Sidebar(ctx)) })
	again(func() error {
		a.Progress()
		a.Model()
		return second(a.Status(ctx))
	})
	again(func() error {
		ids, err := a.Browse(ctx, app.Scope{})
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := a.Detail(ctx, ids[0]); err != nil {
			return err
		}
		return second(a.SetFavourite(ctx, ids, len(ids)%2 == 0))
	})
	report := <-finished
	stop()
	workers.Wait()
	if report.Photos != 8 || report.Encoded != 8 || len(report.Failed) > 0 {
		t.Errorf("the run did %+v, want 8 photos looked at", report)
	}
	res, err := a.Search(ctx, app.SearchRequest{Text: "a duck"})
	if err != nil || res.Coverage != 1 || len(res.Hits) == 0 {
		t.Fatalf("afterwards: %+v, %v", res, err)
	}
	if duck := photo(t, a, filepath.Join(photos, "white-duck.jpg")); res.Hits[0].Photo != duck {
		t.Error("the duck is not the first")
	}
}

// TestUndoOfLabels checks that suggestions follow in a window when a change of the labels
// is undone.
func TestUndoOfLabels(t *testing.T) {
	ctx := t.Context()
	a := withModel(t)
	photos := folder(t, "kitten-with-yarn")
	add(t, a, photos)
	kitten := filepath.Join(photos, "kitten-with-yarn.jpg")
	if len(tagsAt(t, a, kitten)) == 0 {
		t.Fatal("nothing is suggested for the kitten")
	}
	finished := make(chan app.IndexReport, 10)
	a.Listen(app.Events{Finished: func(r app.IndexReport) { finished <- r }})
	if _, err := a.RemoveLabelSet(ctx, animals().Name); err != nil {
		t.Fatal(err)
	}
	<-finished
	if got := tagsAt(t, a, kitten); len(got) > 0 {
		t.Errorf("suggested without labels: %v", got)
	}
	if _, err := a.Undo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	<-finished
	if len(tagsAt(t, a, kitten)) == 0 {
		t.Error("the labels are back, their suggestions are not")
	}
}

// TestOwnTagsAtOnce checks that words typed at the same moment all stay in the person's
// own label set, which has its title from the first one on.
func TestOwnTagsAtOnce(t *testing.T) {
	ctx := t.Context()
	a := wordsOnly(t)
	photos := folder(t, "pagoda")
	add(t, a, photos)
	id := photo(t, a, filepath.Join(photos, "pagoda.jpg"))
	words := strings.Fields("one two three four five six seven eight nine ten eleven twelve")
	var all sync.WaitGroup
	for _, word := range words {
		all.Go(func() {
			if _, err := a.AddTag(ctx, []library.PhotoID{id}, word); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	sets, err := a.LabelSets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		if s.Name == "my-tags" {
			if len(s.Labels) != len(words) || s.Title != "My tags" {
				t.Errorf("%q has %d labels, want %d", s.Title, len(s.Labels), len(words))
			}
			return
		}
	}
	t.Error("there is no set of the person's own")
}
