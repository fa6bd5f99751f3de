package vectors

import (
	"encoding/binary"
	"math"
)

// Vectors stay float16 in memory, half the size of float32. A float16 becomes a float32
// by moving its bits: sign to the top, exponent and fraction below it. The result is too
// small by 2^112, the difference of the two exponent biases, exactly, and also for
// subnormal numbers; so the query is multiplied by 2^112 once instead of each number.
// Infinities and NaN do not come out right, but no unit vector holds any.

// rebias makes up for the difference of the exponent biases of float16 and float32.
const rebias = 1 << 112

// widen gives the float32 whose value is that of the float16 h divided by 2^112. Bits 28
// to 30 are copies of the sign after the shift and are cleared.
func widen(h uint16) float32 {
	return math.Float32frombits(uint32(int32(int16(h))<<13) & 0x8fffe000)
}

// scaled returns q multiplied by 2^112, ready for dot.
func scaled(q []float32) []float32 {
	s := make([]float32, len(q))
	for i, v := range q {
		s[i] = v * rebias
	}
	return s
}

// dot is the inner product of a query from scaled and a float16 vector of its length. The
// order of the additions depends on the length only, so the same two vectors always give
// the same result.
func dot(q []float32, row []uint16) float32 {
	row = row[:len(q)]
	var a, b, c, d float32
	i := 0
	for ; i+8 <= len(q); i += 8 {
		x, y := q[i:i+8:i+8], row[i:i+8:i+8]
		a += x[0]*widen(y[0]) + x[4]*widen(y[4])
		b += x[1]*widen(y[1]) + x[5]*widen(y[5])
		c += x[2]*widen(y[2]) + x[6]*widen(y[6])
		d += x[3]*widen(y[3]) + x[7]*widen(y[7])
	}
	for ; i < len(q); i++ {
		a += q[i] * widen(row[i])
	}
	return (a + b) + (c + d)
}

// appendRow appends the float16 numbers of a stored vector, little endian.
func appendRow(dst []uint16, data []byte) []uint16 {
	for i := 0; i+2 <= len(data); i += 2 {
		dst = append(dst, binary.LittleEndian.Uint16(data[i:]))
	}
	return dst
}
