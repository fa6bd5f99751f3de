package decode

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"
	"strings"

	"descry/internal/container"
	"descry/library/decode/jpegcodec"
	"descry/library/decode/jpegseg"
)

func configJPEG(data []byte) (image.Config, error) {
	f, err := jpegseg.ReadFrame(data)
	return image.Config{Width: f.Width, Height: f.Height}, err
}

func decodeJPEG(_ context.Context, data []byte, o Options) (picture, error) {
	f, err := jpegseg.ReadFrame(data)
	if err != nil {
		return picture{}, err
	}
	switch {
	case f.Lossless():
		return picture{}, fmt.Errorf("%w: it is a lossless JPEG", ErrUnsupported)
	case f.Precision != 8:
		return picture{}, fmt.Errorf("%w: it is a JPEG with %d bits a sample, and only 8 are read", ErrUnsupported, f.Precision)
	case f.Components == 2 || f.Components > 4:
		return picture{}, fmt.Errorf("%w: it is a JPEG with %d channels", ErrUnsupported, f.Components)
	}
	if len(bytes.Trim(data[f.FirstScan:], "\x00\xff\xd9")) == 0 {
		return picture{}, fmt.Errorf("%w: its headers are there, but no picture", ErrTruncated)
	}
	img, warning, err := decodeOrPreview(data, f, o.MinSide)
	if err != nil {
		return picture{}, err
	}
	if strings.HasSuffix(warning, "extraneous bytes before marker 0xd9") {
		// Padding that some cameras leave before the end: the first complaint, and by then
		// the whole picture is decoded.
		warning = ""
	}
	p := picture{img: nrgba(img), profile: Profile(JPEG, data)}
	if p.profile == nil {
		p.adobeRGB = jpegIsAdobeRGB(data)
	}
	if warning != "" {
		p.warnings = []string{"the picture may be incomplete: " + warning}
	}
	return p, nil
}

// leastPixels is how many pixels a JPEG is decoded to at least where that is not full size.
// Fewer save little, and a picture that was made smaller before is sharp enough for the
// missing DCT coefficients to show: of one of 1600 × 1065 px with leaves all over, half
// size gives a vector whose cosine with that of full size is 0.9955.
const leastPixels = 1 << 19

// decodeOrPreview decodes the preview of a JPEG where that is enough, and else the picture.
func decodeOrPreview(data []byte, f jpegseg.Frame, minSide int) (img *image.RGBA, warning string, err error) {
	if p, g := jpegPreview(data, f, minSide); p != nil {
		if img, warning, err = jpegcodec.Decode(p, g, minSide); err == nil && warning == "" {
			return img, "", nil
		}
	}
	if minSide > 0 {
		short, long := float64(min(f.Width, f.Height)), float64(max(f.Width, f.Height))
		minSide = max(minSide, int(math.Ceil(math.Sqrt(leastPixels*short/long))))
	}
	return jpegcodec.Decode(data, f, minSide)
}

// jpegIsAdobeRGB reports whether the camera settings in a JPEG name Adobe RGB.
func jpegIsAdobeRGB(data []byte) (adobe bool) {
	const header = "Exif\x00\x00"
	_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		if s.Marker != jpegseg.APP1 || !bytes.HasPrefix(s.Data, []byte(header)) {
			return s.Marker != jpegseg.SOS
		}
		if t, err := container.ReadTIFF(s.Data[len(header):]); err == nil {
			if d, err := t.Directory(t.First); err == nil {
				if exif, ok := t.Exif(d); ok {
					adobe = isAdobeRGB(t, exif)
				}
			}
		}
		return false
	})
	return adobe
}
