package thumbs_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/thumbs"
)

func TestSize(t *testing.T) {
	for _, c := range []struct{ w, h, tw, th int }{
		{4000, 3000, 512, 384},   // a photo
		{3000, 4000, 384, 512},   //
		{4000, 2000, 512, 256},   // the widest that keeps its long side
		{6000, 2000, 768, 256},   // wider: the short side stays
		{30000, 1000, 1024, 34},  // a panorama: the long side ends it
		{1000, 30000, 34, 1024},  //
		{300, 200, 300, 200},     // never enlarged
		{1000, 200, 1000, 200},   //
		{30000, 1, 1024, 1},      //
		{1, 1, 1, 1},             //
		{513, 513, 512, 512},     //
		{600, 255, 600, 255},     // short below the least: as it is
		{70000, 70000, 512, 512}, //
	} {
		if w, h := thumbs.Size(c.w, c.h); w != c.tw || h != c.th {
			t.Errorf("%d × %d becomes %d × %d, want %d × %d", c.w, c.h, w, h, c.tw, c.th)
		}
	}
}

// Averaging blocks before filtering must not show: the result stays close to filtering
// every pixel.
func TestMakeIsCloseToFullFilter(t *testing.T) {
	for _, size := range []image.Point{{2100, 1575}, {1203, 2403}, {5000, 300}, {600, 450}} {
		img := photomaker.Scene(size.X, size.Y, 5)
		got := thumbs.Make(img)
		want := imaging.Resize(img, got.Rect.Dx(), got.Rect.Dy(), imaging.CatmullRom)
		var sum, worst int
		for i := range got.Pix {
			d := int(got.Pix[i]) - int(want.Pix[i])
			sum += max(d, -d)
			worst = max(worst, d, -d)
		}
		if mean := float64(sum) / float64(len(got.Pix)); mean > 0.6 || !got.Opaque() {
			t.Errorf("%v: mean difference %.3f of 255, worst %d", size, mean, worst)
		}
	}
}

func TestMakeKeepsColour(t *testing.T) {
	got := thumbs.Make(photomaker.Quadrants(2401, 1801))
	for i, want := range []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}} {
		for _, p := range []image.Point{{128, 96}, {0, 0}} {
			x, y := p.X+i%2*256, p.Y+i/2*192
			if p == (image.Point{}) { // the corners
				x, y = i%2*511, i/2*383
			}
			if c := got.RGBAAt(x, y); c != want {
				t.Errorf("%d, %d is %v, want %v", x, y, c, want)
			}
		}
	}
}

func picture(n byte, orientation int) library.Picture {
	c := library.Content{Scheme: "jpeg1"}
	c.Digest[0], c.Digest[31] = n, 1
	return library.Picture{Content: c, Orientation: orientation}
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "thumbs")
	c := thumbs.Open(dir)
	p := picture(0xAB, 6)
	if c.Has(p) {
		t.Error("it is there before it was put")
	}
	if _, err := c.Load(p); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("loading what is not there: %v", err)
	}
	if err := c.Remove(p); err != nil {
		t.Errorf("removing what is not there: %v", err)
	}
	if err := c.Put(p, photomaker.Scene(800, 600, 1)); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "ab"); filepath.Dir(c.Path(p)) != want {
		t.Errorf("it is in %s, want %s", filepath.Dir(c.Path(p)), want)
	}
	if !c.Has(p) || c.Has(picture(0xAB, 1)) {
		t.Error("the orientation makes no difference")
	}
	img, err := c.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, 512, 384) {
		t.Errorf("its bounds are %v", img.Bounds())
	}
	if err := c.Remove(p); err != nil || c.Has(p) {
		t.Errorf("it is still there: %v", err)
	}
}

// Several writers of one thumbnail, and readers meanwhile: nobody sees half a file.
func TestConcurrent(t *testing.T) {
	c := thumbs.Open(t.TempDir())
	img := photomaker.Scene(320, 240, 1)
	p := picture(1, 1)
	if err := c.Put(p, img); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := c.Put(p, img); err != nil {
					t.Error(err)
				}
				if _, err := c.Load(p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLoadDamaged(t *testing.T) {
	c := thumbs.Open(t.TempDir())
	p := picture(2, 1)
	if err := c.Put(p, photomaker.Scene(100, 100, 1)); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"", "text", "\xff\xd8\xff\xd9"} {
		if err := os.WriteFile(c.Path(p), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load(p); err == nil || errors.Is(err, library.ErrNotFound) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestPutFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := thumbs.Open(file).Put(picture(1, 1), photomaker.Scene(10, 10, 1)); err == nil {
		t.Error("no error where the folder is a file")
	}
}

func TestEvict(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	c := thumbs.Open(dir)
	if n, err := thumbs.Open(filepath.Join(dir, "none")).Size(ctx); n != 0 || err != nil {
		t.Errorf("a cache that is not there: %d, %v", n, err)
	}
	now := time.Now()
	for i := range byte(6) {
		p := picture(i, 1)
		if err := c.Put(p, photomaker.Scene(200, 150, 1)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(c.Path(p), now, now.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(dir, "00", "new-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, now, now.Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	total, err := c.Size(ctx)
	if err != nil {
		t.Fatal(err)
	}
	each := total / 6
	oldest := c.Path(picture(0, 1))
	freed, err := c.Evict(ctx, total-2*each, func(path string) bool { return path == oldest })
	if err != nil || freed != 2*each {
		t.Errorf("freed %d, %v; want %d", freed, err, 2*each)
	}
	for i, want := range []bool{true, false, false, true, true, true} {
		if c.Has(picture(byte(i), 1)) != want {
			t.Errorf("thumbnail %d: there %v, want %v", i, !want, want)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a dead process left is still there")
	}
	if _, err := c.Evict(ctx, 0, nil); err != nil || c.Has(picture(0, 1)) {
		t.Errorf("not all gone: %v", err)
	}
}

func BenchmarkMake12MP(b *testing.B) {
	img := photomaker.Scene(4000, 3000, 1)
	for b.Loop() {
		thumbs.Make(img)
	}
}

func BenchmarkPutThumb(b *testing.B) {
	c := thumbs.Open(b.TempDir())
	img := thumbs.Make(photomaker.Scene(1600, 1200, 1))
	for b.Loop() {
		if err := c.Put(picture(1, 1), img); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	c := thumbs.Open(b.TempDir())
	if err := c.Put(picture(1, 1), photomaker.Scene(1600, 1200, 1)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Load(picture(1, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
