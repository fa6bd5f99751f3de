//go:build cgo && unix

package codec

/*
#cgo CFLAGS: -std=gnu11 -Wall
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"runtime"
	"unsafe"

	"descry/library/decode"
)

// binding calls one of the C libraries.
type binding int

// The C libraries; libheif with one decoder or the other.
const (
	libheif binding = iota
	libheifAV1
	libavif
	libjxl
)

// candidates are the libraries that may decode a format, the best first.
func candidates(format string) []decoder {
	switch format {
	case decode.HEIF:
		// Most hold HEVC, and some AV1 under a name that does not tell.
		return []decoder{libheif, builtIn{}, libheifAV1}
	case decode.AVIF:
		return []decoder{libavif, libheifAV1}
	case decode.JXL:
		return []decoder{libjxl}
	}
	return nil
}

func (b binding) name() string {
	return [...]string{"libheif", "libheif", "libavif", "libjxl"}[b]
}

// version loads the library and returns its version, "" where it is not there or cannot
// decode what it is asked for.
func (b binding) version() string {
	var text [64]C.char
	ok := C.int(0)
	switch b {
	case libheif, libheifAV1:
		ok = C.codec_heif_load(&text[0], C.size_t(len(text)))
		if ok != 0 {
			av1 := C.int(0)
			if b == libheifAV1 {
				av1 = 1
			}
			ok = C.codec_heif_decodes(av1)
		}
	case libavif:
		ok = C.codec_avif_load(&text[0], C.size_t(len(text)))
	case libjxl:
		ok = C.codec_jxl_load(&text[0], C.size_t(len(text)))
	}
	if ok == 0 {
		return ""
	}
	return C.GoString(&text[0])
}

// decode decodes a picture as its library gives it. The library has to be loaded.
func (b binding) decode(data []byte, maxPixels int64) (decoded, error) {
	p := new(C.codec_picture)
	pointer, size, most := (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(data))), C.size_t(len(data)), C.uint64_t(maxPixels)
	switch b {
	case libheif, libheifAV1:
		C.codec_heif_decode(pointer, size, most, p)
	case libavif:
		C.codec_avif_decode(pointer, size, most, p)
	case libjxl:
		C.codec_jxl_decode(pointer, size, most, p)
	}
	runtime.KeepAlive(data)
	if p.error != 0 {
		f := &fault{kind: byte(p.error), text: C.GoString(&p.message[0])}
		C.codec_free(p)
		return decoded{}, f
	}
	d := decoded{
		width: int(p.width), height: int(p.height), stride: int(p.stride),
		premultiplied: p.premultiplied != 0, asCoded: b == libavif,
		primaries: uint16(p.primaries), transfer: uint16(p.transfer),
		free: func() { C.codec_free(p) },
	}
	if p.profile_size > 0 {
		d.profile = C.GoBytes(unsafe.Pointer(p.profile), C.int(p.profile_size))
	}
	d.pix = unsafe.Slice((*byte)(unsafe.Pointer(p.pixels)), int(p.stride)*(d.height-1)+4*d.width)
	return d, nil
}
