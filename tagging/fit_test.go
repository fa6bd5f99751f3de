package tagging_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"sort"
	"testing"

	"descry/tagging"
)

var refit = flag.Bool("fit", false, "fit the calibration anew and write calibration.json")

// How the calibration is fitted.
const (
	sharpness = 0.5 // exp(0.5·z): leads look at many rivals, chosen on the fitting half
	padding   = 60  // background phrases count as 60 rivals: small sets are no easier
	tightness = 0.3 // standard deviation of the prior on the offsets of single labels
	maxOffset = 1.0 // what the fitting photos show often must not win elsewhere by that
	minOffset = -1.5
)

// TestFit fits calibration.json on the fitting half of captions-dev when asked to by
// -fit, and otherwise checks that the file is what the fit gives.
func TestFit(t *testing.T) {
	e := starter(t)
	start := tagging.Calibration{Sharpness: sharpness, Padding: padding}
	tagger := builtinTagger(t, e, tagging.WithCalibration(start))
	data := readCaptioned(t, e, "fit")
	var pairs []pair
	var keys []string
	for photo, n := range data.names {
		ks, feats := tagger.Measure(data.vecs[n])
		keys = ks
		for i, k := range ks {
			if v := data.truth[n][k]; v != unsure {
				f := feats[i]
				pairs = append(pairs, pair{photo: photo, x: [5]float64{1, f[0], f[1], f[2], f[3]}, label: i, y: v == present})
			}
		}
	}
	w, offsets := fitLogistic(pairs, len(keys))
	bend := fitBend(pairs, len(keys))
	for i := range w {
		w[i] *= bend[1]
	}
	w[0] += bend[0]
	got := tagging.Calibration{
		Space: e.Space(), Texts: e.Texts(), Model: e.Model(), Fitted: true, Photos: len(data.names), Pairs: len(pairs),
		Intercept: round(w[0], 3), Z: round(w[1], 3), SetMargin: round(w[2], 3), AllMargin: round(w[3], 3), Vague: round(w[4], 3),
		Sharpness: sharpness, Padding: padding, Offsets: map[string]float64{},
	}
	for i, k := range keys {
		if o := round(bend[1]*bounded(offsets[i]), 2); math.Abs(o) >= 0.05 {
			got.Offsets[k] = o
		}
	}
	t.Logf("bend %.3f %.3f", bend[0], bend[1])
	if *refit {
		out, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("calibration.json", append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := tagging.BuiltinCalibration()
	if err != nil {
		t.Fatal(err)
	}
	// Decoders differ in the last bit between builds, so the numbers may differ a little.
	near := func(what string, a, b, tolerance float64) {
		if math.Abs(a-b) > tolerance {
			t.Errorf("%s is %g in calibration.json and %g when fitted: run go test ./tagging -run TestFit -fit", what, a, b)
		}
	}
	if have.Space != got.Space {
		t.Errorf("calibration.json is of the space %s, the starter model's is %s", have.Space, got.Space)
	}
	near("intercept", have.Intercept, got.Intercept, 0.1)
	near("z", have.Z, got.Z, 0.1)
	near("set", have.SetMargin, got.SetMargin, 0.1)
	near("all", have.AllMargin, got.AllMargin, 0.1)
	near("vague", have.Vague, got.Vague, 0.05)
	for _, k := range keys {
		near(k, have.Offsets[k], got.Offsets[k], 0.1)
	}
}

func round(x float64, digits int) float64 {
	p := math.Pow(10, float64(digits))
	return math.Round(x*p) / p
}

func bounded(offset float64) float64 { return min(max(offset, minOffset), maxOffset) }

// fitBend finds intercept and slope that make the bounded logits of pairs that were not
// fitted on calibrated, by five folds of photos. Only pairs near being suggested count:
// the bounds keep frequent labels low, and that must not push up all others.
func fitBend(pairs []pair, labels int) [2]float64 {
	const folds = 5
	var logits []float64
	var ys []bool
	for fold := range folds {
		var in, out []pair
		for _, p := range pairs {
			if p.photo%folds == fold {
				out = append(out, p)
			} else {
				in = append(in, p)
			}
		}
		w, offsets := fitLogistic(in, labels)
		for _, p := range out {
			s := bounded(offsets[p.label])
			for i := range w {
				s += w[i] * p.x[i]
			}
			if s > math.Log(0.25/0.75) {
				logits, ys = append(logits, s), append(ys, p.y)
			}
		}
	}
	bend := [2]float64{0, 1}
	for range 50 {
		var g [2]float64
		var h [3]float64
		for i, l := range logits {
			q := 1 / (1 + math.Exp(-bend[0]-bend[1]*l))
			r, v := q, q*(1-q)
			if ys[i] {
				r -= 1
			}
			g[0], g[1] = g[0]+r, g[1]+r*l
			h[0], h[1], h[2] = h[0]+v, h[1]+v*l, h[2]+v*l*l
		}
		det := h[0]*h[2] - h[1]*h[1]
		bend[0] -= (h[2]*g[0] - h[1]*g[1]) / det
		bend[1] -= (h[0]*g[1] - h[1]*g[0]) / det
	}
	return bend
}

type pair struct {
	photo int
	x     [5]float64
	label int
	y     bool
}

// fitLogistic finds the weights and one offset per label that make the pairs most likely,
// with a normal prior of standard deviation tightness on the offsets, by Newton's method;
// the offsets are eliminated from each step, since they meet only in the weights.
func fitLogistic(pairs []pair, labels int) (w [5]float64, offsets []float64) {
	offsets = make([]float64, labels)
	for range 60 {
		var g [5]float64
		var h [5][5]float64
		go1 := make([]float64, labels)
		d := make([]float64, labels)
		b := make([][5]float64, labels)
		for j := range d {
			go1[j] = offsets[j] / (tightness * tightness)
			d[j] = 1 / (tightness * tightness)
		}
		for _, p := range pairs {
			s := offsets[p.label]
			for i := range w {
				s += w[i] * p.x[i]
			}
			q := 1 / (1 + math.Exp(-s))
			r := q
			if p.y {
				r -= 1
			}
			v := q * (1 - q)
			for i := range w {
				g[i] += r * p.x[i]
				b[p.label][i] += v * p.x[i]
				for k := range w {
					h[i][k] += v * p.x[i] * p.x[k]
				}
			}
			go1[p.label] += r
			d[p.label] += v
		}
		for j := range d {
			for i := range w {
				g[i] -= b[j][i] * go1[j] / d[j]
				for k := range w {
					h[i][k] -= b[j][i] * b[j][k] / d[j]
				}
			}
		}
		for i := range w {
			h[i][i] += 1e-6
		}
		step := solve(h, g)
		size := 0.0
		for j := range offsets {
			s := go1[j]
			for i := range w {
				s -= b[j][i] * step[i]
			}
			offsets[j] -= s / d[j]
		}
		for i := range w {
			w[i] -= step[i]
			size += math.Abs(step[i])
		}
		if size < 1e-9 {
			break
		}
	}
	return w, offsets
}

// solve solves h·x = g by elimination with pivoting.
func solve(h [5][5]float64, g [5]float64) (x [5]float64) {
	n := len(g)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for c := range n {
		rest := order[c:]
		sort.SliceStable(rest, func(i, j int) bool { return math.Abs(h[rest[i]][c]) > math.Abs(h[rest[j]][c]) })
		p := order[c]
		for _, r := range order[c+1:] {
			f := h[r][c] / h[p][c]
			for k := c; k < n; k++ {
				h[r][k] -= f * h[p][k]
			}
			g[r] -= f * g[p]
		}
	}
	for c := n - 1; c >= 0; c-- {
		s := g[order[c]]
		for k := c + 1; k < n; k++ {
			s -= h[order[c]][k] * x[k]
		}
		x[c] = s / h[order[c]][c]
	}
	return x
}
