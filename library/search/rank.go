package search

import (
	"cmp"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"

	"descry/library"
	"descry/library/calib"
	"descry/library/query"
	"descry/library/store"
	"descry/library/vectors"
)

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
	of         int  // the alternative that found it
	marked     bool // a person said that it is what is meant
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

// deepest is the last place in a list that counts in the fusion. What is behind it would
// add next to nothing, and a page that lies deeper goes by the order of meaning alone.
const deepest = 1000

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

// outcome is what one alternative, or all of them, find.
type outcome struct {
	found  []candidate // in their final order; at least as many as the page needs
	likely tally
	all    tally // the likely ones, too
}

// tally are photos to be counted: those of rows of a view, and others.
type tally struct {
	view *vectors.View // nil: no rows
	rows rowSet        // nil: all of the view
	more library.PhotoSet
}

func (t tally) count() int {
	n := t.more.Len()
	if t.view != nil {
		n += t.rows.count(t.view.Len())
	}
	return n
}

// photos are the photos of a tally.
func (t tally) photos() library.PhotoSet {
	set := t.more
	if t.view == nil {
		return set
	}
	for row, id := range t.view.Photos() {
		if t.rows.has(row) {
			set.Add(id)
		}
	}
	return set
}

// need is how many photos of each block, likely or not, the page takes.
func (r *run) need() int {
	if r.req.Limit <= 0 {
		return math.MaxInt32
	}
	return max(deepest, r.req.Offset+r.req.Limit)
}

// rank scores, fuses and orders the photos of an alternative with a description, of which
// some have its words.
func (r *run) rank(words wordMatches) (o outcome, err error) {
	at := map[library.PhotoID]int{}
	if len(r.looks) > 0 {
		if o, err = r.semantic(words.sure); err != nil {
			return o, err
		}
		for i, c := range o.found {
			at[c.photo] = i
		}
	}
	if err := r.addWords(&o, at, words); err != nil {
		return o, err
	}
	if err := r.addMarked(&o, at); err != nil {
		return o, err
	}
	// A description beside a quoted text or a filter ranks what they let through.
	if len(r.looks) == 0 && r.conditioned() {
		rest, err := r.listed()
		if err != nil {
			return o, err
		}
		o.all.more = o.all.more.Or(rest.all.more)
		for _, c := range rest.found {
			if _, ok := at[c.photo]; !ok {
				c.confidence = 0
				o.found = append(o.found, c)
			}
		}
	}
	for i := range o.found {
		c := &o.found[i]
		if 0 < c.semantic && c.semantic <= deepest {
			c.fused += semanticWeight / float64(rankConstant+c.semantic)
		}
		if 0 < c.wordPlace && c.wordPlace <= deepest {
			c.fused += wordsWeight / float64(rankConstant+c.wordPlace)
		}
	}
	slices.SortFunc(o.found, compare)
	return o, nil
}

// addWords lets the words say what they have to say of what was found, and adds photos that
// only they find. at are the places of what was found.
func (r *run) addWords(o *outcome, at map[library.PhotoID]int, found wordMatches) error {
	for _, set := range []struct {
		of   library.PhotoSet
		into *library.PhotoSet
	}{{found.all, &o.all.more}, {found.sure, &o.likely.more}} {
		for id := range set.of.All() {
			if _, ok := r.row(id); !ok && r.admits(id) {
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

// row is the row by which a photo is ranked by meaning, if it is.
func (r *run) row(id library.PhotoID) (int, bool) {
	if len(r.looks) == 0 {
		return 0, false
	}
	return r.view.Row(id)
}

// compare puts the photos that a person said are right first, then the likely ones, each
// block in fused order.
func compare(a, b candidate) int {
	if a.marked != b.marked {
		if a.marked {
			return -1
		}
		return 1
	}
	if a.likely() != b.likely() {
		if a.likely() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.fused, a.fused), cmp.Compare(b.order, a.order), cmp.Compare(a.inWords(), b.inWords()), cmp.Compare(a.photo, b.photo))
}

// inWords is the place among the word matches, behind all where there is none.
func (c candidate) inWords() int {
	if c.wordPlace == 0 {
		return math.MaxInt
	}
	return c.wordPlace
}

// merge makes one outcome of those of several alternatives: of a photo in several the place
// where it is best.
func merge(runs []*run, outcomes []outcome) outcome {
	switch len(outcomes) {
	case 0:
		return outcome{}
	case 1:
		return outcomes[0]
	}
	var o outcome
	best := map[library.PhotoID]int{}
	for i, one := range outcomes {
		o.likely.more = o.likely.more.Or(one.likely.photos())
		o.all.more = o.all.more.Or(one.all.photos())
		for place, c := range one.found {
			c.of = i
			if c.fused == 0 && len(runs[i].looks) == 0 { // listed, not ranked: by its place
				c.fused = semanticWeight / float64(rankConstant+place+1)
			}
			k, ok := best[c.photo]
			switch {
			case !ok:
				best[c.photo] = len(o.found)
				o.found = append(o.found, c)
			case compare(c, o.found[k]) < 0:
				o.found[k] = c
			}
		}
	}
	slices.SortFunc(o.found, compare)
	return o
}

// admits reports whether conditions and exclusions let a photo through.
func (r *run) admits(id library.PhotoID) bool {
	return (!r.limited || r.allowed.Has(id)) && !r.barred.Has(id)
}

// alone reports whether the photos are ordered by the cosine with one description.
func (r *run) alone() bool {
	return len(r.looks) == 1 && r.looks[0].weight > 0 && (r.looks[0].kind == calib.Text || len(r.against) == 0)
}

// order is what a row is ranked by. One description orders by cosine, less for a hub and for
// what looks like what is excluded. Several, and pictures with an exclusion, order by the
// logarithm of the probability that all of them hold (of what is excluded or has a weight
// below 0: that it does not), each by its weight. A sum of logits would let one that holds for
// certain make up for one that does not; docs/quality.md, "Pictures and words", compares them.
func (r *run) order(row int) float64 {
	if r.alone() {
		order := r.looks[0].place(row)
		for i := range r.against {
			order -= againstWeight * float64(r.against[i].scores[row])
		}
		return order
	}
	var order float64
	for i := range r.looks {
		l := &r.looks[i]
		if l.weight < 0 {
			order += l.weight * softplus(l.logit(row))
			continue
		}
		order -= l.weight * softplus(-l.logit(row))
	}
	for i := range r.against {
		order -= softplus(r.against[i].logit(row))
	}
	return order
}

// atMost is what the order of a row cannot be above, where that is quicker to tell.
func (r *run) atMost(row int) float64 {
	if r.alone() {
		return math.Inf(1)
	}
	var most float64
	for i := range r.looks {
		l := &r.looks[i]
		most += min(l.weight*l.logit(row), 0)
	}
	return most
}

// orderBound is how far the order may be off while scores are only near.
func (r *run) orderBound() float64 {
	var bound float64
	if r.alone() {
		bound = r.looks[0].bound
		for _, l := range r.against {
			bound += againstWeight * l.bound
		}
		return bound
	}
	for _, l := range r.looks {
		bound += math.Abs(l.weight) * l.fit.Rise(l.bound, 0)
	}
	for _, l := range r.against {
		bound += l.fit.Rise(l.bound, 0)
	}
	return bound
}

// candidate scores one row, whose scores are exact.
func (r *run) candidate(id library.PhotoID, row int) candidate {
	c := candidate{photo: id, row: row, confidence: 1, order: r.order(row)}
	for i := range r.looks {
		l := &r.looks[i]
		c.confidence = min(c.confidence, l.sure(l.probability(row)))
		c.score += float64(l.scores[row]) / float64(len(r.looks))
	}
	return c
}

// semantic ranks the photos by meaning: it counts those that are likely, some of them because
// words say so, and returns the best of them and of the others, best first.
func (r *run) semantic(sure library.PhotoSet) (outcome, error) {
	rows, n := r.admittedRows(), r.view.Len()
	var likely rowSet
	for i := range r.looks {
		l := &r.looks[i]
		if err := r.scan(l, rows); err != nil {
			return outcome{}, err
		}
		if even := l.even(); !math.IsInf(even, -1) {
			over, err := r.above(l, rows, even)
			if err != nil {
				return outcome{}, err
			}
			likely = likely.and(over)
		}
	}
	for i := range r.against {
		if err := r.scan(&r.against[i], rows); err != nil {
			return outcome{}, err
		}
	}
	if likely == nil { // nothing was asked for, only to be as little like something as can be
		likely = newRowSet(n)
		for row := range n {
			if rows.has(row) {
				likely.add(row)
			}
		}
	}
	for id := range sure.All() {
		if row, ok := r.view.Row(id); ok && rows.has(row) {
			likely.add(row)
		}
	}
	blocks := make([][2]*top, runtime.GOMAXPROCS(0))
	need, slack := min(r.need(), n), 2*r.orderBound()
	for i := range blocks {
		blocks[i] = [2]*top{newTop(need, slack), newTop(need, slack)}
	}
	eachSpan(n, func(worker, from, to int) {
		for row := from; row < to; row++ {
			if !rows.has(row) {
				continue
			}
			block := blocks[worker][1]
			if likely.has(row) {
				block = blocks[worker][0]
			}
			if r.atMost(row) >= block.least {
				block.add(int32(row), r.order(row))
			}
		}
	})
	o := outcome{likely: tally{view: r.view, rows: likely}, all: tally{view: r.view, rows: rows}}
	photos := r.view.Photos()
	for k := range 2 {
		all := newTop(need, slack)
		for _, b := range blocks {
			for i, row := range b[k].rows {
				all.add(row, b[k].orders[i])
			}
		}
		all.drop()
		if err := r.settleAll(all.rows); err != nil {
			return outcome{}, err
		}
		var block []candidate
		for _, row := range all.rows {
			c := r.candidate(photos[row], int(row))
			if sure.Has(c.photo) {
				c.said = leastTrusted
				c.confidence = 1 - (1-c.confidence)*(1-c.said)
			}
			block = append(block, c)
		}
		slices.SortFunc(block, byOrder)
		o.found = append(o.found, block[:min(need, len(block))]...)
	}
	slices.SortFunc(o.found, byOrder)
	for i := range o.found {
		o.found[i].semantic = i + 1
	}
	return o, nil
}

func byOrder(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.order, a.order), cmp.Compare(a.photo, b.photo))
}

// listed returns the photos that conditions and exclusions let through, as certain hits:
// those with a quoted text best match first, else newest first.
func (r *run) listed() (outcome, error) {
	set := r.allowed
	if !r.limited {
		var err error
		if set, err = r.p.Store.FindSet(r.ctx, store.Condition{}); err != nil {
			return outcome{}, err
		}
	}
	set = set.Without(r.barred)
	o := outcome{likely: tally{more: set}, all: tally{more: set}}
	rest, need := set, r.need()
	if len(r.exact) == 1 && r.exact[0].Kind == query.Exact && !r.exact[0].Not {
		hits, err := r.p.Store.MatchWords(r.ctx, store.WordQuery{Terms: []string{r.exact[0].Text}, Limit: need})
		if err != nil {
			return outcome{}, err
		}
		var first library.PhotoSet
		for _, h := range hits {
			if set.Has(h.Photo) {
				first.Add(h.Photo)
				o.found = append(o.found, candidate{photo: h.Photo, row: -1, confidence: 1})
			}
		}
		rest = rest.Without(first)
	}
	if need > len(o.found) {
		ids, err := r.p.Store.Newest(r.ctx, rest, 0, need-len(o.found))
		if err != nil {
			return outcome{}, err
		}
		for _, id := range ids {
			o.found = append(o.found, candidate{photo: id, row: -1, confidence: 1})
		}
	}
	return o, nil
}
