package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"slices"
	"testing"

	"descry/internal/container"
	"descry/internal/photomaker"
	"descry/library/decode"
)

func shorts(list ...int) (b []byte) {
	for _, n := range list {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return b
}

// grid puts four HEIC pictures of 128 × 128 pixels together to one of 250 × 240, as telephones
// do, whose encoders work in tiles; it lies on its left side.
func grid(t *testing.T, tiles [4][]byte) []byte {
	t.Helper()
	var config []byte
	var coded [5][]byte
	for i, tile := range tiles {
		h, err := container.ReadHEIF(tile)
		if err != nil {
			t.Fatal(err)
		}
		item := h.Item(h.Primary)
		pieces, err := h.Data(item)
		if err != nil {
			t.Fatal(err)
		}
		coded[i] = bytes.Join(pieces, nil)
		config = photomaker.Box("hvcC", h.Property(item, "hvcC"))
	}
	coded[4] = append([]byte{0, 0, 1, 1}, shorts(250, 240)...) // rows - 1, columns - 1, size
	full := make([]byte, 4)
	var info [][]byte
	for i := range coded {
		kind := "hvc1"
		if i == 4 {
			kind = "grid"
		}
		info = append(info, photomaker.Box("infe", []byte{2, 0, 0, 0}, shorts(i+1, 0), []byte(kind), []byte{0}))
	}
	properties := slices.Concat(config,
		photomaker.Box("ispe", full, numbers(128, 128)), photomaker.Box("ispe", full, numbers(250, 240)),
		photomaker.Box("irot", []byte{3}))
	associations := append(slices.Clone(full), numbers(5)...)
	for i := range 4 {
		associations = append(append(associations, shorts(i+1)...), 2, 0x81, 2)
	}
	associations = append(append(associations, shorts(5)...), 2, 3, 0x84)
	build := func(at int) []byte {
		locations := slices.Concat(full, []byte{0x44, 0x00}, shorts(5))
		for i, c := range coded {
			locations = slices.Concat(locations, shorts(i+1, 0, 1), numbers(int32(at), int32(len(c))))
			at += len(c)
		}
		return append(photomaker.Box("ftyp", []byte("heic"), full, []byte("mif1heic")), photomaker.Box("meta", full,
			photomaker.Box("hdlr", full, full, []byte("pict"), make([]byte, 13)),
			photomaker.Box("pitm", full, shorts(5)),
			photomaker.Box("iinf", full, shorts(5), bytes.Join(info, nil)),
			photomaker.Box("iref", full, photomaker.Box("dimg", shorts(5, 4, 1, 2, 3, 4))),
			photomaker.Box("iloc", locations),
			photomaker.Box("iprp", photomaker.Box("ipco", properties), photomaker.Box("ipma", associations)))...)
	}
	return append(build(len(build(0))+8), photomaker.Box("mdat", bytes.Join(coded[:], nil))...)
}

func TestGrids(t *testing.T) {
	scene := photomaker.Scene(256, 256, 7)
	whole := &image.NRGBA{Pix: scene.Pix, Stride: scene.Stride, Rect: scene.Rect}
	var tiles [4][]byte
	for i := range tiles {
		tile := image.NewNRGBA(image.Rect(0, 0, 128, 128))
		copyPart(tile, whole, i%2*128, i/2*128)
		tiles[i] = made(t, "a.heic", "heif-enc", "-q", "95", file(t, "a.png", tile), "-o", "OUT")
	}
	shown := image.NewNRGBA(image.Rect(0, 0, 250, 240))
	copyPart(shown, whole, 0, 0)
	heic := grid(t, tiles)
	avif := made(t, "a.avif", "avifenc", "--min", "0", "--max", "4", "-s", "8", "-g", "2x2", file(t, "a.png", whole), "OUT")
	for name, c := range map[string]struct {
		data []byte
		hide string
		want *image.NRGBA
	}{
		"heic":                 {heic, "built-in", moved(shown, 3, 0)},
		"heic by the built-in": {heic, "libheif", moved(shown, 3, 0)},
		"avif":                 {avif, "libheif", whole},
	} {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t, Params{Environment: without(c.hide)})
			img, _, err := pool.Decode(t.Context(), decode.Sniff(c.data), c.data, 0, decode.Limits{})
			if errors.Is(err, decode.ErrCodec) {
				t.Skipf("skipped: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if img.Rect != c.want.Rect {
				t.Fatalf("it has %v, want %v", img.Rect, c.want.Rect)
			}
			if got := psnr(c.want, img); got < 33 {
				t.Errorf("%.1f dB", got)
			}
			if info, err := decode.Probe(c.data); err != nil || info.Width != img.Rect.Dx() || info.Height != img.Rect.Dy() {
				t.Errorf("the header says %+v, %v", info, err)
			}
		})
	}
}
