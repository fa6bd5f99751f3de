package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
)

// jxlSignature starts a JPEG XL file in boxes; without boxes it starts with FF 0A.
const jxlSignature = "\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"

// jxlConfig reads the size of a JPEG XL picture, upright, from the start of its codestream
// (ISO/IEC 18181-1, the bundles SizeHeader and ImageMetadata).
func jxlConfig(data []byte) (image.Config, error) {
	stream, err := jxlCodestream(data)
	if err != nil {
		return image.Config{}, err
	}
	if len(stream) < 2 || stream[0] != 0xff || stream[1] != 0x0a {
		return image.Config{}, fmt.Errorf("%w: it has no JPEG XL codestream", ErrDamaged)
	}
	b := bitReader{data: stream[2:]}
	side := func(small bool) int {
		if small {
			return (int(b.bits(5)) + 1) * 8
		}
		return int(b.bits([]int{9, 13, 18, 30}[b.bits(2)])) + 1
	}
	small := b.bits(1) == 1
	height := side(small)
	var width int
	switch ratio := b.bits(3); ratio {
	case 0:
		width = side(small)
	default:
		r := [...][2]int{{1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}}[ratio-1]
		width = int(int64(height) * int64(r[0]) / int64(r[1]))
	}
	// all_default, extra_fields, orientation - 1
	if b.bits(1) == 0 && b.bits(1) == 1 && b.bits(3) >= 4 {
		width, height = height, width
	}
	if b.over {
		return image.Config{}, ErrTruncated
	}
	return image.Config{Width: width, Height: height}, nil
}

// jxlCodestream returns the start of the codestream: the file itself, or what lies in its
// first box of a codestream.
func jxlCodestream(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(jxlSignature)) {
		return data, nil
	}
	for len(data) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch size {
		case 0:
			size = uint64(len(data))
		case 1:
			if len(data) < 16 {
				return nil, ErrTruncated
			}
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		}
		kind := string(data[4:8])
		if kind == "jxlp" {
			head += 4 // the number of the part
		}
		if size < head {
			return nil, fmt.Errorf("%w: one of its boxes has no size", ErrDamaged)
		}
		body := data[min(head, uint64(len(data))):min(size, uint64(len(data)))]
		if kind == "jxlc" || kind == "jxlp" && len(body) > 2 {
			return body, nil
		}
		if size > uint64(len(data)) {
			break
		}
		data = data[size:]
	}
	return nil, ErrTruncated
}

// bitReader reads numbers bit by bit, the low bits of a byte first.
type bitReader struct {
	data []byte
	at   int // in bits
	over bool
}

func (b *bitReader) bits(n int) uint32 {
	var v uint32
	for i := range n {
		if b.at/8 >= len(b.data) {
			b.over = true
			return 0
		}
		v |= uint32(b.data[b.at/8]>>(b.at%8)&1) << i
		b.at++
	}
	return v
}
