// Package tokenize turns text into the numbers that a text tower was trained on. It reads
// the tokenizer.json of Hugging Face's tokenizers, in which CLIP's byte-pair encoding,
// BERT's WordPiece and the SentencePiece models (unigram, and byte-pair encoding with
// byte fallback) are published, and follows that library token for token.
package tokenize

import (
	"errors"
	"fmt"
)

// MaxText is how many bytes of a text are looked at. What follows is far past the end of
// every model's context, and the limit bounds the work on a pasted book.
const MaxText = 64 << 10

// Tokenizer turns text into token numbers. It is safe for concurrent use.
type Tokenizer struct {
	raw    matcher // added tokens that are looked for in the text as it is
	normed matcher // added tokens that are looked for after normalisation
	norm   normalizer
	pre    []splitter
	model  model
	// before and after are the special tokens around every text.
	before, after []int64
	vocab         map[string]int64
	pad           int64
	limit         int
	kind          string
}

// model splits one piece of text, without spaces around it as the splitters left it, into
// tokens.
type model interface {
	// tokens appends the tokens of the piece.
	tokens(dst []int64, piece string) []int64
}

// part is a piece of the text on its way through the splitters.
type part struct {
	text string
	// start tells that the piece begins where the whole text began.
	start bool
	// token is the number of an added token, and text does not matter; else -1.
	token int64
}

// Kind names the algorithm: "WordPiece", "BPE" or "Unigram".
func (t *Tokenizer) Kind() string { return t.kind }

// Pad returns the number with which texts are filled up to a fixed length.
func (t *Tokenizer) Pad() int64 { return t.pad }

// SetPad changes the token with which texts are filled up. It must not be called while the
// tokenizer is in use.
func (t *Tokenizer) SetPad(token string) error {
	id, ok := t.vocab[token]
	if !ok {
		return fmt.Errorf("the padding token %q is not in the vocabulary", token)
	}
	t.pad = id
	return nil
}

// Limit returns the number of tokens, special ones included, to which the tokenizer's own
// file says that texts are cut, or 0 where it says nothing.
func (t *Tokenizer) Limit() int { return t.limit }

// Token returns the number of a token by its text.
func (t *Tokenizer) Token(text string) (int64, bool) {
	id, ok := t.vocab[text]
	return id, ok
}

// MaxID returns the largest token number that Encode can give.
func (t *Tokenizer) MaxID() int64 {
	var most int64
	for _, id := range t.vocab {
		most = max(most, id)
	}
	return most
}

// Check says whether texts of at most limit tokens can be made at all.
func (t *Tokenizer) Check(limit int) error {
	if n := len(t.before) + len(t.after); limit < n+1 {
		return fmt.Errorf("the text length of %d tokens leaves no room beside %d special tokens", limit, n)
	}
	return nil
}

// Encode returns the tokens of a text with the special tokens around them. At most limit
// tokens are returned when limit is positive: the text is cut at its end, the special
// tokens stay. Bytes that are not UTF-8 become U+FFFD.
func (t *Tokenizer) Encode(text string, limit int) []int64 {
	ids := append([]int64(nil), t.before...)
	for _, p := range t.split(clean(text)) {
		if p.token >= 0 {
			ids = append(ids, p.token)
		} else {
			ids = t.model.tokens(ids, p.text)
		}
	}
	if limit > 0 {
		ids = ids[:min(len(ids), max(limit-len(t.after), len(t.before)))]
	}
	return append(ids, t.after...)
}

// Encoded is Encode filled up with Pad to exactly length tokens, and the mask that is 1
// for tokens and 0 for the filling.
func (t *Tokenizer) Encoded(text string, length int) (ids, mask []int64) {
	ids = t.Encode(text, length)
	mask = make([]int64, length)
	for i := range ids {
		mask[i] = 1
	}
	for len(ids) < length {
		ids = append(ids, t.pad)
	}
	return ids, mask
}

// split takes the text apart: added tokens as they are, then normalisation, then added
// tokens in the normalised text, then the splitters.
func (t *Tokenizer) split(text string) []part {
	var out []part
	for _, p := range t.raw.split(part{text: text, start: true, token: -1}) {
		if p.token >= 0 {
			out = append(out, p)
			continue
		}
		var kept bool
		p.text, kept = t.norm.trace(p.text)
		p.start = p.start && kept
		for _, q := range t.normed.split(p) {
			if q.token >= 0 {
				out = append(out, q)
				continue
			}
			parts := []part{q}
			for _, s := range t.pre {
				var next []part
				for _, r := range parts {
					next = s.split(next, r)
				}
				parts = next
			}
			out = append(out, parts...)
		}
	}
	return out
}

// clean cuts an over-long text and makes it valid UTF-8.
func clean(text string) string { return string([]rune(cutLong(text))) }

// cutLong cuts a text longer than MaxText between two characters.
func cutLong(text string) string {
	if len(text) <= MaxText {
		return text
	}
	cut := MaxText
	for cut > MaxText-4 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut]
}

var errVocab = errors.New("the vocabulary is broken")
