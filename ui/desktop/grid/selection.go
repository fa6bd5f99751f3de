package grid

import (
	"slices"

	"descry/library"
)

// span is a run of cells, to excluded.
type span struct{ from, to int }

// Selection is a set of cells kept as runs, so that choosing all of a million costs no more
// than choosing one. The zero value is empty.
type Selection struct {
	spans  []span // sorted, apart, none empty
	anchor int    // where a range began
	cursor int    // the focused cell
	active bool   // there is a cursor
}

// Has says whether cell i is chosen.
func (s *Selection) Has(i int) bool {
	k, found := slices.BinarySearchFunc(s.spans, i, func(r span, i int) int { return r.from - i })
	if found {
		return true
	}
	return k > 0 && i < s.spans[k-1].to
}

// Count returns how many cells are chosen.
func (s *Selection) Count() int {
	n := 0
	for _, r := range s.spans {
		n += r.to - r.from
	}
	return n
}

// Cursor returns the focused cell.
func (s *Selection) Cursor() (int, bool) { return s.cursor, s.active }

// Each calls f with every run of chosen cells, in order, until f returns false.
func (s *Selection) Each(f func(from, to int) bool) {
	for _, r := range s.spans {
		if !f(r.from, r.to) {
			return
		}
	}
}

// Clear chooses nothing and keeps the cursor.
func (s *Selection) Clear() { s.spans = s.spans[:0] }

// Reset chooses nothing and forgets the cursor.
func (s *Selection) Reset() { *s = Selection{spans: s.spans[:0]} }

// Only chooses cell i alone, as a click does.
func (s *Selection) Only(i int) {
	s.spans = append(s.spans[:0], span{i, i + 1})
	s.anchor, s.cursor, s.active = i, i, true
}

// Toggle adds cell i or takes it out, as a click with Ctrl does.
func (s *Selection) Toggle(i int) {
	if s.Has(i) {
		s.remove(i, i+1)
	} else {
		s.Add(i, i+1)
	}
	s.anchor, s.cursor, s.active = i, i, true
}

// Extend chooses the cells from the anchor to i and nothing else, as Shift does; keep adds
// them to what is chosen, as Ctrl and Shift do.
func (s *Selection) Extend(i int, keep bool) {
	if !s.active {
		s.Only(i)
		return
	}
	if !keep {
		s.Clear()
	}
	s.Add(min(s.anchor, i), max(s.anchor, i)+1)
	s.cursor = i
}

// All chooses all of count cells.
func (s *Selection) All(count int) {
	s.Clear()
	if count > 0 {
		s.Add(0, count)
		s.active = true
		s.cursor = min(s.cursor, count-1)
	}
}

// MoveTo moves the cursor without choosing.
func (s *Selection) MoveTo(i int) { s.cursor, s.active = i, true }

// Add chooses the cells [from, to) as well.
func (s *Selection) Add(from, to int) {
	if from >= to {
		return
	}
	a, _ := slices.BinarySearchFunc(s.spans, from, func(r span, v int) int {
		if r.to < v {
			return -1
		}
		return 1
	})
	b := a
	for b < len(s.spans) && s.spans[b].from <= to {
		from, to = min(from, s.spans[b].from), max(to, s.spans[b].to)
		b++
	}
	s.spans = slices.Replace(s.spans, a, b, span{from, to})
}

func (s *Selection) remove(from, to int) {
	var out []span
	for _, r := range s.spans {
		if r.from < from {
			out = append(out, span{r.from, min(r.to, from)})
		}
		if r.to > to {
			out = append(out, span{max(r.from, to), r.to})
		}
	}
	s.spans = slices.DeleteFunc(out, func(r span) bool { return r.from >= r.to })
}

// Remap carries a selection from an old list over to a new one: what is in both stays
// chosen. It also returns where the photo old[top] lies in the new list, or -1. It may take
// a while for long lists and touches nothing shared, so call it off the window's thread.
func Remap(old []library.PhotoID, s Selection, top int, now []library.PhotoID) (Selection, int) {
	chosen := make(map[library.PhotoID]bool, min(s.Count(), len(old)))
	s.Each(func(from, to int) bool {
		for _, id := range old[min(from, len(old)):min(to, len(old))] {
			chosen[id] = true
		}
		return true
	})
	at := func(i int) library.PhotoID {
		if i >= 0 && i < len(old) {
			return old[i]
		}
		return 0
	}
	cursor, anchor, first := at(s.cursor), at(s.anchor), at(top)
	var out Selection
	newTop, run := -1, -1
	hasAnchor := false
	for i, id := range now {
		if chosen[id] {
			if run < 0 {
				run = i
			}
		} else if run >= 0 {
			out.spans = append(out.spans, span{run, i})
			run = -1
		}
		if id == cursor && s.active {
			out.cursor, out.active = i, true
		}
		if id == anchor {
			out.anchor, hasAnchor = i, true
		}
		if id == first {
			newTop = i
		}
	}
	if run >= 0 {
		out.spans = append(out.spans, span{run, len(now)})
	}
	if !hasAnchor {
		out.anchor = out.cursor
	}
	return out, newTop
}
