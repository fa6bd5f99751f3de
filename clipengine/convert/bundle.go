package convert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"descry/clipengine/bundle"
)

// leastShare is the part of the image tower's weights that must be converted: with less, as in
// networks of convolutions, which stay float32, a model becomes neither small nor fast. Of RN50 it
// is 0.46, those for the parts of a picture included, and it becomes no faster.
const leastShare = 0.48

// ErrLittleGain says that a model has too few weights that can be converted.
var ErrLittleGain = errors.New("most of the weights of its image tower are in convolutions, which stay in float32")

// Bundle converts a float32 model folder and writes it to the folder dir, in the same layout and
// with the same tokenizer, licence and source, digests of its own, and in its bundle.json what
// it was made of. To fp16, which is for GPUs, only the image tower is converted, since texts
// are encoded on the CPU. What a failed call leaves in dir is of no use. progress is told
// how many bytes were written of how many; it may be nil.
func Bundle(ctx context.Context, b *bundle.Bundle, dir *os.Root, to Precision, progress func(done, total int64)) error {
	if err := Check(b, to); err != nil {
		return err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	names, _, err := b.Contents()
	if err != nil {
		return err
	}
	return b.Use(func(fsys fs.FS) error {
		w := writer{fsys: fsys, dir: dir, digests: map[string]string{}}
		towers := b.TowerFiles()
		image, text := targetName(b.Vision.Name(), to), targetName(b.Text.Name(), to)
		half := func(from int64) func(done, total int64) {
			return func(done, total int64) { progress(from+done*500/max(total, 1), 1000) }
		}
		if _, err := Model(ctx, fsys, b.Vision.Name(), dir, image, to, half(0)); err != nil {
			return err
		}
		err := errNothing
		if convertsText(b, to) {
			_, err = Model(ctx, fsys, b.Text.Name(), dir, text, to, half(500))
		}
		switch {
		case err == nil:
		case !errors.Is(err, errNothing):
			return err
		default: // the text tower stays what it is
			for _, name := range towers[1] {
				if err := w.copy(ctx, name); err != nil {
					return err
				}
			}
		}
		for _, name := range names {
			if name == "bundle.json" || slices.Contains(towers[0], name) || slices.Contains(towers[1], name) {
				continue
			}
			if err := w.copy(ctx, name); err != nil {
				return err
			}
		}
		if err := w.manifest(ctx, b, to); err != nil {
			return err
		}
		progress(1000, 1000)
		return nil
	})
}

// Check says in one sentence why a model cannot be converted or would gain too little by it
// (ErrLittleGain); it reads the graph of the image tower, not its weights.
func Check(b *bundle.Bundle, to Precision) error {
	if b.ImageTower != "" {
		return fmt.Errorf("the model %s is a text tower alone, which is not converted", b.ID)
	}
	if p := b.Vision.Precision(); p != bundle.Float32Weights {
		return fmt.Errorf("the model %s has %s weights; only a float32 model is converted", b.ID, p)
	}
	return b.Use(func(fsys fs.FS) error {
		m, result, err := prepare(fsys, b.Vision.Name(), to)
		if err != nil {
			return err
		}
		m.close()
		if share := float64(result.Converted) / float64(result.Weights); share < leastShare {
			return fmt.Errorf("the model %s would gain little as %s, which %.0f %% of its weights can be: %w", b.ID, to, 100*share, ErrLittleGain)
		}
		return nil
	})
}

// targetName is how a converted tower is called: in the layout of transformers.js the name
// says the precision.
func targetName(name string, to Precision) string {
	for _, tower := range []string{"vision_model", "text_model"} {
		if path.Base(name) == tower+".onnx" {
			return path.Join(path.Dir(name), tower+"_"+string(to)+".onnx")
		}
	}
	return name
}

// writer puts a bundle together.
type writer struct {
	fsys    fs.FS
	dir     *os.Root
	digests map[string]string
}

func (w *writer) copy(ctx context.Context, name string) error {
	f, err := w.fsys.Open(name)
	if err != nil {
		return fmt.Errorf("copy %s of the model: %w", name, err)
	}
	defer func() { _ = f.Close() }()
	return toFile(ctx, w.dir, name, func(int64) {}, func(s *sink) error {
		if _, err := io.Copy(s, f); err != nil {
			return fmt.Errorf("copy %s of the model: %w", name, err)
		}
		return nil
	})
}

// manifest writes bundle.json: what the original's says, and what is new.
func (w *writer) manifest(ctx context.Context, b *bundle.Bundle, to Precision) error {
	var m map[string]any
	if data, err := fs.ReadFile(w.fsys, "bundle.json"); err == nil {
		if err := json.Unmarshal(data, &m); err != nil {
			return fmt.Errorf("its file bundle.json is not what it should be: %w", err)
		}
	}
	if m == nil { // there is none, or it says nothing
		m = map[string]any{}
	}
	space, err := b.Digest()
	if err != nil {
		return err
	}
	m["name"] = b.Name + " (" + string(to) + ")"
	maps.Copy(m, map[string]any{"licence": b.Licence, "licence_note": b.LicenceNote, "source": b.Source, "languages": b.Languages})
	m["logit_scale"] = b.LogitScale
	if b.Sigmoid {
		m["logit_bias"] = b.LogitBias
	}
	m["converted"] = map[string]any{"from": b.ID, "space": space, "precision": to, "by": "descry"}
	if err := w.digest(ctx, "."); err != nil {
		return err
	}
	m["digests"] = w.digests
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return toFile(ctx, w.dir, "bundle.json", func(int64) {}, func(s *sink) error {
		_, err := s.Write(append(data, '\n'))
		return err
	})
}

// digest notes the SHA-256 of every file that was written.
func (w *writer) digest(ctx context.Context, folder string) error {
	return fs.WalkDir(w.dir.FS(), folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := w.dir.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		h := sha256.New()
		for {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if _, err := io.CopyN(h, f, 16<<20); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		w.digests[strings.TrimPrefix(name, "./")] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
}
