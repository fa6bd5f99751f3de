package query

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"descry/internal/spelling"
)

// token is a piece of the query.
type token struct {
	text       string // of a word or a quoted text
	field      string // of a filter
	values     []value
	weight     float64 // of a weight
	kind       tokenKind
	not        bool // a minus stands before it
	quoted     bool // of a filter: some value is in quotes
	start, end int
}

// value is one of the values of a filter.
type value struct {
	text       string
	quoted     bool
	start, end int
}

type tokenKind int

const (
	word tokenKind = iota
	quoted
	filter
	weight  // "0.5*" before a description
	weighed // "sunset:0.5", a word with its weight behind it
	comma
	opening
	closing
)

// next reads the token at or behind a place in the query.
func (p *parser) next(at int) (token, int, bool) {
	s := p.src
	for at < len(s) {
		r, n := utf8.DecodeRuneInString(s[at:])
		if !isSpace(r) {
			break
		}
		at += n
	}
	if at >= len(s) {
		return token{}, at, false
	}
	t := token{start: at}
	if s[at] == ',' {
		t.kind, t.end = comma, at+1
		return t, at + 1, true
	}
	if n := len(s[at:]) - len(strings.TrimLeft(s[at:], "-")); n > 0 && at+n < len(s) && !endsToken(s[at+n:]) && s[at+n] != ')' {
		t.not = true
		at += n
	}
	switch s[at] {
	case '(', ')':
		t.kind, t.end = opening, at+1
		if s[at] == ')' {
			t.kind = closing
		}
		return t, t.end, true
	}
	if _, n := quoteAt(s[at:]); n > 0 {
		t.kind = quoted
		t.text, at = p.readQuoted(at)
		t.end = at
		return t, at, true
	}
	if m := weightBefore.FindString(s[at:min(len(s), at+16)]); m != "" {
		t.kind, t.end = weight, at+len(m)
		t.weight, _ = strconv.ParseFloat(m[:len(m)-1], 64)
		if t.not {
			t.weight, t.not = -t.weight, false
		}
		return t, t.end, true
	}
	from, depth := at, 0
	for at < len(s) && !endsToken(s[at:]) {
		r, n := utf8.DecodeRuneInString(s[at:])
		switch {
		case r == ':' && depth == 0 && p.readFilter(&t, from, at):
			return t, t.end, true
		case r == '(' && closesInWord(s[at:]):
			depth++
		case r == ')' && depth > 0:
			depth--
		case r == '(' || r == ')':
			t.text, t.end = s[from:at], at
			return t, at, true
		}
		if _, q := quoteAt(s[at:]); q > 0 && at > from {
			break // a quote begins a token of its own
		}
		at += n
	}
	t.text, t.end = s[from:at], at
	return t, at, true
}

// weightBefore is a weight as it stands before a description.
var weightBefore = regexp.MustCompile(`^[0-9]{1,4}(?:\.[0-9]{1,6})?\*`)

// weightBehind is one that stands behind a colon.
var weightBehind = regexp.MustCompile(`^[0-9]{1,4}(?:\.[0-9]{1,6})?$`)

// closesInWord reports whether the bracket at the beginning of s is closed before the word
// that it stands in ends, as in "photo(1).jpg".
func closesInWord(s string) bool {
	for i, r := range s {
		switch {
		case i == 0:
		case r == ')':
			return i > 1
		case r == '(', r == ',', isSpace(r):
			return false
		}
		if _, n := quoteAt(s[i:]); n > 0 {
			return false
		}
	}
	return false
}

// weighs reports whether what stands behind a colon is the weight of the word before it.
// "isoo:800" rather is a filter with a mistake in its name.
func (p *parser) weighs(name, behind string) bool {
	return !strings.Contains(name, ":") && strings.ContainsFunc(name, unicode.IsLetter) && weightBehind.MatchString(behind) &&
		(strings.Contains(behind, ".") || !fieldLike(name) || spelling.Nearest(name, filterNames()) == "")
}

// longestName bounds what may be the name of a filter, or a word with a weight, in bytes.
const longestName = 64

// readFilter reads a filter, or a word with its weight, whose name began at from and whose
// colon stands at colon. False: the colon belongs to a word, as in "10:30" and "https://…".
func (p *parser) readFilter(t *token, from, colon int) bool {
	if colon-from > longestName {
		return false
	}
	s, name := p.src, strings.ToLower(p.src[from:colon])
	known := isFilter(name)
	end := wordEnd(s, colon+1)
	if !known && p.weighs(name, s[colon+1:end]) {
		t.kind, t.text, t.end = weighed, s[from:colon], end
		t.weight, _ = strconv.ParseFloat(s[colon+1:end], 64)
		return true
	}
	if !known && !fieldLike(name) || strings.HasPrefix(s[colon+1:], "//") {
		return false
	}
	t.kind, t.field = filter, name
	at := colon + 1
	for {
		v := value{start: at}
		if _, n := quoteAt(s[at:]); n > 0 {
			v.quoted, t.quoted = true, true
			v.text, at = p.readQuoted(at)
		} else {
			at = wordEnd(s, at)
			v.text = s[v.start:at]
		}
		v.end = at
		t.values = append(t.values, v)
		if !listGoesOn(s, at) {
			break
		}
		at++
	}
	t.end = at
	return true
}

// listGoesOn reports whether a comma at at joins another value to the one before it. With a
// space behind it, or before a filter or an exclusion, it separates.
func listGoesOn(s string, at int) bool {
	if at >= len(s) || s[at] != ',' || at+1 >= len(s) || endsToken(s[at+1:]) || s[at+1] == '(' || s[at+1] == ')' {
		return false
	}
	rest := s[at+1:]
	if rest[0] == '-' {
		return len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9'
	}
	end := wordEnd(s, at+1) - at - 1
	name, _, colon := strings.Cut(rest[:end], ":")
	return !colon || !isFilter(strings.ToLower(name))
}

// wordEnd is where the word, or the value of a filter, that begins at at ends.
func wordEnd(s string, at int) int {
	depth := 0
	for at < len(s) && !endsToken(s[at:]) {
		_, n := utf8.DecodeRuneInString(s[at:])
		switch {
		case s[at] == '(' && closesInWord(s[at:]):
			depth++
		case s[at] == ')' && depth > 0:
			depth--
		case s[at] == '(' || s[at] == ')':
			return at
		}
		if _, q := quoteAt(s[at:]); q > 0 {
			return at
		}
		at += n
	}
	return at
}

// readQuoted reads a quoted text whose quote stands at at, and returns it with its spaces
// made single, and the place behind it.
func (p *parser) readQuoted(at int) (string, int) {
	_, n := quoteAt(p.src[at:])
	from := at + n
	for i := from; i < len(p.src); {
		if _, n := quoteAt(p.src[i:]); n > 0 {
			return singleSpaced(p.src[from:i]), i + n
		}
		_, n := utf8.DecodeRuneInString(p.src[i:])
		i += n
	}
	p.problem(at, len(p.src), "The quote that begins here does not end; everything behind it was taken as quoted.")
	return singleSpaced(p.src[from:]), len(p.src)
}

// fieldLike reports whether what stands before a colon could be a field: letters, maybe
// with a tilde at the end.
func fieldLike(s string) bool {
	s = strings.TrimSuffix(s, "~")
	if s == "" {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && r != '_' {
			return false
		}
	}
	return true
}

// quoteAt returns the double quote, straight or curly, at the beginning of s.
func quoteAt(s string) (rune, int) {
	switch r, n := utf8.DecodeRuneInString(s); r {
	case '"', '“', '”', '„':
		return r, n
	}
	return 0, 0
}

func endsToken(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == ',' || isSpace(r)
}

// isSpace counts control characters as spaces too.
func isSpace(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// hasWord reports whether a text has anything that could be looked for.
func hasWord(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

func singleSpaced(s string) string {
	return strings.Join(strings.FieldsFunc(s, isSpace), " ")
}

// short cuts a text that is quoted in a sentence.
func short(s string) string {
	s = singleSpaced(s)
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}
