// Package contentid names a photo by its picture data, so that a caption written into
// the file by another program makes no new photo. docs/identity.md is the specification.
package contentid

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"descry/library"
)

// Schemes. A change of a rule is a new scheme; old ids are never reinterpreted.
const (
	SchemeJPEG    = "jpeg1"
	SchemePNG     = "png1"
	SchemeGIF     = "gif1"
	SchemeWebP    = "webp1"
	SchemeTIFF    = "tiff1" // the camera RAW formats that are TIFF too
	SchemeBigTIFF = "bigtiff1"
	SchemeORF     = "orf1"
	SchemeRAF     = "raf1"
	SchemeHEIF    = "heif1" // AVIF too
	SchemeJXL     = "jxl1"
	SchemePSD     = "psd1"
	SchemeMovie   = "movie1" // MP4, QuickTime, CR3
	SchemeFile    = "file1"  // SHA-256 of the whole file
)

// ErrEmpty says that there are no bytes to name.
var ErrEmpty = errors.New("the file is empty")

// errMalformed says that a file breaks its format's rules, so that it is named as a whole.
var errMalformed = errors.New("malformed")

// rule is how the files of one kind are named.
type rule struct {
	scheme  string
	picture func(d *digest, data []byte) error               // for files that fit into memory
	stream  func(d *digest, r io.ReaderAt, size int64) error // for those that may not
}

// headLen is how many bytes of a file ruleOf looks at.
const headLen = 4096

// ruleOf finds the rule for a file by its first bytes. It does not ask what can be decoded,
// which may change: names may not.
func ruleOf(head []byte) rule {
	has := func(at int, magic string) bool {
		return len(head) >= at && bytes.HasPrefix(head[at:], []byte(magic))
	}
	switch {
	case has(0, "\xff\xd8\xff"):
		return rule{scheme: SchemeJPEG, picture: hashJPEG}
	case has(0, "\x89PNG\r\n\x1a\n"):
		return rule{scheme: SchemePNG, picture: hashPNG}
	case has(0, "GIF87a"), has(0, "GIF89a"):
		return rule{scheme: SchemeGIF, picture: hashGIF}
	case has(0, "RIFF") && has(8, "WEBP"):
		return rule{scheme: SchemeWebP, picture: hashWebP}
	case has(0, "II*\x00"), has(0, "MM\x00*"):
		return rule{scheme: SchemeTIFF, picture: hashTIFF}
	case has(0, "II+\x00"), has(0, "MM\x00+"):
		return rule{scheme: SchemeBigTIFF, picture: hashBigTIFF}
	case has(0, "IIRO"), has(0, "IIRS"), has(0, "MMOR"):
		return rule{scheme: SchemeORF, picture: hashTIFF}
	case has(0, "\xff\x0a"), has(0, "\x00\x00\x00\x0cJXL \r\n\x87\n"):
		return rule{scheme: SchemeJXL, picture: hashJXL}
	case has(0, "FUJIFILMCCD-RAW"):
		return rule{scheme: SchemeRAF, picture: hashRAF}
	case has(0, "8BPS"):
		return rule{scheme: SchemePSD, picture: hashPSD}
	case isHEIF(head):
		return rule{scheme: SchemeHEIF, picture: hashHEIF}
	case has(4, "ftyp"), has(4, "moov"), has(4, "mdat"), has(4, "wide"), has(4, "free"), has(4, "skip"), has(4, "pnot"):
		return rule{scheme: SchemeMovie, stream: hashMovie}
	}
	return rule{}
}

// Of returns the content id of the file with these bytes. Files that break the rules of
// their format, and formats without a rule, are named by all their bytes. The only error
// is ErrEmpty.
func Of(data []byte) (library.Content, error) {
	if len(data) == 0 {
		return library.Content{}, ErrEmpty
	}
	r := ruleOf(data[:min(len(data), headLen)])
	d := newDigest(r.scheme)
	switch {
	case r.picture != nil:
		if r.picture(d, data) == nil {
			return d.content(r.scheme), nil
		}
	case r.stream != nil:
		if r.stream(d, bytes.NewReader(data), int64(len(data))) == nil {
			return d.content(r.scheme), nil
		}
	}
	return library.Content{Scheme: SchemeFile, Digest: sha256.Sum256(data)}, nil
}

// OfFile returns the same content id as Of for the file of size bytes that r reads. Videos,
// and all files without a rule, are read piece by piece and never held in memory; only
// pictures are, as Of does. It fails with ErrEmpty and with the errors of r; a file that has
// become shorter meanwhile gives io.ErrUnexpectedEOF.
func OfFile(r io.ReaderAt, size int64) (library.Content, error) {
	if size <= 0 {
		return library.Content{}, ErrEmpty
	}
	head, err := readAt(r, 0, min(size, headLen))
	if err != nil {
		return library.Content{}, err
	}
	switch rule := ruleOf(head); {
	case rule.picture != nil:
		data, err := readAt(r, 0, size)
		if err != nil {
			return library.Content{}, err
		}
		return Of(data)
	case rule.stream != nil:
		d := newDigest(rule.scheme)
		if err := rule.stream(d, r, size); err == nil {
			return d.content(rule.scheme), nil
		} else if !errors.Is(err, errMalformed) {
			return library.Content{}, err
		}
	}
	h := sha256.New()
	if err := copyAt(h, r, 0, size); err != nil {
		return library.Content{}, err
	}
	c := library.Content{Scheme: SchemeFile}
	h.Sum(c.Digest[:0])
	return c, nil
}

// readAt reads n bytes at offset.
func readAt(r io.ReaderAt, offset, n int64) ([]byte, error) {
	data := make([]byte, n)
	if got, err := r.ReadAt(data, offset); got < len(data) {
		return nil, readError(err)
	}
	return data, nil
}

// copyAt writes n bytes at offset to w.
func copyAt(w io.Writer, r io.ReaderAt, offset, n int64) error {
	const piece = 256 << 10
	if got, err := io.CopyBuffer(w, io.NewSectionReader(r, offset, n), make([]byte, min(n, piece))); err != nil || got < n {
		return readError(err)
	}
	return nil
}

func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading the file to name it: %w", err)
}

// digest hashes labelled parts. A part is hashed as a label of one byte length and its
// text, the number of bytes (8 bytes, big endian) and the bytes, so that no two sequences
// of parts hash alike.
type digest struct{ h hash.Hash }

func newDigest(scheme string) *digest {
	d := &digest{sha256.New()}
	d.part("descry", []byte(scheme))
	return d
}

// part hashes the concatenation of pieces as one part.
func (d *digest) part(label string, pieces ...[]byte) {
	n := 0
	for _, p := range pieces {
		n += len(p)
	}
	d.head(label, uint64(n))
	for _, p := range pieces {
		d.h.Write(p)
	}
}

// head starts a part of n bytes, which are to be written next.
func (d *digest) head(label string, n uint64) {
	head := append([]byte{byte(len(label))}, label...)
	d.h.Write(binary.BigEndian.AppendUint64(head, n))
}

func (d *digest) content(scheme string) library.Content {
	c := library.Content{Scheme: scheme}
	d.h.Sum(c.Digest[:0])
	return c
}
