// Package accuracy says how often something was right: shares with their intervals, places in
// a ranking, average precision, and which classes are taken for which. It holds arithmetic
// alone and knows nothing of models or pictures.
package accuracy

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Share is a part of so many trials, with an interval that most likely holds the true part.
// All three shares are from 0 to 1.
type Share struct {
	Value     float64
	Low, High float64 // of the 95 % interval
	N         int     // trials
}

// z is the 97.5th percentile of the normal distribution: 95 % lie between -z and z.
const z = 1.959963984540054

// Of is the share of n trials that succeeded, with the interval of Wilson (Probable inference,
// the law of succession, and statistical inference, 1927), which holds for few trials and for
// shares near 0 and 1, too. Of no trials it is 0, somewhere between 0 and 1.
func Of(succeeded, n int) Share {
	if n <= 0 {
		return Share{High: 1}
	}
	p, m := float64(succeeded)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	// The ends are exact at 0 and 1, where rounding would put them a hair inside.
	s := Share{Value: p, Low: max(0, middle-half), High: min(1, middle+half), N: n}
	if succeeded == 0 {
		s.Low = 0
	}
	if succeeded == n {
		s.High = 1
	}
	return s
}

// Mean is the mean of values from 0 to 1 with an interval of 1.96 standard errors, cut off at 0
// and 1. Of one value nothing is known of the spread: the interval is 0 to 1.
func Mean(values []float64) Share {
	n := float64(len(values))
	if n == 0 {
		return Share{High: 1}
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / n
	if n == 1 {
		return Share{Value: mean, High: 1, N: 1}
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	half := z * math.Sqrt(squares/(n-1)/n)
	return Share{Value: mean, Low: max(0, mean-half), High: min(1, mean+half), N: len(values)}
}

// Within is the share of places, counted from 1, that are among the first k.
func Within(places []int, k int) Share {
	in := 0
	for _, p := range places {
		if p <= k {
			in++
		}
	}
	return Of(in, len(places))
}

// Median is the median of places: the mean of the middle two where their number is even. Of
// none it is 0.
func Median(places []int) float64 {
	if len(places) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(places))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[half])
	}
	return float64(sorted[half-1]+sorted[half]) / 2
}

// Place is the place of one of several scores, from 1, when the highest comes first. Of equal
// ones the earlier comes first.
func Place(scores []float64, of int) int {
	place := 1
	for i, s := range scores {
		if s > scores[of] || s == scores[of] && i < of {
			place++
		}
	}
	return place
}

// AveragePrecision is the area below the curve of precision over recall: the sum of the
// precision at each threshold times how much recall grows there, without interpolation, as
// scikit-learn has it. Equal scores are one threshold, so their order makes no difference.
// False: nothing is right, so there is no such number.
func AveragePrecision(scores []float64, right []bool) (float64, bool) {
	order := make([]int, len(scores))
	all := 0
	for i := range order {
		order[i] = i
		if right[i] {
			all++
		}
	}
	if all == 0 {
		return 0, false
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	var area float64
	found, before := 0, 0
	for i, k := range order {
		if right[k] {
			found++
		}
		if i+1 < len(order) && scores[order[i+1]] == scores[k] {
			continue
		}
		area += float64(found) / float64(i+1) * float64(found-before) / float64(all)
		before = found
	}
	return area, true
}

// Confusion counts which class things of a class were taken for.
type Confusion struct {
	counts map[[2]int]int // {true class, chosen class}
	right  map[int]int
	n      map[int]int
}

// Add counts one thing.
func (c *Confusion) Add(truth, chosen int) {
	if c.counts == nil {
		c.counts, c.right, c.n = map[[2]int]int{}, map[int]int{}, map[int]int{}
	}
	c.counts[[2]int{truth, chosen}]++
	c.n[truth]++
	if truth == chosen {
		c.right[truth]++
	}
}

// Count is how many things of a class were taken for one.
func (c *Confusion) Count(truth, chosen int) int { return c.counts[[2]int{truth, chosen}] }

// Class is the share of the things of a class that were taken for what they are.
func (c *Confusion) Class(truth int) Share { return Of(c.right[truth], c.n[truth]) }

// PerClass is the mean over the classes of Class: a class with few things counts as much as
// one with many. Classes without any do not count.
func (c *Confusion) PerClass() Share {
	var shares []float64
	for _, truth := range slices.Sorted(maps.Keys(c.n)) {
		shares = append(shares, c.Class(truth).Value)
	}
	return Mean(shares)
}

// Mistake is that so many things of one class were taken for another.
type Mistake struct{ Truth, Chosen, N int }

// Worst are the most frequent mistakes, at most limit; of equally frequent ones those of the
// first classes.
func (c *Confusion) Worst(limit int) []Mistake {
	var all []Mistake
	for pair, n := range c.counts {
		if pair[0] != pair[1] {
			all = append(all, Mistake{pair[0], pair[1], n})
		}
	}
	slices.SortFunc(all, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Truth, b.Truth), cmp.Compare(a.Chosen, b.Chosen))
	})
	return all[:min(len(all), max(limit, 0))]
}
