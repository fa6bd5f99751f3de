// Package ocr reads the text in pictures: pixels in, lines of text with boxes and confidence
// out. It runs two models (PP-OCRv4): one that marks where text is, and one that reads a line.
package ocr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"descry/clipengine/ort"
)

// The files of the models.
const (
	detectFile     = "detect.onnx"
	recogniseFile  = "recognise.onnx"
	charactersFile = "characters.txt" // one a line, in the order of the model's classes
)

// manner names how this package uses the models. It changes when the same models read
// otherwise, so that what was read before is read again.
const manner = "1"

// least is the confidence from which on a line is taken to be text.
const least = 0.5

// Line is a line of text in a picture.
type Line struct {
	Text       string
	Confidence float64 // 0 to 1, of its characters
	Box        Box     // in pixels of the picture
}

// Engine reads text. Its methods are safe for concurrent use; each call runs on the thread
// that calls. Its models are loaded when they are first needed, and stay until Close.
type Engine struct {
	files      fs.FS
	library    string
	characters []string
	digest     string

	mu                sync.Mutex
	detect, recognise *ort.Session
	closed            bool
}

// Open checks the files of the models in a folder. library is the path of the ONNX Runtime
// library, as ort.Find returns it.
func Open(files fs.FS, library string) (*Engine, error) {
	sum := sha256.New()
	sum.Write([]byte(manner))
	var characters []string
	for _, name := range []string{detectFile, recogniseFile, charactersFile} {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read the models that read text: %w", err)
		}
		one := sha256.Sum256(data)
		sum.Write(one[:])
		if name == charactersFile {
			characters = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	return &Engine{files: files, library: library, characters: characters, digest: hex.EncodeToString(sum.Sum(nil)[:16])}, nil
}

// Digest names what reads: the models and the way they are used.
func (e *Engine) Digest() string { return e.digest }

// session loads a model, once.
func (e *Engine) session(s **ort.Session, file, output string) (*ort.Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ort.ErrClosed
	}
	if *s != nil {
		return *s, nil
	}
	if err := ort.Init(e.library); err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(e.files, file)
	if err != nil {
		return nil, fmt.Errorf("read the models that read text: %w", err)
	}
	opened, err := ort.OpenBytes(data, ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: output}}})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", file, err)
	}
	*s = opened
	return opened, nil
}

// spots looks for text in a picture scaled to w × h pixels.
func (e *Engine) spots(ctx context.Context, img *image.RGBA, w, h int, sure float64) ([]region, error) {
	s, err := e.session(&e.detect, detectFile, "sigmoid_0.tmp_0")
	if err != nil {
		return nil, err
	}
	out, err := s.Run(ctx, ort.Tensor{Shape: []int64{1, 3, int64(h), int64(w)}, Float32: planes(shrink(img, w, h), w)})
	if err != nil {
		return nil, fmt.Errorf("look for text: %w", err)
	}
	if len(out[0].Data) != w*h {
		return nil, fmt.Errorf("look for text: the model gave %d numbers instead of %d", len(out[0].Data), w*h)
	}
	return probabilities{w, h, out[0].Data}.regions(sure), nil
}

// Spots tells whether a picture may hold text, from its own size: a thumbnail does, and takes a
// tenth of the time that Read does. It rather says yes. img is upright, opaque and starts at
// (0, 0).
func (e *Engine) Spots(ctx context.Context, img *image.RGBA) (bool, error) {
	w, h := scaled(img.Rect.Dx(), img.Rect.Dy(), 0)
	found, err := e.spots(ctx, img, w, h, maybe)
	return len(found) > 0, err
}

// Read returns the lines of text in a picture, from top to bottom and left to right. Letters
// should be some ten pixels high: a page wants 1,200 pixels and more along its short side. img
// is upright, opaque and starts at (0, 0).
func (e *Engine) Read(ctx context.Context, img *image.RGBA) ([]Line, error) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mw, mh := scaled(w, h, leastSide)
	found, err := e.spots(ctx, img, mw, mh, certain)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, b := range boxes(found, w, h, mw, mh) {
		part := cut(img, b)
		if part == nil {
			continue
		}
		text, confidence, err := e.read(ctx, part)
		if err != nil {
			return nil, err
		}
		if confidence >= least && text != "" {
			lines = append(lines, Line{text, confidence, b})
		}
	}
	return lines, nil
}

// read reads one line. One that is much taller than wide runs up or down: the way that is read
// with more confidence is right.
func (e *Engine) read(ctx context.Context, img *image.RGBA) (string, float64, error) {
	if float64(img.Rect.Dy()) < tall*float64(img.Rect.Dx()) {
		return e.line(ctx, img)
	}
	img = quarter(img)
	down, sure, err := e.line(ctx, img)
	if err != nil {
		return "", 0, err
	}
	up, surer, err := e.line(ctx, quarter(quarter(img)))
	if surer > sure {
		return up, surer, err
	}
	return down, sure, err
}

// line reads one line, laid flat.
func (e *Engine) line(ctx context.Context, img *image.RGBA) (string, float64, error) {
	s, err := e.session(&e.recognise, recogniseFile, "softmax_11.tmp_0")
	if err != nil {
		return "", 0, err
	}
	data, width := line(img)
	out, err := s.Run(ctx, ort.Tensor{Shape: []int64{1, 3, lineHeight, int64(width)}, Float32: data})
	if err != nil {
		return "", 0, fmt.Errorf("read a line of text: %w", err)
	}
	shape := out[0].Shape
	if len(shape) != 3 || shape[2] != int64(len(e.characters))+2 || len(out[0].Data) != int(shape[1]*shape[2]) {
		return "", 0, fmt.Errorf("read a line of text: the model gave numbers of shape %d for %d characters", shape, len(e.characters))
	}
	text, confidence := spell(out[0].Data, int(shape[1]), e.characters)
	return text, confidence, nil
}

// boxes puts regions of a map of mw × mh pixels into a picture of w × h, in the order of
// reading; what is too thin to hold letters is left out.
func boxes(found []region, w, h, mw, mh int) []Box {
	var out []Box
	for _, r := range found {
		var b Box
		for i, p := range r.box {
			b[i] = Point{
				min(max(math.Round(p.X/float64(mw)*float64(w)), 0), float64(w-1)),
				min(max(math.Round(p.Y/float64(mh)*float64(h)), 0), float64(h-1)),
			}
		}
		if bw, bh := b.Size(); bw > smallBox && bh > smallBox {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b Box) int {
		if a[0].Y != b[0].Y {
			return int(a[0].Y - b[0].Y)
		}
		return int(a[0].X - b[0].X)
	})
	// Boxes of one line of the picture start at nearly the same height.
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && math.Abs(out[j][0].Y-out[j-1][0].Y) < 10 && out[j][0].X < out[j-1][0].X; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// Close frees the models after the calls that are running have ended. Later calls fail.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var first error
	for _, s := range []*ort.Session{e.detect, e.recognise} {
		if s == nil {
			continue
		}
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
