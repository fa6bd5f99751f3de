package clipengine_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/catalogue"
	"descry/internal/cmem"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// wide is a bundle of some hundred megabytes: an image tower of matrices without pattern.
func wide() onnxtest.Files {
	const width, deep = 2048, 6
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(rows, columns int) []float32 {
		w := make([]float32, rows*columns)
		for i := range w {
			w[i] = float32(rng.NormFloat64()) / 32
		}
		return w
	}
	g := onnxtest.Graph{
		Nodes: []onnxtest.Message{
			onnxtest.Node("GlobalAveragePool", []string{"pixel_values"}, []string{"pooled"}),
			onnxtest.Node("Flatten", []string{"pooled"}, []string{"flat"}, onnxtest.IntAttribute("axis", 1)),
			onnxtest.Node("MatMul", []string{"flat", "first"}, []string{"x0"}),
		},
		Weights: []onnxtest.Message{
			onnxtest.Tensor("first", random(3, width), 3, width), onnxtest.Tensor("last", random(width, onnxtest.Dim), width, onnxtest.Dim),
		},
		Inputs:  []onnxtest.Message{onnxtest.Value("pixel_values", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
		Outputs: []onnxtest.Message{onnxtest.Value("image_embeds", onnxtest.Float, -1, onnxtest.Dim)},
	}
	for i := range deep {
		name := "w" + strconv.Itoa(i)
		g.Weights = append(g.Weights, onnxtest.Tensor(name, random(width, width), width, width))
		g.Nodes = append(g.Nodes,
			onnxtest.Node("MatMul", []string{"x" + strconv.Itoa(i), name}, []string{"y" + strconv.Itoa(i)}),
			onnxtest.Node("Tanh", []string{"y" + strconv.Itoa(i)}, []string{"x" + strconv.Itoa(i+1)}))
	}
	g.Nodes = append(g.Nodes, onnxtest.Node("MatMul", []string{"x" + strconv.Itoa(deep), "last"}, []string{"image_embeds"}))
	f := onnxtest.Descry()
	f["vision.onnx"] = g.Model()
	return f
}

// TestNeed compares what a model is said to need with what a process takes that loads it and
// runs it.
func TestNeed(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the system does not say what a process takes:", err)
	}
	if raceDetector {
		t.Skip("skipped: the race detector takes memory of its own; the unit step runs this test without it")
	}
	testdata.Runtime(t) // or skip
	const mb = 1 << 20
	for name, dir := range map[string]string{"the starter model": "", "a large one": wide().Write(t, "wide")} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestNeedChild$", "-test.v")
			cmd.Env = append(os.Environ(), needChild+"="+dir+";")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var image, held, peak int64
			_, said, _ := strings.Cut(string(out), "takes ")
			if _, err := fmt.Sscan(said, &image, &held, &peak); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			need, err := clipengine.NeedOf(needBundle(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			texts, err := clipengine.NeedOfTexts(needBundle(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("held %d MB, said %d; at most %d MB, said %d",
				held/mb, need.Total(1)/mb, peak/mb, (need.Weights+need.Loading)/mb)
			for what, m := range map[string][2]int64{
				"it": {held, need.Total(1)}, "the image tower": {image, need.Total(1) - texts.Weights}, "the text tower": {held - image, texts.Weights},
			} {
				t.Logf("%s takes %d MB, said %d", what, m[0]/mb, m[1]/mb)
				if low, high := m[1]*2/3-8*mb, m[1]*4/3+8*mb; m[0] < low || m[0] > high {
					t.Errorf("%s takes %d MB, and is said to need %d", what, m[0]/mb, m[1]/mb)
				}
			}
			if most := (need.Weights+need.Loading)*5/4 + 8*mb; peak > most {
				t.Errorf("loading it takes %d MB, and is said to need %d", peak/mb, (need.Weights+need.Loading)/mb)
			}
		})
	}
}

// needChild names the folder of the model that TestNeedChild loads, with a semicolon behind.
const needChild = "DESCRY_TEST_NEED"

func needBundle(t *testing.T, dir string) *bundle.Bundle {
	t.Helper()
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if dir != "" {
		b, err = bundle.Open(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNeedChild says what loading and running a model added to the memory of its process.
func TestNeedChild(t *testing.T) {
	asked, ok := strings.CutSuffix(os.Getenv(needChild), ";")
	if !ok {
		t.Skip("it is a part of TestNeed")
	}
	tidy := func() {
		debug.FreeOSMemory()
		cmem.Trim()
	}
	open := func(b *bundle.Bundle) *clipengine.Engine {
		e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t), Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		tensor := make([]float32, 3*e.InputSize()*e.InputSize())
		for i := range tensor {
			tensor[i] = float32(i%7) / 7
		}
		if _, err := e.EncodeTensor(t.Context(), tensor); err != nil {
			t.Fatal(err)
		}
		tidy()
		return e
	}
	text := func(e *clipengine.Engine) {
		if _, err := e.EncodeText(t.Context(), "a dog on a beach"); err != nil {
			t.Fatal(err)
		}
		tidy()
	}
	// What the runtime itself takes does not count.
	small, err := bundle.Open(onnxtest.Descry().Write(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	runtime := open(small)
	defer runtime.Close()
	text(runtime)
	b := needBundle(t, asked)
	if _, err := b.Digest(); err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins here
	before := processMemory(t, "VmRSS:")
	e := open(b)
	defer e.Close()
	image := processMemory(t, "VmRSS:") - before
	text(e)
	fmt.Printf("takes %d %d %d\n", image, processMemory(t, "VmRSS:")-before, processMemory(t, "VmHWM:")-before)
}

// processMemory is a figure of /proc/self/status in bytes.
func processMemory(t *testing.T, name string) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == name {
			kB, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10
		}
	}
	t.Fatal("no " + name)
	return 0
}

// TestNeedIsAsTheCatalogueSays: a model does not seem to grow or shrink when it is installed.
func TestNeedIsAsTheCatalogueSays(t *testing.T) {
	b, err := bundle.Open(wide().Write(t, "wide"))
	if err != nil {
		t.Fatal(err)
	}
	image, _, err := b.Vision.Size()
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := b.Text.Size()
	if err != nil {
		t.Fatal(err)
	}
	m := catalogue.Model{ImageParams: float64(image) / 4e6, TextParams: float64(text) / 4e6, InputSize: b.Preprocess.Size}
	need, err := clipengine.NeedOf(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.MemoryMiB(catalogue.FP32), int(need.Total(1)>>20); got < want-1 || got > want+1 || want < 100 {
		t.Errorf("the catalogue says %d MiB, the model at hand %d", got, want)
	}
}
