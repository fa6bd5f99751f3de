package clipengine

import (
	"math"

	"descry/clipengine/bundle"
)

// Need is the memory that a model takes on a CPU, in bytes, besides that of the program.
type Need struct {
	// Weights is held while the model is loaded.
	Weights int64
	// Loading is held in addition while it is being loaded.
	Loading int64
	// Run is held in addition for each picture that is encoded at the same time.
	Run int64
}

// Total is what a model takes that looks at so many pictures at the same time.
func (n Need) Total(pictures int) int64 { return n.Weights + int64(pictures)*n.Run }

// How much memory models take, as measured with ONNX Runtime 1.30.0 on RN50, RN50x64, ViT-B/32,
// ViT-L/14, ViT-L/14@336px and the starter model: once loaded, 1.01 to 1.05 times their weights in
// the type in which a CPU computes; while being loaded, up to 1.1 times the file more, since a
// model file is held until its weights are in the order in which they are computed with, where
// external data is mapped. For each picture, 100 (ViT-B/32) to 530 bytes (ViT-L/14@336px) for each
// of its pixels, most of it for the attention and the first layers.
const (
	sessionBytes = 8 << 20 // a session without its weights
	// activations is what a picture takes, in bytes for each of its pixels, for a model of a
	// million weights in the image tower; it grows with the root of that.
	activations = 40
)

// NeedOf estimates the memory that a bundle takes. Error: one of its files is gone.
func NeedOf(b *bundle.Bundle) (Need, error) {
	var n Need
	for i, t := range []bundle.Tower{b.Vision, b.Text} {
		model, external, err := t.Size()
		if err != nil {
			return Need{}, err
		}
		stored, held := t.WeightBits()
		n.Weights += sessionBytes + (model+external)*int64(held)/int64(stored)
		loading := model + model/10
		if t.File() == "" { // it is read into memory first
			loading += model
		}
		n.Loading = max(n.Loading, loading) // the towers are loaded one after the other
		if i == 0 {
			millions := float64(model+external) * 8 / float64(stored) / 1e6
			n.Run = int64(activations * math.Sqrt(millions) * float64(b.Preprocess.Size*b.Preprocess.Size))
		}
	}
	return n, nil
}
