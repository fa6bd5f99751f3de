package catalogue

import "descry/clipengine/bundle"

// StarterGFLOPs is what the starter model costs for one picture, as operations that a float32
// transformer does in the same time on one core of a CPU: it looks at 46.1 pictures a second
// where ViT-B/32 (8.82 GFLOPs) looks at 9.96.
const StarterGFLOPs = 8.82 * 9.96 / 46.1

// int8Speed is how many times as fast int8 weights are on CPUs; 2.1 to 3.5 were measured.
const int8Speed = 3

// PhotosPerSecond estimates how many pictures a second the model looks at where a model of
// other operations looks at rate pictures a second in float32, or as fast as that. Time is
// taken to grow with the operations alone. On the machine on which the models for Immich were
// timed that is off by up to a factor of two: small models are slower than their operations
// say. 0 stands for not known.
func (m Model) PhotosPerSecond(p Precision, gflops, rate float64) float64 {
	if m.GFLOPs == 0 || gflops == 0 || rate == 0 {
		return 0
	}
	r := rate * gflops / m.GFLOPs
	if p == INT8 {
		r *= int8Speed
	}
	return r
}

// MemoryMiB estimates the memory that the model takes on a CPU with one picture at a time, besides
// the program, in MiB: both towers' weights in the type in which a CPU computes, which is single
// for half precision, and what a picture takes. clipengine.NeedOf says the same of a model that is
// at hand, from its files.
func (m Model) MemoryMiB(p Precision) int {
	bytes := map[Precision]float64{FP32: 4, FP16: 4, INT8: 1}[p]
	weights := (m.ImageParams + m.TextParams) * bytes * 1e6
	picture := bundle.PictureMemory(m.ImageParams, m.InputSize)
	return (2*bundle.SessionMemory + int(weights) + int(picture)) >> 20
}

// Download returns how many bytes the model takes on disk and to download in a precision, and
// whether that is known or estimated from the number of its weights.
func (m Model) Download(p Precision) (bytes int64, exact bool) {
	exact = !m.MoreFiles()
	for _, f := range m.FilesIn(p) {
		bytes += f.Bytes
		if _, _, tower := towerFile(f.Path); tower && f.Bytes == 0 {
			exact = false
		}
	}
	if exact && m.Published() {
		return bytes, true
	}
	each := map[Precision]float64{FP32: 4, FP16: 2, INT8: 1}[p]
	return int64((m.ImageParams + m.TextParams) * each * 1e6), false
}

// MadeBytes estimates how many bytes the model takes on disk that is made of the float32 one
// here: in int8 a byte for each weight and a tenth more for what stays float32, in fp16 two for
// each of the image tower's.
func (m Model) MadeBytes(p Precision) int64 {
	if p == INT8 {
		return int64((m.ImageParams + m.TextParams) * 1.1e6)
	}
	return int64((2*m.ImageParams + 4*m.TextParams) * 1e6)
}
