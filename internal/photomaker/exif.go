package photomaker

import (
	"cmp"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"descry/library"
)

// Types of TIFF values.
const (
	typeByte     = 1
	typeASCII    = 2
	typeShort    = 3
	typeLong     = 4
	typeRational = 5
)

// entry is one field of a directory; count is in values, data little endian.
type entry struct {
	tag, kind uint16
	count     int
	data      []byte
}

func ascii(tag uint16, s string) entry {
	return entry{tag, typeASCII, len(s) + 1, append([]byte(s), 0)}
}

func short(tag uint16, v ...int) entry {
	e := entry{tag, typeShort, len(v), nil}
	for _, n := range v {
		e.data = binary.LittleEndian.AppendUint16(e.data, uint16(n))
	}
	return e
}

func long(tag uint16, v int) entry {
	return entry{tag, typeLong, 1, binary.LittleEndian.AppendUint32(nil, uint32(v))}
}

// rational stores each value to a millionth, or below 1 as one over a whole number.
func rational(tag uint16, v ...float64) entry {
	e := entry{tag, typeRational, len(v), nil}
	for _, f := range v {
		num, den := uint32(math.Round(f*1e6)), uint32(1e6)
		if f > 0 && f < 1 {
			num, den = 1e6, uint32(math.Round(1e6/f))
		}
		e.data = binary.LittleEndian.AppendUint32(e.data, num)
		e.data = binary.LittleEndian.AppendUint32(e.data, den)
	}
	return e
}

// directorySize is the size of a directory with its values.
func directorySize(entries []entry) int {
	n := 2 + 12*len(entries) + 4
	for _, e := range entries {
		if len(e.data) > 4 {
			n += len(e.data) + len(e.data)%2
		}
	}
	return n
}

// directory lays out a directory that starts at offset.
func directory(entries []entry, offset int) []byte {
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.tag, b.tag) })
	le := binary.LittleEndian
	out := le.AppendUint16(nil, uint16(len(entries)))
	var values []byte
	at := offset + 2 + 12*len(entries) + 4
	for _, e := range entries {
		out = le.AppendUint16(out, e.tag)
		out = le.AppendUint16(out, e.kind)
		out = le.AppendUint32(out, uint32(e.count))
		if len(e.data) <= 4 {
			out = append(append(out, e.data...), make([]byte, 4-len(e.data))...)
			continue
		}
		out = le.AppendUint32(out, uint32(at+len(values)))
		values = append(values, e.data...)
		if len(e.data)%2 == 1 {
			values = append(values, 0)
		}
	}
	return append(le.AppendUint32(out, 0), values...)
}

// fields are m's EXIF fields by directory.
func fields(m library.Metadata) (main, exif, gps []entry) {
	text := func(to *[]entry, tag uint16, s string) {
		if s != "" {
			*to = append(*to, ascii(tag, s))
		}
	}
	ratio := func(to *[]entry, tag uint16, f float64) {
		if f != 0 {
			*to = append(*to, rational(tag, f))
		}
	}
	text(&main, 0x010F, m.Make)
	text(&main, 0x0110, m.Model)
	if m.Orientation != 0 {
		main = append(main, short(0x0112, m.Orientation))
	}
	if !m.Taken.IsZero() {
		text(&exif, 0x9003, m.Taken.Format("2006:01:02 15:04:05"))
		if m.HasZone {
			text(&exif, 0x9011, m.Taken.Format("-07:00"))
		}
		if ns := m.Taken.Nanosecond(); ns != 0 {
			text(&exif, 0x9291, fmt.Sprintf("%03d", ns/1e6))
		}
	}
	ratio(&exif, 0x829A, m.Exposure)
	ratio(&exif, 0x829D, m.FNumber)
	if m.ISO != 0 {
		exif = append(exif, short(0x8827, m.ISO))
	}
	ratio(&exif, 0x920A, m.Focal)
	if m.Focal35 != 0 {
		exif = append(exif, short(0xA405, int(m.Focal35)))
	}
	text(&exif, 0xA434, m.Lens)
	if g := m.GPS; g != nil {
		dms := func(f float64) (float64, float64, float64) {
			f = math.Abs(f)
			d := math.Floor(f)
			minutes := math.Floor((f - d) * 60)
			return d, minutes, (f - d - minutes/60) * 3600
		}
		ref := func(f float64, plus, minus string) string {
			if f < 0 {
				return minus
			}
			return plus
		}
		below := byte(0)
		if g.Alt < 0 {
			below = 1
		}
		d, mi, s := dms(g.Lat)
		gps = append(gps, ascii(1, ref(g.Lat, "N", "S")), rational(2, d, mi, s))
		d, mi, s = dms(g.Lon)
		gps = append(gps, ascii(3, ref(g.Lon, "E", "W")), rational(4, d, mi, s),
			entry{5, typeByte, 1, []byte{below}}, rational(6, math.Abs(g.Alt)))
	}
	return main, exif, gps
}

// exifBlob is m as EXIF, from the byte order mark on, or nil where m says nothing.
func exifBlob(m library.Metadata) []byte {
	main, exif, gps := fields(m)
	if len(main)+len(exif)+len(gps) == 0 {
		return nil
	}
	return append([]byte("II*\x00\x08\x00\x00\x00"), directories(main, exif, gps, 8)...)
}

// directories lays out the main directory at offset and the others behind it.
func directories(main, exif, gps []entry, offset int) []byte {
	if len(exif) > 0 {
		main = append(main, long(0x8769, 0))
	}
	if len(gps) > 0 {
		main = append(main, long(0x8825, 0))
	}
	next := offset + directorySize(main)
	point := func(tag uint16, to int) {
		i := slices.IndexFunc(main, func(e entry) bool { return e.tag == tag })
		main[i] = long(tag, to)
	}
	var rest []byte
	if len(exif) > 0 {
		point(0x8769, next+len(rest))
		rest = append(rest, directory(exif, next+len(rest))...)
	}
	if len(gps) > 0 {
		point(0x8825, next+len(rest))
		rest = append(rest, directory(gps, next+len(rest))...)
	}
	return append(directory(main, offset), rest...)
}

// TIFF encodes img, without its alpha, uncompressed in one strip, and m as EXIF and XMP.
func TIFF(img image.Image, m library.Metadata) []byte {
	b := img.Bounds()
	out := []byte("II*\x00\x00\x00\x00\x00")
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	size := len(out) - 8
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	main, exif, gps := fields(m)
	main = append(main, long(256, b.Dx()), long(257, b.Dy()), short(258, 8, 8, 8), short(259, 1), short(262, 2),
		long(273, 8), short(277, 3), long(278, b.Dy()), long(279, size), short(284, 1))
	if x := xmpPacket(m); x != "" {
		main = append(main, entry{700, typeByte, len(x), []byte(x)})
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)))
	return append(out, directories(main, exif, gps, len(out))...)
}

// xmpPacket is what EXIF has no good place for, or "" where m says none of it.
func xmpPacket(m library.Metadata) string {
	var b strings.Builder
	escape := func(s string) string {
		var e strings.Builder
		must(xml.EscapeText(&e, []byte(s)))
		return e.String()
	}
	alt := func(name, s string) {
		if s != "" {
			fmt.Fprintf(&b, "<%s><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></%s>", name, escape(s), name)
		}
	}
	list := func(name, kind string, items ...string) {
		if len(items) == 0 || items[0] == "" {
			return
		}
		fmt.Fprintf(&b, "<%s><rdf:%s>", name, kind)
		for _, s := range items {
			fmt.Fprintf(&b, "<rdf:li>%s</rdf:li>", escape(s))
		}
		fmt.Fprintf(&b, "</rdf:%s></%s>", kind, name)
	}
	alt("dc:title", m.Title)
	alt("dc:description", m.Description)
	alt("dc:rights", m.Copyright)
	list("dc:creator", "Seq", m.Creator)
	list("dc:subject", "Bag", m.Keywords...)
	alt("Iptc4xmpCore:AltTextAccessibility", m.AltText)
	alt("Iptc4xmpCore:ExtDescrAccessibility", m.Extended)
	if m.Rating != 0 {
		fmt.Fprintf(&b, "<xmp:Rating>%d</xmp:Rating>", m.Rating)
	}
	if b.Len() == 0 {
		return ""
	}
	return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"` +
		` xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">` + b.String() +
		`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
}
