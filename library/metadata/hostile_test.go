package metadata_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/metadata"
)

// Files of a megabyte that are made of nothing but what one reader has to make a note of.
// What reading them allocates is a small multiple of their size.
func TestHostileFiles(t *testing.T) {
	const size = 1 << 20
	box := photomaker.Box
	zero := []byte{0, 0, 0, 0}
	be := binary.BigEndian
	meta := func(boxes ...[]byte) []byte {
		return slices.Concat(box("ftyp", []byte("heic"), zero, []byte("mif1heic")),
			box("meta", zero, box("pitm", zero, []byte{0, 1}), slices.Concat(boxes...)))
	}
	fill := func(unit []byte) []byte { return bytes.Repeat(unit, size/len(unit)) }
	entry := func(kind string) []byte {
		return box("infe", []byte{2, 0, 0, 0, 0, 1, 0, 0}, []byte(kind), []byte{0})
	}
	var entries, places []byte
	for i := range size / 64 {
		id := be.AppendUint16(nil, uint16(i))
		entries = append(entries, box("infe", []byte{2, 0, 0, 0}, id, []byte{0, 0}, []byte("mime\x00application/rdf+xml\x00"))...)
		places = append(append(places, id...), 0, 0, 0, 1) // the whole file, each
		places = append(places, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	iloc := box("iloc", zero, []byte{0x44, 0}, be.AppendUint16(nil, uint16(len(places)/14)), places)
	resource := photomaker.PSDResource(1060, nil)
	img := photomaker.Scene(8, 8, 1)
	for name, file := range map[string][]byte{
		"entries":             meta(box("iinf", zero, []byte{0, 0}, fill(entry("Exif")))),
		"properties":          meta(box("iinf", zero, []byte{0, 0}, entry("hvc1")), box("iprp", box("ipco", fill(box("free"))))),
		"associations":        meta(box("iinf", zero, []byte{0, 0}, entry("hvc1")), box("iprp", box("ipma", zero, []byte{0, 1, 0, 0}, fill([]byte{0, 1, 255}), make([]byte, 255)))),
		"references":          meta(box("iref", zero, fill(box("dimg", []byte{0, 1, 0, 0})))),
		"items of all of it":  meta(box("iinf", zero, []byte{0, 0}, entries), iloc),
		"image resources":     photomaker.PSD(img, library.Metadata{}, fill(resource)),
		"boxes of JPEG XL":    append(photomaker.JXL(coded, 1, library.Metadata{}), fill(box("xml "))...),
		"segments of JPEG":    photomaker.InsertJPEG(photomaker.JPEG(img, library.Metadata{}, 80), fill(photomaker.Segment(0xE2, []byte("ICC_PROFILE\x00\x01\x01x")))),
		"attributes of XMP":   photomaker.HEIF(coded, 8, 8, library.Metadata{Title: strings.Repeat(`<a b="c"/>`, size/10)}, photomaker.HEIFOptions{}),
		"a directory's worth": append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), fill([]byte{0x87, 0x69, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0})...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = metadata.Read(file)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 40*uint64(len(file)) {
			t.Errorf("%s: reading %d KB took %d KB", name, len(file)>>10, took>>10)
		}
	}
}
