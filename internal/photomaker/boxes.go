package photomaker

import (
	"bytes"
	"encoding/binary"
	"image"
	"slices"

	"descry/library"
)

// Box makes a box of the ISO base media format.
func Box(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// full is what a box with version 0 and no flags starts with.
var full = []byte{0, 0, 0, 0}

func be16(v ...int) (out []byte) {
	for _, n := range v {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	return out
}

func be32(v ...int) (out []byte) {
	for _, n := range v {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return out
}

// HEIFOptions say what a HEIF file holds besides its picture.
type HEIFOptions struct {
	Properties []byte // further boxes among the picture's properties, each of which counts
	Alpha      []byte // coded transparency, as an item of its own
	Last       bool   // the picture's data lies behind that of the metadata
}

// HEIF puts a picture of w × h pixels, coded elsewhere or just made up, into a HEIF file, and
// m as items of EXIF and XMP.
func HEIF(coded []byte, w, h int, m library.Metadata, o HEIFOptions) []byte {
	type item struct {
		kind, mime string
		data       []byte
	}
	items := []item{{kind: "hvc1", data: coded}}
	var refs []byte
	describes := func(id int) { refs = append(refs, Box("cdsc", be16(id, 1, 1))...) }
	if o.Alpha != nil {
		items = append(items, item{kind: "hvc1", data: o.Alpha})
		refs = append(refs, Box("auxl", be16(len(items), 1, 1))...)
	}
	if e := exifBlob(m); e != nil {
		items = append(items, item{kind: "Exif", data: append(append(be32(6), "Exif\x00\x00"...), e...)})
		describes(len(items))
	}
	if x := xmpPacket(m); x != "" {
		items = append(items, item{kind: "mime", mime: "application/rdf+xml", data: []byte(x)})
		describes(len(items))
	}
	var info []byte
	for i, it := range items {
		entry := slices.Concat([]byte{2, 0, 0, 0}, be16(i+1, 0), []byte(it.kind), []byte{0})
		if it.mime != "" {
			entry = append(append(entry, it.mime...), 0)
		}
		info = append(info, Box("infe", entry)...)
	}
	properties := append(Box("ispe", full, be32(w, h)), o.Properties...)
	n := 0
	for p := properties; len(p) > 0; n++ {
		p = p[binary.BigEndian.Uint32(p):]
	}
	associations := append(append([]byte(nil), full...), be32(1)...)
	associations = append(append(associations, be16(1)...), byte(n))
	for i := range n {
		associations = append(associations, byte(i+1))
	}
	build := func(offsets []int) []byte {
		locations := slices.Concat(full, []byte{0x44, 0x00}, be16(len(items)))
		for i, it := range items {
			locations = append(append(append(locations, be16(i+1, 0, 1)...), be32(offsets[i])...), be32(len(it.data))...)
		}
		meta := [][]byte{
			full, Box("hdlr", full, full, []byte("pict"), make([]byte, 13)), Box("pitm", full, be16(1)),
			Box("iinf", full, be16(len(items)), info), Box("iloc", locations),
			Box("iprp", Box("ipco", properties), Box("ipma", associations)),
		}
		if refs != nil {
			meta = append(meta, Box("iref", full, refs))
		}
		return slices.Concat(Box("ftyp", []byte("heic"), full, []byte("mif1heic")), Box("meta", meta...))
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	if o.Last {
		slices.Reverse(order)
	}
	offsets := make([]int, len(items))
	at := len(build(offsets)) + 8
	var media []byte
	for _, i := range order {
		offsets[i] = at + len(media)
		media = append(media, items[i].data...)
	}
	return append(build(offsets), Box("mdat", media)...)
}

// JXL puts a JPEG XL codestream, cut into n parts, into boxes, and m as EXIF and XMP.
func JXL(codestream []byte, n int, m library.Metadata) []byte {
	out := append(Box("JXL ", []byte("\r\n\x87\n")), Box("ftyp", []byte("jxl "), full, []byte("jxl "))...)
	if e := exifBlob(m); e != nil {
		out = append(out, Box("Exif", full, e)...)
	}
	if x := xmpPacket(m); x != "" {
		out = append(out, Box("xml ", []byte(x))...)
	}
	if n <= 1 {
		return append(out, Box("jxlc", codestream)...)
	}
	for i := range n {
		part, index := codestream[len(codestream)*i/n:len(codestream)*(i+1)/n], i
		if i == n-1 {
			index |= 1 << 31
		}
		out = append(out, Box("jxlp", be32(index), part)...)
	}
	return out
}

// PSDResource makes an image resource of a Photoshop document.
func PSDResource(id int, body []byte) []byte {
	out := slices.Concat([]byte("8BIM"), be16(id, 0), be32(len(body)), body)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// PSD encodes img as a Photoshop document without layers, not compressed, with these
// resources, and m as EXIF and XMP.
func PSD(img *image.RGBA, m library.Metadata, resources []byte) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if e := exifBlob(m); e != nil {
		resources = append(resources, PSDResource(1058, e)...)
	}
	if x := xmpPacket(m); x != "" {
		resources = append(resources, PSDResource(1060, []byte(x))...)
	}
	out := slices.Concat([]byte("8BPS\x00\x01"), make([]byte, 6), be16(3), be32(h, w), be16(8, 3),
		be32(0), be32(len(resources)), resources, be32(0), be16(0))
	for c := range 3 {
		for i := c; i < len(img.Pix); i += 4 {
			out = append(out, img.Pix[i])
		}
	}
	return out
}

// MovieOptions say what a film holds besides its pictures.
type MovieOptions struct {
	Title  string // in the user data
	Front  bool   // the table of contents comes before the media data
	Turned bool   // the picture is to be shown turned by half
	Long   bool   // chunk offsets of 8 bytes
}

// Movie puts media, the data of one video track in two chunks, into an MP4 file. What the
// track is coded in is made up.
func Movie(media []byte, o MovieOptions) []byte {
	one := be32(1 << 16)
	turn := slices.Concat(one, make([]byte, 12), one, make([]byte, 12), be32(1<<30))
	if o.Turned {
		turn = slices.Concat(be32(-1<<16), make([]byte, 12), be32(-1<<16), make([]byte, 12), be32(1<<30))
	}
	created := be32(len(o.Title), len(o.Title)) // times of writing, say
	file := Box("ftyp", []byte("mp42"), full, []byte("mp42isom"))
	moov := func(at int) []byte {
		offsets := Box("stco", full, be32(2, at, at+len(media)/2))
		if o.Long {
			offsets = Box("co64", full, be32(2, 0, at, 0, at+len(media)/2))
		}
		stbl := Box("stbl",
			Box("stsd", full, be32(1), Box("avc1", make([]byte, 78))),
			Box("stts", full, be32(1, 2, 1)), Box("stsc", full, be32(1, 1, 1, 1)),
			Box("stsz", full, be32(0, 2, len(media)/2, len(media)-len(media)/2)), offsets)
		return Box("moov",
			Box("mvhd", full, created, be32(1000, 2000), one, make([]byte, 12), turn, make([]byte, 24), be32(2)),
			Box("trak",
				Box("tkhd", []byte{0, 0, 0, 3}, created, be32(1, 0, 2000), make([]byte, 16), turn, be32(64<<16, 48<<16)),
				Box("mdia",
					Box("mdhd", full, created, be32(1000, 2000), be16(0, 0)),
					Box("hdlr", full, full, []byte("vide"), make([]byte, 12), []byte(o.Title), []byte{0}),
					Box("minf", Box("vmhd", full, make([]byte, 8)), stbl))),
			Box("udta", Box("name", []byte(o.Title))))
	}
	if !o.Front {
		return slices.Concat(file, Box("mdat", media), moov(len(file)+8))
	}
	at := len(file) + len(moov(0)) + 8
	return slices.Concat(file, moov(at), Box("mdat", media))
}

// BigTIFF is the little-endian BigTIFF file of an 8-bit grey picture, in one strip, with a
// description.
func BigTIFF(img *image.Gray, description string) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	le := binary.LittleEndian
	var fields []byte
	text := append([]byte(description), make([]byte, 9)...) // too long to lie in the directory
	const header, entries = 16, 9
	end := header + 8 + 20*entries + 8
	add := func(tag, kind uint16, count, value int) {
		fields = le.AppendUint16(le.AppendUint16(fields, tag), kind)
		fields = le.AppendUint64(le.AppendUint64(fields, uint64(count)), uint64(value))
	}
	add(256, 3, 1, w)
	add(257, 3, 1, h)
	add(258, 3, 1, 8)
	add(259, 3, 1, 1)
	add(262, 3, 1, 1)
	add(270, 2, len(text), end)
	add(273, 16, 1, end+len(text))
	add(278, 3, 1, h)
	add(279, 16, 1, w*h)
	out := append([]byte("II+\x00\x08\x00\x00\x00"), le.AppendUint64(le.AppendUint64(nil, header), entries)...)
	out = append(append(out, fields...), make([]byte, 8)...)
	return append(append(out, text...), bytes.Clone(img.Pix[:w*h])...)
}

// RAFParts puts a preview, the description of a sensor's picture and that picture into a
// Fujifilm RAW file.
func RAFParts(header, sensor, preview []byte) []byte {
	out := append([]byte("FUJIFILMCCD-RAW 0201FF000000"), make([]byte, 56)...)
	at := len(out) + 24
	out = append(out, be32(at, len(preview), at+len(preview), len(header), at+len(preview)+len(header), len(sensor))...)
	return slices.Concat(out, preview, header, sensor)
}
