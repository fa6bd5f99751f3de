package decode

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// Compressions, as the field Compression numbers them.
const (
	compressedNot      = 1
	compressedFax3     = 3
	compressedFax4     = 4
	compressedLZW      = 5
	compressedJPEG     = 7
	compressedDeflate  = 8
	compressedDeflate2 = 32946
	compressedPackBits = 32773
)

// unsupportedCompressions names those that are not unpacked.
var unsupportedCompressions = map[int]string{
	2: "CCITT 1D", 6: "JPEG of the old kind", 34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA",
	50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// unpack undoes the compression of a chunk of rows, up to want bytes. Of what is damaged or
// cut short it returns the start and the error. What it allocates grows with what there is
// to unpack.
func (p *tiffPicture) unpack(raw []byte, want int64, rows int) ([]byte, error) {
	if p.reversedBits && p.compression != compressedFax3 && p.compression != compressedFax4 {
		reversed := make([]byte, len(raw))
		for i, b := range raw {
			reversed[i] = bits.Reverse8(b)
		}
		raw = reversed
	}
	var r io.Reader
	switch p.compression {
	case compressedNot:
		body := raw[:min(int64(len(raw)), want)]
		if p.predictor > 1 { // which is undone in place
			body = bytes.Clone(body)
		}
		return body, nil
	case compressedLZW:
		z := lzw.NewReader(bytes.NewReader(raw), lzw.MSB, 8)
		defer z.Close()
		r = z
	case compressedDeflate, compressedDeflate2:
		z, err := zlib.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		defer z.Close()
		r = z
	case compressedPackBits:
		return unpackBits(raw, want), nil
	case compressedFax3, compressedFax4:
		const twoDimensional, filled = 1, 4 // bits of T4Options
		if p.bits != 1 || p.samples != 1 || p.compression == compressedFax3 && p.t4&(twoDimensional|filled) != 0 {
			return nil, fmt.Errorf("%w: it is a TIFF of an unusual kind of fax", ErrUnsupported)
		}
		order, kind := ccitt.MSB, ccitt.Group4
		if p.reversedBits {
			order = ccitt.LSB
		}
		if p.compression == compressedFax3 {
			kind = ccitt.Group3
		}
		r = ccitt.NewReader(bytes.NewReader(raw), order, kind, p.chunk.X, rows, &ccitt.Options{Invert: p.colour == whiteIsZero})
	default:
		name := unsupportedCompressions[p.compression]
		if name == "" {
			name = fmt.Sprintf("kind %d", p.compression)
		}
		return nil, fmt.Errorf("%w: it is a TIFF compressed by %s", ErrUnsupported, name)
	}
	body, err := io.ReadAll(io.LimitReader(r, want))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%w: a part of it ends too early", ErrTruncated)
	case err != nil:
		err = fmt.Errorf("%w: a part of it: %w", ErrDamaged, err)
	}
	return body, err
}

// unpackBits undoes Apple's PackBits, up to want bytes.
func unpackBits(packed []byte, want int64) []byte {
	var out []byte
	for len(packed) > 1 && int64(len(out)) < want {
		switch n := int(int8(packed[0])); {
		case n >= 0:
			n = min(n+1, len(packed)-1)
			out = append(out, packed[1:1+n]...)
			packed = packed[1+n:]
		case n == -128:
			packed = packed[1:]
		default:
			for range 1 - n {
				out = append(out, packed[1])
			}
			packed = packed[2:]
		}
	}
	return out[:min(int64(len(out)), want)]
}

// undoPredictor turns differences from the pixel to the left into samples, row by row.
func (p *tiffPicture) undoPredictor(body []byte) {
	if p.predictor <= 1 {
		return
	}
	n, width := p.inChunk(), int(p.rowBytes())
	order := p.file.Order
	for ; len(body) >= width && width > 0; body = body[width:] {
		row := body[:width]
		switch {
		case p.predictor == predictorFloat:
			// The bytes of all samples, highest first, one after the other, as differences.
			for i := n; i < len(row); i++ {
				row[i] += row[i-n]
			}
			count := len(row) / 4
			plane := bytes.Clone(row)
			for i := range count {
				order.PutUint32(row[4*i:], binary.BigEndian.Uint32([]byte{plane[i], plane[count+i], plane[2*count+i], plane[3*count+i]}))
			}
		case p.bits == 8:
			for i := n; i < len(row); i++ {
				row[i] += row[i-n]
			}
		case p.bits == 16:
			for i := 2 * n; i+1 < len(row); i += 2 {
				order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*n:]))
			}
		case p.bits == 32:
			for i := 4 * n; i+3 < len(row); i += 4 {
				order.PutUint32(row[i:], order.Uint32(row[i:])+order.Uint32(row[i-4*n:]))
			}
		}
	}
}
