package decode

import (
	"fmt"
	"image"
	"image/color"
	"slices"

	"descry/library/decode/jpegcodec"
	"descry/library/decode/jpegseg"
)

// colourRow takes a row of 16-bit samples to pixels.
func (p *tiffPicture) colourRow(row []byte, line []uint16) {
	n := p.samples
	colours := 1
	for ; len(row) >= 4; row, line = row[4:], line[n:] {
		px := row[:4:4]
		px[3] = 255
		switch p.colour {
		case whiteIsZero, blackIsZero:
			v := line[0]
			if p.colour == whiteIsZero {
				v = 65535 - v
			}
			px[0] = to8(v)
			px[1], px[2] = px[0], px[0]
		case palette:
			i, size := int(line[0]), len(p.colours)/3
			for c := range 3 {
				px[c] = to8(uint16(p.colours[c*size+i]))
			}
		case rgbColour:
			colours = 3
			px[0], px[1], px[2] = to8(line[0]), to8(line[1]), to8(line[2])
		case yCbCrColour:
			colours = 3
			px[0], px[1], px[2] = color.YCbCrToRGB(byte(line[0]>>8), byte(line[1]>>8), byte(line[2]>>8))
		case cmykColour:
			colours = 4
			k := 65535 - uint64(line[3])
			for c := range 3 {
				px[c] = to8(uint16((65535 - uint64(line[c])) * k / 65535))
			}
		}
		if p.alpha != 0 {
			px[3] = to8(line[colours])
		}
		if p.alpha == premultiplied && px[3] > 0 && px[3] < 255 {
			for c := range 3 {
				px[c] = byte(min(uint32(px[c])*255/uint32(px[3]), 255))
			}
		}
	}
}

// to8 rounds a 16-bit sample to 8 bits.
func to8(v uint16) byte { return byte((uint32(v) + 128) / 257) }

// spread gives each pixel of a chunk of YCbCr its own chroma. Blocks that are missing at
// the end make the result shorter.
func (p *tiffPicture) spread(packed []byte, rows int) []byte {
	across := (p.chunk.X + p.sub.X - 1) / p.sub.X
	block := p.sub.X*p.sub.Y + 2
	rows = min(rows, len(packed)/(across*block)*p.sub.Y)
	out := make([]byte, 3*p.chunk.X*rows)
	for y := range rows {
		for x := range p.chunk.X {
			b := packed[(y/p.sub.Y*across+x/p.sub.X)*block:][:block]
			px := out[3*(y*p.chunk.X+x):]
			px[0] = b[y%p.sub.Y*p.sub.X+x%p.sub.X]
			px[1], px[2] = b[block-2], b[block-1]
		}
	}
	return out
}

// decodeJPEGChunk decodes a strip or tile that is a JPEG of its own but for the tables,
// which all share.
func (p *tiffPicture) decodeJPEGChunk(img *image.NRGBA, place image.Rectangle, raw []byte) error {
	if p.separate || p.bits != 8 {
		return fmt.Errorf("%w: it is a TIFF of JPEG streams with %d bits a sample", ErrUnsupported, p.bits)
	}
	if len(raw) < 4 || raw[0] != 0xFF || raw[1] != jpegseg.SOI {
		return fmt.Errorf("%w: a part of it is no JPEG", ErrDamaged)
	}
	// What the colours are is told by the TIFF, and a JPEG without a word of it is guessed
	// at. Inks are stored as in a JPEG that is not Adobe's.
	stream := []byte{0xFF, jpegseg.SOI}
	switch p.colour {
	case rgbColour:
		stream = append(stream, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"...)
	case yCbCrColour:
		stream = append(stream, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"...)
	}
	if n := len(p.tables); n > 4 {
		stream = append(stream, p.tables[2:n-2]...)
	}
	stream = slices.Concat(stream, raw[2:])
	f, err := jpegseg.ReadFrame(stream)
	switch {
	case err != nil:
		return err
	case f.Lossless() || f.Precision != 8:
		return fmt.Errorf("%w: it is a TIFF of JPEG streams with %d bits a sample", ErrUnsupported, f.Precision)
	case f.Width > p.chunk.X+64 || f.Height > p.chunk.Y+64 || f.Components != p.samples:
		return fmt.Errorf("%w: a JPEG in it does not fit", ErrDamaged)
	}
	m, _, err := jpegcodec.Decode(stream, f, 0)
	if err != nil {
		return err
	}
	from := place.Intersect(m.Rect.Add(place.Min))
	for y := from.Min.Y; y < from.Max.Y; y++ {
		row := img.Pix[y*img.Stride+4*from.Min.X:][:4*from.Dx()]
		copy(row, m.Pix[(y-place.Min.Y)*m.Stride:])
		if p.colour == whiteIsZero {
			for i := range row {
				if i%4 != 3 {
					row[i] = 255 - row[i]
				}
			}
		}
	}
	return nil
}
