package spelling

import (
	"slices"
	"testing"
)

func TestNearestOfManyWords(t *testing.T) {
	w := NewWords([]string{"the", "from", "form", "sunset", "dog", "dock", "quiet", "quite", "mountain", "fountain", "собака"})
	for _, c := range []struct{ asked, want string }{
		{"sunsett", "sunset"},
		{"sunest", "sunset"},
		{"unset", "sunset"},
		{"dgo", "dog"},
		{"doog", "dog"},
		{"dag", ""},
		{"dg", ""},
		{"fuontain", "fountain"},
		{"mountin", "mountain"},
		{"mountin-", "mountain"},
		{"собка", "собака"},
		{"", ""},
		{"xylophone", ""},
		{"frmo", "from"},
	} {
		if got, _ := w.Nearest(c.asked); got.Word != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.asked, got.Word, c.want)
		}
	}
}

func TestEdits(t *testing.T) {
	got := Edits("ab", []rune("abc"))
	for _, want := range []string{"a", "b", "ba", "cb", "ac", "abc", "cab", "acb", "aab", "bb", "aa"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if slices.Contains(got, "ab") || slices.Contains(got, "") || !slices.IsSorted(got) {
		t.Errorf("%q", got)
	}
	if got := Edits("abcdefghijklmnopqrstuvwxyz", []rune("a")); got != nil {
		t.Errorf("of a long word: %d", len(got))
	}
}
