package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/assets"
	"descry/library"
	"descry/library/places"
	"descry/library/search"
	"descry/library/store"
)

// now is a Tuesday.
var now = time.Date(2026, 11, 24, 15, 30, 0, 0, time.UTC)

func at(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 0, 0, 0, time.UTC) }

// kit has something for every filter.
var kit = []photo{
	{name: "Holiday 2019/a.jpg", shows: "dog beach", meta: library.Metadata{
		Taken: at(2019, 7, 13, 19), Make: "Canon", Model: "EOS 80D", Lens: "EF 35mm f/2", ISO: 1600, FNumber: 2.8, Focal: 35, Width: 6000, Height: 4000,
		GPS: &library.GPS{Lat: 38.72, Lon: -9.14}, Title: "By the sea", Rating: 4, Description: "waves",
	}, palette: []library.Swatch{{Colour: 0x2060d0, Share: 200}, {Colour: 0xf0f0f0, Share: 50}}},
	{name: "b.png", shows: "cat", meta: library.Metadata{Taken: at(2021, 12, 25, 8), Format: "png", Width: 1920, Height: 1080}},
	{name: "Screenshot_2020.png", shows: "tree", meta: library.Metadata{Format: "png", Width: 900, Height: 800, Taken: at(2020, 1, 1, 12)}},
	{name: "pano.jpg", shows: "beach snow", meta: library.Metadata{
		Taken: at(2026, 1, 15, 23), Make: "NIKON", Model: "D750", ISO: 200, FNumber: 8, Focal: 20, Width: 9000, Height: 3000,
		GPS: &library.GPS{Lat: -33.86, Lon: 151.21},
	}, palette: []library.Swatch{{Colour: 0xd02020, Share: 255}}},
	{name: "film.mp4", shows: "people", meta: library.Metadata{Format: "mp4", Width: 1080, Height: 1920, Duration: time.Second, Taken: at(2026, 11, 23, 10)}},
	{name: "raw.nef", shows: "car", meta: library.Metadata{Format: "nef", Width: 4000, Height: 4000, Taken: at(2026, 7, 4, 13), Make: "NIKON", Model: "D750"}, keywords: []string{"race"}},
}

// kitShelf is a library of kit with tags, an album and a smart one.
func kitShelf(t *testing.T) *shelf {
	t.Helper()
	s := newShelf(t, kit...)
	ctx := t.Context()
	s.must(s.store.SyncBuiltinSets(ctx, []store.LabelSet{
		{Name: "animals", Title: "Animals", Settings: []byte("{}"), Labels: []store.Label{
			{Name: "dog", Definition: []byte("{}")}, {Name: "cat", Definition: []byte("{}")},
		}},
		{Name: "places", Title: "Scenes", Settings: []byte("{}"), Labels: []store.Label{{Name: "work", Definition: []byte("{}")}}},
	}))
	for _, tag := range []struct{ set, label, photo string }{
		{"animals", "dog", "Holiday 2019/a.jpg"}, {"animals", "cat", "b.png"}, {"places", "work", "Screenshot_2020.png"},
	} {
		label, err := s.store.LabelID(ctx, tag.set, tag.label)
		s.must(err)
		_, _, err = s.store.SetTags(ctx, []library.PhotoID{s.ids[tag.photo]}, label, library.Confirmed)
		s.must(err)
	}
	_, err := s.store.SetFavourite(ctx, []library.PhotoID{s.ids["pano.jpg"]}, true)
	s.must(err)
	_, err = s.store.SetAlt(ctx, s.ids["raw.nef"], library.AltText{Text: "A car on a track.", Lang: "en", State: library.AltEdited})
	s.must(err)
	album, _, err := s.store.PutAlbum(ctx, store.Album{Name: "Summer house"})
	s.must(err)
	_, err = s.store.SetAlbumPhotos(ctx, album, []library.PhotoID{s.ids["raw.nef"]}, true)
	s.must(err)
	_, _, err = s.store.PutAlbum(ctx, store.Album{Name: "Pets", Query: "tag:dog or cat"})
	s.must(err)
	_, _, err = s.store.PutAlbum(ctx, store.Album{Name: "Loop", Query: "album:loop or tag:dog"})
	s.must(err)
	return s
}

// withPlaces gives a searcher the gazetteer and a picture file.
func withPlaces(t testing.TB) func(*search.Params) {
	t.Helper()
	list, err := places.Read(assets.Places())
	if err != nil {
		t.Fatal(err)
	}
	return func(p *search.Params) {
		p.Places = list
		p.Picture = func(_ context.Context, path string) ([]float32, error) {
			if path != "/elsewhere/cat.jpg" {
				return nil, fmt.Errorf("the picture %s: %w", path, library.ErrNotFound)
			}
			return wordVector("cat"), nil
		}
	}
}

func TestFilters(t *testing.T) {
	s := kitShelf(t)
	se := s.searcher(withPlaces(t))
	const all = "film.mp4 raw.nef pano.jpg b.png Screenshot_2020.png Holiday 2019/a.jpg"
	for _, c := range []struct{ query, want string }{
		{"tag:dog,cat", "b.png Holiday 2019/a.jpg"},
		{"-tag:dog,cat", "film.mp4 raw.nef pano.jpg Screenshot_2020.png"},
		{"set:animals", "b.png Holiday 2019/a.jpg"},
		{"set:scenes", "Screenshot_2020.png"},
		{`album:"summer house"`, "raw.nef"},
		{"album:pets", "b.png Holiday 2019/a.jpg"},
		{"album:loop", "Holiday 2019/a.jpg"},
		{"rating:4", "Holiday 2019/a.jpg"},
		{"rating:1..3", ""},
		{"rating:0 type:video", "film.mp4"},
		{"is:favourite", "pano.jpg"},
		{"is:untagged -is:unreviewed", "raw.nef"},
		{"is:unreviewed", "film.mp4 pano.jpg"},
		{"is:stack", ""},
		{"is:offline", ""},
		{"is:missing", ""},
		{"-is:offline -is:missing", all},
		{"has:gps", "pano.jpg Holiday 2019/a.jpg"},
		{"has:alt", "raw.nef"},
		{"has:tags", "b.png Screenshot_2020.png Holiday 2019/a.jpg"},
		{"has:description", "Holiday 2019/a.jpg"},
		{"has:keywords", "raw.nef"},
		{"has:duplicates", ""},
		{`in:"holiday 2019"`, "Holiday 2019/a.jpg"},
		{"file:screen", "Screenshot_2020.png"},
		{"file:*.?p*", "film.mp4 pano.jpg Holiday 2019/a.jpg"},
		{"ext:png,nef", "raw.nef b.png Screenshot_2020.png"},
		{"type:photo", "raw.nef Holiday 2019/a.jpg"},
		{"type:video", "film.mp4"},
		{"type:raw", "raw.nef"},
		{"type:screenshot", "b.png Screenshot_2020.png"},
		{"type:panorama", "pano.jpg"},
		{"type:motion", ""},
		{"year:2019,2021", "b.png Holiday 2019/a.jpg"},
		{"year:>2021", "film.mp4 raw.nef pano.jpg"},
		{"year:..2019", "Holiday 2019/a.jpg"},
		{"month:july", "raw.nef Holiday 2019/a.jpg"},
		{"month:11..12", "film.mp4 b.png"},
		{"date:yesterday", "film.mp4"},
		{`date:"christmas 2021"`, "b.png"},
		{"before:2020", "Holiday 2019/a.jpg"},
		{"after:2026-07", "film.mp4"},
		// Sydney's summer is in January.
		{"last summer", "raw.nef pano.jpg"},
		{"-date:\"last summer\" year:2026", "film.mp4"},
		{"time:morning", "film.mp4 b.png"},
		{"time:night", "pano.jpg"},
		{"time:19", "Holiday 2019/a.jpg"},
		{"time:22..2", "pano.jpg"},
		{"weekday:weekend", "raw.nef b.png Holiday 2019/a.jpg"},
		{"weekday:mon", "film.mp4"},
		{"near:38.7,-9.1,10", "Holiday 2019/a.jpg"},
		{"near:lisbon", "Holiday 2019/a.jpg"},
		{"near:38.7,-9.1,1", ""},
		{"place:portugal", "Holiday 2019/a.jpg"},
		{"place:sydney,portugal", "pano.jpg Holiday 2019/a.jpg"},
		{"has:gps -place:australia", "Holiday 2019/a.jpg"},
		{`camera:"canon eos"`, "Holiday 2019/a.jpg"},
		{"camera:nikon", "raw.nef pano.jpg"},
		{"lens:35mm", "Holiday 2019/a.jpg"},
		{"iso:800..", "Holiday 2019/a.jpg"},
		{"-iso:800..", "film.mp4 raw.nef pano.jpg b.png Screenshot_2020.png"},
		{"f:2.8", "Holiday 2019/a.jpg"},
		{"f:>4", "pano.jpg"},
		{"focal:18..24", "pano.jpg"},
		{"mp:24", "Holiday 2019/a.jpg"},
		{"mp:>20", "pano.jpg Holiday 2019/a.jpg"},
		{"width:9000", "pano.jpg"},
		{"height:<1000", "Screenshot_2020.png"},
		{"orientation:portrait", "film.mp4"},
		{"orientation:square", "raw.nef"},
		{"colour:blue", "Holiday 2019/a.jpg"},
		{"colour:red,white", "pano.jpg Holiday 2019/a.jpg"},
		{"colour:#d11f22", "pano.jpg"},
		{`"race"`, "raw.nef"},
		{`-"race" type:photo`, "Holiday 2019/a.jpg"},
		{"tag:dog or (type:video year:2026)", "film.mp4 Holiday 2019/a.jpg"},
		{"-(tag:dog or camera:nikon) -type:screenshot", "film.mp4"},
		{"-(camera:nikon iso:200) camera:nikon", "raw.nef"},
	} {
		r := s.search(se, search.Request{Text: c.query, Now: now})
		if got := strings.TrimSuffix(s.names(r), " |"); got != c.want {
			t.Errorf("%q: %s, want %s", c.query, got, c.want)
		}
		if len(r.Problems) > 0 && c.query != "album:loop" {
			t.Errorf("%q: %v", c.query, r.Problems)
		}
	}
}

func TestOrBracketsAndWeights(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher(withPlaces(t))
	// The likely ones, in any order.
	for _, c := range []struct{ query, want string }{
		{"car or tree", "e.png trips/f.jpg"},
		{"(car or tree) year:2021", ""},
		{"car or year:2021", "c.jpg d.jpg e.png"},
		{"(beach -people) or car", "b.jpg e.png"},
		{"beach -(people or dog)", ""},
		{"beach -(people, dog)", "b.jpg d.jpg"},
		{"dog, beach", "b.jpg"},
		{"dog, 0.3*beach -file:dog -is:tagged", "a.jpg b.jpg"},
		{"beach, -1*people", "b.jpg d.jpg"},
		{"similar:c.jpg", "c.jpg"},
		{"similar:/elsewhere/cat.jpg", "c.jpg"},
		{"similar:c.jpg,e.png", "c.jpg e.png"},
		{"similar:b.jpg -people", "a.jpg b.jpg"},
		{"similar:d.jpg, beach", "d.jpg"},
		{"beach -similar:d.jpg", "b.jpg"},
	} {
		r := s.search(se, search.Request{Text: c.query, Now: now})
		got := strings.Fields(strings.TrimSuffix(s.names(r), "|"))
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %s, want %s", c.query, strings.Join(got, " "), c.want)
		}
		if len(r.Problems) > 0 {
			t.Errorf("%q: %v", c.query, r.Problems)
		}
	}
	t.Run("weights order", func(t *testing.T) {
		for query, first := range map[string]string{
			"beach, 0.5*people": "d.jpg", "beach, 0.5*dog": "b.jpg", "beach, -0.5*people": "b.jpg", "beach, -0.5*dog": "d.jpg",
		} {
			r := s.search(se, search.Request{Text: query})
			if len(r.Hits) == 0 || r.Hits[0].Photo != s.ids[first] {
				t.Errorf("%q: %s", query, s.names(r))
			}
		}
	})
	t.Run("words of negation are never encoded", func(t *testing.T) {
		rec := &recorder{}
		se := s.searcher(func(p *search.Params) { p.Text = rec })
		for _, q := range []string{
			"beach without people", "no cat", "not (dog or car)", "-people not tag:x tree", "dog and not cat", "-not dog", "snow without any people or dogs at night",
		} {
			s.search(se, search.Request{Text: q})
		}
		for _, text := range rec.texts {
			for w := range strings.FieldsSeq(strings.ToLower(text)) {
				if slices.Contains([]string{"not", "no", "without"}, w) {
					t.Errorf("%q was encoded", text)
				}
			}
		}
	})
	t.Run("pages", func(t *testing.T) {
		whole := s.search(se, search.Request{Text: "dog or beach or is:tagged", All: true})
		var ids []library.PhotoID
		for k := range 5 {
			r := s.search(se, search.Request{Text: "dog or beach or is:tagged", All: true, Limit: 2, Offset: 2 * k})
			if r.Total != whole.Total || r.Matched != whole.Matched {
				t.Errorf("page %d: %d of %d, want %d of %d", k, r.Matched, r.Total, whole.Matched, whole.Total)
			}
			for _, h := range r.Hits {
				ids = append(ids, h.Photo)
			}
		}
		for k, h := range whole.Hits {
			if k < len(ids) && ids[k] != h.Photo {
				t.Errorf("place %d differs on its page", k)
			}
		}
	})
	t.Run("too many alternatives", func(t *testing.T) {
		r := s.search(se, search.Request{Text: "(a or b) (c or d) (e or f) (g or h) (i or j) (dog or k)"})
		if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Sentence, "more than 16 alternatives") {
			t.Error(r.Problems)
		}
	})
	t.Run("interpretation", func(t *testing.T) {
		r := s.search(se, search.Request{Text: "(dog or car) last week -0.5*snow", Now: now})
		const want = "Photos that look as little as can be like “snow” (weight -0.5), look like “dog” or have these words and fit date:\"last week\" (2026-11-16 to 2026-11-22); or that " +
			"look as little as can be like “snow” (weight -0.5), look like “car” or have these words and fit date:\"last week\" (2026-11-16 to 2026-11-22)"
		if r.Interpretation != want {
			t.Errorf("%s\nwant %s", r.Interpretation, want)
		}
	})
}

// recorder notes what is encoded.
type recorder struct {
	fakeText
	mu    sync.Mutex
	texts []string
}

func (r *recorder) EncodeText(ctx context.Context, text string) ([]float32, error) {
	if text != "thing" { // the background
		r.mu.Lock()
		r.texts = append(r.texts, text)
		r.mu.Unlock()
	}
	return r.fakeText.EncodeText(ctx, text)
}

func TestMistakesNeverEmptyTheAnswer(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher(withPlaces(t))
	for _, c := range []struct{ query, sentence string }{
		{"car teg:dog", "did you mean “tag:”?"},
		{"car place:frannce", "There is no place “frannce”; did you mean “france”?"},
		{"car near:wxyzwxyz", "There is no place “wxyzwxyz”; this part of the query was passed over."},
		{"car album:none", "There is no album “none”"},
		{"car set:animls", "There is no label set “animls”"},
		{"car similar:nowhere.jpg", "There is no picture “nowhere.jpg”"},
		{"car -tag:nobody", "There is no tag “nobody”"},
		{"car (tag:nobody or in:nowhere)", "There is no folder “nowhere”"},
		{"car date:2019-13", "There is no such month"},
		{"car )", "closes nothing"},
	} {
		r := s.search(se, search.Request{Text: c.query, Now: now})
		if !slices.ContainsFunc(r.Hits, func(h search.Hit) bool { return h.Photo == s.ids["e.png"] }) {
			t.Errorf("%q: %s", c.query, s.names(r))
		}
		found := false
		for _, p := range r.Problems {
			found = found || strings.Contains(strings.ToLower(p.Sentence), strings.ToLower(c.sentence))
			if p.Start < 0 || p.End > len(c.query) || p.Start >= p.End {
				t.Errorf("%q: marked %d to %d", c.query, p.Start, p.End)
			}
		}
		if !found {
			t.Errorf("%q: %v, want %s", c.query, r.Problems, c.sentence)
		}
	}
}
