//go:build !cgo || purejpeg

package camera

import (
	"bytes"
	"image"
	"image/jpeg"
)

func encode(img *image.RGBA, _ Kind, quality int) ([]byte, error) {
	var buf bytes.Buffer
	err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality})
	return buf.Bytes(), err
}
