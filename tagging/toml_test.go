package tagging

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/testdata"

	"github.com/google/go-cmp/cmp"
)

const wellFormed = `# my own words
name = "our garden"
title = "Our garden"
exclusive = true
limit = 2
role = "thing"
templates = ["a photo of {}.", "{}"]

[[label]]
name = "the old apple tree"
synonyms = ["apple tree \"Bertha\""]
prompts = ["a gnarled apple tree on a lawn"]
alt = "an old apple tree"

[[label]]
name = "Teich"
alt = "a pond"
role = "place"
preposition = "by"
includes = ["lake"]
`

func TestReadTOML(t *testing.T) {
	got, err := ReadTOML(strings.NewReader("\ufeff" + wellFormed))
	if err != nil {
		t.Fatal(err)
	}
	want := LabelSet{
		Name: "our garden", Title: "Our garden", Exclusive: true, Limit: 2, Role: RoleThing,
		Templates: []string{"a photo of {}.", "{}"},
		Labels: []Label{
			{Name: "the old apple tree", Synonyms: []string{`apple tree "Bertha"`}, Prompts: []string{"a gnarled apple tree on a lawn"}, Alt: "an old apple tree"},
			{Name: "Teich", Alt: "a pond", Role: RolePlace, Preposition: "by", Includes: []string{"lake"}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestReadTOMLMistakes(t *testing.T) {
	many := &strings.Builder{}
	many.WriteString("name = \"many\"\n")
	for i := range MaxLabels + 1 {
		fmt.Fprintf(many, "[[label]]\nname = \"l%d\"\n", i)
	}
	tests := []struct {
		name, src string
		line      int
		want      string
	}{
		{"nothing", "", 1, "the set has no name"},
		{"no name", "title = \"x\"\n[[label]]\nname = \"a\"", 1, "the set has no name"},
		{"no labels", "name = \"x\"", 1, "has no labels"},
		{"capital set name", "\nname = \"Big\"\n[[label]]\nname = \"a\"", 2, "lower-case"},
		{"slash in set name", "name = \"a/b\"\n[[label]]\nname = \"a\"", 1, "lower-case"},
		{"syntax", "name = \"x\"\nlimit = \n", 2, "not valid TOML"},
		{"not UTF-8", "name = \"x\xff\"\n", 1, "not valid TOML"},
		{"key twice", "name = \"x\"\nname = \"y\"\n", 2, "not valid TOML"},
		{"unknown key", "name = \"x\"\ncolour = \"red\"\n[[label]]\nname = \"a\"", 2, `key "colour" is unknown`},
		{"unknown table", "name = \"x\"\n[[labels]]\nname = \"a\"", 2, `key "labels" is unknown`},
		{"unknown label key", "name = \"x\"\n[[label]]\nname = \"a\"\nsynonym = [\"b\"]", 4, `key "synonym" is unknown`},
		{"label without name", "name = \"x\"\n[[label]]\nname = \"a\"\n\n[[label]]\nalt = \"b\"", 5, "label 2 has no name"},
		{"empty label name", "name = \"x\"\n[[label]]\nname = \" \"", 3, "label 1 has no name"},
		{"label twice", "name = \"x\"\n[[label]]\nname = \"Dog\"\n[[label]]\nname = \"dog\"", 5, `"dog" is there twice`},
		{"slash in label", "name = \"x\"\n[[label]]\nname = \"a/b\"", 3, `must not hold "/"`},
		{"limit too large", "name = \"x\"\nlimit = 21\n[[label]]\nname = \"a\"", 2, "between 1 and 20"},
		{"limit a text", "name = \"x\"\nlimit = \"3\"\n[[label]]\nname = \"a\"", 2, "whole number"},
		{"exclusive a text", "name = \"x\"\nexclusive = \"yes\"\n[[label]]\nname = \"a\"", 2, "true or false"},
		{"role", "name = \"x\"\nrole = \"colour\"\n[[label]]\nname = \"a\"", 2, `role "colour" is not one of kind, person`},
		{"label role", "name = \"x\"\n[[label]]\nname = \"a\"\nrole = \"who\"", 4, `role "who" is not one of`},
		{"template without hole", "name = \"x\"\ntemplates = [\"a photo\"]\n[[label]]\nname = \"a\"", 2, "{} exactly once"},
		{"templates a text", "name = \"x\"\ntemplates = \"a photo of {}\"\n[[label]]\nname = \"a\"", 2, "list of texts"},
		{"synonym a number", "name = \"x\"\n[[label]]\nname = \"a\"\nsynonyms = [1]", 4, "list of texts"},
		{"empty synonym", "name = \"x\"\n[[label]]\nname = \"a\"\nsynonyms = [\"\"]", 4, "empty text among its synonyms"},
		{"name a number", "name = \"x\"\n[[label]]\nname = 5", 3, "text in quotes"},
		{"long name", "name = \"x\"\n[[label]]\nname = \"" + strings.Repeat("é", MaxName+1) + "\"", 3, "has 61 characters"},
		{"control character", "name = \"x\"\n[[label]]\nname = \"a\\nb\"", 3, "line break"},
		{"label no table", "name = \"x\"\nlabel = \"dog\"", 2, "[[label]]"},
		{"too many labels", many.String(), 2*MaxLabels + 3, "has 501 labels, at most 500"},
		{"too large", "# " + strings.Repeat("x", MaxFile), 0, "larger than 1024 KiB"},
		{"several", "name = \"x\"\n[[label]]\nname = \"a\"\nfoo = 1\nbar = 2\nrole = 3", 4, "and 2 more mistakes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadTOML(strings.NewReader(tt.src))
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, want a FormatError", err)
			}
			if fe.Line != tt.line || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got line %d, %q; want line %d, something with %q", fe.Line, err, tt.line, tt.want)
			}
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
		})
	}
}

func TestWriteTOMLRefusesMistakes(t *testing.T) {
	err := WriteTOML(&bytes.Buffer{}, LabelSet{Name: "x"})
	if err == nil || !strings.Contains(err.Error(), "has no labels") {
		t.Errorf("got %v", err)
	}
}

func roundTrip(t *testing.T, first LabelSet) {
	t.Helper()
	var a, b bytes.Buffer
	if err := WriteTOML(&a, first); err != nil {
		t.Fatal(err)
	}
	second, err := ReadTOML(bytes.NewReader(a.Bytes()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, a.String())
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Fatal(d)
	}
	if err := WriteTOML(&b, second); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Fatal("writing twice differs")
	}
}

// builtin reads the label sets that the program ships.
func builtin(t testing.TB) []LabelSet {
	t.Helper()
	sets, err := ReadSets(os.DirFS(filepath.Join(testdata.Repo(t), "assets", "labels")))
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

func TestBuiltinSets(t *testing.T) {
	sets := builtin(t)
	if len(sets) != 8 {
		t.Fatalf("%d built-in sets, want 8", len(sets))
	}
	// Words that say who someone is or feels, which no label may.
	forbidden := []string{"happy", "sad", "angry", "beautiful", "ugly", "asian", "black person", "white person", "muslim", "jewish", "gay", "old man", "old woman", "disabled", "homeless", "fat "}
	genders := []string{"man", "woman", "boy", "girl", "men", "women", "male", "female", "lady"}
	names := map[string]string{}
	total := 0
	for _, s := range sets {
		roundTrip(t, s)
		for _, l := range s.Labels {
			total++
			if other, dup := names[l.Name]; dup {
				t.Errorf("%s/%s is in %s too", s.Name, l.Name, other)
			}
			names[l.Name] = s.Name
			role := s.RoleOf(l)
			if l.Alt == "" || role == "" {
				t.Errorf("%s/%s has no alt phrase or role", s.Name, l.Name)
			}
			if joined := role == RolePlace || role == RoleOccasion || role == RoleLight; joined && l.Preposition == "" ||
				!joined && role != RoleKind && l.Preposition != "" {
				t.Errorf("%s/%s: role %s and preposition %q", s.Name, l.Name, role, l.Preposition)
			}
			shown := strings.ToLower(l.Name + " " + l.Alt)
			for _, f := range forbidden {
				if strings.Contains(shown, f) {
					t.Errorf("%s/%s says %q", s.Name, l.Name, f)
				}
			}
			for _, w := range strings.FieldsFunc(shown, func(r rune) bool { return r < 'a' || r > 'z' }) {
				for _, g := range genders {
					if w == g {
						t.Errorf("%s/%s says %q", s.Name, l.Name, g)
					}
				}
			}
		}
	}
	for _, s := range sets {
		for _, l := range s.Labels {
			for _, inc := range l.Includes {
				if names[inc] == "" {
					t.Errorf("%s/%s includes %q, which is no built-in label", s.Name, l.Name, inc)
				}
			}
		}
	}
	if total < 230 || total > 350 {
		t.Errorf("%d built-in labels", total)
	}
	t.Logf("%d labels in %d sets", total, len(sets))
}

func FuzzReadTOML(f *testing.F) {
	f.Add(wellFormed)
	f.Add("name = 'x'\nlabel = [{name = 'a', alt = 'b'}]")
	f.Add("name = \"x\"\n[label]\nname = 3")
	f.Add("[[label.name]]\n[[label]]\nname=1")
	f.Fuzz(func(t *testing.T, src string) {
		set, err := ReadTOML(strings.NewReader(src))
		if err != nil {
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("%T %v is no FormatError", err, err)
			}
			return
		}
		roundTrip(t, set)
	})
}
