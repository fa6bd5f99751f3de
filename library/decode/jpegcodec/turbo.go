//go:build cgo && !purejpeg

package jpegcodec

/*
#cgo pkg-config: libturbojpeg
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

// Both calls make and destroy their own handle, so that they need no locking, and copy
// the library's message before the handle goes. A positive result is a warning: the
// pixels are as good as the file allowed.
static int descry_decode(const unsigned char *src, unsigned long n, unsigned char *dst,
                         int width, int height, int format, char *msg, int msglen) {
  // The library takes the largest of its scales that fits width and height, which are
  // exactly those of the scale wanted.
  tjhandle h = tjInitDecompress();
  if (!h) {
    strncpy(msg, "libjpeg-turbo has no memory left", msglen - 1);
    return -1;
  }
  int rc = tjDecompress2(h, src, n, dst, width, 0, height, format,
                         TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS);
  if (rc) {
    strncpy(msg, tjGetErrorStr2(h), msglen - 1);
    rc = tjGetErrorCode(h) == TJERR_WARNING ? 1 : -1;
  }
  tjDestroy(h);
  return rc;
}

static int descry_encode(const unsigned char *src, int width, int stride, int height,
                         unsigned char *dst, unsigned long *n, int quality,
                         char *msg, int msglen) {
  tjhandle h = tjInitCompress();
  if (!h) {
    strncpy(msg, "libjpeg-turbo has no memory left", msglen - 1);
    return -1;
  }
  int rc = tjCompress2(h, src, width, stride, height, TJPF_RGBX, &dst, n, TJSAMP_420,
                       quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT);
  if (rc) strncpy(msg, tjGetErrorStr2(h), msglen - 1);
  tjDestroy(h);
  return rc;
}
*/
import "C"

import (
	"fmt"
	"image"
	"strings"
	"unsafe"

	"descry/library/decode/jpegseg"
)

// Name says which decoder this build uses.
const Name = "libjpeg-turbo"

const messageSize = 256

// Decode decodes a JPEG whose headers are f to opaque RGBA. minSide is the short side, in
// pixels, that the caller needs at least: the picture comes at the smallest scale of 1/8,
// 1/4, 1/2 and 1 whose short side is no shorter, sides rounded up, computed from as few of
// its DCT coefficients as that takes. 0 asks for full size. A non-empty warning says that
// the data was damaged or cut short and what could be decoded is there.
func Decode(data []byte, f jpegseg.Frame, minSide int) (img *image.RGBA, warning string, err error) {
	n := eighths(min(f.Width, f.Height), minSide)
	width, height := (f.Width*n+7)/8, (f.Height*n+7)/8
	img = image.NewRGBA(image.Rect(0, 0, width, height))
	format := C.int(C.TJPF_RGBA)
	if f.Components == 4 {
		format = C.TJPF_CMYK
	}
	var msg [messageSize]C.char
	rc := C.descry_decode((*C.uchar)(unsafe.Pointer(unsafe.SliceData(data))), C.ulong(len(data)),
		(*C.uchar)(unsafe.Pointer(unsafe.SliceData(img.Pix))), C.int(width), C.int(height),
		format, &msg[0], messageSize)
	if rc != 0 {
		text := sentence(C.GoString(&msg[0]))
		if rc < 0 {
			return nil, "", fmt.Errorf("%w: %s", ErrNothing, text)
		}
		if f.Components != 4 && !opaque(img.Pix) {
			return nil, "", fmt.Errorf("%w: %s", ErrNothing, text)
		}
		warning = text
	}
	if f.Components == 4 {
		inkToRGB(img.Pix, f.Adobe)
	}
	return img, warning, nil
}

// eighths returns the smallest scale, in eighths, that leaves at least least of side.
//
// libjpeg-turbo scales by every number of eighths, but has vector code for these only:
// each one between was measured to take longer than the next larger of these (12 MP,
// 4:2:0: 3/8 39 ms and 1/2 37 ms; 5/8 to 7/8 59 to 94 ms and full size 51 ms).
func eighths(side, least int) int {
	if least <= 0 {
		return 8
	}
	n := 1
	for n < 8 && (side*n+7)/8 < least {
		n *= 2
	}
	return n
}

// opaque makes every pixel opaque, and reports whether the first one was, that is whether
// any row was decoded before decoding stopped.
func opaque(pix []byte) bool {
	any := pix[3] != 0
	for i := 3; i < len(pix); i += 4 {
		pix[i] = 255
	}
	return any
}

// Encode encodes img, whose alpha is ignored, with chroma halved both ways. quality is
// 1 to 100.
func Encode(img *image.RGBA, quality int) ([]byte, error) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if w == 0 || h == 0 {
		return nil, fmt.Errorf("encoding a JPEG: the picture is %d × %d px", w, h)
	}
	n := C.tjBufSize(C.int(w), C.int(h), C.TJSAMP_420)
	if int64(n) <= 0 {
		return nil, fmt.Errorf("encoding a JPEG: %d × %d px is too large", w, h)
	}
	buf := make([]byte, int(n))
	var msg [messageSize]C.char
	rc := C.descry_encode((*C.uchar)(unsafe.Pointer(unsafe.SliceData(img.Pix))), C.int(w), C.int(img.Stride),
		C.int(h), (*C.uchar)(unsafe.Pointer(unsafe.SliceData(buf))), &n, C.int(quality), &msg[0], messageSize)
	if rc != 0 {
		return nil, fmt.Errorf("encoding a JPEG: %s", sentence(C.GoString(&msg[0])))
	}
	return buf[:int(n):int(n)], nil
}

// sentence takes the name of the C function off libjpeg-turbo's message.
func sentence(msg string) string {
	if _, rest, ok := strings.Cut(msg, "(): "); ok {
		return rest
	}
	return msg
}
