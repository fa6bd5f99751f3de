package convert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

const (
	// maxInline is how long a model file may become before its weights go into a file beside
	// it: a protobuf message ends at 2 GiB.
	maxInline = 2<<30 - 64<<20
	// minExternal is the size of a tensor from which on it goes there, in bytes; align is
	// where each begins, so that a runtime can map the file.
	minExternal = 1024
	align       = 4096
)

// header is a tensor's message without its numbers, which follow.
func (t *tensor) header() message {
	var m message
	for _, d := range t.dims {
		m = m.number(1, d)
	}
	return m.number(2, t.elem).text(8, t.name)
}

// wrapped is the message of a tensor up to its numbers as field num of what it is in.
func (t *tensor) wrapped(num uint64) (before, after message) {
	if t.asIs {
		// The last name counts.
		after = message{}.text(8, t.name)
		return message{}.head(num, t.size+int64(len(after))), after
	}
	inner := t.header().head(9, t.size)
	return append(message{}.head(num, int64(len(inner))+t.size), inner...), nil
}

// outside is the message of a tensor whose numbers lie in another file.
func (t *tensor) outside(location string, offset int64) message {
	m := t.header()
	for _, e := range [][2]string{
		{"location", location}, {"offset", fmt.Sprint(offset)}, {"length", fmt.Sprint(t.size)},
	} {
		m = m.bytes(13, message{}.text(1, e[0]).text(2, e[1]))
	}
	return message{}.bytes(5, m.number(14, 1))
}

// encode is a node as a message; a tensor in an attribute is small enough to hold.
func (n *node) encode() (message, error) {
	var m message
	for _, s := range n.in {
		m = m.text(1, s)
	}
	for _, s := range n.out {
		m = m.text(2, s)
	}
	if n.name != "" {
		m = m.text(3, n.name)
	}
	m = m.text(4, n.op)
	for _, a := range n.attrs {
		raw := a.raw
		if a.tensor != nil {
			if a.tensor.size > 1<<20 {
				return nil, errors.New("a node of it holds a large tensor, which is not converted")
			}
			var b message
			before, after := a.tensor.wrapped(5)
			w := &appender{before}
			if err := a.tensor.write(w); err != nil {
				return nil, err
			}
			b = append(b.text(1, a.name), append(w.b, after...)...)
			raw = b.number(20, attrTensor)
		}
		m = m.bytes(5, raw)
	}
	if n.domain != "" {
		m = m.text(7, n.domain)
	}
	return m, nil
}

type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) { a.b = append(a.b, p...); return len(p), nil }

// sink is where a converted model is written; it counts, and ends with the context.
type sink struct {
	ctx  context.Context
	w    *bufio.Writer
	n    int64
	told func(int64)
}

func (s *sink) Write(p []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	s.n += int64(n)
	s.told(int64(n))
	return n, err
}

// write puts the model into the file name of a folder, and what does not fit into a file
// beside it. written is told how many bytes were written of how many.
func (m *model) write(ctx context.Context, dir *os.Root, name string, limit int64, written func(done, total int64)) error {
	var nodes message
	for _, n := range m.nodes {
		b, err := n.encode()
		if err != nil {
			return err
		}
		nodes = nodes.bytes(1, b)
	}
	nodes = nodes.text(2, "descry")
	var ports message
	for _, p := range m.inputs {
		ports = ports.bytes(11, p.raw)
	}
	for _, p := range m.outputs {
		ports = ports.bytes(12, p.raw)
	}
	weights := int64(0)
	for _, id := range m.order {
		weights += m.tensors[id].size
	}
	total := weights + int64(len(nodes)+len(ports))
	done := int64(0)
	told := func(n int64) {
		done += n
		written(min(done, total), total)
	}
	location := ""
	offsets := map[string]int64{}
	if weights > limit {
		location = path.Base(name) + "_data"
		if err := m.writeData(ctx, dir, path.Join(path.Dir(name), location), offsets, told); err != nil {
			return err
		}
	}
	length := int64(len(nodes) + len(ports))
	for _, id := range m.order {
		t := m.tensors[id]
		if offset, ok := offsets[id]; ok {
			length += int64(len(t.outside(location, offset)))
			continue
		}
		before, after := t.wrapped(5)
		length += int64(len(before)) + t.size + int64(len(after))
	}
	head := message{}.number(1, max(m.irVersion, 4)).text(2, "descry")
	head = append(head.head(7, length), nodes...)
	err := toFile(ctx, dir, name, told, func(w *sink) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		for _, id := range m.order {
			t := m.tensors[id]
			if offset, ok := offsets[id]; ok {
				if _, err := w.Write(t.outside(location, offset)); err != nil {
					return err
				}
				continue
			}
			if err := writeTensor(w, t); err != nil {
				return err
			}
		}
		_, err := w.Write(append(ports, m.rest...))
		return err
	})
	if err != nil && location != "" {
		_ = dir.Remove(path.Join(path.Dir(name), location))
	}
	return err
}

func writeTensor(w *sink, t *tensor) error {
	before, after := t.wrapped(5)
	if _, err := w.Write(before); err != nil {
		return err
	}
	if err := t.exactly(w); err != nil {
		return err
	}
	_, err := w.Write(after)
	return err
}

// exactly writes a tensor's numbers and checks that they are as many as was promised.
func (t *tensor) exactly(w *sink) error {
	from := w.n
	if err := t.write(w); err != nil {
		return fmt.Errorf("convert the weights %s: %w", plain(t.name), err)
	}
	if w.n-from != t.size {
		return fmt.Errorf("convert the weights %s: %d bytes were made instead of %d", plain(t.name), w.n-from, t.size)
	}
	return nil
}

// writeData writes the large tensors into a file of their own and notes where each begins.
func (m *model) writeData(ctx context.Context, dir *os.Root, name string, offsets map[string]int64, told func(int64)) error {
	return toFile(ctx, dir, name, told, func(w *sink) error {
		for _, id := range m.order {
			t := m.tensors[id]
			if t.asIs || t.size < minExternal {
				continue
			}
			if rest := w.n % align; rest != 0 {
				if _, err := w.Write(make([]byte, align-rest)); err != nil {
					return err
				}
			}
			offsets[id] = w.n
			if err := t.exactly(w); err != nil {
				return err
			}
		}
		return nil
	})
}

// toFile makes a file of what fn writes; one that is not whole is removed.
func toFile(ctx context.Context, dir *os.Root, name string, told func(int64), fn func(*sink) error) (err error) {
	if d := path.Dir(name); d != "." {
		if err := dir.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	f, err := dir.Create(name)
	if err != nil {
		return fmt.Errorf("write the converted model: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = dir.Remove(name)
		}
	}()
	w := &sink{ctx: ctx, w: bufio.NewWriterSize(f, 1<<20), told: told}
	if err := fn(w); err != nil {
		return err
	}
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write the converted model: %w", err)
	}
	return nil
}

var _ io.Writer = (*sink)(nil)
