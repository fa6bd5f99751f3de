package decode

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math/bits"
)

// Ways in which a BMP file stores its pixels.
const (
	bmpPlain     = 0
	bmpRuns8     = 1
	bmpRuns4     = 2
	bmpMasks     = 3
	bmpAlphaMask = 6
)

// bmpFile is what the headers of a BMP file say: those of OS/2 and of Windows up to
// version 5.
type bmpFile struct {
	width, height int
	topDown       bool
	bits          int
	packing       uint32
	masks         [4]uint32 // of red, green, blue and transparency in a pixel of 16 or 32 bits
	colours       []byte    // of the palette, blue first
	entry         int       // bytes of a colour in it
	pixels        []byte
}

func readBMP(data []byte) (f bmpFile, err error) {
	const start = 14 // of the second header
	le := binary.LittleEndian
	if len(data) < start+12 {
		return f, fmt.Errorf("%w: its header is cut short", ErrTruncated)
	}
	offset, size := uint64(le.Uint32(data[10:])), int(le.Uint32(data[start:]))
	if size > len(data)-start {
		return f, fmt.Errorf("%w: its header is cut short", ErrTruncated)
	}
	head, count := data[start:start+size], 0
	f.entry = 4
	if size == 12 {
		f.width, f.height, f.bits, f.entry = int(le.Uint16(head[4:])), int(le.Uint16(head[6:])), int(le.Uint16(head[10:])), 3
	} else {
		f.width, f.height, f.bits = int(int32(le.Uint32(head[4:]))), int(int32(le.Uint32(head[8:]))), int(le.Uint16(head[14:]))
		f.packing, count = le.Uint32(head[16:]), int(min(le.Uint32(head[32:]), 256))
		if f.height < 0 {
			f.height, f.topDown = -f.height, true
		}
	}
	f.masks = [4]uint32{0x7C00, 0x03E0, 0x001F}
	if f.bits == 32 {
		f.masks = [4]uint32{0xFF0000, 0xFF00, 0xFF}
	}
	rest := data[start+size:]
	if f.packing == bmpMasks || f.packing == bmpAlphaMask {
		masks := rest // behind the old header, within the newer ones
		if size > 40 {
			masks = head[40:]
		}
		for i := range min(len(masks)/4, 3) {
			f.masks[i] = le.Uint32(masks[4*i:])
		}
		if size >= 56 {
			f.masks[3] = le.Uint32(head[52:])
		}
	}
	if f.bits <= 8 {
		if count == 0 {
			count = 1 << f.bits
		}
		f.colours = rest[:min(count*f.entry, len(rest))]
	}
	if offset > uint64(len(data)) {
		return f, fmt.Errorf("%w: it ends before its pixels", ErrTruncated)
	}
	f.pixels = data[offset:]
	return f, nil
}

func configBMP(data []byte) (image.Config, error) {
	f, err := readBMP(data)
	if err == nil && (f.width <= 0 || f.height <= 0) {
		err = fmt.Errorf("%w: it is %d × %d px", ErrDamaged, f.width, f.height)
	}
	return image.Config{Width: f.width, Height: f.height}, err
}

func decodeBMP(_ context.Context, data []byte, _ Options) (picture, error) {
	f, err := readBMP(data)
	if err != nil {
		return picture{}, err
	}
	img := image.NewNRGBA(image.Rect(0, 0, f.width, f.height))
	whole := true
	switch {
	case f.packing == bmpRuns8 && f.bits == 8, f.packing == bmpRuns4 && f.bits == 4:
		whole = f.runs(img)
	case f.packing == bmpPlain && (f.bits == 1 || f.bits == 2 || f.bits == 4 || f.bits == 8):
		whole = f.rows(img, f.indexedRow)
	case f.packing == bmpPlain && f.bits == 24:
		whole = f.rows(img, trueColourRow)
	case (f.packing == bmpPlain || f.packing == bmpMasks || f.packing == bmpAlphaMask) && (f.bits == 16 || f.bits == 32):
		whole = f.rows(img, f.maskedRow)
	default:
		return picture{}, fmt.Errorf("%w: it is a BMP of %d bits packed in way %d", ErrUnsupported, f.bits, f.packing)
	}
	if f.masks[3] != 0 && f.bits > 8 && invisible(img.Pix) {
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
	}
	out := picture{img: img}
	if !whole {
		if len(f.pixels) < 4 {
			return picture{}, fmt.Errorf("%w: its pixels are missing", ErrTruncated)
		}
		out.warnings = []string{"the picture may be incomplete: the file ends too early"}
	}
	return out, nil
}

// invisible reports whether every pixel is see-through: many programs leave the channel of
// transparency empty and mean that there is none.
func invisible(pix []byte) bool {
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 0 {
			return false
		}
	}
	return true
}

// line is the row of the picture that the file's row y is.
func (f *bmpFile) line(img *image.NRGBA, y int) []byte {
	if !f.topDown {
		y = f.height - 1 - y
	}
	return img.Pix[y*img.Stride:][:4*f.width]
}

// rows decodes rows of equal length, padded to four bytes, and reports whether all are
// there.
func (f *bmpFile) rows(img *image.NRGBA, row func(to, from []byte)) bool {
	size := (f.width*f.bits + 31) / 32 * 4
	p := f.pixels
	for y := range f.height {
		if len(p) < (f.width*f.bits+7)/8 {
			return false
		}
		row(f.line(img, y), p)
		p = p[min(size, len(p)):]
	}
	return true
}

// colour stores a colour of the palette, black for one that is not there.
func (f *bmpFile) colour(px []byte, index int) {
	px[0], px[1], px[2], px[3] = 0, 0, 0, 255
	if c := index * f.entry; c+3 <= len(f.colours) {
		px[0], px[1], px[2] = f.colours[c+2], f.colours[c+1], f.colours[c]
	}
}

func (f *bmpFile) indexedRow(to, from []byte) {
	perByte, mask := 8/f.bits, byte(1<<f.bits-1)
	for x := range f.width {
		shift := 8 - f.bits*(x%perByte+1)
		f.colour(to[4*x:4*x+4], int(from[x/perByte]>>shift&mask))
	}
}

func trueColourRow(to, from []byte) {
	for ; len(to) >= 4; to, from = to[4:], from[3:] {
		to[0], to[1], to[2], to[3] = from[2], from[1], from[0], 255
	}
}

func (f *bmpFile) maskedRow(to, from []byte) {
	for x := range f.width {
		var v uint32
		if f.bits == 16 {
			v = uint32(binary.LittleEndian.Uint16(from[2*x:]))
		} else {
			v = binary.LittleEndian.Uint32(from[4*x:])
		}
		px := to[4*x : 4*x+4]
		px[3] = 255
		for c, mask := range f.masks {
			if mask != 0 {
				most := uint64(mask >> bits.TrailingZeros32(mask))
				px[c] = byte((uint64(v&mask)>>bits.TrailingZeros32(mask)*255 + most/2) / most)
			}
		}
	}
}

// runs decodes run lengths, and reports whether the end was met. What is skipped has the
// palette's first colour.
func (f *bmpFile) runs(img *image.NRGBA) bool {
	for i := 0; i < len(img.Pix); i += 4 {
		f.colour(img.Pix[i:i+4], 0)
	}
	x, y := 0, 0
	put := func(index int) {
		if x < f.width && y < f.height {
			f.colour(f.line(img, y)[4*x:4*x+4], index)
		}
		x++
	}
	// nth is the index of the nth pixel in packed bytes.
	nth := func(p []byte, n int) int {
		switch {
		case f.bits == 8:
			return int(p[n])
		case n%2 == 0:
			return int(p[n/2] >> 4)
		}
		return int(p[n/2] & 15)
	}
	for p := f.pixels; len(p) >= 2 && y < f.height; {
		n, what := int(p[0]), p[1:]
		p = p[2:]
		if n > 0 { // a run of one pixel, or of two in turn
			for i := range n {
				if f.bits == 8 {
					put(int(what[0]))
				} else {
					put(nth(what, i%2))
				}
			}
			continue
		}
		switch n = int(what[0]); n {
		case 0: // end of the row
			x, y = 0, y+1
		case 1: // end of the picture
			return true
		case 2: // further on
			if len(p) < 2 {
				return false
			}
			x, y = x+int(p[0]), y+int(p[1])
			p = p[2:]
		default: // n pixels as they are, padded to two bytes
			size := (n*f.bits + 7) / 8
			if size > len(p) {
				return false
			}
			for i := range n {
				put(nth(p, i))
			}
			p = p[min(size+size%2, len(p)):]
		}
	}
	return y >= f.height
}
