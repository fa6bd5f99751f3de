// Package bundle reads model bundles: folders that hold an image tower, a text tower, a
// tokenizer and the preprocessing they were trained with. It knows three layouts: its own
// (vision.onnx, text.onnx), the one in which models are published for Immich (visual/,
// textual/) and the one of transformers.js (vision_model.onnx, text_model.onnx). A folder
// comes from anywhere, so everything in it is checked before a runtime sees it.
package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"descry/clipengine/preprocess"
	"descry/clipengine/tokenize"
)

// Layout names how the files of a bundle are arranged.
type Layout string

// The three layouts.
const (
	Descry         Layout = "descry"
	Immich         Layout = "immich"
	TransformersJS Layout = "transformers.js"
)

// Bundle is a model folder whose every part has been checked.
type Bundle struct {
	// ID is the name by which the model is chosen: the folder's name.
	ID string
	// Name, Licence, LicenceNote and Source are for people: what the model is called, the
	// short name of its licence, a sentence on what that means, and where it came from.
	Name, Licence, LicenceNote, Source string
	// Languages lists the languages of queries: "en" and so on, or "multilingual".
	Languages []string
	Layout    Layout
	// Precision is the type that holds most weights of the image tower: fp32, fp16, int8 ….
	Precision string
	// Variants are the precisions in which the folder has the image tower.
	Variants []Precision
	// Dim is the length of the vectors, or 0 where only running the model tells.
	Dim int
	// ContextLength is the largest number of tokens of a text, special ones included.
	ContextLength int
	Preprocess    preprocess.Config
	// LogitScale is what cosines are multiplied by, already exponentiated. Sigmoid models
	// then add LogitBias and give an independent probability for each pair.
	LogitScale, LogitBias float64
	Sigmoid               bool
	// Digests are the expected SHA-256 (hex) of files, by path in the bundle; Verify
	// compares. Empty where the bundle brings none.
	Digests map[string]string
	// Vision and Text are the towers.
	Vision, Text Tower
	// Tokenizer makes token numbers; Tokens applies it as the text tower wants.
	Tokenizer *tokenize.Tokenizer

	// ImageTower is the ID of the model whose image tower this one uses, or "" where it has
	// its own.
	ImageTower string

	patches  string // what bundle.json calls the output for the parts of a picture
	cleaning tokenize.Cleaning
	vocab    string // SHA-256 (hex) of the tokenizer's file; "" for CLIP's built-in one
	pad      string // token with which texts are filled up; "" for the tokenizer's own
	// fill is whether texts are always filled up to ContextLength.
	fill   bool
	want   Precision
	source source
	memo   *Memo
	image  *Bundle // of ImageTower
	digest func() (string, error)
	texts  func() (string, error)
}

// source is where the files of a bundle are: a folder on disk or a file system in memory.
type source struct {
	dir  string
	fsys fs.FS
}

// use calls fn with the bundle's files. A folder is opened as a root, so that no name and
// no symbolic link leads out of it.
func (s source) use(fn func(fs.FS) error) error {
	if s.fsys != nil {
		return fn(s.fsys)
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fn(root.FS())
}

// Open reads and checks the bundle in a folder. The error says which part is missing or
// wrong. A text tower that goes with another model's image tower takes OpenWith.
func Open(dir string) (*Bundle, error) { return OpenWith(dir, nil) }

// OpenWith is Open that finds the image tower of a bundle which has only a text tower: images
// opens the model with an ID.
func OpenWith(dir string, images func(id string) (*Bundle, error)) (*Bundle, error) {
	return OpenAs(dir, "", images)
}

// OpenAs is OpenWith that takes the variant of a precision; "" is the one that Open takes.
// The error is ErrNoVariant where the folder has none of it.
func OpenAs(dir string, p Precision, images func(id string) (*Bundle, error)) (*Bundle, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the model folder: %w", err)
	}
	switch st, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the model folder %s does not exist: %w", dir, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("open the model folder: %w", err)
	case !st.IsDir():
		return nil, fmt.Errorf("%s is not a folder; a model is a folder of files", dir)
	}
	b, err := read(source{dir: dir}, filepath.Base(dir), p, images)
	if err != nil {
		return nil, fmt.Errorf("the model folder %s cannot be used: %w", dir, err)
	}
	return b, nil
}

// OpenFS reads and checks a bundle in a file system, such as the one in the program; its
// models may not have external data. id becomes the bundle's ID.
func OpenFS(fsys fs.FS, id string) (*Bundle, error) {
	b, err := read(source{fsys: fsys}, id, "", nil)
	if err != nil {
		return nil, fmt.Errorf("the model %s cannot be used: %w", id, err)
	}
	return b, nil
}

func read(src source, id string, want Precision, images func(id string) (*Bundle, error)) (*Bundle, error) {
	b := &Bundle{ID: id, Name: id, want: want, source: src, Languages: []string{"en"}}
	err := src.use(func(fsys fs.FS) error {
		f := files{fsys: fsys}
		find := map[Layout]func(files) error{Descry: b.readDescry, Immich: b.readImmich, TransformersJS: b.readTransformers}
		var err error
		if b.Layout, err = f.layout(); err != nil {
			return err
		}
		b.readCard(f)
		if err := b.takeImageTower(f, images); err != nil {
			return err
		}
		if err := find[b.Layout](f); err != nil {
			return err
		}
		if err := b.readManifest(f); err != nil {
			return err
		}
		if b.Variants == nil {
			b.Variants = []Precision{Precision(b.Precision)}
		}
		if want != "" && b.image == nil && Precision(b.Precision) != want {
			return fmt.Errorf("%w %s; it has %s", ErrNoVariant, want, b.Precision)
		}
		return b.check()
	})
	if err != nil {
		return nil, err
	}
	b.digest, b.texts = sync.OnceValues(b.spaceDigest), sync.OnceValues(b.textDigest)
	if b.image != nil {
		b.digest = b.image.digest
	}
	return b, nil
}

// check looks at what only all parts together can show.
func (b *Bundle) check() error {
	if err := b.Preprocess.Check(); err != nil {
		return fmt.Errorf("its preprocessing cannot be used: %w", err)
	}
	if err := b.Vision.checkImage(b.Preprocess.Size); err != nil {
		return err
	}
	if n := b.Text.fixedLength(); n > 0 {
		b.ContextLength, b.fill = int(n), true
	}
	if b.ContextLength < 1 || b.ContextLength > 8192 {
		return fmt.Errorf("its text length of %d tokens is out of range", b.ContextLength)
	}
	if err := b.Tokenizer.Check(b.ContextLength); err != nil {
		return err
	}
	if v, t := b.Vision.dim(), b.Text.dim(); v > 0 && t > 0 && v != t {
		return fmt.Errorf("its towers do not belong together: pictures have %d numbers and texts %d", v, t)
	} else if n := max(v, t); n > 0 {
		if b.Dim > 0 && int64(b.Dim) != n {
			return fmt.Errorf("its configuration says that vectors have %d numbers, its model says %d", b.Dim, n)
		}
		b.Dim = int(n)
	}
	if b.Dim < 0 || b.Dim > 1<<16 {
		return fmt.Errorf("its vector length of %d is out of range", b.Dim)
	}
	if b.Dim == 0 && (b.Vision.Half || b.Text.Half) {
		return errors.New("its vectors are of half precision and neither its models nor its configuration say how long they are")
	}
	if b.patches != "" && b.image == nil {
		if err := b.Vision.findPatches(b.patches, b.Dim); err != nil {
			return err
		}
	}
	if !(b.LogitScale > 0) || b.LogitScale > 1e6 || !(b.LogitBias > -1e6 && b.LogitBias < 1e6) {
		return fmt.Errorf("its logit scale %g or bias %g is out of range", b.LogitScale, b.LogitBias)
	}
	return nil
}

// Tokens returns the token numbers of a text and their mask, cleaned, cut and filled up as
// the text tower wants.
func (b *Bundle) Tokens(text string) (ids, mask []int64) {
	text = b.cleaning.Apply(text)
	if b.fill {
		return b.Tokenizer.Encoded(text, b.ContextLength)
	}
	ids = b.Tokenizer.Encode(text, b.ContextLength)
	mask = make([]int64, len(ids))
	for i := range mask {
		mask[i] = 1
	}
	return ids, mask
}

// Space returns the digest (hex SHA-256) of everything that decides what a picture's
// vector is: the image tower's weights with their external data, their precision, the
// output that is taken, and the preprocessing. The text tower and the tokenizer are not
// part of it: a text tower that was trained to fit the same image tower (as multilingual
// ones are) searches the same vectors. It is "" when the files can no longer be read;
// Digest gives the reason.
func (b *Bundle) Space() string {
	s, err := b.digest()
	if err != nil {
		return ""
	}
	return s
}

// Digest is Space with its error. The first call reads all weights of the image tower.
func (b *Bundle) Digest() (string, error) { return b.digest() }

func (b *Bundle) spaceDigest() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "descry vector space 1\n")
	err := b.source.use(func(fsys fs.FS) error {
		for i, name := range b.Vision.files() {
			sum, err := b.memo.digestOf(context.Background(), b.source, fsys, name)
			if err != nil {
				return err
			}
			// The names of external files are inside the model file already.
			fmt.Fprintf(h, "weights %d %s\n", i, sum)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the weights of the model %s: %w", b.ID, err)
	}
	fmt.Fprintf(h, "precision %s\noutput %s\npreprocessing %s\n", b.Precision, b.Vision.Output, b.Preprocess)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Verify reads every file for which the bundle brings a digest and says which one differs.
// A bundle without digests is an error, since nothing was verified.
func (b *Bundle) Verify(ctx context.Context) error {
	if len(b.Digests) == 0 {
		return fmt.Errorf("the model %s brings no digests to verify its files with", b.ID)
	}
	names := make([]string, 0, len(b.Digests))
	for name := range b.Digests {
		names = append(names, name)
	}
	slices.Sort(names)
	return b.source.use(func(fsys fs.FS) error {
		for _, name := range names {
			sum, err := fileDigest(ctx, fsys, name)
			if err != nil {
				return fmt.Errorf("verify %s of the model %s: %w", name, b.ID, err)
			}
			if !strings.EqualFold(sum, b.Digests[name]) {
				return fmt.Errorf("%s of the model %s is not the file it should be: its SHA-256 is %s, not %s",
					name, b.ID, sum, b.Digests[name])
			}
		}
		return nil
	})
}

func fileDigest(ctx context.Context, fsys fs.FS, name string) (string, error) {
	f, _, err := open(fsys, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	for {
		if err := context.Cause(ctx); err != nil {
			return "", err
		}
		switch _, err := io.CopyN(h, f, 16<<20); {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", err
		}
	}
}
