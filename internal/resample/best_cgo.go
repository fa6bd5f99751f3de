//go:build cgo && !purejpeg

package resample

/*
#cgo CFLAGS: -O3
#include "resample.h"
*/
import "C"

import "unsafe"

var best passes = native(C.descry_resample_best())

// native does the passes in C, with the vector unit that the number stands for.
type native C.int

func (kind native) across(dst, src []byte, stride, rows int, t table) {
	quads := make([]int32, 4*len(t.weights))
	for i, w := range t.weights {
		q := quads[4*i : 4*i+4 : 4*i+4]
		q[0], q[1], q[2], q[3] = w, w, w, w
	}
	C.descry_resample_across(C.int(kind), octets(dst), octets(src), C.ptrdiff_t(stride), C.int(rows),
		numbers(t.first), numbers(t.end), numbers(quads), C.int(len(t.first)))
}

func (kind native) down(dst, src []byte, line int, t table) {
	C.descry_resample_down(C.int(kind), octets(dst), octets(src), C.int(line),
		numbers(t.first), numbers(t.end), numbers(t.weights), C.int(len(t.first)))
}

func octets(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

func numbers(v []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(v)) }

// every lists all ways of this build that this processor can run, for tests.
func every() map[string]passes {
	all := map[string]passes{"Go": plain{}}
	for kind, name := range map[C.int]string{
		C.DESCRY_PLAIN: "C", C.DESCRY_SSE41: "SSE4.1", C.DESCRY_AVX2: "AVX2", C.DESCRY_NEON: "NEON",
	} {
		if C.descry_resample_can(kind) == 1 {
			all[name] = native(kind)
		}
	}
	return all
}
