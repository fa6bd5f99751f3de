package desktop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"descry/library"
	"descry/tagging"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

// TestEveryDialogOpens opens what the toolkit draws over the window.
func TestEveryDialogOpens(t *testing.T) {
	x := open(t, fake.New(50))
	for name, show := range map[string]func(){
		"add a folder": x.addFolder,
		"export":       x.exportAlt,
		"import a set": x.importSet,
		"export a set": func() { x.exportSet(tagging.LabelSet{Name: "things"}) },
		"add a model":  func() { x.pickFolder("Choose the folder of a model", x.addModel) },
		"remove a folder": func() {
			x.scope = app.Scope{Kind: app.ScopeFolder, Root: 1, Title: "Pictures"}
			x.removeRoot()
		},
		"say where a folder is": func() {
			x.scope = app.Scope{Kind: app.ScopeFolder, Root: 1, Title: "Pictures"}
			x.relocateRoot()
		},
		"context menu":     func() { x.contextMenu(fyne.NewPos(400, 300)) },
		"unreadable files": func() { x.showFailures(); x.settle() },
		"models":           func() { x.showModels(); x.settle() },
	} {
		show()
		top := x.canvas.Overlays().Top()
		if top == nil {
			t.Errorf("%s: nothing opens", name)
			continue
		}
		if x.sheet != nil {
			x.closeSheet()
		} else {
			x.canvas.Overlays().Remove(top)
		}
	}
}

// Questions are answered by keys alone; Esc means no, and so does Space where it is grave.
func TestQuestions(t *testing.T) {
	var x *bench
	for name, c := range map[string]struct {
		ask   func()
		call  string
		grave bool
	}{
		"forget":          {func() { x.forgetPhotos() }, "Forget", true},
		"missing":         {func() { x.purgeMissing() }, "PurgeMissing", true},
		"photos are gone": {func() { x.askGone(library.Root{ID: 1, Path: "/photos"}) }, "ConfirmRoot", false},
		"restore":         {func() { x.askRestore("b.db", time.Time{}) }, "CheckBackup", false},
		"remove a folder": {func() { x.askRemoveRoot(1, "Pictures") }, "RemoveRoot", false},
	} {
		x = open(t, fake.New(50))
		x.choose(1)
		x.missing = 3
		c.ask()
		if x.sheet == nil {
			t.Errorf("%s: nothing is asked", name)
			continue
		}
		x.key(fyne.KeyEscape)
		x.settle()
		if name == "photos are gone" {
			x.closeSheet() // the list of folders comes back
		}
		if x.sheet != nil || x.b.Calls(c.call) != 0 {
			t.Errorf("%s: Esc does not mean no", name)
		}
		c.ask()
		x.key(fyne.KeySpace)
		x.settle()
		if got := x.b.Calls(c.call); (got == 0) != c.grave {
			t.Errorf("%s: Space called it %d times", name, got)
		}
		if x.sheet != nil {
			x.closeSheet()
		}
	}
}

// TestListThatBecomesEmptyShowsNothing looks for cells that stay behind.
func TestListThatBecomesEmptyShowsNothing(t *testing.T) {
	x := open(t, fake.New(50))
	x.setScope(app.Scope{Kind: app.ScopeFavourites, Title: "Favourites"})
	x.settle()
	if n := x.grid.Drawn(); n != 0 {
		t.Errorf("%d cells of the old list are still drawn", n)
	}
}

func TestLabelEditor(t *testing.T) {
	b := fake.New(50)
	x := open(t, b)
	var kept []tagging.LabelSet
	var removed []string
	e := newLabelEditor(x.tips)
	e.OnSave = func(s tagging.LabelSet) { kept = append(kept, s) }
	e.OnRemove = func(name string) { removed = append(removed, name) }
	e.OnError = func(what string, err error) { t.Errorf("%s: %v", what, err) }
	sets, err := b.LabelSets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.Set(sets, "things")
	if e.draft.Name != "things" || e.name.Text != "bicycle" || e.synonyms.Text != "bicycles" {
		t.Fatalf("shown: set %q, label %q, synonyms %q", e.draft.Name, e.name.Text, e.synonyms.Text)
	}
	e.setList.Select(0)
	if len(kept) != 0 {
		t.Error("a set that nobody changed was kept")
	}
	e.name.SetText("sandy beach")
	e.synonyms.SetText("shore\n\n  seaside \n")
	e.addLabel()
	e.name.SetText("lighthouse")
	e.exclusive.SetChecked(true)
	e.setList.Select(1)
	if len(kept) != 1 {
		t.Fatalf("kept %d sets", len(kept))
	}
	s := kept[0]
	last := s.Labels[len(s.Labels)-1]
	if s.Name != "scenes" || !s.Exclusive || s.Labels[0].Name != "sandy beach" || last.Name != "lighthouse" ||
		!slices.Equal(s.Labels[0].Synonyms, []string{"shore", "seaside"}) {
		t.Errorf("kept %+v", s)
	}
	before := len(e.draft.Labels)
	e.removeLabel()
	e.Save()
	if len(kept) != 2 || len(kept[1].Labels) != before-1 {
		t.Errorf("removing a label kept %+v", kept[len(kept)-1])
	}
	e.removeSet()
	if !slices.Equal(removed, []string{"things"}) {
		t.Errorf("removed %v", removed)
	}
	text := ""
	e.OnText = func(s string) { text = s }
	e.asText()
	if got, err := tagging.ReadTOML(strings.NewReader(text)); err != nil || got.Name != "things" {
		t.Errorf("as text: %v, %+v", err, got)
	}
}
