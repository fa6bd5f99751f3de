//go:build !cgo || purejpeg

package camera

import (
	"image"

	"descry/library/decode/jpegcodec"
)

func encode(img *image.RGBA, _ Kind, quality int) ([]byte, error) {
	return jpegcodec.Encode(img, quality)
}
