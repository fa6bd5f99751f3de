package app_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"descry/internal/testdata"
	"descry/library"
	"descry/library/thumbs"
	"descry/library/video"
)

// The thumbnail of a video comes back as it was, whether the time of its frame was kept or not.
func TestThumbnailOfAVideoComesBack(t *testing.T) {
	if _, err := video.Find(); err != nil {
		t.Skipf("skipped: %v", err)
	}
	for name, runtime := range map[string]string{"time kept": testdata.Runtime(t), "no time": noRuntime} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			film := filepath.Join(dir, "film.mp4")
			if out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error",
				"-f", "lavfi", "-i", "color=black:s=640x480:d=2", "-f", "lavfi", "-i", "testsrc=s=640x480:d=4",
				"-filter_complex", "concat=n=2", "-c:v", "mpeg4", "-q:v", "3", film).CombinedOutput(); err != nil {
				t.Skipf("skipped: this ffmpeg cannot make the test's video: %v\n%s", err, out)
			}
			lib := filepath.Join(t.TempDir(), "library")
			a := opened(t, params(lib, runtime))
			add(t, a, dir)
			d, err := a.Detail(t.Context(), photo(t, a, film))
			if err != nil {
				t.Fatal(err)
			}
			file := thumbs.Open(filepath.Join(lib, "thumbs")).Path(d.Picture)
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			damaged := bytes.Clone(want)
			clear(damaged[len(damaged)/2:])
			for what, hurt := range map[string]func() error{
				"lost":    func() error { return os.Remove(file) },
				"damaged": func() error { return os.WriteFile(file, damaged, 0o600) },
			} {
				if err := hurt(); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Thumbnail(t.Context(), d.Picture); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: the thumbnail is another one, %v", what, err)
				}
			}
			// What was changed since is another picture.
			if err := errors.Join(os.Remove(file), os.Truncate(film, 1000)); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Thumbnail(t.Context(), d.Picture); !errors.Is(err, library.ErrNotFound) {
				t.Errorf("a thumbnail of a file that was changed: %v", err)
			}
		})
	}
}
