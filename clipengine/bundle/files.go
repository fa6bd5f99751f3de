package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxConfig is the largest configuration file that is read, in bytes.
const maxConfig = 1 << 20

// maxModel is the largest model file, in bytes: protobuf itself ends at 2 GB.
const maxModel = 2 << 30

// files reads the parts of a bundle.
type files struct{ fsys fs.FS }

// file is an open file of a bundle that can be read anywhere.
type file interface {
	fs.File
	io.ReaderAt
}

// open opens a regular file. Anything else is refused before it is opened, since opening
// a pipe would wait for ever.
func open(fsys fs.FS, name string) (file, int64, error) {
	st, err := fs.Stat(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, fmt.Errorf("it lacks the file %s: %w", name, fs.ErrNotExist)
	case err != nil && strings.Contains(err.Error(), "escapes"):
		return nil, 0, fmt.Errorf("its file %s is a link that leads out of the folder; copy the file into it", name)
	case err != nil:
		return nil, 0, fmt.Errorf("its file %s cannot be read: %w", name, err)
	case !st.Mode().IsRegular():
		return nil, 0, fmt.Errorf("its file %s is not a regular file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("its file %s cannot be read: %w", name, err)
	}
	r, ok := f.(file)
	if !ok {
		_ = f.Close()
		return nil, 0, fmt.Errorf("its file %s cannot be read in parts", name)
	}
	return r, st.Size(), nil
}

// exists tells whether there is a file of this name, whatever it is.
func (f files) exists(name string) bool {
	_, err := fs.Stat(f.fsys, name)
	return err == nil || !errors.Is(err, fs.ErrNotExist)
}

// first returns the first of the names that exists, or the first name.
func (f files) first(names ...string) string {
	for _, n := range names {
		if f.exists(n) {
			return n
		}
	}
	return names[0]
}

// read returns the contents of a file of at most limit bytes.
func (f files) read(name string, limit int64) ([]byte, error) {
	r, size, err := open(f.fsys, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if size > limit {
		return nil, fmt.Errorf("its file %s has %d bytes, more than the %d that are sensible", name, size, limit)
	}
	data := make([]byte, size)
	if n, err := r.ReadAt(data, 0); int64(n) < size {
		return nil, fmt.Errorf("its file %s cannot be read: %w", name, err)
	}
	return data, nil
}

// json reads a configuration file into v. What is not there but optional leaves v as it is.
func (f files) json(name string, optional bool, v any) error {
	data, err := f.read(name, maxConfig)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("its file %s is not what it should be: %w", name, err)
	}
	return nil
}

// layout tells which of the three layouts the files have.
func (f files) layout() (Layout, error) {
	switch {
	case f.exists("visual/model.onnx") || f.exists("textual/model.onnx"):
		return Immich, nil
	case f.exists("vision.onnx") || f.exists("text.onnx"):
		return Descry, nil
	}
	for _, dir := range []string{"onnx", "."} {
		for _, tower := range []string{"vision_model", "text_model"} {
			if len(f.variants(dir, tower)) > 0 {
				return TransformersJS, nil
			}
		}
	}
	return "", errors.New("it has none of the known layouts: visual/model.onnx and textual/model.onnx, " +
		"vision_model.onnx and text_model.onnx (in onnx/ or not), or vision.onnx and text.onnx")
}

// variants lists the suffixes with which a tower is there: "" for NAME.onnx, "_fp16" for
// NAME_fp16.onnx, and so on.
func (f files) variants(dir, tower string) []string {
	names, err := fs.Glob(f.fsys, path.Join(dir, tower)+"*.onnx")
	if err != nil {
		return nil
	}
	var suffixes []string
	for _, n := range names {
		s := strings.TrimSuffix(strings.TrimPrefix(path.Base(n), tower), ".onnx")
		if s == "" || s[0] == '_' {
			suffixes = append(suffixes, s)
		}
	}
	return suffixes
}
