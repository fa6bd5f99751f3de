package camera_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"descry/internal/camera"
	"descry/internal/testdata"
	"descry/library/contentid"
)

func TestPhotosAreLikeThoseOfCameras(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata.Samples(t), "forest-stream.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	photo, err := camera.Photo(data, 1)
	if err != nil {
		t.Fatal(err)
	}
	if mb := float64(len(photo)) / 1e6; mb < 2.5 || mb > 7 {
		t.Errorf("the photo has %.1f MB", mb)
	}
	seen := map[[32]byte]bool{}
	for _, n := range []int{0, 1, 127, 128, 16384, camera.Variants - 1} {
		v, err := camera.Variant(photo, n)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(v))
		if err != nil || cfg.Width != camera.Width || cfg.Height != camera.Height {
			t.Errorf("variant %d: %d × %d, %v", n, cfg.Width, cfg.Height, err)
		}
		id, err := contentid.Of(v)
		if err != nil || seen[id.Digest] {
			t.Errorf("variant %d is another one's picture, %v", n, err)
		}
		seen[id.Digest] = true
	}
	for _, broken := range [][]byte{nil, {0xFF, 0xD8}, photo[:30], {0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0x10}} {
		if _, err := camera.Variant(broken, 1); err == nil {
			t.Errorf("%d bytes of a JPEG were varied", len(broken))
		}
	}
}
