package metadata

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"

	"descry/internal/container"
	"descry/library/decode"
	"descry/library/decode/jpegseg"
)

// fractions are the fields that hold fractions of a second. imagemeta gives them as whole
// numbers, which loses the zeros in front: "05" is five hundredths.
var fractions = map[uint16]string{0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized"}

// readFractions puts the fractions of a second into t.exif as text. What it cannot read
// is taken as not said.
func (t *tags) readFractions(format string, data []byte) {
	blob := exifBlob(format, data)
	if len(blob) < 8 {
		return
	}
	var order binary.ByteOrder = binary.LittleEndian
	if blob[0] == 'M' {
		order = binary.BigEndian
	}
	var exifAt uint32
	directory(blob, order, order.Uint32(blob[4:]), func(tag uint16, field []byte) {
		if tag == tagExifIFD {
			exifAt = order.Uint32(field[8:])
		}
	})
	directory(blob, order, exifAt, func(tag uint16, field []byte) {
		name, ok := fractions[tag]
		if _, have := t.exif[name]; have {
			return
		}
		n := uint64(order.Uint32(field[4:]))
		if !ok || order.Uint16(field[2:]) != 2 || n > 10 {
			return
		}
		value := field[8:12]
		if at := uint64(order.Uint32(field[8:])); n > 4 {
			if at+n > uint64(len(blob)) {
				return
			}
			value = blob[at : at+n]
		}
		text, _, _ := bytes.Cut(value[:min(n, uint64(len(value)))], []byte{0})
		t.exif[name] = string(text)
	})
}

// directory calls fn for the 12 bytes of every field of the directory at offset.
func directory(blob []byte, order binary.ByteOrder, offset uint32, fn func(tag uint16, field []byte)) {
	at := uint64(offset)
	if at == 0 || at+2 > uint64(len(blob)) {
		return
	}
	fields := blob[at+2:]
	for range order.Uint16(blob[at:]) {
		if len(fields) < 12 {
			return
		}
		fn(order.Uint16(fields), fields[:12])
		fields = fields[12:]
	}
}

// exifBlob is the EXIF data of a file from its byte order mark on, nil where there is none.
func exifBlob(format string, data []byte) (blob []byte) {
	switch format {
	case decode.TIFF:
		return data
	case decode.JPEG:
		_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
			if b, ok := bytes.CutPrefix(s.Data, []byte("Exif\x00\x00")); ok && s.Marker == jpegseg.APP1 {
				blob = b
			}
			return blob == nil && s.Marker != jpegseg.SOS
		})
	case decode.PNG:
		left := maxXMP
		chunks(data, func(kind string, body []byte) {
			switch key, rest, _ := bytes.Cut(body, []byte{0}); {
			case kind == "eXIf":
				blob = body
			case kind == "zTXt" && len(rest) > 0 && blob == nil && isProfile(string(key)):
				text := inflate(rest[1:], left)
				left -= len(text)
				p := bytes.TrimPrefix(rawProfile(string(key), text), []byte("Exif\x00\x00"))
				if bytes.HasPrefix(p, []byte("II")) || bytes.HasPrefix(p, []byte("MM")) {
					blob = p
				}
			}
		})
	case decode.WebP:
		riffChunks(data, func(kind string, body []byte) {
			if kind == "EXIF" && blob == nil {
				blob = bytes.TrimPrefix(body, []byte("Exif\x00\x00"))
			}
		})
	}
	return blob
}

// isProfile reports whether a PNG keyword announces what rawProfile reads.
func isProfile(key string) bool {
	switch key {
	case "Raw profile type exif", "Raw profile type APP1", "Raw profile type xmp":
		return true
	}
	return false
}

// rawProfile is the profile that ImageMagick writes in hexadecimal into a PNG text of this
// keyword, behind its name and its length; nil where it is none of EXIF and XMP.
func rawProfile(key string, text []byte) []byte {
	if !isProfile(key) {
		return nil
	}
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	profile := make([]byte, hex.DecodedLen(len(digits)))
	n, err := hex.Decode(profile, digits)
	if err != nil {
		return nil
	}
	return profile[:n]
}

// chunks calls fn for the chunks of a PNG file.
func chunks(data []byte, fn func(kind string, body []byte)) {
	_ = container.PNG(data, func(kind string, body []byte) bool {
		fn(kind, body)
		return true
	})
}

// riffChunks calls fn for the chunks of a WebP file.
func riffChunks(data []byte, fn func(kind string, body []byte)) {
	_ = container.RIFF(data[min(12, len(data)):], func(kind string, body []byte) bool {
		fn(kind, body)
		return true
	})
}
