package container_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"descry/internal/container"
)

func box(kind string, body ...byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

func TestBoxes(t *testing.T) {
	long := append([]byte{0, 0, 0, 1, 'l', 'o', 'n', 'g', 0, 0, 0, 0, 0, 0, 0, 18}, 7, 8)
	open := []byte{0, 0, 0, 0, 'o', 'p', 'e', 'n', 9, 9, 9}
	var got []string
	err := container.Boxes(slices.Concat(box("abcd", 1, 2, 3), long, box("null"), open), func(kind string, body []byte) bool {
		got = append(got, fmt.Sprint(kind, body))
		return true
	})
	if want := []string{"abcd[1 2 3]", "long[7 8]", "null[]", "open[9 9 9]"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for name, p := range map[string][]byte{
		"cut": box("abcd", 1, 2, 3)[:10], "a length of 4": {0, 0, 0, 4, 'a', 'b', 'c', 'd'}, "half a header": {0, 0, 0},
		"a long length of 15": {0, 0, 0, 1, 'a', 'b', 'c', 'd', 0, 0, 0, 0, 0, 0, 0, 15},
		"no room for it":      {0, 0, 0, 1, 'a', 'b', 'c', 'd'},
	} {
		if err := container.Boxes(p, func(string, []byte) bool { return true }); !errors.Is(err, container.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChunks(t *testing.T) {
	png := []byte(container.PNGHeader + "\x00\x00\x00\x02abcdxy\x01\x02\x03\x04\x00\x00\x00\x00IEND\x01\x02\x03\x04")
	var got []string
	collect := func(kind string, body []byte) bool {
		got = append(got, fmt.Sprintf("%s %s", kind, body))
		return kind != "IEND"
	}
	if err := container.PNG(png, collect); err != nil || !slices.Equal(got, []string{"abcd xy", "IEND "}) {
		t.Errorf("%q, %v", got, err)
	}
	if err := container.PNG(png[:len(png)-1], collect); !errors.Is(err, container.ErrDamaged) {
		t.Error(err)
	}
	got = nil
	riff := []byte("abcd\x03\x00\x00\x00xyz\x00efgh\x00\x00\x00\x00")
	if err := container.RIFF(riff, collect); err != nil || !slices.Equal(got, []string{"abcd xyz", "efgh "}) {
		t.Errorf("%q, %v", got, err)
	}
	if err := container.RIFF(riff[:9], collect); !errors.Is(err, container.ErrDamaged) {
		t.Error(err)
	}
}

// heif is a file with a picture of 20 × 10 px in two extents, turned by a quarter, and XMP
// in the idat box.
func heif() []byte {
	infe := func(id byte, kind string, more ...byte) []byte {
		return box("infe", slices.Concat([]byte{2, 0, 0, 0, 0, id, 0, 0}, []byte(kind), []byte{0}, more)...)
	}
	ipco := box("ipco", slices.Concat(box("ispe", 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 10), box("irot", 1))...)
	ipma := box("ipma", 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 1, 0x82)
	iloc := box("iloc", 1, 0, 0, 0, 0x11, 0x10, 0, 2,
		0, 1, 0, 0, 0, 0, 8, 0, 2, 4, 2, 0, 3, // base 8: the file type's bytes
		0, 2, 0, 1, 0, 0, 0, 0, 1, 1, 2)
	meta := box("meta", slices.Concat([]byte{0, 0, 0, 0},
		box("pitm", 0, 0, 0, 0, 0, 1),
		box("iinf", slices.Concat([]byte{0, 0, 0, 0, 0, 2}, infe(1, "hvc1"), infe(2, "mime", append([]byte("application/rdf+xml"), 0)...))...),
		iloc, box("iprp", slices.Concat(ipco, ipma)...), box("idat", []byte("-xy-")...),
		box("iref", append([]byte{0, 0, 0, 0}, box("cdsc", 0, 2, 0, 1, 0, 1)...)...))...)
	return append(box("ftyp", []byte("heic\x00\x00\x00\x00")...), meta...)
}

func TestHEIF(t *testing.T) {
	h, err := container.ReadHEIF(heif())
	if err != nil {
		t.Fatal(err)
	}
	if w, height := h.Size(h.Item(h.Primary)); h.Primary != 1 || w != 10 || height != 20 {
		t.Errorf("item %d of %d × %d px", h.Primary, w, height)
	}
	pieces, err := h.Data(h.Item(1))
	if err != nil || fmt.Sprintf("%q", pieces) != `["\x00\x00" "hei"]` {
		t.Errorf("%q, %v", pieces, err)
	}
	pieces, err = h.Data(h.Item(2))
	if err != nil || fmt.Sprintf("%q", pieces) != `["xy"]` || h.Item(2).MIME != "application/rdf+xml" {
		t.Errorf("%q, %v", pieces, err)
	}
	if refs := h.References(); len(refs) != 1 || refs[0].Type != "cdsc" || refs[0].From != 2 || !slices.Equal(refs[0].To, []uint32{1}) {
		t.Errorf("%+v", refs)
	}
}

func FuzzHEIF(f *testing.F) {
	f.Add(heif())
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := container.ReadHEIF(data)
		if err != nil {
			return
		}
		n := 0
		h.Items(func(_ uint32, item *container.Item) bool {
			h.Size(item)
			pieces, _ := h.Data(item)
			for _, p := range pieces {
				n += len(p)
			}
			return true
		})
		if n > 2*len(data)+1<<16 {
			t.Fatalf("%d bytes hold items of %d", len(data), n)
		}
	})
}
