package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"

	"golang.org/x/image/webp"

	"descry/internal/container"
)

// decodeWebP decodes a still, or the first frame of an animation, which x/image/webp does
// not read, laid where it belongs on the canvas.
func decodeWebP(_ context.Context, data []byte, _ Options) (picture, error) {
	img, err := webpPixels(data)
	if err != nil {
		return picture{}, err
	}
	return picture{img: img, profile: Profile(WebP, data)}, nil
}

func webpPixels(data []byte) (*image.NRGBA, error) {
	frame, at, animated := firstFrame(data)
	if !animated {
		m, err := webp.Decode(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return webpRGB(m), nil
	}
	cfg, err := webp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if frame == nil {
		return nil, fmt.Errorf("%w: it has no frame", ErrTruncated)
	}
	size, err := webp.DecodeConfig(bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	canvas := image.Rect(0, 0, cfg.Width, cfg.Height)
	place := image.Rectangle{Min: at, Max: at.Add(image.Pt(size.Width, size.Height))}
	if !place.In(canvas) {
		return nil, fmt.Errorf("%w: its first frame does not fit", ErrDamaged)
	}
	m, err := webp.Decode(bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	img := webpRGB(m)
	img.Rect = place
	return onCanvas(img, canvas), nil
}

// firstFrame makes a file of its own of the first frame of an animation, nil where the
// data ends before it, and says where on the canvas it goes.
func firstFrame(data []byte) (frame []byte, at image.Point, animated bool) {
	const animation, alpha, frameHeader = 0x02, 0x10, 16
	// What is behind the first frame may be cut off.
	_ = container.RIFF(data[12:], func(kind string, body []byte) bool {
		switch {
		case kind == "VP8X" && len(body) >= 10:
			animated = body[0]&animation != 0
			return animated
		case kind == "ANMF" && len(body) > frameHeader:
			le24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
			at = image.Pt(2*le24(body), 2*le24(body[3:]))
			var header []byte
			if string(body[frameHeader:min(frameHeader+4, len(body))]) == "ALPH" {
				header = append([]byte("VP8X\x0a\x00\x00\x00"), alpha, 0, 0, 0)
				header = append(header, body[6:12]...) // width and height less 1
			}
			frame = binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(header)+len(body)-frameHeader))
			frame = append(append(frame, "WEBP"...), header...)
			frame = append(frame, body[frameHeader:]...)
			return false
		case kind == "VP8 " || kind == "VP8L":
			animated = false
			return false
		}
		return true
	})
	return frame, at, animated
}
