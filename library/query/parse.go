package query

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a query. What is past them is named in a Problem.
const (
	MaxWords = 64 // words of descriptions that are read: a description longer than this says no more to any model
	MaxTerms = 64 // terms that are read
	MaxDepth = 8  // brackets inside brackets

	maxBytes    = 1 << 16 // of a query that are looked at at all
	maxProblems = 16      // that are named

	maxWeight = 10
	minWeight = 0.01
)

// Parse reads a query. It never fails: what cannot be understood is named in a Problem and
// the rest of the query stands. docs/search.md says how queries are written.
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
	nodes, at, closed := p.group(0, 0)
	for closed {
		p.problem(at-1, at, "This bracket closes nothing.")
		var more []Node
		more, at, closed = p.group(at, 0)
		nodes = append(nodes, more...)
	}
	q := Query{Terms: tidy(nodes)}
	p.tell(q)
	return q, p.problems
}

// tell adds the problems of the whole, and brings all into order.
func (p *parser) tell(q Query) {
	if p.past > 0 {
		p.problem(p.cutAt, len(p.src), "The query has %d words; only the first %d were used.", p.words+p.past, p.words)
	}
	if p.tooMany > 0 {
		p.problem(p.tooMany, len(p.src), "The query has too many parts; only the first %d were used.", MaxTerms)
	}
	if q.IsZero() && len(p.problems) == 0 {
		p.problem(0, len(p.src), "Type what you are looking for: a few words that describe the photo.")
	}
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Start - b.Start })
}

type parser struct {
	src      string
	problems []Problem
	words    int // of descriptions read so far
	past     int // words past MaxWords
	cutAt    int // where those begin
	terms    int // read so far
	tooMany  int // where the terms past MaxTerms begin; 0: there are none
}

func (p *parser) problem(start, end int, format string, args ...any) {
	if len(p.problems) >= maxProblems {
		return
	}
	p.problems = append(p.problems, Problem{fmt.Sprintf(format, args...), start, end})
}

// group is what stands between two brackets, or the whole query, while it is read.
type group struct {
	*parser
	depth int
	items []item
	or    *token // "or" stands before what comes next

	// A description goes on behind filters, quoted texts and exclusions: "beach -people
	// sunset". Near says where the words begin that stand together before what comes next.
	phrase []token
	near   int
	weight *token // stands before the description, which then ends at the next thing that is no word

	negation *token // the word of negation that excluded follows
	excluded []token
}

// item is a condition, and whether "or" stands before it.
type item struct {
	node Node
	or   bool
}

// group reads from a place up to the closing bracket, or the end, and returns the conditions,
// all of which must hold, the place behind it, and whether a bracket stands there.
func (p *parser) group(at, depth int) (nodes []Node, end int, closed bool) {
	g := &group{parser: p, depth: depth}
	for {
		t, next, ok := p.next(at)
		if !ok || t.kind == closing {
			g.endSegment()
			g.finish()
			return g.fold(), next, ok
		}
		at = g.take(t, next)
	}
}

// take takes a token, and returns the place behind what it took.
func (g *group) take(t token, at int) int {
	if t.kind != word && t.kind != weighed {
		g.endSegment()
		if t.kind != filter {
			g.dropWeight()
		}
	}
	switch t.kind {
	case comma:
		g.endExclusion()
		g.endPhrase()
	case quoted:
		not := g.negated(&t)
		if !hasWord(t.text) {
			g.problem(t.start, t.end, "There are no words between these quotes.")
			break
		}
		g.add(Node{Kind: Exact, Not: not, Text: t.text, Weight: 1, Start: t.start, End: t.end})
	case filter:
		g.takeFilter(t)
	case opening:
		not := g.negated(&t)
		g.endPhrase()
		return g.brackets(t, not, at)
	case weight:
		g.endExclusion()
		g.endPhrase()
		g.weight = &t
	case weighed:
		g.takeWeighed(t)
	default:
		g.takeWord(t)
	}
	return at
}

// brackets reads what stands behind an opening bracket.
func (g *group) brackets(t token, not bool, at int) int {
	if g.depth+1 > MaxDepth {
		g.problem(t.start, t.end, "There are brackets inside brackets %d deep; more than %d were passed over.", g.depth+1, MaxDepth)
		return at
	}
	before := len(g.problems)
	nodes, end, closed := g.parser.group(at, g.depth+1)
	if !closed {
		g.problem(t.start, t.end, "This bracket is not closed.")
	}
	nodes = tidy(nodes)
	switch len(nodes) {
	case 0:
		if before == len(g.problems) {
			g.problem(t.start, end, "There is nothing between these brackets.")
		}
	case 1:
		n := nodes[0]
		if n.Not = n.Not != not; n.Not {
			n.Weight = 1
		}
		g.push(n)
	default:
		g.push(Node{Kind: All, Not: not, Kids: nodes, Weight: 1, Start: t.start, End: end})
	}
	return end
}

// takeWord takes a word into the description or the exclusion being read, or does what it
// says where it is one of the language's own.
func (g *group) takeWord(t token) {
	lower := plain(t.text)
	switch {
	case t.not:
		g.endExclusion()
		g.endSegment()
		g.dropWeight()
		g.near = len(g.phrase)
		if negates(lower) {
			g.problem(t.start, t.end, "“%s” says no by itself: leave out the minus.", short(t.text))
		} else if lower == "or" || lower == "and" {
			g.problem(t.start, t.end, "“%s” is a word of the language; put it in quotes to look for it.", short(t.text))
		} else if hasWord(t.text) && g.room(t) {
			g.exclude([]token{t}, t.start)
		}
	case negates(lower):
		g.endExclusion()
		g.endSegment()
		g.dropWeight()
		g.near = len(g.phrase)
		g.negation = &t
	case lower == "or" && g.negation != nil && len(g.excluded) > 0:
		// "Without people or dogs" wants neither.
		not := g.negation
		g.endExclusion()
		g.negation = not
	case t.text == "AND":
		g.endExclusion()
		g.endPhrase()
	case lower == "or":
		g.takeOr(t)
	case g.negation != nil && g.excludes(t, lower):
	case g.room(t):
		g.phrase = append(g.phrase, t)
	}
}

// excludes reports whether a word belongs to the exclusion being read.
func (g *group) excludes(t token, lower string) bool {
	if len(g.excluded) == 0 && (slices.Contains(fillers, lower) || lower == "and") {
		return true
	}
	if len(g.excluded) > 0 && slices.Contains(joints, lower) {
		g.endExclusion()
		if lower == "and" {
			g.endPhrase()
		}
		return slices.Contains(dropped, lower)
	}
	if hasWord(t.text) && g.room(t) {
		g.excluded = append(g.excluded, t)
	}
	return true
}

// takeOr notes that what comes next may hold instead of what came last.
func (g *group) takeOr(t token) {
	g.endExclusion()
	if g.near < len(g.phrase) {
		rest := g.phrase[g.near:]
		if g.near > 0 {
			g.phrase = g.phrase[:g.near]
			g.endPhrase()
			g.phrase = rest
		}
		g.endPhrase()
	} else if len(g.phrase) > 0 && len(g.items) > 0 {
		// What stood earlier must not come between.
		last := g.items[len(g.items)-1]
		g.items = g.items[:len(g.items)-1]
		g.endPhrase()
		g.items = append(g.items, last)
	}
	if len(g.items) == 0 || g.or != nil {
		g.problem(t.start, t.end, "“or” stands between two things; there is nothing before it.")
		return
	}
	g.or = &t
}

// negated ends the exclusion being read and reports whether what comes next is excluded, by
// a minus or a word of negation.
func (g *group) negated(t *token) bool {
	if g.negation != nil && len(g.excluded) == 0 {
		t.start, g.negation = g.negation.start, nil
		return !t.not
	}
	g.endExclusion()
	return t.not
}

// room counts a word and reports whether it is among those that are read.
func (g *group) room(t token) bool {
	if g.words < MaxWords {
		g.words++
		return true
	}
	if g.past == 0 {
		g.cutAt = t.start
	}
	g.past++
	return false
}

// add adds a condition that is no description, which go on behind it.
func (g *group) add(n Node) {
	g.push(n)
	g.near = len(g.phrase)
}

func (g *group) push(n Node) {
	if n.Kind < Any {
		if g.terms >= MaxTerms {
			if g.tooMany == 0 {
				g.tooMany = max(n.Start, 1)
			}
			g.or = nil
			return
		}
		g.terms++
	}
	g.items = append(g.items, item{node: n, or: g.or != nil})
	g.or = nil
}

// endExclusion ends what not, no or without began.
func (g *group) endExclusion() {
	if g.negation == nil {
		return
	}
	if len(g.excluded) > 0 {
		g.exclude(g.excluded, g.negation.start)
	} else if g.past == 0 {
		g.problem(g.negation.start, g.negation.end, "Nothing follows “%s”: say what the photos should be without.", g.negation.text)
	}
	g.negation, g.excluded = nil, nil
}

// exclude adds the exclusion of words, and of dates among them.
func (g *group) exclude(words []token, start int) {
	rest, dates := takeDates(g.wordsOf(words))
	for _, d := range dates {
		d.Not, d.Start = true, start
		g.add(d)
	}
	for len(rest) > 1 && slices.Contains(fillers, strings.ToLower(rest[0].text)) {
		rest = rest[1:]
	}
	if n, ok := g.join(rest); ok {
		n.Not, n.Start = true, start
		g.add(n)
	}
}

// endSegment ends a description that goes on behind nothing: one with a weight, or behind "or".
func (g *group) endSegment() {
	if g.weight != nil && len(g.phrase) > 0 || g.or != nil && len(g.phrase) > 0 {
		g.endPhrase()
	}
}

// endPhrase ends the description being read.
func (g *group) endPhrase() {
	words, t := g.phrase, g.weight
	g.phrase, g.near, g.weight = nil, 0, nil
	g.descriptions(words, t, true)
}

// descriptions adds the descriptions that words make, and the dates among them. The weight
// goes to the first of them, or to the last.
func (g *group) descriptions(words []token, w *token, first bool) {
	rest, dates := takeDates(g.wordsOf(words))
	var nodes []Node
	for _, part := range split(rest) {
		if n, ok := g.join(part); ok {
			nodes = append(nodes, n)
		}
	}
	if w != nil {
		g.weigh(nodes, *w, first)
	}
	for _, n := range append(nodes, dates...) {
		g.push(n)
	}
}

// wordsOf leaves out what has neither letter nor digit, unless nothing else is there.
func (g *group) wordsOf(tokens []token) []token {
	var out []token
	for _, t := range tokens {
		if hasWord(t.text) {
			out = append(out, t)
		}
	}
	if out == nil {
		return tokens
	}
	return out
}

// dropWeight says of a weight that nothing follows that could have one.
func (g *group) dropWeight() {
	if g.weight != nil {
		g.problem(g.weight.start, g.weight.end, "No description stands behind this weight, as in 0.5*sunset.")
		g.weight = nil
	}
}

// weigh gives a weight to the first or last of some descriptions.
func (g *group) weigh(nodes []Node, w token, first bool) {
	x := math.Round(w.weight*100) / 100
	switch {
	case len(nodes) == 0:
		g.problem(w.start, w.end, "No description stands beside this weight, as in 0.5*sunset.")
	case math.Abs(x) < minWeight || math.Abs(x) > maxWeight:
		g.problem(w.start, w.end, "A weight is a number from %v to %v.", minWeight, maxWeight)
	case first:
		nodes[0].Weight, nodes[0].Start = x, w.start
	default:
		n := &nodes[len(nodes)-1]
		n.Weight, n.End = x, w.end
	}
}

// takeWeighed takes a word with a weight behind it, which is that of all words that stand
// together before it.
func (g *group) takeWeighed(t token) {
	g.endExclusion()
	if lower := plain(t.text); negates(lower) || lower == "or" {
		g.problem(t.start, t.end, "“%s” has no weight: it is a word of the language.", short(t.text))
		return
	}
	if g.near > 0 {
		rest := g.phrase[g.near:]
		g.phrase = g.phrase[:g.near]
		g.endPhrase()
		g.phrase = rest
	}
	words := g.phrase
	if g.weight != nil {
		g.problem(t.start, t.end, "This description has two weights; the one behind it counts.")
	}
	g.phrase, g.near, g.weight = nil, 0, nil
	if t.not {
		t.weight = -t.weight
		g.descriptions(words, nil, true)
		words = nil
	}
	if g.room(t) {
		words = append(words, t)
	}
	g.descriptions(words, &t, false)
}

// join makes a description of words. Without a letter or digit in any it is none.
func (g *group) join(words []token) (Node, bool) {
	if len(words) == 0 {
		return Node{}, false
	}
	n := Node{Kind: Phrase, Weight: 1, Start: words[0].start, End: words[len(words)-1].end}
	var texts []string
	for _, w := range words {
		if hasWord(w.text) {
			texts = append(texts, w.text)
		}
	}
	if len(texts) == 0 {
		g.problem(n.Start, n.End, "There are no words in “%s”: describe the photo in words.", short(g.src[n.Start:n.End]))
		return Node{}, false
	}
	n.Text = strings.Join(texts, " ")
	return n, true
}

// finish ends what is being read at the end of the group.
func (g *group) finish() {
	g.endExclusion()
	if len(g.phrase) == 0 {
		g.dropWeight()
	}
	g.endPhrase()
	if g.or != nil {
		g.problem(g.or.start, g.or.end, "“or” stands between two things; there is nothing behind it.")
	}
}

// fold joins conditions between which "or" stands.
func (g *group) fold() []Node {
	var out []Node
	for i, it := range g.items {
		if !it.or || i == 0 {
			out = append(out, it.node)
			continue
		}
		last := &out[len(out)-1]
		if last.Kind != Any || last.Not || !g.items[i-1].or {
			*last = Node{Kind: Any, Kids: []Node{*last}, Weight: 1, Start: last.Start}
		}
		last.Kids = append(last.Kids, it.node)
		last.End = it.node.End
	}
	return out
}

// tidy makes groups inside groups of the same kind one, and brings all into canonical order.
func tidy(nodes []Node) []Node {
	var out []Node
	for _, n := range nodes {
		if n.Kind == Any {
			var kids []Node
			for _, k := range n.Kids {
				if k.Kind == Any && !k.Not {
					kids = append(kids, k.Kids...)
				} else {
					kids = append(kids, k)
				}
			}
			n.Kids = kids
		}
		if n.Kind == All && !n.Not {
			out = append(out, n.Kids...)
			continue
		}
		out = append(out, n)
	}
	arrange(out)
	return out
}
