package vectors

import (
	"math"

	"descry/internal/float16"
)

// kernel is the loops over vectors that cost time, in one of the ways to do them: C with
// AVX-512 VNNI, AVX-512, AVX2 or NEON, whichever the processor has, and Go where the build
// has no cgo or the tag purego.
//
// All ways give the same bits. near and products add integers, whose sums never overflow, so
// that their order does not matter; the step of near is a power of two, so that it takes one
// rounding, whether multiplication and addition are fused or not. exact multiplies float32 by
// float16 in float64, which is exact, and adds in 16 lanes that are folded in halves.
type kernel interface {
	// near puts base + step × (row · query) into dst for each of its rows; -infinity for rows
	// without a bit in admit, unless that is nil. A row is as long as query, a multiple of 64.
	near(dst []float32, rows []int8, query []int16, base, step float64, admit []uint64)
	// exact puts q · row into dst for each of the rows, which are as long as q, a multiple of
	// 16; rows nil means the first len(dst) ones.
	exact(dst []float32, data []uint16, rows []int32, q []float64)
	// products puts the inner product of each row of a and each of b into dst, all those of
	// the first row of a first. Rows are stride numbers long, a multiple of 32.
	products(dst []int32, a, b []int16, stride int)
	// read reads bytes, a multiple of 256, and makes something of them all: the least that
	// looking at them can take.
	read(data []int8) uint64
}

// plain is the kernel in Go.
type plain struct{}

func (plain) near(dst []float32, rows []int8, query []int16, base, step float64, admit []uint64) {
	n := len(query)
	for i := range dst {
		if admit != nil && admit[i/64]>>(i%64)&1 == 0 {
			dst[i] = float32(math.Inf(-1))
			continue
		}
		row := rows[i*n:][:n]
		var a, b int32
		for k := 0; k < n; k += 4 {
			x, y := row[k:k+4:k+4], query[k:k+4:k+4]
			a += int32(x[0])*int32(y[0]) + int32(x[1])*int32(y[1])
			b += int32(x[2])*int32(y[2]) + int32(x[3])*int32(y[3])
		}
		dst[i] = float32(base + step*float64(a+b))
	}
}

func (plain) exact(dst []float32, data []uint16, rows []int32, q []float64) {
	for i := range dst {
		row := data[i*len(q):]
		if rows != nil {
			row = data[int(rows[i])*len(q):]
		}
		row = row[:len(q)]
		var a [16]float64
		for k := 0; k < len(q); k += 16 {
			x, y := row[k:k+16:k+16], q[k:k+16:k+16]
			for l := range a {
				a[l] += y[l] * float64(float16.Value(x[l]))
			}
		}
		for l := range 8 {
			a[l] += a[l+8]
		}
		for l := range 4 {
			a[l] += a[l+4]
		}
		dst[i] = float32((a[0] + a[2]) + (a[1] + a[3]))
	}
}

func (plain) products(dst []int32, a, b []int16, stride int) {
	n := 0
	for ; len(a) >= stride; a = a[stride:] {
		for rest := b; len(rest) >= stride; rest = rest[stride:] {
			x, y := a[:stride], rest[:stride]
			var sum int32
			for k, v := range x {
				sum += int32(v) * int32(y[k])
			}
			dst[n] = sum
			n++
		}
	}
}

func (plain) read(data []int8) uint64 {
	var sum uint64
	for _, v := range data {
		sum = sum<<1 ^ sum>>63 ^ uint64(uint8(v))
	}
	return sum
}
