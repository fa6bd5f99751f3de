package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a still, or the first frame of an animation, which x/image/webp does
// not read, laid where it belongs on the canvas.
func decodeWebP(data []byte) (*image.RGBA, error) {
	frame, at, animated := firstFrame(data)
	if !animated {
		return flat(webp.Decode(bytes.NewReader(data)))
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
	img, err := flat(webp.Decode(bytes.NewReader(frame)))
	if err != nil {
		return nil, err
	}
	if place == canvas {
		return img, nil
	}
	img.Rect = place
	return overWhite(img, canvas), nil
}

// firstFrame makes a file of its own of the first frame of an animation, nil where the
// data ends before it, and says where on the canvas it goes.
func firstFrame(data []byte) (frame []byte, at image.Point, animated bool) {
	const animation, alpha, frameHeader = 0x02, 0x10, 16
	for p := data[12:]; ; {
		kind, body, rest, ok := riffChunk(p)
		if !ok {
			return nil, at, animated
		}
		p = rest
		switch {
		case kind == "VP8X" && len(body) >= 10:
			animated = body[0]&animation != 0
			if !animated {
				return nil, at, false
			}
		case kind == "ANMF" && len(body) > frameHeader:
			le24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
			at = image.Pt(2*le24(body), 2*le24(body[3:]))
			var header []byte
			if string(body[frameHeader:min(frameHeader+4, len(body))]) == "ALPH" {
				header = append([]byte("VP8X\x0a\x00\x00\x00"), alpha, 0, 0, 0)
				header = append(header, body[6:12]...) // width and height less 1
			}
			out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(header)+len(body)-frameHeader))
			out = append(append(out, "WEBP"...), header...)
			return append(out, body[frameHeader:]...), at, true
		case kind == "VP8 " || kind == "VP8L":
			return nil, at, false
		}
	}
}

// riffChunk takes the first chunk off p.
func riffChunk(p []byte) (kind string, body, rest []byte, ok bool) {
	if len(p) < 8 {
		return "", nil, nil, false
	}
	n := uint64(binary.LittleEndian.Uint32(p[4:]))
	if n > uint64(len(p)-8) {
		return "", nil, nil, false
	}
	return string(p[:4]), p[8 : 8+n], p[min(8+n+n%2, uint64(len(p))):], true
}
