package vectors

import (
	"fmt"

	"descry/internal/float16"
)

// Pack returns v as float16, little endian: the form in which the store keeps vectors. A
// value is rounded to the nearest float16, a tie to the even one.
func Pack(v []float32) []byte {
	return float16.Append(make([]byte, 0, len(v)*float16.Size), v)
}

// PackInto appends v as float16, little endian, to dst and returns the extended slice.
func PackInto(dst []byte, v []float32) []byte { return float16.Append(dst, v) }

// Unpack returns the values that Pack packed.
func Unpack(data []byte) []float32 {
	v := make([]float32, len(data)/float16.Size)
	float16.Unpack(v, data)
	return v
}

// UnpackInto writes the values packed in data to dst, which must have room for exactly
// them.
func UnpackInto(dst []float32, data []byte) error {
	if len(data) != len(dst)*float16.Size {
		return fmt.Errorf("a packed vector of %d bytes does not hold %d values", len(data), len(dst))
	}
	float16.Unpack(dst, data)
	return nil
}
