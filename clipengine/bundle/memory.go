package bundle

import "math"

// How much memory models take, as measured with ONNX Runtime 1.30.0 on RN50, RN50x64, ViT-B/32,
// ViT-L/14, ViT-L/14@336px and the starter model (docs/models.md): once loaded, 1.01 to 1.05 times
// their weights in the type in which a CPU computes. For each picture, 100 (ViT-B/32) to 530 bytes
// (ViT-L/14@336px) for each of its pixels, most of it for the attention and the first layers.
const (
	// SessionMemory is what a tower takes while it is loaded besides its weights, in bytes.
	SessionMemory = 8 << 20
	// activations is what a picture takes, in bytes for each of its pixels, for a model of a
	// million weights in the image tower; it grows with the root of that.
	activations = 40
)

// PictureMemory is what a picture takes while it is encoded, in bytes, by an image tower of so
// many million weights that looks at size pixels a side.
func PictureMemory(millions float64, size int) int64 {
	return int64(activations * math.Sqrt(millions) * float64(size*size))
}
