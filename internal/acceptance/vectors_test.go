package acceptance

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/testdata"
	"descry/library/decode"
)

// TestSampleVectorsMatchPython takes the sample photos the program's whole way from file
// to vector and compares with Pillow and the Python runtime (tools/starter/vectors.py).
// The cosine is taken a second time after the mean of all vectors is taken off, because
// what all photos share would hide a difference.
func TestSampleVectorsMatchPython(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "sample-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float32
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 20 {
		t.Fatalf("only %d reference vectors", len(want))
	}
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	mean := make([]float64, e.Dim())
	for _, v := range want {
		for i, x := range v {
			mean[i] += float64(x) / float64(len(want))
		}
	}
	ctx := context.Background()
	least, centred := 1.0, 1.0
	for name, ref := range want {
		file, err := os.ReadFile(filepath.Join(testdata.Samples(t), name))
		if err != nil {
			t.Fatalf("make the reference anew with tools/starter/vectors.py: %v", err)
		}
		img, _, err := decode.Decode(ctx, file, decode.Options{MinSide: e.MinSide()})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.EncodeImage(ctx, img)
		if err != nil {
			t.Fatal(err)
		}
		plain, off := cosine(ref, got, nil), cosine(ref, got, mean)
		least, centred = min(least, plain), min(centred, off)
		if plain < 0.998 || off < 0.998 {
			t.Errorf("%s: cosine %.5f, after the mean is taken off %.5f, want 0.998", name, plain, off)
		}
	}
	t.Logf("%d photos: lowest cosine %.5f, after the mean is taken off %.5f", len(want), least, centred)
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
