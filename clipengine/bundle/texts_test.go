package bundle_test

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
)

// TestATextTowerGoesWithAnotherModelsPictures opens folders that hold only a text tower, in
// every layout, beside an image tower of every layout.
func TestATextTowerGoesWithAnotherModelsPictures(t *testing.T) {
	layouts := map[string]onnxtest.Files{
		"descry": onnxtest.Descry(), "immich": onnxtest.Immich(), "transformers.js": onnxtest.TransformersJS(),
	}
	for pictures, of := range layouts {
		image := open(t, of, "pictures")
		for words, files := range layouts {
			t.Run(words+" for "+pictures, func(t *testing.T) {
				b, err := bundle.OpenWith(files.TextsFor("pictures").Write(t, "words"), func(id string) (*bundle.Bundle, error) {
					if id != "pictures" {
						t.Errorf("asked for the model %q", id)
					}
					return image, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if b.ID != "words" || b.ImageTower != "pictures" || b.Name != "Other words" || b.LogitScale != 42 {
					t.Errorf("id %s, image tower %q, name %q, scale %g", b.ID, b.ImageTower, b.Name, b.LogitScale)
				}
				if b.Space() != image.Space() || b.Dim != image.Dim || b.Precision != image.Precision {
					t.Errorf("space %s of dimension %d, precision %s; the pictures' is %s", b.Space(), b.Dim, b.Precision, image.Space())
				}
				if b.Vision.File() != image.Vision.File() || b.Preprocess != image.Preprocess {
					t.Errorf("pictures go through %s, %v", b.Vision.File(), b.Preprocess)
				}
				mine, err := b.TextDigest()
				if err != nil {
					t.Fatal(err)
				}
				if theirs, err := image.TextDigest(); err != nil || mine == theirs || len(mine) != 64 {
					t.Errorf("text digest %s and %s, %v", mine, theirs, err)
				}
				names, _, err := b.Contents()
				if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "vis") }) {
					t.Errorf("it consists of %v, %v", names, err)
				}
			})
		}
	}
}

func TestATextTowerWithoutPicturesSaysSo(t *testing.T) {
	gone := func(string) (*bundle.Bundle, error) { return nil, fs.ErrNotExist }
	alone := func(t *testing.T) func(string) (*bundle.Bundle, error) {
		image := open(t, onnxtest.Immich(), "pictures")
		return func(string) (*bundle.Bundle, error) {
			return bundle.OpenWith(onnxtest.Immich().TextsFor("pictures").Write(t, "others"), func(string) (*bundle.Bundle, error) { return image, nil })
		}
	}
	other := onnxtest.Immich()
	other["visual/model.onnx"] = onnxtest.Graph{
		Nodes: []onnxtest.Message{
			onnxtest.Node("GlobalAveragePool", []string{"image"}, []string{"pooled"}),
			onnxtest.Node("Flatten", []string{"pooled"}, []string{"embedding"}, onnxtest.IntAttribute("axis", 1)),
		},
		Inputs:  []onnxtest.Message{onnxtest.Value("image", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
		Outputs: []onnxtest.Message{onnxtest.Value("embedding", onnxtest.Float, -1, 3)},
	}.Model()
	other["config.json"] = bytes.Replace(other["config.json"], []byte(`"embed_dim":8`), []byte(`"embed_dim":3`), 1)
	other["textual/model.onnx"] = onnxtest.Graph{
		Nodes:   []onnxtest.Message{onnxtest.Node("Cast", []string{"text"}, []string{"embedding"}, onnxtest.IntAttribute("to", onnxtest.Float))},
		Inputs:  []onnxtest.Message{onnxtest.Value("text", onnxtest.Int32, -1, 3)},
		Outputs: []onnxtest.Message{onnxtest.Value("embedding", onnxtest.Float, -1, 3)},
	}.Model()

	for name, tt := range map[string]struct {
		named  string
		images func(string) (*bundle.Bundle, error)
		want   string
	}{
		"alone":        {"pictures", nil, "it is a text tower for the pictures of the model pictures and cannot be used alone"},
		"missing":      {"pictures", gone, "it is a text tower for the pictures of the model pictures, which is needed beside it"},
		"itself":       {"words", gone, "it names itself"},
		"a chain":      {"others", alone(t), "which is only a text tower, too"},
		"other length": {"pictures", func(string) (*bundle.Bundle, error) { return open(t, other, "pictures"), nil }, "towers do not belong together"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.OpenWith(onnxtest.Immich().TextsFor(tt.named).Write(t, "words"), tt.images)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it says %v, want %q", err, tt.want)
			}
			if name == "missing" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v does not wrap the reason", err)
			}
		})
	}
}

// TestTextDigestIsTheTextSide changes one part after another: the digest must change with what
// decides a text's vector, and with nothing else.
func TestTextDigestIsTheTextSide(t *testing.T) {
	digest := func(change func(onnxtest.Files)) string {
		t.Helper()
		f := onnxtest.Immich()
		change(f)
		d, err := open(t, f, "model").TextDigest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := digest(func(onnxtest.Files) {})
	seen := map[string]string{base: "nothing"}
	for name, change := range map[string]func(onnxtest.Files){
		"text tower": func(f onnxtest.Files) {
			f["textual/model.onnx"] = onnxtest.TextProjected(onnxtest.Int32, 24, "embedding", "text")
		},
		"tokenizer": func(f onnxtest.Files) {
			f["textual/tokenizer.json"] = bytes.Replace(f["textual/tokenizer.json"], []byte(`"dog"`), []byte(`"fox"`), 1)
		},
		"padding": func(f onnxtest.Files) {
			f["textual/tokenizer_config.json"] = onnxtest.JSON(map[string]any{"pad_token": "[UNK]"})
		},
		"cleaning": func(f onnxtest.Files) {
			f["config.json"] = onnxtest.JSON(map[string]any{"embed_dim": onnxtest.Dim, "text_cfg": map[string]any{
				"context_length": 24, "tokenizer_kwargs": map[string]any{"clean": "canonicalize"},
			}})
		},
		"length": func(f onnxtest.Files) {
			f["textual/model.onnx"] = onnxtest.Text(onnxtest.Int32, 20, "embedding", "text")
		},
	} {
		d := digest(change)
		if other, ok := seen[d]; ok {
			t.Errorf("another %s gives the digest of another %s", name, other)
		}
		seen[d] = name
	}
	for name, change := range map[string]func(onnxtest.Files){
		"image tower": func(f onnxtest.Files) {
			f["visual/model.onnx"] = onnxtest.Vision("image", "embedding", onnxtest.Tensor("w", onnxtest.VisionWeights(9), 3, onnxtest.Dim))
		},
		"licence": func(f onnxtest.Files) {
			f["bundle.json"] = onnxtest.JSON(map[string]any{"licence": "MIT", "logit_scale": 7})
		},
	} {
		if digest(change) != base {
			t.Errorf("another %s changes the text digest", name)
		}
	}
}
