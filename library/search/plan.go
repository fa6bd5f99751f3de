package search

import (
	"slices"

	"descry/library/query"
)

// MaxAlternatives is how many alternatives of a query are looked into. Each is ranked by
// itself: brackets that multiply them say less with each.
const MaxAlternatives = 16

// plan is one alternative of a query, all of which must hold: what chooses photos, and what
// says what they look like.
type plan struct {
	hard []query.Node // filters and quoted texts, and groups of them
	soft []query.Node // descriptions, pictures and marks, none of them a group
}

func (p plan) empty() bool { return len(p.hard)+len(p.soft) == 0 }

// pick returns the descriptions that must hold, or must not.
func (p plan) pick(not bool) []query.Node {
	return slices.DeleteFunc(slices.Clone(p.soft), func(n query.Node) bool { return n.Kind != query.Phrase || n.Not != not })
}

// pictures returns the example pictures that count, or that are excluded.
func (p plan) pictures(not bool) []query.Node {
	return slices.DeleteFunc(slices.Clone(p.soft), func(n query.Node) bool { return n.Field != query.Similar || n.Not != not })
}

// marks returns the photos that were said to be right, or wrong.
func (p plan) marks(not bool) []query.Node {
	return slices.DeleteFunc(slices.Clone(p.soft), func(n query.Node) bool { return n.Field != query.Like || n.Not != not })
}

// plans returns the alternatives of a query, and whether there are more than are looked into.
// What does not rank stays together: a store finds it at once, "or" and brackets included.
func plans(q query.Query) (out []plan, more bool) {
	out = []plan{{}}
	for _, n := range q.Terms {
		var m bool
		out, m = cross(out, alternatives(n, false, &more))
		more = more || m
	}
	return out, more
}

// alternatives writes a node as alternatives of conditions all of which must hold.
func alternatives(n query.Node, not bool, more *bool) []plan {
	not = not != n.Not
	switch {
	case !n.Ranks():
		n.Not = not
		return []plan{{hard: []query.Node{n}}}
	case n.Kind == query.Any || n.Kind == query.All:
		// By De Morgan's laws "not (a or b)" is "not a and not b".
		either := (n.Kind == query.Any) != not
		var out []plan
		if !either {
			out = []plan{{}}
		}
		for _, k := range n.Kids {
			alts := alternatives(k, not, more)
			if either {
				out = append(out, alts...)
				continue
			}
			var m bool
			out, m = cross(out, alts)
			*more = *more || m
		}
		if len(out) > MaxAlternatives {
			out, *more = out[:MaxAlternatives], true
		}
		return out
	}
	n.Not = not
	if n.Kind != query.Filter || n.Field == query.Like || len(n.Values) == 1 {
		return []plan{{soft: []query.Node{n}}}
	}
	// Several pictures are alternatives, as several values of any filter are.
	list := query.Node{Kind: query.Any, Not: not}
	for _, v := range n.Values {
		one := n
		one.Not, one.Values = false, []string{v}
		list.Kids = append(list.Kids, one)
	}
	return alternatives(list, false, more)
}

// cross combines each alternative of one list with each of another.
func cross(a, b []plan) (out []plan, more bool) {
	for _, x := range a {
		for _, y := range b {
			if len(out) == MaxAlternatives {
				return out, true
			}
			out = append(out, plan{
				hard: append(slices.Clone(x.hard), y.hard...),
				soft: append(slices.Clone(x.soft), y.soft...),
			})
		}
	}
	return out, false
}
