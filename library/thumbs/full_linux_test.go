package thumbs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/thumbs"
)

// On a full disk Put says so and leaves nothing behind.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("skipped: needs the right to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	c := thumbs.Open(dir)
	var err error
	var n byte
	for ; n < 100 && err == nil; n++ {
		err = c.Put(picture(n, 1), photomaker.Scene(400, 300, uint64(n)))
	}
	if !errors.Is(err, library.ErrDiskFull) {
		t.Fatalf("after %d thumbnails: %v", n, err)
	}
	if c.Has(picture(n-1, 1)) {
		t.Error("half a thumbnail is there")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// With room again it works.
	if err := os.Remove(c.Path(picture(0, 1))); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(picture(0, 1), photomaker.Scene(64, 64, 1)); err != nil {
		t.Error(err)
	}
}
