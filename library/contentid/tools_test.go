package contentid_test

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
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
		paths = append(paths, filepath.Join(dir, args[len(args)-1]))
	}
	return paths
}

// rawLike is a TIFF file with the picture of a sensor in a sub-directory and a JPEG preview,
// as several makers' RAW files are built.
func rawLike(t *testing.T, maker string) []byte {
	t.Helper()
	var preview bytes.Buffer
	if err := jpeg.Encode(&preview, photomaker.Scene(32, 24, 3), nil); err != nil {
		t.Fatal(err)
	}
	sensor := bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21}, 64)[:32*12]
	le := binary.LittleEndian
	const first, entry = 8, 12
	directory := func(fields [][4]int) (out []byte) {
		out = le.AppendUint16(nil, uint16(len(fields)))
		for _, f := range fields {
			out = le.AppendUint16(le.AppendUint16(out, uint16(f[0])), uint16(f[1]))
			out = le.AppendUint32(le.AppendUint32(out, uint32(f[2])), uint32(f[3]))
		}
		return append(out, 0, 0, 0, 0)
	}
	const main, sub = 2 + 8*entry + 4, 2 + 10*entry + 4
	text := append([]byte(maker), 0)
	data := first + main + sub
	out := []byte("II*\x00\x08\x00\x00\x00")
	out = append(out, directory([][4]int{
		{254, 4, 1, 1},
		{256, 3, 1, 32},
		{257, 3, 1, 24},
		{259, 3, 1, 6},
		{271, 2, len(text), data},
		{330, 4, 1, first + main},
		{513, 4, 1, data + 64},
		{514, 4, 1, preview.Len()},
	})...)
	out = append(out, directory([][4]int{
		{254, 4, 1, 0},
		{256, 3, 1, 32},
		{257, 3, 1, 12},
		{258, 3, 1, 8},
		{259, 3, 1, 1},
		{262, 3, 1, 32803},
		{273, 4, 1, data + 64 + preview.Len()},
		{277, 3, 1, 1},
		{278, 3, 1, 12},
		{279, 4, 1, len(sensor)},
	})...)
	out = append(out, append(text, make([]byte, 64-len(text))...)...)
	return append(append(out, preview.Bytes()...), sensor...)
}

// What ExifTool does to the words in files that other programs made keeps the id.
func TestForeignFiles(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	dir := t.TempDir()
	paths := foreign(t, dir)
	for name, maker := range map[string]string{"a.nef": "NIKON CORPORATION", "a.pef": "PENTAX", "a.srw": "SAMSUNG", "a.arw": "SONY", "a.tif": "Scanner"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, rawLike(t, maker), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for name, data := range map[string][]byte{
		"b.jxl": photomaker.JXL(append([]byte{0xFF, 0x0A}, coded...), 3, library.Metadata{}),
		"b.psd": photomaker.PSD(photomaker.Scene(16, 12, 1), words, nil),
	} {
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
