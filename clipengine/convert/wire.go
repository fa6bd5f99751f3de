package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kinds of fields in the wire format of protobuf.
const (
	wireNumber  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// errBroken is the reason of every refusal of a file that is not what it should be.
var errBroken = errors.New("it is not a whole ONNX model")

// field is one field of a message: a number, or bytes that lie in [off, end) of the file.
type field struct {
	num, kind uint64
	value     uint64
	off, end  int64
}

// reader reads the structure of a model file and leaves the weights where they are.
type reader struct {
	r    io.ReaderAt
	size int64
	// held is how many bytes of the file are in memory, fields how many were walked over.
	held, fields int64

	page  [16 << 10]byte
	start int64
	have  []byte
}

// each calls fn for the fields of the message that lies in [off, end).
func (r *reader) each(off, end int64, fn func(field) error) error {
	for off < end {
		if r.fields++; r.fields > maxFields {
			return fmt.Errorf("%w: it has more than %d parts", errBroken, maxFields)
		}
		key, n, err := r.varint(off, end)
		if err != nil {
			return err
		}
		off += n
		f := field{num: key >> 3, kind: key & 7}
		switch f.kind {
		case wireNumber:
			if f.value, n, err = r.varint(off, end); err != nil {
				return err
			}
			f.off, f.end = off, off+n
		case wireFixed64:
			f.off, f.end = off, off+8
		case wireFixed32:
			f.off, f.end = off, off+4
		case wireBytes:
			length, n, err := r.varint(off, end)
			if err != nil {
				return err
			}
			if length > uint64(end-off-n) {
				return fmt.Errorf("%w: it ends before its contents do", errBroken)
			}
			f.off, f.end = off+n, off+n+int64(length)
		default:
			return errBroken
		}
		if f.end > end {
			return fmt.Errorf("%w: it ends before its contents do", errBroken)
		}
		off = f.end
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}

// bytes loads a part of the file. Together they are bounded: what is large in a real model
// are weights, and those are not loaded.
func (r *reader) bytes(f field) ([]byte, error) {
	n := f.end - f.off
	if r.held += n; r.held > maxHeld {
		return nil, fmt.Errorf("%w: it has more than %d MB besides its weights", errBroken, maxHeld>>20)
	}
	b := make([]byte, n)
	if got, err := r.r.ReadAt(b, f.off); int64(got) < n {
		return nil, fmt.Errorf("read the model: %w", noEOF(err))
	}
	return b, nil
}

// text loads a name.
func (r *reader) text(f field) (string, error) {
	if f.kind != wireBytes || f.end-f.off > maxName {
		return "", fmt.Errorf("%w: a name in it is no text of at most %d bytes", errBroken, maxName)
	}
	b, err := r.bytes(f)
	return string(b), err
}

// numbers appends the numbers of a repeated field, packed or not.
func (r *reader) numbers(list []int64, f field) ([]int64, error) {
	if f.kind == wireNumber {
		return append(list, int64(f.value)), nil
	}
	if f.kind != wireBytes || f.end-f.off > maxName {
		return nil, errBroken
	}
	for off := f.off; off < f.end; {
		v, n, err := r.varint(off, f.end)
		if err != nil {
			return nil, err
		}
		list, off = append(list, int64(v)), off+n
	}
	return list, nil
}

func (r *reader) varint(off, end int64) (v uint64, n int64, err error) {
	for n < binary.MaxVarintLen64 {
		if off+n >= end {
			return 0, 0, fmt.Errorf("%w: it ends in the middle of a number", errBroken)
		}
		c, err := r.at(off + n)
		if err != nil {
			return 0, 0, err
		}
		v |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			return v, n, nil
		}
	}
	return 0, 0, errBroken
}

// at returns one byte through a small window: the walk goes forward in short steps and long
// jumps.
func (r *reader) at(off int64) (byte, error) {
	if i := off - r.start; i >= 0 && i < int64(len(r.have)) {
		return r.have[i], nil
	}
	n, err := r.r.ReadAt(r.page[:], off)
	if n == 0 {
		return 0, fmt.Errorf("read the model: %w", noEOF(err))
	}
	r.start, r.have = off, r.page[:n]
	return r.have[0], nil
}

func noEOF(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// message is a protobuf message under construction.
type message []byte

func (m message) number(num uint64, v int64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, num<<3|wireNumber), uint64(v))
}

func (m message) bytes(num uint64, v []byte) message {
	return append(m.head(num, int64(len(v))), v...)
}

func (m message) text(num uint64, v string) message {
	return append(m.head(num, int64(len(v))), v...)
}

// head begins a field of so many bytes, which follow.
func (m message) head(num uint64, length int64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, num<<3|wireBytes), uint64(length))
}
