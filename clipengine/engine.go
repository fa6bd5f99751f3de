// Package clipengine turns pictures and words into vectors of one space, in which a
// picture and a phrase that fits it lie close together. It knows nothing of photos,
// folders or windows.
package clipengine

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"descry/clipengine/bundle"
	"descry/clipengine/ort"
)

// Options say how a model is run.
type Options struct {
	// Threads is how many pictures may be encoded at once; 0 means one per core. Each is
	// encoded on one thread, so that its vector never depends on its neighbours.
	Threads int
	// Provider is what the image tower runs on: one of ort.Providers, which is an error where
	// it does not work, or "" or Auto for the best that does.
	Provider string
	// Library is the path of the ONNX Runtime library, as ort.Find returns it.
	Library string

	// Proofs remembers how devices did in their tests; nil: they are tested each time.
	Proofs *Proofs
	// Retest has devices tested that have been already, those that were refused included.
	Retest bool
	// Golden returns real pictures by which devices are tested beside made ones; nil: none.
	Golden func() ([]*image.RGBA, error)
	// Notice takes a sentence for the person when a device is refused, fails or works again. It
	// may be called by several goroutines, also before Open returns; nil: nobody is told.
	Notice func(string)
	// Room is asked before a tower is loaded, with the memory that it takes beside all that is
	// loaded. Its error is why the tower is not loaded; free is called when it is closed, or
	// cannot be loaded. It must not use the engine. nil: nobody is asked.
	Room func(Need) (free func(), err error)
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: no log
}

// Engine is a model that runs. Each tower is loaded when it is first needed, once, whoever asks,
// and kept until Close. All methods are safe for concurrent use.
type Engine struct {
	bundle *bundle.Bundle
	vision *vision
	text   lazy
	space  string
	dim    int
	parts  lazy // see EncodePatches
	held   atomic.Int64
}

// Open makes a model ready to be loaded. It loads nothing but what must be known at once: a
// device that was asked for by name and that no test has shown to work, or that is to be tested
// again, and the text tower of a model that does not say how long its vectors are.
func Open(b *bundle.Bundle, o Options) (*Engine, error) {
	if err := ort.Init(o.Library); err != nil {
		return nil, err
	}
	space, err := b.Digest()
	if err != nil {
		return nil, err
	}
	if o.Threads < 1 {
		o.Threads = runtime.NumCPU()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	image, text, err := needs(b)
	if err != nil {
		return nil, err
	}
	e := &Engine{bundle: b, space: space, dim: b.Dim}
	asked := o
	o.Room = func(n Need) (func(), error) {
		free, err := asked.room(n)
		if err != nil {
			return nil, err
		}
		e.held.Add(n.Weights)
		return func() { e.held.Add(-n.Weights); free() }, nil
	}
	// Text stays on the CPU: a query is one short run, and several providers recompile
	// for every new length.
	e.text = lazy{tower: "the text tower", model: b.ID, need: text, room: o.Room, open: func() (*ort.Session, error) {
		return load(b.Text, b.Dim, ort.CPU)
	}}
	e.parts = lazy{tower: "the image tower for the parts of a picture", model: b.ID, need: image, room: o.Room, open: func() (*ort.Session, error) {
		t := b.Vision
		t.Output, t.Half = t.Patches, false
		return load(t, 0, ort.CPU)
	}}
	e.vision = newVision(b, space, image, o, realMachine(func(provider string) (*ort.Session, error) {
		return load(b.Vision, b.Dim, provider)
	}))
	if err := e.vision.begin(context.Background()); err != nil {
		_ = e.Close()
		return nil, err
	}
	if e.dim == 0 {
		// Nothing that came with the model says how long its vectors are. A model that does
		// not answer in this time is of no use anyway.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		v, err := e.EncodeText(ctx, "a photo")
		if err != nil {
			_ = e.Close()
			return nil, err
		}
		e.dim = len(v)
	}
	return e, nil
}

func load(t bundle.Tower, dim int, provider string) (*ort.Session, error) {
	out := ort.Port{Name: t.Output}
	if t.Half {
		out.Half = []int64{int64(dim)}
	}
	o := ort.Options{
		Provider: provider, Outputs: []ort.Port{out}, Half: t.Precision() == bundle.Float16Weights,
		Bind: provider != ort.CPU,
	}
	for _, in := range t.Inputs {
		o.Inputs = append(o.Inputs, in.Name)
	}
	if path := t.File(); path != "" {
		return ort.OpenFile(path, o)
	}
	data, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	return ort.OpenBytes(data, o)
}

// InputSize returns the side of the square that the image tower takes, in pixels.
func (e *Engine) InputSize() int { return e.bundle.Preprocess.Size }

// MinSide returns the smallest useful short side of a decoded picture, in pixels: twice
// what the model takes, so that a decoder may shrink larger ones.
func (e *Engine) MinSide() int { return e.bundle.Preprocess.MinSide() }

// Space returns the digest that names the vector space: see bundle.Bundle.Space.
func (e *Engine) Space() string { return e.space }

// Texts returns the digest that names what vectors texts get: see bundle.Bundle.TextDigest. It
// is "" when the files can no longer be read.
func (e *Engine) Texts() string {
	s, err := e.bundle.TextDigest()
	if err != nil {
		return ""
	}
	return s
}

// Dim returns the length of the vectors.
func (e *Engine) Dim() int { return e.dim }

// Model returns the bundle's ID.
func (e *Engine) Model() string { return e.bundle.ID }

// Bundle returns the bundle that the engine runs.
func (e *Engine) Bundle() *bundle.Bundle { return e.bundle }

// Provider returns the execution provider that computes pictures now, "" where there are devices
// and none was tried yet, which Ready does: Device tells more.
func (e *Engine) Provider() string { return e.vision.provider() }

// Parallel is how many calls of EncodeTensor should be under way at the same time, so that
// what computes is never without work: one for each thread of the CPU, two batches of a device
// once it is Ready.
func (e *Engine) Parallel() int { return e.vision.parallel() }

// LogitScale returns the factor by which the model was trained to multiply cosines.
func (e *Engine) LogitScale() float64 { return e.bundle.LogitScale }

// LogitBias returns what sigmoid models add to scaled cosines, and whether this is one.
func (e *Engine) LogitBias() (float64, bool) { return e.bundle.LogitBias, e.bundle.Sigmoid }

// Seen is the part of an upright picture of w × h pixels that Tensor shows.
func (e *Engine) Seen(w, h int) image.Rectangle { return e.bundle.Preprocess.Seen(w, h) }

// Tensor returns the input of the image tower for an upright sRGB picture without
// transparency: 3 planes (red, green, blue) of InputSize rows and columns.
func (e *Engine) Tensor(img *image.RGBA) []float32 { return e.bundle.Preprocess.Tensor(img) }

// EncodeImage returns the unit vector of a picture: Tensor, then EncodeTensor.
func (e *Engine) EncodeImage(ctx context.Context, img *image.RGBA) ([]float32, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return e.EncodeTensor(ctx, e.Tensor(img))
}

// EncodeTensor returns the unit vector of a picture from its Tensor. On the CPU it waits while
// as many pictures as Options.Threads are being encoded; on a device pictures that come at the
// same time are run together. A device that fails costs no picture: the CPU takes over. It
// returns the context's error when ctx ends, whether it waits or runs.
func (e *Engine) EncodeTensor(ctx context.Context, tensor []float32) ([]float32, error) {
	vector, _, err := e.EncodeBy(ctx, tensor)
	return vector, err
}

// EncodeBy is EncodeTensor, and names the provider that computed the vector: Provider may be
// another one when it returns.
func (e *Engine) EncodeBy(ctx context.Context, tensor []float32) (vector []float32, provider string, err error) {
	size := e.InputSize()
	if len(tensor) != 3*size*size {
		return nil, "", fmt.Errorf("encode a picture: the tensor has %d numbers, the model %s takes %d",
			len(tensor), e.Model(), 3*size*size)
	}
	vector, provider, err = e.vision.encode(ctx, tensor)
	vector, err = e.vector("encode a picture", vector, err)
	return vector, provider, err
}

// EncodeText returns the unit vector of a text of any length; what is beyond the model's
// context does not count. An empty text has a vector too, which means nothing.
func (e *Engine) EncodeText(ctx context.Context, text string) ([]float32, error) {
	ids, mask := e.bundle.Tokens(text)
	return e.EncodeTokens(ctx, ids, mask)
}

// EncodeTokens is EncodeText for the token numbers and the mask of a text, as
// bundle.Bundle.Tokens gives them.
func (e *Engine) EncodeTokens(ctx context.Context, ids, mask []int64) ([]float32, error) {
	inputs := make([]ort.Tensor, len(e.bundle.Text.Inputs))
	for i, in := range e.bundle.Text.Inputs {
		values := ids
		switch in.Role {
		case bundle.Mask:
			values = mask
		case bundle.Types:
			values = make([]int64, len(ids))
		case bundle.Positions:
			values = make([]int64, len(ids))
			for j := range values {
				values[j] = int64(j)
			}
		}
		inputs[i].Shape = []int64{1, int64(len(values))}
		if in.Elem == bundle.Int32 {
			inputs[i].Int32 = narrow(values)
		} else {
			inputs[i].Int64 = values
		}
	}
	text, err := e.text.get()
	if err != nil {
		return e.vector("encode a text", nil, err)
	}
	out, err := text.Run(ctx, inputs...)
	if err != nil {
		return e.vector("encode a text", nil, err)
	}
	return e.vector("encode a text", out[0].Data, nil)
}

func narrow(values []int64) []int32 {
	out := make([]int32, len(values))
	for i, v := range values {
		out[i] = int32(v)
	}
	return out
}

// vector makes what a tower gave a unit vector.
func (e *Engine) vector(doing string, v []float32, err error) ([]float32, error) {
	switch {
	case errors.Is(err, ErrNotRunning): // which says of what model
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s with the model %s: %w", doing, e.Model(), err)
	}
	if len(v) == 0 || e.dim > 0 && len(v) != e.dim {
		return nil, fmt.Errorf("%s with the model %s: it gave %d numbers instead of %d", doing, e.Model(), len(v), e.dim)
	}
	if err := normalize(v); err != nil {
		return nil, fmt.Errorf("%s with the model %s: %w", doing, e.Model(), err)
	}
	return v, nil
}

var errNumbers = errors.New("it gave numbers that are no direction (all zero, infinite or not numbers)")

// length is that of a vector; 0: it has no direction.
func length(v []float32) float64 {
	l := math.Sqrt(dot(v, v))
	if math.IsNaN(l) || math.IsInf(l, 0) || l < 1e-12 {
		return 0
	}
	return l
}

// normalize scales a vector to length 1 in place.
func normalize(v []float32) error {
	l := length(v)
	if l == 0 {
		return errNumbers
	}
	for i, x := range v {
		v[i] = float32(float64(x) / l)
	}
	return nil
}

// Close frees the model after the calls that are running have ended. Later calls fail.
func (e *Engine) Close() error {
	return errors.Join(e.vision.close(), e.text.close(), e.parts.close())
}
