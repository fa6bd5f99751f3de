package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxWords is how many words of a query are read; a description longer than this says no
// more to any model.
const MaxWords = 64

// maxBytes bounds what is looked at of a query at all.
const maxBytes = 1 << 16

// Parse reads a query. It never fails: what cannot be understood is named in a Problem and
// the rest of the query stands.
//
// A query is words, in which a comma begins another description; quoted texts; filters
// (field:value); and exclusions: a minus before any of them, or not, no, without before
// words, which reach up to the next preposition, comma, quote or filter. Words of negation
// never become part of a description.
func Parse(s string) (Query, []Problem) {
	p := parser{src: s}
	if len(s) > maxBytes {
		cut := maxBytes
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		p.src = s[:cut]
		p.problem(cut, len(s), "The query is too long; only its beginning was read.")
	}
	p.run()
	p.query.sort()
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Start - b.Start })
	return p.query, p.problems
}

// token is a piece of the query between spaces.
type token struct {
	text       string // of a word, a quoted text or a filter's value
	field      string // of a filter
	kind       tokenKind
	not        bool // a minus stands before it
	start, end int
}

type tokenKind int

const (
	word tokenKind = iota
	quoted
	filter
	comma
)

type parser struct {
	src      string
	query    Query
	problems []Problem

	phrase   []token // words of the description being read
	excluded []token // words of the exclusion being read
	negation *token  // the word of negation before excluded; nil: none
	words    int     // read so far
	past     int     // words past MaxWords
	cutAt    int     // where those begin
}

func (p *parser) problem(start, end int, format string, args ...any) {
	p.problems = append(p.problems, Problem{fmt.Sprintf(format, args...), start, end})
}

func (p *parser) run() {
	at := 0
	for {
		t, next, ok := p.next(at)
		if !ok {
			break
		}
		at = next
		switch t.kind {
		case comma:
			p.endExclusion()
			p.endPhrase()
		case quoted:
			p.endExclusion()
			p.addQuoted(t)
		case filter:
			p.endExclusion()
			p.addFilter(t)
		default:
			p.addWord(t)
		}
	}
	p.endExclusion()
	p.endPhrase()
	if p.past > 0 {
		p.problem(p.cutAt, len(p.src), "The query has %d words; only the first %d were used.", p.words+p.past, p.words)
	}
	if p.query.IsZero() && len(p.problems) == 0 {
		p.problem(0, len(p.src), "Type what you are looking for: a few words that describe the photo.")
	}
}

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
	if n := len(s[at:]) - len(strings.TrimLeft(s[at:], "-")); n > 0 && at+n < len(s) && !endsToken(s[at+n:]) {
		t.not = true
		at += n
	}
	if _, n := quoteAt(s[at:]); n > 0 {
		t.kind = quoted
		t.text, at = p.readQuoted(at)
		t.end = at
		return t, at, true
	}
	from := at
	for at < len(s) && !endsToken(s[at:]) {
		r, n := utf8.DecodeRuneInString(s[at:])
		if r == ':' && !t.named() && fieldLike(s[from:at]) {
			if value, end, ok := p.readValue(at + n); ok {
				t.kind, t.field, t.text, t.end = filter, strings.ToLower(s[from:at]), value, end
				return t, end, true
			}
		}
		if _, q := quoteAt(s[at:]); q > 0 && at > from {
			break // a quote begins a token of its own
		}
		at += n
	}
	t.text, t.end = s[from:at], at
	return t, at, true
}

func (t token) named() bool { return t.field != "" }

// readValue reads the value of a filter. A name that is no field is a filter only where
// that is plain, so that "10:30" and "https://…" stay words.
func (p *parser) readValue(at int) (value string, end int, ok bool) {
	s := p.src
	if strings.HasPrefix(s[at:], "//") {
		return "", 0, false
	}
	if _, n := quoteAt(s[at:]); n > 0 {
		value, end = p.readQuoted(at)
		return value, end, true
	}
	end = at
	for end < len(s) && !endsToken(s[end:]) {
		if _, q := quoteAt(s[end:]); q > 0 {
			break
		}
		_, n := utf8.DecodeRuneInString(s[end:])
		end += n
	}
	return s[at:end], end, true
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

// addWord takes a word into the description or the exclusion being read.
func (p *parser) addWord(t token) {
	lower := strings.ToLower(strings.Trim(t.text, ".;!?()"))
	if t.not {
		p.endExclusion()
		if hasWord(t.text) && p.room(t) {
			p.query.Terms = append(p.query.Terms, Term{Kind: Phrase, Not: true, Text: t.text, Start: t.start, End: t.end})
		}
		return
	}
	if negates(lower) {
		p.endExclusion()
		p.negation = &t
		return
	}
	if p.negation != nil {
		if len(p.excluded) == 0 && slices.Contains(fillers, lower) {
			return
		}
		if len(p.excluded) > 0 && slices.Contains(joints, lower) {
			p.endExclusion()
			if slices.Contains(dropped, lower) {
				return
			}
		} else {
			if hasWord(t.text) && p.room(t) {
				p.excluded = append(p.excluded, t)
			}
			return
		}
	}
	if p.room(t) {
		p.phrase = append(p.phrase, t)
	}
}

// room counts a word and reports whether it is among those that are read.
func (p *parser) room(t token) bool {
	if p.words < MaxWords {
		p.words++
		return true
	}
	if p.past == 0 {
		p.cutAt = t.start
	}
	p.past++
	return false
}

// endExclusion ends what not, no or without began.
func (p *parser) endExclusion() {
	if p.negation == nil {
		return
	}
	if term, ok := p.join(p.excluded); ok {
		term.Not, term.Start = true, p.negation.start
		p.query.Terms = append(p.query.Terms, term)
	} else if p.past == 0 {
		p.problem(p.negation.start, p.negation.end, "Nothing follows “%s”: say what the photos should be without.", p.negation.text)
	}
	p.negation, p.excluded = nil, nil
}

// endPhrase ends the description being read.
func (p *parser) endPhrase() {
	if term, ok := p.join(p.phrase); ok {
		p.query.Terms = append(p.query.Terms, term)
	}
	p.phrase = nil
}

// join makes a phrase of words. Without a letter or digit in any it is none.
func (p *parser) join(words []token) (Term, bool) {
	if len(words) == 0 {
		return Term{}, false
	}
	term := Term{Kind: Phrase, Start: words[0].start, End: words[len(words)-1].end}
	var texts []string
	for _, w := range words {
		if hasWord(w.text) {
			texts = append(texts, w.text)
		}
	}
	if len(texts) == 0 {
		p.problem(term.Start, term.End, "There are no words in “%s”: describe the photo in words.", short(p.src[term.Start:term.End]))
		return Term{}, false
	}
	term.Text = strings.Join(texts, " ")
	return term, true
}

// addQuoted takes a quoted text.
func (p *parser) addQuoted(t token) {
	if !hasWord(t.text) {
		p.problem(t.start, t.end, "There are no words between these quotes.")
		return
	}
	p.query.Terms = append(p.query.Terms, Term{Kind: Exact, Not: t.not, Text: t.text, Start: t.start, End: t.end})
}

// addFilter takes a filter whose field is known and whose value makes sense; what looks
// like one and is none stays in the query as words.
func (p *parser) addFilter(t token) {
	term := Term{Kind: Filter, Not: t.not, Field: t.field, Text: t.text, Start: t.start, End: t.end}
	if !isField(t.field) {
		var names []string
		for _, f := range Fields() {
			names = append(names, f.Name)
		}
		if near := nearest(t.field, names); near != "" {
			p.problem(t.start, t.end, "There is no filter “%s:”; did you mean “%s:”?", short(t.field), near)
		} else {
			p.problem(t.start, t.end, "There is no filter “%s:”; there are %s.", short(t.field), list(names, ":"))
		}
		p.asWords(t)
		return
	}
	if !hasWord(t.text) {
		p.problem(t.start, t.end, "The filter “%s:” needs a value, as in %s.", t.field, example(t.field))
		return
	}
	switch t.field {
	case "is":
		term.Text = strings.ToLower(term.Text)
		if term.Text == "favorite" {
			term.Text = "favourite"
		}
		if !slices.Contains(isStates, term.Text) {
			hint := "there are " + list(isStates, "")
			if near := nearest(term.Text, isStates); near != "" {
				hint = "did you mean “is:" + near + "”?"
			}
			p.problem(t.start, t.end, "“is:%s” is not known; %s", short(t.text), strings.TrimSuffix(hint, ".")+dot(hint))
			return
		}
	case "rating":
		n, err := strconv.Atoi(strings.TrimPrefix(term.Text, ">="))
		if err != nil || n < 1 || n > 5 {
			p.problem(t.start, t.end, "“rating:%s” is not a number of stars from 1 to 5.", short(t.text))
			return
		}
		term.Text = strconv.Itoa(n)
	case "year":
		from, to, ok := years(term.Text)
		if !ok {
			p.problem(t.start, t.end, "“year:%s” is neither a year nor a range of years, as in year:2019..2021.", short(t.text))
			return
		}
		term.Text = printYears(from, to)
	case "ext":
		term.Text = strings.ToLower(strings.TrimLeft(term.Text, ".* "))
	}
	p.query.Terms = append(p.query.Terms, term)
}

// asWords takes the words of a filter that is none into the description.
func (p *parser) asWords(t token) {
	for w := range strings.FieldsFuncSeq(t.field+" "+t.text, func(r rune) bool { return isSpace(r) || r == ',' || r == '~' }) {
		if w = strings.TrimLeft(w, "-"); !hasWord(w) || negates(strings.ToLower(w)) || strings.Contains(w, ":") && fieldLike(w[:strings.Index(w, ":")]) {
			continue
		}
		t := token{text: w, start: t.start, end: t.end, not: t.not}
		p.addWord(t)
	}
}

// years reads 2019, 2019..2021, 2019.. and ..2021; an open end is 0.
func years(s string) (from, to int, ok bool) {
	year := func(s string) (int, bool) {
		n, err := strconv.Atoi(s)
		return n, err == nil && len(s) == 4 && n >= 1000
	}
	first, last, isRange := strings.Cut(s, "..")
	if !isRange {
		from, ok = year(s)
		return from, from, ok
	}
	ok = first != "" || last != ""
	var good bool
	if first != "" {
		from, good = year(first)
		ok = ok && good
	}
	if last != "" {
		to, good = year(last)
		ok = ok && good
	}
	return from, to, ok && (to == 0 || from <= to)
}

func printYears(from, to int) string {
	part := func(y int) string {
		if y == 0 {
			return ""
		}
		return strconv.Itoa(y)
	}
	if from == to {
		return part(from)
	}
	return part(from) + ".." + part(to)
}

// Words of negation, what is passed over behind them ("without any people"), where an
// exclusion ends ("a street without cars at night"), and which of those say nothing by
// themselves then.
var (
	negations = []string{"not", "no", "without"}
	fillers   = []string{"a", "an", "any", "the"}
	joints    = []string{"and", "at", "but", "by", "during", "from", "in", "inside", "near", "on", "or", "outside", "under", "with"}
	dropped   = []string{"and", "but", "or", "with"}
)

func negates(lower string) bool { return slices.Contains(negations, lower) }

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

// list prints names as "a, b and c", each with an ending.
func list(names []string, ending string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(n + ending)
	}
	return b.String()
}

// dot ends a sentence that is not ended.
func dot(s string) string {
	if strings.HasSuffix(s, "?") {
		return ""
	}
	return "."
}

func example(field string) string {
	for _, f := range Fields() {
		if f.Name == field {
			return f.Example
		}
	}
	return field + ":…"
}
