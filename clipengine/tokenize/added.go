package tokenize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// added is a token that is found in the text as a whole, before the model sees it.
type added struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// matcher finds added tokens in a text, the leftmost first and of these the longest.
type matcher struct {
	// byFirst holds the tokens by their first byte, longest first.
	byFirst map[byte][]added
}

func newMatcher(tokens []added) matcher {
	m := matcher{byFirst: map[byte][]added{}}
	for _, t := range tokens {
		if t.Content != "" {
			m.byFirst[t.Content[0]] = append(m.byFirst[t.Content[0]], t)
		}
	}
	for _, list := range m.byFirst {
		slices.SortStableFunc(list, func(a, b added) int { return len(b.Content) - len(a.Content) })
	}
	return m
}

// split cuts a part at the added tokens in it.
func (m matcher) split(p part) []part {
	if len(m.byFirst) == 0 {
		if p.text == "" {
			return nil
		}
		return []part{p}
	}
	var out []part
	text, done := p.text, 0
	plain := func(from, to int) {
		if from < to {
			out = append(out, part{text: text[from:to], start: p.start && from == 0, token: -1})
		}
	}
	for i := 0; i < len(text); {
		t, ok := m.at(text, i)
		if !ok {
			i++
			continue
		}
		from, to := i, i+len(t.Content)
		if t.SingleWord && (wordBefore(text[:from]) || wordAfter(text[to:])) {
			i = to
			continue
		}
		if t.LStrip {
			from = max(done, len(strings.TrimRightFunc(text[:from], unicode.IsSpace)))
		}
		if t.RStrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
		}
		plain(done, from)
		out = append(out, part{token: t.ID})
		i, done = to, to
	}
	plain(done, len(text))
	return out
}

func (m matcher) at(text string, i int) (added, bool) {
	for _, t := range m.byFirst[text[i]] {
		if strings.HasPrefix(text[i:], t.Content) {
			return t, true
		}
	}
	return added{}, false
}

func wordBefore(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && isWord(r)
}

func wordAfter(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isWord(r)
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}
