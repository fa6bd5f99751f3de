package clipengine_test

import (
	"context"
	"errors"
	"image"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// openFiles loads a tiny bundle from a folder.
func openFiles(t *testing.T, f onnxtest.Files) (*clipengine.Engine, error) {
	t.Helper()
	library := testdata.Runtime(t)
	b, err := bundle.Open(f.Write(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: library, Threads: 2})
	if err == nil {
		t.Cleanup(func() { _ = e.Close() })
	}
	return e, err
}

func TestEveryLayoutRuns(t *testing.T) {
	half := onnxtest.TransformersJS()
	half["onnx/vision_model_fp16.onnx"] = onnxtest.VisionHalf("pixel_values", "image_embeds")
	delete(half, "onnx/vision_model.onnx")
	big := onnxtest.Immich()
	big["visual/model.onnx"] = onnxtest.Vision("image", "embedding", onnxtest.External("w", "weights.bin", "16", "96", 3, onnxtest.Dim))
	big["visual/weights.bin"] = append(make([]byte, 16), onnxtest.Floats(onnxtest.VisionWeights(1))...)
	many := onnxtest.TransformersJS()
	many["onnx/text_model.onnx"] = onnxtest.Text(onnxtest.Int64, -1, "text_embeds", "input_ids", "attention_mask", "token_type_ids", "position_ids")
	for name, files := range map[string]onnxtest.Files{
		"descry": onnxtest.Descry(), "immich": onnxtest.Immich(), "transformers.js": onnxtest.TransformersJS(),
		"half precision": half, "external data": big, "all text inputs": many,
	} {
		t.Run(name, func(t *testing.T) {
			e, err := openFiles(t, files)
			if err != nil {
				t.Fatal(err)
			}
			if e.Dim() != onnxtest.Dim || e.Model() != "tiny" {
				t.Errorf("dim %d, model %s", e.Dim(), e.Model())
			}
			if err := e.SelfTest(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestExternalWeightsAreTheSame compares a model with its weights inside with the same
// whose weights lie beside it.
func TestExternalWeightsAreTheSame(t *testing.T) {
	inside := must(openFiles(t, onnxtest.Immich()))
	f := onnxtest.Immich()
	f["visual/model.onnx"] = onnxtest.Vision("image", "embedding", onnxtest.External("w", "w.bin", "", "", 3, onnxtest.Dim))
	f["visual/w.bin"] = onnxtest.Floats(onnxtest.VisionWeights(1))
	beside := must(openFiles(t, f))
	img := draws(t, "stripes_13")
	a, b := must(inside.EncodeImage(context.Background(), img)), must(beside.EncodeImage(context.Background(), img))
	if !slices.Equal(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}

func TestModelsThatFailTheSelfTest(t *testing.T) {
	zero := make([]float32, 3*onnxtest.Dim)
	same := slices.Repeat([]float32{1}, 3*onnxtest.Dim)
	nan := slices.Repeat([]float32{float32(math.NaN())}, 3*onnxtest.Dim)
	for name, c := range map[string]struct {
		weights []float32
		want    string
	}{
		"all zero":    {zero, "no direction"},
		"no numbers":  {nan, "no direction"},
		"always same": {same, "the same vector"},
	} {
		f := onnxtest.Descry()
		// Equal weights know one direction only: that of the mean brightness.
		f["vision.onnx"] = onnxtest.Vision("pixel_values", "image_embeds", onnxtest.Tensor("w", c.weights, 3, onnxtest.Dim))
		e, err := openFiles(t, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SelfTest(context.Background()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestModelsThatCannotBeLoaded(t *testing.T) {
	g := onnxtest.Graph{
		Nodes:   []onnxtest.Message{onnxtest.Node("NoSuchOperation", []string{"pixel_values"}, []string{"image_embeds"})},
		Inputs:  []onnxtest.Message{onnxtest.Value("pixel_values", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
		Outputs: []onnxtest.Message{onnxtest.Value("image_embeds", onnxtest.Float, -1, onnxtest.Dim)},
	}
	f := onnxtest.Descry()
	f["vision.onnx"] = g.Model()
	e := must(openFiles(t, f))
	_, failed := e.EncodeTensor(t.Context(), make([]float32, 3*onnxtest.Size*onnxtest.Size))
	for name, err := range map[string]error{"a picture": failed, "Ready": e.Ready(t.Context()), "the self-test": e.SelfTest(t.Context())} {
		if !errors.Is(err, clipengine.ErrNotRunning) || !strings.Contains(err.Error(), "load the image tower of the model tiny: ONNX Runtime cannot load") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.EncodeText(t.Context(), "a dog"); err != nil {
		t.Errorf("the other tower is sound, and says %v", err)
	}
	if e.Held() != must(clipengine.NeedOfTexts(e.Bundle())).Weights {
		t.Errorf("%d bytes are held", e.Held())
	}
	b, err := bundle.Open(onnxtest.Descry().Write(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	testdata.Runtime(t)
	if _, err := clipengine.Open(b, clipengine.Options{Library: filepath.Join(t.TempDir(), "missing.so")}); err == nil {
		t.Error("a missing runtime was loaded")
	}
}

func TestOneVectorWhoeverAsks(t *testing.T) {
	e := openStarter(t)
	ctx := context.Background()
	names := []string{"gradient_x", "checker_20", "disc", "modular"}
	texts := []string{"a dog", "a city at night", strings.Repeat("a very long text ", 200), ""}
	want := map[string][]float32{}
	images := map[string]*image.RGBA{}
	for _, n := range names {
		images[n] = draws(t, n)
		want[n] = must(e.EncodeImage(ctx, images[n]))
	}
	for _, s := range texts {
		want["text "+s] = must(e.EncodeText(ctx, s))
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 6 {
				n, s := names[(i+j)%len(names)], texts[(i*j)%len(texts)]
				if v, err := e.EncodeImage(ctx, images[n]); err != nil || !slices.Equal(v, want[n]) {
					t.Errorf("%s has another vector beside other calls, %v", n, err)
				}
				if v, err := e.EncodeText(ctx, s); err != nil || !slices.Equal(v, want["text "+s]) {
					t.Errorf("%q has another vector beside other calls, %v", cutText(s), err)
				}
			}
		})
	}
	wg.Wait()
}

func cutText(s string) string { return s[:min(len(s), 40)] }

func TestCancelledCallsReturn(t *testing.T) {
	e := openStarter(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	img := draws(t, "disc")
	if _, err := e.EncodeImage(ctx, img); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := e.EncodeTensor(ctx, e.Tensor(img)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := e.EncodeText(ctx, "a dog"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := e.SelfTest(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// Cancelling at any moment of a call gives its vector or the context's error, and
	// leaves the engine able to work.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				ctx, cancel := context.WithCancel(context.Background())
				done := make(chan error)
				go func() {
					_, err := e.EncodeImage(ctx, img)
					done <- err
				}()
				cancel()
				if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := e.EncodeImage(context.Background(), img); err != nil {
		t.Error(err)
	}
}

func TestClosedEngineRefuses(t *testing.T) {
	e, err := openFiles(t, onnxtest.Descry())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.EncodeText(context.Background(), "a dog"); !errors.Is(err, ort.ErrClosed) {
		t.Error(err)
	}
	if _, err := e.EncodeTensor(context.Background(), make([]float32, 3)); err == nil {
		t.Error("a tensor of the wrong size was taken")
	}
}

func BenchmarkEngine(b *testing.B) {
	e := openStarter(b)
	ctx := context.Background()
	img := image.NewRGBA(image.Rect(0, 0, 780, 520))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 3)
	}
	tensor := e.Tensor(img)
	b.Run("Tensor 780x520", func(b *testing.B) {
		for b.Loop() {
			e.Tensor(img)
		}
	})
	b.Run("EncodeTensor", func(b *testing.B) {
		for b.Loop() {
			must(e.EncodeTensor(ctx, tensor))
		}
	})
	b.Run("EncodeTensor parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				must(e.EncodeTensor(ctx, tensor))
			}
		})
	})
	b.Run("EncodeText", func(b *testing.B) {
		for b.Loop() {
			must(e.EncodeText(ctx, "two children playing in the snow"))
		}
	})
}
