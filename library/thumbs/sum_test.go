package thumbs

import (
	"image"
	"os"
	"testing"

	"descry/library"
)

// After a power cut any part of a file that was not synced may read as zeros.
func TestLoadNoticesZeros(t *testing.T) {
	c := Open(t.TempDir())
	p := library.Picture{Content: library.Content{Scheme: "jpeg1", Digest: [32]byte{7}}, Orientation: 1}
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range img.Pix {
		img.Pix[i] = uint8(i*i>>8) | uint8(255*(i&3/3))
	}
	if err := c.Put(p, img); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(c.Path(p))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Load(p); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 512 {
		torn := append([]byte(nil), whole...)
		clear(torn[at:min(at+512, len(torn))])
		if err := os.WriteFile(c.Path(p), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load(p); err == nil {
			t.Errorf("zeros at %d of %d are not noticed", at, len(whole))
		}
	}
	// Thumbnails of older libraries have no sum.
	old := whole[:len(whole)-len(sumMark)-4]
	if err := os.WriteFile(c.Path(p), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Load(p); err != nil {
		t.Error(err)
	}
}
