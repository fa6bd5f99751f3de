package decode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
)

// multiPicture describes a JPEG with a multi-picture index (CIPA DC-007) and further
// pictures behind it.
type multiPicture struct {
	picture, preview []byte
	kind             uint32 // of the preview
	grown            int    // how much longer the picture is than the index says
	order            binary.AppendByteOrder
	gap              int // bytes between the picture and the preview
}

func (m multiPicture) file() []byte {
	mark := map[binary.AppendByteOrder]string{binary.LittleEndian: "II*\x00", binary.BigEndian: "MM\x00*"}[m.order]
	const tags, entries = 2, 2
	const listAt = 8 + 2 + 12*tags + 4
	index := m.order.AppendUint32([]byte(mark), 8)
	index = m.order.AppendUint16(index, tags)
	field := func(tag, kind uint16, count, value uint32) {
		index = m.order.AppendUint16(index, tag)
		index = m.order.AppendUint16(index, kind)
		index = m.order.AppendUint32(index, count)
		index = m.order.AppendUint32(index, value)
	}
	field(0xB001, 4, 1, entries)
	field(0xB002, 7, 16*entries, listAt)
	index = m.order.AppendUint32(index, 0)

	const segment = 4 + 4 + listAt + 16*entries // marker, length, "MPF"
	length := len(m.picture) + segment
	for _, e := range [entries][3]uint32{
		{0x20030000, uint32(length - m.grown), 0},
		{m.kind, uint32(len(m.preview)), uint32(length + m.gap - 2 - 4 - 4)},
	} {
		for _, v := range e {
			index = m.order.AppendUint32(index, v)
		}
		index = append(index, 0, 0, 0, 0)
	}
	file := photomaker.InsertJPEG(m.picture, photomaker.Segment(0xE2, append([]byte("MPF\x00"), index...)))
	return slices.Concat(file, make([]byte, m.gap), m.preview)
}

// The preview of a camera is decoded instead of the picture where it is large enough, has
// the picture's shape and belongs to the picture that is there; else the picture is.
func TestPreviewOfACamera(t *testing.T) {
	jpeg := func(img image.Image) []byte { return photomaker.JPEG(img, library.Metadata{}, 90) }
	picture := jpeg(photomaker.Scene(1216, 800, 1))
	// In truth a preview shows the picture; this one is told by its colours.
	preview := jpeg(photomaker.Quadrants(480, 316))
	const fullHD = 0x010002
	whole := multiPicture{picture: picture, preview: preview, kind: fullHD, order: binary.LittleEndian}
	with := func(change func(*multiPicture)) multiPicture {
		m := whole
		change(&m)
		return m
	}
	for _, c := range []struct {
		name string
		file multiPicture
		side int
		used bool
	}{
		{"large enough", whole, 300, true},
		{"just large enough", whole, 316, true},
		{"big endian", with(func(m *multiPicture) { m.order = binary.BigEndian }), 300, true},
		{"padding before it", with(func(m *multiPicture) { m.gap = 1000 }), 300, true},
		{"another size", with(func(m *multiPicture) { m.kind = 0x010001 }), 300, true},
		{"marked as depending", with(func(m *multiPicture) { m.kind |= 1 << 30 }), 300, true},
		{"full size is asked for", whole, 0, false},
		{"too small", whole, 317, false},
		{"the picture was edited since", with(func(m *multiPicture) { m.grown = 5 }), 300, false},
		{"a further picture of its own", with(func(m *multiPicture) { m.kind = 0x020002 }), 300, false},
		{"a gain map", with(func(m *multiPicture) { m.kind = 0 }), 300, false},
		{"not JPEG", with(func(m *multiPicture) { m.kind |= 1 << 24 }), 300, false},
		{"between black bars", with(func(m *multiPicture) { m.preview = jpeg(photomaker.Quadrants(480, 360)) }), 300, false},
		{"turned", with(func(m *multiPicture) { m.preview = jpeg(photomaker.Quadrants(316, 480)) }), 300, false},
		{"not much smaller", with(func(m *multiPicture) { m.preview = jpeg(photomaker.Quadrants(1140, 750)) }), 300, false},
		{"cut short", with(func(m *multiPicture) { m.preview = preview[:len(preview)/2] }), 300, false},
		{"without colour", with(func(m *multiPicture) { m.preview = jpeg(image.NewGray(image.Rect(0, 0, 480, 316))) }), 300, false},
		{"no picture", with(func(m *multiPicture) { m.preview = []byte("text") }), 300, false},
	} {
		img, warnings, err := decode.Decode(context.Background(), c.file.file(), decode.Options{MinSide: c.side})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", c.name, warnings, err)
			continue
		}
		r := img.RGBAAt(10, 10)
		if used := r.R > 240 && r.G < 15 && r.B < 15; used != c.used {
			t.Errorf("%s: the preview was used: %v, want %v", c.name, used, c.used)
		}
		if short := min(img.Rect.Dx(), img.Rect.Dy()); short < c.side {
			t.Errorf("%s: the short side has %d px", c.name, short)
		}
	}
}

// An index that lies is no reason to fail, let alone to crash.
func FuzzMultiPicture(f *testing.F) {
	picture := photomaker.JPEG(photomaker.Scene(96, 64, 1), library.Metadata{}, 60)
	preview := photomaker.JPEG(photomaker.Quadrants(48, 32), library.Metadata{}, 60)
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		file := multiPicture{picture: picture, preview: preview, kind: 0x010001, order: order}.file()
		f.Add(file[:bytes.Index(file, []byte("MPF"))+120])
	}
	rest := picture[2:]
	f.Fuzz(func(t *testing.T, head []byte) {
		img, _, err := decode.Decode(context.Background(), slices.Concat(head, rest, preview), decode.Options{MinSide: 20})
		if err == nil && min(img.Rect.Dx(), img.Rect.Dy()) < 1 {
			t.Error("a picture without pixels")
		}
	})
}
