package decode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
)

// Whichever decoder this build uses, real photos come out as image/jpeg shows them, but
// for rounding and how chroma is interpolated.
func TestPhotosAgreeWithGo(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t), "data", "*", "photos", "*.jp*g"))
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	var total, worst float64
	var worstFile string
	n := 0
	for i := 0; i < len(files); i += 4 {
		f := files[i]
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		got, warnings, err := decode.Decode(context.Background(), data, decode.Options{})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", filepath.Base(f), warnings, err)
			continue
		}
		ref, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Logf("%s: image/jpeg does not read it: %v", filepath.Base(f), err)
			continue
		}
		want := image.NewRGBA(got.Rect)
		draw.Draw(want, want.Rect, ref, ref.Bounds().Min, draw.Src)
		var sum int
		for i := range got.Pix {
			d := int(got.Pix[i]) - int(want.Pix[i])
			sum += max(d, -d)
		}
		mean := float64(sum) / float64(len(got.Pix)) * 4 / 3
		total += mean
		n++
		if mean > worst {
			worst, worstFile = mean, filepath.Base(f)
		}
	}
	t.Logf("%d photos: mean difference %.3f of 255, worst %.3f (%s)", n, total/float64(n), worst, worstFile)
	if total/float64(n) > 2 || worst > 8 {
		t.Errorf("%d photos: mean difference %.3f of 255, worst %.3f (%s)", n, total/float64(n), worst, worstFile)
	}
}

// The first frame of an animation may have its transparency in a chunk of its own, and
// lie somewhere on the canvas.
func TestAnimatedWebPWithAlpha(t *testing.T) {
	still, err := os.ReadFile("testdata/lossy-alpha.webp")
	if err != nil {
		t.Fatal(err)
	}
	const headers = 12 + 18 // RIFF and VP8X
	if string(still[12:16]) != "VP8X" || string(still[headers:headers+4]) != "ALPH" {
		t.Fatal("not what this test needs")
	}
	frame := append([]byte{
		8, 0, 0, 4, 0, 0, // at 16, 8
		95, 0, 0, 63, 0, 0, 100, 0, 0, 0,
	}, still[headers:]...)
	chunk := func(kind string, body []byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body))), body...)
	}
	file := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBP"),
		chunk("VP8X", []byte{0x12, 0, 0, 0, 127, 0, 0, 79, 0, 0}), chunk("ANIM", make([]byte, 6)), chunk("ANMF", frame))
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	got := mustDecode(t, file, decode.Options{})
	if got.Rect != image.Rect(0, 0, 128, 80) {
		t.Fatal(got.Rect)
	}
	for _, p := range []image.Point{{0, 0}, {15, 40}, {60, 7}, {112, 40}, {60, 72}, {127, 79}} {
		if c := got.RGBAAt(p.X, p.Y); c != white {
			t.Errorf("%v around the frame is %v", p, c)
		}
	}
	want := mustDecode(t, still, decode.Options{})
	for y := range 64 {
		if !bytes.Equal(got.Pix[(y+8)*got.Stride+4*16:][:4*96], want.Pix[y*want.Stride:][:4*96]) {
			t.Fatalf("row %d differs from the still", y)
		}
	}
	// A frame that leaves the canvas is damage.
	file[bytes.Index(file, []byte("ANMF"))+8] = 100
	if _, _, err := decode.Decode(context.Background(), file, decode.Options{}); err == nil {
		t.Error("no error for a frame outside the canvas")
	}
}

func BenchmarkDecode12MP(b *testing.B) {
	data := photomaker.JPEG(photomaker.Scene(4000, 3000, 1), library.Metadata{}, 98)
	b.Logf("%.1f MB", float64(len(data))/1e6)
	for _, o := range []int{1, 3, 6} {
		b.Run(map[int]string{1: "as stored", 3: "turned 180", 6: "turned 90"}[o], func(b *testing.B) {
			for b.Loop() {
				if _, _, err := decode.Decode(context.Background(), data, decode.Options{Orientation: o}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
