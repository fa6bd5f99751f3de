package icc_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library/decode/icc"
)

// patches are all colours whose samples are 0, 15, …, 255.
func patches() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 18*18, 18))
	i := 0
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				copy(m.Pix[i:], []byte{byte(r), byte(g), byte(b), 255})
				i += 4
			}
		}
	}
	return m
}

func photo(t *testing.T) *image.NRGBA {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Samples(t), "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewNRGBA(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 400 {
			m.Set(x, y, src.At(src.Bounds().Min.X+x, src.Bounds().Min.Y+y))
		}
	}
	return m
}

func gray(m *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(m.Rect)
	for i := 0; i < len(m.Pix); i += 4 {
		copy(out.Pix[i:], []byte{m.Pix[i], m.Pix[i], m.Pix[i], 255})
	}
	return out
}

// What ImageMagick makes of the same pixels with Little CMS, relative colorimetric, without
// black point compensation, is what comes out, but for rounding (to 8 bits: half a step at most).
func TestAgreesWithLittleCMS(t *testing.T) {
	if _, err := exec.LookPath("convert"); err != nil {
		t.Skip("skipped: needs ImageMagick")
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	target := write("srgb.icc", photomaker.Profiles["sRGB"].ICC())
	for picture, m := range map[string]*image.NRGBA{"patches": patches(), "photo": photo(t)} {
		for name, p := range photomaker.Profiles {
			t.Run(picture+"/"+name, func(t *testing.T) {
				src := m
				var encoded bytes.Buffer
				if p.Primaries == [3][3]float64{} {
					src = gray(m)
				}
				if err := png.Encode(&encoded, src); err != nil {
					t.Fatal(err)
				}
				in, out := write("in.png", encoded.Bytes()), filepath.Join(dir, "out.png")
				profile := write("in.icc", p.ICC())
				args := []string{in, "-strip", "-intent", "relative", "-profile", profile, "-profile", target, "-depth", "16", "-define", "png:color-type=2", out}
				if text, err := exec.Command("convert", args...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
				data, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				want, err := png.Decode(bytes.NewReader(data))
				if err != nil {
					t.Fatal(err)
				}
				transform, err := icc.New(p.ICC())
				if err != nil {
					t.Fatal(err)
				}
				if (transform == nil) != (name == "sRGB") {
					t.Errorf("there is nothing to do: %v", transform == nil)
				}
				got := slices.Clone(src.Pix)
				transform.Apply(got)
				sum, bias, most := 0.0, 0.0, 0.0
				for i := 0; i < len(got); i += 4 {
					x, y := i/4%src.Rect.Dx(), i/4/src.Rect.Dx()
					r, g, b, _ := want.At(x, y).RGBA()
					for c, v := range []uint32{r, g, b} {
						d := float64(got[i+c]) - float64(v)/257
						bias += d
						sum += math.Abs(d)
						most = max(most, math.Abs(d))
					}
				}
				mean := sum / float64(len(got)/4*3)
				t.Logf("differences of 255: mean %.3f, most %.2f, bias %.3f", mean, most, bias/float64(len(got)/4*3))
				if mean > 0.3 || most > 0.75 {
					t.Errorf("differences of 255: mean %.3f, most %.2f", mean, most)
				}
			})
		}
	}
}

func TestName(t *testing.T) {
	for _, p := range photomaker.Profiles {
		if got := icc.Name(p.ICC()); got != p.Name {
			t.Errorf("%q, want %q", got, p.Name)
		}
	}
	if got := icc.Name([]byte("no profile")); got != "" {
		t.Errorf("%q", got)
	}
}

// Adobe RGB that only camera settings speak of is the profile's.
func TestAdobeRGB(t *testing.T) {
	want, err := icc.New(photomaker.Profiles["Adobe RGB"].ICC())
	if err != nil {
		t.Fatal(err)
	}
	a, b := patches(), patches()
	want.Apply(a.Pix)
	icc.AdobeRGB().Apply(b.Pix)
	for i := range a.Pix {
		if d := int(a.Pix[i]) - int(b.Pix[i]); d > 1 || d < -1 {
			t.Fatalf("at %d: %d and %d", i, a.Pix[i], b.Pix[i])
		}
	}
}

func TestRefused(t *testing.T) {
	good := photomaker.Profiles["Display P3"].ICC()
	changed := func(from, to string) []byte { return bytes.ReplaceAll(good, []byte(from), []byte(to)) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":         {nil, icc.ErrDamaged},
		"text":            {bytes.Repeat([]byte("text"), 100), icc.ErrDamaged},
		"cut short":       {good[:140], icc.ErrDamaged},
		"for inks":        {changed("mntrRGB ", "prtrCMYK"), icc.ErrUnsupported},
		"without red":     {changed("rXYZ", "xXYZ"), icc.ErrDamaged},
		"without a curve": {changed("para", "parb"), icc.ErrDamaged},
		"tables":          {bytes.ReplaceAll(changed("rXYZ", "xXYZ"), []byte("cprt"), []byte("A2B0")), icc.ErrUnsupported},
	} {
		if _, err := icc.New(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzNew(f *testing.F) {
	for _, p := range photomaker.Profiles {
		f.Add(p.ICC())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		icc.Name(data)
		transform, err := icc.New(data)
		if err != nil {
			return
		}
		m := patches()
		transform.Apply(m.Pix)
	})
}

func BenchmarkMegapixel(b *testing.B) {
	t, err := icc.New(photomaker.Profiles["Display P3"].ICC())
	if err != nil {
		b.Fatal(err)
	}
	src := photomaker.Scene(1000, 1000, 1)
	for b.Loop() {
		t.Apply(src.Pix)
	}
}

func BenchmarkNew(b *testing.B) {
	data := photomaker.Profiles["Display P3"].ICC()
	for b.Loop() {
		if _, err := icc.New(data); err != nil {
			b.Fatal(err)
		}
	}
}
