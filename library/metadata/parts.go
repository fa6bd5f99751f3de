package metadata

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/andybalholm/brotli"

	"descry/internal/container"
	"descry/library/decode"
	"descry/library/decode/jpegseg"
)

// parts are the pieces of metadata that a file holds, as they lie in it; for the formats
// that imagemeta reads, only those that it does not give.
type parts struct {
	exif          *container.TIFF // the directory of the picture and those that it leads to
	camera, place *container.TIFF // CR3 keeps the directories of settings and position apart
	preview       []byte          // an embedded JPEG with metadata of its own
	xmp           [][]byte
	iptc          []byte // records
	icc           []byte
	colours       string // the name of the colours, where there is no profile
	packed        bool   // there is more, compressed, that could not be read
	film          bool   // of HEIF: a film lies in the file, beside the picture
}

// partsOf finds the pieces of a file. What cannot be found is not there.
func partsOf(format string, data []byte) parts {
	switch format {
	case decode.HEIF, decode.AVIF:
		return heifParts(data)
	case decode.JXL:
		return jxlParts(data)
	case decode.PSD:
		return psdParts(data)
	case decode.CR3:
		return cr3Parts(data)
	case decode.RAF:
		return rafParts(data)
	}
	p := parts{exif: exifOf(exifBlob(format, data))}
	if format == decode.TIFF || decode.IsRaw(format) {
		p.exif = exifOf(data)
		tiffParts(&p)
	} else {
		p.icc = decode.Profile(format, data)
	}
	return p
}

// exifOf reads the header of EXIF data, nil where it is none.
func exifOf(blob []byte) *container.TIFF {
	t, err := container.ReadTIFF(blob)
	if err != nil {
		return nil
	}
	return t
}

// withPrefix finds the byte order mark in EXIF data that some bytes may come before: HEIF
// and JPEG XL say how many, in four bytes, and not always the truth.
func withPrefix(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	skip := uint64(binary.BigEndian.Uint32(b))
	if rest := b[4:]; skip < uint64(len(rest)) && exifOf(rest[skip:]) != nil {
		return rest[skip:]
	}
	for i := range min(len(b), 32) {
		if exifOf(b[i:]) != nil {
			return b[i:]
		}
	}
	return nil
}

func heifParts(data []byte) (p parts) {
	p.film = container.Find(data, "mpvd") != nil
	h, _ := container.ReadHEIF(data)   // what could be read of it
	describes := make(map[uint32]bool) // items that describe another picture than the primary
	for _, r := range h.References() {
		if r.Type == "cdsc" {
			mine := false
			for _, to := range r.To {
				mine = mine || to == h.Primary
			}
			describes[r.From] = !mine
		}
	}
	h.Items(func(id uint32, item *container.Item) bool {
		exif, xmp := item.Type == "Exif", item.Type == "mime" && item.MIME == "application/rdf+xml"
		if describes[id] || !exif && !xmp {
			return true
		}
		pieces, err := h.Data(item)
		if err != nil || len(pieces) == 0 {
			return true
		}
		body := pieces[0]
		if len(pieces) > 1 {
			body = bytes.Join(pieces, nil)
		}
		switch {
		case xmp:
			p.xmp = append(p.xmp, body)
		case p.exif == nil:
			p.exif = exifOf(withPrefix(body))
		}
		return true
	})
	_ = h.Properties(h.Item(h.Primary), func(property container.Property) {
		if property.Type != "colr" || len(property.Body) < 4 {
			return
		}
		switch kind, body := string(property.Body[:4]), property.Body[4:]; {
		case kind == "prof" || kind == "rICC":
			p.icc = body
		case kind == "nclx" && len(body) >= 2:
			p.colours = primaries(binary.BigEndian.Uint16(body))
		}
	})
	return p
}

// primaries names colours that are not those of sRGB, by their number in ITU-T H.273.
func primaries(n uint16) string {
	switch n {
	case 9:
		return "Rec. 2020"
	case 11:
		return "DCI-P3"
	case 12:
		return "Display P3"
	}
	return ""
}

// jxlParts reads the boxes of a JPEG XL file; those of kind brob hold another, compressed by
// Brotli (ISO/IEC 18181-2), as cjxl writes what it finds in a JPEG.
func jxlParts(data []byte) (p parts) {
	if len(data) > 0 && data[0] == 0xFF { // a naked codestream
		return p
	}
	// Each packed box takes tables and a window of memory, however small it is.
	boxes, left := 4, maxXMP
	_ = container.Boxes(data, func(kind string, body []byte) bool {
		if kind == "brob" && len(body) >= 4 {
			packed := body[4:]
			if kind = string(body[:4]); kind != "Exif" && kind != "xml " {
				return true
			}
			if boxes--; boxes < 0 {
				p.packed = true
				return false
			}
			var whole bool
			body, whole = unbrotli(packed, left)
			p.packed = p.packed || !whole
			left -= len(body)
		}
		switch {
		case kind == "Exif" && p.exif == nil:
			p.exif = exifOf(withPrefix(body))
		case kind == "xml ":
			p.xmp = append(p.xmp, body)
		}
		return true
	})
	return p
}

// unbrotli decompresses up to limit bytes; what could be read is returned, and whether that
// is all.
func unbrotli(packed []byte, limit int) (out []byte, whole bool) {
	out, err := io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(packed)), int64(limit)+1))
	if len(out) > limit {
		return out[:limit], false
	}
	return out, err == nil
}

func psdParts(data []byte) (p parts) {
	const header = 26
	rest := data[min(header, len(data)):]
	var resources []byte
	for range 2 { // the colours, then the resources
		if len(rest) < 4 {
			return p
		}
		n := uint64(binary.BigEndian.Uint32(rest))
		rest = rest[4:]
		n = min(n, uint64(len(rest)))
		resources, rest = rest[:n], rest[n:]
	}
	_ = container.PSDResources(resources, func(id uint16, body []byte) bool {
		switch id {
		case 1028:
			p.iptc = body
		case 1039:
			p.icc = body
		case 1058:
			p.exif = exifOf(body)
		case 1060:
			p.xmp = append(p.xmp, body)
		}
		return true
	})
	return p
}

// The boxes in which Canon's CR3 keeps metadata.
const (
	uuidCanon = "\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"
	uuidXMP   = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"
)

func cr3Parts(data []byte) (p parts) {
	_ = container.Boxes(data, func(kind string, body []byte) bool {
		if packet, ok := bytes.CutPrefix(body, []byte(uuidXMP)); ok && kind == "uuid" {
			p.xmp = append(p.xmp, packet)
		}
		if kind != "moov" {
			return true
		}
		_ = container.Boxes(body, func(kind string, body []byte) bool {
			boxes, ok := bytes.CutPrefix(body, []byte(uuidCanon))
			if !ok || kind != "uuid" {
				return true
			}
			p.exif = exifOf(container.Find(boxes, "CMT1"))
			p.camera = exifOf(container.Find(boxes, "CMT2"))
			p.place = exifOf(container.Find(boxes, "CMT4"))
			return false
		})
		return true
	})
	return p
}

// rafParts finds the JPEG file in a Fujifilm RAW file; it holds all metadata.
func rafParts(data []byte) (p parts) {
	const place = 84
	if len(data) < place+8 {
		return p
	}
	at, n := uint64(binary.BigEndian.Uint32(data[place:])), uint64(binary.BigEndian.Uint32(data[place+4:]))
	if at <= uint64(len(data)) {
		p.preview = data[at:min(at+n, uint64(len(data)))]
	}
	return p
}

// Fields of the first directory of TIFF and RAW files.
const (
	tagPanasonicJPEG = 0x002E
	tagXMP           = 700
	tagIPTC          = 33723
	tagICC           = 34675
)

// tiffParts finds what TIFF and RAW files keep in fields of their first directory.
func tiffParts(p *parts) {
	if p.exif == nil {
		return
	}
	d, err := p.exif.Directory(p.exif.First)
	if err != nil {
		return
	}
	for _, f := range d.Fields {
		switch f.Tag {
		case tagXMP:
			p.xmp = append(p.xmp, f.Value)
		case tagIPTC:
			p.iptc = f.Value
		case tagICC:
			p.icc = f.Value
		case tagPanasonicJPEG:
			if bytes.HasPrefix(f.Value, []byte("\xff\xd8\xff")) {
				p.preview = f.Value
			}
		}
	}
}

// hasFilm reports whether a film follows the picture of a JPEG file. Programs that cut it
// off often leave the words that announce it.
func hasFilm(data []byte) bool {
	end, err := jpegseg.Walk(data, func(jpegseg.Segment) bool { return true })
	return err == nil && bytes.Contains(data[end:], []byte("ftyp"))
}

// samsungFilm reports whether Samsung's trailer, which is told by its end, announces a film.
func samsungFilm(data []byte) bool {
	return bytes.HasSuffix(data, []byte("SEFT")) && bytes.Contains(data, []byte("MotionPhoto_Data"))
}
