package search_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library/search"
)

// What putting words right must reach. Lowering one of these needs a reason in the commit.
const (
	rightFirst  = 0.89 // of misspelt queries
	falseOffers = 0.02 // on queries that are spelt right
)

func TestPutsMisspeltQueriesRight(t *testing.T) {
	s := newShelf(t, photo{name: "a.jpg", shows: "dog beach"})
	se := s.searcher()
	f, err := os.Open("testdata/misspelt.txt")
	s.must(err)
	defer f.Close() //nolint:errcheck // only read
	right, all := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		wrong, meant, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			t.Fatalf("no tab in %q", lines.Text())
		}
		all++
		if r := s.search(se, search.Request{Text: wrong}); r.DidYouMean == meant {
			right++
		} else {
			t.Logf("%s: offered %q, meant %q %v %d", wrong, r.DidYouMean, meant, r.Notes, r.Matched)
		}
	}
	t.Logf("%d of %d put right (%.1f %%)", right, all, 100*float64(right)/float64(all))
	if share := float64(right) / float64(all); all < 100 || share < rightFirst {
		t.Errorf("%d of %d put right", right, all)
	}
}

func TestLeavesRightSpellingsAlone(t *testing.T) {
	s := newShelf(t, photo{name: "a.jpg", shows: "dog beach"})
	se := s.searcher()
	var concepts []struct{ Query string }
	var samples map[string][]string
	for name, v := range map[string]any{"concepts.json": &concepts, "sample-queries.json": &samples} {
		data, err := os.ReadFile(filepath.Join(testdata.Repo(t), "internal", "acceptance", "testdata", name))
		s.must(err)
		s.must(json.Unmarshal(data, v))
	}
	var queries []string
	for _, c := range concepts {
		queries = append(queries, c.Query)
	}
	for _, q := range samples {
		queries = append(queries, q...)
	}
	wrong := 0
	for _, q := range queries {
		if r := s.search(se, search.Request{Text: q}); r.DidYouMean != "" {
			wrong++
			t.Logf("%s: offered %s", q, r.DidYouMean)
		}
	}
	t.Logf("%d of %d right spellings get an offer (%.1f %%)", wrong, len(queries), 100*float64(wrong)/float64(len(queries)))
	if float64(wrong) > falseOffers*float64(len(queries)) {
		t.Errorf("%d of %d right spellings get an offer", wrong, len(queries))
	}
}

// TestOffersWordsOfTheLibrary puts words right that only this library has, and leaves those
// alone that it has.
func TestOffersWordsOfTheLibrary(t *testing.T) {
	s := newShelf(t, photo{name: "Klöpfelsdorf/Snorre.jpg", shows: "dog beach", keywords: []string{"Zwergpinscher"}}, photo{name: "b.jpg", shows: "cat"})
	se := s.searcher()
	for _, c := range []struct{ query, want, note string }{
		{"Snore", "snorre", ""},
		{"Snorrre", "snorre", ""},
		{"Snorre", "", ""},
		{"Klopfelsdrof", "klopfelsdorf", ""},
		{"klöpfelsdorf beach", "", ""},
		{"zwergpincher beach", "zwergpinscher beach", ""},
		{"beach -Zwergpinschr", "beach -zwergpinscher", ""},
		{"0.5*sunsett, (dgo or catt)", "0.5*sunset (dog or cat)", ""},
		{`"sunsett"`, "", ""}, // exact words
		{"xkcdqwe", "", "Descry does not know the word “xkcdqwe”."},
		{"asdf qwerrr", "", "Descry does not know the words “asdf” and “qwerrr”."},
		{"IMG_2041", "", ""},
		{"2019", "", ""},
		{"", "", ""},
	} {
		r := s.search(se, search.Request{Text: c.query})
		if r.DidYouMean != c.want || strings.Join(r.Notes, " ") != c.note {
			t.Errorf("%s: offered %q, want %q; notes %q", c.query, r.DidYouMean, c.want, r.Notes)
		}
	}
	tagged := kitShelf(t)
	if r := tagged.search(tagged.searcher(wordsOnly), search.Request{Text: "dgo"}); r.DidYouMean != "dog" {
		t.Errorf("without a model: offered %q", r.DidYouMean)
	}
}
