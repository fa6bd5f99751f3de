package scan

import (
	"strings"
	"testing"
)

func TestMatchParts(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/b/c", false},
		{"a/b/c", "a/b", false},
		{"**", "a/b", true},
		{"**/c", "c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "a/b/c/d", false},
		{"a/**/c", "a/c", true},
		{"a/**/c", "a/b/b/c", true},
		{"a/**/c", "b/b/c", false},
		{"a/**", "a", true},
		{"a/**/b/**/c", "a/b/x/b/y/c", true},
		{"a/**/b/*/c", "a/b/x/b/y/c", true},
		{"a/**/b/**/c", "a/x/c", false},
		// A hostile file: with every "**" tried at every place this takes years.
		{strings.Repeat("**/*/", 30) + "no", strings.Repeat("a/", 100) + "x", false},
	} {
		if got := matchParts(strings.Split(c.pattern, "/"), strings.Split(c.name, "/")); got != c.want {
			t.Errorf("%.40q on %.40q: %v", c.pattern, c.name, got)
		}
	}
}
