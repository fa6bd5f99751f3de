// Package search answers queries: it reads the query language, ranks the photos of a
// library by meaning and by words, says how sure it is of each and where the answer ends.
package search

import (
	"slices"
	"strings"
)

// Kind says what a term of a query asks for.
type Kind int

// The kinds of term, in the order in which a query prints them.
const (
	Phrase Kind = iota // a description: what the photo looks like, or words said of it
	Exact              // a quoted text that stands in name, folder, keywords, description, tags or alt text
	Filter             // a field and its value
)

// Term is one condition of a query.
type Term struct {
	Kind  Kind
	Not   bool   // photos that meet it are left out
	Field string // of a Filter: one of Fields
	Text  string // the phrase, the quoted text or the filter's value

	Start, End int // where it stands in the query it was parsed from, in bytes
}

// Query is what a query asks for: all terms must hold. The terms are in canonical order
// (phrases, quoted texts, filters; what must hold before what must not).
type Query struct {
	Terms []Term
}

// IsZero reports whether the query asks for nothing.
func (q Query) IsZero() bool { return len(q.Terms) == 0 }

// Equal reports whether two queries ask for the same, wherever their terms stood.
func (q Query) Equal(other Query) bool {
	return slices.EqualFunc(q.Terms, other.Terms, func(a, b Term) bool {
		a.Start, a.End, b.Start, b.End = 0, 0, 0, 0
		return a == b
	})
}

// pick returns the terms of a kind that must hold, or must not.
func (q Query) pick(k Kind, not bool) []Term {
	var out []Term
	for _, t := range q.Terms {
		if t.Kind == k && t.Not == not {
			out = append(out, t)
		}
	}
	return out
}

// sort brings the terms into canonical order; those alike keep theirs.
func (q *Query) sort() {
	slices.SortStableFunc(q.Terms, func(a, b Term) int {
		rank := func(t Term) int {
			r := 2 * int(t.Kind)
			if t.Not {
				r++
			}
			return r
		}
		return rank(a) - rank(b)
	})
}

// String prints the query so that Parse reads the same query again.
func (q Query) String() string {
	var b strings.Builder
	for i, t := range q.Terms {
		if i > 0 {
			// A comma ends a phrase; nothing else needs one.
			if last := q.Terms[i-1]; last.Kind == Phrase && t.Kind == Phrase && !(t.Not && oneWord(t.Text)) {
				b.WriteString(",")
			}
			b.WriteString(" ")
		}
		b.WriteString(t.String())
	}
	return b.String()
}

// String prints the term as it is written in a query.
func (t Term) String() string {
	var text string
	switch t.Kind {
	case Exact:
		text = `"` + t.Text + `"`
	case Filter:
		text = t.Field + ":" + quoteValue(t.Text)
	default:
		if t.Not && !oneWord(t.Text) {
			return "not " + t.Text
		}
		text = t.Text
	}
	if t.Not {
		return "-" + text
	}
	return text
}

func oneWord(s string) bool { return !strings.ContainsRune(s, ' ') }

// quoteValue puts a filter's value between quotes where it could not be read again without.
func quoteValue(v string) string {
	if strings.ContainsAny(v, " ,") || strings.HasPrefix(v, "//") {
		return `"` + v + `"`
	}
	return v
}

// Problem is a mistake in a query: a sentence, and the bytes of the query it is about.
type Problem struct {
	Sentence   string
	Start, End int
}
