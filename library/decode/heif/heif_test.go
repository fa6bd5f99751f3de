package heif_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode/heif"
)

func numbers(list ...int32) (b []byte) {
	for _, n := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

func heic(properties ...[]byte) []byte {
	return photomaker.HEIF([]byte("coded"), 400, 300, library.Metadata{}, photomaker.HEIFOptions{Properties: bytes.Join(properties, nil)})
}

func TestParse(t *testing.T) {
	nclx := photomaker.Box("colr", []byte("nclx"), []byte{0, 12, 0, 13, 0, 6, 0x80})
	clap := func(n ...int32) []byte { return photomaker.Box("clap", numbers(n...)) }
	for name, c := range map[string]struct {
		data          []byte
		want          heif.Picture
		width, height int
	}{
		"plain":  {heic(), heif.Picture{}, 400, 300},
		"turned": {heic(photomaker.Box("irot", []byte{3})), heif.Picture{Turns: 3}, 300, 400},
		"turned and mirrored": {
			heic(photomaker.Box("irot", []byte{0xfd}), photomaker.Box("imir", []byte{1})),
			heif.Picture{Turns: 1, Mirror: heif.Horizontal},
			300, 400,
		},
		"upside down": {heic(photomaker.Box("imir", []byte{0})), heif.Picture{Mirror: heif.Vertical}, 400, 300},
		"cropped": {
			heic(clap(200, 1, 100, 1, 0, 1, 0, 1), photomaker.Box("irot", []byte{1})),
			heif.Picture{Crop: image.Rect(100, 100, 300, 200), Turns: 1},
			100, 200,
		},
		"cropped off its centre":      {heic(clap(399, 1, 598, 2, -1, 2, 1, 2)), heif.Picture{Crop: image.Rect(0, 1, 399, 300)}, 399, 299},
		"cropped beyond its edge":     {heic(clap(399, 1, 300, 1, 2, 1, 0, 1)), heif.Picture{}, 400, 300},
		"cropped to nothing":          {heic(clap(0, 1, 0, 1, 0, 1, 0, 1)), heif.Picture{}, 400, 300},
		"cropped by a zeroth":         {heic(clap(200, 0, 100, 1, 0, 0, 0, 1)), heif.Picture{}, 400, 300},
		"cropped to parts of a pixel": {heic(clap(401, 2, 100, 1, 0, 1, 0, 1)), heif.Picture{}, 400, 300},
		"colours":                     {heic(nclx), heif.Picture{Colour: &heif.Colour{Primaries: 12, Transfer: 13, Matrix: 6, FullRange: true}}, 400, 300},
		"colours by a profile":        {heic(photomaker.Box("colr", []byte("prof"), []byte("an ICC profile"))), heif.Picture{Profile: []byte("an ICC profile")}, 400, 300},
	} {
		p, err := heif.Parse(c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w, h := p.Upright(); w != c.width || h != c.height {
			t.Errorf("%s: upright %d × %d, want %d × %d", name, w, h, c.width, c.height)
		}
		if p.Turns != c.want.Turns || p.Mirror != c.want.Mirror || p.Crop != c.want.Crop || !bytes.Equal(p.Profile, c.want.Profile) ||
			(p.Colour == nil) != (c.want.Colour == nil) || p.Colour != nil && *p.Colour != *c.want.Colour {
			t.Errorf("%s: %+v, want %+v", name, p, c.want)
		}
	}
}

func TestParseMovie(t *testing.T) {
	head := append(make([]byte, 76), numbers(640<<16, 360<<16)...)
	sound := photomaker.Box("trak", photomaker.Box("tkhd", make([]byte, 84)))
	movie := append(photomaker.Box("ftyp", []byte("avis")), photomaker.Box("moov", sound, photomaker.Box("trak", photomaker.Box("tkhd", head)))...)
	p, err := heif.Parse(movie)
	if err != nil || p.Width != 640 || p.Height != 360 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := heif.Parse(photomaker.Box("moov", sound)); !errors.Is(err, heif.ErrMalformed) {
		t.Errorf("sound only: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(heic(photomaker.Box("irot", []byte{3}), photomaker.Box("clap", numbers(200, 1, 100, 1, 0, 1, 0, 1)), photomaker.Box("colr", []byte("prof"), []byte("x"))))
	f.Add(append(photomaker.Box("ftyp", []byte("avis")), photomaker.Box("moov", photomaker.Box("trak", photomaker.Box("tkhd", make([]byte, 84))))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := heif.Parse(data)
		if err != nil {
			if !errors.Is(err, heif.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if w, h := p.Upright(); w <= 0 || h <= 0 || !p.Crop.In(image.Rect(0, 0, p.Width, p.Height)) || len(p.Profile) > len(data) {
			t.Errorf("%d × %d, %+v", w, h, p)
		}
	})
}
