package decode

import (
	"bytes"
	"image"
	"image/draw"
	"image/gif"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// decoder reads the header and the pixels of one format. decode is only called with data
// whose header config has accepted.
type decoder struct {
	config func(data []byte) (image.Config, error)
	decode func(data []byte) (*image.RGBA, error)
}

var decoders = map[string]decoder{
	PNG: {
		func(data []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (*image.RGBA, error) { return flat(png.Decode(bytes.NewReader(data))) },
	},
	GIF: {
		func(data []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(data)) },
		decodeGIF,
	},
	WebP: {
		func(data []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(data)) },
		decodeWebP,
	},
	TIFF: {
		func(data []byte) (image.Config, error) { return tiff.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (*image.RGBA, error) { return flat(tiff.Decode(bytes.NewReader(data))) },
	},
	// What these hold is decoded by Options.Codecs.
	HEIF: {config: heifConfig},
	AVIF: {config: heifConfig},
	JXL:  {config: jxlConfig},
	BMP: {
		func(data []byte) (image.Config, error) { return bmp.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (*image.RGBA, error) { return flat(bmp.Decode(bytes.NewReader(data))) },
	},
}

// decodeGIF decodes the first frame and lays it where it belongs on the canvas.
func decodeGIF(data []byte) (*image.RGBA, error) {
	cfg, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return overWhite(frame, image.Rect(0, 0, cfg.Width, cfg.Height)), nil
}

// flat takes the result of a decoder to opaque RGBA that starts at (0, 0).
func flat(src image.Image, err error) (*image.RGBA, error) {
	if err != nil {
		return nil, err
	}
	if m, ok := src.(*image.RGBA); ok && m.Rect.Min == (image.Point{}) && m.Stride == 4*m.Rect.Dx() && m.Opaque() {
		return m, nil
	}
	b := src.Bounds()
	if m, ok := src.(*image.NRGBA); ok && b.Min == (image.Point{}) && m.Stride == 4*b.Dx() {
		layOverWhite(m.Pix)
		return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}, nil
	}
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	white(dst)
	draw.Draw(dst, dst.Rect, src, b.Min, draw.Over)
	return dst, nil
}

// overWhite draws src, at its own place, on a white canvas.
func overWhite(src image.Image, canvas image.Rectangle) *image.RGBA {
	dst := image.NewRGBA(canvas)
	white(dst)
	draw.Draw(dst, src.Bounds().Intersect(canvas), src, src.Bounds().Intersect(canvas).Min, draw.Over)
	return dst
}

func white(m *image.RGBA) {
	for i := range m.Pix {
		m.Pix[i] = 255
	}
}

// layOverWhite makes non-premultiplied pixels opaque in place.
func layOverWhite(pix []byte) {
	for i := 0; i+3 < len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		a := uint32(p[3])
		if a == 255 {
			continue
		}
		for c := range 3 {
			p[c] = byte((uint32(p[c])*a + 255*(255-a) + 127) / 255)
		}
		p[3] = 255
	}
}
