package search

import (
	"strings"

	"descry/library/store"
)

// excludeAt is the calibrated confidence from which a photo counts as showing what it
// should not. It is well below LikelyAt: who asks for none would rather miss a photo. At
// 0.2, 2 to 3 in 100 photos without people are taken to show some, and half of those with
// people are seen; at 0.35 hardly any and a third (docs/quality.md).
const excludeAt = 0.2

// againstWeight is how much the cosine with what is excluded takes from that with what is
// asked for, in the order of the photos that are not left out: what the test overlooks comes
// later. The weight that does best (docs/quality.md).
const againstWeight = 0.6

// kinds names what else must not be seen where the word is excluded: a model looks for what
// a caption would say, and of one man on a beach none says "people".
var kinds = func() map[string][]string {
	people := []string{"a man", "a woman", "a boy", "a girl", "a child", "children", "a group of people"}
	return map[string][]string{
		"people": people, "person": people, "a person": people, "persons": people, "humans": people, "anyone": people, "anybody": people,
	}
}()

// exclude bars the photos that show, or are said to show, what they should not.
func (r *run) exclude() error {
	for _, t := range r.plan.pick(true) {
		said, err := store.HasWords(store.WordQuery{
			Terms: contentWords(t.Text), Columns: []string{"name", "keywords", "description", "tags", "alt"},
		})
		if err != nil {
			return err
		}
		ids, err := r.p.Store.FindSet(r.ctx, said)
		if err != nil {
			return err
		}
		r.barred = r.barred.Or(ids)
		if r.view == nil || r.view.Len() == 0 || r.foreign(t.Text) {
			continue
		}
		for i, phrase := range append([]string{t.Text}, kinds[strings.ToLower(t.Text)]...) {
			l, err := r.textLook(phrase)
			if err != nil {
				return err
			}
			l.name = t.Text // what was asked for, whatever it was looked for by
			if err := r.barAbove(&l, phrase, excludeAt); err != nil {
				return err
			}
			if i == 0 {
				r.against = append(r.against, l)
			}
		}
	}
	for _, n := range r.plan.pictures(true) {
		l, ok, err := r.exampleLook(n)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := r.barAbove(&l, "", LikelyAt); err != nil {
			return err
		}
	}
	return nil
}

// barAbove bars the photos that show something, from a probability on. What a phrase bars is
// remembered under that key, since people exclude the same things again and again.
func (r *run) barAbove(l *look, key string, at float64) error {
	rows, ok := r.ground.shown.get(key)
	if !ok {
		// Where few photos are left it is quicker to look at these alone; else what holds for
		// all of them serves the next query, too.
		among := r.admittedRows()
		if n := r.view.Len(); among.count(n) > n/4 {
			among = nil
		}
		if err := r.scan(l, among); err != nil {
			return err
		}
		var err error
		if rows, err = r.above(l, among, logit(at)); err != nil {
			return err
		}
		if among == nil && key != "" {
			r.ground.shown.put(key, rows)
		}
	}
	photos := r.view.Photos()
	for row := range rows.all() {
		r.barred.Add(photos[row])
	}
	l.scores, l.floor, l.hub = nil, nil, nil
	r.nots = append(r.nots, *l)
	return nil
}
