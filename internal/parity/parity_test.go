package parity

import (
	"context"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/testdata"
)

var folder = flag.String("case", "", "folder of a case that tools/parity made, instead of the fixtures; its result.json is written")

// The least cosines with the original, before and after the mean of the original's vectors
// is taken off: what all pictures share would hide a difference.
const (
	plainLimit   = 0.9999
	centredLimit = 0.9999
)

// result is what a case showed.
type result struct {
	// Images and Texts are the least cosines: plain, then without the mean.
	Images, Texts [2]float64
	// Faults has for each planted fault the least cosine without the mean.
	Faults map[string]float64
	// WrongIDs counts the texts whose token numbers differ.
	WrongIDs int
	// Int8 compares the 8-bit graph with the same graph in Python, and Distance with the
	// float32 original: cosines of pictures and texts.
	Int8, Distance *[2]float64 `json:",omitempty"`
}

// TestModelsMatchPython runs the fixtures: every family of models in the layout in which
// it is published, small, with random weights.
func TestModelsMatchPython(t *testing.T) {
	if *folder != "" {
		r := check(t, readCase(t, *folder))
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(*folder, "result.json"), data)
		return
	}
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if len(fixtures) < minFixtures {
		t.Fatalf("%d fixtures", len(fixtures))
	}
	for _, path := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".zip"), func(t *testing.T) { check(t, unpack(t, path)) })
	}
}

// minFixtures is how many families there are.
const minFixtures = 18

func open(t *testing.T, dir string) *clipengine.Engine {
	t.Helper()
	b, err := bundle.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t), Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func check(t *testing.T, c kase) result {
	e := open(t, filepath.Join(c.dir, "bundle"))
	pictures, words := c.pictures(t), texts(t)
	if len(pictures) != 24 || len(c.IDs) != len(words) {
		t.Fatalf("%d photos and %d texts", len(pictures), len(c.IDs))
	}
	images, sentences := c.vectors(t, "vectors.f32", len(c.Photos), len(c.IDs))
	r := result{Faults: map[string]float64{}}
	ctx := context.Background()
	encode := func(e *clipengine.Engine, n, m int) (photos, phrases [][]float32) {
		photos = each(t, n, func(i int) ([]float32, error) { return e.EncodeImage(ctx, pictures[i]) })
		phrases = each(t, m, func(i int) ([]float32, error) { return e.EncodeText(ctx, words[i]) })
		return photos, phrases
	}

	wrong := func(i int) bool {
		ids, _ := e.Bundle().Tokens(words[i])
		return fingerprint(ids) != c.IDs[i]
	}
	for i := range words {
		if wrong(i) {
			r.WrongIDs++
			ids, _ := e.Bundle().Tokens(words[i])
			t.Errorf("%.80q has the token numbers %v, not those of the original", words[i], ids[:min(len(ids), 24)])
		}
	}
	photos, phrases := encode(e, len(pictures), len(words))
	r.Images, r.Texts = least(images, photos), least(sentences, phrases)
	for what, got := range map[string][2]float64{"pictures": r.Images, "texts": r.Texts} {
		t.Logf("%s: least cosine %.7f, without the mean %.7f", what, got[0], got[1])
		if !(got[0] >= plainLimit && got[1] >= centredLimit) {
			t.Errorf("the vectors of %s are not those of the original", what)
		}
	}
	c.plant(t, e, &r)
	parts, err := e.EncodePatches(ctx, e.Tensor(pictures[0]))
	if err != nil {
		t.Fatal(err)
	}
	if side := e.PatchSide(); len(parts) != side*side {
		t.Errorf("%d parts of a picture, %d along a side", len(parts), side)
	}

	if dir := filepath.Join(c.dir, "bundle-int8"); exists(dir) {
		small := open(t, dir)
		images8, sentences8 := c.vectors(t, "vectors-int8.f32", c.Photos8, c.Texts8)
		photos, phrases := encode(small, c.Photos8, c.Texts8)
		r.Int8 = &[2]float64{least(images8, photos)[0], least(sentences8, phrases)[0]}
		r.Distance = &[2]float64{least(images[:c.Photos8], photos)[0], least(sentences[:c.Texts8], phrases)[0]}
		t.Logf("int8: least cosine with the same graph in Python %.7f and %.7f, with float32 %.5f and %.5f", r.Int8[0], r.Int8[1], r.Distance[0], r.Distance[1])
		if !(r.Int8[0] >= plainLimit && r.Int8[1] >= plainLimit) {
			t.Error("the vectors of the 8-bit graph are not those that Python makes with it")
		}
	}
	return r
}

// plant makes mistakes on purpose: each must show in some picture or text.
func (c kase) plant(t *testing.T, e *clipengine.Engine, r *result) {
	images, sentences := c.vectors(t, "vectors.f32", len(c.Photos), len(c.IDs))
	pictures, words := c.pictures(t), texts(t)
	ctx := context.Background()
	mean := meanOf(images)
	for _, f := range faults {
		lowest := 1.0
		for _, i := range []int{1, 2} {
			v, err := e.EncodeTensor(ctx, f.tensor(e.Bundle().Preprocess, pictures[i]))
			if err != nil {
				t.Fatal(err)
			}
			lowest = min(lowest, cosine(images[i], v, mean))
		}
		r.Faults[f.name] = lowest
	}
	lowest, mean := 1.0, meanOf(sentences)
	for i := range 4 {
		ids, mask := early(e.Bundle(), words[i])
		v, err := e.EncodeTokens(ctx, ids, mask)
		if err != nil {
			t.Fatal(err)
		}
		lowest = min(lowest, cosine(sentences[i], v, mean))
	}
	r.Faults["end of text one token early"] = lowest
	for name, got := range r.Faults {
		t.Logf("planted fault, %s: %.5f", name, got)
		if got >= centredLimit {
			t.Errorf("the planted fault %q gives a cosine of %.6f without the mean and would not be noticed", name, got)
		}
	}
}

// each collects n vectors, two at a time.
func each(t *testing.T, n int, encode func(int) ([]float32, error)) [][]float32 {
	t.Helper()
	out := make([][]float32, n)
	var g errgroup.Group
	g.SetLimit(2)
	for i := range n {
		g.Go(func() (err error) {
			out[i], err = encode(i)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// least is the least cosine of vectors that belong together, plain and without the mean of
// the first ones.
func least(want, got [][]float32) [2]float64 {
	out, mean := [2]float64{1, 1}, meanOf(want)
	for i := range want {
		out[0] = min(out[0], cosine(want[i], got[i], nil))
		out[1] = min(out[1], cosine(want[i], got[i], mean))
	}
	return out
}

func meanOf(vectors [][]float32) []float64 {
	mean := make([]float64, len(vectors[0]))
	for _, v := range vectors {
		for i, x := range v {
			mean[i] += float64(x) / float64(len(vectors))
		}
	}
	return mean
}

func cosine(a, b []float32, mean []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if mean != nil {
			x, y = x-mean[i], y-mean[i]
		}
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}
