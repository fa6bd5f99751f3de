package search

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"descry/library"
	"descry/library/query"
	"descry/library/store"
)

// set is a set of photos.
type set map[library.PhotoID]struct{}

func setOf(ids []library.PhotoID) set {
	s := make(set, len(ids))
	for _, id := range ids {
		s[id] = struct{}{}
	}
	return s
}

func (s set) has(id library.PhotoID) bool {
	_, ok := s[id]
	return ok
}

// candidate is a photo that may be a hit.
type candidate struct {
	photo      library.PhotoID
	row        int     // of the view; -1: it has no vector
	score      float64 // cosine
	order      float64 // what semantic order goes by
	semantic   int     // place in it, from 1; 0: none
	words      *store.WordHit
	wordPlace  int     // place among the word matches, from 1
	said       float64 // how much the words alone say that it matches
	confidence float64
	fused      float64
	of         int // the alternative that found it
}

func (c candidate) likely() bool { return c.confidence >= LikelyAt }

// Fusion by reciprocal ranks: each list adds weight / (rankConstant + place). 60 is the
// constant of Cormack, Clarke and Büttcher (SIGIR 2009). Words weigh as much as meaning: a
// photo at the top of one list and absent from the other ties with its counterpart.
const (
	rankConstant   = 60
	semanticWeight = 1.0
	wordsWeight    = 1.0
)

// deepest is how many photos are ranked by meaning at least; photos behind them are only
// ranked when they are likely, have the words, or the page asked for lies that deep.
const deepest = 1000

// columnTrust is how much finding all words of a query in a column says that the photo is
// meant. A person's own words for the photo nearly settle it; a folder holds many photos.
var columnTrust = map[string]float64{
	"tags": 0.95, "keywords": 0.9, "alt": 0.9, "description": 0.8, "recognised": 0.6, "name": 0.6, "folder": 0.3,
}

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

// matchWords finds photos that have the words of the descriptions: all of them, best first;
// without a model to go by, photos that have any come behind.
func (r *run) matchWords() (all, any []store.WordHit, err error) {
	terms := r.searchedWords()
	if len(terms) == 0 {
		return nil, nil, nil
	}
	if all, err = r.p.Store.MatchWords(r.ctx, store.WordQuery{Terms: terms}); err != nil {
		return nil, nil, err
	}
	if r.p.Index == nil || r.p.Text == nil {
		any, err = r.p.Store.MatchWords(r.ctx, store.WordQuery{Terms: terms, Any: true})
	}
	return all, any, err
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

// rank scores, fuses and orders the candidates of a query with a description.
func (r *run) rank(all, any []store.WordHit) ([]candidate, error) {
	var found []candidate
	at := map[library.PhotoID]int{}
	var ranked *ranking // nil: not ranked by meaning
	if len(r.looks) > 0 {
		found, ranked = r.semantic()
		for i, c := range found {
			at[c.photo] = i
		}
	}
	place := func(hits []store.WordHit, complete bool, first int) {
		n := first
		for i := range hits {
			h := &hits[i]
			if !r.admits(h.Photo) {
				continue
			}
			k, ok := at[h.Photo]
			if ok && found[k].words != nil {
				continue
			}
			n++
			if !ok {
				k = len(found)
				at[h.Photo] = k
				found = append(found, r.outsider(h.Photo, ranked))
			}
			c := &found[k]
			c.words, c.wordPlace = h, n
			if complete {
				for _, col := range h.Columns {
					c.said = max(c.said, columnTrust[col])
				}
			}
			c.confidence = 1 - (1-c.confidence)*(1-c.said)
		}
	}
	place(all, true, 0)
	place(any, false, len(all))
	// A description beside a quoted text or a filter ranks what they let through.
	if len(r.looks) == 0 && r.conditioned() {
		rest, err := r.listed(r.listing)
		if err != nil {
			return nil, err
		}
		for _, c := range rest {
			if _, ok := at[c.photo]; !ok {
				c.confidence = 0
				found = append(found, c)
			}
		}
	}
	for i := range found {
		c := &found[i]
		if c.semantic > 0 {
			c.fused += semanticWeight / float64(rankConstant+c.semantic)
		}
		if c.wordPlace > 0 {
			c.fused += wordsWeight / float64(rankConstant+c.wordPlace)
		}
	}
	known := 0
	for _, c := range found {
		if c.semantic > 0 {
			known++
		}
	}
	if ranked != nil {
		r.deeper = len(ranked.sorted) - known
	}
	slices.SortFunc(found, compare)
	return found, nil
}

// compare puts the likely photos first, each block in fused order.
func compare(a, b candidate) int {
	if a.likely() != b.likely() {
		if a.likely() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.fused, a.fused), cmp.Compare(b.order, a.order), cmp.Compare(a.photo, b.photo))
}

// merge makes one list of those of several alternatives: of a photo in several the place
// where it is best. It returns how many photos are ranked too low to be in the list, too.
func merge(runs []*run, found [][]candidate) (all []candidate, deeper int) {
	if len(runs) == 1 {
		return found[0], runs[0].deeper
	}
	best := map[library.PhotoID]int{}
	for i, list := range found {
		for place, c := range list {
			c.of = i
			if c.fused == 0 { // listed, not ranked: by its place
				c.fused = semanticWeight / float64(rankConstant+place+1)
			}
			k, ok := best[c.photo]
			switch {
			case !ok:
				best[c.photo] = len(all)
				all = append(all, c)
			case compare(c, all[k]) < 0:
				all[k] = c
			}
		}
	}
	slices.SortFunc(all, compare)
	if slices.ContainsFunc(runs, func(r *run) bool { return r.deeper > 0 }) {
		for _, id := range runs[0].view.Photos() {
			if _, ok := best[id]; ok {
				continue
			}
			if slices.ContainsFunc(runs, func(r *run) bool { return len(r.looks) > 0 && r.admits(id) }) {
				deeper++
			}
		}
	}
	return all, deeper
}

// admits reports whether conditions and exclusions let a photo through.
func (r *run) admits(id library.PhotoID) bool {
	return (r.allowed == nil || r.allowed.has(id)) && !r.barred.has(id)
}

// outsider is a photo that is not among those that semantic returned.
func (r *run) outsider(id library.PhotoID, ranked *ranking) candidate {
	if ranked != nil {
		if row, ok := r.view.Row(id); ok {
			c := r.candidate(id, row)
			c.semantic = ranked.place(row)
			return c
		}
	}
	return candidate{photo: id, row: -1, order: math.Inf(-1)}
}

// order is what a row is ranked by, and whether its photo is likely. One description orders
// by cosine, several by how likely all of them hold, each by its weight.
func (r *run) order(row int) (order float64, likely bool) {
	likely = true
	for i := range r.looks {
		l := &r.looks[i]
		logit := l.logit(row)
		order += l.weight * logit
		switch {
		case l.weight >= 1:
			likely = likely && logit >= likelyLogit
		case l.weight > 0:
			likely = likely && l.sure(l.probability(row)) >= LikelyAt
		}
	}
	if len(r.looks) == 1 && r.looks[0].weight > 0 {
		order = float64(r.looks[0].scores[row])
	}
	return order, likely
}

// candidate scores one row.
func (r *run) candidate(id library.PhotoID, row int) candidate {
	c := candidate{photo: id, row: row, confidence: 1}
	c.order, _ = r.order(row)
	for i := range r.looks {
		l := &r.looks[i]
		c.confidence = min(c.confidence, l.sure(l.probability(row)))
		c.score += float64(l.scores[row]) / float64(len(r.looks))
	}
	return c
}

// ranking is the semantic order of a search.
type ranking struct {
	orders []float64 // what each row goes by; NaN: not admitted
	sorted []float64 // those that are admitted, ascending
}

// place is the place of a row, from 1: behind all that go by more.
func (k *ranking) place(row int) int {
	i, _ := slices.BinarySearchFunc(k.sorted, k.orders[row], func(x, y float64) int {
		if x <= y {
			return -1
		}
		return 1
	})
	return len(k.sorted) - i + 1
}

// semantic ranks the photos by meaning and returns, best first, all that are likely and at
// least as many as the page needs.
func (r *run) semantic() ([]candidate, *ranking) {
	photos := r.view.Photos()
	k := &ranking{orders: make([]float64, len(photos)), sorted: make([]float64, 0, len(photos))}
	least := math.Inf(1) // of the likely ones
	for row, id := range photos {
		if !r.admits(id) {
			k.orders[row] = math.NaN()
			continue
		}
		order, likely := r.order(row)
		k.orders[row] = order
		k.sorted = append(k.sorted, order)
		if likely {
			least = min(least, order)
		}
	}
	slices.Sort(k.sorted)
	need := max(deepest, r.req.Offset+r.req.Limit)
	if r.req.Limit <= 0 {
		need = len(k.sorted)
	}
	if n := len(k.sorted) - need; n > 0 {
		least = min(least, k.sorted[n])
	} else {
		least = math.Inf(-1)
	}
	var found []candidate
	for row, id := range photos {
		if k.orders[row] >= least { // never for NaN
			found = append(found, r.candidate(id, row))
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.order, a.order), cmp.Compare(a.photo, b.photo))
	})
	for i := range found {
		found[i].semantic = i + 1
	}
	return found, k
}

// listed returns the photos that conditions and exclusions let through, as certain hits:
// in the order given, else newest first.
func (r *run) listed(order []library.PhotoID) ([]candidate, error) {
	if order == nil {
		f := store.ListFilter{}
		if r.allowed != nil {
			f.OnlyIDs = true
			for id := range r.allowed {
				f.IDs = append(f.IDs, id)
			}
			slices.Sort(f.IDs)
		}
		var err error
		if order, err = r.p.Store.Photos(r.ctx, f); err != nil {
			return nil, err
		}
	}
	var found []candidate
	for _, id := range order {
		if r.admits(id) {
			found = append(found, candidate{photo: id, row: -1, confidence: 1})
		}
	}
	return found, nil
}
