package acceptance

import (
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
)

// made is a picture of the made set.
type made struct {
	file  string // its name in the folder
	group string // pictures of one group are near-duplicates; no others are
	kind  string // how it was made: "original", "resized", ..., "crop of half", ...
	half  int    // 0: thresholds were fitted on it; 1: held out
}

// originals lists the distinct photos at hand: the samples, and the reference photos.
func originals(t *testing.T) []string {
	t.Helper()
	var out []string
	shared := testdata.Shared(t)
	for _, pattern := range []string{
		filepath.Join(testdata.Samples(t), "*.jpg"),
		filepath.Join(shared, "data", "captions-dev", "photos", "*"),
		filepath.Join(shared, "data", "clip-vit-b32", "photos", "*"),
		filepath.Join(shared, "data", "tinyclip", "demo", "*"),
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if strings.Contains(".jpg .jpeg .png .webp", strings.ToLower(filepath.Ext(f))) {
				out = append(out, f)
			}
		}
	}
	return out
}

// nearKinds are the ways in which near-duplicates are made, in turn.
var nearKinds = []string{"resized", "recompressed", "cropped", "turned", "toned", "black and white"}

// near makes a near-duplicate.
func near(img *image.RGBA, kind string, r *rand.Rand) (out image.Image, quality int) {
	between := func(low, high float64) float64 { return low + r.Float64()*(high-low) }
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	sign := func() float64 { return float64(1 - 2*r.IntN(2)) }
	switch kind {
	case "resized":
		f := between(0.25, 0.9)
		return imaging.Resize(img, int(math.Round(w*f)), int(math.Round(h*f)), imaging.Lanczos), 85
	case "recompressed":
		return img, 30 + r.IntN(51)
	case "cropped":
		// Up to 5 % of the width and of the height, off any side.
		cw, ch := w*between(0.01, 0.05), h*between(0.01, 0.05)
		x, y := cw*r.Float64(), ch*r.Float64()
		return imaging.Crop(img, image.Rect(int(x), int(y), int(x+w-cw), int(y+h-ch))), 85
	case "turned":
		return turned(img, sign()*between(0.5, 2)), 85
	case "toned":
		out := imaging.AdjustBrightness(img, between(-15, 15))
		out = imaging.AdjustContrast(out, between(-25, 25))
		out = imaging.AdjustSaturation(out, between(-60, 40))
		return imaging.AdjustGamma(out, between(0.75, 1.35)), 85
	case "black and white":
		return imaging.AdjustContrast(imaging.Grayscale(img), between(0, 20)), 85
	}
	panic("no kind " + kind)
}

// turned turns a picture about its middle and crops it to its largest upright part of the
// same shape.
func turned(img *image.RGBA, degrees float64) image.Image {
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	a := math.Abs(degrees) * math.Pi / 180
	scale := min(w/(w*math.Cos(a)+h*math.Sin(a)), h/(w*math.Sin(a)+h*math.Cos(a)))
	out := imaging.Rotate(img, degrees, color.White)
	return imaging.CropCenter(out, int(w*scale)-1, int(h*scale)-1)
}

// alikeKinds are the ways in which pictures are made that look alike and are no duplicates.
var alikeKinds = []string{"crop of a part", "mirrored", "other subject", "other subject, small"}

// alike makes a picture that is like img and no near-duplicate of it. other lends a subject.
func alike(img, other *image.RGBA, kind string, r *rand.Rand) image.Image {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	switch kind {
	case "crop of a part":
		// More than 30 % of the picture is gone.
		f := math.Sqrt(0.40 + 0.28*r.Float64())
		cw, ch := int(float64(w)*f), int(float64(h)*f)
		x, y := r.IntN(w-cw+1), r.IntN(h-ch+1)
		return imaging.Crop(img, image.Rect(x, y, x+cw, y+ch))
	case "mirrored":
		return imaging.FlipH(img)
	case "other subject", "other subject, small":
		// The scene stays, somebody else stands in it: a patch of another photo of a third or
		// a fifth of the height.
		f := 1.0 / 3
		if strings.HasSuffix(kind, "small") {
			f = 0.2
		}
		side := int(f * float64(h))
		out := imaging.Clone(img)
		patch := imaging.Fill(other, side, side, imaging.Center, imaging.Lanczos)
		x, y := r.IntN(w-side+1), r.IntN(h-side+1)
		draw.Draw(out, image.Rect(x, y, x+side, y+side), patch, image.Point{}, draw.Src)
		return out
	}
	panic("no kind " + kind)
}

// plains are pictures without much in them: near-black frames with the noise of a sensor,
// white pages, and skies. None is a duplicate of another.
func plains(n int) []image.Image {
	var out []image.Image
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		img := image.NewNRGBA(image.Rect(0, 0, 320, 240))
		base := []float64{4, 250, 128}[i%3] + 3*r.Float64()
		slope := []float64{0, 0, 60}[i%3] * (r.Float64() - 0.2) / 240
		tilt := []float64{0, 0, 60}[i%3] * (r.Float64() - 0.5) / 320
		for y := range 240 {
			for x := range 320 {
				v := base + slope*float64(y) + tilt*float64(x) + 1.5*r.NormFloat64()
				c := uint8(max(0, min(255, v)))
				img.SetNRGBA(x, y, color.NRGBA{c, c, uint8(max(0, min(255, v*1.02+float64(i%3)*4))), 255})
			}
		}
		out = append(out, img)
	}
	return out
}

// screens are screenshots of one program: the same frame, other words.
func screens(n int) []image.Image {
	var out []image.Image
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), 9))
		img := imaging.New(360, 640, color.NRGBA{246, 246, 248, 255})
		box := func(x, y, w, h int, c color.NRGBA) {
			draw.Draw(img, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
		}
		box(0, 0, 360, 56, color.NRGBA{40, 90, 160, 255})
		box(0, 590, 360, 50, color.NRGBA{225, 225, 230, 255})
		for y := 72; y < 570; y += 18 {
			if r.IntN(6) == 0 {
				continue // the end of a paragraph
			}
			for x := 20; x < 340; {
				w := 6 + r.IntN(40)
				if x+w > 340 || r.IntN(12) == 0 {
					break
				}
				for k := x; k < x+w; k += 5 {
					box(k, y+r.IntN(3), 3, 7+r.IntN(4), color.NRGBA{50, 50, 54, 255})
				}
				x += w + 6
			}
		}
		out = append(out, img)
	}
	return out
}

// makeSet writes the made set into dir: every original with the near-duplicates that kinds
// names for it, and look-alikes. It is the same every time.
func makeSet(t *testing.T, dir string, photos []string, variants int) []made {
	t.Helper()
	var out []made
	write := func(m made, img image.Image, quality int) {
		m.file = fmt.Sprintf("%05d.jpg", len(out))
		if err := os.WriteFile(filepath.Join(dir, m.file), photomaker.JPEG(img, library.Metadata{}, quality), 0o600); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	var before *image.RGBA
	for i, path := range photos {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := decode.Decode(t.Context(), data, decode.Options{Orientation: 1})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if side := max(img.Rect.Dx(), img.Rect.Dy()); side > 800 {
			small := imaging.Fit(img, 800, 800, imaging.Lanczos)
			img = &image.RGBA{Pix: small.Pix, Stride: small.Stride, Rect: small.Rect} // opaque: one layout
		}
		name := filepath.Base(path)
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(name))
		seed := sum.Sum64()
		r := rand.New(rand.NewPCG(seed, 1))
		half := int(seed >> 20 & 1)
		write(made{group: name, kind: "original", half: half}, img, 92)
		for v := range variants {
			kind := nearKinds[(i+v)%len(nearKinds)]
			copied, quality := near(img, kind, r)
			write(made{group: name, kind: kind, half: half}, copied, quality)
		}
		if i%2 == 1 {
			kind := alikeKinds[i/2%len(alikeKinds)]
			write(made{group: name + " " + kind, kind: kind, half: half}, alike(img, before, kind, r), 88)
		}
		before = img
	}
	for i, img := range plains(30) {
		write(made{group: fmt.Sprint("plain ", i), kind: "plain", half: i % 2}, img, 88)
	}
	for i, img := range screens(30) {
		write(made{group: fmt.Sprint("screen ", i), kind: "screenshot", half: i % 2}, img, 88)
	}
	return slices.Clip(out)
}
