package calib

import (
	"errors"
	"math"
)

// Example is one query on one photo of which it is known whether they match.
type Example struct {
	Query      Query
	Score      float64
	Background float64
	Match      bool
	Weight     float64 // how many examples it counts as; 0 counts as 1
}

// Train fits Slope, Words and Offset by maximum likelihood (Newton's method on the
// logistic loss), keeping the other fields of base. With useWords false, Words stays as in
// base too. It fails without examples of both kinds, and where they are told apart without
// error, since then no best slope exists.
func Train(base Fit, examples []Example, useWords bool) (Fit, error) {
	const dims = 3
	row := func(e Example) (x [dims]float64, fixed float64) {
		fixed = base.Library * base.say(e.Query)
		x = [dims]float64{(e.Score - e.Background) / base.Spread, lnWords(e.Query.Words), 1}
		if !useWords {
			fixed += base.Words * x[1]
			x[1] = 0
		}
		return x, fixed
	}
	matches := 0
	for _, e := range examples {
		if e.Match {
			matches++
		}
	}
	if base.Spread <= 0 {
		return Fit{}, errors.New("fit a calibration: the spread of background scores is not known")
	}
	if matches == 0 || matches == len(examples) {
		return Fit{}, errors.New("fit a calibration: it takes photos that match and photos that do not")
	}
	var b [dims]float64
	for range 100 {
		var g [dims]float64
		var h [dims][dims]float64
		for i := range dims {
			h[i][i] = 1e-6 // keeps the matrix regular where a column is 0
		}
		for _, e := range examples {
			x, fixed := row(e)
			w := e.Weight
			if w == 0 {
				w = 1
			}
			z := fixed
			for i := range dims {
				z += b[i] * x[i]
			}
			p := sigmoid(z)
			d := p
			if e.Match {
				d = p - 1
			}
			for i := range dims {
				g[i] += w * d * x[i]
				for k := range dims {
					h[i][k] += w * p * (1 - p) * x[i] * x[k]
				}
			}
		}
		step := solve(h, g)
		largest := 0.0
		for i := range dims {
			b[i] -= step[i]
			largest = max(largest, math.Abs(step[i]))
		}
		if math.IsNaN(largest) || math.Abs(b[0]) > 1e3 {
			break
		}
		if largest < 1e-9 {
			f := base
			f.Slope, f.Offset, f.Fitted, f.N = b[0], b[2], true, len(examples)
			if useWords {
				f.Words = b[1]
			}
			return f, nil
		}
	}
	return Fit{}, errors.New("fit a calibration: the examples have no best fit")
}

// solve solves a·x = y by elimination with pivots.
func solve(a [3][3]float64, y [3]float64) [3]float64 {
	const n = 3
	for i := range n {
		p := i
		for r := i + 1; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[p][i]) {
				p = r
			}
		}
		a[i], a[p], y[i], y[p] = a[p], a[i], y[p], y[i]
		for r := i + 1; r < n; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < n; c++ {
				a[r][c] -= f * a[i][c]
			}
			y[r] -= f * y[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for c := i + 1; c < n; c++ {
			y[i] -= a[i][c] * y[c]
		}
		y[i] /= a[i][i]
	}
	return y
}

// Bin is one bar of a calibration curve: the examples whose probability lay in a tenth.
type Bin struct {
	N         int
	Predicted float64 // mean probability
	Observed  float64 // share that match
}

// Curve sorts examples into ten bins by probability.
func Curve(p []float64, match []bool) [10]Bin {
	var bins [10]Bin
	for i, v := range p {
		b := &bins[min(int(v*10), 9)]
		b.N++
		b.Predicted += v
		if match[i] {
			b.Observed++
		}
	}
	for i := range bins {
		if b := &bins[i]; b.N > 0 {
			b.Predicted /= float64(b.N)
			b.Observed /= float64(b.N)
		}
	}
	return bins
}

// ECE is the expected calibration error of bins: how far probability and share lie apart,
// as a mean over the examples in them. 0 without examples.
func ECE(bins []Bin) float64 {
	var sum float64
	n := 0
	for _, b := range bins {
		sum += float64(b.N) * math.Abs(b.Predicted-b.Observed)
		n += b.N
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
