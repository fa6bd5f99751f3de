package tokenize_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"descry/clipengine/tokenize"
	"descry/internal/testdata"
)

// reference holds the token numbers that the Python originals give; see tools/tokenizer.
type reference struct {
	Texts []string
	Sets  []struct {
		Name  string
		Limit int
		IDs   [][]int64
	}
	Canonical []*string
}

func unzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readReference(t testing.TB) reference {
	t.Helper()
	var ref reference
	if err := json.Unmarshal(unzip(t, filepath.Join("testdata", "ids.json.gz")), &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// read returns the tokenizer of a set of the reference.
func read(t testing.TB, name string) *tokenize.Tokenizer {
	t.Helper()
	var data []byte
	var err error
	switch name {
	case "clip":
		tok, err := tokenize.CLIP()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	case "starter":
		return starter(t)
	case "clip.json":
		data, err = os.ReadFile(filepath.Join(testdata.Shared(t), "data", "tinyclip", "tokenizer.json"))
		if err != nil {
			t.Fatal(err)
		}
	default:
		data = unzip(t, filepath.Join("testdata", name+".json.gz"))
	}
	tok, err := tokenize.ReadJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestNumbersAreThoseOfTheOriginals(t *testing.T) {
	ref := readReference(t)
	if len(ref.Texts) < 3000 || len(ref.Sets) != 6 {
		t.Fatalf("%d texts and %d tokenizers", len(ref.Texts), len(ref.Sets))
	}
	for _, set := range ref.Sets {
		t.Run(set.Name, func(t *testing.T) {
			tok := read(t, set.Name)
			wrong := 0
			for i, text := range ref.Texts {
				if got := tok.Encode(text, set.Limit); !slices.Equal(got, set.IDs[i]) {
					if wrong++; wrong <= 12 {
						t.Errorf("%+q\n got %v\nwant %v", cut(text), got, set.IDs[i])
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d texts differ", wrong, len(ref.Texts))
			}
		})
	}
}

func TestCanonicalTextsAreThoseOfTheOriginal(t *testing.T) {
	ref := readReference(t)
	wrong := 0
	for i, text := range ref.Texts {
		if ref.Canonical[i] == nil {
			continue
		}
		if got := tokenize.Canonicalize.Apply(text); got != *ref.Canonical[i] {
			if wrong++; wrong <= 12 {
				t.Errorf("%+q\n got %+q\nwant %+q", text, got, *ref.Canonical[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d texts differ", wrong)
	}
}

func cut(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}
