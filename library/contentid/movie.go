package contentid

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"descry/internal/container"
)

// Limits on what is held of a film in memory: its table of contents, and the places of its
// top-level boxes.
const (
	maxMoov  = 64 << 20
	maxBoxes = 1 << 17
)

// span is a part of a file; before is how many bytes of all media data lie in front of it.
type span struct {
	kind     string
	at, size uint64
	before   uint64
}

type movie struct {
	media []span // in file order
}

// hashMovie hashes what the tracks of a film in the ISO base media format are made of
// (ISO/IEC 14496-12): for each its kind, its place, its sample tables with offsets counted
// within the media data; then fragments and media data in file order. Left out are names,
// times of writing, user data, XMP and free space.
func hashMovie(d *digest, r io.ReaderAt, size int64) error {
	var m movie
	var moov *span
	var parts []span // what is hashed whole, in file order
	var before uint64
	for at, n := uint64(0), 0; at < uint64(size); n++ {
		head, err := readAt(r, int64(at), min(16, size-int64(at)))
		if err != nil {
			return err
		}
		kind, header, total, err := container.BoxHeader(head, uint64(size)-at)
		if err != nil || n >= maxBoxes {
			return errMalformed
		}
		s := span{kind: kind, at: at + header, size: total - header, before: before}
		switch kind {
		case "moov":
			if moov != nil || s.size > maxMoov {
				return errMalformed
			}
			moov = &s
		case "mdat":
			m.media = append(m.media, s)
			parts = append(parts, s)
			before += s.size
		case "moof":
			parts = append(parts, s)
		}
		at += total
	}
	if moov == nil || before == 0 {
		return errMalformed
	}
	body, err := readAt(r, int64(moov.at), int64(moov.size))
	if err != nil {
		return err
	}
	if err := m.moov(d, body); err != nil {
		return err
	}
	for _, p := range parts {
		d.head(p.kind, p.size)
		if err := copyAt(d.h, r, int64(p.at), int64(p.size)); err != nil {
			return err
		}
	}
	return nil
}

// boxes calls fn for the boxes of p until one fails.
func boxes(p []byte, fn func(kind string, body []byte) error) (err error) {
	damaged := container.Boxes(p, func(kind string, body []byte) bool {
		err = fn(kind, body)
		return err == nil
	})
	if err == nil && damaged != nil && !zeroEnd(p) {
		err = errMalformed
	}
	return err
}

// zeroEnd reports whether a list of boxes ends in a 32-bit zero, as QuickTime's user data
// and some of its other lists do.
func zeroEnd(p []byte) bool {
	left := len(p)
	err := container.Boxes(p, func(_ string, body []byte) bool {
		left -= 8 + len(body)
		return true
	})
	return errors.Is(err, container.ErrDamaged) && left == 4 && binary.BigEndian.Uint32(p[len(p)-4:]) == 0
}

func (m *movie) moov(d *digest, p []byte) error {
	tracks := 0
	err := boxes(p, func(kind string, body []byte) error {
		switch kind {
		case "mvhd":
			scale, err := timescale(body)
			if err != nil || len(body) < 80 {
				return errMalformed
			}
			d.part("movie", scale, body[len(body)-64:len(body)-28]) // with its matrix
		case "mvex":
			d.part(kind, body)
		case "trak":
			tracks++
			d.part("track")
			return m.track(d, body)
		}
		return nil
	})
	if err == nil && tracks == 0 {
		err = errMalformed
	}
	return err
}

func (m *movie) track(d *digest, p []byte) error {
	return boxes(p, func(kind string, body []byte) error {
		switch kind {
		case "tkhd": // flags; matrix, width and height
			if len(body) < 80 {
				return errMalformed
			}
			d.part(kind, body[1:4], body[len(body)-44:])
		case "mdhd":
			scale, err := timescale(body)
			if err != nil {
				return err
			}
			d.part(kind, scale)
		case "hdlr":
			if len(body) < 12 {
				return errMalformed
			}
			d.part(kind, body[8:12]) // its kind, without its name
		case "edts", "mdia", "minf", "stbl":
			return m.track(d, body)
		case "stco", "co64":
			return m.chunks(d, kind, body)
		case "elst", "dinf", "tref", "tapt", "stsd", "stts", "ctts", "cslg", "stss", "stps", "stsh", "sdtp",
			"stsz", "stz2", "stsc", "sbgp", "sgpd", "subs", "saiz", "padb", "stdp":
			d.part(kind, body)
		}
		return nil
	})
}

// timescale is the number of time units a second in a movie's or a track's header.
func timescale(body []byte) ([]byte, error) {
	at := 12
	if len(body) > 0 && body[0] == 1 {
		at = 20
	}
	if len(body) < at+4 {
		return nil, errMalformed
	}
	return body[at : at+4], nil
}

// chunks hashes where the chunks of a track lie, counted from the start of all media data:
// where that lies in the file changes with the length of what a caption says.
func (m *movie) chunks(d *digest, kind string, body []byte) error {
	_, _, p, err := container.FullBox(body)
	if err != nil || len(p) < 4 {
		return errMalformed
	}
	n, width := uint64(binary.BigEndian.Uint32(p)), uint64(4)
	if kind == "co64" {
		width = 8
	}
	if p = p[4:]; n > uint64(len(p))/width {
		return errMalformed
	}
	d.head("chunks", 8*n)
	var out []byte
	for i := range n {
		var at uint64
		if width == 8 {
			at = binary.BigEndian.Uint64(p[8*i:])
		} else {
			at = uint64(binary.BigEndian.Uint32(p[4*i:]))
		}
		if out = binary.BigEndian.AppendUint64(out, m.within(at)); len(out) >= 1<<12 {
			d.h.Write(out)
			out = out[:0]
		}
	}
	d.h.Write(out)
	return nil
}

// within is an offset in the file as one in the media data; one that lies in none of it
// stays as it is, marked by the top bit.
func (m *movie) within(at uint64) uint64 {
	i, found := slices.BinarySearchFunc(m.media, at, func(s span, at uint64) int {
		switch {
		case s.at > at:
			return 1
		case s.at+s.size <= at:
			return -1
		}
		return 0
	})
	if !found {
		return at | 1<<63
	}
	return m.media[i].before + at - m.media[i].at
}
