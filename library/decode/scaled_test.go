package decode_test

import (
	"context"
	"image"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
	"descry/library/decode/jpegcodec"
)

// A JPEG is decoded at the smallest scale that leaves the short side asked for and half a
// megapixel, and turned upright then; what the header says of it stays.
func TestScaledJPEG(t *testing.T) {
	for _, c := range []struct {
		w, h, orientation, minSide int
		want                       image.Point
	}{
		{4000, 3000, 1, 512, image.Pt(1000, 750)},
		{4000, 3000, 6, 520, image.Pt(750, 1000)},
		{4000, 3000, 1, 751, image.Pt(2000, 1500)},
		{4000, 3000, 1, 0, image.Pt(4000, 3000)},
		{4000, 3000, 1, 5000, image.Pt(4000, 3000)},
		{2049, 1537, 3, 512, image.Pt(1025, 769)},
		{1600, 1200, 1, 512, image.Pt(1600, 1200)}, // half of it would be less than half a megapixel
		{6001, 601, 1, 300, image.Pt(3001, 301)},
	} {
		data := photomaker.JPEG(image.NewGray(image.Rect(0, 0, c.w, c.h)), library.Metadata{}, 50)
		img, warnings, err := decode.Decode(context.Background(), data, decode.Options{Orientation: c.orientation, MinSide: c.minSide})
		if err != nil || len(warnings) > 0 {
			t.Fatal(warnings, err)
		}
		want := c.want
		if jpegcodec.Name != "libjpeg-turbo" { // decodes at full size always
			want = image.Pt(c.w, c.h)
			if c.orientation == 6 {
				want = image.Pt(c.h, c.w)
			}
		}
		if img.Rect.Size() != want {
			t.Errorf("%d × %d px, turned by %d, at least %d: %v, want %v", c.w, c.h, c.orientation, c.minSide, img.Rect.Size(), want)
		}
		if info, err := decode.Probe(data); err != nil || info.Width != c.w || info.Height != c.h {
			t.Errorf("the header says %d × %d, %v", info.Width, info.Height, err)
		}
	}
}
