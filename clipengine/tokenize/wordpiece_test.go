package tokenize_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"descry/clipengine/tokenize"
	"descry/internal/testdata"
)

// starter is the tokenizer of the model that the program carries.
func starter(t testing.TB) *tokenize.Tokenizer {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata.Repo(t), "assets", "starter", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.ReadJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestStarterTokenizerMatchesItsFixtures(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "starter-fixtures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fixtures struct {
		Texts, Tokenizer []struct {
			Text string
			IDs  []int64 `json:"input_ids"`
		}
	}
	if err := json.Unmarshal(data, &fixtures); err != nil {
		t.Fatal(err)
	}
	tok := starter(t)
	if tok.Limit() != 64 || tok.Pad() != 0 {
		t.Errorf("limit %d and pad %d, want 64 and 0", tok.Limit(), tok.Pad())
	}
	all := append(fixtures.Texts, fixtures.Tokenizer...)
	if len(all) != 50 {
		t.Fatalf("%d fixtures, want 50", len(all))
	}
	for _, f := range all {
		if diff := cmp.Diff(f.IDs, tok.Encode(f.Text, 64)); diff != "" {
			t.Errorf("%q: %s", f.Text, diff)
		}
	}
}
