package contentid_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"descry/internal/photomaker"
	"descry/library/contentid"
	"descry/library/decode"
)

// Wherever a byte is changed: a file that keeps its id shows the same picture, and a file
// whose picture is whole but other has another id.
func TestSameIDSamePicture(t *testing.T) {
	img := photomaker.Scene(48, 32, 5)
	files := map[string][]byte{
		"jpeg": photomaker.JPEG(img, words, 85), "png": photomaker.PNG(img, words), "gif": photomaker.GIF(img),
		"webp": photomaker.WebP(img, words), "animated webp": photomaker.AnimatedWebP(img, img), "tiff": photomaker.TIFF(img, words),
		"psd": photomaker.PSD(img, words, nil),
	}
	// Not those of Olympus, Pentax and Samsung: their previews lie in the maker's note, which does
	// not count; what the sensor saw does.
	for format, maker := range map[string]string{
		"cr2": "Canon", "nef": "NIKON", "arw": "SONY", "dng": "Leica", "raf": "FUJIFILM", "cr3": "Canon",
	} {
		m := words
		m.Make = maker
		files[format] = photomaker.Raw(format, img, m)
	}
	for name, data := range files {
		rng := rand.New(rand.NewPCG(1, 2))
		want := id(t, data)
		if want.Scheme == contentid.SchemeFile {
			t.Errorf("%s is named as a whole", name)
		}
		first, _, err := decode.Decode(context.Background(), data, decode.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 1500 {
			other := bytes.Clone(data)
			at := rng.IntN(len(other))
			if rng.IntN(2) == 0 { // the structure lies at the start
				at = rng.IntN(min(len(other), 1000))
			}
			other[at] ^= byte(1 + rng.IntN(255))
			if id(t, other) != want {
				continue
			}
			second, _, err := decode.Decode(context.Background(), other, decode.Options{})
			if err == nil && (second.Rect != first.Rect || !bytes.Equal(second.Pix, first.Pix)) {
				t.Errorf("%s: another picture with the same id, after a change at %d", name, at)
			}
		}
	}
}
