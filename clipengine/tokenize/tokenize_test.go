package tokenize_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"descry/clipengine/tokenize"
	"descry/internal/testdata"
)

var kinds = map[string]string{"clip": "BPE", "starter": "WordPiece", "xlmr": "Unigram", "t5": "Unigram", "gemma": "BPE"}

func TestKindsAndPads(t *testing.T) {
	pads := map[string]int64{"clip": 0, "starter": 0, "xlmr": 1, "t5": 0, "gemma": 0}
	for name, kind := range kinds {
		tok := read(t, name)
		if tok.Kind() != kind || tok.Pad() != pads[name] {
			t.Errorf("%s: kind %s, pad %d", name, tok.Kind(), tok.Pad())
		}
		if id, ok := tok.Token("the"); ok && (id < 0 || id > tok.MaxID()) {
			t.Errorf("%s: the number %d is out of range", name, id)
		}
	}
}

func TestCutTextsKeepTheirEnd(t *testing.T) {
	for name := range kinds {
		tok := read(t, name)
		whole := tok.Encode("a dog", 0)
		long := tok.Encode(strings.Repeat("a dog ", 5000), 12)
		if len(long) != 12 || long[len(long)-1] != whole[len(whole)-1] {
			t.Errorf("%s: %v does not end like %v", name, long, whole)
		}
		for _, limit := range []int{1, 2, 3} {
			if got := tok.Encode("a dog on the beach", limit); len(got) > max(limit, 2) {
				t.Errorf("%s: %d tokens for a limit of %d", name, len(got), limit)
			}
		}
	}
}

func TestEncodedFillsUp(t *testing.T) {
	tok := read(t, "xlmr")
	ids, mask := tok.Encoded("a dog", 20)
	plain := tok.Encode("a dog", 20)
	if len(ids) != 20 || len(mask) != 20 || !slices.Equal(ids[:len(plain)], plain) {
		t.Fatalf("%v, want it to begin with %v", ids, plain)
	}
	for i := range ids {
		filling := i >= len(plain)
		if filling && (ids[i] != tok.Pad() || mask[i] != 0) || !filling && mask[i] != 1 {
			t.Errorf("place %d: token %d, mask %d", i, ids[i], mask[i])
		}
	}
}

func TestBrokenTextIsTakenAsItCan(t *testing.T) {
	for name := range kinds {
		tok := read(t, name)
		if got, want := tok.Encode("dog \xff\xfe cat", 0), tok.Encode("dog \ufffd\ufffd cat", 0); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		// A book is cut at MaxText, also in the middle of a character.
		tok.Encode(strings.Repeat("犬", tokenize.MaxText), 64)
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{``, "read the tokenizer"},
		{`[]`, "read the tokenizer"},
		{`{}`, "no model"},
		{`{"model":{"type":"WordLevel","vocab":{"a":0}}}`, `"WordLevel" is not supported`},
		{`{"model":{"type":"WordPiece","vocab":{}}}`, "empty"},
		{`{"model":{"type":"WordPiece","vocab":{"a":0}}}`, "unknown token"},
		{`{"model":{"type":"WordPiece","vocab":{"[UNK]":-1}}}`, "number -1"},
		{`{"model":{"type":"WordPiece","vocab":{"[UNK]":99999999999}}}`, "number 99999999999"},
		{`{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}}`, "not in the vocabulary"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}`, "not a pair"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a","b","c"]]}}`, "not a pair"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"byte_fallback":true}}`, "byte <0x00>"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"unk_token":"?"}}`, "unknown token"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"dropout":0.1}}`, "random"},
		{`{"model":{"type":"Unigram","vocab":[]}}`, "0 tokens"},
		{`{"model":{"type":"Unigram","vocab":[["a",0]]}}`, "unknown token"},
		{`{"model":{"type":"Unigram","unk_id":7,"vocab":[["a",0]]}}`, "unknown token"},
		{`{"model":{"type":"Unigram","unk_id":0,"vocab":[["a"]]}}`, "pair"},
		{with(`"normalizer":{"type":"Magic"}`), `"Magic" is not supported`},
		{with(`"normalizer":{"type":"Replace","pattern":{"Regex":"(?=a)"},"content":""}`), "not supported"},
		{with(`"normalizer":{"type":"Replace","content":""}`), "no pattern"},
		{with(`"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}`), "normalisation table"},
		{with(`"pre_tokenizer":{"type":"Magic"}`), `"Magic" is not supported`},
		{with(`"pre_tokenizer":{"type":"Metaspace","replacement":""}`), "not one character"},
		{with(`"post_processor":{"type":"Magic"}`), `"Magic" is not supported`},
		{with(`"post_processor":{"type":"TemplateProcessing","single":[]}`), "no place for the text"},
		{with(`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}]}`), `"x"`},
		{with(`"post_processor":{"type":"BertProcessing","sep":["a",-4],"cls":["a",0]}`), "number -4"},
		{with(`"added_tokens":[{"id":-1,"content":"x"}]`), "number -1"},
		{with(`"truncation":{"direction":"Left","max_length":4}`), "beginning"},
		{with(`"normalizer":{"type":"Replace","pattern":{"String":""},"content":"` + strings.Repeat("x", 300) + `"}`), "300 bytes into a text"},
		{with(`"normalizer":{"type":"Prepend","prepend":"` + strings.Repeat("x", 300) + `"}`), "300 bytes into a text"},
		{with(`"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"}` + strings.Repeat(`,{"type":"NFC"}`, 64) + `]}`), "in 65 steps"},
		{with(`"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"}` + strings.Repeat(`,{"type":"ByteLevel"}`, 30) + `]}`), "splits texts 93 times"},
		{with(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[\\S]"},"behavior":"Isolated"}`), `\S is not known here`},
		{with(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\ba"},"behavior":"Isolated"}`), `\b is not known here`},
		{with(`"normalizer":` + strings.Repeat(`{"type":"Sequence","normalizers":[`, 20) + strings.Repeat(`]}`, 20)), "nested"},
		{with(`"pre_tokenizer":` + strings.Repeat(`{"type":"Sequence","pretokenizers":[`, 20) + strings.Repeat(`]}`, 20)), "nested"},
	} {
		if _, err := tokenize.ReadJSON([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant a word on %s", cut(c.file), err, c.want)
		}
	}
}

// TestNoTextGrowsWithoutBound reads a file that puts a hundred characters behind each, twice.
func TestNoTextGrowsWithoutBound(t *testing.T) {
	grow := `{"type":"Replace","pattern":{"String":""},"content":"` + strings.Repeat("é", 100) + `"}`
	tok, err := tokenize.ReadJSON([]byte(`{"normalizer":{"type":"Sequence","normalizers":[` + grow + `,` + grow + `]},"model":{"type":"BPE","vocab":{"é":0}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(tok.Encode(strings.Repeat("é", 100), 0)); n < 10_000 || n > tokenize.MaxText {
		t.Errorf("a hundred characters become %d tokens", n)
	}
}

// TestExpressionsKnowAllScripts cuts texts by expressions that mean more than Go's own do.
func TestExpressionsKnowAllScripts(t *testing.T) {
	for _, c := range []struct {
		regex, text string
		pieces      int
	}{
		{`\\d+`, "a12b٣٤c", 5},
		{`[\\d]`, "a12b٣٤c", 7},
		{`\\D+`, "a12b٣٤c", 5},
		{`\\w+`, "été_1 नमस्ते!", 4},
		{`\\W`, "été_1 नमस्ते!", 4},
		{`\\s`, "a b\u2003c", 5},
		{`\\S+`, "a b\u2003c", 5},
	} {
		tok, err := tokenize.ReadJSON([]byte(`{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"` + c.regex + `"},"behavior":"Isolated"},"model":{"type":"WordPiece","unk_token":"?","vocab":{"?":0}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(tok.Encode(c.text, 0)); n != c.pieces {
			t.Errorf("%s cuts %q into %d pieces, want %d", c.regex, c.text, n, c.pieces)
		}
	}
}

// with is a small tokenizer.json that has one part more.
func with(part string) string {
	return `{` + part + `,"model":{"type":"WordPiece","unk_token":"a","vocab":{"a":0}}}`
}

func FuzzEncode(f *testing.F) {
	toks := map[string]*tokenize.Tokenizer{}
	for name := range kinds {
		toks[name] = read(f, name)
	}
	for _, s := range []string{"", "a dog", "犬 🐶 e\u0301", "<s> [CLS] <|endoftext|>", "&amp;lt;", "\xff\x00\x1b[0m"} {
		f.Add(s, 77)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 || limit > 1000 {
			limit = 77
		}
		for name, tok := range toks {
			ids := tok.Encode(text, limit)
			if limit > 2 && len(ids) > limit {
				t.Fatalf("%s: %d tokens for a limit of %d", name, len(ids), limit)
			}
			for _, id := range ids {
				if id < 0 || id > tok.MaxID() {
					t.Fatalf("%s: token %d", name, id)
				}
			}
		}
		for _, c := range []tokenize.Cleaning{tokenize.Whitespace, tokenize.Lower, tokenize.Canonicalize} {
			if got := c.Apply(text); !utf8.ValidString(got) {
				t.Fatalf("%s makes %q of %q", c, got, text)
			}
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{
		`{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel"}}`,
		`{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",-1],["b",-2]]},"normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAA="}}`,
		with(`"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Strip","strip_left":true}]}`),
		with(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[^\\s\\p{L}]+"},"behavior":"MergedWithNext","invert":true}`),
		with(`"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}]}`),
		with(`"added_tokens":[{"id":1,"content":"x","single_word":true,"lstrip":true,"rstrip":true}]`),
	} {
		f.Add([]byte(s), "a b x")
	}
	f.Fuzz(func(_ *testing.T, data []byte, text string) {
		if tok, err := tokenize.ReadJSON(data); err == nil && len(text) < 1000 {
			tok.Encode(text, 20)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for name := range kinds {
		tok := read(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tok.Encode("two children are playing in the snow with a red sled", 77)
			}
		})
	}
}

// TestPublishedTokenizerIsRead reads a whole published file, where it is there.
func TestPublishedTokenizerIsRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata.Shared(t), "data", "tinyclip", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.ReadJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	own, err := tokenize.CLIP()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a photo of a dog", "Grandma's 80th birthday, cake & candles", "日落时在海滩上奔跑的狗"} {
		if a, b := tok.Encode(text, 77), own.Encode(text, 77); !slices.Equal(a, b) {
			t.Errorf("%q: the published file gives %v, the built-in vocabulary %v", text, a, b)
		}
	}
}
