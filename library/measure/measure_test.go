package measure_test

import (
	"context"
	"image"
	"image/color"
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
	"descry/library/measure"
	"descry/library/thumbs"
)

func flat(w, h int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func rgba(m *image.NRGBA) *image.RGBA { return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect} }

func TestPlain(t *testing.T) {
	for name, c := range map[string]struct {
		img      *image.RGBA
		exposure float64
		colour   uint32
	}{
		"black":      {flat(600, 400, color.RGBA{0, 0, 0, 255}), 0, 0},
		"white":      {flat(600, 400, color.RGBA{255, 255, 255, 255}), 1, 0xFFFFFF},
		"mid gray":   {flat(400, 600, color.RGBA{128, 128, 128, 255}), 128.0 / 255, 0x808080},
		"one pixel":  {flat(1, 1, color.RGBA{10, 20, 30, 255}), (0.299*10 + 0.587*20 + 0.114*30) / 255, 0x0A141E},
		"one line":   {flat(5000, 1, color.RGBA{200, 0, 0, 255}), 0.299 * 200 / 255, 0xC80000},
		"tiny":       {flat(2, 2, color.RGBA{0, 0, 255, 255}), 0.114, 0x0000FF},
		"very wide":  {flat(9000, 12, color.RGBA{0, 255, 0, 255}), 0.587, 0x00FF00},
		"some of it": {photomaker.Quadrants(600, 400), (0.299 + 0.587 + 0.114 + 0.886) / 4, 0},
	} {
		m := measure.Measure(c.img)
		if m.Width != c.img.Rect.Dx() || m.Height != c.img.Rect.Dy() {
			t.Errorf("%s: %d × %d", name, m.Width, m.Height)
		}
		if d := m.Exposure - c.exposure; d > 0.005 || d < -0.005 {
			t.Errorf("%s: exposure %.3f, want %.3f", name, m.Exposure, c.exposure)
		}
		if name == "some of it" {
			continue
		}
		if m.Sharpness > 0.01 {
			t.Errorf("%s: sharpness %.3f where nothing is", name, m.Sharpness)
		}
		for shift := 0; shift < 24; shift += 8 {
			if d := int(m.Colour>>shift&255) - int(c.colour>>shift&255); d > 1 || d < -1 {
				t.Errorf("%s: colour %06x, want %06x", name, m.Colour, c.colour)
				break
			}
		}
	}
}

func TestDominantColour(t *testing.T) {
	img := flat(400, 300, color.RGBA{20, 120, 220, 255})
	for y := range 100 { // a third in other colours
		for x := range 400 {
			img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(2 * y), 0, 255})
		}
	}
	if m := measure.Measure(img); m.Colour != 0x1478DC {
		t.Errorf("%06x, want 1478dc", m.Colour)
	}
}

func TestSharpnessFallsWithBlur(t *testing.T) {
	img := photomaker.Scene(480, 360, 3)
	last := measure.Measure(img).Sharpness
	for _, sigma := range []float64{1, 2, 4} {
		s := measure.Measure(rgba(imaging.Blur(img, sigma))).Sharpness
		if s >= last {
			t.Errorf("blurred by %g px it is as sharp (%.1f) as before (%.1f)", sigma, s, last)
		}
		last = s
	}
}

func distance(a, b library.Measures) int { return bits.OnesCount64(a.PHash ^ b.PHash) }

// Near-duplicates lie close, other pictures far, as far as made pictures can show it.
func TestPHash(t *testing.T) {
	const n = 12
	var hashes [n]library.Measures
	for i := range n {
		img := photomaker.Scene(360, 240, uint64(i))
		hashes[i] = measure.Measure(img)
		data := photomaker.JPEG(img, library.Metadata{}, 40)
		worse, _, err := decode.Decode(context.Background(), data, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for name, other := range map[string]*image.RGBA{
			"recompressed": worse,
			"smaller":      rgba(imaging.Resize(img, 180, 120, imaging.Lanczos)),
			"brighter":     rgba(imaging.AdjustBrightness(img, 8)),
		} {
			if d := distance(hashes[i], measure.Measure(other)); d > 8 {
				t.Errorf("scene %d %s: %d bits differ", i, name, d)
			}
		}
	}
	for i := range n {
		for j := range i {
			if d := distance(hashes[i], hashes[j]); d < 10 {
				t.Errorf("scenes %d and %d: only %d bits differ", i, j, d)
			}
		}
	}
}

// A hash is stored, so it must never change.
func TestGolden(t *testing.T) {
	const want = 0xe7467a3c31a10fe2
	if got := measure.Measure(photomaker.Scene(360, 240, 1)).PHash; got != want {
		t.Errorf("%#x, want %#x", got, uint64(want))
	}
	if got := measure.Measure(flat(600, 400, color.RGBA{90, 90, 90, 255})).PHash; got != 1<<63 {
		t.Errorf("a plain picture: %#x, want only the constant term", got)
	}
}

// Among real photos, smaller and recompressed copies are far closer than other photos.
func TestPHashOnPhotos(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t), "data", "captions-dev", "photos", "*.jpg"))
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	var all []library.Measures
	var copies []library.Measures
	for _, f := range files[:60] {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := decode.Decode(context.Background(), data, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, measure.Measure(img))
		small := rgba(imaging.Resize(img, img.Rect.Dx()*2/3, 0, imaging.CatmullRom))
		worse, _, err := decode.Decode(context.Background(), photomaker.JPEG(small, library.Metadata{}, 60), decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, measure.Measure(worse))
	}
	farthestCopy, closestOther := 0, 64
	for i := range all {
		farthestCopy = max(farthestCopy, distance(all[i], copies[i]))
		for j := range i {
			closestOther = min(closestOther, distance(all[i], all[j]))
		}
	}
	t.Logf("farthest copy %d bits, closest other photo %d bits", farthestCopy, closestOther)
	if farthestCopy > 8 || closestOther <= farthestCopy {
		t.Errorf("farthest copy %d bits, closest other photo %d bits", farthestCopy, closestOther)
	}
}

func BenchmarkOfThumb(b *testing.B) {
	thumb := thumbs.Make(photomaker.Scene(1600, 1200, 1))
	for b.Loop() {
		measure.OfThumb(thumb, 4000, 3000)
	}
}
