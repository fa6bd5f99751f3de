// Package wire walks the wire format of protobuf in a file that is too large to load, as models
// are: it reads what says where things are, and jumps over the rest.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kinds of fields.
const (
	Number  = 0
	Fixed64 = 1
	Bytes   = 2
	Fixed32 = 5
)

// maxFields is how many fields are walked over at the most. No real model comes near it; it
// bounds the work on a hostile file.
const maxFields = 20 << 20

// Field is one field of a message: a number, or bytes that lie in [Off, End) of the file.
type Field struct {
	Num, Kind, Value uint64
	Off, End         int64
}

// Reader walks one file. It is not safe for concurrent use.
type Reader struct {
	r      io.ReaderAt
	broken error
	fields int

	page  [64 << 10]byte
	start int64
	have  []byte
}

// NewReader returns a Reader of r. What is wrong with the file wraps broken.
func NewReader(r io.ReaderAt, broken error) *Reader { return &Reader{r: r, broken: broken} }

// Each calls fn for the fields of the message that lies in [off, end), until it fails.
func (r *Reader) Each(off, end int64, fn func(Field) error) error {
	for off < end {
		if r.fields++; r.fields > maxFields {
			return fmt.Errorf("%w: it has more than %d parts", r.broken, maxFields)
		}
		key, n, err := r.Varint(off, end)
		if err != nil {
			return err
		}
		off += n
		f := Field{Num: key >> 3, Kind: key & 7}
		switch f.Kind {
		case Number:
			if f.Value, n, err = r.Varint(off, end); err != nil {
				return err
			}
			f.Off, f.End = off, off+n
		case Fixed64:
			f.Off, f.End = off, off+8
		case Fixed32:
			f.Off, f.End = off, off+4
		case Bytes:
			length, n, err := r.Varint(off, end)
			if err != nil {
				return err
			}
			if length > uint64(end-off-n) {
				return fmt.Errorf("%w: it ends before its contents do", r.broken)
			}
			f.Off, f.End = off+n, off+n+int64(length)
		default:
			return r.broken
		}
		if f.End > end {
			return fmt.Errorf("%w: it ends before its contents do", r.broken)
		}
		off = f.End
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}

// Varint reads a number of up to ten bytes of seven bits, and returns how many bytes it took.
func (r *Reader) Varint(off, end int64) (v uint64, n int64, err error) {
	for n < binary.MaxVarintLen64 {
		if off+n >= end {
			return 0, 0, fmt.Errorf("%w: it ends in the middle of a number", r.broken)
		}
		c, err := r.At(off + n)
		if err != nil {
			return 0, 0, err
		}
		v |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			return v, n, nil
		}
	}
	return 0, 0, r.broken
}

// At returns one byte of the file through a small window, since a walk goes forward in short
// steps and long jumps.
func (r *Reader) At(off int64) (byte, error) {
	if i := off - r.start; i >= 0 && i < int64(len(r.have)) {
		return r.have[i], nil
	}
	n, err := r.r.ReadAt(r.page[:], off)
	if n == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("%w: it ends before its contents do", r.broken)
		}
		return 0, fmt.Errorf("read the model: %w", err)
	}
	r.start, r.have = off, r.page[:n]
	return r.have[0], nil
}
