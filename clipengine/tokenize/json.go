package tokenize

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxJSON is the largest tokenizer.json that is read, in bytes; the largest published one
// (Gemma's) is 34 MB.
const MaxJSON = 80 << 20

// maxVocab bounds the token numbers; the largest published vocabulary has 262,144 tokens.
const maxVocab = 1 << 22

// file is the part of tokenizer.json that turns text into tokens.
type file struct {
	Truncation *struct {
		Direction string
		// MaxLength may be larger than any number of tokens.
		MaxLength float64 `json:"max_length"`
	} `json:"truncation"`
	Padding *struct {
		ID int64 `json:"pad_id"`
	} `json:"padding"`
	Added         []added         `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Model         json.RawMessage `json:"model"`
}

// ReadJSON reads a tokenizer.json. Parts that it does not know are an error that names
// them: a tokenizer that is nearly right gives vectors that are quietly wrong.
func ReadJSON(data []byte) (*Tokenizer, error) {
	if len(data) > MaxJSON {
		return nil, fmt.Errorf("the tokenizer is larger than %d MB", MaxJSON>>20)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read the tokenizer: %w", err)
	}
	t := &Tokenizer{}
	if f.Truncation != nil {
		if f.Truncation.Direction == "Left" {
			return nil, errors.New("the tokenizer cuts texts at their beginning, which is not supported")
		}
		if n := f.Truncation.MaxLength; n >= 1 && n < maxVocab {
			t.limit = int(n)
		}
	}
	if err := t.readModel(f.Model); err != nil {
		return nil, err
	}
	var raw, normed []added
	for _, a := range f.Added {
		if a.ID < 0 || a.ID > maxVocab {
			return nil, fmt.Errorf("%w: the added token %q has the number %d", errVocab, a.Content, a.ID)
		}
		t.vocab[a.Content] = a.ID
	}
	var err error
	if t.norm, err = readNormalizer(f.Normalizer, 0); err != nil {
		return nil, err
	}
	if len(t.norm) > maxSteps {
		return nil, fmt.Errorf("the tokenizer normalises texts in %d steps, more than the %d that are sensible", len(t.norm), maxSteps)
	}
	for _, a := range f.Added {
		if a.Normalized {
			a.Content = t.norm.apply(a.Content)
			normed = append(normed, a)
		} else {
			raw = append(raw, a)
		}
	}
	t.raw, t.normed = newMatcher(raw), newMatcher(normed)
	if t.pre, err = readSplitters(f.PreTokenizer, 0); err != nil {
		return nil, err
	}
	if len(t.pre) > maxSplits {
		return nil, fmt.Errorf("the tokenizer splits texts %d times, more than the %d that are sensible", len(t.pre), maxSplits)
	}
	if err := t.readPost(f.PostProcessor, 0); err != nil {
		return nil, err
	}
	for _, name := range []string{"[PAD]", "<pad>"} {
		if id, ok := t.vocab[name]; ok {
			t.pad = id
			break
		}
	}
	if f.Padding != nil && f.Padding.ID >= 0 && f.Padding.ID <= maxVocab {
		t.pad = f.Padding.ID
	}
	return t, nil
}

// readModel reads the vocabulary and the algorithm.
func (t *Tokenizer) readModel(raw json.RawMessage) error {
	var head struct {
		Type   string          `json:"type"`
		Merges json.RawMessage `json:"merges"`
	}
	if isNull(raw) {
		return errors.New("the tokenizer has no model")
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return fmt.Errorf("read the tokenizer's model: %w", err)
	}
	// Files of early versions leave the type out; the merges give it away.
	if head.Type == "" && head.Merges != nil {
		head.Type = "BPE"
	}
	t.kind = head.Type
	var err error
	switch head.Type {
	case "WordPiece":
		t.model, t.vocab, err = readWordPiece(raw)
	case "BPE":
		t.model, t.vocab, err = readBPE(raw)
	case "Unigram":
		t.model, t.vocab, err = readUnigram(raw)
	default:
		return fmt.Errorf("the tokenizer's model %q is not supported", head.Type)
	}
	return err
}

func readWordPiece(raw json.RawMessage) (model, map[string]int64, error) {
	m := struct {
		Vocab    map[string]int64 `json:"vocab"`
		Unknown  string           `json:"unk_token"`
		Prefix   string           `json:"continuing_subword_prefix"`
		MaxRunes int              `json:"max_input_chars_per_word"`
	}{Unknown: "[UNK]", Prefix: "##", MaxRunes: 100}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, fmt.Errorf("read the tokenizer's model: %w", err)
	}
	if err := checkVocab(m.Vocab); err != nil {
		return nil, nil, err
	}
	unknown, ok := m.Vocab[m.Unknown]
	if !ok {
		return nil, nil, fmt.Errorf("%w: it lacks the unknown token %q", errVocab, m.Unknown)
	}
	return wordPiece{m.Vocab, unknown, m.Prefix, m.MaxRunes}, m.Vocab, nil
}

func checkVocab(vocab map[string]int64) error {
	if len(vocab) == 0 {
		return fmt.Errorf("%w: it is empty", errVocab)
	}
	for token, id := range vocab {
		if id < 0 || id > maxVocab {
			return fmt.Errorf("%w: the token %q has the number %d", errVocab, token, id)
		}
	}
	return nil
}

const (
	// maxNesting bounds sequences inside sequences.
	maxNesting = 8
	// maxSteps is how many steps of normalisation a text may go through, maxInsert how many bytes
	// one of them may put in a place, and maxSplits how often it may be split, each time of which
	// may double it. No published file comes near them; they bound what a text becomes.
	maxSteps  = 64
	maxInsert = 256
	maxSplits = 10
)

var errNesting = fmt.Errorf("the tokenizer's parts are nested more than %d deep", maxNesting)

// pattern is what a step looks for: a text or a regular expression.
type pattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

func (p pattern) compile() (*regexp.Regexp, error) {
	switch {
	case p.String != nil:
		return regexp.Compile(regexp.QuoteMeta(*p.String))
	case p.Regex != nil:
		re, err := compile(*p.Regex)
		if err != nil {
			return nil, fmt.Errorf("the tokenizer's expression %q is not supported: %w", *p.Regex, err)
		}
		return re, nil
	}
	return nil, errors.New("a step of the tokenizer has no pattern")
}

// normalizerFile has the fields of all kinds of normalizers.
type normalizerFile struct {
	Type        string            `json:"type"`
	Normalizers []json.RawMessage `json:"normalizers"`
	// BertNormalizer
	CleanText    bool  `json:"clean_text"`
	ChineseChars bool  `json:"handle_chinese_chars"`
	StripAccents *bool `json:"strip_accents"`
	Lowercase    bool  `json:"lowercase"`
	// Replace, Prepend, Precompiled, Strip
	Pattern    pattern `json:"pattern"`
	Content    string  `json:"content"`
	Prepend    string  `json:"prepend"`
	Charsmap   []byte  `json:"precompiled_charsmap"`
	StripLeft  bool    `json:"strip_left"`
	StripRight bool    `json:"strip_right"`
}

func readNormalizer(raw json.RawMessage, depth int) (normalizer, error) {
	if isNull(raw) {
		return nil, nil
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	var f normalizerFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read the tokenizer's normalizer: %w", err)
	}
	if n := max(len(f.Prepend), len(f.Content)); n > maxInsert {
		return nil, fmt.Errorf("the tokenizer's normalizer puts %d bytes into a text, more than the %d that are sensible", n, maxInsert)
	}
	one := func(apply func(string) string) (normalizer, error) { return normalizer{{apply: apply}}, nil }
	switch f.Type {
	case "Sequence":
		var all normalizer
		for _, r := range f.Normalizers {
			n, err := readNormalizer(r, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, n...)
		}
		return all, nil
	case "BertNormalizer":
		return bertNormalizer(f), nil
	case "NFC":
		return one(form(norm.NFC))
	case "NFD":
		return one(form(norm.NFD))
	case "NFKC":
		return one(form(norm.NFKC))
	case "NFKD":
		return one(form(norm.NFKD))
	case "Lowercase":
		return one(lowercase)
	case "StripAccents":
		return one(stripMarks)
	case "Strip":
		return one(func(s string) string {
			if f.StripLeft {
				s = strings.TrimLeftFunc(s, unicode.IsSpace)
			}
			if f.StripRight {
				s = strings.TrimRightFunc(s, unicode.IsSpace)
			}
			return s
		})
	case "Precompiled":
		if len(f.Charsmap) == 0 {
			return nil, nil
		}
		c, err := readCharsmap(f.Charsmap)
		if err != nil {
			return nil, err
		}
		return normalizer{{apply: c.apply, silent: true}}, nil
	case "Prepend":
		return one(func(s string) string {
			if s == "" {
				return s
			}
			return f.Prepend + s
		})
	case "Replace":
		re, err := f.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return one(func(s string) string { return re.ReplaceAllLiteralString(s, f.Content) })
	}
	return nil, fmt.Errorf("the tokenizer's normalizer %q is not supported", f.Type)
}

// splitterFile has the fields of all kinds of pre-tokenizers.
type splitterFile struct {
	Type          string            `json:"type"`
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Pattern       pattern           `json:"pattern"`
	Behavior      behavior          `json:"behavior"`
	Invert        bool              `json:"invert"`
	PrefixSpace   *bool             `json:"add_prefix_space"`
	UseRegex      *bool             `json:"use_regex"`
	Replacement   string            `json:"replacement"`
	PrependScheme string            `json:"prepend_scheme"`
	Split         *bool             `json:"split"`
	Individual    bool              `json:"individual_digits"`
}

func readSplitters(raw json.RawMessage, depth int) ([]splitter, error) {
	if isNull(raw) {
		return nil, nil
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	var f splitterFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read the tokenizer's pre-tokenizer: %w", err)
	}
	switch f.Type {
	case "Sequence":
		var all []splitter
		for _, r := range f.PreTokenizers {
			s, err := readSplitters(r, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, s...)
		}
		return all, nil
	case "BertPreTokenizer":
		return []splitter{splitFunc{unicode.IsSpace, removed}, splitFunc{isPunctuation, isolated}}, nil
	case "ByteLevel":
		var all []splitter
		if f.PrefixSpace == nil || *f.PrefixSpace {
			all = append(all, replaceRunes(func(p part) string {
				if strings.HasPrefix(p.text, " ") {
					return p.text
				}
				return " " + p.text
			}))
		}
		if f.UseRegex == nil || *f.UseRegex {
			all = append(all, splitRegexp{findGPT2, isolated, false})
		}
		return append(all, replaceRunes(func(p part) string { return byteLevel(p.text) })), nil
	case "Metaspace":
		return readMetaspace(f)
	case "Whitespace":
		re, err := compile(`[\p{L}\p{M}\p{N}\p{Pc}]+|[^\s\p{L}\p{M}\p{N}\p{Pc}]+`)
		return []splitter{splitRegexp{findAll(re), removed, true}}, err
	case "WhitespaceSplit":
		return []splitter{splitFunc{unicode.IsSpace, removed}}, nil
	case "Punctuation":
		b := f.Behavior
		if b == "" {
			b = isolated
		}
		return []splitter{splitFunc{isPunctuation, b}}, nil
	case "Digits":
		b := contiguous
		if f.Individual {
			b = isolated
		}
		return []splitter{splitFunc{unicode.IsNumber, b}}, nil
	case "Split":
		re, err := f.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return []splitter{splitRegexp{findAll(re), f.Behavior, f.Invert}}, nil
	}
	return nil, fmt.Errorf("the tokenizer's pre-tokenizer %q is not supported", f.Type)
}

// readMetaspace reads the splitter of SentencePiece models. Files before 2024 say with
// add_prefix_space what prepend_scheme says since.
func readMetaspace(f splitterFile) ([]splitter, error) {
	sign, n := utf8.DecodeRuneInString(f.Replacement)
	if n == 0 || n != len(f.Replacement) {
		return nil, fmt.Errorf("the tokenizer's sign for spaces %q is not one character", f.Replacement)
	}
	m := metaspace{sign: sign, prepend: f.PrependScheme, cut: f.Split == nil || *f.Split}
	if m.prepend == "" {
		m.prepend = "always"
		if f.PrefixSpace != nil && !*f.PrefixSpace {
			m.prepend = "never"
		}
	}
	return []splitter{m}, nil
}

// postFile has the fields of all kinds of post-processors.
type postFile struct {
	Type       string                           `json:"type"`
	Processors []json.RawMessage                `json:"processors"`
	Sep        pair                             `json:"sep"`
	Cls        pair                             `json:"cls"`
	Single     []map[string]struct{ ID string } `json:"single"`
	Special    map[string]struct{ IDs []int64 } `json:"special_tokens"`
}

// pair is a token and its number, written as a list of two.
type pair struct {
	token string
	id    int64
}

// UnmarshalJSON reads ["token", number].
func (p *pair) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 2 {
		return errors.New("a special token is not a pair of text and number")
	}
	if err := json.Unmarshal(list[0], &p.token); err != nil {
		return err
	}
	return json.Unmarshal(list[1], &p.id)
}

func (t *Tokenizer) readPost(raw json.RawMessage, depth int) error {
	if isNull(raw) {
		return nil
	}
	if depth > maxNesting {
		return errNesting
	}
	var f postFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("read the tokenizer's post-processor: %w", err)
	}
	switch f.Type {
	case "Sequence":
		for _, r := range f.Processors {
			if err := t.readPost(r, depth+1); err != nil {
				return err
			}
		}
	case "ByteLevel":
	case "RobertaProcessing", "BertProcessing":
		t.before, t.after = []int64{f.Cls.id}, []int64{f.Sep.id}
	case "TemplateProcessing":
		side, seen := &t.before, false
		for _, item := range f.Single {
			if _, ok := item["Sequence"]; ok {
				side, seen = &t.after, true
			} else if s, ok := item["SpecialToken"]; ok {
				special, ok := f.Special[s.ID]
				if !ok || len(special.IDs) == 0 {
					return fmt.Errorf("the tokenizer's template names the token %q, which it does not have", s.ID)
				}
				*side = append(*side, special.IDs...)
			}
		}
		if !seen {
			return errors.New("the tokenizer's template has no place for the text")
		}
	default:
		return fmt.Errorf("the tokenizer's post-processor %q is not supported", f.Type)
	}
	if len(t.before)+len(t.after) > 16 {
		return errors.New("the tokenizer puts more than 16 special tokens around a text")
	}
	for _, id := range append(append([]int64(nil), t.before...), t.after...) {
		if id < 0 || id > maxVocab {
			return fmt.Errorf("%w: a special token has the number %d", errVocab, id)
		}
	}
	return nil
}

func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || bytes.Equal(raw, []byte("null"))
}
