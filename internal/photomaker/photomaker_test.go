package photomaker

import (
	"bytes"
	"image"
	"testing"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"descry/library"
)

// What is made here must be read by decoders that know nothing of it.
func TestOthersReadIt(t *testing.T) {
	want := Scene(31, 17, 1)
	m := library.Metadata{Orientation: 6, Title: "a title"}
	for name, file := range map[string][]byte{"webp": WebP(want, m), "simple webp": WebP(want, library.Metadata{}), "tiff": TIFF(want, m)} {
		var got image.Image
		var err error
		if name == "tiff" {
			got, err = tiff.Decode(bytes.NewReader(file))
		} else {
			got, err = webp.Decode(bytes.NewReader(file))
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for y := range 17 {
			for x := range 31 {
				r, g, b, a := got.At(x, y).RGBA()
				wr, wg, wb, wa := want.At(x, y).RGBA()
				if r != wr || g != wg || b != wb || a != wa {
					t.Fatalf("%s: pixel %d, %d is %v, want %v", name, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

func TestFolder(t *testing.T) {
	paths, err := Folder(t.TempDir(), 13)
	if err != nil || len(paths) != 13 {
		t.Fatalf("%d paths, %v", len(paths), err)
	}
}
