package parity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/bundle"
	"descry/clipengine/convert"
	"descry/internal/testdata"
)

// TestConvertedModelsMatchPython converts a small model of every family and compares what
// comes of it with the float32 original in Python.
func TestConvertedModelsMatchPython(t *testing.T) {
	testdata.Runtime(t)
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	// Networks of convolutions gain nothing by int8, and in the smallest of the transformers
	// the weights of the patches are most of what there is.
	little := []string{"hf-siglip", "hf-siglip2", "mobileclip", "tinyclip"}
	// In these small ones up to half of the image tower's weights stay float32, as in no published
	// model, so that their precision is not called int8.
	half := []string{"convnext", "convnext-d", "eva02", "lit"}
	for _, path := range fixtures {
		name := strings.TrimSuffix(filepath.Base(path), ".zip")
		for _, to := range []convert.Precision{convert.Int8, convert.Float16} {
			t.Run(name+" "+string(to), func(t *testing.T) {
				c := unpack(t, path)
				b, err := bundle.Open(filepath.Join(c.dir, "bundle"))
				if err != nil {
					t.Fatal(err)
				}
				target := filepath.Join(t.TempDir(), b.ID+"-"+string(to))
				if err := os.Mkdir(target, 0o700); err != nil {
					t.Fatal(err)
				}
				dir, err := os.OpenRoot(target)
				if err != nil {
					t.Fatal(err)
				}
				defer dir.Close()
				err = convert.Bundle(context.Background(), b, dir, to, nil)
				if to == convert.Int8 && slices.Contains(little, name) {
					if !errors.Is(err, convert.ErrLittleGain) {
						t.Errorf("converting what gains little: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				// Small models with random weights find all pictures and texts much alike, so that
				// little is left of them without the mean.
				limits := map[convert.Precision]struct{ all, pictures, texts float64 }{
					convert.Int8: {0.997, 0.95, 0.85}, convert.Float16: {0.9999, 0.999, 0.999},
				}[to]
				if name == "mobileclip" { // whose pictures are alike but for the sixth digit
					limits.pictures = 0.98
				}
				e := open(t, target)
				if err := e.Bundle().Verify(context.Background()); err != nil {
					t.Error(err)
				}
				if p := e.Bundle().Precision; p != string(to) && !(to == convert.Int8 && slices.Contains(half, name)) {
					t.Errorf("its precision is %s", p)
				}
				was, is := towerBytes(t, b), towerBytes(t, e.Bundle())
				if saved := 1 - float64(is)/float64(was); saved < leastSaved[to] {
					t.Errorf("its image tower has %d bytes instead of %d", is, was)
				} else {
					t.Logf("%.0f %% of the image tower's bytes are saved", 100*saved)
				}
				images, sentences := c.vectors(t, "vectors.f32", len(c.Photos), len(c.IDs))
				var photos, phrases [][]float32
				for _, p := range c.pictures(t) {
					v, err := e.EncodeImage(context.Background(), p)
					if err != nil {
						t.Fatal(err)
					}
					photos = append(photos, v)
				}
				for _, w := range texts(t) {
					v, err := e.EncodeText(context.Background(), w)
					if err != nil {
						t.Fatal(err)
					}
					phrases = append(phrases, v)
				}
				i, s := least(images, photos), least(sentences, phrases)
				t.Logf("pictures %.6f, %.5f without the mean; texts %.6f, %.5f", i[0], i[1], s[0], s[1])
				if min(i[0], s[0]) < limits.all || i[1] < limits.pictures || s[1] < limits.texts {
					t.Errorf("the converted model's vectors are too far from the original's")
				}
			})
		}
	}
}

// leastSaved is the least part of an image tower's bytes that a conversion saves. Nearly half of
// the weights become a byte each, or all of them two; the graph itself weighs in small models.
var leastSaved = map[convert.Precision]float64{convert.Int8: 0.2, convert.Float16: 0.3}

func towerBytes(t *testing.T, b *bundle.Bundle) int64 {
	t.Helper()
	model, external, err := b.Vision.Size()
	if err != nil {
		t.Fatal(err)
	}
	return model + external
}
