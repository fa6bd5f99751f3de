package jpegcodec_test

import (
	"fmt"
	"image"
	"math"
	"testing"

	"descry/library/decode/jpegcodec"
	"descry/library/decode/jpegseg"
)

// picture is the red, green and blue of the test picture at a place, in pixels: smooth, so
// that what a decoder makes of it can be foretold at every scale.
func picture(x, y float64) [3]float64 {
	return [3]float64{
		128 + 70*math.Sin(x/60), 128 + 70*math.Sin(y/50+1), 128 + 60*math.Cos((x+y)/90),
	}
}

// ycc is the picture as JPEG stores colour (JFIF), component by component.
func ycc(c int, x, y float64) float64 {
	p := picture(x, y)
	switch c {
	case 0:
		return 0.299*p[0] + 0.587*p[1] + 0.114*p[2]
	case 1:
		return 128 - 0.168736*p[0] - 0.331264*p[1] + 0.5*p[2]
	}
	return 128 + 0.5*p[0] - 0.418688*p[1] - 0.081312*p[2]
}

const blackInk = 220 // of 255, 255 for none

// inks is the picture in inverted ink, 255 for none, as Adobe stores it.
func inks(c int, x, y float64) float64 {
	if c == 3 {
		return blackInk
	}
	return picture(x, y)[c] * 255 / blackInk
}

// The kinds of colour that JPEG files have. Each is the picture.
var colours = []struct {
	name     string
	sampling [][2]int
	adobe    int
	sample   func(c int, x, y float64) float64
}{
	{"grayscale", [][2]int{{1, 1}}, -1, ycc},
	{"4:4:4", [][2]int{{1, 1}, {1, 1}, {1, 1}}, -1, ycc},
	{"4:2:2", [][2]int{{2, 1}, {1, 1}, {1, 1}}, -1, ycc},
	{"4:2:0", [][2]int{{2, 2}, {1, 1}, {1, 1}}, -1, ycc},
	{"4:4:0", [][2]int{{1, 2}, {1, 1}, {1, 1}}, -1, ycc},
	{"4:1:1", [][2]int{{4, 1}, {1, 1}, {1, 1}}, -1, ycc},
	{"4:1:0", [][2]int{{4, 2}, {1, 1}, {1, 1}}, -1, ycc},
	{"RGB", [][2]int{{1, 1}, {1, 1}, {1, 1}}, 0, func(c int, x, y float64) float64 { return picture(x, y)[c] }},
	{"CMYK of Adobe", [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 0, inks},
	{"CMYK", [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, -1, func(c int, x, y float64) float64 { return 255 - inks(c, x, y) }},
	{"YCCK of Adobe", [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 2, ycck},
	{"YCCK of Adobe, 4:2:0", [][2]int{{2, 2}, {1, 1}, {1, 1}, {2, 2}}, 2, ycck},
}

// ycck turns the inks, as if they were red, green and blue, into Y, Cb and Cr: of the ink
// itself, which is 255 less what is stored.
func ycck(c int, x, y float64) float64 {
	if c == 3 {
		return blackInk
	}
	var p [3]float64
	for i := range p {
		p[i] = 255 - inks(i, x, y)
	}
	switch c {
	case 0:
		return 0.299*p[0] + 0.587*p[1] + 0.114*p[2]
	case 1:
		return 128 - 0.168736*p[0] - 0.331264*p[1] + 0.5*p[2]
	}
	return 128 + 0.5*p[0] - 0.418688*p[1] - 0.081312*p[2]
}

func decode(t *testing.T, data []byte, minSide int) (*image.RGBA, string) {
	t.Helper()
	f, err := jpegseg.ReadFrame(data)
	if err != nil {
		t.Fatal(err)
	}
	img, warning, err := jpegcodec.Decode(data, f, minSide)
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	return img, warning
}

// scaled says how many eighths of its size a picture of w × h pixels is decoded at.
func scaled(w, h, minSide int) int {
	if minSide == 0 || jpegcodec.Name != "libjpeg-turbo" {
		return 8
	}
	n := 1
	for n < 8 && ceil(min(w, h)*n, 8) < minSide {
		n *= 2
	}
	return n
}

// compare returns the mean and the largest difference of img, decoded at n eighths, from
// the picture, down to row rows.
func compare(img *image.RGBA, gray bool, w, h, n, rows int) (mean, worst float64) {
	count := 0
	for y := range min(rows, img.Rect.Dy()) {
		for x := range img.Rect.Dx() {
			at := func(i, size int) float64 {
				return min((float64(i)+0.5)*8/float64(n)-0.5, float64(size-1))
			}
			want := picture(at(x, w), at(y, h))
			if gray {
				l := ycc(0, at(x, w), at(y, h))
				want = [3]float64{l, l, l}
			}
			p := img.Pix[y*img.Stride+4*x:]
			if p[3] != 255 {
				return 255, 255
			}
			for c := range 3 {
				d := math.Abs(float64(p[c]) - want[c])
				mean += d
				worst = max(worst, d)
				count++
			}
		}
	}
	return mean / float64(count), worst
}

// Every kind of colour, baseline and progressive, with and without restart markers, at
// sizes that leave blocks half filled, and at every scale, is the picture.
func TestEveryKindAtEveryScale(t *testing.T) {
	sizes := [][2]int{{1, 1}, {1, 9}, {7, 5}, {8, 8}, {17, 9}, {33, 100}, {150, 61}, {129, 128}}
	for _, c := range colours {
		for i, s := range sizes {
			m := made{
				w: s[0], h: s[1], sampling: c.sampling, adobe: c.adobe, sample: c.sample,
				progressive: i%2 == 1, restart: []int{0, 1, 3}[i%3],
			}
			if jpegcodec.Name != "libjpeg-turbo" && (c.name == "4:1:0" || m.progressive && m.restart > 0) {
				continue // image/jpeg does not read these
			}
			data := m.file()
			short := min(m.w, m.h)
			for _, minSide := range []int{0, 1, short / 7, short / 4, short/4 + 1, short / 2, short/2 + 1, short, short + 100} {
				img, warning := decode(t, data, minSide)
				n := scaled(m.w, m.h, minSide)
				name := fmt.Sprintf("%s, %d × %d, at least %d", c.name, m.w, m.h, minSide)
				if want := image.Rect(0, 0, ceil(m.w*n, 8), ceil(m.h*n, 8)); img.Rect != want || warning != "" {
					t.Fatalf("%s: %v, want %v, warning %q", name, img.Rect, want, warning)
				}
				// Blocks that the picture fills half, and colour that is stored for few pixels,
				// cannot be more exact.
				limit := 3.0
				if c.sampling[0][0] == 4 {
					limit = 5
				}
				if mean, worst := compare(img, len(c.sampling) == 1, m.w, m.h, n, img.Rect.Dy()); mean > limit || worst > 4*limit {
					t.Errorf("%s: differs by %.1f of 255, at most by %.1f", name, mean, worst)
				}
			}
		}
	}
}

// A file cut short shows what was decoded, with a warning, also at a smaller scale.
func TestCutShortAtEveryScale(t *testing.T) {
	for _, restart := range []int{0, 5} {
		m := made{w: 200, h: 160, sampling: colours[3].sampling, adobe: -1, sample: ycc, restart: restart}
		data := m.file()
		for _, share := range []int{30, 60, 90} {
			cut := data[:len(data)*share/100]
			for _, minSide := range []int{0, 80, 40, 20} {
				if jpegcodec.Name != "libjpeg-turbo" && restart > 0 {
					continue // image/jpeg gives up at once
				}
				img, warning := decode(t, cut, minSide)
				n := scaled(m.w, m.h, minSide)
				name := fmt.Sprintf("%d %% of it, restart %d, at least %d", share, restart, minSide)
				if warning == "" || img.Rect.Dx() != ceil(m.w*n, 8) {
					t.Errorf("%s: %v, warning %q", name, img.Rect, warning)
				}
				// The headers take some of the file, and a row of blocks may be half there.
				rows := (m.h*(share-15)/100 - 16) * n / 8
				if mean, worst := compare(img, false, m.w, m.h, n, rows); rows > 0 && (mean > 3 || worst > 12) {
					t.Errorf("%s: the first %d rows differ by %.1f of 255, at most by %.1f", name, rows, mean, worst)
				}
			}
		}
	}
}

// A progressive file cut behind its first scan is all there, coarsely.
func TestProgressiveCutShort(t *testing.T) {
	if jpegcodec.Name != "libjpeg-turbo" {
		t.Skip("skipped: image/jpeg shows nothing of it")
	}
	m := made{w: 200, h: 160, sampling: colours[3].sampling, adobe: -1, sample: ycc, progressive: true}
	data := m.file()
	for _, minSide := range []int{0, 80, 20} {
		img, warning := decode(t, data[:len(data)*2/3], minSide)
		if warning == "" {
			t.Error("no warning")
		}
		if mean, _ := compare(img, false, m.w, m.h, scaled(m.w, m.h, minSide), m.h); mean > 8 {
			t.Errorf("at least %d: differs by %.1f of 255", minSide, mean)
		}
	}
}

// Damage in the middle of a file with restart markers costs that part.
func TestDamageBetweenRestartMarkers(t *testing.T) {
	if jpegcodec.Name != "libjpeg-turbo" {
		t.Skip("skipped: image/jpeg gives up")
	}
	m := made{w: 200, h: 160, sampling: colours[3].sampling, adobe: -1, sample: ycc, restart: 13} // a row of MCUs
	data := m.file()
	for i := range 20 {
		data[len(data)*3/4+i] ^= 0x55
	}
	for _, minSide := range []int{0, 40} {
		img, _ := decode(t, data, minSide)
		n := scaled(m.w, m.h, minSide)
		if mean, worst := compare(img, false, m.w, m.h, n, 80*n/8); mean > 3 || worst > 12 {
			t.Errorf("the first half differs by %.1f of 255, at most by %.1f", mean, worst)
		}
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 200}, {160, 120}} {
		img := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		for y := range size[1] {
			for x := range size[0] {
				p := picture(float64(x), float64(y))
				copy(img.Pix[y*img.Stride+4*x:], []byte{byte(p[0]), byte(p[1]), byte(p[2]), 255})
			}
		}
		data, err := jpegcodec.Encode(img, 95)
		if err != nil {
			t.Fatal(err)
		}
		got, warning := decode(t, data, 0)
		if mean, worst := compare(got, false, size[0], size[1], 8, size[1]); mean > 2 || worst > 8 || warning != "" {
			t.Errorf("%v: differs by %.1f of 255, at most by %.1f, warning %q", size, mean, worst, warning)
		}
	}
	if _, err := jpegcodec.Encode(image.NewRGBA(image.Rect(0, 0, 0, 5)), 80); err == nil && jpegcodec.Name == "libjpeg-turbo" {
		t.Error("no error for a picture without pixels")
	}
}
