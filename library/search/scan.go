package search

import (
	"iter"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"descry/library/calib"
)

// rowSet is a set of rows of a View, a bit for each. Nil is all of them.
type rowSet []uint64

func newRowSet(rows int) rowSet { return make(rowSet, (rows+63)/64) }

func (s rowSet) has(row int) bool { return s == nil || s[row/64]&(1<<(row%64)) != 0 }

func (s rowSet) add(row int) { s[row/64] |= 1 << (row % 64) }

// and returns the rows that are in both sets.
func (s rowSet) and(t rowSet) rowSet {
	if s == nil {
		return t
	}
	out := slices.Clone(s)
	for i := range out {
		if t != nil {
			out[i] &= t[i]
		}
	}
	return out
}

// count is the number of rows in a set over that many rows.
func (s rowSet) count(rows int) int {
	if s == nil {
		return rows
	}
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// all are the rows in a set that is not nil.
func (s rowSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// spanRows is how many rows a core takes at a time; a multiple of 64, so that no two share a
// word of a rowSet.
const spanRows = 1 << 15

// eachSpan calls fn for spans of rows on all cores; worker tells the calls of one core apart.
func eachSpan(rows int, fn func(worker, from, to int)) {
	spans := (rows + spanRows - 1) / spanRows
	workers := min(runtime.GOMAXPROCS(0), spans)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < spans; i += workers {
				fn(w, i*spanRows, min((i+1)*spanRows, rows))
			}
		})
	}
	wg.Wait()
}

// admitted are the rows whose photos conditions and exclusions let through; nil: all.
func (r *run) admittedRows() rowSet {
	if !r.limited && r.barred == nil {
		return nil
	}
	photos := r.view.Photos()
	set := newRowSet(len(photos))
	eachSpan(len(photos), func(_, from, to int) {
		for row := from; row < to; row++ {
			if r.admits(photos[row]) {
				set.add(row)
			}
		}
	})
	return set
}

// vectorsOf are the vectors of rows, as a bitmap.
func (r *run) vectorsOf(rows rowSet) []uint64 {
	if rows == nil || r.view.Single() {
		return rows
	}
	set := make([]uint64, (r.view.Count()+63)/64)
	for i := range r.view.Count() {
		if row := r.view.RowOf(i); row >= 0 && rows.has(row) {
			set[i/64] |= 1 << (i % 64)
		}
	}
	return set
}

// scan scores a look on rows, nearly, and gives it their floors.
func (r *run) scan(l *look, rows rowSet) error {
	scores := make([]float32, r.view.Count())
	bound, err := r.view.Near(l.vec, r.vectorsOf(rows), scores)
	if err != nil {
		return err
	}
	l.bound = float64(bound)
	if r.view.Single() {
		l.scores = scores
		if l.kind == calib.Text {
			l.floor, l.hub = r.ground.floor, r.ground.hub
		}
		return nil
	}
	l.scores = make([]float32, r.view.Len())
	if l.kind == calib.Text {
		l.floor, l.hub = make([]float32, r.view.Len()), make([]float32, r.view.Len())
	}
	for row := range l.scores {
		l.scores[row] = float32(math.Inf(-1))
		if rows.has(row) {
			l.set(row, r.best(l, row, func(i int32) float32 { return scores[i] }))
		}
	}
	return nil
}

// mark is the score of a picture, the floor that it is measured from and how much of a hub
// it is.
type mark struct{ score, floor, hub float32 }

func (l *look) set(row int, m mark) {
	l.scores[row] = m.score
	if l.floor != nil {
		l.floor[row], l.hub[row] = m.floor, m.hub
	}
}

// rise is the part of the logit that a picture brings.
func (l *look) rise(m mark) float64 { return l.fit.Rise(float64(m.score), float64(m.floor)) }

// best is the mark of the view of a row that matches best. Each view is measured against its
// own floor: against the highest floor of all, what a video shows in one scene would be held
// against it in the others.
func (r *run) best(l *look, row int, score func(vector int32) float32) (best mark) {
	most := math.Inf(-1)
	for i := r.ground.first[row]; i >= 0; i = r.ground.next[i] {
		m := mark{score: score(i)}
		if l.kind == calib.Text {
			m.floor, m.hub = r.ground.floor[i], r.ground.hub[i]
		}
		if rise := l.rise(m); rise > most {
			most, best = rise, m
		}
	}
	return best
}

// measure returns the exact marks of some rows.
func (r *run) measure(l *look, rows []int32) ([]mark, error) {
	list := rows
	if !r.view.Single() {
		list = nil
		for _, row := range rows {
			for i := r.ground.first[row]; i >= 0; i = r.ground.next[i] {
				list = append(list, i)
			}
		}
	}
	scores := make([]float32, len(list))
	if err := r.view.Exact(l.vec, list, scores); err != nil {
		return nil, err
	}
	marks := make([]mark, len(rows))
	k := 0
	for n, row := range rows {
		if !r.view.Single() {
			marks[n] = r.best(l, int(row), func(int32) float32 { k++; return scores[k-1] })
			continue
		}
		marks[n].score = scores[n]
		if l.kind == calib.Text {
			marks[n].floor, marks[n].hub = r.ground.floor[row], r.ground.hub[row]
		}
	}
	return marks, nil
}

// settle makes the scores of some rows exact.
func (r *run) settle(l *look, rows []int32) error {
	marks, err := r.measure(l, rows)
	for n, m := range marks {
		if r.view.Single() {
			// Its floors are the ground's, which other searches read.
			l.scores[rows[n]] = m.score
			continue
		}
		l.set(int(rows[n]), m)
	}
	return err
}

// settleAll makes all scores of some rows exact.
func (r *run) settleAll(rows []int32) error {
	for i := range r.looks {
		if err := r.settle(&r.looks[i], rows); err != nil {
			return err
		}
	}
	for i := range r.against {
		if err := r.settle(&r.against[i], rows); err != nil {
			return err
		}
	}
	return nil
}

// probabilities that the photos of some rows match.
func (r *run) probabilities(l look, rows []int32) ([]float64, error) {
	marks, err := r.measure(&l, rows)
	p := make([]float64, len(marks))
	for n, m := range marks {
		p[n] = 1 / (1 + math.Exp(-l.base-l.rise(m)))
	}
	return p, err
}

// above are the rows, of those given, whose logit is at least so much.
func (r *run) above(l *look, rows rowSet, least float64) (rowSet, error) {
	n := r.view.Len()
	over := newRowSet(n)
	unsure := make([][]int32, runtime.GOMAXPROCS(0))
	// How far a score must stand above its floor, and how far off that may be while scores are
	// only near and are compared as float32.
	rise := (least - l.base) / l.fit.Rise(1, 0)
	margin := l.bound + 1e-6*(1+math.Abs(rise))
	low, high := float32(rise-margin), float32(rise+margin)
	eachSpan(n, func(worker, from, to int) {
		for row := from; row < to; row++ {
			x := l.scores[row]
			if l.floor != nil {
				x -= l.floor[row]
			}
			switch {
			case x < low || !rows.has(row):
			case x >= high:
				over.add(row)
			default:
				unsure[worker] = append(unsure[worker], int32(row))
			}
		}
	})
	list := slices.Concat(unsure...)
	if err := r.settle(l, list); err != nil {
		return nil, err
	}
	for _, row := range list {
		if l.logit(int(row)) >= least {
			over.add(int(row))
		}
	}
	return over, nil
}
