// Package float16 packs float32 values as IEEE 754 half-precision floats, the form in which
// vectors are stored.
package float16

import (
	"encoding/binary"
	"math"
)

// Size is the number of bytes that one value takes when packed.
const Size = 2

// Bits returns the half-precision float nearest to f; a tie goes to the even one. Values
// beyond the range become infinite, NaN stays NaN (quiet, payload cut).
func Bits(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	exp := int(b>>23) & 0xff
	frac := b & 0x7fffff
	switch {
	case exp == 0xff && frac != 0:
		return sign | 0x7e00 | uint16(frac>>13)
	case exp > 127+15: // infinite, or at least 65536
		return sign | 0x7c00
	case exp >= 127-14:
		// A carry out of the fraction rightly raises the exponent, up to infinity.
		return sign | uint16(round(uint32(exp-(127-15))<<23|frac, 13))
	case exp >= 127-25:
		// Subnormal: units of 2^-24.
		return sign | uint16(round(frac|0x800000, uint(126-exp)))
	}
	return sign
}

// round shifts v right by n bits (1 to 31), to the nearest value, ties to even.
func round(v uint32, n uint) uint32 {
	half := uint32(1) << (n - 1)
	rest := v & (half<<1 - 1)
	v >>= n
	if rest > half || (rest == half && v&1 == 1) {
		v++
	}
	return v
}

// Value returns the float32 that equals the half-precision float with the given bits.
func Value(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h & 0x3ff)
	switch exp {
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case 0:
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// Append appends the packed values (little endian) to dst.
func Append(dst []byte, v []float32) []byte {
	for _, f := range v {
		dst = binary.LittleEndian.AppendUint16(dst, Bits(f))
	}
	return dst
}

// Unpack writes the values packed in data to dst and returns how many: the smaller of
// len(dst) and len(data)/2.
func Unpack(dst []float32, data []byte) int {
	n := min(len(dst), len(data)/Size)
	data = data[:n*Size]
	for i := range dst[:n] {
		dst[i] = Value(binary.LittleEndian.Uint16(data[i*Size:]))
	}
	return n
}
