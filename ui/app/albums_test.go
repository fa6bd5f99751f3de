package app_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"descry/library"
	"descry/ui/app"
)

// animalsLibrary is a library of five sample photos with the real engine, and the ids of some.
func animalsLibrary(t *testing.T) (a *app.App, dir string, ids map[string]library.PhotoID) {
	t.Helper()
	a = withModel(t)
	samples := map[string]string{"dog": "dogs-on-balcony", "cat": "kitten-with-yarn", "bee": "honey-bee", "beach": "sunset-summit", "castle": "eiffel-tower"}
	dir = t.TempDir()
	for name, sample := range samples {
		copyPhoto(t, sample, filepath.Join(dir, name+".jpg"))
	}
	add(t, a, dir)
	ids = map[string]library.PhotoID{}
	for name := range samples {
		ids[name] = photo(t, a, filepath.Join(dir, name+".jpg"))
	}
	return a, dir, ids
}

func namesOf(ids []library.PhotoID, known map[string]library.PhotoID) string {
	var out []string
	for name, id := range known {
		if slices.Contains(ids, id) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestASmartAlbumHoldsWhatIsLikely(t *testing.T) {
	a, _, ids := animalsLibrary(t)
	ctx := t.Context()
	counted := make(chan struct{}, 100)
	a.Listen(app.Events{Changed: func() { counted <- struct{}{} }})
	id, op, err := a.PutAlbum(ctx, app.Album{Name: "  Four   legs ", Query: "file:dog  OR file:cat"})
	if err != nil || op == 0 {
		t.Fatal(op, err)
	}
	// number waits until the album has this many photos; nothing else ends the wait.
	number := func(want int) {
		t.Helper()
		for {
			all, err := a.Albums(ctx)
			if err != nil || len(all) != 1 || all[0].Name != "Four legs" || all[0].Query != "file:dog or file:cat" {
				t.Fatalf("albums %+v, %v", all, err)
			}
			if all[0].Photos == want {
				return
			}
			select {
			case <-counted:
			case <-ctx.Done():
				t.Fatalf("the album has %d photos, want %d", all[0].Photos, want)
			}
		}
	}
	number(2)
	scope := app.Scope{Kind: app.ScopeAlbum, Album: id}
	got, err := a.Browse(ctx, scope)
	if n, err := a.Count(ctx, scope); n != 2 || err != nil {
		t.Errorf("counted are %d, %v", n, err)
	}
	if names := namesOf(got, ids); names != "cat dog" || err != nil {
		t.Errorf("it holds %q, %v", names, err)
	}
	res, err := a.Search(ctx, app.SearchRequest{Text: "-file:dog", Scope: scope})
	if err != nil || len(res.Hits) != 1 || res.Hits[0].Photo != ids["cat"] {
		t.Errorf("a search in it finds %+v, %v", res.Hits, err)
	}
	res, err = a.Search(ctx, app.SearchRequest{Text: `album:"four legs" -file:cat`})
	if err != nil || len(res.Hits) != 1 || res.Hits[0].Photo != ids["dog"] {
		t.Errorf("album: finds %+v, %v", res.Hits, err)
	}
	// What changes in the library is counted again.
	tags, err := a.AddTag(ctx, []library.PhotoID{ids["bee"], ids["castle"], ids["dog"]}, "mine")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.PutAlbum(ctx, app.Album{ID: id, Name: "Four legs", Query: "tag:mine"}); err != nil {
		t.Fatal(err)
	}
	all, err := a.AlbumsCounted(ctx)
	if err != nil || len(all) != 1 || all[0].Photos != 3 {
		t.Errorf("after an edit: %+v, %v", all, err)
	}
	if _, err := a.Undo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	number(2)
	if _, err := a.Undo(ctx, tags); err != nil {
		t.Fatal(err)
	}
	if _, err := a.RemoveAlbum(ctx, id); err != nil {
		t.Fatal(err)
	}
	if all, _ := a.Albums(ctx); len(all) != 0 {
		t.Errorf("removed, there are %+v", all)
	}
	if _, err := a.Undo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	number(2)
}

func TestAnAlbumByDescription(t *testing.T) {
	a, _, ids := animalsLibrary(t)
	id, _, err := a.PutAlbum(t.Context(), app.Album{Name: "Dogs", Query: "a dog"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Browse(t.Context(), app.Scope{Kind: app.ScopeAlbum, Album: id})
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Search(t.Context(), app.SearchRequest{Text: "a dog", All: true})
	if err != nil || len(got) != res.Matched || !slices.Contains(got, ids["dog"]) {
		t.Errorf("it holds %q, likely are %d (%v)", namesOf(got, ids), res.Matched, err)
	}
}

func TestAlbumsThatCannotBe(t *testing.T) {
	a := wordsOnly(t)
	ctx := t.Context()
	if _, _, err := a.PutAlbum(ctx, app.Album{Name: "Trip"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		album app.Album
		want  string
	}{
		{app.Album{Name: "  "}, "needs a name"},
		{app.Album{Name: "trip", Query: "dog"}, "there is an album “Trip” already"},
		{app.Album{Name: `the "best"`}, "no quotation marks"},
		{app.Album{Name: strings.Repeat("x", 200)}, "at most 120 letters"},
		{app.Album{Name: "Nothing", Query: "()"}, "nothing between these brackets"},
		{app.Album{Name: "Odd", Query: "date:5/6/2019"}, "two ways"},
		{app.Album{ID: 77, Name: "None"}, library.ErrNotFound.Error()},
	} {
		if _, _, err := a.PutAlbum(ctx, c.album); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.album, err, c.want)
		}
	}
}

func TestChangesOfAlbumsCanBeDoneTwice(t *testing.T) {
	a, dir, ids := animalsLibrary(t)
	ctx := t.Context()
	dog := filepath.Join(dir, "dog.jpg")
	for _, c := range []app.AlbumChange{
		{Do: "add", Name: "Trip"},
		{Do: "add", Name: "Pets", Query: "tag:dog"},
		{Do: "edit", Name: "pets", Query: "tag:dog or tag:cat"},
		{Do: "put", Name: "Trip", Paths: []string{dog, filepath.Join(dir, "bee.jpg"), "/nowhere.jpg"}},
		{Do: "take", Name: "Trip", Paths: []string{filepath.Join(dir, "bee.jpg")}},
		{Do: "rename", Name: "Trip", To: "Voyage"},
	} {
		first, _, err := a.ChangeAlbum(ctx, c)
		if err != nil || first == 0 {
			t.Fatalf("%+v: operation %d, %v", c, first, err)
		}
		if c.Do == "put" {
			continue // what came after would be conflicts
		}
		if again, _, err := a.ChangeAlbum(ctx, c); err != nil || again != 0 {
			t.Errorf("%+v once more: operation %d, %v", c, again, err)
		}
	}
	all, err := a.AlbumsCounted(ctx)
	if err != nil || len(all) != 2 || all[0].Query != "tag:dog or tag:cat" || all[1].Name != "Voyage" || all[1].Photos != 1 {
		t.Fatalf("albums %+v, %v", all, err)
	}
	got, err := a.Browse(ctx, app.Scope{Kind: app.ScopeAlbum, Album: all[1].ID})
	if names := namesOf(got, ids); names != "dog" || err != nil {
		t.Errorf("it holds %q, %v", names, err)
	}
	for _, c := range []app.AlbumChange{
		{Do: "put", Name: "Pets", Paths: []string{dog}},
		{Do: "edit", Name: "Voyage", Query: "dog"},
		{Do: "remove", Name: "None"},
		{Do: "burn", Name: "Pets"},
		{Do: "put", Name: "Voyage", Paths: []string{"/nowhere.jpg"}},
	} {
		if op, _, err := a.ChangeAlbum(ctx, c); err == nil {
			t.Errorf("%+v: operation %d and no error", c, op)
		}
	}
}

func TestAlbumsAsText(t *testing.T) {
	for _, al := range []app.Album{
		{Name: "Pets", Query: "tag:dog or tag:cat"},
		{Name: "Rome: the best", Query: `place:rome rating:4`},
		{Name: "# 1", Query: "-people"},
		{Name: "Straße", Query: `"summer house" date:"last summer"`},
	} {
		got, err := app.ReadAlbums("\ufeff# mine\n\n" + app.WriteAlbum(al) + "\r\n")
		if err != nil || len(got) != 1 || got[0] != al {
			t.Errorf("%q was read as %+v, %v", app.WriteAlbum(al), got, err)
		}
	}
	for text, want := range map[string]string{
		"Pets":            "line 1 is no album",
		"\nPets:":         "line 2: the album “Pets” has no search",
		": dog":           "needs a name",
		"Pets: ()":        "nothing between these brackets",
		"\"a\\\"b\": dog": "quotation marks",
		"P\xff: dog":      "is no text",
	} {
		if got, err := app.ReadAlbums(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzReadAlbums(f *testing.F) {
	f.Add("Pets: tag:dog or cat\n# x\n\"a: b\": -people")
	f.Fuzz(func(t *testing.T, text string) {
		albums, err := app.ReadAlbums(text)
		if err != nil {
			return
		}
		for _, al := range albums {
			again, err := app.ReadAlbums(app.WriteAlbum(al))
			if err != nil || len(again) != 1 || again[0] != al {
				t.Fatalf("%+v is written %q and read %+v, %v", al, app.WriteAlbum(al), again, err)
			}
		}
	})
}

// TestSmartAlbumsAreExported takes a saved query into another library.
func TestSmartAlbumsAreExported(t *testing.T) {
	a, b := wordsOnly(t), wordsOnly(t)
	if _, _, err := a.PutAlbum(t.Context(), app.Album{Name: "Pets", Query: "dog or tag:cat, 0.5*snow"}); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := a.Export(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Import(t.Context(), bytes.NewReader(file.Bytes()), false); err != nil {
		t.Fatal(err)
	}
	want, _ := a.Album(t.Context(), "Pets")
	got, err := b.Album(t.Context(), "pets")
	if err != nil || got.Name != want.Name || got.Query != want.Query || got.Query == "" {
		t.Errorf("it came as %+v, %v; it was %+v", got, err, want)
	}
}

func TestSearchesAreRemembered(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	p.Now = func() time.Time { now = now.Add(time.Second); return now }
	a := opened(t, p)
	ctx := t.Context()
	keep := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if err := a.KeepSearch(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept := func() (out []string) {
		t.Helper()
		found, err := a.RecentSearches(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			out = append(out, s.Text)
		}
		return out
	}
	keep("dog on a beach", "dog tag:mine", "cat", "dog on a beach")
	if got := kept(); !slices.Equal(got, []string{"dog on a beach", "cat", "dog tag:mine"}) {
		t.Errorf("remembered is %q", got)
	}
	proposed := func(text string) (out []string) {
		t.Helper()
		c, err := a.Complete(ctx, text, len(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Proposals {
			if p.Whole {
				out = append(out, p.Text)
			}
		}
		return out
	}
	if got := proposed("Dog "); !slices.Equal(got, []string{"dog on a beach", "dog tag:mine"}) {
		t.Errorf("proposed is %q", got)
	}
	if got := proposed("dog tag:mine"); got != nil {
		t.Errorf("for what stands there already %q is proposed", got)
	}
	if found, err := a.ForgetSearch(ctx, "cat"); err != nil || !found {
		t.Error(found, err)
	}
	// Nothing of it is user data, and none of it is in a backup.
	var dump bytes.Buffer
	if err := a.Dump(ctx, &dump, true, true); err != nil || strings.Contains(dump.String(), "dog on a beach") {
		t.Errorf("the dump holds a search (%v)", err)
	}
	if err := a.SetSetting(ctx, app.SettingSearches, app.SearchesOff); err != nil {
		t.Fatal(err)
	}
	keep("secret")
	if got := kept(); !slices.Equal(got, []string{"dog on a beach", "dog tag:mine"}) || proposed("dog") != nil {
		t.Errorf("switched off, remembered is %q, proposed %q", got, proposed("dog"))
	}
	if n, err := a.ClearSearches(ctx); n != 2 || err != nil || kept() != nil {
		t.Errorf("cleared %d, %v; left is %q", n, err, kept())
	}
	if err := a.SetSetting(ctx, app.SettingSearches, "perhaps"); err == nil {
		t.Error("searches = perhaps was taken")
	}
}

// TestSearchesBesideAWriter erases them while another process has the library.
func TestSearchesBesideAWriter(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	a := opened(t, p)
	if err := a.KeepSearch(t.Context(), "dog"); err != nil {
		t.Fatal(err)
	}
	p.ReadOnly = true
	reader := opened(t, p)
	if err := reader.KeepSearch(t.Context(), "not kept"); err != nil {
		t.Error(err)
	}
	if n, err := reader.ClearSearches(t.Context()); n != 1 || err != nil {
		t.Errorf("cleared %d, %v", n, err)
	}
	if found, err := a.RecentSearches(t.Context(), 0); len(found) != 0 || err != nil {
		t.Errorf("left is %v, %v", found, err)
	}
	none := opened(t, app.Params{Dir: filepath.Join(t.TempDir(), "none"), Optional: true})
	if _, err := none.RecentSearches(t.Context(), 0); !errors.Is(err, app.ErrNoLibrary) {
		t.Errorf("without a library: %v", err)
	}
}
