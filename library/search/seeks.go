package search

import (
	"slices"

	"descry/library/calib"
)

// Seek is a description or an example picture by which photos were ranked, as a direction: the
// inner product of Direction with the unit vector of a picture is, but for a number that is the
// same for all pictures, the logit of the probability that the picture matches.
type Seek struct {
	Text      string // as in the Reason of a hit
	Direction []float32
}

// addSeeks says what the alternatives of a query looked for. What they share counts once.
func (res *Result) addSeeks(runs []*run) error {
	for _, r := range runs {
		for _, l := range r.looks {
			if l.weight < 0 || slices.ContainsFunc(res.Seeks, func(s Seek) bool { return s.Text == l.name }) {
				continue
			}
			direction := slices.Clone(l.vec)
			if l.kind == calib.Text {
				floor, err := r.floorOf()
				if err != nil {
					return err
				}
				for i := range min(len(floor), len(direction)) {
					direction[i] -= floor[i]
				}
			}
			scale := float32(l.fit.Rise(1, 0))
			for i := range direction {
				direction[i] *= scale
			}
			res.Seeks = append(res.Seeks, Seek{Text: l.name, Direction: direction})
		}
	}
	return nil
}

// floorOf is the mean of the vectors of the background phrases.
func (r *run) floorOf() ([]float32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	phrases, err := r.background(r.ctx)
	return calib.Mean(phrases), err
}
