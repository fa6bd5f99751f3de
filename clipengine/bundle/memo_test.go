package bundle_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
)

// TestMemoReadsWeightsOnce changes the weights behind the memo's back, which tells whether they
// were read, and then as anybody would.
func TestMemoReadsWeightsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digests")
	files := onnxtest.Immich()
	dir := files.Write(t, "model")
	digests := func() [2]string {
		t.Helper()
		b, err := bundle.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		b.Remember(bundle.NewMemo(path)) // each time as another process
		texts, err := b.TextDigest()
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{b.Space(), texts}
	}
	plain := func() [2]string {
		t.Helper()
		b, err := bundle.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		texts, err := b.TextDigest()
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{b.Space(), texts}
	}
	put := func(weights []byte, at time.Time) {
		t.Helper()
		name := filepath.Join(dir, "visual", "model.onnx")
		if err := os.WriteFile(name, weights, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	first, other := files["visual/model.onnx"], onnxtest.Vision("image", "embedding", onnxtest.Tensor("w", onnxtest.VisionWeights(9), 3, onnxtest.Dim))
	put(first, at)
	want := plain()
	for range 2 {
		if got := digests(); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	put(other, at) // as no file system does
	if got := digests(); got != want {
		t.Error("the weights were read once more")
	}
	put(other, at.Add(time.Millisecond))
	if got := digests(); got != plain() || got[0] == want[0] || got[1] != want[1] {
		t.Errorf("%v after the weights changed, want %v", got, plain())
	}
	for _, damaged := range []string{"", "{", `{"a":1}`, "[]", "null"} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := digests(); got != plain() {
			t.Errorf("with the file %q: %v", damaged, got)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 2 || left[1].Name() != "digests.lock" {
		t.Errorf("files are left: %v, %v", left, err)
	}
}
