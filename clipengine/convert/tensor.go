package convert

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// file is an open file that holds a model or weights.
type file struct {
	r     io.ReaderAt
	size  int64
	close func() error
}

// file opens a file of the model's folder, once.
func (m *model) file(name string) (*file, error) {
	if f := m.files[name]; f != nil {
		return f, nil
	}
	st, err := fs.Stat(m.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("its file %s cannot be read: %w", plain(name), err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("its file %s is not a regular file", plain(name))
	}
	opened, err := m.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("its file %s cannot be read: %w", plain(name), err)
	}
	r, ok := opened.(io.ReaderAt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("its file %s cannot be read in parts", plain(name)), opened.Close())
	}
	f := &file{r, st.Size(), opened.Close}
	m.files[name] = f
	return f, nil
}

// tensor is an array of numbers: in a file, in memory, or made while it is written.
type tensor struct {
	name  string
	dims  []int64
	elem  int64
	count int64 // of elements

	// Where the bytes are, one of: a part of a file, held, made.
	from      *file
	off, size int64
	// asIs is whether that part of a file is the whole message rather than the numbers.
	asIs bool
	held []byte
	make func(io.Writer) error
}

// floatTensor is a tensor of numbers in memory.
func floatTensor(name string, dims []int64, values []float32) *tensor {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return &tensor{name: name, dims: dims, elem: elemFloat, count: int64(len(values)), held: b, size: int64(len(b))}
}

// open reads the numbers from the beginning.
func (t *tensor) open() io.Reader {
	if t.from == nil {
		return &sliceReader{t.held}
	}
	return io.NewSectionReader(t.from.r, t.off, t.size)
}

type sliceReader struct{ b []byte }

func (r *sliceReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

// floats loads all numbers of a float32 tensor.
func (t *tensor) floats() ([]float32, error) {
	out := make([]float32, 0, t.count)
	err := t.rows(1<<16, func(row []float32) error {
		out = append(out, row...)
		return nil
	})
	return out, err
}

// rows calls fn with the numbers of a float32 tensor, n at a time; the slice is valid during
// the call only.
func (t *tensor) rows(n int64, fn func([]float32) error) error {
	n = max(1, min(n, t.count))
	r := bufio.NewReaderSize(t.open(), 1<<18)
	buf := make([]byte, 4*n)
	row := make([]float32, n)
	for left := t.count; left > 0; left -= n {
		n = min(n, left)
		if _, err := io.ReadFull(r, buf[:4*n]); err != nil {
			return fmt.Errorf("read the weights %s: %w", plain(t.name), noEOF(err))
		}
		for i := range row[:n] {
			row[i] = math.Float32frombits(binary.LittleEndian.Uint32(buf[4*i:]))
		}
		if err := fn(row[:n]); err != nil {
			return err
		}
	}
	return nil
}

// write writes the bytes of a tensor.
func (t *tensor) write(w io.Writer) error {
	if t.make != nil {
		return t.make(w)
	}
	n, err := io.Copy(w, t.open())
	if err == nil && n != t.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func floatsOf(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
