package app_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/ui/app"
)

// Damaged thumbnails, as a power cut leaves them, are made anew for the comparison; without
// the photo they leave it out and nothing else.
func TestDuplicatesWithDamagedThumbnails(t *testing.T) {
	lib, dir := filepath.Join(t.TempDir(), "library"), t.TempDir()
	write := func(name string, quality int) {
		data := photomaker.JPEG(photomaker.Scene(640, 480, 5), library.Metadata{}, quality)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.jpg", 95)
	write("b.jpg", 60)
	a := opened(t, app.Params{Dir: lib})
	add(t, a, dir)
	near := func() app.DuplicateReport {
		t.Helper()
		if err := filepath.WalkDir(filepath.Join(lib, "thumbs"), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			return os.WriteFile(path, make([]byte, 4096), 0o600)
		}); err != nil {
			t.Fatal(err)
		}
		r, err := a.DuplicateGroups(t.Context(), nil, app.DuplicateNear)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := near(); len(r.Groups) != 1 || r.Unseen != 0 {
		t.Errorf("%d groups, %d unseen", len(r.Groups), r.Unseen)
	}
	if err := os.Remove(filepath.Join(dir, "b.jpg")); err != nil {
		t.Fatal(err)
	}
	if r := near(); len(r.Groups) != 0 || r.Unseen != 1 {
		t.Errorf("without one of the photos: %d groups, %d unseen", len(r.Groups), r.Unseen)
	}
}
