package search

import (
	"cmp"
	"math"
	"runtime"
	"slices"

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

// atMost fills in what the order of each row of a span cannot be above, as quickly as can be
// told: very few rows are among the best, and this is asked of all.
func (r *run) atMost(from int, most []float32) {
	clear(most)
	if r.alone() {
		l := &r.looks[0]
		for i, x := range l.scores[from:][:len(most)] {
			most[i] = x
		}
		if l.hub != nil {
			for i, x := range l.hub[from:][:len(most)] {
				most[i] -= hubWeight * x
			}
		}
		for k := range r.against {
			for i, x := range r.against[k].scores[from:][:len(most)] {
				most[i] -= againstWeight * x
			}
		}
		return
	}
	// The logarithm of a probability is below 0, and below the logit.
	for k := range r.looks {
		l := &r.looks[k]
		base, slope := float32(l.weight*l.base), float32(l.weight*l.fit.Rise(1, 0))
		scores := l.scores[from:][:len(most)]
		if l.floor == nil {
			for i, x := range scores {
				most[i] += min(base+slope*x, 0)
			}
			continue
		}
		for i, f := range l.floor[from:][:len(most)] {
			most[i] += min(base+slope*(scores[i]-f), 0)
		}
	}
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
		most := make([]float32, to-from)
		r.atMost(from, most)
		first, rest := blocks[worker][0], blocks[worker][1]
		for i, x := range most {
			// The margin is for what float32 leaves out.
			least := min(first.least, rest.least)
			if float64(x) < least-1e-5*(1+math.Abs(least)) {
				continue
			}
			switch row := from + i; {
			case !rows.has(row):
			case likely.has(row):
				first.add(int32(row), r.order(row))
			case float64(x) >= rest.least-1e-5*(1+math.Abs(rest.least)):
				rest.add(int32(row), r.order(row))
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
		best, err := r.settleBest(all)
		if err != nil {
			return outcome{}, err
		}
		var block []candidate
		for _, row := range best {
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

// settleBest makes exact what may be among the best rows, and returns these; more of them
// where some are equally good.
func (r *run) settleBest(near *top) ([]int32, error) {
	near.drop()
	// Those that look best say how good a row must be at least; only what comes close to that
	// has to be looked at, too.
	best := newTop(near.k, 0)
	settle := func(from, below float64) error {
		var rows []int32
		for i, o := range near.orders {
			if from <= o && o < below {
				rows = append(rows, near.rows[i])
			}
		}
		if err := r.settleAll(rows); err != nil {
			return err
		}
		for _, row := range rows {
			best.add(row, r.order(int(row)))
		}
		best.drop()
		return nil
	}
	cut := math.Inf(-1)
	if len(near.rows) > near.k {
		cut = greatest(slices.Clone(near.orders), near.k)
	}
	if err := settle(cut, math.Inf(1)); err != nil {
		return nil, err
	}
	if !math.IsInf(cut, -1) {
		least := greatest(slices.Clone(best.orders), near.k) - near.slack/2
		if err := settle(least, cut); err != nil {
			return nil, err
		}
	}
	return best.rows, nil
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
