package decode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
)

// Every kind of RAW file is told by its content, shows its largest preview upright, and
// says how large the sensor's picture is. The files are laid out as cameras do.
func TestRaw(t *testing.T) {
	upright := photomaker.Quadrants(192, 128)
	for _, format := range photomaker.RawFormats {
		t.Run(format, func(t *testing.T) {
			m := library.Metadata{Orientation: 6, Model: "Test"}
			data := photomaker.Raw(format, photomaker.Stored(upright, 6), m)
			info, err := decode.Probe(data)
			if err != nil || info.Format != format || !decode.IsRaw(format) {
				t.Fatalf("%+v, %v", info, err)
			}
			want := [2]int{128 + 8, 192 + 8}
			switch format {
			case "cr2": // only the preview's size is told
				want = [2]int{128, 192}
			case "dng":
				want = [2]int{128 + 4, 192 + 4}
			}
			if got := [2]int{info.Width, info.Height}; got != want {
				t.Errorf("it is %v, want %v", got, want)
			}
			img := mustDecode(t, data, decode.Options{Orientation: 6})
			if img.Rect.Dx() != 192 || img.Rect.Dy() != 128 {
				t.Fatalf("the preview is %v", img.Rect)
			}
			checkQuadrants(t, img, 16, red, green, blue, yellow)

			// A smaller preview serves where no more is needed; not every file has one.
			img = mustDecode(t, data, decode.Options{Orientation: 6, MinSide: 32})
			if min(img.Rect.Dx(), img.Rect.Dy()) < 32 {
				t.Errorf("the small preview is %v", img.Rect)
			}
			checkQuadrants(t, img, 60, red, green, blue, yellow)

			// The limit is for what is decoded, not for the sensor's picture.
			o := decode.Options{Limits: decode.Limits{MaxPixels: 192 * 128}}
			mustDecode(t, data, o)
			o.MaxPixels--
			if _, _, err := decode.Decode(context.Background(), data, o); !errors.Is(err, decode.ErrTooLarge) {
				t.Errorf("no limit: %v", err)
			}

			// Without a start of a JPEG there is no preview.
			bare := bytes.ReplaceAll(data, []byte{0xFF, 0xD8, 0xFF}, []byte{0, 0, 0})
			_, _, err = decode.Decode(context.Background(), bare, decode.Options{})
			if !errors.Is(err, decode.ErrUnsupported) || !strings.Contains(err.Error(), "without an embedded preview") {
				t.Errorf("without previews: %v", err)
			}
		})
	}
}

// Where no directory leads to a preview that is good enough, the file is searched.
func TestRawPreviewIsSearched(t *testing.T) {
	data := photomaker.Raw("pef", photomaker.Quadrants(192, 128), library.Metadata{})
	note := bytes.Index(data, []byte("AOC\x00"))
	copy(data[note:], "XYZ")
	img := mustDecode(t, data, decode.Options{MinSide: 100})
	if img.Rect.Dx() != 192 {
		t.Errorf("it is %v", img.Rect)
	}
	checkQuadrants(t, img, 16, red, green, blue, yellow)
}

// What is written by other programs with a camera's name in it is no RAW file.
func TestDevelopedTIFFIsNoRaw(t *testing.T) {
	data := photomaker.TIFF(photomaker.Quadrants(48, 32), library.Metadata{Make: "NIKON CORPORATION", Model: "NIKON D70"})
	if got := decode.Sniff(data); got != decode.TIFF {
		t.Errorf("it is %q", got)
	}
	checkQuadrants(t, mustDecode(t, data, decode.Options{}), 0, red, green, blue, yellow)
}

// A RAW file of a maker that is not known says why nothing is shown.
func TestUnknownRaw(t *testing.T) {
	data := photomaker.Raw("nef", photomaker.Quadrants(48, 32), library.Metadata{Make: "Zorki"})
	// The first directory is a thumbnail; the larger one is the sensor's.
	_, _, err := decode.Decode(context.Background(), data, decode.Options{})
	if !errors.Is(err, decode.ErrUnsupported) || !strings.Contains(err.Error(), "sensor") {
		t.Error(err)
	}
}

func FuzzRaw(f *testing.F) {
	small := photomaker.Quadrants(32, 24)
	for _, format := range photomaker.RawFormats {
		data := photomaker.Raw(format, small, library.Metadata{Orientation: 3})
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// What costs nothing must hold for every file.
		format := decode.Sniff(data)
		if info, err := decode.Probe(data); err == nil && (info.Width <= 0 || info.Height <= 0 || info.Format != format) {
			t.Fatalf("%+v", info)
		}
		o := decode.Options{Orientation: len(data) % 10, MinSide: len(data) % 64, Limits: decode.Limits{MaxPixels: 1e6}}
		img, _, err := decode.Decode(context.Background(), data, o)
		if (img == nil) == (err == nil) || err == nil && (img.Rect.Empty() || !img.Opaque()) {
			t.Fatalf("picture %v, error %v", img, err)
		}
	})
}

// A field whose values are said to be longer than the file costs nothing.
func TestRawHugeCounts(t *testing.T) {
	data := photomaker.Raw("nef", photomaker.Quadrants(48, 32), library.Metadata{})
	first := int(binary.LittleEndian.Uint32(data[4:]))
	for i := range int(binary.LittleEndian.Uint16(data[first:])) {
		binary.LittleEndian.PutUint32(data[first+2+12*i+4:], 0xFFFFFFFF)
	}
	allocated := testing.AllocsPerRun(1, func() { _, _ = decode.Probe(data) })
	if allocated > 1000 {
		t.Errorf("%v allocations", allocated)
	}
}
