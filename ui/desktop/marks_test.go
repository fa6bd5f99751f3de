package desktop

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

func TestMarksGoIntoTheSearchAndOut(t *testing.T) {
	x := open(t, fake.New(100))
	x.grid.Select(2)
	x.typed("m")
	if got := x.toast.Text(); got == "" || x.search.last != "" {
		t.Errorf("without a search: %q, search %q", got, x.search.last)
	}
	x.searchTyped("dog")
	x.focusGrid()
	x.grid.Select(0)
	id := x.grid.Photos()[0]
	x.typed("m")
	x.settle()
	if want := app.Mark("dog", []library.PhotoID{id}, true); x.search.last != want || x.search.Box.Text != want {
		t.Errorf("the search is %q, want %q", x.search.last, want)
	}
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("the grid lost the focus")
	}
	x.grid.Select(3)
	x.typed("d")
	x.settle()
	if x.search.last == "dog" || x.toast.action.Hidden {
		t.Errorf("the search is %q, and there is no undo", x.search.last)
	}
	x.toast.action.OnTapped()
	x.settle()
	if want := app.Mark("dog", []library.PhotoID{id}, true); x.search.last != want {
		t.Errorf("after undo the search is %q, want %q", x.search.last, want)
	}
	x.grid.Select(0)
	x.typed("s") // photos like the chosen one
	x.settle()
	x.grid.Select(1)
	x.typed("d")
	x.settle()
	if x.similar != 0 || x.search.last == "" {
		t.Errorf("a search by a photo does not take marks: %q", x.search.last)
	}
	x.toast.action.OnTapped()
	x.settle()
	if x.similar == 0 || x.search.last != "" {
		t.Errorf("after undo: %q", x.search.last)
	}
}

func TestPicturesAreDroppedAndPastedIntoTheSearch(t *testing.T) {
	x := open(t, fake.New(100))
	x.searchTyped("at night")
	x.dropped(fyne.NewPos(200, 20), []fyne.URI{storage.NewFileURI("/pictures/a b.jpg"), storage.NewFileURI("/pictures/c.jpg")})
	x.settle()
	if got, want := x.search.last, `at night similar:"/pictures/a b.jpg",/pictures/c.jpg`; got != want {
		t.Errorf("the search is %q, want %q", got, want)
	}
	x.search.Reset()
	x.app.Clipboard().SetContent("file:///pictures/a%20b.jpg\n")
	x.search.Box.TypedShortcut(&fyne.ShortcutPaste{Clipboard: x.app.Clipboard()})
	x.pass(time.Second)
	if got, want := x.search.last, `similar:"/pictures/a b.jpg"`; got != want {
		t.Errorf("the search is %q, want %q", got, want)
	}
	x.search.Reset()
	x.app.Clipboard().SetContent("a dog")
	x.search.Box.TypedShortcut(&fyne.ShortcutPaste{Clipboard: x.app.Clipboard()})
	x.pass(time.Second)
	if got := x.search.last; got != "a dog" {
		t.Errorf("the search is %q", got)
	}
	for text, want := range map[string][]string{
		"/a/b.jpg\n/c/d.png": {"/a/b.jpg", "/c/d.png"}, "file:///a.jpg": {"/a.jpg"}, "": nil, "/a/folder": nil, "/a.jpg and more.": {"/a.jpg and more."}, "dog\n/a.jpg": nil,
	} {
		if got := pasted(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPictureChips(t *testing.T) {
	b := fake.New(100)
	x := open(t, b)
	x.searchTyped("dog")
	x.search.ShowResult(app.SearchResult{Chips: []string{"dog", "like:3", "-like:4", "similar:/a.jpg", "0.5*similar:5"}, Parts: []app.Part{
		{Text: "dog", Weight: 1},
		{Text: "like:3", Weight: 1, Field: "like", Picture: "3", Photo: 3, Name: "IMG_3.jpg"},
		{Text: "-like:4", Weight: 1, Not: true, Field: "like", Picture: "4", Photo: 4, Name: "IMG_4.jpg"},
		{Text: "similar:/a.jpg", Weight: 1, Field: "similar", Picture: "/a.jpg", Name: "a.jpg"},
		{Text: "0.5*similar:5", Weight: 0.5, Field: "similar", Picture: "5", Photo: 5, Name: "IMG_5.jpg"},
	}})
	x.settle()
	want := []string{"dog", "more like IMG_3.jpg", "not like IMG_4.jpg", "similar to a.jpg", "0.5 × similar to IMG_5.jpg"}
	if got := x.search.chips.flow.texts; !slices.Equal(got, want) {
		t.Errorf("the parts are %q, want %q", got, want)
	}
	if n := b.Calls("PictureFile"); n != 1 {
		t.Errorf("the picture of a file was asked for %d times", n)
	}
}
