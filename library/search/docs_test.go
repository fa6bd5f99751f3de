package search_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library/query"
	"descry/library/search"
)

// row is a line of a table of docs/search.md: the query and the other column.
var row = regexp.MustCompile("^\\| `(.+?)` \\| (.*) \\|$")

func TestExamplesOfTheDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testdata.Repo(t), "docs", "search.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := kitShelf(t)
	se := s.searcher(withPlaces(t), func(p *search.Params) { p.Background = nil })
	heading, seen := "", 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutPrefix(line, "| write | "); ok {
			heading = h
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		seen++
		// Photos 12 and 15 of the docs are such as this library has.
		asked := strings.NewReplacer("similar:12,15", "similar:1,2", "similar:12", "similar:1", "like:12", "like:1", "like:15", "like:2").Replace(m[1])
		r := s.search(se, search.Request{Text: asked, Now: now})
		var said []string
		for _, p := range r.Problems {
			said = append(said, p.Sentence)
		}
		q, _ := query.Parse(m[1])
		switch heading {
		case "to find |":
			if len(said) > 0 {
				t.Errorf("%s: %s", m[1], said)
			}
		case "is read as |":
			if want := strings.Trim(m[2], "`"); q.String() != want || len(said) > 0 {
				t.Errorf("%s is read as %s, not %s; %s", m[1], q, want, said)
			}
		case "Descry notes |":
			if notes := strings.Join(r.Notes, " "); notes != m[2] {
				t.Errorf("%s: %q, not %q", m[1], notes, m[2])
			}
		case "Descry offers |":
			if want := strings.Trim(m[2], "`"); r.DidYouMean != want {
				t.Errorf("%s: offered %q, not %q", m[1], r.DidYouMean, want)
			}
		case "Descry says |":
			if len(said) != 1 || said[0] != m[2] {
				t.Errorf("%s: %q, not %q", m[1], said, m[2])
			}
		}
		if again, problems := query.Parse(q.String()); heading != "Descry says |" && (len(problems) > 0 || !again.Equal(q)) {
			t.Errorf("%s prints as %s, which reads as %s, %v", m[1], q, again, problems)
		}
	}
	if seen < 70 {
		t.Errorf("%d examples were found", seen)
	}
	for _, f := range query.Filters() {
		if !strings.Contains(string(text), "`"+f.Name+":") {
			t.Errorf("docs/search.md does not mention %s:", f.Name)
		}
		for _, c := range f.Choices {
			if !strings.Contains(string(text), c.Word) && f.Name != "weekday" {
				t.Errorf("docs/search.md does not mention %s:%s", f.Name, c.Word)
			}
		}
	}
}
