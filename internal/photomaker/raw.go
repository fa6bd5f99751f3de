package photomaker

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"slices"

	"descry/library"
)

// RawFormats are the camera RAW formats that Raw makes, by their file name extensions.
var RawFormats = []string{"cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2", "pef", "srw"}

// Raw makes a file laid out as cameras lay out their RAW files, with img and a quarter of
// it as JPEG previews, m as metadata, and noise of no meaning in place of what a sensor
// saw, claimed to be 8 pixels larger each way than img. No program can develop it.
//
// The layouts follow ExifTool's tables of tags, Adobe's DNG specification and Laurent
// Clévy's description of CR3.
func Raw(format string, img *image.RGBA, m library.Metadata) []byte {
	if m.Make == "" {
		m.Make = map[string]string{
			"cr2": "Canon", "cr3": "Canon", "nef": "NIKON CORPORATION", "arw": "SONY", "dng": "Descry", "raf": "FUJIFILM",
			"orf": "OLYMPUS CORPORATION", "rw2": "Panasonic", "pef": "PENTAX Corporation", "srw": "SAMSUNG",
		}[format]
	}
	r := raw{m: m, width: img.Rect.Dx(), height: img.Rect.Dy(), full: plainJPEG(img, 92), small: plainJPEG(quarter(img), 85)}
	switch format {
	case "raf":
		return r.raf(img)
	case "cr3":
		return r.cr3()
	}
	return r.tiff(format)
}

type raw struct {
	m             library.Metadata
	width, height int // of the previews
	full, small   []byte
}

// rawDir is a directory to be laid out with what it points to.
type rawDir struct {
	entries []entry
	blobs   []rawBlob
	subs    []*rawDir
	exif    *rawDir
	note    func(offset int) []byte // a maker's note that lies at offset
	next    *rawDir
}

// rawBlob is data that fields point to: one with its offset and one with its size.
type rawBlob struct {
	at, size uint16 // size 0: the field at is of undefined type and has both; sizeless: there is none
	data     []byte
}

const sizeless = 0xFFFF

func pointer(tag, kind uint16, count, to int) entry {
	return entry{tag, kind, count, binary.LittleEndian.AppendUint32(nil, uint32(to))}
}

// emit appends a directory with what it points to, and returns where it starts.
func emit(out *[]byte, d *rawDir) int {
	put := func(data []byte) int {
		if len(*out)%2 == 1 {
			*out = append(*out, 0)
		}
		at := len(*out)
		*out = append(*out, data...)
		return at
	}
	entries := slices.Clone(d.entries)
	for _, b := range d.blobs {
		at := put(b.data)
		switch b.size {
		case 0:
			entries = append(entries, pointer(b.at, 7, len(b.data), at))
		case sizeless:
			entries = append(entries, long(b.at, at))
		default:
			entries = append(entries, long(b.at, at), long(b.size, len(b.data)))
		}
	}
	if d.note != nil {
		at := put(nil)
		note := d.note(at)
		put(note)
		entries = append(entries, pointer(37500, 7, len(note), at))
	}
	if d.exif != nil {
		entries = append(entries, long(0x8769, emit(out, d.exif)))
	}
	if len(d.subs) > 0 {
		e := entry{330, typeLong, len(d.subs), nil}
		for _, s := range d.subs {
			e.data = binary.LittleEndian.AppendUint32(e.data, uint32(emit(out, s)))
		}
		entries = append(entries, e)
	}
	next := 0
	if d.next != nil {
		next = emit(out, d.next)
	}
	at := put(nil)
	table := directory(entries, at)
	binary.LittleEndian.PutUint32(table[2+12*len(entries):], uint32(next))
	return put(table)
}

// noise stands for what a sensor saw; lossless makes it look like the lossless JPEG that
// several makers store it as.
func (r raw) noise(lossless bool) []byte {
	data := make([]byte, 4096)
	seed := uint32(1)
	for i := range data {
		seed = seed*1664525 + 1013904223
		data[i] = byte(seed >> 24)
	}
	if !lossless {
		return data
	}
	w, h := r.width+8, r.height+8
	head := append([]byte("\xff\xd8"), Segment(0xC3, []byte{14, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0})...)
	return slices.Concat(head, Segment(0xDA, []byte{1, 1, 0, 1, 0, 0}), bytes.ReplaceAll(data, []byte{0xFF}, []byte{0xFE}), []byte{0xFF, 0xD9})
}

// sensor is the directory of what the sensor saw.
func (r raw) sensor(compression int) *rawDir {
	return &rawDir{
		entries: []entry{
			long(254, 0), long(256, r.width+8), long(257, r.height+8), short(258, 14), short(259, compression),
			short(262, 32803), short(277, 1), long(278, r.height+8),
		},
		blobs: []rawBlob{{273, 279, r.noise(compression == 7)}},
	}
}

// tiny is a directory of an uncompressed picture of 16 × 12 gray pixels, as thumbnails are.
func tiny() *rawDir {
	return &rawDir{
		entries: []entry{
			long(254, 1), long(256, 16), long(257, 12), short(258, 8, 8, 8), short(259, 1), short(262, 2), short(277, 3), long(278, 12),
		},
		blobs: []rawBlob{{273, 279, bytes.Repeat([]byte{128}, 16*12*3)}},
	}
}

// thumbnail is the directory of the small preview.
func (r raw) thumbnail() *rawDir {
	return &rawDir{entries: []entry{short(259, 6)}, blobs: []rawBlob{{513, 514, r.small}}}
}

// tiff makes the formats that are built like TIFF.
func (r raw) tiff(format string) []byte {
	main, exif, _ := fields(r.m)
	first := &rawDir{entries: main, exif: &rawDir{entries: exif}}
	header := "II*\x00\x00\x00\x00\x00"
	stream := rawBlob{513, 514, r.full}
	add := func(d *rawDir) { // to the first directory
		first.entries = append(first.entries, d.entries...)
		first.blobs = append(first.blobs, d.blobs...)
	}
	preview := func(compression int) *rawDir {
		return &rawDir{entries: []entry{
			long(254, 1), long(256, r.width), long(257, r.height), short(259, compression), short(262, 6), short(277, 3), long(278, r.height),
		}}
	}
	switch format {
	case "cr2":
		header = "II*\x00\x00\x00\x00\x00CR\x02\x00\x00\x00\x00\x00"
		add(&rawDir{
			entries: []entry{long(256, r.width), long(257, r.height), short(258, 8, 8, 8), short(259, 6)},
			blobs:   []rawBlob{{273, 279, r.full}},
		})
		sensor := &rawDir{entries: []entry{short(259, 6), short(50752, 1, 100, 100)}, blobs: []rawBlob{{273, 279, r.noise(true)}}}
		thumb := r.thumbnail()
		thumb.next = tiny()
		thumb.next.next = sensor
		first.next = thumb
	case "nef":
		p := preview(6)
		p.blobs = []rawBlob{stream}
		add(tiny())
		first.subs = []*rawDir{p, r.sensor(34713)}
		first.exif.note = func(int) []byte {
			note := []byte("II*\x00\x08\x00\x00\x00")
			small := append([]byte{}, note...)
			// The directory of the preview lies behind the first one, offsets from the inner header.
			at := len(small) + directorySize([]entry{long(0x0011, 0)})
			inner := directory([]entry{long(513, at+40), long(514, len(r.small))}, at)
			small = append(small, directory([]entry{long(0x0011, at)}, 8)...)
			small = append(append(small, inner...), make([]byte, 40-len(inner))...)
			return append([]byte("Nikon\x00\x02\x10\x00\x00"), append(small, r.small...)...)
		}
	case "arw":
		add(&rawDir{entries: []entry{long(254, 1), short(259, 6)}, blobs: []rawBlob{stream}})
		first.subs = []*rawDir{r.sensor(32767)}
		first.next = r.thumbnail()
	case "dng":
		p := preview(7)
		p.blobs = []rawBlob{{273, 279, r.full}}
		sensor := r.sensor(7)
		sensor.entries = append(sensor.entries, short(50720, r.width+4, r.height+4)) // DefaultCropSize
		add(tiny())
		first.entries = append(first.entries, entry{50706, typeByte, 4, []byte{1, 4, 0, 0}}, ascii(50708, "Descry Test"))
		first.subs = []*rawDir{sensor, p}
	case "pef":
		add(r.sensor(65535))
		first.next = r.thumbnail()
		first.exif.note = func(at int) []byte { // offsets from the start of the file
			head := []byte("AOC\x00II")
			size := directorySize([]entry{long(3, 0), long(4, 0)})
			dir := directory([]entry{long(3, len(r.full)), long(4, at+len(head)+size)}, at+len(head))
			return slices.Concat(head, dir, r.full)
		}
	case "srw":
		add(tiny())
		first.subs = []*rawDir{r.sensor(32770)}
		first.exif.note = func(at int) []byte {
			outer := directorySize([]entry{long(0x35, 0)})
			inner := directorySize([]entry{long(513, 0), long(514, 0)})
			return slices.Concat(directory([]entry{long(0x35, at+outer)}, at),
				directory([]entry{long(513, at+outer+inner), long(514, len(r.full))}, at+outer), r.full)
		}
	case "orf":
		header = "IIRO\x00\x00\x00\x00"
		add(&rawDir{
			entries: []entry{
				long(256, r.width+8), long(257, r.height+8), short(258, 16), short(259, 1), short(262, 1), short(277, 1), long(278, r.height+8),
			},
			blobs: []rawBlob{{273, 279, r.noise(false)}},
		})
		first.exif.note = func(int) []byte { // offsets from the start of the note
			head := []byte("OLYMPUS\x00II\x03\x00")
			outer := directorySize([]entry{long(0x2020, 0)})
			inner := directorySize([]entry{long(0x100, 0), long(0x101, 0), long(0x102, 0)})
			settings := pointer(0x2020, 13, 1, len(head)+outer)
			return slices.Concat(head, directory([]entry{settings}, len(head)), directory([]entry{
				long(0x100, 1), long(0x101, len(head)+outer+inner), long(0x102, len(r.full)),
			}, len(head)+outer), r.full)
		}
	case "rw2":
		header = "IIU\x00\x00\x00\x00\x00"
		first.entries = append(first.entries, short(2, r.width+40), short(3, r.height+40),
			short(4, 12), short(5, 16), short(6, r.height+20), short(7, r.width+24), // top, left, bottom, right
			long(273, 0xFFFFFFFF), long(279, 0)) // said otherwise
		first.blobs = []rawBlob{{0x2E, 0, r.full}, {0x118, sizeless, r.noise(false)}}
	}
	out := []byte(header)
	at := emit(&out, first)
	binary.LittleEndian.PutUint32(out[4:], uint32(at))
	return out
}

// raf makes a Fujifilm file: everything is in the JPEG, the rest tells the size.
func (r raw) raf(img *image.RGBA) []byte {
	be := binary.BigEndian
	full := JPEG(img, r.m, 92)
	out := append([]byte("FUJIFILMCCD-RAW 0201FF000000"), make([]byte, 32)...)
	copy(out[28:], r.m.Model)
	out = append(append(out, "0100"...), make([]byte, 20)...)
	w, h := r.width+8, r.height+8
	list := be.AppendUint32(nil, 2)
	for tag, by := range []int{4, 0} { // on the whole sensor, and what is meant to be seen
		list = be.AppendUint16(be.AppendUint16(list, uint16(0x100+0x11*tag)), 4)
		list = be.AppendUint16(be.AppendUint16(list, uint16(h+by)), uint16(w+by))
	}
	sensor := r.noise(false)
	at := len(out) + 24
	for _, part := range [][]byte{full, list, sensor} {
		out = be.AppendUint32(be.AppendUint32(out, uint32(at)), uint32(len(part)))
		at += len(part)
	}
	return slices.Concat(out, full, list, sensor)
}

// cr3 makes a newer Canon file.
func (r raw) cr3() []byte {
	be := binary.BigEndian
	main, exif, gps := fields(r.m)
	settings := func(entries []entry) []byte {
		return append([]byte("II*\x00\x08\x00\x00\x00"), directory(entries, 8)...)
	}
	meta := Box("uuid", []byte("\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"),
		Box("CNCV", []byte("CanonCR3_001/00.09.00/00.00.00")), Box("CMT1", settings(main)), Box("CMT2", settings(exif)),
		Box("CMT3", settings(nil)), Box("CMT4", settings(gps)),
		Box("THMB", make([]byte, 4), be.AppendUint16(nil, uint16(r.width/4)), be.AppendUint16(nil, uint16(r.height/4)),
			be.AppendUint32(nil, uint32(len(r.small))), []byte{0, 1, 0, 0}, r.small))
	type sample struct {
		w, h int
		kind string
		data []byte
	}
	samples := []sample{
		{r.width, r.height, "JPEG", r.full}, {r.width + 8, r.height + 8, "CMP1", r.noise(false)},
	}
	// How long what comes before the samples is does not depend on where they lie.
	layout := func(at int) []byte {
		var tracks []byte
		for _, s := range samples {
			entry := slices.Concat(make([]byte, 7), []byte{1}, make([]byte, 16),
				be.AppendUint16(nil, uint16(s.w)), be.AppendUint16(nil, uint16(s.h)), make([]byte, 50), Box(s.kind, make([]byte, 4)))
			tracks = append(tracks, Box("trak", Box("mdia", Box("minf", Box("stbl",
				Box("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, Box("CRAW", entry)),
				Box("stsz", make([]byte, 4), be.AppendUint32(nil, uint32(len(s.data))), []byte{0, 0, 0, 1}),
				Box("co64", []byte{0, 0, 0, 0, 0, 0, 0, 1}, be.AppendUint64(nil, uint64(at)))))))...)
			at += len(s.data)
		}
		preview := Box("PRVW", make([]byte, 4), []byte{0, 1}, be.AppendUint16(nil, uint16(r.width/4)), be.AppendUint16(nil, uint16(r.height/4)),
			[]byte{0, 1}, be.AppendUint32(nil, uint32(len(r.small))), r.small)
		return slices.Concat(
			Box("ftyp", []byte("crx \x00\x00\x00\x01crx isom")),
			Box("moov", meta, tracks),
			Box("uuid", []byte("\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16"), []byte{0, 0, 0, 0, 0, 0, 0, 1}, preview),
		)
	}
	head := layout(0)
	var data [][]byte
	for _, s := range samples {
		data = append(data, s.data)
	}
	return slices.Concat(layout(len(head)+8), Box("mdat", data...))
}

func plainJPEG(img image.Image, quality int) []byte {
	var buf bytes.Buffer
	must(jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}))
	return buf.Bytes()
}

// quarter is every fourth pixel of every fourth row.
func quarter(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()/4, img.Rect.Dy()/4))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, img.RGBAAt(4*x, 4*y))
		}
	}
	return out
}
