package preprocess_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/preprocess"
)

// picture is the computed picture of tools/preprocess/reference.py.
func picture(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := img.PixOffset(x, y)
			img.Pix[i] = byte(x*7 + y*3 + x*y/5)
			img.Pix[i+1] = byte(x*y + (x>>3)*29)
			img.Pix[i+2] = byte(255 * ((x/9 + y/7) & 1))
			img.Pix[i+3] = 255
		}
	}
	return img
}

func TestPixelsAreThoseOfPillow(t *testing.T) {
	data, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Cases []struct {
			W, H, Size, Resize             int
			Mode, Filter, Rounding, SHA256 string
		}
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) < 100 {
		t.Fatalf("only %d cases", len(f.Cases))
	}
	for _, c := range f.Cases {
		cfg := preprocess.Config{
			Size: c.Size, Resize: c.Resize, Mode: preprocess.Mode(c.Mode), Filter: preprocess.Filter(c.Filter),
			Rounding: preprocess.Rounding(c.Rounding), Scale: 1, Std: [3]float64{1, 1, 1},
		}
		if err := cfg.Check(); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(cfg.Pixels(picture(c.W, c.H)))
		if got := hex.EncodeToString(sum[:]); got != c.SHA256 {
			t.Errorf("%dx%d to %v: other pixels than Pillow's", c.W, c.H, cfg)
		}
	}
}

func TestPixelsOfPartOfAPicture(t *testing.T) {
	cfg := preprocess.Config{Size: 64, Scale: 1, Std: [3]float64{1, 1, 1}}
	whole := picture(300, 200)
	sub := whole.SubImage(image.Rect(40, 30, 190, 150)).(*image.RGBA)
	alone := image.NewRGBA(image.Rect(0, 0, 150, 120))
	for y := range 120 {
		copy(alone.Pix[y*alone.Stride:y*alone.Stride+600], whole.Pix[whole.PixOffset(40, 30+y):])
	}
	if a, b := cfg.Pixels(sub), cfg.Pixels(alone); string(a) != string(b) {
		t.Error("a part of a picture gives other pixels than its copy")
	}
}

func TestTensorNormalises(t *testing.T) {
	cfg := preprocess.Config{
		Size: 2, Scale: 1.0 / 255,
		Mean: [3]float64{0.48145466, 0.4578275, 0.40821073}, Std: [3]float64{0.26862954, 0.26130258, 0.27577711},
	}
	img := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		copy(img.Pix[4*i:], []byte{255, 0, 51, 255})
	}
	got := cfg.Tensor(img)
	for ch, v := range []float64{1, 0, 0.2} {
		want := (v - cfg.Mean[ch]) / cfg.Std[ch]
		for i := range 4 {
			if d := math.Abs(float64(got[4*ch+i]) - want); d > 1e-6 {
				t.Errorf("channel %d: %v, want %v", ch, got[4*ch+i], want)
			}
		}
	}
}

func TestEmptyAndExtremePictures(t *testing.T) {
	cfg := preprocess.Config{Size: 224, Scale: 1, Std: [3]float64{1, 1, 1}}
	for _, size := range [][2]int{{0, 0}, {0, 7}, {1, 30000}, {30000, 1}, {30000, 2}} {
		img := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		if n := len(cfg.Tensor(img)); n != 3*224*224 {
			t.Errorf("%v: %d numbers", size, n)
		}
	}
}

func TestCheckNamesTheFault(t *testing.T) {
	good := preprocess.Config{Size: 224, Scale: 1, Std: [3]float64{1, 1, 1}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		set  func(*preprocess.Config)
	}{
		{"picture size", func(c *preprocess.Config) { c.Size = 0 }},
		{"picture size", func(c *preprocess.Config) { c.Size = 1 << 20 }},
		{"resize length", func(c *preprocess.Config) { c.Resize = 100 }},
		{"resize mode", func(c *preprocess.Config) { c.Mode = "longest" }},
		{"rounding", func(c *preprocess.Config) { c.Rounding = "up" }},
		{"interpolation", func(c *preprocess.Config) { c.Filter = "nearest" }},
		{"scale", func(c *preprocess.Config) { c.Scale = math.NaN() }},
		{"std", func(c *preprocess.Config) { c.Std[1] = 0 }},
		{"mean", func(c *preprocess.Config) { c.Mean[2] = math.Inf(1) }},
	} {
		bad := good
		c.set(&bad)
		if err := bad.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want a word on the %s, got %v", c.want, err)
		}
	}
}

func TestStringTellsConfigsApart(t *testing.T) {
	base := preprocess.Config{Size: 224, Scale: 1, Std: [3]float64{1, 1, 1}}
	const want = "crop 224 of 224 bicubic half-even scale 1 mean [0 0 0] std [1 1 1]"
	if got := base.String(); got != want {
		t.Errorf("%q, want %q: a change here makes every stored vector useless", got, want)
	}
	seen := map[string]bool{}
	for i := range 7 {
		c := base
		switch i {
		case 1:
			c.Resize = 256
		case 2:
			c.Mode = preprocess.Squash
		case 3:
			c.Filter = preprocess.Bilinear
		case 4:
			c.Rounding = preprocess.Floor
		case 5:
			c.Scale = 1.0 / 255
		case 6:
			c.Mean[0] = 0.5
		}
		if s := fmt.Sprint(c); seen[s] {
			t.Errorf("%q twice", s)
		} else {
			seen[s] = true
		}
	}
}

func BenchmarkTensor(b *testing.B) {
	cfg := preprocess.Config{Size: 224, Scale: 1, Std: [3]float64{1, 1, 1}}
	for _, size := range [][2]int{{672, 504}, {1600, 1200}, {4000, 3000}} {
		img := picture(size[0], size[1])
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				cfg.Tensor(img)
			}
		})
	}
}

// What Seen leaves out does not count, and what it takes in does.
func TestSeen(t *testing.T) {
	for _, c := range []struct {
		config preprocess.Config
		w, h   int
		want   image.Rectangle
	}{
		{preprocess.Config{Size: 224, Mode: preprocess.Crop}, 600, 400, image.Rect(100, 0, 500, 400)},
		{preprocess.Config{Size: 224, Mode: preprocess.Crop}, 400, 600, image.Rect(0, 100, 400, 500)},
		{preprocess.Config{Size: 224, Resize: 256, Mode: preprocess.Crop}, 512, 512, image.Rect(32, 32, 480, 480)},
		{preprocess.Config{Size: 224, Mode: preprocess.Squash}, 600, 400, image.Rect(0, 0, 600, 400)},
		{preprocess.Config{Size: 224}, 0, 0, image.Rectangle{}},
	} {
		if got := c.config.Seen(c.w, c.h); got != c.want {
			t.Errorf("%s of %d × %d: %v, want %v", c.config, c.w, c.h, got, c.want)
		}
	}
	c := preprocess.Config{Size: 32, Scale: 1, Std: [3]float64{1, 1, 1}}
	img := image.NewRGBA(image.Rect(0, 0, 120, 80))
	base := c.Tensor(img)
	seen := c.Seen(120, 80)
	for x := range 120 {
		img := image.NewRGBA(img.Rect)
		for y := range 80 {
			img.Pix[img.PixOffset(x, y)] = 255
		}
		changed, inside := !slices.Equal(c.Tensor(img), base), x >= seen.Min.X && x < seen.Max.X
		far := x < seen.Min.X-6 || x >= seen.Max.X+6 // the filter reaches that far over the edge
		if inside && !changed || far && changed {
			t.Errorf("column %d: seen %v, by Seen %v", x, changed, inside)
		}
	}
}
