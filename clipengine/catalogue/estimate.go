package catalogue

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

// What MemoryMiB adds to weights.
const (
	runtimeMiB       = 400 // the program, the runtime and its buffers
	transformerMiB   = 1   // for each GFLOP of a transformer: what is between its layers
	convolutionalMiB = 4.5 // the same for a ResNet or ConvNeXt, which have larger pictures there
	largeTable       = 100 // millions of weights: a table of more is one of many languages
)

// MemoryMiB estimates the memory that both towers take while pictures and queries are looked
// at, in MiB: a fixed part, the weights, and a part that grows with the operations of a
// picture. A text tower with the tokens of many languages counts twice where it fits into one
// file, since the runtime keeps what it read; where its weights lie beside, the table of tokens
// does not count, since the system reads only the rows that are used. The figures were fitted to
// those published for Immich, from which they differ by a quarter at most (catalogue_test.go).
func (m Model) MemoryMiB(p Precision) int {
	bytes := map[Precision]float64{FP32: 4, FP16: 2, INT8: 1}[p]
	const mi = 1e6 / (1 << 20)
	perGFLOP := float64(transformerMiB)
	if m.Convolutional {
		perGFLOP = convolutionalMiB
	}
	weights := (m.ImageParams + m.TextParams) * bytes * mi
	switch beside := m.TextParams*bytes*1e6 > 2<<30; {
	case m.Table < largeTable:
	case beside:
		weights -= m.Table * bytes * mi
	default:
		weights += m.TextParams * bytes * mi
	}
	return int(runtimeMiB + weights + perGFLOP*m.GFLOPs)
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
