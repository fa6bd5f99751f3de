package desktop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

func (x *bench) remembered() (out []string) {
	x.t.Helper()
	found, err := x.b.RecentSearches(x.t.Context(), 0)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, s := range found {
		out = append(out, s.Text)
	}
	return out
}

// TestOnlyMeantSearchesAreRemembered types letter by letter, with pauses that search.
func TestOnlyMeantSearchesAreRemembered(t *testing.T) {
	x := open(t, fake.New(300))
	x.focusSearch()
	for _, r := range "beach" {
		x.canvas.Focused().TypedRune(r)
		x.pass(searchPause)
	}
	if n := x.b.Calls("Search"); n < 5 || len(x.remembered()) != 0 {
		t.Fatalf("%d searches; remembered is %q", n, x.remembered())
	}
	x.pass(keepAfter)
	if got := x.remembered(); !slices.Equal(got, []string{"beach"}) {
		t.Errorf("after a while remembered is %q", got)
	}
	// Going on to type makes one of the two; Enter means it at once.
	x.typed(" dog")
	x.key(fyne.KeyReturn)
	if got := x.remembered(); !slices.Equal(got, []string{"beach dog"}) {
		t.Errorf("after Enter remembered is %q", got)
	}
	// One with a mistake is not remembered by standing there.
	x.searchTyped(`dog "on`)
	x.pass(keepAfter)
	x.searchTyped("cat")
	x.choose(0)
	x.key(fyne.KeyReturn) // opened from
	if got := x.remembered(); !x.viewer.Open() || !slices.Equal(got, []string{"cat", "beach dog"}) {
		t.Errorf("after a photo was opened remembered is %q", got)
	}
	x.viewer.Close()
	x.run("Remember searches, or no more")
	x.searchTyped("secret")
	x.key(fyne.KeyReturn)
	if got := x.remembered(); slices.Contains(got, "secret") {
		t.Errorf("switched off, remembered is %q", got)
	}
	x.run("Remember searches, or no more")
	if !strings.Contains(x.toast.Text(), "are remembered") || x.setting(app.SettingSearches) != app.SearchesOn {
		t.Errorf("the toast says %q", x.toast.Text())
	}
}

func TestDownInTheEmptyBoxListsSearches(t *testing.T) {
	b := fake.New(300)
	x := open(t, b)
	x.focusSearch()
	x.key(fyne.KeyDown)
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("without searches Down does not lead into the grid")
	}
	for _, s := range []string{"cat", "dog", "beach"} {
		_ = b.KeepSearch(t.Context(), s)
	}
	x.focusSearch()
	x.key(fyne.KeyDown)
	may := x.search.may
	if got := may.Texts(); !slices.Equal(got, []string{"beach", "dog", "cat"}) || x.search.Box.Text != "beach" {
		t.Fatalf("listed is %q, in the box %q", got, x.search.Box.Text)
	}
	x.key(fyne.KeyDown)
	x.key(fyne.KeyDown)
	x.key(fyne.KeyDown)
	if x.search.Box.Text != "cat" || !may.card.Visible() {
		t.Errorf("Down leads to %q", x.search.Box.Text)
	}
	x.key(fyne.KeyUp)
	x.pass(searchPause)
	if x.search.last != "dog" || x.canvas.Focused() != fyne.Focusable(x.search.Box) {
		t.Errorf("searched for is %q", x.search.last)
	}
	x.key(fyne.KeyDelete)
	if got := x.remembered(); !slices.Equal(got, []string{"beach", "cat"}) || x.search.Box.Text != "cat" {
		t.Errorf("Delete leaves %q, in the box %q", got, x.search.Box.Text)
	}
	x.key(fyne.KeyReturn)
	if may.card.Visible() || x.search.last != "cat" {
		t.Errorf("Enter does not take it: %q", x.search.last)
	}
	// Delete in a text without the list is for the text.
	x.search.Box.CursorColumn = 0
	x.key(fyne.KeyDelete)
	if x.search.Box.Text != "at" {
		t.Errorf("the box holds %q", x.search.Box.Text)
	}
	x.run("Recent searches")
	x.key(fyne.KeyEscape)
	if x.search.Box.Text != "" || may.card.Visible() || x.search.last != "" {
		t.Errorf("Esc leaves %q", x.search.Box.Text)
	}
	x.run("Erase all searches")
	if got := x.remembered(); len(got) != 0 || x.toast.Text() != "Erased 2 searches for good." {
		t.Errorf("left is %q; the toast says %q", got, x.toast.Text())
	}
	x.run("Recent searches")
	if may.card.Visible() || x.toast.Text() != "There are no recent searches." {
		t.Errorf("the toast says %q", x.toast.Text())
	}
}

// TestMistakesAreMarked looks where the wave lies under the text.
func TestMistakesAreMarked(t *testing.T) {
	x := open(t, fake.New(100))
	x.searchTyped(`dög "on`)
	box := x.search.Box
	if got := box.marks; !slices.Equal(got, []span{{4, 7}}) {
		t.Fatalf("marked is %v", got)
	}
	waves := func() (out []fyne.CanvasObject) {
		for _, o := range x.search.Box.drawn.waves {
			if o.Visible() {
				out = append(out, o)
			}
		}
		return out
	}
	if w := waves(); len(w) != 1 || w[0].Size().Width < 10 || w[0].Position().X < 40 || w[0].Position().Y+w[0].Size().Height > box.Size().Height {
		t.Fatalf("waves %v", w)
	}
	left := waves()[0].Position().X
	x.typed(" cat") // behind the mark: it stays until the next result
	if len(waves()) != 1 || waves()[0].Position().X != left {
		t.Error("the mark went away although its text is the same")
	}
	x.typed(strings.Repeat(" and another word", 20)) // the text scrolls
	if w := waves(); len(w) != 0 {
		t.Errorf("what is out of sight is marked at %v", w[0].Position())
	}
	box.SetText("")
	x.pass(time.Second)
	if len(waves()) != 0 || len(box.marks) != 0 {
		t.Error("the mark stays without its text")
	}
}

func TestChipsByKeyboard(t *testing.T) {
	x := open(t, fake.New(100))
	x.searchTyped("dog")
	x.search.ShowResult(app.SearchResult{Chips: []string{"dog", "-people", "date:\"last summer\"", "similar:3"}, Parts: []app.Part{
		{Text: "dog", Weight: 1},
		{Text: "without people", Not: true, Weight: 1},
		{Text: `date:"last summer"`, Weight: 1, Help: "taken then", When: "2025-06-01 to 2025-08-31"},
		{Text: "similar:3", Weight: 0.5, Photo: 3},
	}})
	x.settle()
	x.run("Go to the parts of the search")
	c := x.search.chips
	if x.canvas.Focused() != fyne.Focusable(c.crosses[0]) {
		t.Fatal("the first part has not the focus")
	}
	x.key(fyne.KeyRight)
	x.key(fyne.KeyDelete)
	if got := x.search.Box.Text; got != `dog date:"last summer" similar:3` {
		t.Errorf("left is %q", got)
	}
	x.pass(time.Second)
	if f := x.canvas.Focused(); f != fyne.Focusable(c.crosses[len(c.crosses)-1]) {
		t.Errorf("the focus is on %T after a part was taken away", f)
	}
	x.key(fyne.KeyEscape)
	if x.canvas.Focused() != fyne.Focusable(x.search.Box) {
		t.Error("Esc does not lead back to the box")
	}
	for _, tt := range []struct {
		part app.Part
		want string
	}{
		{app.Part{Weight: 1, Not: true}, "Photos that fit this are left out."},
		{app.Part{Weight: 1, Help: "taken then", When: "2025-06-01 to 2025-08-31"}, "That is 2025-06-01 to 2025-08-31."},
		{app.Part{Weight: 0.5}, "It counts 0.5 times as much as the others."},
		{app.Part{Weight: -1}, "The more a photo looks like this, the lower it ranks."},
		{app.Part{Weight: 1, Group: "any"}, "One of these is enough."},
	} {
		if got := chipTip(tt.part); got != tt.want {
			t.Errorf("%+v: %q", tt.part, got)
		}
	}
}

// TestManyChips checks that the grid keeps its room whatever the number of chips.
func TestManyChips(t *testing.T) {
	x := open(t, fake.New(100))
	x.win.Resize(fyne.NewSize(1280, 720))
	x.searchTyped("dog")
	one := x.search.Row.Size().Height
	var r app.SearchResult
	for range 60 {
		r.Chips = append(r.Chips, "a rather long description")
	}
	x.search.ShowResult(r)
	x.arrange()
	x.settle()
	rows := x.search.Row.Size().Height
	if rows <= one || rows > one+2*(chipHeight+chipGap)+1 {
		t.Errorf("the row of chips is %v high, with one chip %v", rows, one)
	}
	if h := x.grid.Size().Height; h < 400 {
		t.Errorf("the grid is %v high", h)
	}
	if w := x.canvas.Size().Width; w != 1280 || x.search.Row.Size().Width > w {
		t.Errorf("the window is %v wide, the row %v", w, x.search.Row.Size().Width)
	}
}
