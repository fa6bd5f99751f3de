package vectors

import "descry/internal/float16"

// Pack returns v as float16, little endian: the form in which the store keeps vectors. A
// value is rounded to the nearest float16, a tie to the even one.
func Pack(v []float32) []byte {
	return float16.Append(make([]byte, 0, len(v)*float16.Size), v)
}

// Unpack returns the values that Pack packed.
func Unpack(data []byte) []float32 {
	v := make([]float32, len(data)/float16.Size)
	float16.Unpack(v, data)
	return v
}
