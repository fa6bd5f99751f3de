package clipengine_test

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// A model with an output for the parts of a picture gives each part the vector of a picture
// that is all like it, and whole pictures the vectors that it gives without that output.
func TestPatches(t *testing.T) {
	open := func(f onnxtest.Files) *clipengine.Engine {
		t.Helper()
		b, err := bundle.Open(f.Write(t, "tiny"))
		if err != nil {
			t.Fatal(err)
		}
		e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		return e
	}
	with, without := open(onnxtest.Patches()), open(onnxtest.Descry())
	if with.PatchSide() != onnxtest.PatchSide || without.PatchSide() != 0 {
		t.Fatalf("%d and %d parts a side", with.PatchSide(), without.PatchSide())
	}
	colour := func(i int) color.RGBA { return rgb(i*60%256, i*37%256, 255-i*16) }
	img := image.NewRGBA(image.Rect(0, 0, onnxtest.Size, onnxtest.Size))
	const step = onnxtest.Size / onnxtest.PatchSide
	for y := range onnxtest.Size {
		for x := range onnxtest.Size {
			img.SetRGBA(x, y, colour(y/step*onnxtest.PatchSide+x/step))
		}
	}
	near := func(a, b []float32) bool {
		var dot float64
		for i := range a {
			dot += float64(a[i]) * float64(b[i])
		}
		return len(a) == len(b) && math.Abs(dot-1) < 1e-4
	}
	whole, err := with.EncodeImage(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := without.EncodeImage(t.Context(), img); err != nil || !near(whole, same) {
		t.Errorf("the vector of the whole is another one (%v)", err)
	}
	parts, err := with.EncodePatches(t.Context(), with.Tensor(img))
	if err != nil || len(parts) != onnxtest.PatchSide*onnxtest.PatchSide {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	for i, p := range parts {
		plain := image.NewRGBA(img.Rect)
		for y := range onnxtest.Size {
			for x := range onnxtest.Size {
				plain.SetRGBA(x, y, colour(i))
			}
		}
		v, err := without.EncodeImage(t.Context(), plain)
		if err != nil || !near(p, v) {
			t.Errorf("part %d is not where it should be (%v)", i, err)
		}
	}
	if none, err := without.EncodePatches(t.Context(), without.Tensor(img)); none != nil || err != nil {
		t.Errorf("without such an output: %d parts, %v", len(none), err)
	}
	if _, err := with.EncodePatches(t.Context(), make([]float32, 5)); err == nil || !strings.Contains(err.Error(), "5 numbers") {
		t.Errorf("a tensor of the wrong size: %v", err)
	}
	if err := with.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := with.EncodePatches(t.Context(), with.Tensor(img)); err == nil {
		t.Error("a closed model still looks at parts")
	}
}
