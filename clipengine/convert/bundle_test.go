package convert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
)

// TestWhatTheManifestSaysGoesAlong converts models whose bundle.json says something, nothing, and
// is not there.
func TestWhatTheManifestSaysGoesAlong(t *testing.T) {
	for name, c := range map[string]struct {
		manifest []byte
		note     string
	}{
		"none":      {nil, ""},
		"nothing":   {[]byte("null"), ""},
		"empty":     {[]byte("{}"), ""},
		"something": {[]byte(`{"name":"Mine","licence":"own","note":"kept"}`), "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			files := onnxtest.Descry()
			if c.manifest != nil {
				files["bundle.json"] = c.manifest
			}
			b, err := bundle.Open(files.Write(t, "model"))
			if err != nil {
				t.Fatal(err)
			}
			root, dir := target(t)
			if err := Bundle(t.Context(), b, root, Int8, nil); err != nil {
				t.Fatal(err)
			}
			var m struct {
				Name, Note string
				Digests    map[string]string
			}
			data, err := os.ReadFile(filepath.Join(dir, "bundle.json"))
			if err != nil || json.Unmarshal(data, &m) != nil {
				t.Fatalf("%s, %v", data, err)
			}
			if m.Name != b.Name+" (int8)" || m.Note != c.note || len(m.Digests) != len(onnxtest.Descry()) {
				t.Errorf("%s", data)
			}
			made, err := bundle.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := made.Verify(t.Context()); err != nil || made.Precision != "int8" {
				t.Errorf("precision %s, %v", made.Precision, err)
			}
		})
	}
}
