package query_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"descry/library/query"
)

func phrase(s string) query.Node { return query.Node{Kind: query.Phrase, Text: s, Weight: 1} }
func exact(s string) query.Node  { return query.Node{Kind: query.Exact, Text: s, Weight: 1} }

func field(f string, values ...string) query.Node {
	return query.Node{Kind: query.Filter, Field: f, Values: values, Weight: 1}
}

func anyOf(kids ...query.Node) query.Node { return query.Node{Kind: query.Any, Kids: kids, Weight: 1} }

func allOf(kids ...query.Node) query.Node { return query.Node{Kind: query.All, Kids: kids, Weight: 1} }

func not(n query.Node) query.Node {
	n.Not = true
	return n
}

func weigh(w float64, n query.Node) query.Node {
	n.Weight = w
	return n
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []query.Node
		print string
	}{
		{`dog`, []query.Node{phrase("dog")}, `dog`},
		{`  a dog   on the beach `, []query.Node{phrase("a dog on the beach")}, `a dog on the beach`},
		{`dog, beach`, []query.Node{phrase("dog"), phrase("beach")}, `dog, beach`},
		{`black and white`, []query.Node{phrase("black and white")}, `black and white`},
		{`beach -people`, []query.Node{phrase("beach"), not(phrase("people"))}, `beach -people`},
		{`beach -people sunset`, []query.Node{phrase("beach sunset"), not(phrase("people"))}, `beach sunset -people`},
		{`beach without people`, []query.Node{phrase("beach"), not(phrase("people"))}, `beach -people`},
		{`no people`, []query.Node{not(phrase("people"))}, `-people`},
		{`a beach without any palm trees`, []query.Node{phrase("a beach"), not(phrase("palm trees"))}, `a beach, not palm trees`},
		{`a street without cars at night`, []query.Node{phrase("a street at night"), not(phrase("cars"))}, `a street at night -cars`},
		{`dog not cat and sofa`, []query.Node{phrase("dog"), phrase("sofa"), not(phrase("cat"))}, `dog, sofa -cat`},
		{`not cat, not dog`, []query.Node{not(phrase("cat")), not(phrase("dog"))}, `-cat -dog`},
		{`t-shirt`, []query.Node{phrase("t-shirt")}, `t-shirt`},
		{`"IMG 2041"`, []query.Node{exact("IMG 2041")}, `"IMG 2041"`},
		{`“curly quotes” dog`, []query.Node{phrase("dog"), exact("curly quotes")}, `dog "curly quotes"`},
		{`dog -"IMG_"`, []query.Node{phrase("dog"), not(exact("IMG_"))}, `dog -"IMG_"`},
		{`tag:dog`, []query.Node{field("tag", "dog")}, `tag:dog`},
		{`TAG:"black dog" beach`, []query.Node{phrase("beach"), field("tag", "black dog")}, `beach tag:"black dog"`},
		{`tag~:dog -tag:work`, []query.Node{field("tag~", "dog"), not(field("tag", "work"))}, `tag~:dog -tag:work`},
		{`year:2019..2021`, []query.Node{field("year", "2019..2021")}, `year:2019..2021`},
		{`year:2019..2019`, []query.Node{field("year", "2019")}, `year:2019`},
		{`ext:.JPG`, []query.Node{field("ext", "jpg")}, `ext:jpg`},
		{`is:favorite`, []query.Node{field("is", "favourite")}, `is:favourite`},
		{`at 10:30 https://example.org/x`, []query.Node{phrase("at 10:30 https://example.org/x")}, `at 10:30 https://example.org/x`},
		{`🦒 giraffe`, []query.Node{phrase("giraffe")}, `giraffe`},
		{`-`, nil, ``},

		// Several descriptions, and weights.
		{`dog and beach`, []query.Node{phrase("dog"), phrase("beach")}, `dog, beach`},
		{`dog AND a big red ball on the grass`, []query.Node{phrase("dog"), phrase("a big red ball on the grass")}, `dog, a big red ball on the grass`},
		{`a man and a woman walking along the shore`, []query.Node{phrase("a man and a woman walking along the shore")}, `a man and a woman walking along the shore`},
		{`black and white and dog`, []query.Node{phrase("black and white"), phrase("dog")}, `black and white, dog`},
		{`0.5*sunset, dog`, []query.Node{weigh(.5, phrase("sunset")), phrase("dog")}, `0.5*sunset, dog`},
		{`red sunset:0.50 dog`, []query.Node{weigh(.5, phrase("red sunset")), phrase("dog")}, `0.5*red sunset, dog`},
		{`dog -2*people`, []query.Node{phrase("dog"), weigh(-2, phrase("people"))}, `dog, -2*people`},
		{`2*red car tag:x at night`, []query.Node{weigh(2, phrase("red car")), phrase("at night"), field("tag", "x")}, `2*red car, at night tag:x`},
		{`0.5*similar:12 dog`, []query.Node{phrase("dog"), weigh(.5, field("similar", "12"))}, `dog 0.5*similar:12`},

		{`dog like:12 -like:a.jpg,15`, []query.Node{phrase("dog"), field("like", "12"), not(field("like", "a.jpg", "15"))}, `dog like:12 -like:a.jpg,15`},

		// Or, brackets, exclusion of all of it.
		{`dog or cat`, []query.Node{anyOf(phrase("dog"), phrase("cat"))}, `dog or cat`},
		{`dog or cat year:2020`, []query.Node{field("year", "2020"), anyOf(phrase("dog"), phrase("cat"))}, `year:2020 (dog or cat)`},
		{`dog or cat, beach`, []query.Node{phrase("beach"), anyOf(phrase("dog"), phrase("cat"))}, `beach (dog or cat)`},
		{`beach tag:a or tag:b sunset`, []query.Node{phrase("beach"), phrase("sunset"), anyOf(field("tag", "a"), field("tag", "b"))}, `beach, sunset (tag:a or tag:b)`},
		{`(dog beach) OR ((cat)) or (x or y)`, []query.Node{anyOf(phrase("dog beach"), phrase("cat"), phrase("x"), phrase("y"))}, `dog beach or cat or x or y`},
		{`(dog -people) or snow`, []query.Node{anyOf(allOf(phrase("dog"), not(phrase("people"))), phrase("snow"))}, `(dog -people) or snow`},
		{`-(dog or cat) beach`, []query.Node{phrase("beach"), not(anyOf(phrase("dog"), phrase("cat")))}, `beach -(dog or cat)`},
		{`beach without (dog, cat)`, []query.Node{phrase("beach"), not(allOf(phrase("dog"), phrase("cat")))}, `beach -(dog, cat)`},
		{`beach without people or dogs`, []query.Node{phrase("beach"), not(phrase("people")), not(phrase("dogs"))}, `beach -people -dogs`},
		{`snow or -(palm trees)`, []query.Node{anyOf(phrase("snow"), not(phrase("palm trees")))}, `snow or -(palm trees)`},
		{`not tag:work not "IMG_"`, []query.Node{not(exact("IMG_")), not(field("tag", "work"))}, `-"IMG_" -tag:work`},
		{`-(-dog)`, []query.Node{phrase("dog")}, `dog`},
		{`photo(1).jpg file:a(2).png`, []query.Node{phrase("photo(1).jpg"), field("file", "a(2).png")}, `photo(1).jpg file:"a(2).png"`},

		// Values.
		{`ext:jpg,png, dog`, []query.Node{phrase("dog"), field("ext", "jpg", "png")}, `dog ext:jpg,png`},
		{`tag:"black dog",cat`, []query.Node{field("tag", "black dog", "cat")}, `tag:"black dog",cat`},
		{`tag:dog,year:2020`, []query.Node{field("tag", "dog"), field("year", "2020")}, `tag:dog year:2020`},
		{`rating:>=4 rating:3..4 rating:0`, []query.Node{field("rating", "4"), field("rating", "3..4"), field("rating", "0")}, `rating:4 rating:3..4 rating:0`},
		{`iso:>800 iso:800.. iso:100,400..800`, []query.Node{field("iso", "801.."), field("iso", "800.."), field("iso", "100", "400..800")}, `iso:801.. iso:800.. iso:100,400..800`},
		{`f:f/2.8 f:<4 focal:35mm mp:>=12mp`, []query.Node{field("f", "2.8"), field("f", "<4"), field("focal", "35"), field("mp", "12..")}, `f:2.8 f:<4 focal:35 mp:12..`},
		{`month:june..8 weekday:mon..fri weekday:Sat,sun..tue`, []query.Node{field("month", "6..8"), field("weekday", "workday"), field("weekday", "saturday", "sunday..tuesday")}, `month:6..8 weekday:workday weekday:saturday,sunday..tuesday`},
		{`time:18:30..20 time:night`, []query.Node{field("time", "18:30..20"), field("time", "night")}, `time:18:30..20 time:night`},
		{`near:52.52,-13.4,5km near:"new york",10`, []query.Node{field("near", "52.52", "-13.4", "5km"), field("near", "new york", "10")}, `near:52.52,-13.4,5km near:"new york",10`},
		{`color:Gray orientation:vertical type:pano has:location is:favorite`, []query.Node{field("colour", "gray"), field("orientation", "portrait"), field("type", "panorama"), field("has", "gps"), field("is", "favourite")}, `colour:gray orientation:portrait type:panorama has:gps is:favourite`},

		// Dates in plain words.
		{`beach last summer`, []query.Node{phrase("beach"), field("date", "last summer")}, `beach date:"last summer"`},
		{`photos from christmas 2021`, []query.Node{field("date", "christmas 2021")}, `date:"christmas 2021"`},
		{`yesterday`, []query.Node{field("date", "yesterday")}, `date:yesterday`},
		{`dog 2019-05`, []query.Node{phrase("dog"), field("date", "2019-05")}, `dog date:2019-05`},
		{`dog in 2019`, []query.Node{phrase("dog"), field("date", "2019")}, `dog date:2019`},
		{`dog 2019-2021`, []query.Node{phrase("dog"), field("date", "2019..2021")}, `dog date:2019..2021`},
		{`snow 3 days ago or rain`, []query.Node{phrase("snow"), anyOf(field("date", "3 days ago"), phrase("rain"))}, `snow (date:"3 days ago" or rain)`},
		{`dog in july`, []query.Node{phrase("dog"), field("month", "7")}, `dog month:7`},
		{`boats before May 2019`, []query.Node{phrase("boats"), field("before", "may 2019")}, `boats before:"may 2019"`},
		{`boats between 2019 and 2021`, []query.Node{phrase("boats"), field("date", "2019..2021")}, `boats date:2019..2021`},
		{`boats not last week`, []query.Node{phrase("boats"), not(field("date", "last week"))}, `boats -date:"last week"`},
		{`a tree in summer`, []query.Node{phrase("a tree in summer")}, `a tree in summer`},
		{`christmas`, []query.Node{phrase("christmas")}, `christmas`},
		{`"2019"`, []query.Node{exact("2019")}, `"2019"`},
	} {
		q, problems := query.Parse(c.query)
		if diff := cmp.Diff(c.want, q.Terms, cmpopts.IgnoreFields(query.Node{}, "Start", "End"), cmpopts.EquateEmpty()); diff != "" {
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
		{`beach teg:dog`, "There is no filter “teg:”; did you mean “tag:”?", `beach`, 6, 13},
		{`dog isoo:800`, "did you mean “iso:”?", `dog`, 4, 12},
		{`wxyzabc:dog`, "There is no filter “wxyzabc:”; there are tag:", `wxyzabc dog`, 0, 11},
		{`dog tag:`, "The filter “tag:” needs a value, as in tag:dog.", `dog`, 4, 8},
		{`dog is:favorit`, "did you mean “is:favourite”?", `dog`, 4, 14},
		{`dog year:20`, "is neither a year nor a range", `dog`, 4, 11},
		{`dog year:2021..2019`, "is neither a year nor a range", `dog`, 4, 19},
		{`dog is:zzzzzzz`, "there are favourite, offline", `dog`, 4, 14},
		{`dog iso:x`, "is neither a whole number nor a range, as in “iso:800..”.", `dog`, 4, 9},
		{`dog tag:a,"",b`, "needs a value", `dog tag:a,b`, 10, 12},
		{`dog year:2019,1`, "is neither a year", `dog year:2019`, 14, 15},
		{`dog date:5/6/2019`, "can be read in two ways; write 2019-06-05 or 2019-05-06.", `dog`, 4, 17},
		{`dog date:2019-02-30`, "there is no such day", `dog`, 4, 19},
		{`dog date:someday`, "is no date that Descry can read", `dog`, 4, 16},
		{`dog time:25`, "is no time of day", `dog`, 4, 11},
		{`dog time:mornig`, "did you mean “time:morning”?", `dog`, 4, 15},
		{`dog weekday:mnday`, "did you mean “weekday:monday”?", `dog`, 4, 17},
		{`dog colour:mauve`, "is no colour that Descry knows", `dog`, 4, 16},
		{`dog near:95,10`, "is neither a place nor coordinates", `dog`, 4, 14},
		{`dog 0.5*`, "No description stands behind this weight", `dog`, 4, 8},
		{`dog, 99*cat`, "A weight is a number from 0.01 to 10.", `dog, cat`, 5, 8},
		{`0.5*tag:x`, "Only descriptions and similar: have a weight", `tag:x`, 0, 4},
		{`dog 0.5*like:3`, "Only descriptions and similar: have a weight", `dog like:3`, 4, 8},
		{`(dog`, "This bracket is not closed.", `dog`, 0, 1},
		{`dog)`, "This bracket closes nothing.", `dog`, 3, 4},
		{`dog) cat`, "This bracket closes nothing.", `dog, cat`, 3, 4},
		{`dog ()`, "nothing between these brackets", `dog`, 4, 6},
		{`or dog`, "there is nothing before it", `dog`, 0, 2},
		{`dog or`, "there is nothing behind it", `dog`, 4, 6},
		{`dog -not`, "says no by itself", `dog`, 4, 8},
		{`dog rating:9`, "not a number of stars", `dog`, 4, 12},
		{`dog without`, "Nothing follows “without”", `dog`, 4, 11},
		{`dog "IMG`, "does not end", `dog "IMG"`, 4, 8},
		{`dog ""`, "no words between these quotes", `dog`, 4, 6},
	} {
		q, problems := query.Parse(c.query)
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
	q, problems := query.Parse(strings.Repeat("dog ", 5000))
	if len(problems) != 1 || problems[0].Sentence != "The query has 5000 words; only the first 64 were used." {
		t.Errorf("problems %v", problems)
	}
	if n := len(strings.Fields(q.String())); n != query.MaxWords {
		t.Errorf("%d words were used", n)
	}
	if _, problems := query.Parse(strings.Repeat("x", 1<<20)); len(problems) != 1 {
		t.Errorf("a word of a megabyte: %d problems", len(problems))
	}
}

// roundTrip checks that a query, printed and read again, asks for the same and is
// understood without complaint.
func roundTrip(t *testing.T, s string) {
	t.Helper()
	q, problems := query.Parse(s)
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
	again, problems := query.Parse(q.String())
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
		"or", "OR", "AND", "(", ")", "-(", "0.5*", "2*x", "-3*", "y:0.5", "or:1", "not:1", "last", "summer", "2019", "christmas", "may", "in", "since", "between",
		"ago", "3", "days", "yesterday", "17", "black", "white", "f(1)", "a(", "iso:1..2,3", "date:2019..", "date:", "near:1,2", "similar:x", "0.5*similar:y", "like:3", "-like:a,b",
		"b,tag:x", "time:6:30..9", "weekday:fri..mon", "tag:a,b,-c", "the", "photos",
		"//", "https://a", ",", " ", "  ", "\t", "🦒", "é", "ß", ":", "ext:.jpg", "rating:5", "in:a,b", "IMG_1", ".", "not.", "\x00", "\xff",
	}
	rng := rand.New(rand.NewPCG(7, 3))
	for range 15_000 {
		var b strings.Builder
		for range 1 + rng.IntN(9) {
			b.WriteString(parts[rng.IntN(len(parts))])
			if rng.IntN(3) > 0 {
				b.WriteString(" ")
			}
		}
		roundTrip(t, b.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{``, `dog -cat "x" tag:y`, `(a or b) and -(c d) 0.5*e`, `x last summer or 2019-05`, `near:1,2,3 iso:>=800,1..2`, `a without b at c, d`, `in:"//a"`, `teg:x:y`, "\xff:\x00"} {
		f.Add(s)
	}
	f.Fuzz(roundTrip)
}

func TestParsingTakesTimeInProportion(t *testing.T) {
	for _, piece := range []string{"(", ")", "a:", "a(", `"`, "-", "1*", "a,", "tag:a,", "last ", "or ", "not ", "0.5*x:1", "x:y:", "between 2019 "} {
		s := strings.Repeat(piece, 1<<20/len(piece))
		q, problems := query.Parse(s)
		if len(problems) == 0 || len(problems) > 20 {
			t.Errorf("%q over and over: %d problems", piece, len(problems))
		}
		if n := len(q.String()); n > 1<<17 {
			t.Errorf("%q over and over prints as %d bytes", piece, n)
		}
	}
}
