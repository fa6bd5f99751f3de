package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"descry/internal/testdata"
)

const (
	// maxTracked is the size that all tracked files together stay under.
	maxTracked = 60 << 20
	// maxLines is the length past which a Go file has more than one reason to exist.
	maxLines = 600
)

// machinePath matches a path into a place where only the machine at hand keeps something.
var machinePath = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.~*$)}])/(?:work|root|farm)/[A-Za-z0-9_.]`)

// unfinished matches the marks of work put off.
var unfinished = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func TestTrackedFiles(t *testing.T) {
	root := testdata.Repo(t)
	var total int64
	for _, name := range files(t) {
		info, err := os.Lstat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		// Large files are data, not text.
		if !info.Mode().IsRegular() || info.Size() > 4<<20 {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
			continue
		}
		if found := machinePath.Find(data); found != nil {
			t.Errorf("%s names a path of one machine: %q", name, found)
		}
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		if found := unfinished.Find(data); found != nil {
			t.Errorf("%s says %s: finish it or file it", name, found)
		}
		if n := bytes.Count(data, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it", name, n, maxLines)
		}
	}
	if total > maxTracked {
		t.Errorf("the tracked files have %d bytes together, more than %d", total, maxTracked)
	}
	t.Logf("tracked files: %.1f MB", float64(total)/1e6)
}

func TestMachinePath(t *testing.T) {
	for text, want := range map[string]bool{
		"see /" + "work/main/x":        true,
		"`/" + "root/.cache`":          true,
		"../work/x":                    false,
		"$HOME/work/x":                 false,
		"artwork/root/x":               false,
		"https://example.org/root/abc": false,
	} {
		if got := machinePath.MatchString(text); got != want {
			t.Errorf("%q: found %v, want %v", text, got, want)
		}
	}
}
