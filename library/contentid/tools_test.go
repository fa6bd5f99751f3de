package contentid_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
)

// foreign makes files by the encoders that are installed, and returns their paths.
func foreign(t *testing.T, dir string) (paths []string) {
	t.Helper()
	png := filepath.Join(dir, "from.png")
	if err := os.WriteFile(png, photomaker.PNG(photomaker.Scene(96, 64, 1), library.Metadata{}), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"heif-enc -q 50 from.png -o a.heic",
		"avifenc -s 9 from.png a.avif",
		"avifenc -s 9 --grid 1x2 grid.png grid.avif",
		"convert from.png -alpha set -channel A -evaluate set 50% alpha.png",
		"avifenc -s 9 alpha.png alpha.avif",
		"cjxl -e 1 from.png a.jxl",
		"cjxl -e 1 --container=1 from.png boxed.jxl",
		"convert from.png a.psd",
		"ffmpeg -loglevel error -f lavfi -i testsrc=d=1:s=64x48:r=5 a.mp4",
		"ffmpeg -loglevel error -f lavfi -i testsrc=d=1:s=64x48:r=5 a.mov",
	} {
		args := strings.Fields(line)
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("left out, as %s is not installed: %s", args[0], args[len(args)-1])
			continue
		}
		if strings.Contains(line, "grid") {
			wide := photomaker.PNG(photomaker.Scene(256, 128, 2), library.Metadata{})
			if err := os.WriteFile(filepath.Join(dir, "grid.png"), wide, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("left out, as it could not be made: %s: %v: %s", line, err, out)
			continue
		}
		if path := filepath.Join(dir, args[len(args)-1]); filepath.Ext(path) != ".png" {
			paths = append(paths, path)
		}
	}
	return append(paths, cameras(t, dir)...)
}

// cameras copies the pictures of an iPhone and of a Sony that come with imagemeta's tests.
func cameras(t *testing.T, dir string) (paths []string) {
	t.Helper()
	source, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta").Output()
	if err != nil {
		t.Logf("left out, as the source of imagemeta is not at hand: %v", err)
		return nil
	}
	for _, name := range []string{"iphone.heic", "sony.heif"} {
		data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(source)), "testdata", "images", name))
		if err != nil {
			t.Logf("left out, as it is not at hand: %v", err)
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// What ExifTool does to the words in files that other programs made keeps the id.
func TestForeignFiles(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	dir := t.TempDir()
	paths := foreign(t, dir)
	made := map[string][]byte{
		"b.jxl": photomaker.JXL(append([]byte{0xFF, 0x0A}, coded...), 3, library.Metadata{}),
		"b.psd": photomaker.PSD(photomaker.Scene(16, 12, 1), words, nil),
	}
	for format, maker := range map[string]string{
		"cr2": "Canon", "cr3": "Canon", "nef": "NIKON CORPORATION", "arw": "SONY", "dng": "Leica", "orf": "OLYMPUS", "pef": "PENTAX", "srw": "SAMSUNG", "raf": "FUJIFILM",
	} {
		m := words
		m.Make = maker
		made["raw."+format] = photomaker.Raw(format, photomaker.Scene(320, 240, 3), m)
	}
	for name, data := range made {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	before := make(map[string]library.Content)
	files, edited := make(map[string][]byte), make(map[string]bool)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path], before[path] = data, id(t, data)
		if before[path].Scheme == contentid.SchemeFile {
			t.Errorf("%s is named as a whole", filepath.Base(path))
		}
	}
	for _, step := range [][]string{
		{"-XMP-dc:Title=New title", "-XMP-dc:Subject=keyword", "-XMP-xmp:Rating=5"},
		{"-EXIF:ImageDescription=words", "-EXIF:Artist=me", "-GPSLatitude=1.5", "-GPSLatitudeRef=N", "-Orientation#=8"},
		{"-IPTC:Keywords=a", "-ItemList:Title=words", "-UserData:Title=words", "-QuickTime:CreateDate=2020:01:02 03:04:05"},
		{"-XMP:all="},
	} {
		args := append(append([]string{"-q", "-q", "-m", "-overwrite_original"}, step...), paths...)
		if out, err := exec.Command(exiftool, args...).CombinedOutput(); err != nil {
			t.Logf("exiftool %v: %v: %s", step, err, out) // not every format takes every field
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := id(t, data); got != before[path] {
				t.Errorf("%s is %v, was %v before %v", filepath.Base(path), got, before[path], step)
			}
			edited[path] = edited[path] || !bytes.Equal(data, files[path])
		}
	}
	for _, path := range paths {
		if !edited[path] {
			t.Errorf("ExifTool wrote nothing into %s", filepath.Base(path))
		}
	}
}
