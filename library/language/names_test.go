package language_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"descry/assets"
	"descry/library/language"
)

// TestNamesOfLabels counts how many labels each language has a name for, and that what words
// are read as is English.
func TestNamesOfLabels(t *testing.T) {
	s, english := set(t)
	files, err := fs.Glob(assets.Labels(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, name := range files {
		data, err := fs.ReadFile(assets.Labels(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\[\[label\]\]\nname = "(.+)"$`).FindAllSubmatch(data, -1) {
			labels = append(labels, string(m[1]))
		}
	}
	for _, l := range s.Languages() {
		named := map[string]bool{}
		for word, meaning := range l.Names() {
			named[meaning] = true
			if word == "" || !utf8.ValidString(word) {
				t.Errorf("%s: %q is no word", l.Name, word)
			}
			if slices.Contains(labels, meaning) {
				continue
			}
			for w := range strings.FieldsSeq(strings.ToLower(meaning)) {
				if !english.Knows(w) {
					t.Errorf("%s: %q is read as %q, which is no English", l.Name, word, meaning)
				}
			}
		}
		n := 0
		for _, name := range labels {
			if named[name] {
				n++
			}
		}
		t.Logf("%s has names for %d of %d labels", l.Name, n, len(labels))
		if n < 50 {
			t.Errorf("%s has names for %d of %d labels", l.Name, n, len(labels))
		}
	}
}

func TestReadsWordByWord(t *testing.T) {
	s, _ := set(t)
	for _, c := range []struct{ code, text, want string }{
		{"de", "rotes Auto", "red car"},
		{"de", "Strand ohne Menschen am Abend", "beach -people [abend]"},
		{"de", "kein Hund", "-dog"},
		{"de", "Haeuser und Bäume", "house tree"},
		{"de", "Kinderfest", "children party"},
		{"fr", "voiture rouge", "red car"},
		{"fr", "coucher de soleil sur l'eau", "sunset water"},
		{"fr", "feux d’artifice sans personne", "fireworks -person"},
		{"es", "gato negro y perro", "black cat dog"},
		{"it", "sull'acqua senza barche", "water -boat"},
		{"pl", "pies bez ludzi", "dog -people"},
		{"sv", "hästar på ängen", "horse field"},
		{"tr", "köpek olmayan plaj", "-dog beach"},
		{"ru", "чёрная собака без людей", "black dog -people"},
		{"zh", "没有人的海滩", "-people beach"},
		{"ja", "人のいないビーチ", "-people beach"},
		{"ko", "사람 없는 해변", "-people beach"},
		{"hi", "बिना लोग", "-people"},
		{"ar", "شاطئ بدون ناس", "beach -people"},
		{"nl", "", ""},
	} {
		i := slices.IndexFunc(s.Languages(), func(l *language.Language) bool { return l.Code == c.code })
		r := s.Read(s.Languages()[i], c.text)
		var got []string
		for _, p := range r.Parts {
			if p.Not {
				got = append(got, "-"+p.English)
			} else {
				got = append(got, p.English)
			}
		}
		for _, p := range r.Passed {
			got = append(got, "["+p.Word+"]")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s is read as %q, not %q", c.code, c.text, strings.Join(got, " "), c.want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	s, _ := set(f)
	for _, q := range lines(f, "testdata/queries.txt") {
		_, q, _ = strings.Cut(q, "\t")
		f.Add(q, "de")
	}
	f.Fuzz(func(t *testing.T, text, lean string) {
		l, ok := s.Detect(text, lean, func(w string) bool { return len(w)%3 == 0 })
		if ok != (l != nil) {
			t.Fatalf("%q: %v, %v", text, l, ok)
		}
		for _, l := range append(s.Languages(), l) {
			if l == nil {
				continue
			}
			for _, p := range s.Read(l, text).Parts {
				if p.English == "" || p.Word == "" {
					t.Fatalf("%q in %s has the part %+v", text, l.Name, p)
				}
			}
		}
	})
}
