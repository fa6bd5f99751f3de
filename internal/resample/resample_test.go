package resample

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
)

// noise is a picture of random bytes, alpha included, that starts somewhere.
func noise(w, h int, seed uint64) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(-3, 5, w-3, h+5))
	for i := range img.Pix {
		img.Pix[i] = byte(rng.Uint32())
	}
	return img
}

// Every way gives the same bytes, whatever the size leaves over at the end of rows.
func TestAllWaysAgree(t *testing.T) {
	ways := every()
	t.Logf("%d ways, %T %v is used", len(ways), best, best)
	rng := rand.New(rand.NewPCG(2, 2))
	filters := []Filter{Bicubic, Bilinear, Lanczos, Box}
	for i := range 300 {
		axis := func() Axis {
			a := Axis{In: 1 + rng.IntN(90), Out: 1 + rng.IntN(60)}
			a.First = rng.IntN(a.Out)
			a.N = 1 + rng.IntN(a.Out-a.First)
			return a
		}
		x, y, f := axis(), axis(), filters[i%len(filters)]
		img := noise(x.In, y.In, uint64(i))
		want := run(plain{}, img, x, y, f)
		if want.Rect != image.Rect(0, 0, x.N, y.N) {
			t.Fatalf("%v × %v gives %v", x, y, want.Rect)
		}
		for name, way := range ways {
			if got := run(way, img, x, y, f); !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s, %s of %v × %v: other bytes than Go's", name, f, x, y)
			}
		}
	}
}

// A part of the result is the same as in the whole result, and a part of a picture is the
// same as its copy.
func TestParts(t *testing.T) {
	img := noise(211, 160, 1)
	whole := RGBA(img, Whole(211, 70), Whole(160, 57), Bicubic)
	part := RGBA(img, Axis{In: 211, Out: 70, First: 13, N: 31}, Axis{In: 160, Out: 57, First: 20, N: 37}, Bicubic)
	for y := range 37 {
		if !bytes.Equal(part.Pix[y*part.Stride:][:4*31], whole.Pix[whole.PixOffset(13, 20+y):][:4*31]) {
			t.Fatalf("row %d of the part differs", y)
		}
	}
	sub := img.SubImage(image.Rect(20, 30, 120, 110)).(*image.RGBA)
	alone := image.NewRGBA(image.Rect(0, 0, 100, 80))
	for y := range 80 {
		copy(alone.Pix[y*alone.Stride:][:400], sub.Pix[y*sub.Stride:])
	}
	a := RGBA(sub, Whole(100, 40), Whole(80, 30), Lanczos)
	b := RGBA(alone, Whole(100, 40), Whole(80, 30), Lanczos)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("a part of a picture gives other pixels than its copy")
	}
}

// A plain picture stays what it was at every scale, alpha included, and none is too long.
func TestPlainStaysPlain(t *testing.T) {
	for _, c := range [][4]int{
		{1, 1, 1, 1},
		{1, 1, 9, 7},
		{3, 2, 300, 200},
		{1000, 750, 512, 384},
		{65500, 1, 34, 1},
		{1, 65500, 1, 34},
		{65500, 2, 1, 1},
		{7, 30000, 1, 2},
	} {
		for _, v := range []byte{0, 1, 128, 254, 255} {
			img := image.NewRGBA(image.Rect(0, 0, c[0], c[1]))
			for i := range img.Pix {
				img.Pix[i] = v
			}
			for _, f := range []Filter{Bicubic, Bilinear, Lanczos, Box} {
				for i, got := range RGBA(img, Whole(c[0], c[2]), Whole(c[1], c[3]), f).Pix {
					if got != v {
						t.Fatalf("%v, %s: byte %d is %d, want %d", c, f, i, got, v)
					}
				}
			}
		}
	}
}

func TestKnown(t *testing.T) {
	if !Bicubic.Known() || Filter("nearest").Known() || Filter("").Known() {
		t.Error("a filter that there is is not known, or one that there is not is")
	}
}

func BenchmarkRGBA(b *testing.B) {
	for _, c := range [][4]int{{1000, 750, 299, 224}, {1000, 750, 512, 384}, {4000, 3000, 512, 384}} {
		img := noise(c[0], c[1], 1)
		for name, way := range every() {
			b.Run(fmt.Sprintf("%dx%d to %dx%d/%s", c[0], c[1], c[2], c[3], name), func(b *testing.B) {
				for b.Loop() {
					run(way, img, Whole(c[0], c[2]), Whole(c[1], c[3]), Bicubic)
				}
			})
		}
	}
}
