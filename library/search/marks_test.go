package search_test

import (
	"slices"
	"strings"
	"testing"

	"descry/library/search"
)

func TestMarksSayWhatIsMeant(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher(withPlaces(t))
	for _, c := range []struct{ query, want string }{
		{"dog", "trips/snow/dog.jpg a.jpg b.jpg"},
		{"dog -like:b.jpg", "trips/snow/dog.jpg a.jpg"},
		{"dog -like:a.jpg,b.jpg", "trips/snow/dog.jpg"},
		{"dog like:d.jpg", "d.jpg trips/snow/dog.jpg a.jpg b.jpg"},
		{"dog like:d.jpg year:2020", "b.jpg"}, // what is not among the photos asked for stays out
		{"dog like:a.jpg -like:a.jpg", "trips/snow/dog.jpg b.jpg"},
		{"like:c.jpg", "c.jpg"},
		{"-like:a.jpg,b.jpg", "c.jpg d.jpg g.jpg trips/f.jpg trips/snow/dog.jpg e.png"},
		{"(dog -like:b.jpg) or (car like:c.jpg)", "c.jpg trips/snow/dog.jpg a.jpg e.png"},
		{"year:2020 like:b.jpg", "b.jpg"},
	} {
		r := s.search(se, search.Request{Text: c.query, Now: now})
		got := strings.TrimSuffix(s.names(r), " |")
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.query, got, c.want)
		}
		if len(r.Problems) > 0 {
			t.Errorf("%q: %v", c.query, r.Problems)
		}
	}
}

func TestAMarkedPhotoIsCertainAndSaysSo(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher()
	for name, limit := range map[string]int{"a page": 1, "all": 0} {
		r := s.search(se, search.Request{Text: "dog like:e.png -like:b.jpg", Limit: limit})
		h := r.Hits[0]
		if h.Photo != s.ids["e.png"] || !h.Likely || h.Confidence != 1 || r.Matched != 3 {
			t.Errorf("%s: %+v, %d likely", name, h, r.Matched)
		}
		if !slices.Contains(h.Why, search.Reason{Kind: "marked", Text: "more like this", Confidence: 1}) {
			t.Errorf("%s: %+v", name, h.Why)
		}
		if want := "Photos that look like “dog” or have these words, are more like “e.png” and are less like “b.jpg”"; r.Interpretation != want {
			t.Errorf("%s: %s", name, r.Interpretation)
		}
		if want := []string{"dog", "like:e.png", "-like:b.jpg"}; !slices.Equal(r.Chips, want) {
			t.Errorf("%s: %q", name, r.Chips)
		}
	}
	r := s.search(se, search.Request{Text: "dog like:nowhere.jpg -like:4711"})
	if len(r.Problems) != 2 || !strings.HasPrefix(r.Problems[0].Sentence, "There is no photo “nowhere.jpg” in the library") || r.Matched != 3 {
		t.Errorf("%v, %s", r.Problems, s.names(r))
	}
}

func TestMarksWorkWithoutAModel(t *testing.T) {
	s := newShelf(t, pets...)
	se := s.searcher(func(p *search.Params) { p.Text, p.Index = nil, nil })
	r := s.search(se, search.Request{Text: "cat like:a.jpg -like:f.jpg"})
	if got := s.names(r); got != "a.jpg" || r.Hits[0].Confidence != 1 {
		t.Error(got)
	}
}
