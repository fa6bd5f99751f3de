package search_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"descry/assets"
	"descry/library"
	"descry/library/calib"
	"descry/library/language"
	"descry/library/search"
	"descry/library/store"
	"descry/library/vectors"
)

// axes are the words that the encoder of these tests knows; each has a direction of its
// own, and all other words share the last one.
var axes = []string{"dog", "cat", "beach", "snow", "people", "car", "tree"}

const dim = 8

// wordVector points to all known words of a text alike.
func wordVector(text string) []float32 {
	v := make([]float32, dim)
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		if i := slices.Index(axes, w); i >= 0 {
			v[i]++
		}
	}
	var n float64
	for _, x := range v {
		n += float64(x * x)
	}
	if n == 0 {
		v[dim-1], n = 1, 1
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(n))
	}
	return v
}

// fakeText encodes by wordVector and counts.
type fakeText struct {
	calls atomic.Int64
	err   error
}

func (f *fakeText) EncodeText(_ context.Context, text string) ([]float32, error) {
	f.calls.Add(1)
	return wordVector(text), f.err
}
func (f *fakeText) Space() string       { return "space" }
func (f *fakeText) Texts() string       { return "" }
func (f *fakeText) LogitScale() float64 { return 20 }

// shelf is a library on disk with made-up vectors.
type shelf struct {
	t     *testing.T
	store *store.Store
	space library.Space
	text  *fakeText
	ids   map[string]library.PhotoID // by file name
}

// photo is what newShelf makes a photo of.
type photo struct {
	name     string // may begin with a folder
	shows    string // known words; "": it has no vector
	keywords []string
	taken    int              // year
	meta     library.Metadata // what else the file says; Taken counts before taken
	palette  []library.Swatch
}

func newShelf(t *testing.T, photos ...photo) *shelf {
	t.Helper()
	ctx := t.Context()
	st, err := store.Open(ctx, t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	s := &shelf{t: t, store: st, text: &fakeText{}, ids: map[string]library.PhotoID{}}
	s.must(err)
	s.space, err = st.EnsureSpace(ctx, s.text.Space(), "test", dim)
	s.must(err)
	s.calibrate(true)
	if len(photos) == 0 {
		return s
	}
	root, err := st.AddRoot(ctx, "/pictures", "")
	s.must(err)
	var changes []store.ScanChange
	for i, p := range photos {
		dir, name := filepath.Split(p.name)
		changes = append(changes, store.ScanChange{
			Kind: store.Found, Dir: strings.TrimSuffix(dir, "/"), Name: name, Stat: library.Stat{Size: 1, ModTime: int64(i) * 1e9},
		})
	}
	s.must(st.ApplyScan(ctx, root.ID, changes))
	pending, err := st.Pending(ctx, 0, len(photos), store.Cursor{})
	s.must(err)
	var batch []store.IndexedFile
	for _, f := range pending {
		i := slices.IndexFunc(photos, func(p photo) bool { return p.name == f.File.Rel() })
		meta := photos[i].meta
		meta.Format, meta.Orientation, meta.Keywords = cmp.Or(meta.Format, "jpeg"), 1, photos[i].keywords
		meta.Width, meta.Height = cmp.Or(meta.Width, 1), cmp.Or(meta.Height, 1)
		item := store.IndexedFile{
			File: f.File.ID, Stat: f.File.Stat, Content: library.Content{Scheme: "file", Digest: sha256.Sum256([]byte(f.File.Rel()))},
			Metadata: meta, Provider: "cpu",
			Measures: &library.Measures{Width: meta.Width, Height: meta.Height, Palette: photos[i].palette},
		}
		if y := photos[i].taken; y > 0 {
			item.Metadata.Taken = time.Date(y, 6, 1, 12, 0, 0, 0, time.UTC)
		}
		if photos[i].shows != "" {
			item.Space, item.Vector = s.space.ID, wordVector(photos[i].shows)
		}
		batch = append(batch, item)
	}
	s.must(st.CommitBatch(ctx, batch))
	all, err := st.Photos(ctx, store.ListFilter{})
	s.must(err)
	cards, err := st.Cards(ctx, all)
	s.must(err)
	for _, c := range cards {
		rel, err := filepath.Rel("/pictures", c.Path)
		s.must(err)
		s.ids[rel] = c.Photo
	}
	return s
}

func (s *shelf) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// calibrate stores a fit in which a cosine of 0.5 is even.
func (s *shelf) calibrate(fitted bool) {
	s.t.Helper()
	for _, kind := range []string{calib.Text, calib.Image} {
		params, err := calib.Fit{Slope: 12, Offset: -6, Spread: 1, Fitted: fitted}.Params()
		s.must(err)
		s.must(s.store.PutCalibration(s.t.Context(), s.space.ID, kind, store.Calibration{Params: params}))
	}
}

func (s *shelf) searcher(change ...func(*search.Params)) *search.Searcher {
	s.t.Helper()
	index, err := vectors.Open(s.t.Context(), vectors.Params{Source: s.store, Space: s.space})
	s.must(err)
	p := search.Params{Store: s.store, Index: index, Text: s.text, Background: []string{"thing"}, Languages: []string{"en"}, Tongues: tongues}
	for _, f := range change {
		f(&p)
	}
	return search.New(p)
}

// tongues tells languages apart.
var tongues = sync.OnceValue(func() *language.Set {
	english, err := language.ReadLexicon(assets.English())
	if err != nil {
		panic(err)
	}
	set, err := language.Read(assets.Languages(), english)
	if err != nil {
		panic(err)
	}
	return set
})

func wordsOnly(p *search.Params) { p.Index, p.Text = nil, nil }

// names of the hits, with "|" where the likely ones end.
func (s *shelf) names(r search.Result) string {
	byID := map[library.PhotoID]string{}
	for n, id := range s.ids {
		byID[id] = n
	}
	var out []string
	for i, h := range r.Hits {
		if i == r.Matched {
			out = append(out, "|")
		}
		out = append(out, byID[h.Photo])
	}
	return strings.Join(out, " ")
}

func (s *shelf) search(se *search.Searcher, req search.Request) search.Result {
	s.t.Helper()
	r, err := se.Search(s.t.Context(), req)
	s.must(err)
	return r
}

var pets = []photo{
	{name: "a.jpg", shows: "dog", taken: 2019},
	{name: "b.jpg", shows: "dog beach", taken: 2020},
	{name: "c.jpg", shows: "cat", taken: 2021},
	{name: "d.jpg", shows: "beach people", taken: 2021},
	{name: "e.png", shows: "car"},
	{name: "trips/snow/dog.jpg", shows: "snow"},
	{name: "trips/f.jpg", shows: "tree", keywords: []string{"cat"}},
	{name: "g.jpg"},
}

func TestSearch(t *testing.T) {
	s := newShelf(t, pets...)
	ctx := t.Context()
	s.must(s.store.SyncBuiltinSets(ctx, []store.LabelSet{
		{Name: "animals", Title: "Animals", Settings: []byte("{}"), Labels: []store.Label{{Name: "dog", Definition: []byte("{}")}}},
	}))
	label, err := s.store.LabelID(ctx, "animals", "dog")
	s.must(err)
	_, _, err = s.store.SetTags(ctx, []library.PhotoID{s.ids["g.jpg"]}, label, library.Confirmed)
	s.must(err)
	_, err = s.store.SetFavourite(ctx, []library.PhotoID{s.ids["c.jpg"]}, true)
	s.must(err)
	se := s.searcher()
	for _, c := range []struct {
		query, want string
	}{
		// By meaning, with what the words alone say (file name, tag) fused in.
		{"dog", "trips/snow/dog.jpg a.jpg g.jpg b.jpg |"},
		{"people", "d.jpg |"},
		{"car", "e.png |"},
		{"cat", "trips/f.jpg c.jpg |"},
		{"elephant", ""},
		// Exclusion is a test on the photo, by meaning and by words.
		{"beach", "d.jpg b.jpg |"}, // alike: by id; the newest was looked at first,
		{"beach -people", "b.jpg |"},
		{"beach without people", "b.jpg |"},
		{"tree -cat", ""},
		// Conditions alone are certain; beside a description they choose what it ranks.
		{"tag:dog", "g.jpg |"},
		{"tag:animals/dog", "g.jpg |"},
		{`"dog.jpg"`, "trips/snow/dog.jpg |"},
		{"is:favourite", "c.jpg |"},
		{"ext:png", "e.png |"},
		{"file:dog", "trips/snow/dog.jpg |"},
		{"in:trips", "trips/f.jpg trips/snow/dog.jpg |"},
		{"in:snow", "trips/snow/dog.jpg |"},
		{"year:2021", "c.jpg d.jpg |"},
		{"year:2019..2020", "b.jpg a.jpg |"},
		{"beach year:2020", "b.jpg |"},
		{"cat -is:favourite", "trips/f.jpg |"},
		{"year:2021 -is:favourite", "d.jpg |"},
		{"car is:favourite", ""},
	} {
		r := s.search(se, search.Request{Text: c.query})
		if got := s.names(r); strings.TrimSuffix(got, " |") != strings.TrimSuffix(c.want, " |") {
			t.Errorf("%q: %s, want %s", c.query, got, c.want)
		}
		if !r.Calibrated && strings.HasPrefix(c.query, "beach") {
			t.Errorf("%q is not calibrated", c.query)
		}
	}

	t.Run("the rest comes behind the likely ones", func(t *testing.T) {
		r := s.search(se, search.Request{Text: "beach", All: true})
		if !strings.HasPrefix(s.names(r), "d.jpg b.jpg | ") || r.Total != 7 || len(r.Hits) != 7 {
			t.Errorf("%s (%d)", s.names(r), r.Total)
		}
	})
	t.Run("pages", func(t *testing.T) {
		whole := s.names(s.search(se, search.Request{Text: "beach", All: true}))
		var parts []string
		for at := 0; at < 9; at += 2 {
			r := s.search(se, search.Request{Text: "beach", All: true, Limit: 2, Offset: at})
			if r.Matched != 2 || r.Total != 7 {
				t.Errorf("page at %d: %d likely of %d", at, r.Matched, r.Total)
			}
			parts = append(parts, strings.Fields(strings.ReplaceAll(s.names(r), "|", ""))...)
		}
		if got := strings.Join(parts, " "); got != strings.ReplaceAll(whole, "| ", "") {
			t.Errorf("%s, want %s", got, whole)
		}
	})
	t.Run("within", func(t *testing.T) {
		r := s.search(se, search.Request{Text: "dog", All: true, Within: []library.PhotoID{s.ids["a.jpg"], s.ids["c.jpg"]}})
		if got := s.names(r); got != "a.jpg | c.jpg" {
			t.Error(got)
		}
		if r := s.search(se, search.Request{Text: "dog", All: true, Within: []library.PhotoID{}}); len(r.Hits) != 0 {
			t.Error(s.names(r))
		}
	})
	t.Run("why", func(t *testing.T) {
		r := s.search(se, search.Request{Text: "dog", All: true})
		i := slices.IndexFunc(r.Hits, func(h search.Hit) bool { return h.Photo == s.ids["trips/snow/dog.jpg"] })
		kinds := map[string]string{}
		for _, w := range r.Hits[i].Why {
			kinds[w.Kind] = w.Where
		}
		if kinds["words"] != "file name" {
			t.Errorf("reasons %+v", r.Hits[i].Why)
		}
		if _, ok := kinds["looks like"]; !ok {
			t.Errorf("reasons %+v", r.Hits[i].Why)
		}
	})
	t.Run("a picture", func(t *testing.T) {
		r, err := se.Similar(ctx, wordVector("cat"), search.Request{})
		s.must(err)
		if got := s.names(r); got != "c.jpg" || !r.Calibrated || len(r.Problems) > 0 {
			t.Errorf("%s, %+v", got, r)
		}
		if r, err = se.Similar(ctx, wordVector("dog"), search.Request{Text: "beach", All: true, Limit: 1}); err != nil || s.names(r) != "b.jpg" {
			t.Errorf("picture and words: %s, %v", s.names(r), err)
		}
		if _, err = se.Similar(ctx, nil, search.Request{}); err == nil {
			t.Error("no picture is no error")
		}
	})
	t.Run("what a filter names and nobody has", func(t *testing.T) {
		for query, sentence := range map[string]string{
			"beach tag:dgo":    "There is no tag “dgo”; did you mean “dog”?",
			"beach in:tripps":  "There is no folder “tripps”; did you mean “trips”?",
			"beach in:nowhere": "There is no folder “nowhere”; this part of the query was passed over.",
		} {
			r := s.search(se, search.Request{Text: query})
			if len(r.Problems) != 1 || r.Problems[0].Sentence != sentence || r.Matched != 2 {
				t.Errorf("%q: %v, %d likely", query, r.Problems, r.Matched)
			}
		}
	})
	t.Run("nothing but what nobody has", func(t *testing.T) {
		if r := s.search(se, search.Request{Text: "tag:dgo in:nowhere", All: true}); len(r.Hits) > 0 || len(r.Problems) != 2 {
			t.Errorf("%d hits, problems %v", len(r.Hits), r.Problems)
		}
	})
	t.Run("interpretation", func(t *testing.T) {
		r := s.search(se, search.Request{Text: `beach -people year:2020 -"IMG"`})
		const want = "Photos that look like “beach” or have these words, fit year:2020, do not have the exact words “IMG” and do not show “people”"
		if r.Interpretation != want {
			t.Errorf("%s\nwant %s", r.Interpretation, want)
		}
		if got := strings.Join(r.Chips, "; "); got != `beach; -people; -"IMG"; year:2020` {
			t.Error(got)
		}
	})
}

func TestTextIsEncodedOnce(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher()
	s.search(se, search.Request{Text: "dog"})
	before := s.text.calls.Load()
	s.search(se, search.Request{Text: "dog"})
	if n := s.text.calls.Load() - before; n != 0 {
		t.Errorf("the repeated query was encoded %d times", n)
	}
}

func TestSearchSaysWhatItCannotDo(t *testing.T) {
	s := newShelf(t, pets...)
	notes := func(r search.Result) string { return strings.Join(r.Notes, " ") }
	t.Run("no model", func(t *testing.T) {
		r := s.search(s.searcher(wordsOnly), search.Request{Text: "my cat picture", All: true})
		if got := s.names(r); got != "trips/f.jpg" || !strings.Contains(notes(r), "No model is in use") || r.Calibrated {
			t.Errorf("%s; %s", got, notes(r))
		}
		r = s.search(s.searcher(wordsOnly), search.Request{Text: "dog cat", All: true})
		if len(r.Hits) != 2 || r.Matched != 0 {
			t.Errorf("any of the words: %s", s.names(r))
		}
	})
	t.Run("another script", func(t *testing.T) {
		r := s.search(s.searcher(), search.Request{Text: "собака на снегу", All: true})
		if !strings.Contains(notes(r), "does not know Russian: “собака на снегу” was read as dog, snow") {
			t.Errorf("%s; %s", s.names(r), notes(r))
		}
		r = s.search(s.searcher(func(p *search.Params) { p.Languages = []string{"multilingual"} }), search.Request{Text: "собака", All: true})
		if len(r.Hits) != 7 {
			t.Errorf("a multilingual model: %s", s.names(r))
		}
	})
	t.Run("nothing likely", func(t *testing.T) {
		if r := s.search(s.searcher(), search.Request{Text: "zebra"}); r.Matched != 0 || len(r.Hits) != 0 || notes(r) != "" {
			t.Errorf("%d likely, %d hits, notes %q", r.Matched, len(r.Hits), notes(r))
		}
	})
	t.Run("uncalibrated", func(t *testing.T) {
		s.calibrate(false)
		defer s.calibrate(true)
		r := s.search(s.searcher(), search.Request{Text: "dog"})
		if r.Calibrated || !strings.Contains(notes(r), "uncalibrated") || r.Matched == 0 {
			t.Errorf("%s; %s", s.names(r), notes(r))
		}
	})
	t.Run("nothing asked", func(t *testing.T) {
		for _, q := range []string{"", "  ", "🦒", "-", `""`} {
			r := s.search(s.searcher(), search.Request{Text: q, All: true})
			if len(r.Hits) != 0 || len(r.Problems) != 1 {
				t.Errorf("%q: %d hits, %v", q, len(r.Hits), r.Problems)
			}
		}
	})
	t.Run("a query of 5,000 words", func(t *testing.T) {
		r := s.search(s.searcher(), search.Request{Text: strings.Repeat("dog ", 5000)})
		if len(r.Problems) != 1 || r.Matched == 0 {
			t.Errorf("%v; %s", r.Problems, s.names(r))
		}
	})
	t.Run("a failing model", func(t *testing.T) {
		s.text.err = errors.New("the model broke")
		defer func() { s.text.err = nil }()
		if _, err := s.searcher().Search(t.Context(), search.Request{Text: "tree"}); err == nil || !strings.Contains(err.Error(), "the model broke") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.searcher().Search(ctx, search.Request{Text: "car"}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestSmallAndEmptyLibraries(t *testing.T) {
	empty := newShelf(t)
	for _, q := range []string{"dog", `"dog"`, "is:favourite", "-dog", "year:2020"} {
		for _, se := range []*search.Searcher{empty.searcher(), empty.searcher(wordsOnly)} {
			r := empty.search(se, search.Request{Text: q, All: true})
			if len(r.Hits) != 0 || len(r.Notes) == 0 {
				t.Errorf("%q on nothing: %d hits, notes %q", q, len(r.Hits), r.Notes)
			}
		}
	}
	one := newShelf(t, photo{name: "a.jpg", shows: "dog"})
	if r := one.search(one.searcher(), search.Request{Text: "dog"}); one.names(r) != "a.jpg" {
		t.Error(one.names(r))
	}
	if r := one.search(one.searcher(), search.Request{Text: "cat"}); r.Matched != 0 {
		t.Error(one.names(r))
	}
}

func TestEqualPhotosKeepTheirOrder(t *testing.T) {
	var photos []photo
	for _, n := range strings.Fields("p q r s t u v w x y z") {
		photos = append(photos, photo{name: n + ".jpg", shows: "dog"})
	}
	s := newShelf(t, photos...)
	first := s.search(s.searcher(), search.Request{Text: "dog"})
	for i := 1; i < len(first.Hits); i++ {
		if first.Hits[i].Photo <= first.Hits[i-1].Photo {
			t.Fatal("equal photos do not come by id")
		}
	}
}

// TestHubsAndWhatIsExcludedComeLater compares two photos that are likely both.
func TestHubsAndWhatIsExcludedComeLater(t *testing.T) {
	background := func(phrase string) func(*search.Params) {
		return func(p *search.Params) { p.Background = []string{phrase} }
	}
	for _, c := range []struct {
		name        string
		first, next string // what the photos show
		phrase      string // of the background
		query, want string
	}{
		{"closer", "dog dog dog people", "dog dog dog dog cat cat", "thing", "dog", "a.jpg b.jpg"},
		{"some of what is excluded", "dog dog dog people", "dog dog dog dog cat cat", "thing", "dog -people", "b.jpg a.jpg"},
		{"near to any words", "dog dog dog dog tree", "dog dog dog cat", "tree", "dog", "b.jpg a.jpg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf(t, photo{name: "a.jpg", shows: c.first}, photo{name: "b.jpg", shows: c.next})
			if got := s.names(s.search(s.searcher(background(c.phrase)), search.Request{Text: c.query})); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestDeepPagesAgreeWithTheWhole asks for pages past the photos that are always ranked, in
// a library where words bring up photos from far below.
func TestDeepPagesAgreeWithTheWhole(t *testing.T) {
	var photos []photo
	for i := range 1300 {
		p := photo{name: fmt.Sprintf("%04d.jpg", i), shows: []string{"dog", "dog beach", "dog beach cat", "tree", "snow tree"}[i%5]}
		if i%97 == 3 {
			p.name = fmt.Sprintf("dog %04d.jpg", i)
		}
		photos = append(photos, p)
	}
	s := newShelf(t, photos...)
	se := s.searcher()
	whole := s.search(se, search.Request{Text: "dog", All: true})
	if len(whole.Hits) != len(photos) || whole.Total != len(photos) {
		t.Fatalf("%d hits of %d", len(whole.Hits), whole.Total)
	}
	for at := 0; at < len(photos); at += 100 {
		r := s.search(se, search.Request{Text: "dog", All: true, Limit: 100, Offset: at})
		if r.Total != whole.Total || r.Matched != whole.Matched {
			t.Errorf("page at %d: %d likely of %d, want %d of %d", at, r.Matched, r.Total, whole.Matched, whole.Total)
		}
		for i, h := range r.Hits {
			if h.Photo != whole.Hits[at+i].Photo {
				t.Fatalf("place %d is photo %d on a page, %d in the whole", at+i, h.Photo, whole.Hits[at+i].Photo)
			}
		}
	}
}

// More photos have the words than are ranked: all of them count, and each is on one page.
func TestWordsOfVeryManyPhotos(t *testing.T) {
	var many []photo
	for i := range 1200 {
		p := photo{name: fmt.Sprintf("%04d.jpg", i), keywords: []string{"beach"}}
		if i%3 == 0 {
			p.shows = []string{"beach", "dog", "cat beach"}[i/3%3]
		}
		many = append(many, p)
	}
	many = append(many, photo{name: "other.jpg", shows: "car"}, photo{name: "seen.jpg", shows: "beach"})
	s := newShelf(t, many...)
	for name, se := range map[string]*search.Searcher{"model": s.searcher(), "words only": s.searcher(wordsOnly)} {
		t.Run(name, func(t *testing.T) {
			want := 1200
			if name == "model" {
				want++ // seen.jpg
			}
			seen := map[library.PhotoID]bool{}
			for offset := 0; offset < want; offset += 100 {
				r := s.search(se, search.Request{Text: "beach", Limit: 100, Offset: offset})
				if r.Matched != want || r.Total != want {
					t.Fatalf("%d of %d are likely, want %d", r.Matched, r.Total, want)
				}
				for _, h := range r.Hits {
					if seen[h.Photo] || !h.Likely {
						t.Fatalf("photo %d: twice %v, likely %v", h.Photo, seen[h.Photo], h.Likely)
					}
					seen[h.Photo] = true
				}
			}
			if len(seen) != want {
				t.Errorf("%d photos on all pages, want %d", len(seen), want)
			}
			if r := s.search(se, search.Request{Text: "beach", All: true}); name == "model" && r.Total != len(many) {
				t.Errorf("%d in all, want %d", r.Total, len(many))
			}
		})
	}
}
