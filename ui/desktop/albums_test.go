package desktop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

// search types a query and waits for its result.
func (x *bench) searchTyped(text string) {
	x.focusSearch()
	x.search.SetText("")
	x.typed(text)
	x.pass(searchPause)
}

func (x *bench) albumNames() (out []string) {
	x.t.Helper()
	all, err := x.b.Albums(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, a := range all {
		out = append(out, a.Name+": "+a.Query)
	}
	return out
}

func TestASearchIsSavedByItsNameAlone(t *testing.T) {
	x := open(t, fake.New(300))
	x.run("Save this search …")
	if x.search.save.Content.Visible() || !strings.Contains(x.toast.Text(), "Search for something first") {
		t.Fatalf("without a search: %q", x.toast.Text())
	}
	x.searchTyped("dog")
	x.run("Save this search …")
	n := x.search.save
	if !n.Content.Visible() || x.canvas.Focused() != fyne.Focusable(n.Field) || n.Field.Text != "Dog" {
		t.Fatalf("it does not ask for a name; proposed is %q", n.Field.Text)
	}
	n.Field.SetText("My dogs")
	x.key(fyne.KeyReturn)
	if got := x.albumNames(); !slices.Equal(got, []string{"My dogs: dog"}) {
		t.Fatalf("there are %q", got)
	}
	if n.Content.Visible() || x.canvas.Focused() != fyne.Focusable(x.search.Box) || x.search.Box.Text != "dog" {
		t.Error("the line stays, or the focus is lost")
	}
	if x.toast.Text() != "Saved as album ‘My dogs’." {
		t.Errorf("the toast says %q", x.toast.Text())
	}
	x.pass(time.Second)
	if i := slices.IndexFunc(x.side.rows, func(e *sideEntry) bool { return e.title == "My dogs" }); i < 0 || x.side.rows[i].count != 7 {
		t.Error("the album is not in the side bar with its number")
	}
	// The same name again: a sentence, and the line stays.
	x.run("Save this search …")
	n.Field.SetText("My dogs")
	x.key(fyne.KeyReturn)
	if !n.Content.Visible() || n.problem.Text() != "There is an album “My dogs” already." || !n.problem.Visible() {
		t.Errorf("it says %q", n.problem.Text())
	}
	x.key(fyne.KeyEscape)
	if n.Content.Visible() || x.canvas.Focused() != fyne.Focusable(x.search.Box) {
		t.Error("Esc does not close the line")
	}
	x.undo(0)
	x.settle()
	if got := x.albumNames(); len(got) != 0 {
		t.Errorf("undone, there are %q", got)
	}
}

// TestWhatIsSaved checks that a search in a part of the library is saved with that part.
func TestWhatIsSaved(t *testing.T) {
	x := open(t, fake.New(50))
	for _, c := range []struct {
		scope   app.Scope
		similar library.PhotoID
		query   string
		want    string
	}{
		{app.Scope{}, 0, "", ""},
		{app.Scope{}, 0, "dog  on a Beach, -people", "dog on a beach -people"},
		{app.Scope{}, 12, "", "similar:12"},
		{app.Scope{Kind: app.ScopeFavourites}, 0, "dog", "dog is:favourite"},
		{app.Scope{Kind: app.ScopeFolder, Dir: "2021 Sardinia/beach"}, 0, "dog or cat", `in:"2021 sardinia/beach" (dog or cat)`},
		{app.Scope{Kind: app.ScopeTag, Title: "sea"}, 0, "dog", "dog tag~:sea"},
		{app.Scope{Kind: app.ScopeDates, Title: "2021"}, 0, "dog", "dog year:2021"},
		{app.Scope{Kind: app.ScopeAlbum, Title: "Summer house"}, 0, "dog", `dog album:"summer house"`},
	} {
		x.scope, x.similar, x.search.last = c.scope, c.similar, c.query
		if got := x.savedQuery(); !strings.EqualFold(got, c.want) {
			t.Errorf("%+v, %q: %q, want %q", c.scope, c.query, got, c.want)
		}
	}
}

func TestAlbumsInTheSideBar(t *testing.T) {
	b := fake.New(90)
	b.SetAlbums(app.Album{ID: 1, Name: "Trip", Photos: 30}, app.Album{ID: 2, Name: "Pets", Query: "tag:dog", Photos: -1})
	x := open(t, b)
	x.side.open["albums"] = true
	x.side.flatten()
	row := func(name string) int {
		return slices.IndexFunc(x.side.rows, func(e *sideEntry) bool { return e.title == name })
	}
	if i := row("Pets"); i < 0 || x.side.rows[i].count != -1 || !strings.Contains(x.side.rows[i].tip, "tag:dog") {
		t.Fatal("the smart album is not there, or its number is made up")
	}
	x.side.Select(row("Pets"))
	x.settle()
	if got := x.result.Text(); got != "Pets · 30 photos, likely for ‘tag:dog’" {
		t.Errorf("above the grid stands %q", got)
	}
	x.run("Copy the search as text")
	if got := x.app.Clipboard().Content(); got != "tag:dog" {
		t.Errorf("the clipboard holds %q", got)
	}
	// F2 changes name and search; a mistake is marked and nothing is stored.
	x.typedKey(&fyne.KeyEvent{Name: fyne.KeyF2})
	name := x.canvas.Focused().(*field)
	if x.sheet == nil || name.Text != "Pets" {
		t.Fatalf("F2 opens nothing; focused is %q", name.Text)
	}
	name.SetText("Animals")
	name.OnSubmitted("")
	x.settle()
	if x.sheet != nil || !slices.Equal(x.albumNames(), []string{"Trip: ", "Animals: tag:dog"}) || x.scope.Title != "Animals" {
		t.Errorf("albums %q, shown is %q", x.albumNames(), x.scope.Title)
	}
	x.run("Take out of this album")
	if !strings.Contains(x.toast.Text(), "smart album") {
		t.Errorf("the toast says %q", x.toast.Text())
	}
	x.run("Remove this album")
	if got := x.albumNames(); !slices.Equal(got, []string{"Trip: "}) || x.scope.Kind != app.ScopeAll {
		t.Errorf("left are %q, shown is %+v", got, x.scope)
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if got := x.albumNames(); len(got) != 2 {
		t.Errorf("Undo brings back %q", got)
	}
	x.run("Change this album …")
	if x.sheet != nil || !strings.Contains(x.toast.Text(), "Choose an album") {
		t.Errorf("without an album: %q", x.toast.Text())
	}
	// Delete in the side bar is about the album there, not about photos.
	x.pass(time.Second)
	x.focus(x.side)
	x.side.highlite = row("Trip")
	x.key(fyne.KeyDelete)
	if b.Calls("Trash") != 0 || b.Calls("RemoveAlbum") != 2 {
		t.Error("Delete on an album moved photos, or did nothing")
	}
}

func TestASmartAlbumIsEdited(t *testing.T) {
	b := fake.New(90)
	b.SetAlbums(app.Album{ID: 2, Name: "Pets", Query: "tag:dog"})
	x := open(t, b)
	x.editAlbum(app.Album{ID: 2, Name: "Pets", Query: "tag:dog"})
	x.canvas.FocusNext()
	query := x.canvas.Focused().(*field)
	query.SetText("dog teg:cat")
	query.OnSubmitted("")
	x.settle()
	if x.sheet == nil || len(query.marks) != 1 || query.marks[0].start != 4 || b.Calls("PutAlbum") != 0 {
		t.Fatalf("a mistake is not marked: %v", query.marks)
	}
	query.SetText("tag:dog  OR tag:cat")
	query.OnSubmitted("")
	x.settle()
	if got := x.albumNames(); x.sheet != nil || !slices.Equal(got, []string{"Pets: tag:dog or tag:cat"}) {
		t.Errorf("albums %q", got)
	}
}

func TestPhotosGoIntoAnAlbum(t *testing.T) {
	b := fake.New(90)
	b.SetAlbums(app.Album{ID: 1, Name: "Trip"}, app.Album{ID: 2, Name: "Pets", Query: "tag:dog"}, app.Album{ID: 3, Name: "Garden"})
	x := open(t, b)
	x.choose(4)
	id := x.grid.Photos()[4]
	x.typed("l")
	x.settle()
	if x.sheet == nil {
		t.Fatal("L opens nothing")
	}
	x.typed("gar")
	x.key(fyne.KeyReturn)
	if got := b.Members(3); x.sheet != nil || !slices.Equal(got, []library.PhotoID{id}) {
		t.Errorf("the album holds %v", got)
	}
	if x.canvas.Focused() != fyne.Focusable(x.grid) || x.toast.Text() != "Put 1 photo into album ‘Garden’." {
		t.Errorf("the focus is lost, or the toast says %q", x.toast.Text())
	}
	// A name that is not there makes an album; Undo takes both back.
	x.typed("l")
	x.settle()
	x.typed("New one")
	x.key(fyne.KeyReturn)
	if got := x.albumNames(); len(got) != 4 || len(b.Members(4)) != 1 {
		t.Fatalf("albums %q", got)
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if got := x.albumNames(); len(got) != 3 || len(b.Members(4)) != 0 {
		t.Errorf("after Undo: %q, %v", got, b.Members(4))
	}
	x.setScope(app.Scope{Kind: app.ScopeAlbum, Album: 3, Title: "Garden"})
	x.settle()
	x.grid.Select(0)
	x.pass(choosePause)
	if x.grid.Photos()[0] != 1 {
		t.Fatal("the first photo is another")
	}
	_, _ = b.SetAlbumPhotos(t.Context(), 3, []library.PhotoID{1}, true)
	x.typed("x")
	x.settle()
	if got := b.Members(3); !slices.Equal(got, []library.PhotoID{id}) {
		t.Errorf("taken out, the album holds %v", got)
	}
}
