package library

import (
	"iter"
	"math/bits"
)

// PhotoSet is a set of photos, a bit for each id: ids are small numbers that a library gives
// out one after the other, so a million photos take 125 KB. Nil is the empty set.
type PhotoSet []uint64

// PhotoSetOf is the set of these photos.
func PhotoSetOf(ids ...PhotoID) PhotoSet {
	var s PhotoSet
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

// Add puts a photo in; ids that are not above 0 name none and are left out.
func (s *PhotoSet) Add(id PhotoID) {
	if id <= 0 {
		return
	}
	w := int(id / 64)
	if w >= len(*s) {
		*s = append(*s, make([]uint64, w+1-len(*s))...)
	}
	(*s)[w] |= 1 << (id % 64)
}

// Has reports whether a photo is in the set.
func (s PhotoSet) Has(id PhotoID) bool {
	w := int(id / 64)
	return id > 0 && w < len(s) && s[w]&(1<<(id%64)) != 0
}

// Len is the number of photos.
func (s PhotoSet) Len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// And returns the photos that are in both sets.
func (s PhotoSet) And(t PhotoSet) PhotoSet {
	out := make(PhotoSet, min(len(s), len(t)))
	for i := range out {
		out[i] = s[i] & t[i]
	}
	return out
}

// Or returns the photos that are in one of the sets.
func (s PhotoSet) Or(t PhotoSet) PhotoSet {
	if len(s) < len(t) {
		s, t = t, s
	}
	out := append(PhotoSet(nil), s...)
	for i, w := range t {
		out[i] |= w
	}
	return out
}

// Without returns the photos of s that are not in t.
func (s PhotoSet) Without(t PhotoSet) PhotoSet {
	out := append(PhotoSet(nil), s...)
	for i := range min(len(s), len(t)) {
		out[i] &^= t[i]
	}
	return out
}

// All are the photos in the order of their ids.
func (s PhotoSet) All() iter.Seq[PhotoID] {
	return func(yield func(PhotoID) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(PhotoID(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
