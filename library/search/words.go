package search

import (
	"maps"
	"math"
	"slices"
	"strings"

	"descry/library"
	"descry/library/query"
	"descry/library/store"
)

// columnTrust is how much finding all words of a query in a column says that the photo is
// meant. A person's own words for the photo nearly settle it; a folder holds many photos.
var columnTrust = map[string]float64{
	"tags": 0.95, "keywords": 0.9, "alt": 0.9, "description": 0.8, "recognised": 0.6, "name": 0.6, "folder": 0.3,
}

// leastTrusted is the trust in words of which it is not known in which of the trusted columns
// they stand.
const leastTrusted = 0.6

func columnName(column string) string {
	switch column {
	case "name":
		return "file name"
	case "alt":
		return "alt text"
	case "recognised":
		return "text in the picture"
	}
	return column
}

// matchWords finds photos that have the words of the descriptions: all of them, best first.
// Without a model to go by, photos that have any come behind; they are not complete.
func (r *run) matchWords() (m wordMatches, err error) {
	terms := r.searchedWords()
	if len(terms) == 0 {
		return m, nil
	}
	need := r.need()
	hits, err := r.p.Store.MatchWords(r.ctx, store.WordQuery{Terms: terms, Limit: need})
	if err != nil {
		return m, err
	}
	for _, h := range hits {
		w := wordMatch{hit: h}
		for _, col := range h.Columns {
			w.said = max(w.said, columnTrust[col])
		}
		m.best = append(m.best, w)
		m.all.Add(h.Photo)
	}
	if len(hits) == need { // there may be more
		all, err := store.HasWords(store.WordQuery{Terms: terms})
		if err != nil {
			return m, err
		}
		trusted, err := store.HasWords(store.WordQuery{Terms: terms, Any: true, Columns: trustedColumns()})
		if err != nil {
			return m, err
		}
		if m.all, err = r.p.Store.FindSet(r.ctx, all); err != nil {
			return m, err
		}
		if m.sure, err = r.p.Store.FindSet(r.ctx, store.Both(all, trusted)); err != nil {
			return m, err
		}
	}
	if r.p.Index != nil && r.p.Text != nil {
		return m, nil
	}
	if hits, err = r.p.Store.MatchWords(r.ctx, store.WordQuery{Terms: terms, Any: true, Limit: need}); err != nil {
		return m, err
	}
	for _, h := range hits {
		if !m.all.Has(h.Photo) {
			m.best = append(m.best, wordMatch{hit: h})
		}
	}
	return m, nil
}

// trustedColumns are those in which finding the words makes a photo likely by itself.
func trustedColumns() []string {
	var out []string
	for _, c := range slices.Sorted(maps.Keys(columnTrust)) {
		if columnTrust[c] >= LikelyAt {
			out = append(out, c)
		}
	}
	return out
}

// searchedWords are the words of the descriptions that are worth looking up.
func (r *run) searchedWords() []string {
	var out []string
	whole := slices.ContainsFunc(r.plan.soft, func(n query.Node) bool { return !n.Not && n.Weight >= 1 })
	for _, n := range r.plan.pick(false) {
		// What is only wished for need not be there.
		if n.Weight >= 1 || n.Weight > 0 && !whole {
			out = append(out, contentWords(n.Text)...)
		}
	}
	return out
}

// contentWords leaves out words that stand in any sentence; a phrase of nothing else keeps
// them.
func contentWords(phrase string) []string {
	all := strings.Fields(phrase)
	var out []string
	for _, w := range all {
		if !slices.Contains(emptyWords, strings.ToLower(strings.Trim(w, ".;:!?()'"))) {
			out = append(out, w)
		}
	}
	if out == nil {
		return all
	}
	return out
}

var emptyWords = strings.Fields(`a an and are as at be by for from has have in into is it its me my of on or our
	photo photos picture pictures image images show shows that the their there these this those to was were with`)

// wordMatch is a photo that has words of the query.
type wordMatch struct {
	hit  store.WordHit
	said float64 // how much that alone says that the photo is meant
}

// wordMatches are the photos that have the words of the query.
type wordMatches struct {
	best []wordMatch      // as many as the page needs, best first
	all  library.PhotoSet // those that have all words, in best or not
	sure library.PhotoSet // of these, where they are more than best: those that the words make likely
}

// addWords lets the words say what they have to say of what was found, and adds photos that
// only they find. at are the places of what was found.
func (r *run) addWords(o *outcome, at map[library.PhotoID]int, found wordMatches) error {
	// Those that have a row are counted by it already.
	for _, set := range []struct {
		of   library.PhotoSet
		into *library.PhotoSet
	}{{found.all, &o.all.more}, {found.sure, &o.likely.more}} {
		if len(r.looks) > 0 {
			set.of = set.of.Without(r.ground.photos)
		}
		for id := range set.of.All() {
			if r.admits(id) {
				set.into.Add(id)
			}
		}
	}
	words := slices.DeleteFunc(found.best, func(m wordMatch) bool { return !r.admits(m.hit.Photo) })
	var rows []int32 // of photos that are not among those found by meaning
	if len(r.looks) > 0 {
		for _, m := range words {
			if _, ok := at[m.hit.Photo]; ok {
				continue
			}
			if row, ok := r.row(m.hit.Photo); ok {
				rows = append(rows, int32(row))
			}
		}
		if err := r.settleAll(rows); err != nil {
			return err
		}
	}
	for i := range words {
		m := &words[i]
		k, ok := at[m.hit.Photo]
		if !ok {
			k = len(o.found)
			at[m.hit.Photo] = k
			c := candidate{photo: m.hit.Photo, row: -1, order: math.Inf(-1)}
			if row, ok := r.row(m.hit.Photo); ok {
				c = r.candidate(m.hit.Photo, row)
			}
			o.found = append(o.found, c)
		}
		c := &o.found[k]
		c.confidence = 1 - (1-c.confidence)*(1-m.said)/(1-c.said)
		c.words, c.wordPlace, c.said = &m.hit, i+1, m.said
		switch {
		case c.row < 0:
			o.all.more.Add(c.photo)
			if c.likely() {
				o.likely.more.Add(c.photo)
			}
		case c.likely():
			o.likely.rows.add(c.row)
		}
	}
	return nil
}
