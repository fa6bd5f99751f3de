package language_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"descry/assets"
	"descry/internal/testdata"
	"descry/library/language"
)

func set(t testing.TB) (*language.Set, *language.Lexicon) {
	t.Helper()
	english, err := language.ReadLexicon(assets.English())
	if err != nil {
		t.Fatal(err)
	}
	s, err := language.Read(assets.Languages(), english)
	if err != nil {
		t.Fatal(err)
	}
	return s, english
}

// TestDetectsLanguages reports the share of queries whose language is told. The gates are
// what is reached; lowering one needs a reason in the commit.
func TestDetectsLanguages(t *testing.T) {
	gates := map[string]float64{
		"ar": 1, "de": 0.96, "el": 1, "es": 0.96, "fr": 0.9, "hi": 1, "it": 0.96, "ja": 1, "ko": 1, "nl": 0.83, "pl": 0.86, "pt": 0.96, "ru": 1,
		"sv": 0.86, "tr": 0.96, "zh": 1,
	}
	s, _ := set(t)
	right, foreign, all := map[string]int{}, map[string]int{}, map[string]int{}
	for _, line := range lines(t, "testdata/queries.txt") {
		code, q, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("no tab in %q", line)
		}
		all[code]++
		l, ok := s.Detect(q, "", nil)
		switch {
		case ok && l.Code == code:
			right[code]++
			foreign[code]++
			r := s.Read(l, q)
			t.Logf("%s %s: %v passed %v", code, q, r.Parts, r.Passed)
		case ok:
			foreign[code]++
			t.Logf("%s taken for %s: %s", code, l.Code, q)
		default:
			t.Logf("%s not told: %s", code, q)
		}
	}
	codes := make([]string, 0, len(all))
	for c := range all {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	for _, c := range codes {
		t.Logf("%s: %d of %d told, %d not taken for English", c, right[c], all[c], foreign[c])
		if share := float64(foreign[c]) / float64(all[c]); share < gates[c] {
			t.Errorf("%s: %.2f are not taken for English, want %.2f", c, share, gates[c])
		}
	}
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	var out []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if l := sc.Text(); l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out
}

// TestEnglishStaysEnglish counts English texts that are taken for another language.
func TestEnglishStaysEnglish(t *testing.T) {
	s, _ := set(t)
	var captions map[string][]string
	read(t, filepath.Join(testdata.Shared(t), "data", "captions-dev", "captions.json"), &captions)
	var concepts []struct{ Query string }
	read(t, filepath.Join(testdata.Repo(t), "internal", "acceptance", "testdata", "concepts.json"), &concepts)
	var samples map[string][]string
	read(t, filepath.Join(testdata.Repo(t), "internal", "acceptance", "testdata", "sample-queries.json"), &samples)
	texts := map[string][]string{"hard ones": lines(t, "testdata/english.txt")}
	for _, c := range captions {
		texts["captions"] = append(texts["captions"], c...)
		for _, caption := range c { // as short as queries
			w := strings.Fields(caption)
			for i := 0; i+2 <= len(w); i += 2 {
				texts["two words of captions"] = append(texts["two words of captions"], strings.Join(w[i:i+2], " "))
			}
			texts["words of captions"] = append(texts["words of captions"], w...)
		}
	}
	for _, c := range concepts {
		texts["concepts"] = append(texts["concepts"], c.Query)
	}
	for _, q := range samples {
		texts["sample queries"] = append(texts["sample queries"], q...)
	}
	sets, err := fs.Glob(assets.Labels(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sets {
		data, err := fs.ReadFile(assets.Labels(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([^"{}]+)"`).FindAllStringSubmatch(string(data), -1) {
			texts["labels"] = append(texts["labels"], m[1])
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(texts)) {
		wrong := 0
		said := map[string]bool{}
		for _, q := range texts[kind] {
			if l, ok := s.Detect(q, "", nil); ok {
				wrong++
				if !said[q] {
					said[q] = true
					t.Logf("%s: taken for %s: %s", kind, l.Name, q)
				}
			}
		}
		share := float64(wrong) / float64(len(texts[kind]))
		t.Logf("%s: %d of %d taken for another language (%.2f %%)", kind, wrong, len(texts[kind]), 100*share)
		gate := 0.005
		if kind == "hard ones" {
			gate = 0.03
		}
		if share > gate {
			t.Errorf("%s: %.2f %% are taken for another language", kind, 100*share)
		}
	}
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
