// Package jpegcodec decodes and encodes 8-bit JPEG. With cgo it is a thin binding to
// libjpeg-turbo's TurboJPEG API (2.1 or newer; Debian's libturbojpeg0-dev); without cgo,
// or with the build tag purejpeg, it is image/jpeg.
//
// The two differ by rounding and by how chroma is interpolated; libjpeg-turbo gives what
// Pillow gives, which is what published CLIP models were trained on.
package jpegcodec

import "errors"

// ErrNothing says that no pixel could be decoded.
var ErrNothing = errors.New("no picture could be decoded")

// inkToRGB turns CMYK samples in pix (4 bytes a pixel) into opaque RGBA in place. Adobe's
// programs store ink inverted, 255 meaning no ink, and say so by their APP14 segment.
func inkToRGB(pix []byte, inverted bool) {
	for i := 0; i+3 < len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		c, m, y, k := uint32(p[0]), uint32(p[1]), uint32(p[2]), uint32(p[3])
		if !inverted {
			c, m, y, k = 255-c, 255-m, 255-y, 255-k
		}
		p[0] = byte((c*k + 127) / 255)
		p[1] = byte((m*k + 127) / 255)
		p[2] = byte((y*k + 127) / 255)
		p[3] = 255
	}
}
