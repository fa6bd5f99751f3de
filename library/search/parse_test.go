package search_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"descry/library/search"
)

func phrase(s string) search.Term { return search.Term{Kind: search.Phrase, Text: s} }
func exact(s string) search.Term  { return search.Term{Kind: search.Exact, Text: s} }
func field(f, v string) search.Term {
	return search.Term{Kind: search.Filter, Field: f, Text: v}
}

func not(t search.Term) search.Term {
	t.Not = true
	return t
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []search.Term
		print string
	}{
		{`dog`, []search.Term{phrase("dog")}, `dog`},
		{`  a dog   on the beach `, []search.Term{phrase("a dog on the beach")}, `a dog on the beach`},
		{`dog, beach`, []search.Term{phrase("dog"), phrase("beach")}, `dog, beach`},
		{`black and white`, []search.Term{phrase("black and white")}, `black and white`},
		{`beach -people`, []search.Term{phrase("beach"), not(phrase("people"))}, `beach -people`},
		{`beach -people sunset`, []search.Term{phrase("beach sunset"), not(phrase("people"))}, `beach sunset -people`},
		{`beach without people`, []search.Term{phrase("beach"), not(phrase("people"))}, `beach -people`},
		{`no people`, []search.Term{not(phrase("people"))}, `-people`},
		{`a beach without any palm trees`, []search.Term{phrase("a beach"), not(phrase("palm trees"))}, `a beach, not palm trees`},
		{`a street without cars at night`, []search.Term{phrase("a street at night"), not(phrase("cars"))}, `a street at night -cars`},
		{`dog not cat and sofa`, []search.Term{phrase("dog sofa"), not(phrase("cat"))}, `dog sofa -cat`},
		{`not cat, not dog`, []search.Term{not(phrase("cat")), not(phrase("dog"))}, `-cat -dog`},
		{`t-shirt`, []search.Term{phrase("t-shirt")}, `t-shirt`},
		{`"IMG 2041"`, []search.Term{exact("IMG 2041")}, `"IMG 2041"`},
		{`“curly quotes” dog`, []search.Term{phrase("dog"), exact("curly quotes")}, `dog "curly quotes"`},
		{`dog -"IMG_"`, []search.Term{phrase("dog"), not(exact("IMG_"))}, `dog -"IMG_"`},
		{`tag:dog`, []search.Term{field("tag", "dog")}, `tag:dog`},
		{`TAG:"black dog" beach`, []search.Term{phrase("beach"), field("tag", "black dog")}, `beach tag:"black dog"`},
		{`tag~:dog -tag:work`, []search.Term{field("tag~", "dog"), not(field("tag", "work"))}, `tag~:dog -tag:work`},
		{`year:2019..2021`, []search.Term{field("year", "2019..2021")}, `year:2019..2021`},
		{`year:2019..2019`, []search.Term{field("year", "2019")}, `year:2019`},
		{`ext:.JPG`, []search.Term{field("ext", "jpg")}, `ext:jpg`},
		{`is:favorite`, []search.Term{field("is", "favourite")}, `is:favourite`},
		{`at 10:30 https://example.org/x`, []search.Term{phrase("at 10:30 https://example.org/x")}, `at 10:30 https://example.org/x`},
		{`🦒 giraffe`, []search.Term{phrase("giraffe")}, `giraffe`},
		{`-`, nil, ``},
	} {
		q, problems := search.Parse(c.query)
		if diff := cmp.Diff(c.want, q.Terms, cmpopts.IgnoreFields(search.Term{}, "Start", "End")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.query, diff)
		}
		if got := q.String(); got != c.print {
			t.Errorf("%q prints as %q, want %q", c.query, got, c.print)
		}
		if c.want != nil && len(problems) > 0 {
			t.Errorf("%q: problems %v", c.query, problems)
		}
	}
}

func TestMistakesGetASentenceAndTheRestStands(t *testing.T) {
	for _, c := range []struct {
		query, sentence, print string
		start, end             int
	}{
		{``, "Type what you are looking for", ``, 0, 0},
		{` , ,`, "Type what you are looking for", ``, 0, 4},
		{`🦒🦒`, "There are no words in “🦒🦒”", ``, 0, 8},
		{`beach teg:dog`, "There is no filter “teg:”; did you mean “tag:”?", `beach teg dog`, 6, 13},
		{`wxyzabc:dog`, "There is no filter “wxyzabc:”; there are ext:", `wxyzabc dog`, 0, 11},
		{`dog tag:`, "The filter “tag:” needs a value, as in tag:dog.", `dog`, 4, 8},
		{`dog is:favorit`, "did you mean “is:favourite”?", `dog`, 4, 14},
		{`dog year:20`, "is neither a year nor a range", `dog`, 4, 11},
		{`dog year:2021..2019`, "is neither a year nor a range", `dog`, 4, 19},
		{`dog rating:9`, "not a number of stars", `dog`, 4, 12},
		{`dog without`, "Nothing follows “without”", `dog`, 4, 11},
		{`dog "IMG`, "does not end", `dog "IMG"`, 4, 8},
		{`dog ""`, "no words between these quotes", `dog`, 4, 6},
	} {
		q, problems := search.Parse(c.query)
		if len(problems) != 1 || !strings.Contains(problems[0].Sentence, c.sentence) {
			t.Errorf("%q: problems %v, want one with %q", c.query, problems, c.sentence)
			continue
		}
		if p := problems[0]; p.Start != c.start || p.End != c.end {
			t.Errorf("%q: marked %d to %d, want %d to %d", c.query, p.Start, p.End, c.start, c.end)
		}
		if got := q.String(); got != c.print {
			t.Errorf("%q: what stands is %q, want %q", c.query, got, c.print)
		}
	}
}

func TestAVeryLongQueryIsCutWithOneSentence(t *testing.T) {
	q, problems := search.Parse(strings.Repeat("dog ", 5000))
	if len(problems) != 1 || problems[0].Sentence != "The query has 5000 words; only the first 64 were used." {
		t.Errorf("problems %v", problems)
	}
	if n := len(strings.Fields(q.String())); n != search.MaxWords {
		t.Errorf("%d words were used", n)
	}
	if _, problems := search.Parse(strings.Repeat("x", 1<<20)); len(problems) != 1 {
		t.Errorf("a word of a megabyte: %d problems", len(problems))
	}
}

// roundTrip checks that a query, printed and read again, asks for the same and is
// understood without complaint.
func roundTrip(t *testing.T, s string) {
	t.Helper()
	q, problems := search.Parse(s)
	for _, p := range problems {
		if p.Start < 0 || p.End < p.Start || p.End > len(s) || p.Sentence == "" {
			t.Fatalf("%q: problem %+v", s, p)
		}
	}
	if q.IsZero() {
		if len(problems) == 0 {
			t.Fatalf("%q: asks for nothing and no sentence says so", s)
		}
		return
	}
	again, problems := search.Parse(q.String())
	if len(problems) > 0 {
		t.Fatalf("%q prints as %q, which has problems %v", s, q, problems)
	}
	if !again.Equal(q) {
		t.Fatalf("%q prints as %q, which reads as %q:\n%s", s, q, again, cmp.Diff(q, again))
	}
}

func TestParsePrintParse(t *testing.T) {
	parts := []string{
		"dog", "a", "the", "not", "no", "without", "and", "with", "at", "-", "--", "-dog", `"`, `"x y"`, `-"z"`, "“", "”",
		"tag:", "tag:dog", `tag:"a b"`, "tag~:x", "-tag:x", "teg:dog", "is:favourite", "is:x", "year:2019..", "year:", "10:30",
		"//", "https://a", ",", " ", "  ", "\t", "🦒", "é", "ß", ":", "ext:.jpg", "rating:5", "in:a,b", "IMG_1", ".", "not.", "\x00", "\xff",
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 20_000 {
		var b strings.Builder
		for range 1 + rng.IntN(7) {
			b.WriteString(parts[rng.IntN(len(parts))])
			if rng.IntN(3) > 0 {
				b.WriteString(" ")
			}
		}
		roundTrip(t, b.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{``, `dog -cat "x" tag:y`, `a without b at c, d`, `in:"//a"`, `teg:x:y`, "\xff:\x00"} {
		f.Add(s)
	}
	f.Fuzz(roundTrip)
}
