package decode_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
)

// plain is a picture of one colour.
func plain(c color.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 32, 24))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []byte{c.R, c.G, c.B, 255})
	}
	return m
}

// outside stands for decoders in another process.
type outside struct{ profile []byte }

func (o outside) Decode(context.Context, string, []byte, int, decode.Limits) (*image.NRGBA, []byte, error) {
	m := plain(sample)
	return &image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}, o.profile, nil
}

var (
	sample = color.RGBA{200, 100, 50, 255}
	// What Little CMS makes of it, from Display P3 and Adobe RGB to sRGB.
	fromP3    = color.RGBA{215, 93, 31, 255}
	fromAdobe = color.RGBA{227, 100, 42, 255}
)

// Every place in which a profile may lie is found, and colours are taken to sRGB.
func TestProfiles(t *testing.T) {
	p3, adobe := photomaker.Profiles["Display P3"].ICC(), photomaker.Profiles["Adobe RGB"].ICC()
	m := plain(sample)
	jpg := photomaker.JPEG(m, library.Metadata{}, 100)
	part := func(n, of byte, data []byte) []byte {
		return photomaker.Segment(0xE2, append([]byte("ICC_PROFILE\x00"+string([]byte{n, of})), data...))
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(p3)
	_ = z.Close()
	png := photomaker.PNG(m, library.Metadata{})
	chunk := func(kind string, body []byte) []byte {
		out := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body))), body...)
		return append(out, make([]byte, len(body)%2)...)
	}
	webp := photomaker.WebP(m, library.Metadata{})
	withVP8X := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBP"), chunk("VP8X", []byte{0x20, 0, 0, 0, 31, 0, 0, 23, 0, 0}), chunk("ICCP", p3), webp[12:])
	binary.LittleEndian.PutUint32(withVP8X[4:], uint32(len(withVP8X)-8))
	for name, c := range map[string]struct {
		data []byte
		want color.RGBA
	}{
		"jpeg":                            {photomaker.InsertJPEG(jpg, part(1, 1, p3)), fromP3},
		"jpeg, two parts in any order":    {photomaker.InsertJPEG(jpg, slices.Concat(part(2, 2, p3[300:]), part(1, 2, p3[:300]))), fromP3},
		"jpeg, a part is missing":         {photomaker.InsertJPEG(jpg, part(1, 2, p3[:300])), sample},
		"jpeg, Adobe RGB":                 {photomaker.InsertJPEG(jpg, part(1, 1, adobe)), fromAdobe},
		"jpeg, camera settings":           {photomaker.InsertJPEG(jpg, photomaker.Segment(0xE1, append([]byte("Exif\x00\x00"), interop("R03")...))), fromAdobe},
		"jpeg, camera settings name sRGB": {photomaker.InsertJPEG(jpg, photomaker.Segment(0xE1, append([]byte("Exif\x00\x00"), interop("R98")...))), sample},
		"png":                             {photomaker.InsertPNG(png, photomaker.Chunk("iCCP", append([]byte("name\x00\x00"), packed.Bytes()...))), fromP3},
		"png, damaged":                    {photomaker.InsertPNG(png, photomaker.Chunk("iCCP", append([]byte("name\x00\x00"), packed.Bytes()[:30]...))), sample},
		"png, numbers":                    {photomaker.InsertPNG(png, photomaker.Chunk("cICP", []byte{12, 13, 0, 1})), fromP3},
		"webp":                            {withVP8X, fromP3},
	} {
		t.Run(name, func(t *testing.T) {
			checkQuadrants(t, mustDecode(t, c.data, decode.Options{}), 3, c.want)
		})
	}
	heic := []byte("\xff\x0a\xfa\x1f\x01\x90\x00\x00") // the size is read from the file
	for profile, want := range map[string]color.RGBA{string(p3): fromP3, "": sample, "damaged": sample} {
		o := decode.Options{Codecs: outside{[]byte(profile)}}
		img, _, err := decode.Decode(context.Background(), heic, o)
		if err != nil {
			t.Fatal(err)
		}
		checkQuadrants(t, img, 1, want)
	}
}

// interop is EXIF that says of the colours what DCF says by this name.
func interop(name string) []byte {
	le := binary.LittleEndian
	dir := func(tag, kind uint16, count, value uint32) []byte {
		out := le.AppendUint16(le.AppendUint16([]byte{1, 0}, tag), kind)
		return append(le.AppendUint32(le.AppendUint32(out, count), value), 0, 0, 0, 0)
	}
	return slices.Concat([]byte("II*\x00\x08\x00\x00\x00"), dir(0x8769, 4, 1, 26), dir(0xA005, 4, 1, 44),
		dir(1, 2, 4, le.Uint32([]byte(name+"\x00"))))
}
