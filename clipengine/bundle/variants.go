package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Precision is the type of a model's weights.
type Precision string

// The precisions that are chosen between.
const (
	Float32Weights Precision = "fp32"
	Float16Weights Precision = "fp16"
	Int8Weights    Precision = "int8"
)

// ErrNoVariant says that a folder has its model in other precisions only.
var ErrNoVariant = errors.New("it has no variant of the precision")

// order is the order in which variants of a transformers.js model are chosen where nobody
// says which: fp32 is what the model's quality was measured with. Of the others int8 is the
// fastest on CPUs; 4 bits lose most.
var order = []string{"", "_int8", "_quantized", "_uint8", "_fp16", "_q4", "_q4f16", "_bnb4"}

// imageOrder and textOrder are the variants that are taken for a precision. Texts are encoded
// on the CPU, where half precision is slower than float32, so a model in half precision for a
// GPU goes with the float32 text tower; whole numbers go with whatever there is.
var (
	imageOrder = map[Precision][]string{
		"": order, Float32Weights: {""}, Float16Weights: {"_fp16", ""}, Int8Weights: {"_int8", "_quantized", "_uint8", ""},
	}
	textOrder = map[Precision][]string{
		"": order, Float32Weights: order, Float16Weights: order,
		Int8Weights: {"_int8", "_quantized", "_uint8", "", "_fp16", "_q4", "_q4f16", "_bnb4"},
	}
)

// suffixes says what the names of variants mean.
var suffixes = map[string]Precision{
	"": Float32Weights, "_int8": Int8Weights, "_quantized": Int8Weights, "_uint8": Int8Weights, "_fp16": Float16Weights,
}

// variant returns the path of a tower in the first of some variants that is there.
func (f files) variant(dir, tower string, wanted []string) (string, error) {
	have := f.variants(dir, tower)
	for _, suffix := range wanted {
		if slices.Contains(have, suffix) {
			return path.Join(dir, tower+suffix+".onnx"), nil
		}
	}
	if len(have) > 0 {
		return "", fmt.Errorf("%w that is wanted, only %s%s.onnx", ErrNoVariant, tower, have[0])
	}
	return "", fmt.Errorf("it lacks the file %s", path.Join(dir, tower+".onnx"))
}

// precisions lists what variants mean, each once.
func precisions(variants []string) []Precision {
	var list []Precision
	for _, v := range variants {
		if p := suffixes[v]; p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// Fitting returns the precision that suits an execution provider ("" is the CPU): whole
// numbers on CPUs, where they are two to three times as fast as float32; half precision on
// GPUs, where whole numbers are slower. It is the first of these, and then float32, that is
// among those there are, and "" where none is.
func Fitting(provider string, have []Precision) Precision {
	wanted := []Precision{Float16Weights, Float32Weights, Int8Weights}
	if provider == "" || provider == "cpu" || provider == "xnnpack" {
		wanted = []Precision{Int8Weights, Float32Weights, Float16Weights}
	}
	for _, p := range wanted {
		if slices.Contains(have, p) {
			return p
		}
	}
	return ""
}

// Precision is the type that holds most weights of the tower.
func (t Tower) Precision() Precision { return Precision(t.weights) }

// Name returns the path of the model file within the bundle, with "/" between folders.
func (t Tower) Name() string { return t.name }

// Use calls fn with the files of the bundle; no name in them leads out of it.
func (b *Bundle) Use(fn func(fs.FS) error) error { return b.source.use(fn) }

// TowerFiles lists the files of the image tower and of the text tower, each the model file
// and then what lies beside it.
func (b *Bundle) TowerFiles() [2][]string { return [2][]string{b.Vision.files(), b.Text.files()} }
