package decode

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"

	"golang.org/x/image/webp"

	"descry/internal/container"
	"descry/library/decode/cicp"
	"descry/library/decode/icc"
)

// picture is what a decoder gives.
type picture struct {
	img      *image.NRGBA // as stored; starts at (0, 0), without gaps between rows
	profile  []byte       // ICC profile of its colours; nil: sRGB
	adobeRGB bool         // without a profile: they are Adobe RGB
	warnings []string     // one sentence each
}

// flat takes the colours to sRGB and lays what is see-through over white. A profile that
// cannot be applied (one for inks, or damaged) leaves the colours as they are.
func (p picture) flat() *image.RGBA {
	switch {
	case p.profile != nil:
		if t, err := icc.New(p.profile); err == nil {
			t.Apply(p.img.Pix)
		}
	case p.adobeRGB:
		icc.AdobeRGB().Apply(p.img.Pix)
	}
	layOverWhite(p.img.Pix)
	return &image.RGBA{Pix: p.img.Pix, Stride: p.img.Stride, Rect: p.img.Rect}
}

// decoder reads the header and the pixels of one format. decode is only called with data
// whose header config has accepted.
type decoder struct {
	config func(data []byte) (image.Config, error)
	decode func(ctx context.Context, data []byte, o Options) (picture, error)
}

var decoders = map[string]decoder{
	JPEG: {configJPEG, decodeJPEG},
	PNG: {
		func(data []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(data)) },
		decodePNG,
	},
	GIF: {
		func(data []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(data)) },
		decodeGIF,
	},
	WebP: {
		func(data []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(data)) },
		decodeWebP,
	},
	TIFF: {configTIFF, decodeTIFF},
	PSD:  {configPSD, decodePSD},
	// What these hold is decoded by Options.Codecs.
	HEIF: {config: heifConfig},
	AVIF: {config: heifConfig},
	JXL:  {config: jxlConfig},
	BMP:  {configBMP, decodeBMP},
	CR2:  rawDecoder(CR2), CR3: rawDecoder(CR3), NEF: rawDecoder(NEF), ARW: rawDecoder(ARW), DNG: rawDecoder(DNG),
	RAF: rawDecoder(RAF), ORF: rawDecoder(ORF), RW2: rawDecoder(RW2), PEF: rawDecoder(PEF), SRW: rawDecoder(SRW),
}

// decodePNG decodes a still, or of an animation the picture that programs without
// animation show.
func decodePNG(_ context.Context, data []byte, _ Options) (picture, error) {
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return picture{}, err
	}
	p := picture{img: nrgba(m), profile: Profile(PNG, data)}
	// Numbers for the colours go before a profile (PNG, third edition, 4.3).
	_ = container.PNG(data, func(kind string, body []byte) bool {
		if kind == "cICP" && len(body) == 4 {
			cicp.ToSRGB(p.img.Pix, uint16(body[0]), uint16(body[1]))
			p.profile = nil
		}
		return kind != "cICP" && kind != "IDAT"
	})
	return p, nil
}

// decodeGIF decodes the first frame and lays it where it belongs on the canvas.
func decodeGIF(_ context.Context, data []byte, _ Options) (picture, error) {
	cfg, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return picture{}, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return picture{}, err
	}
	return picture{img: onCanvas(frame, image.Rect(0, 0, cfg.Width, cfg.Height))}, nil
}

// onCanvas draws src, at its own place, on a see-through canvas.
func onCanvas(src image.Image, canvas image.Rectangle) *image.NRGBA {
	if src.Bounds() == canvas {
		return nrgba(src)
	}
	dst := image.NewNRGBA(canvas)
	place := src.Bounds().Intersect(canvas)
	draw.Draw(dst, place, src, place.Min, draw.Src)
	return dst
}

// nrgba takes the result of a decoder to 8 bits a sample, starting at (0, 0) and without
// gaps between rows. It may keep src's pixels.
func nrgba(src image.Image) *image.NRGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	whole := image.Rect(0, 0, w, h)
	switch m := src.(type) {
	case *image.NRGBA:
		if m.Stride == 4*w {
			return &image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: whole}
		}
	case *image.RGBA:
		if m.Stride == 4*w && m.Opaque() {
			return &image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: whole}
		}
	}
	dst := image.NewNRGBA(whole)
	switch m := src.(type) {
	case *image.YCbCr, *image.Gray, *image.CMYK:
		// Opaque ones, which the standard library has fast loops for.
		draw.Draw(&image.RGBA{Pix: dst.Pix, Stride: dst.Stride, Rect: dst.Rect}, whole, src, b.Min, draw.Src)
	case *image.NRGBA64:
		for y := range h {
			row, from := dst.Pix[y*dst.Stride:][:4*w], m.Pix[y*m.Stride:]
			for i := range row {
				row[i] = eight(from[2*i], from[2*i+1])
			}
		}
	case *image.Gray16:
		for y := range h {
			row, from := dst.Pix[y*dst.Stride:][:4*w], m.Pix[y*m.Stride:]
			for x := range w {
				v := eight(from[2*x], from[2*x+1])
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = v, v, v, 255
			}
		}
	case *image.RGBA64:
		for y := range h {
			row, from := dst.Pix[y*dst.Stride:][:4*w], m.Pix[y*m.Stride:]
			for x := range w {
				if from[8*x+6]&from[8*x+7] != 255 {
					c := color.NRGBAModel.Convert(m.RGBA64At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
					row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = c.R, c.G, c.B, c.A
					continue
				}
				for i := range 4 {
					row[4*x+i] = eight(from[8*x+2*i], from[8*x+2*i+1])
				}
			}
		}
	case *image.Paletted:
		var colours [256]color.NRGBA
		for i, c := range m.Palette {
			colours[i&255] = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		for y := range h {
			row, from := dst.Pix[y*dst.Stride:][:4*w], m.Pix[y*m.Stride:]
			for x := range w {
				c := &colours[from[x]]
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = c.R, c.G, c.B, c.A
			}
		}
	default:
		draw.Draw(dst, whole, src, b.Min, draw.Src)
	}
	return dst
}

// eight rounds a 16-bit sample, high byte first, to 8 bits.
func eight(hi, lo byte) byte {
	return byte((uint32(hi)<<8 + uint32(lo) + 128) / 257)
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
