package jpegseg_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode/jpegseg"
)

func TestReadFrame(t *testing.T) {
	for name, want := range map[string]jpegseg.Frame{
		"sub-420.jpg":     {SOF: 0xC0, Components: 3},
		"progressive.jpg": {SOF: 0xC2, Components: 3},
		"gray.jpg":        {SOF: 0xC0, Components: 1},
		"ycck-adobe.jpg":  {SOF: 0xC0, Components: 4, Adobe: true, AdobeTransform: 2},
		"cmyk-adobe.jpg":  {SOF: 0xC0, Components: 4, Adobe: true},
		"cmyk-plain.jpg":  {SOF: 0xC0, Components: 4},
		"restart.jpg":     {SOF: 0xC0, Components: 3, RestartIntervals: true},
		"arithmetic.jpg":  {SOF: 0xC9, Components: 3},
	} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpegseg.ReadFrame(data)
		want.Precision, want.Width, want.Height = 8, 96, 64
		want.FirstScan = got.FirstScan
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
		if i := bytes.Index(data, []byte{0xFF, jpegseg.SOS}); got.FirstScan <= i {
			t.Errorf("%s: the first scan is at %d, its header at %d", name, got.FirstScan, i)
		}
	}
}

// The segments with what is between them make up the whole file, and the trailer is left.
func TestWalkCoversTheFile(t *testing.T) {
	file := photomaker.JPEG(photomaker.Scene(64, 48, 1), library.Metadata{Title: "t", Make: "m"}, 90)
	n := 4
	end, err := jpegseg.Walk(append(file[:len(file):len(file)], "trailer"...), func(s jpegseg.Segment) bool {
		n += len(s.Data)
		if s.Marker != jpegseg.Entropy {
			n += 4
		}
		return true
	})
	if err != nil || end != len(file) || n != len(file) {
		t.Fatalf("end %d, bytes %d, %v; the file has %d", end, n, err, len(file))
	}
}

func TestWalkBad(t *testing.T) {
	file := photomaker.JPEG(photomaker.Scene(64, 48, 1), library.Metadata{}, 90)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":            {nil, jpegseg.ErrNotJPEG},
		"another format":     {[]byte("GIF89a"), jpegseg.ErrNotJPEG},
		"only a start":       {file[:2], jpegseg.ErrTruncated},
		"cut in a header":    {file[:30], jpegseg.ErrTruncated},
		"cut in the picture": {file[:len(file)-9], jpegseg.ErrTruncated},
		"impossible length":  {[]byte{0xFF, 0xD8, 0xFF, 0xDB, 0, 1, 0}, jpegseg.ErrDamaged},
		"a second start":     {[]byte{0xFF, 0xD8, 0xFF, 0xD8}, jpegseg.ErrDamaged},
	} {
		if _, err := jpegseg.Walk(c.data, func(jpegseg.Segment) bool { return true }); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(photomaker.JPEG(photomaker.Scene(16, 16, 1), library.Metadata{Title: "t", Orientation: 3}, 50))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xFF, 0xDA, 0, 2, 1, 0xFF, 0, 0xFF, 0xD0, 0xFF, 0xFF, 0xD9})
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		end, err := jpegseg.Walk(data, func(s jpegseg.Segment) bool {
			total += len(s.Data)
			return true
		})
		if end > len(data) || total > len(data) {
			t.Fatalf("end %d, %d bytes in segments, of %d", end, total, len(data))
		}
		if err == nil && !bytes.HasSuffix(data[:end], []byte{jpegseg.EOI}) {
			t.Fatal("no end-of-image marker at the end")
		}
		_, _ = jpegseg.ReadFrame(data)
	})
}
