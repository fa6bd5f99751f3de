// Package query is the language in which photos are asked for. It reads what a person typed
// into a syntax tree, prints the tree so that it reads the same again, says where a mistake
// stands, and proposes how a word may go on. It knows nothing of what a library holds:
// package search answers queries.
//
// docs/search.md describes the language with examples.
package query

import (
	"slices"
	"strconv"
	"strings"
)

// Kind says what a node of a query asks for.
type Kind int

// The kinds of node, in the order in which a query prints them.
const (
	Phrase Kind = iota // a description: what the photo looks like, or words said of it
	Exact              // a quoted text that stands in name, folder, keywords, description, tags, alt or recognised text
	Filter             // a field and its values, one of which must hold
	Any                // one of Kids must hold
	All                // all of Kids must hold
)

// Node is one condition of a query.
type Node struct {
	Kind   Kind
	Not    bool     // photos that meet it are left out
	Text   string   // of a Phrase or Exact
	Field  string   // of a Filter: the name of one of Filters
	Values []string // of a Filter, canonical; at least one
	Kids   []Node   // of Any and All; at least two

	// Weight of a Phrase, or of the filter similar:, among those that rank the photos. 1 is
	// plain; below 0 pushes down what matches. Its size is 0.01 to 10. 1 for all else.
	Weight float64

	Start, End int // where it stands in the query it was parsed from, in bytes
}

// Query is what a query asks for: all terms must hold. They are in canonical order: phrases,
// quoted texts, filters, groups; what must hold before what must not.
type Query struct {
	Terms []Node
}

// Problem is a mistake in a query: a sentence, and the bytes of the query it is about.
type Problem struct {
	Sentence   string
	Start, End int
}

// IsZero reports whether the query asks for nothing.
func (q Query) IsZero() bool { return len(q.Terms) == 0 }

// Equal reports whether two queries ask for the same, wherever their terms stood.
func (q Query) Equal(other Query) bool { return slices.EqualFunc(q.Terms, other.Terms, Node.Equal) }

// Equal reports whether two nodes ask for the same, wherever they stood.
func (n Node) Equal(other Node) bool {
	return n.Kind == other.Kind && n.Not == other.Not && n.Text == other.Text && n.Field == other.Field && n.Weight == other.Weight &&
		slices.Equal(n.Values, other.Values) && slices.EqualFunc(n.Kids, other.Kids, Node.Equal)
}

// Ranks reports whether the node says what photos should look like, not only which ones
// are meant.
func (n Node) Ranks() bool {
	return n.Kind == Phrase || n.Kind == Filter && (n.Field == Similar || n.Field == Like) || slices.ContainsFunc(n.Kids, Node.Ranks)
}

// Similar is the filter whose values are pictures: it ranks, as descriptions do.
const Similar = "similar"

// Like is the filter whose values are photos of which a person said that they are what the
// descriptions beside it mean or, with a minus, that they are not.
const Like = "like"

// arrange brings nodes into canonical order; those alike keep theirs.
func arrange(nodes []Node) {
	slices.SortStableFunc(nodes, func(a, b Node) int {
		rank := func(n Node) int {
			r := 2 * int(n.Kind)
			if n.Not {
				r++
			}
			return r
		}
		return rank(a) - rank(b)
	})
}

// String prints the query so that Parse reads the same query again.
func (q Query) String() string {
	if len(q.Terms) == 1 && q.Terms[0].Kind == Any && !q.Terms[0].Not {
		return q.Terms[0].alternatives()
	}
	return printAll(q.Terms)
}

func printAll(nodes []Node) string {
	var b strings.Builder
	for i, n := range nodes {
		if i > 0 {
			// A comma ends a phrase; what else follows one ends it by itself.
			if nodes[i-1].Kind == Phrase && n.Kind == Phrase && !(n.Not && oneWord(n.Text)) {
				b.WriteString(",")
			}
			b.WriteString(" ")
		}
		b.WriteString(n.String())
	}
	return b.String()
}

// String prints the node as it is written in a query.
func (n Node) String() string {
	minus := ""
	if n.Not {
		minus = "-"
	}
	switch n.Kind {
	case Exact:
		return minus + `"` + n.Text + `"`
	case Filter:
		return minus + n.weight() + n.Field + ":" + printValues(n.Values)
	case Any:
		return minus + "(" + n.alternatives() + ")"
	case All:
		return minus + "(" + printAll(n.Kids) + ")"
	}
	switch {
	case n.Not && !oneWord(n.Text) && !readable(n.Text):
		return "-(" + n.Text + ")"
	case n.Not && !oneWord(n.Text):
		return "not " + n.Text
	}
	return minus + n.weight() + n.Text
}

// Positive prints the node without its minus.
func (n Node) Positive() string {
	n.Not = false
	return n.String()
}

func (n Node) alternatives() string {
	parts := make([]string, len(n.Kids))
	for i, k := range n.Kids {
		parts[i] = k.String()
		if k.Kind == Phrase && k.Not && !oneWord(k.Text) {
			parts[i] = "-(" + k.Text + ")" // behind "not", "or" would exclude, too
		}
	}
	return strings.Join(parts, " or ")
}

func (n Node) weight() string {
	if n.Weight == 1 {
		return ""
	}
	return strconv.FormatFloat(n.Weight, 'f', -1, 64) + "*"
}

func printValues(values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = quoteValue(v)
	}
	return strings.Join(parts, ",")
}

// quoteValue puts a filter's value between quotes where it could not be read again without.
func quoteValue(v string) string {
	name, _, colon := strings.Cut(v, ":")
	if strings.ContainsAny(v, " ,()") || strings.HasPrefix(v, "//") || strings.HasPrefix(v, "-") && !isNumber(v) || colon && isFilter(strings.ToLower(name)) {
		return `"` + v + `"`
	}
	return v
}

// readable reports whether words read the same behind "not".
func readable(text string) bool {
	for i, w := range strings.Fields(text) {
		if w = plain(w); slices.Contains(joints, w) || i == 0 && slices.Contains(fillers, w) {
			return false
		}
	}
	return true
}

func isNumber(v string) bool {
	_, ok := degrees(v)
	return ok
}

func oneWord(s string) bool { return !strings.ContainsRune(s, ' ') }
