package codec

import (
	"bytes"
	"fmt"
	"image"

	"github.com/gen2brain/heic"

	"descry/library/decode/heif"
)

// BuiltIn is the name of the decoder that comes with the program.
const BuiltIn = "built-in"

// builtIn is libheif with libde265 as WebAssembly inside the program: about five times
// slower than the system's, and it leaves alpha out of most pictures. (Built with the tag
// nodynamic it is that only; without, the package may prefer a libheif of the system.)
type builtIn struct{}

func (builtIn) name() string    { return BuiltIn }
func (builtIn) version() string { return "libheif 1.18.2, libde265 1.0.15" }

func (builtIn) decode(data []byte, maxPixels int64) (decoded, error) {
	boxes, err := heif.Parse(data)
	if err != nil {
		return decoded{}, &fault{faultDamaged, err.Error()}
	}
	if int64(boxes.Width)*int64(boxes.Height) > maxPixels {
		return decoded{}, &fault{kind: faultTooLarge}
	}
	img, err := heic.Decode(bytes.NewReader(data))
	if err != nil {
		return decoded{}, &fault{faultDamaged, "it cannot be decoded"}
	}
	switch m := img.(type) {
	case *image.YCbCr:
		colour := heif.Colour{FullRange: true}
		if boxes.Colour != nil {
			colour = *boxes.Colour
		}
		return fromYCbCr(m, colour), nil
	case *image.Gray:
		d := decoded{width: m.Rect.Dx(), height: m.Rect.Dy(), stride: 4 * m.Rect.Dx()}
		d.pix = make([]byte, d.stride*d.height)
		for y := range d.height {
			for x, v := range m.Pix[y*m.Stride : y*m.Stride+d.width] {
				copy(d.pix[y*d.stride+4*x:], []byte{v, v, v, 255})
			}
		}
		return d, nil
	case *image.NRGBA:
		return decoded{width: m.Rect.Dx(), height: m.Rect.Dy(), stride: m.Stride, pix: m.Pix}, nil
	case *image.RGBA:
		return decoded{width: m.Rect.Dx(), height: m.Rect.Dy(), stride: m.Stride, pix: m.Pix, premultiplied: true}, nil
	}
	return decoded{}, &fault{faultUnsupported, fmt.Sprintf("it decodes to %T", img)}
}

// fromYCbCr converts a picture to RGB by the matrix and the range that H.273 numbers; the
// matrix of BT.601 stands for all that are not known.
func fromYCbCr(m *image.YCbCr, c heif.Colour) decoded {
	kr, kb := 0.299, 0.114
	switch c.Matrix {
	case 1:
		kr, kb = 0.2126, 0.0722
	case 9, 10:
		kr, kb = 0.2627, 0.0593
	}
	scaleY, scaleC, black := 1.0, 1.0, 0.0
	if !c.FullRange {
		scaleY, scaleC, black = 255.0/219, 255.0/224, 16
	}
	// What luma and chroma add to each channel, in 1/65536.
	var luma, crToR, cbToG, crToG, cbToB [256]int32
	for i := range 256 {
		const one = 1 << 16
		chroma := (float64(i) - 128) * scaleC * one
		luma[i] = int32((float64(i)-black)*scaleY*one) + one/2
		crToR[i] = int32(2 * (1 - kr) * chroma)
		cbToB[i] = int32(2 * (1 - kb) * chroma)
		crToG[i] = int32(-2 * (1 - kr) * kr / (1 - kr - kb) * chroma)
		cbToG[i] = int32(-2 * (1 - kb) * kb / (1 - kr - kb) * chroma)
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	d := decoded{width: w, height: h, stride: 4 * w, pix: make([]byte, 4*w*h)}
	for y := range h {
		to := d.pix[y*d.stride : (y+1)*d.stride]
		for x := range w {
			l := luma[m.Y[m.YOffset(x+m.Rect.Min.X, y+m.Rect.Min.Y)]]
			i := m.COffset(x+m.Rect.Min.X, y+m.Rect.Min.Y)
			cb, cr := m.Cb[i], m.Cr[i]
			p := to[4*x : 4*x+4]
			p[0] = clamp(l + crToR[cr])
			p[1] = clamp(l + cbToG[cb] + crToG[cr])
			p[2] = clamp(l + cbToB[cb])
			p[3] = 255
		}
	}
	return d
}

// clamp takes a channel in 1/65536 to a byte.
func clamp(v int32) byte {
	return byte(min(max(v>>16, 0), 255))
}
