//go:build !cgo || purejpeg

package jpegcodec

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io"

	"descry/library/decode/jpegseg"
)

// Name says which decoder this build uses.
const Name = "image/jpeg"

// Decode decodes a JPEG whose headers are f to opaque RGBA at full size. minSide is the
// short side that the caller needs at least, 0 for full size; this decoder always
// decodes at full size. A non-empty warning says that the file was cut short and what
// could be decoded is there. Unlike libjpeg-turbo it cannot go on after damage within the
// file, nor after a cut in a file with restart markers.
func Decode(data []byte, f jpegseg.Frame, minSide int) (img *image.RGBA, warning string, err error) {
	if f.Components == 4 && !f.Adobe {
		data = withAdobe(data)
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil && cut(data) {
		// A block takes at most 64 codes of 16 + 11 bits; zero bits decode to short ones.
		blocks := int64(f.Width/8+2) * int64(f.Height/8+2) * int64(f.Components)
		src, err = jpeg.Decode(io.MultiReader(bytes.NewReader(data), &filler{zeros: blocks * 32}))
		warning = "the file ends too early"
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s", ErrNothing, err)
	}
	img = image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	if cmyk, ok := src.(*image.CMYK); ok {
		for y := range f.Height {
			copy(img.Pix[y*img.Stride:][:4*f.Width], cmyk.Pix[y*cmyk.Stride:])
		}
		// image/jpeg has undone Adobe's inversion, which a file without Adobe's segment
		// does not have.
		inkToRGB(img.Pix, !f.Adobe)
		return img, warning, nil
	}
	draw.Draw(img, img.Rect, src, src.Bounds().Min, draw.Src)
	return img, warning, nil
}

// Encode encodes img, whose alpha is ignored, with chroma halved both ways. quality is
// 1 to 100.
func Encode(img *image.RGBA, quality int) ([]byte, error) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encoding a JPEG: %w", err)
	}
	return buf.Bytes(), nil
}

// cut reports whether the file ends before its end-of-image marker.
func cut(data []byte) bool {
	_, err := jpegseg.Walk(data, func(jpegseg.Segment) bool { return true })
	return errors.Is(err, jpegseg.ErrTruncated)
}

// withAdobe puts an Adobe segment behind the start-of-image marker, without which
// image/jpeg refuses four components.
func withAdobe(data []byte) []byte {
	const app14 = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	out := make([]byte, 0, len(data)+len(app14))
	out = append(out, data[:2]...)
	out = append(out, app14...)
	return append(out, data[2:]...)
}

// filler stands in for what was cut off: zero bits, then end-of-image markers.
type filler struct{ zeros, pos int64 }

func (f *filler) Read(p []byte) (int, error) {
	for i := range p {
		switch {
		case f.pos < f.zeros:
			p[i] = 0
		case (f.pos-f.zeros)%2 == 0:
			p[i] = 0xFF
		default:
			p[i] = jpegseg.EOI
		}
		f.pos++
		if f.pos > f.zeros+1024 {
			return i, io.EOF
		}
	}
	return len(p), nil
}
