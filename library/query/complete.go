package query

import (
	"maps"
	"slices"
	"strings"
)

// Proposal is how the word at the cursor may go on.
type Proposal struct {
	Text string // what takes the place of Spot's bytes
	Help string // what it means, in a few words; "" where it speaks for itself
}

// Spot is the word, or the value of a filter, that the cursor stands in or behind.
type Spot struct {
	Start, End int    // the bytes of the query that a proposal replaces
	Field      string // of the filter whose value it is; "": a word of its own
	Typed      string // what stands there, up to the cursor
}

// SpotAt finds what is being written at the cursor, a place in the query in bytes.
func SpotAt(text string, cursor int) Spot {
	cursor = min(max(cursor, 0), len(text))
	if len(text) > maxBytes {
		return Spot{Start: cursor, End: cursor}
	}
	p := parser{src: text}
	for at := 0; ; {
		t, next, ok := p.next(at)
		if !ok || t.start > cursor {
			return Spot{Start: cursor, End: cursor}
		}
		at = next
		if cursor > t.end || cursor == t.start {
			continue
		}
		switch t.kind {
		case filter:
			for _, v := range t.values {
				if cursor >= v.start && cursor <= v.end {
					typed := strings.TrimLeft(text[v.start:cursor], `"“”„`)
					name := t.field
					if a, ok := aliases[name]; ok {
						name = a
					}
					return Spot{Start: v.start, End: v.end, Field: name, Typed: strings.TrimRight(typed, `"“”`)}
				}
			}
			name := strings.TrimLeft(text[t.start:cursor], "-")
			return Spot{Start: cursor - len(name), End: t.end, Typed: name}
		case word:
			typed := strings.TrimLeft(text[t.start:cursor], "-")
			return Spot{Start: cursor - len(typed), End: t.end, Typed: typed}
		case quoted:
			return Spot{Start: cursor, End: cursor, Typed: ""}
		}
	}
}

// leastTyped is how many letters of a value of some filter must be there before it is
// proposed without the filter's name.
const leastTyped = 3

// Proposals are how a spot may go on, the likeliest first, at most limit. known gives the
// values that the library has for a filter (tags, folders, cameras …); nil: none.
func (s Spot) Proposals(known func(field string) []string, limit int) []Proposal {
	if known == nil {
		known = func(string) []string { return nil }
	}
	var out []Proposal
	add := func(p Proposal) {
		if !slices.ContainsFunc(out, func(q Proposal) bool { return q.Text == p.Text }) {
			out = append(out, p)
		}
	}
	typed := strings.ToLower(s.Typed)
	if s.Field != "" {
		f, _ := FilterNamed(s.Field)
		for _, begins := range []bool{true, false} {
			for _, v := range f.values(known) {
				if lower := strings.ToLower(v.Text); strings.HasPrefix(lower, typed) == begins && strings.Contains(lower, typed) {
					add(Proposal{quoteValue(v.Text), v.Help})
				}
			}
		}
		return out[:min(limit, len(out))]
	}
	if typed == "" {
		return nil
	}
	for _, f := range filters {
		if strings.HasPrefix(f.Name, typed) {
			add(Proposal{f.Name + ":", f.Help})
		}
	}
	for _, a := range slices.Sorted(maps.Keys(aliases)) {
		if strings.HasPrefix(a, typed) {
			f, _ := FilterNamed(aliases[a])
			add(Proposal{f.Name + ":", f.Help})
		}
	}
	if len(typed) >= leastTyped {
		for _, f := range filters {
			if f.Name == "tag~" {
				continue // tag: has the same values
			}
			for _, v := range f.values(known) {
				// Who wrote the whole word rather describes the photo.
				if lower := strings.ToLower(v.Text); strings.HasPrefix(lower, typed) && lower != typed {
					add(Proposal{f.Name + ":" + quoteValue(v.Text), v.Help})
				}
			}
		}
	}
	return out[:min(limit, len(out))]
}

// dates that are proposed: each form once.
var dates = []string{"today", "yesterday", "last week", "last weekend", "last month", "last year", "this year", "last summer", "christmas 2021", "3 days ago", "2019-05"}

// values are the values of a filter that are known.
func (f FilterInfo) values(known func(field string) []string) []Proposal {
	var out []Proposal
	for _, c := range f.Choices {
		out = append(out, Proposal{c.Word, c.Help})
	}
	var words []string
	switch {
	case f.Kind == Date:
		words = dates
	case f.Name == "month":
		words = monthNames
	case f.Name == "colour":
		words = ColourNames()
	default:
		words = known(f.Name)
	}
	for _, w := range words {
		if !strings.ContainsAny(w, `"“”„`) { // could not be written
			out = append(out, Proposal{Text: w})
		}
	}
	return out
}
