// Package container walks the files that hold pictures as a row of labelled parts: the
// chunks of PNG and RIFF, the boxes of the ISO base media format and of JPEG XL, and the
// items that HEIF and AVIF files are made of. It knows where things lie, not what they
// mean. Nothing is copied, and what is allocated is a small multiple of the input at most.
package container

import (
	"encoding/binary"
	"errors"
)

// ErrDamaged says that a file ends inside of a part, or that its parts contradict one another.
var ErrDamaged = errors.New("the file's parts do not fit")

// PNGHeader starts every PNG file.
const PNGHeader = "\x89PNG\r\n\x1a\n"

// PNG calls fn for the chunks of a PNG file, checksums left out, until fn returns false. It
// fails with ErrDamaged where the file ends before that.
func PNG(file []byte, fn func(kind string, body []byte) bool) error {
	p := file[min(len(PNGHeader), len(file)):]
	for {
		if len(p) < 12 {
			return ErrDamaged
		}
		n := uint64(binary.BigEndian.Uint32(p))
		if n > uint64(len(p)-12) {
			return ErrDamaged
		}
		if !fn(string(p[4:8]), p[8:8+n]) {
			return nil
		}
		p = p[12+n:]
	}
}

// RIFF calls fn for the chunks in p, without padding, until fn returns false. p is what
// follows the form type: a WebP file's from byte 12 on. It fails with ErrDamaged where a
// chunk goes past the end of p.
func RIFF(p []byte, fn func(kind string, body []byte) bool) error {
	for len(p) > 0 {
		if len(p) < 8 {
			return ErrDamaged
		}
		n := uint64(binary.LittleEndian.Uint32(p[4:]))
		if n > uint64(len(p)-8) {
			return ErrDamaged
		}
		if !fn(string(p[:4]), p[8:8+n]) {
			return nil
		}
		p = p[min(8+n+n%2, uint64(len(p))):]
	}
	return nil
}

// BoxHeader reads the header of a box of the ISO base media format (ISO/IEC 14496-12, 4.2):
// head is its first 16 bytes, or fewer where no more are left, and left is how many bytes
// there are from its start on. It returns the type, the length of the header and of the
// whole box; a box that reaches to the end of the file has left bytes.
func BoxHeader(head []byte, left uint64) (kind string, header, size uint64, err error) {
	if len(head) < 8 {
		return "", 0, 0, ErrDamaged
	}
	header, size, kind = 8, uint64(binary.BigEndian.Uint32(head)), string(head[4:8])
	switch size {
	case 0:
		size = left
	case 1:
		if len(head) < 16 {
			return "", 0, 0, ErrDamaged
		}
		header, size = 16, binary.BigEndian.Uint64(head[8:])
	}
	if size < header || size > left {
		return "", 0, 0, ErrDamaged
	}
	return kind, header, size, nil
}

// Boxes calls fn for the boxes in p until fn returns false. It fails with ErrDamaged where a
// box goes past the end of p. A box of type "uuid" starts with its 16 bytes.
func Boxes(p []byte, fn func(kind string, body []byte) bool) error {
	for len(p) > 0 {
		kind, header, size, err := BoxHeader(p[:min(16, len(p))], uint64(len(p)))
		if err != nil {
			return err
		}
		if !fn(kind, p[header:size]) {
			return nil
		}
		p = p[size:]
	}
	return nil
}

// Find returns the first box of a type in p, nil where there is none.
func Find(p []byte, kind string) (found []byte) {
	_ = Boxes(p, func(k string, body []byte) bool {
		if k == kind {
			found = body
		}
		return k != kind
	})
	return found
}

// FullBox takes version and flags off the body of a box that has them.
func FullBox(body []byte) (version byte, flags uint32, rest []byte, err error) {
	if len(body) < 4 {
		return 0, 0, nil, ErrDamaged
	}
	return body[0], binary.BigEndian.Uint32(body) & 0xFFFFFF, body[4:], nil
}

// reader takes numbers off a slice; once it ran out, it gives zeros and remembers it.
type reader struct {
	p   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.p)) {
		r.bad, r.p = true, nil
		return nil
	}
	out := r.p[:n]
	r.p = r.p[n:]
	return out
}

// uint takes a number of n bytes, 0 to 8, big endian.
func (r *reader) uint(n uint64) uint64 {
	var v uint64
	for _, b := range r.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// text takes a text that ends in a zero byte, or at the end.
func (r *reader) text() string {
	for i, b := range r.p {
		if b == 0 {
			s := string(r.p[:i])
			r.p = r.p[i+1:]
			return s
		}
	}
	s := string(r.p)
	r.p = nil
	return s
}
