package testdata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ComparePage fails the test where a page of docs that it writes, by its name there, is not
// what it found. With update the page is written instead, unless the test has failed.
func ComparePage(t testing.TB, name, found string, update bool) {
	t.Helper()
	path := filepath.Join(Repo(t), "docs", name)
	if update {
		if t.Failed() {
			t.Fatalf("docs/%s is not written: a test failed", name)
		}
		if err := os.WriteFile(path, []byte(found), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != found {
		t.Errorf("docs/%s is not what this test found: run it with -update and look at what changed\n%s", name, difference(string(page), found))
	}
}

// difference lists the lines that only one of two texts has.
func difference(a, b string) string {
	var out []string
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range left {
		if !slices.Contains(right, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range right {
		if !slices.Contains(left, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}
