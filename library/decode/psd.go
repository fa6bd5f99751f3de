package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"

	"descry/internal/container"
)

// Colour modes of Photoshop documents.
const (
	psdBitmap  = 0
	psdGray    = 1
	psdIndexed = 2
	psdRGB     = 3
	psdCMYK    = 4
	psdDuotone = 8
)

// psdModes names the modes that are refused.
var psdModes = map[int]string{7: "multichannel", 9: "Lab"}

// psdFile is what comes before the pixels of a Photoshop document, after Adobe's
// specification of the format.
type psdFile struct {
	width, height  int
	channels, bits int
	mode           int
	large          bool   // PSB: lengths are wider
	colours        []byte // of the indexed mode: all reds, greens, blues
	profile        []byte
	merged         bool   // the picture of all layers together was saved
	pixels         []byte // with the compression before them
}

func readPSD(data []byte) (f psdFile, err error) {
	const header = 26
	if len(data) < header {
		return f, fmt.Errorf("%w: its header is cut short", ErrTruncated)
	}
	be := binary.BigEndian
	f.large = be.Uint16(data[4:]) == 2
	f.channels, f.height, f.width = int(be.Uint16(data[12:])), int(be.Uint32(data[14:])), int(be.Uint32(data[18:]))
	f.bits, f.mode = int(be.Uint16(data[22:])), int(be.Uint16(data[24:]))
	if f.width > 300000 || f.height > 300000 {
		return f, fmt.Errorf("%w: it is %d × %d px", ErrTooLarge, f.width, f.height)
	}
	p := data[header:]
	section := func(wide bool) (body []byte) {
		n, size := uint64(0), 4
		if wide {
			size = 8
		}
		switch {
		case err != nil || len(p) < size:
			err = fmt.Errorf("%w: it ends before its picture", ErrTruncated)
			return nil
		case wide:
			n = be.Uint64(p)
		default:
			n = uint64(be.Uint32(p))
		}
		if p = p[size:]; n > uint64(len(p)) {
			err = fmt.Errorf("%w: it ends before its picture", ErrTruncated)
			return nil
		}
		body, p = p[:n], p[n:]
		return body
	}
	f.colours = section(false)
	resources := section(false)
	section(f.large) // layers
	f.pixels = p
	f.merged = true
	// What can be read of the resources counts; a broken one costs only itself.
	_ = container.PSDResources(resources, func(id uint16, body []byte) bool {
		const profile, version = 1039, 1057
		switch {
		case id == profile && len(body) > 0:
			f.profile = body
		case id == version && len(body) >= 5:
			f.merged = body[4] != 0
		}
		return true
	})
	return f, err
}

func configPSD(data []byte) (image.Config, error) {
	f, err := readPSD(data)
	if f.width > 0 && f.height > 0 && len(data) >= 26 {
		err = nil // of a document that is cut short the size is known
	}
	return image.Config{Width: f.width, Height: f.height}, err
}

// decodePSD decodes the picture of all layers together that Photoshop saves with the
// document so that other programs can show it.
func decodePSD(ctx context.Context, data []byte, _ Options) (picture, error) {
	f, err := readPSD(data)
	if err != nil {
		return picture{}, err
	}
	refuse := func(format string, a ...any) (picture, error) {
		return picture{}, fmt.Errorf("%w: it is a Photoshop document "+format, append([]any{ErrUnsupported}, a...)...)
	}
	colours := map[int]int{psdBitmap: 1, psdGray: 1, psdDuotone: 1, psdIndexed: 1, psdRGB: 3, psdCMYK: 4}[f.mode]
	switch {
	case !f.merged || len(f.pixels) < 2:
		return refuse("saved without the picture of its layers together: save it with “maximize compatibility”")
	case colours == 0:
		name := psdModes[f.mode]
		if name == "" {
			name = fmt.Sprintf("unknown (%d)", f.mode)
		}
		return refuse("in the colour mode %s", name)
	case f.bits == 1 != (f.mode == psdBitmap), f.bits != 1 && f.bits != 8 && f.bits != 16:
		return refuse("with %d bits a channel", f.bits)
	case f.channels < colours || f.channels > 56:
		return picture{}, fmt.Errorf("%w: it has %d channels", ErrDamaged, f.channels)
	case f.mode == psdIndexed && len(f.colours) < 768:
		return picture{}, fmt.Errorf("%w: its palette is too short", ErrDamaged)
	}
	return f.decode(ctx, colours)
}

// decode reads the planes, one after the other, into the channels of the picture. A plane
// of transparency behind them is not looked at: the colours are laid over white already.
func (f psdFile) decode(ctx context.Context, planes int) (picture, error) {
	width := (f.width*f.bits + 7) / 8
	compression, body := binary.BigEndian.Uint16(f.pixels), f.pixels[2:]
	var next func() []byte // the next row, shorter or nil where the data ends
	switch compression {
	case 0:
		next = func() []byte {
			row := body[:min(width, len(body))]
			body = body[len(row):]
			return row
		}
	case 1:
		var err error
		if next, err = f.packedRows(body, width); err != nil {
			return picture{}, err
		}
	default:
		return picture{}, fmt.Errorf("%w: it is a Photoshop document whose picture is compressed in way %d", ErrUnsupported, compression)
	}
	img := image.NewNRGBA(image.Rect(0, 0, f.width, f.height))
	missing := 0
	for plane := range planes {
		if err := context.Cause(ctx); err != nil {
			return picture{}, err
		}
		for y := range f.height {
			row := next()
			if len(row) < width {
				missing++
			}
			f.widenRow(img.Pix[y*img.Stride+plane:], row)
		}
	}
	if missing == planes*f.height {
		return picture{}, fmt.Errorf("%w: its picture is missing", ErrTruncated)
	}
	f.colour(img.Pix)
	out := picture{img: img, profile: f.profile}
	if missing > 0 {
		out.warnings = []string{"the picture may be incomplete: the file ends too early"}
	}
	return out, nil
}

// packedRows reads the table of the lengths of all rows, which comes before them, and
// returns what unpacks row by row.
func (f psdFile) packedRows(body []byte, width int) (func() []byte, error) {
	be := binary.BigEndian
	size := 2
	if f.large {
		size = 4
	}
	rows := int64(f.channels) * int64(f.height)
	if rows*int64(size) > int64(len(body)) {
		return nil, fmt.Errorf("%w: it ends before its picture", ErrTruncated)
	}
	table, body := body[:rows*int64(size)], body[rows*int64(size):]
	return func() []byte {
		n := 0
		if f.large {
			n = int(be.Uint32(table))
		} else {
			n = int(be.Uint16(table))
		}
		table = table[size:]
		packed := body[:min(n, len(body))]
		body = body[len(packed):]
		return unpackBits(packed, int64(width))
	}, nil
}

// widenRow stores the samples of a row as 8 bits in one channel.
func (f psdFile) widenRow(to, row []byte) {
	switch f.bits {
	case 1: // black is 1
		for x := range min(f.width, 8*len(row)) {
			to[4*x] = 255 * (1 - row[x/8]>>(7-x%8)&1)
		}
	case 8:
		for x, v := range row {
			to[4*x] = v
		}
	case 16:
		for x := range len(row) / 2 {
			to[4*x] = eight(row[2*x], row[2*x+1])
		}
	}
}

// colour turns what the planes hold into colours, in place. Inks are stored inverted.
func (f psdFile) colour(pix []byte) {
	for ; len(pix) >= 4; pix = pix[4:] {
		px := pix[:4:4]
		switch f.mode {
		case psdBitmap, psdGray, psdDuotone:
			px[1], px[2] = px[0], px[0]
		case psdIndexed:
			v := int(px[0])
			px[0], px[1], px[2] = f.colours[v], f.colours[256+v], f.colours[512+v]
		case psdCMYK:
			k := uint32(px[3])
			for c := range 3 {
				px[c] = byte((uint32(px[c])*k + 127) / 255)
			}
		}
		px[3] = 255
	}
}

// isPSD reports whether data starts as a Photoshop document does.
func isPSD(data []byte) bool {
	return bytes.HasPrefix(data, []byte("8BPS\x00\x01")) || bytes.HasPrefix(data, []byte("8BPS\x00\x02"))
}
