package query

import (
	"fmt"
	"slices"
	"strings"

	"descry/internal/spelling"
)

// Words of negation, what is passed over behind them ("without any people"), where an
// exclusion ends ("a street without cars at night"), and which of those say nothing by
// themselves then.
var (
	negations = []string{"not", "no", "without"}
	fillers   = []string{"a", "an", "any", "the"}
	joints    = []string{"and", "at", "but", "by", "during", "from", "in", "inside", "near", "on", "outside", "under", "with"}
	dropped   = []string{"and", "but", "with"}
)

// plain is a word as the language's own words are compared: lower case, without what ends a
// sentence.
func plain(word string) string { return strings.ToLower(strings.Trim(word, ".;!?")) }

func negates(lower string) bool { return slices.Contains(negations, lower) }

// shortPart is how many words a description has at most that "and" separates from others.
// In longer ones "and" is part of a sentence: "a man and a woman walking along the shore".
const shortPart = 3

// setPhrases are words on both sides of "and" that name one thing.
var setPhrases = map[[2]string]bool{
	{"black", "white"}: true, {"salt", "pepper"}: true, {"fish", "chips"}: true, {"bread", "butter"}: true, {"rock", "roll"}: true,
	{"drum", "bass"}: true, {"bed", "breakfast"}: true, {"hide", "seek"}: true, {"cut", "paste"}: true, {"up", "down"}: true,
}

// split divides the words of a description at "and" where that stands between short
// descriptions, and leaves it out at both ends.
func split(words []token) [][]token {
	isAnd := func(i int) bool { return strings.EqualFold(words[i].text, "and") }
	for len(words) > 0 && isAnd(0) {
		words = words[1:]
	}
	for len(words) > 0 && isAnd(len(words)-1) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return nil
	}
	var parts [][]token
	from := 0
	for i := range words {
		if isAnd(i) && !setPhrases[[2]string{strings.ToLower(words[i-1].text), strings.ToLower(words[i+1].text)}] {
			if i > from {
				parts = append(parts, words[from:i])
			}
			from = i + 1
		}
	}
	parts = append(parts, words[from:])
	for _, p := range parts {
		if long(p) {
			return [][]token{words}
		}
	}
	return parts
}

// long reports whether a description has more than shortPart words that say something.
func long(words []token) bool {
	n := 0
	for _, w := range words {
		if l := strings.ToLower(w.text); hasWord(l) && !slices.Contains(fillers, l) {
			n++
		}
	}
	return n > shortPart
}

// takeFilter takes a filter whose field is known and whose values make sense; what looks
// like one and is none stays in the query as words.
func (g *group) takeFilter(t token) {
	not := g.negated(&t)
	w := g.weight
	g.weight = nil
	name := t.field
	if a, ok := aliases[name]; ok {
		name = a
	}
	info, ok := FilterNamed(name)
	if !ok {
		g.unknownFilter(t, not)
		return
	}
	n := Node{Kind: Filter, Not: not, Field: name, Weight: 1, Start: t.start, End: t.end}
	for _, v := range t.values {
		start, end := t.start, t.end
		if len(t.values) > 1 {
			start, end = v.start, v.end
		}
		if !hasWord(v.text) {
			if end == start {
				start, end = t.start, t.end
			}
			g.problem(start, end, "The filter “%s:” needs a value, as in %s.", name, info.Example)
			continue
		}
		text, wrong := info.canonical(v)
		if wrong != "" {
			g.problem(start, end, "%s", ended(wrong))
			continue
		}
		if info.Kind == Point || !slices.Contains(n.Values, text) {
			n.Values = append(n.Values, text)
		}
	}
	if info.Kind == Point && len(n.Values) > 0 {
		var wrong string
		if n.Values, wrong = point(n.Values); wrong != "" {
			g.problem(t.start, t.end, "%s", wrong)
		}
	}
	if w != nil {
		if name != Similar || not {
			g.problem(w.start, w.end, "Only descriptions and similar: have a weight, as in 0.5*sunset; the filter counts as it is.")
		} else {
			one := []Node{n}
			g.weigh(one, *w, true)
			n = one[0]
		}
	}
	if len(n.Values) > 0 {
		g.add(n)
	}
}

// unknownFilter says that there is no such filter. One that seems to be a mistyped filter is
// passed over; else its words are taken into the description.
func (g *group) unknownFilter(t token, not bool) {
	if near := spelling.Nearest(t.field, filterNames()); near != "" {
		g.problem(t.start, t.end, "There is no filter “%s:”; did you mean “%s:”?", short(t.field), near)
		return
	}
	g.problem(t.start, t.end, "There is no filter “%s:”; there are %s.", short(t.field), list(filterNames(), ":"))
	var words []token
	texts := t.field
	for _, v := range t.values {
		texts += " " + v.text
	}
	for w := range strings.FieldsFuncSeq(texts, func(r rune) bool { return isSpace(r) || strings.ContainsRune(",~()*:", r) }) {
		lower := plain(strings.Trim(w, "-"))
		if w = strings.TrimLeft(w, "-"); !hasWord(w) || negates(lower) || slices.Contains([]string{"and", "or"}, lower) {
			continue
		}
		words = append(words, token{text: w, start: t.start, end: t.end})
	}
	words = slices.DeleteFunc(words, func(w token) bool { return !g.room(w) })
	if not {
		if len(words) > 0 {
			g.exclude(words, t.start)
		}
		return
	}
	g.phrase = append(g.phrase, words...)
}

// ended makes a sentence end.
func ended(s string) string {
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// point checks the values of near: a name or two coordinates, and a distance or none.
func point(values []string) ([]string, string) {
	if _, err := ParsePoint(values); err != nil {
		return nil, ended(fmt.Sprint(err))
	}
	return values, ""
}
