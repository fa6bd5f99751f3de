package ort_test

import (
	"context"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/ort"
	"descry/internal/onnxtest"
)

func TestOrderNamesKnownProvidersAndEndsOnTheCPU(t *testing.T) {
	for _, system := range []string{"linux", "windows", "darwin"} {
		order := ort.Order(system)
		if order[len(order)-1] != ort.CPU {
			t.Errorf("%s: %v", system, order)
		}
		for _, name := range order {
			if !slices.Contains(ort.Providers(), name) {
				t.Errorf("%s: %s is not known", system, name)
			}
		}
		for _, asked := range []string{"tensorrt", "xnnpack"} {
			if slices.Contains(order, asked) {
				t.Errorf("%s: %s is tried unasked", system, asked)
			}
		}
	}
}

func TestFindPrefersTheLibraryWithGPUSupport(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(ort.EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	t.Setenv("LocalAppData", dir)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	plain := write(t, filepath.Join(cache, "descry", "runtime", library()))
	if got, err := ort.Find(""); err != nil || got != plain {
		t.Errorf("found %q, %v", got, err)
	}
	gpu := write(t, filepath.Join(cache, "descry", "runtime", "gpu", library()))
	if got, err := ort.Find(""); err != nil || got != gpu {
		t.Errorf("found %q, %v", got, err)
	}
}

// TestEveryProviderOfTheLibrary opens a model on each provider that the library at hand has: one
// that works gives the vectors of the CPU, one by one and in a batch, and says that it runs the
// model; one that does not, and one that is not there, says so.
func TestEveryProviderOfTheLibrary(t *testing.T) {
	initRuntime(t)
	devices, _, err := ort.Devices()
	if err != nil {
		t.Fatal(err)
	}
	model, want := onnxtest.Vision("image", "embedding", nil), []float32(nil)
	in := picture()
	two := ort.Tensor{Shape: slices.Clone(in.Shape), Float32: append(slices.Clone(in.Float32), in.Float32...)}
	two.Shape[0] = 2
	names := ort.Providers()
	slices.Reverse(names) // the CPU first
	for _, name := range names {
		s, err := ort.OpenBytes(model, ort.Options{Provider: name, Inputs: []string{"image"}, Outputs: []ort.Port{{Name: "embedding"}}})
		if err != nil {
			there := slices.ContainsFunc(devices, func(d ort.Device) bool { return d.Provider == name })
			lacks := strings.Contains(err.Error(), "is not in this ONNX Runtime library") || strings.Contains(err.Error(), "finds no device")
			if lacks == there || name == ort.CPU {
				t.Errorf("%s: %v, and the library has %v", name, err, devices)
			}
			continue
		}
		placed, err := s.Survey(context.Background(), in)
		if err != nil || placed.Share(name) != 1 || placed.Heavy[name] != 1 {
			t.Errorf("%s: %v, %v", name, placed, err)
		}
		if name == ort.CPU {
			out, err := s.Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			want = out[0].Data
		}
		out, err := s.Run(context.Background(), two)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range out[0].Data {
			if d := math.Abs(float64(v - want[i%len(want)])); d > 1e-3 {
				t.Errorf("%s: number %d is off by %g", name, i, d)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSignalsStayOurs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no such signals")
	}
	initRuntime(t)
	got := make(chan os.Signal, 1)
	signal.Notify(got, os.Interrupt)
	defer signal.Stop(got)
	_, _ = ort.OpenBytes(onnxtest.Vision("x", "y", nil), ort.Options{Provider: "cuda", Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}})
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-got
}
