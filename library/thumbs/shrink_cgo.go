//go:build cgo && !purejpeg

package thumbs

import (
	"image"

	"descry/internal/resample"
)

// shrink scales img to w × h pixels.
func shrink(img *image.RGBA, w, h int) *image.RGBA {
	return resample.RGBA(img, resample.Whole(img.Rect.Dx(), w), resample.Whole(img.Rect.Dy(), h), resample.Bicubic)
}
