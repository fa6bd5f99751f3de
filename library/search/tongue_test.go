package search_test

import (
	"slices"
	"strings"
	"testing"

	"descry/library/search"
)

// TestReadsOtherLanguages searches with a model that knows English only.
func TestReadsOtherLanguages(t *testing.T) {
	s := newShelf(
		t,
		photo{name: "a.jpg", shows: "dog beach"}, photo{name: "b.jpg", shows: "cat"}, photo{name: "c.jpg", shows: "beach people"},
		photo{name: "d.jpg", shows: "beach"}, photo{name: "Hund am Strand.jpg", shows: "car"}, photo{name: "Rosa.jpg", shows: "tree"},
	)
	const unread = "The model in use does not know "
	for _, c := range []struct{ query, likely, language, note string }{
		{"Hund am Strand", "a.jpg d.jpg Hund am Strand.jpg", "", "“Hund am Strand” was also read as dog, beach."},
		{"Hunde an Stränden", "a.jpg d.jpg", "de", unread + "German: “Hunde an Stränden” was read as dog, beach."},
		{"chien sur la plage", "a.jpg d.jpg", "fr", "was read as dog, beach."},
		{"perro en la playa", "a.jpg d.jpg", "es", unread + "Spanish"},
		{"собака на пляже", "a.jpg d.jpg", "ru", unread + "Russian"},
		{"ビーチの犬", "a.jpg d.jpg", "ja", unread + "Japanese"},
		{"Strand ohne Menschen", "a.jpg d.jpg Hund am Strand.jpg", "de", "was read as beach, not people."},
		{"plage sans personne", "a.jpg d.jpg", "fr", "not person"},
		{"playa sin gente", "a.jpg d.jpg", "es", "not people"},
		{"没有人的海滩", "a.jpg d.jpg", "zh", "not people"},
		{"人のいないビーチ", "a.jpg d.jpg", "ja", "not people"},
		{"사람 없는 해변", "a.jpg d.jpg", "ko", "not people"},
		{"insansız plaj", "a.jpg c.jpg d.jpg", "tr", "“insansız” could not be translated"},
		{"Strand -Menschen", "a.jpg d.jpg Hund am Strand.jpg", "de", "“Menschen” was read as people"},
		{"Katze or Hund", "a.jpg b.jpg Hund am Strand.jpg", "de", "“Katze” was read as cat; “Hund” was read as dog"},
		{"cachorro no parque", "", "pt", "“parque” was read as park"},
		{"cachorro na praia", "a.jpg d.jpg", "pt", unread + "Portuguese"},
		{"Quetschkommode mit Gedöns", "", "de", "was looked for as words only"},
		{"dog beach", "a.jpg d.jpg", "", ""},
		{"Rosa", "Rosa.jpg", "", ""}, // a word of the library
	} {
		r := s.search(s.searcher(), search.Request{Text: c.query})
		got := strings.Fields(strings.ReplaceAll(strings.TrimSuffix(s.names(r), "|"), "Hund am Strand.jpg", "Hund·am·Strand.jpg"))
		slices.Sort(got)
		want := strings.Fields(strings.ReplaceAll(c.likely, "Hund am Strand.jpg", "Hund·am·Strand.jpg"))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %s, want %s", c.query, got, want)
		}
		notes := strings.Join(r.Notes, " ")
		if r.Language != c.language || !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s: language %q, notes %q", c.query, r.Language, notes)
		}
	}
	t.Run("a model that knows it", func(t *testing.T) {
		for _, codes := range [][]string{{"multilingual"}, {"en", "de-AT"}, nil} {
			r := s.search(s.searcher(func(p *search.Params) { p.Languages = codes }), search.Request{Text: "Hund am Strand"})
			if r.Language != "" || len(r.Notes) > 0 {
				t.Errorf("%v: language %q, notes %q", codes, r.Language, r.Notes)
			}
		}
	})
	t.Run("no model", func(t *testing.T) {
		r := s.search(s.searcher(wordsOnly), search.Request{Text: "Hund am Strand"})
		if got := s.names(r); got != "Hund am Strand.jpg|" && got != "Hund am Strand.jpg" {
			t.Errorf("found %s", got)
		}
	})
	t.Run("it reads the same again", func(t *testing.T) {
		r := s.search(s.searcher(), search.Request{Text: "cachorro no parque"})
		if r.Query != "cachorro, parque" || !slices.Equal(r.Chips, []string{"cachorro", "parque"}) {
			t.Errorf("query %q, chips %q", r.Query, r.Chips)
		}
	})
}
