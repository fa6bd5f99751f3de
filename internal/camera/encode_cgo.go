//go:build cgo && !purejpeg

package camera

/*
#cgo pkg-config: libturbojpeg
#include <turbojpeg.h>

static int descry_camera_encode(const unsigned char *src, int width, int height, unsigned char *dst,
                                unsigned long *n, int subsampling, int quality, int progressive) {
  tjhandle h = tjInitCompress();
  if (!h) return -1;
  int rc = tjCompress2(h, src, width, 0, height, TJPF_RGBX, &dst, n, subsampling, quality,
                       TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT | (progressive ? TJFLAG_PROGRESSIVE : 0));
  tjDestroy(h);
  return rc;
}
*/
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

func encode(img *image.RGBA, k Kind, quality int) ([]byte, error) {
	w, h := C.int(img.Rect.Dx()), C.int(img.Rect.Dy())
	subsampling, progressive := C.int(C.TJSAMP_420), C.int(0)
	if k.Across {
		subsampling = C.TJSAMP_422
	}
	if k.Progressive {
		progressive = 1
	}
	n := C.tjBufSize(w, h, subsampling)
	buf := make([]byte, int(n))
	if C.descry_camera_encode((*C.uchar)(unsafe.SliceData(img.Pix)), w, h, (*C.uchar)(unsafe.SliceData(buf)), &n,
		subsampling, C.int(quality), progressive) != 0 {
		return nil, errors.New("libjpeg-turbo cannot encode it")
	}
	return buf[:int(n)], nil
}
