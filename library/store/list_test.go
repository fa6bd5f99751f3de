package store

import (
	"strings"
	"testing"
	"time"

	"descry/library"
)

func TestListing(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	taken := func(r IndexedFile, s string) IndexedFile {
		at, err := time.Parse(time.RFC3339, s)
		noError(t, err)
		r.Metadata.Taken, r.Metadata.HasZone = at, true
		return r
	}
	// In their own zones 1 was taken in 2020 and 2 in 2021; by the world's clock it is the
	// other way round.
	one := l.put("a/b/1.jpg", 1, taken(l.reading("1"), "2020-12-31T23:30:00-10:00"))
	two := l.put("a/2.jpg", 2, taken(l.reading("2"), "2021-01-01T00:30:00+10:00"))
	three := l.put("a b/3.jpg", 3, l.reading("3"))
	four := l.put("4.jpg", 4, l.reading("4"))
	l.put("a/copy of 4.jpg", 5, l.reading("4"))

	all := []library.PhotoID{two, one, four, three}
	for _, c := range []struct {
		name string
		f    ListFilter
		want []library.PhotoID
	}{
		{"all", ListFilter{}, all},
		{"a page", ListFilter{Limit: 2, Offset: 1}, all[1:3]},
		{"a root", ListFilter{Root: l.root.ID}, all},
		{"a folder with those below", ListFilter{Root: l.root.ID, Dir: "a"}, []library.PhotoID{two, one, four}},
		{"a folder alone", ListFilter{Root: l.root.ID, Dir: "a", Flat: true}, []library.PhotoID{two, four}},
		{"the root alone", ListFilter{Root: l.root.ID, Flat: true}, []library.PhotoID{four}},
		{"another root", ListFilter{Root: 99}, nil},
		{"2020 by the camera's clock", ListFilter{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2021, 1, 1, 0, 0, 0, 0, time.Local)}, []library.PhotoID{one}},
		{"chosen ones", ListFilter{IDs: []library.PhotoID{three, one, 99}}, []library.PhotoID{one, three}},
		{"none chosen", ListFilter{OnlyIDs: true}, nil},
	} {
		same(t, c.name, l.photos(c.f), c.want)
		if c.f.Limit == 0 {
			n, err := l.Count(ctx, c.f)
			noError(t, err)
			same(t, c.name+": count", n, len(c.want))
		}
	}

	cards, err := l.Cards(ctx, []library.PhotoID{one, 99, four})
	noError(t, err)
	same(t, "number of cards", len(cards), 2)
	c := cards[0]
	same(t, "taken", c.Taken.Format(time.RFC3339), "2020-12-31T23:30:00-10:00")
	same(t, "what a card says", c, Card{
		Photo: one, Path: "/photos/a/b/1.jpg", Name: "1.jpg", Files: 1, State: library.Present, Taken: c.Taken, Dated: true, HasZone: true,
		Format: "jpeg", Picture: library.Picture{Content: contentOf("1"), Orientation: 1}, Width: 40, Height: 30, Colour: 0x102030,
		AltState: library.AltDraft,
	})

	folders, err := l.Folders(ctx)
	noError(t, err)
	same(t, "folders", folders, []Folder{
		{l.root.ID, "", 1, 5}, {l.root.ID, "a", 2, 3}, {l.root.ID, "a/b", 1, 1}, {l.root.ID, "a b", 1, 1},
	})
	dates, err := l.DateCounts(ctx)
	noError(t, err)
	same(t, "months", dates, []DateCount{{2021, 1, 1}, {2020, 12, 1}, {1970, 1, 2}})
	groups, err := l.Twins(ctx)
	noError(t, err)
	if len(groups) != 1 || len(groups[0]) != 2 || groups[0][0].Path != "/photos/4.jpg" || groups[0][1].Path != "/photos/a/copy of 4.jpg" {
		t.Errorf("copies: %+v", groups)
	}
	got, err := l.PhotoByPath(ctx, "/photos/a/copy of 4.jpg")
	noError(t, err)
	same(t, "photo of a copy", got, four)
	for _, path := range []string{"/photos", "/photos/none.jpg", "/elsewhere/4.jpg", "/photos/../photos/x/4.jpg"} {
		_, err := l.PhotoByPath(ctx, path)
		wantError(t, err, library.ErrNotFound)
	}
}

func TestDetail(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	r := l.reading("a")
	zone := time.FixedZone("", -(3*60+30)*60)
	r.Metadata = library.Metadata{
		Format: "jpeg", Width: 30, Height: 40, Orientation: 6,
		Taken: time.Date(1969, 7, 20, 20, 17, 40, 123e6, zone), HasZone: true,
		Make: "Hasselblad", Model: "500EL", Lens: "Biogon 60", ISO: 160, FNumber: 5.6, Exposure: 1.0 / 250, Focal: 60, Focal35: 33,
		GPS:   &library.GPS{Lat: 0.67, Lon: 23.47, Alt: -1.5},
		Title: "Moon\x00 \xff", Description: "A small step", Keywords: []string{"moon", "a \"quoted\" word"},
		Creator: "N", Copyright: "NASA", Rating: -1, AltText: "A footprint", Extended: "In dust",
	}
	r.Measures = &library.Measures{Width: 40, Height: 30, PHash: 0xfedcba9876543210, Sharpness: 1.25, Exposure: 0.5, Colour: 0xffffff}
	photo := l.put("a.jpg", 1, r)
	_, err := l.SetAlt(ctx, photo, library.AltText{Text: "A boot print.", State: library.AltApproved})
	noError(t, err)
	d, err := l.Detail(ctx, photo)
	noError(t, err)
	want := r.Metadata
	want.Title = "Moon \uFFFD"
	if !d.Metadata.Taken.Equal(want.Taken) || d.Metadata.Taken.Format(time.RFC3339Nano) != "1969-07-20T20:17:40.123-03:30" {
		t.Errorf("taken %v", d.Metadata.Taken)
	}
	want.Taken = d.Metadata.Taken
	same(t, "metadata", d.Metadata, want)
	same(t, "measures", d.Measures, r.Measures)
	same(t, "alt", d.Alts, []library.AltText{{Text: "A boot print.", Lang: "en", State: library.AltApproved, Confidence: 1}})
	same(t, "alt on the card", d.Alt, "A boot print.")
	same(t, "rejected in the file is no rating", d.Rating, 0)
	same(t, "files", len(d.Files), 1)
	same(t, "spaces", d.Spaces, []library.SpaceID{l.space.ID})
	_, err = l.Detail(ctx, 99)
	wantError(t, err, library.ErrNotFound)

	// Without measures the stored size is turned upright.
	r = l.reading("b")
	r.Measures, r.Metadata.Orientation = nil, 6
	d, err = l.Detail(ctx, l.put("b.jpg", 2, r))
	noError(t, err)
	same(t, "width", d.Width, 30)
	if d.Measures != nil {
		t.Error("measures from nowhere")
	}
}

func TestMatchWords(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	r := l.reading("a")
	r.Metadata.Title, r.Metadata.Keywords = "Crème brûlée", []string{"dessert", "New York"}
	a := l.put("Trips/Paris 2019/IMG_0042.JPG", 1, r)
	r = l.reading("b")
	r.Metadata.Description = "New shoes in York"
	b := l.put("Trips/b.jpg", 2, r)
	for _, c := range []struct {
		name string
		q    WordQuery
		want string
	}{
		{"diacritics and case", WordQuery{Terms: []string{"CREME", "brulee"}}, "a description"},
		{"every term in any column", WordQuery{Terms: []string{"paris", "dessert"}}, "a folder keywords"},
		{"a phrase", WordQuery{Terms: []string{"new york"}}, "a keywords"},
		{"two words", WordQuery{Terms: []string{"new", "york"}}, "a keywords, b description"},
		{"part of a file name", WordQuery{Terms: []string{"0042"}}, "a name"},
		{"any term", WordQuery{Terms: []string{"dessert", "shoes"}, Any: true}, "a keywords, b description"},
		{"one column", WordQuery{Terms: []string{"york"}, Columns: []string{"description"}}, "b description"},
		{"no prefix unless asked", WordQuery{Terms: []string{"dess"}}, ""},
		{"prefix", WordQuery{Terms: []string{"dess"}, Prefix: true}, "a keywords"},
		{"limit", WordQuery{Terms: []string{"new"}, Limit: 1}, "a keywords"},
		{"nothing", WordQuery{}, ""},
		{"no words", WordQuery{Terms: []string{"", "!?", "\"", "*", "🐕", "\x00"}}, ""},
		{"an emoji beside a word", WordQuery{Terms: []string{"🐕", "shoes"}}, "b description"},
		{"query syntax is text", WordQuery{Terms: []string{`shoes" OR "dessert`}}, ""},
		{"operators are words", WordQuery{Terms: []string{"NEAR", "AND", "NOT", "OR"}}, ""},
		{"column syntax is text", WordQuery{Terms: []string{"name:img", "{a} : (b)", "-x", "^y", "a+b", "(", "x*"}}, ""},
		{"bytes that are no text", WordQuery{Terms: []string{"sho\xffes"}}, ""},
		{"very long", WordQuery{Terms: strings.Fields(strings.Repeat("word ", 5000))}, ""},
	} {
		hits, err := l.MatchWords(ctx, c.q)
		noError(t, err)
		var got []string
		for _, h := range hits {
			name := map[library.PhotoID]string{a: "a", b: "b"}[h.Photo]
			got = append(got, name+" "+strings.Join(h.Columns, " "))
			if h.Rank <= 0 {
				t.Errorf("%s: rank %g", c.name, h.Rank)
			}
		}
		same(t, c.name, strings.Join(got, ", "), c.want)
	}
	if _, err := l.MatchWords(ctx, WordQuery{Terms: []string{"x"}, Columns: []string{"name) : (y"}}); err == nil {
		t.Error("a column that is none")
	}
}
