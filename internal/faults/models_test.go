//go:build linux

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
	"descry/internal/photomaker"
	"descry/library"
	"descry/ui/app"
)

const runtimeVariable = "DESCRY_ONNXRUNTIME"

// models adds a small model to the library and converts it, unless that was done.
func (s site) models() error {
	samples := fstest.MapFS{}
	for i := range 3 {
		samples[fmt.Sprintf("%d.jpg", i)] = &fstest.MapFile{Data: photomaker.JPEG(photomaker.Scene(96, 64, uint64(i+1)), library.Metadata{}, 90)}
	}
	p := s.params(nil)
	p.Runtime, p.Samples = os.Getenv(runtimeVariable), samples
	a, err := app.Open(context.Background(), p)
	if err != nil {
		return err
	}
	do := func() error {
		ctx := context.Background()
		if !there(s.at("library", "models", "small")) {
			if _, _, err := a.AddModelAs(ctx, s.at("small"), "fp32", nil); err != nil {
				return err
			}
		}
		if !there(s.at("library", "models", "small-int8")) {
			if _, err := a.ConvertModel(ctx, "small", "int8", nil); err != nil {
				return err
			}
		}
		left, err := filepath.Glob(s.at("library", "models", ".*"))
		if len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("left behind are %q", left))
		}
		return err
	}
	return errors.Join(do(), a.Close())
}

// wholeModels checks that a model that has its name is whole.
func wholeModels(s site) error {
	if dir := s.at("library", "models", "small"); there(dir) {
		for name, data := range onnxtest.Immich() {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, data) {
				return fmt.Errorf("%s of the model is not whole (%v)", name, err)
			}
		}
	}
	dir := s.at("library", "models", "small-int8")
	if !there(dir) {
		return nil
	}
	b, err := bundle.Open(dir)
	if err != nil {
		return err
	}
	if len(b.Digests) < len(onnxtest.Immich()) {
		return fmt.Errorf("the digests are those of %d files", len(b.Digests))
	}
	return b.Verify(context.Background())
}
