package calib_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"descry/library/calib"
)

func TestTrainFindsTheCurveThatMadeTheData(t *testing.T) {
	truth := calib.Fit{Slope: 1.3, Words: -1.2, Offset: -3, Spread: 0.08}
	rng := rand.New(rand.NewPCG(1, 2))
	var examples []calib.Example
	for range 60_000 {
		e := calib.Example{Query: calib.Query{Words: 1 + rng.IntN(12)}, Background: rng.NormFloat64() * 0.05}
		e.Score = e.Background + rng.Float64()*0.6
		e.Match = rng.Float64() < truth.P(e.Query, e.Score, e.Background)
		examples = append(examples, e)
	}
	got, err := calib.Train(calib.Fit{Spread: 0.08}, examples, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"slope", got.Slope, truth.Slope}, {"words", got.Words, truth.Words}, {"offset", got.Offset, truth.Offset}} {
		if math.Abs(c.got-c.want) > 0.1 {
			t.Errorf("%s: got %.3f, want %.3f", c.name, c.got, c.want)
		}
	}
	var p []float64
	var match []bool
	for _, e := range examples {
		p = append(p, got.P(e.Query, e.Score, e.Background))
		match = append(match, e.Match)
	}
	bins := calib.Curve(p, match)
	if ece := calib.ECE(bins[:]); ece > 0.01 {
		t.Errorf("expected calibration error %.4f on its own data", ece)
	}
}

func TestTrainRefusesWhatHasNoFit(t *testing.T) {
	base := calib.Fit{Spread: 0.1}
	yes := calib.Example{Score: 0.5, Match: true, Query: calib.Query{Words: 1}}
	no := calib.Example{Score: 0.1, Query: calib.Query{Words: 1}}
	for name, examples := range map[string][]calib.Example{
		"none":            nil,
		"only matches":    {yes, yes},
		"only others":     {no, no},
		"no error at all": {yes, no},
	} {
		if _, err := calib.Train(base, examples, false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := calib.Train(calib.Fit{}, []calib.Example{yes, no}, false); err == nil {
		t.Error("no spread: no error")
	}
}

func TestTheLibraryHasABoundedSayOnceItIsLarge(t *testing.T) {
	f, _ := calib.Builtin(starter(t), starterTexts, calib.Text)
	at := func(photos int, deviate float64) float64 {
		return f.At(calib.Query{Words: 1, Photos: photos, Deviate: deviate})
	}
	if at(calib.SmallLibrary, 9) != at(1, 0) {
		t.Error("a small library must leave it to the background phrases")
	}
	if d := at(1000, 9) - at(1000, 0); math.Abs(d-2*f.Library) > 1e-9 {
		t.Errorf("the library moves the logit by %.2f, want %.2f at most", d, 2*f.Library)
	}
}

func TestParamsRoundTrip(t *testing.T) {
	want, _ := calib.Builtin(starter(t), starterTexts, calib.Text)
	data, err := want.Params()
	if err != nil {
		t.Fatal(err)
	}
	got, err := calib.FromParams(data)
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"slope":1,"spread":0}`, `{"slope":-1,"spread":1}`} {
		if _, err := calib.FromParams([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestASpaceWithoutAFitSaysSo(t *testing.T) {
	if _, ok := calib.Builtin("some other space", starterTexts, calib.Text); ok {
		t.Error("there is a fit for a space that was never seen")
	}
	if _, ok := calib.Builtin(starter(t), "another text tower", calib.Text); ok {
		t.Error("there is a fit for a text tower that was never seen")
	}
	if _, ok := calib.Builtin(starter(t), "another text tower", calib.Image); !ok {
		t.Error("how photos compare with each other was made to depend on a text tower")
	}
	for _, kind := range []string{calib.Text, calib.Image} {
		if g := calib.Guide(kind, 0.05); g.Fitted || g.Spread != 0.05 || g.Slope <= 0 {
			t.Errorf("%s: %+v", kind, g)
		}
	}
}

func TestSpreadAndMean(t *testing.T) {
	phrases := [][]float32{{1, 0}, {0, 1}}
	if got := calib.Spread([][]float32{{1, 0}}, phrases); math.Abs(got-0.5) > 1e-9 {
		t.Errorf("spread %v, want 0.5", got)
	}
	if got := calib.Spread(nil, phrases); got != 0 {
		t.Errorf("spread without photos %v", got)
	}
	if m := calib.Mean(phrases); m[0] != 0.5 || m[1] != 0.5 {
		t.Errorf("mean %v", m)
	}
	if calib.Mean(nil) != nil {
		t.Error("mean of nothing")
	}
}

// starterTexts is the digest of the starter model's text tower.
const starterTexts = "463e4c1cb82ce1e938e6a86a98c709b36e7af7a083c927f59f4847afcc9c072e"

func starter(t *testing.T) string {
	t.Helper()
	return "0944c938cfe18f4b092062e7096c765747b4728605f2437444eac0476f0fa08a"
}
