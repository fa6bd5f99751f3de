package desktop

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

func TestTheSearchBoxProposes(t *testing.T) {
	x := open(t, fake.New(50))
	x.focusSearch()
	x.typed("äh dog ta")
	if x.search.may.Texts() != nil {
		t.Error("proposals come while typing")
	}
	x.pass(searchPause)
	if got := x.search.may.Texts(); !slices.Equal(got, []string{"tag:", "tag~:"}) {
		t.Fatalf("proposed is %q", got)
	}
	if x.canvas.Focused() != fyne.Focusable(x.search.Box) || !x.search.Box.AcceptsTab() {
		t.Error("the box lost the focus, or Tab leads out of it")
	}
	x.key(fyne.KeyTab)
	if got := x.search.Box.Text; got != "äh dog tag:" || x.search.Box.CursorColumn != 11 {
		t.Errorf("Tab makes it %q, cursor at %d", got, x.search.Box.CursorColumn)
	}
	x.key(fyne.KeyTab)
	if got := x.search.Box.Text; got != "äh dog tag~:" {
		t.Errorf("Tab once more makes it %q", got)
	}
	x.key(fyne.KeyEscape)
	if x.search.Box.Text == "" || x.search.may.Texts() != nil || x.search.Box.AcceptsTab() {
		t.Error("Esc does not take the proposals away alone")
	}
	x.search.SetText("")
	x.typed("tag~")
	x.pass(searchPause)
	x.key(fyne.KeyTab)
	if got := x.search.Box.Text; got != "tag~:" || x.search.may.Texts() != nil {
		t.Errorf("Tab makes it %q, proposed is still %q", got, x.search.may.Texts())
	}
	x.pass(searchPause)
	if got := x.search.may.Texts(); !slices.Equal(got, []string{"tag~:"}) {
		t.Errorf("behind the only proposal %q is proposed", got)
	}
	x.search.SetText("")
	x.typed("ta")
	x.pass(searchPause)
	x.key(fyne.KeyDown)
	if x.search.may.Texts() != nil || x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("Down does not lead into the grid")
	}
	x.focusSearch()
	x.search.SetText("")
	x.typed("dog")
	x.pass(searchPause)
	if x.search.may.Texts() != nil || x.search.Box.AcceptsTab() {
		t.Error("plain words bring up proposals")
	}
}

// TestAnEarlierSearchTakesTheWholeBox takes over what was searched for before.
func TestAnEarlierSearchTakesTheWholeBox(t *testing.T) {
	x := open(t, fake.New(50))
	x.focusSearch()
	x.typed("Dog ta")
	x.pass(searchPause)
	x.search.may.Show("Dog ta", app.Completion{Start: 4, End: 6, Proposals: []app.Proposal{
		{Text: "tag:", Help: "a tag you confirmed"}, {Text: "dog tag:mine, beach", Whole: true},
	}})
	x.key(fyne.KeyTab)
	if got := x.search.Box.Text; got != "Dog tag:" {
		t.Errorf("Tab makes it %q", got)
	}
	x.key(fyne.KeyTab)
	if got := x.search.Box.Text; got != "dog tag:mine, beach" || x.search.Box.CursorColumn != len(got) {
		t.Errorf("Tab once more makes it %q, cursor at %d", got, x.search.Box.CursorColumn)
	}
	x.pass(searchPause)
	if x.search.last != "dog tag:mine, beach" {
		t.Errorf("searched for is %q", x.search.last)
	}
}
