package search

import (
	"math"

	"descry/library"
	"descry/library/calib"
	"descry/library/query"
)

// markedPhoto is a photo of which the query says that it is right, or wrong.
type markedPhoto struct {
	id   library.PhotoID
	name string
}

func namesOf(photos []markedPhoto) []string {
	var out []string
	for _, p := range photos {
		out = append(out, "“"+short(p.name)+"”")
	}
	return out
}

// readMarks finds the photos that the query says are right or wrong. The wrong ones are left
// out; of a photo that is said to be both, that it is wrong counts.
func (r *run) readMarks() error {
	for _, not := range []bool{true, false} {
		for _, n := range r.plan.marks(not) {
			for _, v := range n.Values {
				if err := r.readMark(n, v, not); err != nil {
					return err
				}
			}
		}
	}
	if max(len(r.right), len(r.wrong)) > mostMarks {
		r.note("Only the first %d photos of each kind say what is meant.", mostMarks)
	}
	return nil
}

func (r *run) readMark(n query.Node, name string, not bool) error {
	id, err := PhotoNamed(r.ctx, r.p.Store, name)
	if err != nil {
		return err
	}
	cards, err := r.p.Store.Cards(r.ctx, []library.PhotoID{id})
	if err != nil {
		return err
	}
	if len(cards) == 0 || cards[0].Files == 0 {
		r.problem(query.Problem{
			Sentence: "There is no photo “" + short(name) + "” in the library; name one by its number or its file.", Start: n.Start, End: n.End,
		})
		return nil
	}
	p := markedPhoto{id, cards[0].Name}
	switch {
	case not:
		r.wrong = append(r.wrong, p)
		r.barred.Add(id)
	case !r.barred.Has(id):
		r.right = append(r.right, p)
	}
	return nil
}

// learn changes what is looked for by the photos that were said to be right or wrong. What
// is right counts for every description; what is wrong for the one that fits it least, which
// is most likely the one that is not meant so. Without a description the right photos are
// the examples.
func (r *run) learn() error {
	right, wrong := r.right[:min(len(r.right), mostMarks)], r.wrong[:min(len(r.wrong), mostMarks)]
	if len(right)+len(wrong) == 0 || r.view == nil || r.view.Len() == 0 {
		return nil
	}
	if len(r.looks) == 0 && len(right) > 0 {
		if err := r.lookLike(right); err != nil {
			return err
		}
	}
	lessons := make([][]lesson, len(r.looks))
	for _, p := range right {
		for i := range r.looks {
			if l, ok := r.lesson(&r.looks[i], p.id, true); ok {
				lessons[i] = append(lessons[i], l)
			}
		}
	}
	for _, p := range wrong {
		least, at := lesson{logit: math.Inf(1)}, -1
		for i := range r.looks {
			if l, ok := r.lesson(&r.looks[i], p.id, false); ok && l.logit < least.logit {
				least, at = l, i
			}
		}
		if at >= 0 {
			lessons[at] = append(lessons[at], least)
		}
	}
	r.ground.shapeOnce.Do(func() { r.ground.shape = shapeOf(r.view, r.ground.floor, r.ground.sample) })
	for i := range r.looks {
		l := &r.looks[i]
		l.vec = learnt(l.vec, lessons[i], r.ground.shape, l.fit.Rise(1, 0))
	}
	return nil
}

// lookLike looks for what is like all of some photos.
func (r *run) lookLike(photos []markedPhoto) error {
	var vecs [][]float32
	for _, p := range photos {
		if all := r.view.Vectors(p.id); len(all) > 0 {
			vecs = append(vecs, all[0])
		}
	}
	if len(vecs) == 0 {
		return nil
	}
	l, err := r.pictureLook("the marked photos", unit(calib.Mean(vecs)))
	if err == nil {
		r.looks = append(r.looks, l)
		r.result.Calibrated = r.result.Calibrated && l.fit.Fitted
	}
	return err
}

// lesson is what a marked photo teaches a look: by the view of it that fits best. false
// where the photo has no vector, or the look pushes down.
func (r *run) lesson(l *look, photo library.PhotoID, right bool) (lesson, bool) {
	row, ok := r.view.Row(photo)
	if !ok || l.weight <= 0 {
		return lesson{}, false
	}
	all := []int32{int32(row)}
	if !r.view.Single() {
		all = nil
		for i := r.ground.first[row]; i >= 0; i = r.ground.next[i] {
			all = append(all, i)
		}
	}
	out := lesson{logit: math.Inf(-1), right: right}
	for _, i := range all {
		v := r.view.Vector(int(i))
		if v == nil {
			continue
		}
		m := mark{score: float32(dot(widenVector(v), widenVector(l.vec)))}
		if l.kind == calib.Text {
			m.floor = r.ground.floor[i]
		}
		if logit := l.base + l.rise(m); logit > out.logit {
			out.vec, out.logit = v, logit
		}
	}
	return out, out.vec != nil
}

// addMarked puts the photos that were said to be right among what was found, as certain. at
// are the places of what was found.
func (r *run) addMarked(o *outcome, at map[library.PhotoID]int) error {
	for _, p := range r.right {
		if !r.admits(p.id) {
			continue
		}
		k, ok := at[p.id]
		if !ok {
			c := candidate{photo: p.id, row: -1, order: math.Inf(-1)}
			if row, ok := r.row(p.id); ok {
				if err := r.settleAll([]int32{int32(row)}); err != nil {
					return err
				}
				c = r.candidate(p.id, row)
			}
			k = len(o.found)
			at[p.id] = k
			o.found = append(o.found, c)
		}
		c := &o.found[k]
		c.marked, c.confidence = true, 1
		if c.row >= 0 {
			o.likely.rows.add(c.row)
			continue
		}
		o.all.more.Add(p.id)
		o.likely.more.Add(p.id)
	}
	return nil
}
