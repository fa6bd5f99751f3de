// Package convert makes int8 and float16 models of float32 ones, without any other program
// and without holding a model in memory: the graph is read, the weights go from file to file.
//
// Int8 is what ONNX Runtime's quantize_dynamic makes with signed weights and a scale for each
// channel, with one difference. Processors without VNNI multiply two neighbouring weights of a
// column with two activations (0 to 255) and add both products in 16 bits, where they are cut
// off, so that vectors would depend on the processor. quantize_dynamic's answer, reduce_range,
// is weights up to 64 instead of 127, which loses a bit of all of them. Here only two neighbours
// together may not be larger than 128, and the scale of each column is the one of several with
// the least squared error. Measured with ONNX Runtime 1.30 on all-MiniLM-L6-v2 (24 texts, mean
// cosine distance to float32): 0.0045, with quantize_dynamic 0.0044, with its reduce_range
// 0.0051; between a processor with VNNI and one without (Haswell, emulated) quantize_dynamic's
// vectors differ by 0.0071 (at most 0.012), these and those of reduce_range by nothing. On
// ViT-B/32 with random weights and 24 photos: 0.00018, 0.00011 and 0.00025.
//
// An int8 model takes pictures one at a time: the activations of all pictures of a batch have
// one scale, so that a vector would depend on its neighbours.
package convert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Precision is what a model is converted to.
type Precision string

// The precisions that models can be converted to.
const (
	Int8    Precision = "int8"
	Float16 Precision = "fp16"
)

// Result says how much of a model was converted.
type Result struct {
	// Weights is the number of float32 weights there were, Converted how many of them are
	// stored in the new precision.
	Weights, Converted int64
}

// Model converts the float32 model in the file name of fsys and writes it to the file target
// of dir, with a file of weights beside it where it is larger than a model file can be.
// progress is told how many bytes were written of how many; it may be nil. The error says in
// one sentence why a model cannot be converted; nothing is left in dir then.
func Model(ctx context.Context, fsys fs.FS, name string, dir *os.Root, target string, to Precision, progress func(done, total int64)) (Result, error) {
	return convert(ctx, fsys, name, dir, target, to, maxInline, progress)
}

func convert(ctx context.Context, fsys fs.FS, name string, dir *os.Root, target string, to Precision, limit int64, progress func(done, total int64)) (Result, error) {
	m, result, err := prepare(fsys, name, to)
	if err != nil {
		return Result{}, err
	}
	defer m.close()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if err := m.write(ctx, dir, target, limit, progress); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return Result{}, cause
		}
		return Result{}, refusal(name, to, err)
	}
	return result, nil
}

// prepare reads a model and changes its graph; the weights follow when it is written.
func prepare(fsys fs.FS, name string, to Precision) (*model, Result, error) {
	m, err := open(fsys, name)
	if err != nil {
		return nil, Result{}, refusal(name, to, err)
	}
	var result Result
	switch to {
	case Int8:
		result, err = m.quantize()
	case Float16:
		result, err = m.halve()
	default:
		err = errors.New("that precision is not known")
	}
	if err == nil && len(m.nodes) == 0 {
		err = fmt.Errorf("%w: nothing is computed in it", errBroken)
	}
	if err != nil {
		m.close()
		return nil, Result{}, refusal(name, to, err)
	}
	return m, result, nil
}

// errNothing says that a conversion leaves a model as it is.
var errNothing = errors.New("it would change nothing")

func refusal(name string, to Precision, err error) error {
	return fmt.Errorf("the model file %s cannot be converted to %s: %w", plain(name), to, err)
}
