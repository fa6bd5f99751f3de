package search

import (
	"cmp"
	"math"
	"slices"

	"descry/library/vectors"
)

// How marks change a query. How that was chosen stands in docs/quality.md, "More like this, not
// this".
const (
	// Without a person's word on more photos, marks are believed to move the logit of a photo of
	// the library by this much (standard deviation).
	markReach = 2.0
	// What a photo that is wrong counts as, against one that is right. The wrong ones that a
	// person sees are the nearly right ones, which have much in common with what is meant.
	wrongCounts = 0.2
	// How far the query is drawn to the mean of the photos that are right, and pushed from that
	// of the wrong ones, whatever it says of them already (Rocchio 1971).
	drawn, pushed = 0.2, 0.1
)

// mostMarks is how many photos of each kind a query is learnt from; the first ones count.
const mostMarks = 50

// lesson is a photo of which a person said whether it is right.
type lesson struct {
	vec   []float32
	logit float64 // of the probability that the query's words gave it
	right bool
}

// learnt is the unit vector that searches for what the words of a query and the marks beside
// it mean together. rise is how much its logit rises for each 1 of cosine.
//
// It follows SeeSaw (Moll et al. 2022, arXiv 2208.06497): the vector w = query + d fits the
// marks by logistic regression, is held near the words, and near what the library holds. The
// last two are one prior here, d ~ N(0, C) with C in proportion to the covariance of the
// library's vectors: a query is only moved along directions in which photos differ. What the
// words say already of the marked photos is their calibrated logit, so photos that were sure
// to be right, or wrong, teach next to nothing, and a query that was good stays as it is.
func learnt(query []float32, marks []lesson, lib *shape, rise float64) []float32 {
	if len(marks) == 0 || lib == nil {
		return query
	}
	n, dim := len(marks), len(query)
	z := make([][]float64, n)     // marked photos, from the library's middle
	along := make([][]float64, n) // their inner products with the photos that stand for it
	var count [2]float64
	w := widenVector(query)
	for i, m := range marks {
		z[i] = lib.from(m.vec)
		along[i] = lib.products(z[i])
		count[index(m.right)]++
	}
	for i, m := range marks {
		by := -pushed / count[0]
		if m.right {
			by = drawn / count[1]
		}
		addTo(w, by, z[i])
	}
	// The library's covariance is that of the photos that stand for it. K is the prior
	// covariance of the logits of the marked ones.
	scale := markReach * markReach / lib.power / float64(len(lib.sample))
	k := make([][]float64, n)
	for i := range k {
		k[i] = make([]float64, n)
		for j := range i + 1 {
			k[i][j] = scale * dot(along[i], along[j])
			k[j][i] = k[i][j]
		}
	}
	change := make([]float64, len(lib.sample))
	for i, b := range likeliest(k, marks) {
		addTo(change, scale/rise*b, along[i])
	}
	for i, x := range lib.sample {
		addTo(w, change[i], x)
	}
	out := make([]float32, dim)
	for d, x := range w {
		out[d] = float32(x)
	}
	return unit(out)
}

func index(right bool) int {
	if right {
		return 1
	}
	return 0
}

// likeliest finds the b for which the changes K·b of the logits are the most probable ones:
// the greatest of sum_i c_i·ln P(mark i) - b'Kb/2, by Newton's method (Rasmussen and Williams,
// Gaussian Processes for Machine Learning, 3.4). It is a concave function, whose slope is 0
// where b_i = c_i·(t_i - p_i); t is 1 for what is right, c what a mark counts as.
func likeliest(k [][]float64, marks []lesson) []float64 {
	n := len(marks)
	f := make([]float64, n)
	value := func(b []float64) float64 {
		var v float64
		for i, m := range marks {
			change := dot(k[i], b)
			f[i] = m.logit + change
			sign, c := -1.0, wrongCounts
			if m.right {
				sign, c = 1, 1
			}
			v -= c*softplus(-sign*f[i]) + b[i]*change/2
		}
		return v
	}
	b := make([]float64, n)
	best := value(b)
	for range 50 {
		slope, curve := make([]float64, n), make([][]float64, n)
		for i, m := range marks {
			p := 1 / (1 + math.Exp(-f[i]))
			t, c := 0.0, wrongCounts
			if m.right {
				t, c = 1, 1
			}
			slope[i] = c*(t-p) - b[i]
			curve[i] = make([]float64, n)
			for j := range n {
				curve[i][j] = c * p * (1 - p) * k[i][j]
			}
			curve[i][i]++
		}
		step := solved(curve, slope)
		next, length := make([]float64, n), 0.0
		now := math.Inf(-1)
		for part := 1.0; part > 1e-6 && now < best; part /= 2 { // a whole step may go too far
			length = 0
			for i := range next {
				next[i] = b[i] + part*step[i]
				length = max(length, math.Abs(part*step[i]))
			}
			now = value(next)
		}
		if now < best || math.IsNaN(now) {
			break
		}
		b, best = next, now
		if length < 1e-9 {
			break
		}
	}
	return b
}

// softplus is ln(1 + exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// solved solves a·x = y by elimination with pivots; a and y are used up.
func solved(a [][]float64, y []float64) []float64 {
	n := len(y)
	for i := range n {
		p := i
		for r := i + 1; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[p][i]) {
				p = r
			}
		}
		a[i], a[p], y[i], y[p] = a[p], a[i], y[p], y[i]
		for r := i + 1; r < n; r++ {
			if f := a[r][i] / a[i][i]; f != 0 {
				addTo(a[r][i:], -f, a[i][i:])
				y[r] -= f * y[i]
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		y[i] = (y[i] - dot(a[i][i+1:], y[i+1:])) / a[i][i]
	}
	return y
}

func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64 // sums that do not wait for each other
	b = b[:len(a)]
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for i, x := range a {
		s0 += x * b[i]
	}
	return s0 + s1 + s2 + s3
}

func addTo(to []float64, by float64, v []float64) {
	to = to[:len(v)]
	for i, x := range v {
		to[i] += by * x
	}
}

func widenVector(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// shapeVectors is how many vectors say how the library's differ from each other.
const shapeVectors = 256

// shape is how the vectors of a library lie: their middle and, as a sample of them, their
// covariance.
type shape struct {
	mean   []float64
	sample [][]float64 // from the mean
	power  float64     // trace of the squared covariance: the mean square of sample's inner products
}

// shapeOf measures a View on some of its vectors; nil where they say nothing, being fewer
// than two. It depends on the vectors alone, not on their order.
func shapeOf(view *vectors.View, floor []float32, among []int32) *shape {
	some := slices.Clone(among)
	hash := func(i int32) uint32 { return math.Float32bits(floor[i]) * 2654435769 } // as in sampleOf
	slices.SortFunc(some, func(a, b int32) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
	var vecs [][]float32
	for _, i := range some[:min(len(some), shapeVectors)] {
		if v := view.Vector(int(i)); v != nil {
			vecs = append(vecs, v)
		}
	}
	if len(vecs) < 2 {
		return nil
	}
	slices.SortFunc(vecs, slices.Compare[[]float32])
	s := &shape{mean: make([]float64, len(vecs[0]))}
	for _, v := range vecs {
		addTo(s.mean, 1/float64(len(vecs)), widenVector(v))
	}
	for _, v := range vecs {
		s.sample = append(s.sample, s.from(v))
	}
	for i, a := range s.sample {
		for _, b := range s.sample[:i] {
			d := dot(a, b)
			s.power += 2 * d * d
		}
		d := dot(a, a)
		s.power += d * d
	}
	if s.power /= float64(len(vecs) * len(vecs)); s.power <= 0 {
		return nil
	}
	return s
}

// from is a vector from the middle of the library.
func (s *shape) from(v []float32) []float64 {
	out := widenVector(v)
	addTo(out, -1, s.mean)
	return out
}

// products are the inner products of a vector with those that stand for the library.
func (s *shape) products(v []float64) []float64 {
	out := make([]float64, len(s.sample))
	for i, x := range s.sample {
		out[i] = dot(x, v)
	}
	return out
}
