package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"descry/library/decode"
)

// A request is a header of requestSize bytes and the file:
//
//	"DCq1", kind (1), format (1), 0 (2), shortest side (4), most pixels (8), length (8)
//
// An answer is a header of answerSize bytes, a text, a colour profile and the pixels:
//
//	"DCa1", fault (1), 0 (3), width (4), height (4), length of the text (4), of the profile (4)
//
// Numbers are little endian; there are 4·width·height bytes of pixels.
const (
	requestMagic = "DCq1"
	answerMagic  = "DCa1"
	requestSize  = 28
	answerSize   = 24

	maxText    = 4 << 10
	maxProfile = 8 << 20
)

// Kinds of requests.
const (
	askDecode byte = 1
	askList   byte = 2 // which libraries there are, as JSON in the text
)

// Faults, as answers and native.h number them.
const (
	faultNone byte = iota
	faultDamaged
	faultTruncated
	faultTooLarge
	faultUnsupported
	faultMissing // no library for the format
)

// fault is what a child answers instead of a picture.
type fault struct {
	kind byte
	text string
}

// Error says what was found; "" for the text is allowed.
func (f *fault) Error() string {
	if f.text == "" {
		return f.Unwrap().Error()
	}
	return fmt.Sprintf("%s: %s", f.Unwrap(), f.text)
}

// Unwrap returns the error of package decode that the fault stands for.
func (f *fault) Unwrap() error {
	switch f.kind {
	case faultTruncated:
		return decode.ErrTruncated
	case faultTooLarge:
		return decode.ErrTooLarge
	case faultUnsupported:
		return decode.ErrUnsupported
	case faultMissing:
		return decode.ErrCodec
	}
	return decode.ErrDamaged
}

// formats are the numbers of the formats in requests.
var formats = [...]string{decode.HEIF, decode.AVIF, decode.JXL}

func formatNumber(format string) (byte, bool) {
	for i, f := range formats {
		if f == format {
			return byte(i), true
		}
	}
	return 0, false
}

// request is what a child is asked.
type request struct {
	kind      byte
	format    string
	minSide   int
	maxPixels int64
	data      []byte
}

func writeRequest(w io.Writer, q request) error {
	head := make([]byte, requestSize)
	copy(head, requestMagic)
	head[4] = q.kind
	head[5], _ = formatNumber(q.format)
	binary.LittleEndian.PutUint32(head[8:], uint32(q.minSide))
	binary.LittleEndian.PutUint64(head[12:], uint64(q.maxPixels))
	binary.LittleEndian.PutUint64(head[20:], uint64(len(q.data)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(q.data)
	return err
}

var errWire = errors.New("what came through the pipe breaks the protocol")

// readRequest reads a request with at most maxBytes of data. It returns io.EOF where there
// is none.
func readRequest(r io.Reader, maxBytes int64) (request, error) {
	var head [requestSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return request{}, err
	}
	n := binary.LittleEndian.Uint64(head[20:])
	if string(head[:4]) != requestMagic || int(head[5]) >= len(formats) || n > uint64(maxBytes) {
		return request{}, errWire
	}
	q := request{
		kind:      head[4],
		format:    formats[head[5]],
		minSide:   int(binary.LittleEndian.Uint32(head[8:]) & 0x7fffffff),
		maxPixels: int64(binary.LittleEndian.Uint64(head[12:]) & (1<<62 - 1)),
	}
	var err error
	q.data, err = readN(r, int64(n))
	return q, err
}

// answer is what a child answers.
type answer struct {
	fault         *fault // nil: none
	text          string
	width, height int
	profile, pix  []byte
}

func writeAnswer(to io.Writer, a answer) error {
	w := bufio.NewWriterSize(to, 4<<10)
	text := a.text
	head := make([]byte, answerSize)
	copy(head, answerMagic)
	if a.fault != nil {
		head[4], text = a.fault.kind, a.fault.text
	}
	text = text[:min(len(text), maxText)]
	if len(a.profile) > maxProfile {
		a.profile = nil
	}
	binary.LittleEndian.PutUint32(head[8:], uint32(a.width))
	binary.LittleEndian.PutUint32(head[12:], uint32(a.height))
	binary.LittleEndian.PutUint32(head[16:], uint32(len(text)))
	binary.LittleEndian.PutUint32(head[20:], uint32(len(a.profile)))
	for _, part := range [][]byte{head, []byte(text), a.profile, a.pix} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Flush()
}

// readAnswer reads an answer whose picture has at most maxPixels. It allocates no more than
// arrives, give or take a factor.
func readAnswer(r io.Reader, maxPixels int64) (answer, error) {
	var head [answerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return answer{}, err
	}
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint32(head[i:])) }
	width, height, text, profile := number(8), number(12), number(16), number(20)
	if string(head[:4]) != answerMagic || text > maxText || profile > maxProfile || head[4] > faultMissing ||
		width > 1<<30 || height > 1<<30 || width*height > maxPixels || head[4] != faultNone && width*height != 0 {
		return answer{}, errWire
	}
	a := answer{width: int(width), height: int(height)}
	words, err := readN(r, text)
	if err != nil {
		return answer{}, err
	}
	a.text = string(words)
	if head[4] != faultNone {
		a.fault = &fault{head[4], a.text}
	}
	if a.profile, err = readN(r, profile); err != nil {
		return answer{}, err
	}
	a.pix, err = readN(r, 4*width*height)
	return a, err
}

// readN reads n bytes. It trusts n for the first few megabytes only and then asks for
// memory as data comes in.
func readN(r io.Reader, n int64) ([]byte, error) {
	const trusted = 64 << 20
	buf := make([]byte, min(n, trusted))
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, noEOF(err)
	}
	for int64(len(buf)) < n {
		more := min(n-int64(len(buf)), int64(len(buf)))
		at := len(buf)
		buf = append(buf, make([]byte, more)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return nil, noEOF(err)
		}
	}
	return buf, nil
}

// noEOF makes an end in the middle a fault.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
