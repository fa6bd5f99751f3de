package decode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
)

// decodeAnything is what must hold of every file: there is a picture or an error, and no
// more memory is taken than the limits and the file allow.
func decodeAnything(t *testing.T, data []byte) {
	t.Helper()
	o := decode.Options{Orientation: len(data) % 10, Limits: decode.Limits{MaxPixels: 1e6}}
	img, _, err := decode.Decode(context.Background(), data, o)
	if (img == nil) == (err == nil) || err == nil && (img.Rect.Empty() || !img.Opaque()) {
		t.Fatalf("picture %v, error %v", img != nil, err)
	}
}

func seed(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

func FuzzTIFF(f *testing.F) {
	seed(f, "*.tif")
	f.Add(photomaker.TIFF(photomaker.Quadrants(32, 24), library.Metadata{Orientation: 6}))
	f.Add(bigTIFF(photomaker.Quadrants(32, 24).Pix, 32, 24))
	f.Fuzz(decodeAnything)
}

func FuzzPSD(f *testing.F) {
	for _, mode := range []byte{0, 1, 2, 3, 4, 8, 9} {
		f.Add(photoshop(mode, 4, 8, 16, 12, false))
		f.Add(photoshop(mode, 5, 16, 16, 12, true))
	}
	f.Fuzz(decodeAnything)
}

func FuzzBMP(f *testing.F) {
	q := photomaker.Quadrants(16, 12)
	f.Add(photomaker.BMP(q))
	for _, bits := range []int{1, 4, 8, 16, 24, 32} {
		for _, packing := range []byte{0, 1, 2, 3} {
			head := make([]byte, 14+40+1024)
			copy(head, "BM")
			le := binary.LittleEndian
			le.PutUint32(head[10:], uint32(len(head)))
			le.PutUint32(head[14:], 40)
			le.PutUint32(head[18:], 16)
			le.PutUint32(head[22:], 12)
			le.PutUint16(head[28:], uint16(bits))
			head[30] = packing
			f.Add(append(head, q.Pix...))
		}
	}
	f.Fuzz(decodeAnything)
}

func FuzzWebP(f *testing.F) {
	seed(f, "*.webp")
	f.Add(photomaker.AnimatedWebP(photomaker.Quadrants(16, 12), photomaker.Scene(16, 12, 1)))
	f.Fuzz(decodeAnything)
}

// bigTIFF makes a BigTIFF file of RGBA pixels.
func bigTIFF(pix []byte, w, h int) []byte {
	le := binary.LittleEndian
	out := append([]byte("II+\x00\x08\x00\x00\x00"), le.AppendUint64(nil, uint64(16+len(pix)))...)
	out = append(out, pix...)
	fields := [][3]uint64{
		{256, 4, uint64(w)},
		{257, 4, uint64(h)},
		{258, 3, 8},
		{259, 3, 1},
		{262, 3, 2},
		{273, 16, 16},
		{277, 3, 4},
		{278, 4, uint64(h)},
		{279, 16, uint64(len(pix))},
		{338, 3, 2},
	}
	out = le.AppendUint64(out, uint64(len(fields)))
	for _, f := range fields {
		out = le.AppendUint16(le.AppendUint16(out, uint16(f[0])), uint16(f[1]))
		out = le.AppendUint64(le.AppendUint64(out, 1), f[2])
	}
	return le.AppendUint64(out, 0)
}

// photoshop makes a Photoshop document without layers, of the four quadrants' red plane in
// every channel.
func photoshop(mode byte, channels, bits, w, h int, packed bool) []byte {
	be := binary.BigEndian
	out := append([]byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00"), 0, byte(channels))
	out = be.AppendUint32(be.AppendUint32(out, uint32(h)), uint32(w))
	out = append(out, 0, byte(bits), 0, mode)
	colours := make([]byte, 0)
	if mode == 2 {
		colours = make([]byte, 768)
	}
	out = append(be.AppendUint32(out, uint32(len(colours))), colours...)
	out = append(out, make([]byte, 8)...)
	row := make([]byte, w*bits/8)
	for x := range len(row) / 2 {
		row[x] = 255
	}
	var counts, data []byte
	for range channels * h {
		if !packed {
			data = append(data, row...)
			continue
		}
		line := append([]byte{byte(len(row) - 1)}, row...)
		counts = be.AppendUint16(counts, uint16(len(line)))
		data = append(data, line...)
	}
	if packed {
		return slices.Concat(out, []byte{0, 1}, counts, data)
	}
	return slices.Concat(out, []byte{0, 0}, data)
}

// Strips that overlap, and counts that promise more than there is, cost no more than the
// picture.
func TestTIFFHostile(t *testing.T) {
	q := photomaker.Quadrants(64, 64)
	for name, change := range map[string]func(entry []byte){
		"huge strips":  func(e []byte) { binary.LittleEndian.PutUint64(e[12:], 1<<40) },
		"many values":  func(e []byte) { binary.LittleEndian.PutUint64(e[4:], 1<<40) },
		"a wrong type": func(e []byte) { e[2] = 77 },
	} {
		file := bigTIFF(q.Pix, 64, 64)
		first := int(binary.LittleEndian.Uint64(file[8:]))
		for i := range 10 {
			data := bytes.Clone(file)
			change(data[first+8+20*i:][:20])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			decodeAnything(t, data)
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			if allocated > 16e6 {
				t.Errorf("%s, field %d: %d bytes for a file of %d", name, i, allocated, len(data))
			}
		}
	}
	checkQuadrants(t, mustDecode(t, bigTIFF(q.Pix, 64, 64), decode.Options{}), 0, red, green, blue, yellow)

	// A tile that is packed well and far larger than its picture.
	data := bigTIFF(q.Pix, 64, 64)
	first := int(binary.LittleEndian.Uint64(data[8:])) + 8
	for field, change := range map[int][2]uint16{3: {259, 8}, 7: {322, 1 << 14}, 9: {323, 1 << 14}} {
		entry := data[first+20*field:]
		binary.LittleEndian.PutUint16(entry, change[0])
		binary.LittleEndian.PutUint16(entry[12:], change[1])
	}
	if _, _, err := decode.Decode(t.Context(), data, decode.Options{}); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("a huge tile: %v", err)
	}
}
