// Package contentid names a photo by its picture data, so that a caption written into
// the file by another program makes no new photo. docs/identity.md is the specification.
package contentid

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"

	"descry/library"
	"descry/library/decode"
)

// Schemes. A change of a rule is a new scheme; old ids are never reinterpreted.
const (
	SchemeJPEG = "jpeg1"
	SchemePNG  = "png1"
	SchemeGIF  = "gif1"
	SchemeWebP = "webp1"
	SchemeTIFF = "tiff1"
	SchemeFile = "file1" // SHA-256 of the whole file
)

// ErrEmpty says that there are no bytes to name.
var ErrEmpty = errors.New("the file is empty")

// errMalformed says that a file breaks its format's rules, so that it is named as a whole.
var errMalformed = errors.New("malformed")

// Of returns the content id of the file with these bytes. Files that break the rules of
// their format, and formats without a rule, are named by all their bytes. The only error
// is ErrEmpty.
func Of(data []byte) (library.Content, error) {
	if len(data) == 0 {
		return library.Content{}, ErrEmpty
	}
	var scheme string
	var rule func(*digest, []byte) error
	switch decode.Sniff(data[:min(len(data), decode.SniffLen)]) {
	case decode.JPEG:
		scheme, rule = SchemeJPEG, hashJPEG
	case decode.PNG:
		scheme, rule = SchemePNG, hashPNG
	case decode.GIF:
		scheme, rule = SchemeGIF, hashGIF
	case decode.WebP:
		scheme, rule = SchemeWebP, hashWebP
	case decode.TIFF:
		scheme, rule = SchemeTIFF, hashTIFF
	}
	if rule != nil {
		d := newDigest(scheme)
		if rule(d, data) == nil {
			return d.content(scheme), nil
		}
	}
	return library.Content{Scheme: SchemeFile, Digest: sha256.Sum256(data)}, nil
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
	head := append([]byte{byte(len(label))}, label...)
	d.h.Write(binary.BigEndian.AppendUint64(head, uint64(n)))
	for _, p := range pieces {
		d.h.Write(p)
	}
}

func (d *digest) content(scheme string) library.Content {
	c := library.Content{Scheme: scheme}
	d.h.Sum(c.Digest[:0])
	return c
}
