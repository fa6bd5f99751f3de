package app_test

import (
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

// wide is a picture of 4:1 whose left quarter is a sample photo and the rest another one,
// stretched.
func wide(t *testing.T, left, rest string) *image.RGBA {
	t.Helper()
	const side = 600
	out := image.NewRGBA(image.Rect(0, 0, 4*side, side))
	for _, part := range []struct {
		name string
		to   image.Rectangle
	}{{left, image.Rect(0, 0, side, side)}, {rest, image.Rect(side, 0, 4*side, side)}} {
		f, err := os.Open(filepath.Join(testdata.Samples(t), part.name+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, err := jpeg.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		img = imaging.Fill(img, part.to.Dx(), part.to.Dy(), imaging.Center, imaging.Linear)
		draw.Draw(out, part.to, img, image.Point{}, draw.Src)
	}
	return out
}

// What lies at the end of a panorama is found, though the model sees only the square in the
// middle at once; and suggestions know of it, too.
func TestPanoramasAreSeenWhole(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(lib, testdata.Runtime(t)))
	dir := folder(t, "coffee-cup", "pagoda", "sunset-summit", "orchestra-on-stage", "eiffel-tower", "handwritten-notes")
	img := wide(t, "honey-bee", "mountain-path")
	at := filepath.Join(dir, "panorama.jpg")
	if err := os.WriteFile(at, photomaker.JPEG(img, library.Metadata{}, 92), 0o644); err != nil {
		t.Fatal(err)
	}
	// What the model saw of it without further views.
	middle := filepath.Join(dir, "middle.jpg")
	square := imaging.CropCenter(img, 600, 600)
	if err := os.WriteFile(middle, photomaker.JPEG(square, library.Metadata{}, 92), 0o644); err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)

	r, err := a.Search(t.Context(), app.SearchRequest{Text: "a honey bee on a flower", All: true, Limit: 100})
	if err != nil || len(r.Hits) < 8 {
		t.Fatal(len(r.Hits), err)
	}
	rank := func(path string) int {
		id := photo(t, a, path)
		return slices.IndexFunc(r.Hits, func(h app.Hit) bool { return h.Photo == id })
	}
	if rank(at) != 0 || rank(middle) < 2 {
		t.Errorf("the panorama comes at place %d, its middle at %d", rank(at), rank(middle))
	}
	tags, err := a.Tags(t.Context(), []library.PhotoID{photo(t, a, at), photo(t, a, middle)})
	if err != nil {
		t.Fatal(err)
	}
	bee := func(path string) (confidence float64) {
		for _, tag := range tags[photo(t, a, path)] {
			if tag.Name == "bee" {
				confidence = tag.Confidence
			}
		}
		return confidence
	}
	if bee(at) <= bee(middle) || bee(at) == 0 {
		t.Errorf("a bee is suggested with %.2f, of the middle with %.2f", bee(at), bee(middle))
	}
}
