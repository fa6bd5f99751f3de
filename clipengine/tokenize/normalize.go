package tokenize

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer is a list of steps that rewrite a text.
type normalizer []step

// step rewrites a text.
type step struct {
	apply func(string) string
	// silent tells that the original does not notice when this step takes the first
	// character of a text off.
	silent bool
}

func (n normalizer) apply(s string) string {
	s, _ = n.trace(s)
	return s
}

// trace applies the steps and tells whether the result still begins with what the text
// began with: not when a step took the first character off. What becomes too long is cut.
func (n normalizer) trace(s string) (string, bool) {
	kept := true
	for _, step := range n {
		if s == "" {
			break
		}
		_, first := utf8.DecodeRuneInString(s)
		kept = kept && (step.silent || step.apply(s[:first]) != "")
		s = cutLong(step.apply(s))
	}
	return s, kept
}

// lowercase lowers character by character, without regard to neighbours. The dotted
// capital I is the only character whose lower case is two.
func lowercase(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r == 'İ' {
			b.WriteString("i\u0307")
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// form is a Unicode normalisation form without the limit of 30 marks in a row that
// norm.Form keeps by inserting joiners.
func form(f norm.Form) func(string) string {
	return func(s string) string {
		if f.IsNormalString(s) {
			return s
		}
		out := f.String(s)
		if !strings.ContainsRune(out, joiner) || strings.Count(out, string(joiner)) == strings.Count(s, string(joiner)) {
			return out
		}
		return longMarks(f, s)
	}
}

// joiner is the combining grapheme joiner, which norm.Form puts into long rows of marks.
const joiner = '\u034F'

// longMarks normalises a text with a row of more than 30 marks: it decomposes, sorts the
// marks by their class and composes step by step.
func longMarks(f norm.Form, s string) string {
	decompose := norm.NFD
	if f == norm.NFKC || f == norm.NFKD {
		decompose = norm.NFKD
	}
	type mark struct {
		r     rune
		class uint8
	}
	var marks []mark
	for _, r := range s {
		for _, d := range decompose.String(string(r)) {
			marks = append(marks, mark{d, norm.NFD.PropertiesString(string(d)).CCC()})
		}
	}
	for from := 0; from < len(marks); from++ {
		to := from
		for to < len(marks) && marks[to].class > 0 {
			to++
		}
		slices.SortStableFunc(marks[from:to], func(a, b mark) int { return int(a.class) - int(b.class) })
		from = to
	}
	runes := make([]rune, 0, len(marks))
	if f == norm.NFD || f == norm.NFKD {
		for _, m := range marks {
			runes = append(runes, m.r)
		}
		return string(runes)
	}
	starter, last := -1, uint8(0)
	for _, m := range marks {
		if starter >= 0 && (last == 0 && starter == len(runes)-1 || last < m.class) {
			pair := []rune(norm.NFC.String(string([]rune{runes[starter], m.r})))
			if len(pair) == 1 {
				runes[starter] = pair[0]
				continue
			}
		}
		runes = append(runes, m.r)
		last = m.class
		if m.class == 0 {
			starter, last = len(runes)-1, 0
		}
	}
	return string(runes)
}

// stripMarks takes all combining marks off.
func stripMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			return -1
		}
		return r
	}, s)
}

// classes are what \s, \d and \w mean in the regular expressions of tokenizer.json; Go's own know
// only ASCII.
var classes = map[byte]string{
	's': `\t-\r\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`,
	'd': `\p{Nd}`,
	'w': `\p{L}\p{M}\p{Nd}\p{Pc}`,
}

// compile makes a Go regular expression of one in the syntax of tokenizer.json.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			e := pattern[i]
			is, known := classes[e]
			not, negated := classes[e|0x20]
			switch {
			case known && class:
				b.WriteString(is)
			case known:
				b.WriteString("[" + is + "]")
			case negated && !class:
				b.WriteString("[^" + not + "]")
			case negated, e == 'b', e == 'B': // Go's would mean something else
				return nil, fmt.Errorf("\\%c is not known here", e)
			default:
				b.WriteByte('\\')
				b.WriteByte(e)
			}
			continue
		case c == '[':
			if class {
				b.WriteByte('\\')
			}
			class = true
		case c == ']':
			class = false
		}
		b.WriteByte(c)
	}
	return regexp.Compile(b.String())
}
