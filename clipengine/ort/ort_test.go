package ort_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/clipengine/ort"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

func library() string {
	switch runtime.GOOS {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

func write(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindLooksInOrder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(ort.EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("HOME", dir)
	t.Setenv("LocalAppData", filepath.Join(dir, "cache"))
	if p, err := ort.Find(""); !errors.Is(err, ort.ErrNoRuntime) {
		t.Fatalf("found %q where there is nothing, %v", p, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	expect := func(setting, want string) {
		t.Helper()
		if got, err := ort.Find(setting); err != nil || got != want {
			t.Errorf("found %q, %v, want %s", got, err, want)
		}
	}
	inCache := write(t, filepath.Join(cache, "descry", "runtime", library()))
	expect("", inCache)
	if runtime.GOOS == "linux" {
		write(t, inCache+".1.9.0")
		newest := write(t, inCache+".1.30.0")
		write(t, filepath.Join(filepath.Dir(inCache), "libonnxruntime_providers_cuda.so"))
		expect("", newest)
	}
	inEnv := write(t, filepath.Join(dir, "env", library()))
	t.Setenv(ort.EnvLibrary, inEnv)
	expect("", inEnv)
	t.Setenv(ort.EnvLibrary, filepath.Dir(inEnv))
	expect("", inEnv)
	inSetting := write(t, filepath.Join(dir, "elsewhere", "any name"))
	expect(inSetting, inSetting)
}

func TestFindDoesNotReplaceWhatWasAsked(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(ort.EnvLibrary, write(t, filepath.Join(dir, library())))
	missing := filepath.Join(dir, "missing.so")
	if p, err := ort.Find(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("%q, %v", p, err)
	}
	t.Setenv(ort.EnvLibrary, t.TempDir())
	if p, err := ort.Find(""); err == nil || !strings.Contains(err.Error(), ort.EnvLibrary) {
		t.Errorf("%q, %v", p, err)
	}
}

func TestInitRefusesWhatIsNoLibrary(t *testing.T) {
	if ort.Version() != "" {
		t.Skip("skipped: the runtime is loaded already, and a process has one")
	}
	for _, path := range []string{
		"", filepath.Join(t.TempDir(), "missing"), t.TempDir(), write(t, filepath.Join(t.TempDir(), library())),
	} {
		if err := ort.Init(path); err == nil {
			t.Errorf("%q was loaded", path)
		}
	}
	if _, err := ort.OpenBytes(onnxtest.Vision("x", "y", nil), ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}}); !errors.Is(err, ort.ErrNoRuntime) {
		t.Errorf("a session without the runtime: %v", err)
	}
}

func initRuntime(t *testing.T) {
	t.Helper()
	if err := ort.Init(testdata.Runtime(t)); err != nil {
		t.Fatal(err)
	}
}

func TestInitOnce(t *testing.T) {
	initRuntime(t)
	initRuntime(t)
	if ort.Version() == "" || ort.Path() == "" {
		t.Error("no version or path")
	}
	if err := ort.Init("/another/library"); err == nil {
		t.Error("a second library was accepted")
	}
}

func tiny(t *testing.T) *ort.Session {
	t.Helper()
	initRuntime(t)
	s, err := ort.OpenBytes(onnxtest.Vision("image", "embedding", nil),
		ort.Options{Inputs: []string{"image"}, Outputs: []ort.Port{{Name: "embedding"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func picture() ort.Tensor {
	v := make([]float32, 3*onnxtest.Size*onnxtest.Size)
	for i := range v {
		v[i] = float32(i%7) / 7
	}
	return ort.Tensor{Shape: []int64{1, 3, onnxtest.Size, onnxtest.Size}, Float32: v}
}

func TestRunsAtOnceAgree(t *testing.T) {
	s := tiny(t)
	want, err := s.Run(context.Background(), picture())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, err := s.Run(context.Background(), picture())
				if err != nil {
					t.Error(err)
					return
				}
				for i, v := range got[0].Data {
					if v != want[0].Data[i] {
						t.Errorf("number %d: %v, want %v", i, v, want[0].Data[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestEndingTheContextStopsARun(t *testing.T) {
	initRuntime(t)
	s, err := ort.OpenBytes(onnxtest.Endless(), ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	// The model runs for ever, so that only the end of the context can end the call.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Run(ctx, ort.Tensor{Shape: []int64{4}, Float32: make([]float32, 4)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the run ended with %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Run(ended, ort.Tensor{Shape: []int64{4}, Float32: make([]float32, 4)}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run with an ended context gave %v", err)
	}
}

func TestCloseWaitsAndRefuses(t *testing.T) {
	s := tiny(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				if _, err := s.Run(context.Background(), picture()); err != nil {
					if !errors.Is(err, ort.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	s := tiny(t)
	for name, in := range map[string][]ort.Tensor{
		"no input":     nil,
		"two inputs":   {picture(), picture()},
		"wrong shape":  {{Shape: []int64{1, 3, 2, 2}, Float32: make([]float32, 12)}},
		"too short":    {{Shape: []int64{1, 3, 16, 16}, Float32: make([]float32, 12)}},
		"wrong type":   {{Shape: []int64{1, 3, 16, 16}, Int64: make([]int64, 768)}},
		"no values":    {{Shape: []int64{1, 3, 16, 16}}},
		"no dimension": {{Float32: []float32{1}}},
	} {
		if _, err := s.Run(context.Background(), in...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, o := range map[string]ort.Options{
		"unknown provider": {Provider: "abacus", Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}},
		"absent provider":  {Provider: "coreml", Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}},
		"no names":         {},
	} {
		if runtime.GOOS == "darwin" && o.Provider == "coreml" {
			continue
		}
		if _, err := ort.OpenBytes(onnxtest.Vision("x", "y", nil), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, data := range map[string][]byte{"empty": nil, "noise": []byte("this is no model"), "cut": onnxtest.Vision("x", "y", nil)[:100]} {
		if _, err := ort.OpenBytes(data, ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}}); err == nil {
			t.Errorf("%s model: no error", name)
		}
	}
}
