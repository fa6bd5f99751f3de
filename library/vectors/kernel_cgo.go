//go:build cgo && !purego

package vectors

/*
#cgo CFLAGS: -O3
#include "kernel.h"
*/
import "C"

import "unsafe"

func bestKernel() kernel { return native(C.descry_vectors_best()) }

// native is the kernel in C, with the vector unit that the number stands for.
type native C.int

func (kind native) near(dst []float32, rows []int8, query []int16, base, step float64, admit []uint64) {
	C.descry_vectors_near(C.int(kind), (*C.float)(unsafe.SliceData(dst)), (*C.int8_t)(unsafe.SliceData(rows)), C.int(len(query)),
		C.int(len(dst)), (*C.int16_t)(unsafe.SliceData(query)), C.double(base), C.double(step), (*C.uint64_t)(unsafe.SliceData(admit)))
}

func (kind native) exact(dst []float32, data []uint16, rows []int32, q []float64) {
	C.descry_vectors_exact(C.int(kind), (*C.float)(unsafe.SliceData(dst)), (*C.uint16_t)(unsafe.SliceData(data)), C.int(len(q)),
		(*C.int32_t)(unsafe.SliceData(rows)), C.int(len(dst)), (*C.double)(unsafe.SliceData(q)))
}

func (kind native) products(dst []int32, a, b []int16, stride int) {
	C.descry_vectors_products(C.int(kind), (*C.int32_t)(unsafe.SliceData(dst)), (*C.int16_t)(unsafe.SliceData(a)), C.int(len(a)/stride),
		(*C.int16_t)(unsafe.SliceData(b)), C.int(len(b)/stride), C.int(stride))
}

func (kind native) read(data []int8) uint64 {
	return uint64(C.descry_vectors_read(C.int(kind), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data))))
}

// kernels lists all ways of this build that this processor can run, for tests.
func kernels() map[string]kernel {
	all := map[string]kernel{"Go": plain{}}
	for kind, name := range map[C.int]string{
		C.DESCRY_PLAIN: "C", C.DESCRY_AVX2: "AVX2", C.DESCRY_AVX512: "AVX-512", C.DESCRY_VNNI: "AVX-512 VNNI", C.DESCRY_NEON: "NEON",
	} {
		if C.descry_vectors_can(kind) == 1 {
			all[name] = native(kind)
		}
	}
	return all
}
