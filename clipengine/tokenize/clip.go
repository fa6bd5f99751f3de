package tokenize

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
)

// clipVocabulary lists CLIP's merges in the order in which they were learned. It was made
// by OpenAI and travels under the MIT licence beside it.
//
//go:embed clipvocab/bpe_simple_vocab_16e6.txt.gz
var clipVocabulary []byte

// CLIPLimit is the number of tokens of all of CLIP's text towers.
const CLIPLimit = 77

// clipMerges is how many of the listed merges CLIP uses. Its vocabulary has 49,408 tokens: 256
// bytes, 256 bytes at the end of a word, what the merges make, and two special tokens.
const clipMerges = 49152 - 256 - 2

// CLIP returns the tokenizer of OpenAI's and OpenCLIP's models, for bundles that bring
// none: cleaning, lower case, byte-pair encoding with marks at the end of words. Texts are
// filled up with 0.
func CLIP() (*Tokenizer, error) {
	t, err := clipOnce()
	if err != nil {
		return nil, err
	}
	own := *t
	return &own, nil
}

var clipOnce = sync.OnceValues(func() (*Tokenizer, error) {
	zip, err := gzip.NewReader(bytes.NewReader(clipVocabulary))
	if err != nil {
		return nil, fmt.Errorf("read the CLIP vocabulary: %w", err)
	}
	return readCLIP(zip)
})

func readCLIP(r io.Reader) (*Tokenizer, error) {
	vocab := make(map[string]int64, 49408)
	add := func(token string) { vocab[token] = int64(len(vocab)) }
	for _, suffix := range []string{"", "</w>"} {
		// The alphabet begins with the printable bytes; the others follow in their order.
		for _, printable := range []bool{true, false} {
			for b, r := range byteRunes {
				if (rune(b) == r) == printable {
					add(string(r) + suffix)
				}
			}
		}
	}
	b := bpe{vocab: vocab, merges: make(map[[2]int64]merge, clipMerges), unknown: -1, suffix: "</w>"}
	lines := bufio.NewScanner(r)
	lines.Scan() // the first line is a comment
	for rank := 0; rank < clipMerges && lines.Scan(); rank++ {
		left, right, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			return nil, fmt.Errorf("read the CLIP vocabulary: line %d is no pair", rank+2)
		}
		add(left + right)
		if err := b.learn(rank, left, right); err != nil {
			return nil, fmt.Errorf("read the CLIP vocabulary: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the CLIP vocabulary: %w", err)
	}
	specials := map[string]int64{}
	for _, s := range []string{"<start_of_text>", "<end_of_text>"} {
		add(s)
		specials[byteLevel(s)] = vocab[s]
	}
	if len(vocab) != 49408 {
		return nil, fmt.Errorf("read the CLIP vocabulary: it has %d tokens instead of 49408", len(vocab))
	}
	// U+0345 is a mark whose capital is a letter. The original expression, which ignores
	// case, takes it for neither and leaves it out.
	words, err := compile(`<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\x{345}]+`)
	if err != nil {
		return nil, err
	}
	return &Tokenizer{
		norm: normalizer{{apply: Lower.Apply}},
		pre: []splitter{
			splitRegexp{findAll(words), removed, true},
			replaceRunes(func(p part) string { return byteLevel(p.text) }),
		},
		model:  withSpecials{b, specials},
		before: []int64{vocab["<start_of_text>"]}, after: []int64{vocab["<end_of_text>"]},
		vocab: vocab, limit: CLIPLimit, kind: "BPE",
	}, nil
}

// withSpecials looks whole pieces up before the model sees them.
type withSpecials struct {
	model
	specials map[string]int64
}

func (w withSpecials) tokens(dst []int64, piece string) []int64 {
	if id, ok := w.specials[piece]; ok {
		return append(dst, id)
	}
	return w.model.tokens(dst, piece)
}
