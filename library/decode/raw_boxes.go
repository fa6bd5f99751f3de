package decode

import (
	"bytes"
	"encoding/binary"

	"descry/internal/container"
)

// readRAF reads Fujifilm's files: the header says where one JPEG, with EXIF, and the
// sensor's data lie.
func (r *rawFile) readRAF() {
	const jpegAt, sensorAt = 84, 92 // each an offset and a length, big endian
	if len(r.file) < sensorAt+8 {
		return
	}
	be := binary.BigEndian
	r.add(uint64(be.Uint32(r.file[jpegAt:])), uint64(be.Uint32(r.file[jpegAt+4:])))
	if best, ok := r.best(0); ok {
		r.adobeRGB = jpegIsAdobeRGB(best.data)
	}
	// A list of fields, each a number and a size of 2 bytes and then its value; sizes of
	// pictures are height and width.
	const full, cropped = 0x0100, 0x0111
	at, n := uint64(be.Uint32(r.file[sensorAt:])), uint64(be.Uint32(r.file[sensorAt+4:]))
	if at > uint64(len(r.file)) || n > uint64(len(r.file))-at || n < 4 {
		return
	}
	p := r.file[at+4 : at+n]
	sizes := make(map[uint16][2]int)
	for len(p) >= 4 {
		tag, size := be.Uint16(p), int(be.Uint16(p[2:]))
		if p = p[4:]; size > len(p) {
			break
		}
		if size == 4 {
			sizes[tag] = [2]int{int(be.Uint16(p)), int(be.Uint16(p[2:]))}
		}
		p = p[size:]
	}
	s, ok := sizes[cropped]
	if !ok {
		s = sizes[full]
	}
	r.size(s[1], s[0])
}

// The boxes with Canon's own data, by their ids.
const (
	canonMeta    = "\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"
	canonPreview = "\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16"
)

// readCR3 reads Canon's newer files, made of boxes: a full-size JPEG is a track of its
// own, a smaller one lies in a box PRVW. After Laurent Clévy's description.
func (r *rawFile) readCR3() {
	// Errors end the walk of a file that is cut short; what came before counts.
	_ = container.Boxes(r.file, func(kind string, body []byte) bool {
		switch {
		case kind == "uuid" && len(body) >= 24 && string(body[:16]) == canonPreview:
			// Behind the id: 8 bytes, then the box.
			r.cr3Box(container.Find(body[24:], "PRVW"), 16)
		case kind == "moov":
			r.cr3Movie(body)
		}
		return true
	})
}

// cr3Box adds the JPEG in a box that holds it from byte header on.
func (r *rawFile) cr3Box(body []byte, header int) {
	if len(body) > header && bytes.HasPrefix(body[header:], []byte("\xff\xd8\xff")) {
		r.take(body[header:])
	}
}

func (r *rawFile) cr3Movie(movie []byte) {
	_ = container.Boxes(movie, func(kind string, body []byte) bool {
		switch {
		case kind == "uuid" && len(body) >= 16 && string(body[:16]) == canonMeta:
			r.cr3Box(container.Find(body[16:], "THMB"), 16)
			if settings := container.Find(body[16:], "CMT2"); settings != nil {
				if t, err := container.ReadTIFF(settings); err == nil {
					exif, err := t.Directory(t.First)
					r.adobeRGB = err == nil && isAdobeRGB(t, exif)
				}
			}
		case kind == "trak":
			table := body
			for _, step := range []string{"mdia", "minf", "stbl"} {
				table = container.Find(table, step)
			}
			r.cr3Track(table)
		}
		return true
	})
}

// cr3Track reads the table of samples of one track: either the one sample is a JPEG, or
// the entry tells the size of the sensor's picture.
func (r *rawFile) cr3Track(table []byte) {
	be := binary.BigEndian
	entry := container.Find(table, "stsd")
	const width, height = 40, 42 // behind version, count, the entry's header and 24 bytes of it
	if len(entry) < height+2 || string(entry[12:16]) != "CRAW" {
		return
	}
	r.size(int(be.Uint16(entry[width:])), int(be.Uint16(entry[height:])))
	sizes, offsets := container.Find(table, "stsz"), container.Find(table, "co64")
	if len(sizes) < 12 || len(offsets) < 16 {
		return
	}
	n := uint64(be.Uint32(sizes[4:])) // one size for all
	if n == 0 && len(sizes) >= 16 {
		n = uint64(be.Uint32(sizes[12:]))
	}
	r.add(be.Uint64(offsets[8:]), n)
}
