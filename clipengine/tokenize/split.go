package tokenize

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter cuts a part into smaller ones.
type splitter interface {
	// split appends the pieces of p; empty pieces are left out.
	split(dst []part, p part) []part
}

// behavior says what becomes of the places where a text is cut.
type behavior string

const (
	removed        behavior = "Removed"
	isolated       behavior = "Isolated"
	mergedWithPrev behavior = "MergedWithPrevious"
	mergedWithNext behavior = "MergedWithNext"
	contiguous     behavior = "Contiguous"
)

// cut is a stretch of text that is or is not a place to cut at.
type cut struct {
	from, to int
	match    bool
}

// apply turns cuts into parts.
func (b behavior) apply(dst []part, p part, cuts []cut) []part {
	var joined []cut
	for i, c := range cuts {
		last := len(joined) - 1
		switch {
		case b == removed && c.match:
			continue
		case b == mergedWithPrev && c.match && i > 0 && !cuts[i-1].match,
			b == contiguous && i > 0 && cuts[i-1].match == c.match,
			b == mergedWithNext && !c.match && i > 0 && cuts[i-1].match:
			joined[last].to = c.to
		default:
			joined = append(joined, c)
		}
	}
	for _, c := range joined {
		if c.from < c.to {
			dst = append(dst, part{text: p.text[c.from:c.to], start: p.start && c.from == 0, token: -1})
		}
	}
	return dst
}

// splitFunc cuts at every character that a function accepts.
type splitFunc struct {
	is       func(rune) bool
	behavior behavior
}

func (s splitFunc) split(dst []part, p part) []part {
	var cuts []cut
	from := 0
	for i, r := range p.text {
		if s.is(r) {
			if from < i {
				cuts = append(cuts, cut{from, i, false})
			}
			from = i + utf8.RuneLen(r)
			cuts = append(cuts, cut{i, from, true})
		}
	}
	if from < len(p.text) {
		cuts = append(cuts, cut{from, len(p.text), false})
	}
	return s.behavior.apply(dst, p, cuts)
}

// splitRegexp cuts at every match of an expression, or between them when inverted.
type splitRegexp struct {
	find     func(string) [][]int
	behavior behavior
	invert   bool
}

func (s splitRegexp) split(dst []part, p part) []part {
	var cuts []cut
	from := 0
	for _, m := range s.find(p.text) {
		if from < m[0] {
			cuts = append(cuts, cut{from, m[0], s.invert})
		}
		cuts = append(cuts, cut{m[0], m[1], !s.invert})
		from = m[1]
	}
	if from < len(p.text) {
		cuts = append(cuts, cut{from, len(p.text), s.invert})
	}
	return s.behavior.apply(dst, p, cuts)
}

func findAll(re *regexp.Regexp) func(string) [][]int {
	return func(s string) [][]int {
		all := re.FindAllStringIndex(s, -1)
		kept := all[:0]
		for _, m := range all {
			if m[0] < m[1] {
				kept = append(kept, m)
			}
		}
		return kept
	}
}

// isPunctuation knows all of ASCII's symbols and what Unicode calls punctuation.
func isPunctuation(r rune) bool {
	return r < 0x80 && (r > 0x20 && r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' && r < 0x7F) ||
		unicode.IsPunct(r) && !unicode.Is(bertNoPunctuation, r)
}

// replaceRunes rewrites a part and cuts nothing.
type replaceRunes func(part) string

func (f replaceRunes) split(dst []part, p part) []part {
	p.text = f(p)
	return append(dst, p)
}

// byteRunes is the alphabet of byte-level encodings: each byte has a printable character.
var byteRunes = func() (t [256]rune) {
	next := rune(256)
	for b := range t {
		switch {
		case b >= '!' && b <= '~', b >= 0xA1 && b <= 0xAC, b >= 0xAE:
			t[b] = rune(b)
		default:
			t[b] = next
			next++
		}
	}
	return t
}()

// byteLevel spells a text with byteRunes.
func byteLevel(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(byteRunes[s[i]])
	}
	return b.String()
}
