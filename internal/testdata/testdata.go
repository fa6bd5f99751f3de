// Package testdata finds what tests need that is not in the repository: the reference
// data beside the checkout, and the ONNX Runtime library. A test that cannot have them
// skips with the reason; where the reference data is present nothing may be missing, so
// the test fails instead.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Repo returns the root of the checkout: the folder that holds go.mod.
func Repo(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}

// Shared returns the folder of reference data that may lie beside the checkout, and
// skips the test where it does not.
func Shared(t testing.TB) string {
	t.Helper()
	dir, ok := shared(t)
	if !ok {
		t.Skip("skipped: needs the reference data in ../shared, which is not there")
	}
	return dir
}

// Samples returns the folder of the sample photos that the program carries.
func Samples(t testing.TB) string {
	t.Helper()
	return filepath.Join(Repo(t), "assets", "samples")
}

// Runtime returns the path of the ONNX Runtime library that `make runtime` fetched, or
// the one DESCRY_ONNXRUNTIME names. Without one the test skips, unless the reference data
// is there: then the checkout is set up for every test and the lack is a failure.
func Runtime(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("DESCRY_ONNXRUNTIME"); p != "" {
		return p
	}
	for _, pattern := range []string{"libonnxruntime.so*", "libonnxruntime*.dylib", "onnxruntime.dll"} {
		if found, _ := filepath.Glob(filepath.Join(Repo(t), "build", pattern)); len(found) > 0 {
			return found[0]
		}
	}
	const lack = "needs the ONNX Runtime library: run `make runtime`, or set DESCRY_ONNXRUNTIME"
	if _, ok := shared(t); ok {
		t.Fatal(lack)
	}
	t.Skip("skipped: " + lack)
	return ""
}

func shared(t testing.TB) (string, bool) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(Repo(t)), "shared")
	_, err := os.Stat(dir)
	return dir, err == nil
}
