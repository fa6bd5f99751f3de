package desktop

import (
	"testing"

	"fyne.io/fyne/v2"

	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

// TestOffersBelowTheBox reaches what is offered below the search box by the keyboard.
func TestOffersBelowTheBox(t *testing.T) {
	x := open(t, fake.New(50))
	x.focusSearch()
	x.typed("sunsett")
	x.pass(searchPause)
	result := app.SearchResult{Query: "sunsett", Chips: []string{"sunsett"}, DidYouMean: "sunset", Language: "de"}
	x.search.ShowResult(result)
	press := func(text string) {
		t.Helper()
		x.focusSearch()
		for range 30 {
			x.canvas.FocusNext()
			if b, ok := x.canvas.Focused().(*look.Button); ok && b.Text() == text {
				x.key(fyne.KeySpace)
				return
			}
		}
		t.Fatalf("Tab does not lead to %q", text)
	}
	press("Did you mean ‘sunset’?")
	if x.search.Box.Text != "sunset" || x.search.last != "sunset" {
		t.Errorf("the box holds %q, searched was for %q", x.search.Box.Text, x.search.last)
	}
	if x.canvas.Focused() != fyne.Focusable(x.search.Box) {
		t.Error("the focus is not in the box")
	}
	x.search.ShowResult(result)
	press("Choose another model …")
	if x.sheet == nil {
		t.Error("the models are not shown")
	}
}
