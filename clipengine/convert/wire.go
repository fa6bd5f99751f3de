package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"descry/internal/wire"
)

// errBroken is the reason of every refusal of a file that is not what it should be.
var errBroken = errors.New("it is not a whole ONNX model")

// field is one field of a message.
type field = wire.Field

// reader reads the structure of a model file and leaves the weights where they are.
type reader struct {
	*wire.Reader
	r io.ReaderAt
	// held is how many bytes of the file are in memory.
	held int64
}

// bytes loads a part of the file. Together they are bounded: what is large in a real model
// are weights, and those are not loaded.
func (r *reader) bytes(f field) ([]byte, error) {
	n := f.End - f.Off
	if r.held += n; r.held > maxHeld {
		return nil, fmt.Errorf("%w: it has more than %d MB besides its weights", errBroken, maxHeld>>20)
	}
	b := make([]byte, n)
	if got, err := r.r.ReadAt(b, f.Off); int64(got) < n {
		return nil, fmt.Errorf("read the model: %w", noEOF(err))
	}
	return b, nil
}

// text loads a name.
func (r *reader) text(f field) (string, error) {
	if f.Kind != wire.Bytes || f.End-f.Off > maxName {
		return "", fmt.Errorf("%w: a name in it is no text of at most %d bytes", errBroken, maxName)
	}
	b, err := r.bytes(f)
	return string(b), err
}

// numbers appends the numbers of a repeated field, packed or not.
func (r *reader) numbers(list []int64, f field) ([]int64, error) {
	if f.Kind == wire.Number {
		return append(list, int64(f.Value)), nil
	}
	if f.Kind != wire.Bytes || f.End-f.Off > maxName {
		return nil, errBroken
	}
	for off := f.Off; off < f.End; {
		v, n, err := r.Varint(off, f.End)
		if err != nil {
			return nil, err
		}
		list, off = append(list, int64(v)), off+n
	}
	return list, nil
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
	return binary.AppendUvarint(binary.AppendUvarint(m, num<<3|wire.Number), uint64(v))
}

func (m message) bytes(num uint64, v []byte) message {
	return append(m.head(num, int64(len(v))), v...)
}

func (m message) text(num uint64, v string) message {
	return append(m.head(num, int64(len(v))), v...)
}

// head begins a field of so many bytes, which follow.
func (m message) head(num uint64, length int64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, num<<3|wire.Bytes), uint64(length))
}
