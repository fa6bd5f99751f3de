package desktop

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"descry/internal/testdata"
)

var update = flag.Bool("update", false, "add the texts that are missing to assets/translations/en.json")

// TestEnglishTexts checks that every text of the window stands in the English file, with a
// singular where it is about a number, and that nothing else does.
func TestEnglishTexts(t *testing.T) {
	file := filepath.Join(testdata.Repo(t), "assets", "translations", "en.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]any{}
	if err := json.Unmarshal(data, &have); err != nil {
		t.Fatal(err)
	}
	want := textsInSource(t)
	for text, plural := range want {
		entry, ok := have[text]
		if _, two := entry.(map[string]any); ok && two == plural {
			continue
		}
		if !*update {
			t.Errorf("%q is not in en.json as it should be; run the test with -update", text)
			continue
		}
		have[text] = text
		if plural {
			have[text] = map[string]any{"one": singular(text), "other": text}
		}
	}
	for text := range have {
		if _, ok := want[text]; !ok {
			if !*update {
				t.Errorf("%q is in en.json and nowhere in the window", text)
			}
			delete(have, text)
		}
	}
	if *update {
		out, err := json.MarshalIndent(have, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func singular(text string) string {
	for plural, one := range map[string]string{
		"photos": "photo", "files": "file", "stars": "star", "seconds": "second", "minutes": "minute", "hours": "hour",
		"texts": "text", "lines": "line", "searches": "search", " are ": " is ", "favourites": "a favourite",
	} {
		text = strings.ReplaceAll(text, plural, one)
	}
	return text
}

// textsInSource finds the first argument of every tr and trn; true for those about numbers.
func textsInSource(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.Ident)
			if !ok || f.Name != "tr" && f.Name != "trn" || len(call.Args) == 0 {
				return true
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				if name != "text.go" {
					t.Errorf("%s: a text that is no literal cannot be translated", set.Position(call.Pos()))
				}
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Error(err)
			}
			out[text] = out[text] || f.Name == "trn"
			return true
		})
	}
	return out
}
