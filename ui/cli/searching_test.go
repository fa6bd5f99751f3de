package cli

import (
	"strings"
	"testing"

	"descry/library/query"
)

func TestMarked(t *testing.T) {
	for _, c := range []struct {
		query        string
		start, end   int
		line, marker string
	}{
		{"dog teg:x cat", 4, 9, "dog teg:x cat", "    ^~~~~"},
		{"(dog", 0, 1, "(dog", "^"},
		{"猫 teg:x", 4, 9, "猫 teg:x", "   ^~~~~"},
		{"a\tb\nteg:x", 4, 9, "a b teg:x", "    ^~~~~"},
		{strings.Repeat("a", 100) + "teg:x", 100, 105, "…" + strings.Repeat("a", 35) + "teg:x", strings.Repeat(" ", 36) + "^~~~~"},
		{"", 0, 0, "", ""},
		{"dog", 2, 9, "", ""},
	} {
		if line, marker := marked(c.query, c.start, c.end); line != c.line || marker != c.marker {
			t.Errorf("%q:\n%s\n%s\nwant\n%s\n%s", c.query, line, marker, c.line, c.marker)
		}
	}
}

func TestHelpShowsEveryFilter(t *testing.T) {
	status, out, _ := run("search", "--help")
	if status != 0 {
		t.Fatalf("status %d", status)
	}
	for _, f := range query.Filters() {
		if !strings.Contains(out, f.Example) || !strings.Contains(out, f.Help) {
			t.Errorf("the help of search lacks %s:", f.Name)
		}
	}
}
