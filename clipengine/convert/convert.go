// Package convert makes int8 and float16 models of float32 ones, without any other program
// and without holding a model in memory: the graph is read, the weights go from file to file.
//
// Int8 is what ONNX Runtime's quantize_dynamic gives with signed weights, one scale for each
// channel and reduced range. Reduced range means whole numbers up to 64 rather than 127. On
// processors without VNNI the runtime adds two products of an activation (0 to 255) and a
// weight in 16 bits, which overflow and are cut off where weights are larger than 64; vectors
// would then depend on the processor. docs/performance.md has what both cost in precision.
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
	fail := func(err error) (Result, error) {
		return Result{}, fmt.Errorf("the model %s cannot be converted to %s: %w", plain(name), to, err)
	}
	m, err := open(fsys, name)
	if err != nil {
		return fail(err)
	}
	defer m.close()
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
		return fail(err)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if err := m.write(ctx, dir, target, limit, progress); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return Result{}, cause
		}
		return fail(err)
	}
	return result, nil
}
