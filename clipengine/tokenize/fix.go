package tokenize

import (
	"html"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxRounds bounds how often a line is repaired until nothing changes any more: entities
// may be escaped many times over.
const maxRounds = 10

// fixText makes plain text of what copying from web pages and terminals leaves behind, as
// the Python package ftfy does before CLIP's tokenizer: HTML entities (unless there are
// tags), curly quotes, ligatures, full- and half-width forms, line ends, terminal colours
// and control characters, and the composed form of letters with marks. What ftfy does
// beyond that, guessing which wrong encoding a text was once read with, is left out.
func fixText(s string) string {
	var b strings.Builder
	entities := true
	for line := range strings.Lines(s) {
		entities = entities && !strings.Contains(line, "<")
		for range maxRounds {
			fixed := fixLine(line, entities)
			if fixed == line {
				break
			}
			line = fixed
			entities = entities && !strings.Contains(line, "<")
		}
		b.WriteString(line)
	}
	return b.String()
}

var (
	entity         = regexp.MustCompile(`&#?[0-9A-Za-z]{1,24};`)
	terminalEscape = regexp.MustCompile("\x1b\\[[0-9;]*[a-zA-Z]")
)

func fixLine(s string, entities bool) string {
	if plainASCII(s) && !strings.Contains(s, "&") {
		return s
	}
	if entities {
		s = entity.ReplaceAllStringFunc(s, html.UnescapeString)
	}
	var b strings.Builder
	for _, r := range s {
		if to, ok := oldRunes[r]; ok {
			b.WriteString(to)
		} else if r >= 0xFF01 && r < 0xFFF0 {
			b.WriteString(norm.NFKC.String(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	s = lineEnds.Replace(b.String())
	s = terminalEscape.ReplaceAllString(s, "")
	s = strings.Map(func(r rune) rune {
		if r < 0x09 || r == 0x0B || r >= 0x0E && r < 0x20 || r == 0x7F ||
			r >= 0x206A && r < 0x2070 || r == 0xFEFF || r >= 0xFFF9 && r < 0xFFFD {
			return -1
		}
		return r
	}, s)
	return form(norm.NFC)(s)
}

// plainASCII tells whether a text is printable ASCII in one line, which needs no repair.
func plainASCII(s string) bool {
	for i := range len(s) {
		if (s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] > 0x7E {
			return false
		}
	}
	return true
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// oldRunes are the characters that are replaced: control characters that stand for what
// Windows puts there, ligatures of Latin letters, quotes, the wide space.
var oldRunes = func() map[rune]string {
	m := map[rune]string{
		'Ĳ': "IJ", 'ĳ': "ij", 'ŉ': "ʼn", 'Ǳ': "DZ", 'ǲ': "Dz", 'ǳ': "dz", 'Ǆ': "DŽ", 'ǅ': "Dž", 'ǆ': "dž",
		'Ǉ': "LJ", 'ǈ': "Lj", 'ǉ': "lj", 'Ǌ': "NJ", 'ǋ': "Nj", 'ǌ': "nj",
		'\uFB00': "ff", '\uFB01': "fi", '\uFB02': "fl", '\uFB03': "ffi", '\uFB04': "ffl", '\uFB05': "ſt", '\uFB06': "st",
		'\u02BC': "'", '\u3000': " ",
	}
	for r := '\u2018'; r <= '\u201B'; r++ {
		m[r] = "'"
	}
	for r := '\u201C'; r <= '\u201F'; r++ {
		m[r] = `"`
	}
	const windows = "€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ"
	for i, r := range []rune(windows) {
		if r != 0 && r != '‘' && r != '’' && r != '“' && r != '”' {
			m[rune(0x80+i)] = string(r)
		}
	}
	m[0x91], m[0x92], m[0x93], m[0x94] = "'", "'", `"`, `"`
	return m
}()
