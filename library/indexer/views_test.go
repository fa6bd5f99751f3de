package indexer

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
	"descry/library/store"
	"descry/library/vectors"
)

func TestCropsCoverALongPicture(t *testing.T) {
	for _, size := range [][2]int{
		{2001, 1000}, {4000, 1000}, {1000, 4000}, {1170, 9000}, {700, 257}, {24000, 1000}, {65535, 1}, {9, 30_000}, {3, 1},
	} {
		w, h := size[0], size[1]
		all := crops(w, h)
		if len(all) < 2 || len(all) > maxCrops {
			t.Fatalf("%d × %d: %d crops", w, h, len(all))
		}
		along := func(r image.Rectangle) (from, to int) {
			if w >= h {
				return r.Min.X, r.Max.X
			}
			return r.Min.Y, r.Max.Y
		}
		covered := 0
		for i, r := range all {
			if !r.In(image.Rect(0, 0, w, h)) || min(r.Dx(), r.Dy()) != min(w, h) {
				t.Errorf("%d × %d: crop %d is %v", w, h, i, r)
			}
			from, to := along(r)
			if i > 0 && min(w, h) > 3 && float64(covered-from) < 0.2*float64(to-from) {
				t.Errorf("%d × %d: crop %d overlaps by %d pixels", w, h, i, covered-from)
			}
			if from > covered {
				t.Errorf("%d × %d: a gap before crop %d", w, h, i)
			}
			covered = to
		}
		if covered != max(w, h) {
			t.Errorf("%d × %d: covered up to %d", w, h, covered)
		}
	}
	if n := len(crops(4000, 1000)); n != 5 {
		t.Errorf("a picture of 4:1 has %d crops", n)
	}
}

func TestCropIsASquareOfItsOwn(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 90, 30))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for x := range 30 {
		for y := range 30 {
			img.Pix[img.PixOffset(60+x, y)] = byte(x)
		}
	}
	for _, r := range []image.Rectangle{image.Rect(60, 0, 90, 30), image.Rect(30, 0, 90, 30)} {
		got := crop(img, r)
		if got.Rect != image.Rect(0, 0, 30, 30) {
			t.Fatalf("%v gave %v", r, got.Rect)
		}
		if c := got.RGBAAt(29, 29); c.R < 28 || c.R > 29 || c.A != 255 {
			t.Errorf("%v ends in %v", r, c)
		}
	}
}

// corner is an encoder that looks, as models do, at the square in the middle: its vector
// says how much red, green and blue is there.
type corner struct{ *eye }

func (corner) Dim() int { return 3 }

func (corner) Tensor(img *image.RGBA) []float32 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	side := min(w, h)
	t := make([]float32, 3)
	for y := (h - side) / 2; y < (h+side)/2; y++ {
		for x := (w - side) / 2; x < (w+side)/2; x++ {
			c := img.RGBAAt(x, y)
			t[0], t[1], t[2] = t[0]+float32(c.R), t[1]+float32(c.G), t[2]+float32(c.B)
		}
	}
	return t
}

// panorama is w × h pixels of blue, but for a red square at its beginning.
func panorama(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	side := min(w, h)
	for y := range h {
		for x := range w {
			c := color.RGBA{B: 255, A: 255}
			if x < side && y < side {
				c = color.RGBA{R: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// best is how well each photo fits red, by the name of its file.
func (l *lib) best() map[string]float32 {
	l.Helper()
	spaces, err := l.store.Spaces(l.Context())
	if err != nil || len(spaces) != 1 {
		l.Fatal(spaces, err)
	}
	index, err := vectors.Open(l.Context(), vectors.Params{Source: l.store, Space: spaces[0]})
	if err != nil {
		l.Fatal(err)
	}
	scores := make([]float32, index.Len())
	index.Scan([]float32{1, 0, 0}, scores)
	byPhoto := map[library.PhotoID]float32{}
	for i, p := range index.Photos() {
		byPhoto[p] = scores[i]
	}
	found := map[string]float32{}
	for name, f := range l.files() {
		found[name] = byPhoto[f.Photo]
	}
	return found
}

func TestElongatedPicturesHaveFurtherViews(t *testing.T) {
	l := newLib(t)
	encoder := corner{l.encoder}
	index := func() Report {
		t.Helper()
		r, err := New(Params{Store: l.store, Thumbs: l.thumbs, Encoder: encoder, Threads: 2}).Run(t.Context(), l.roots(), nil)
		if err != nil || len(r.Failed) > 0 {
			t.Fatal(r.Failed, err)
		}
		return r
	}
	l.write("panorama.jpg", photomaker.JPEG(panorama(2400, 600), library.Metadata{}, 95))
	l.write("page.png", photomaker.PNG(panorama(300, 3000), library.Metadata{}))
	l.write("turned.jpg", photomaker.JPEG(photomaker.Stored(panorama(640, 160), 6), library.Metadata{Orientation: 6}, 95))
	l.write("two-to-one.png", photomaker.PNG(panorama(400, 200), library.Metadata{}))
	if r := index(); r.Encoded != 4 {
		t.Errorf("report %+v", r)
	}
	l.encoded(1 + 5 + 1 + 13 + 1 + 5 + 1)
	for name, score := range l.best() {
		if min := float32(0.95); name != "two-to-one.png" && score < min {
			t.Errorf("%s: what is at its end scores %.3f", name, score)
		}
	}
	if score := l.best()["two-to-one.png"]; score > 0.8 {
		t.Errorf("a picture of 2:1 has further views: %.3f", score)
	}
	index()
	l.encoded(0)
}

// Pictures that were looked at before there were further views get theirs, and are left
// alone then.
func TestOldElongatedPicturesGetTheirViews(t *testing.T) {
	l := newLib(t)
	data := photomaker.JPEG(panorama(1200, 300), library.Metadata{}, 95)
	l.write("panorama.jpg", data)
	read, err := readFile(t.Context(), l.at("panorama.jpg"), 1<<20)
	stat := read.stat
	if err != nil {
		t.Fatal(err)
	}
	root := l.roots()[0].ID
	if err := l.store.ApplyScan(t.Context(), root, []store.ScanChange{{Kind: store.Found, Name: "panorama.jpg", Stat: stat}}); err != nil {
		t.Fatal(err)
	}
	space, err := l.store.EnsureSpace(t.Context(), l.encoder.Space(), l.encoder.Model(), l.encoder.Dim())
	if err != nil {
		t.Fatal(err)
	}
	content, err := contentid.Of(data)
	if err != nil {
		t.Fatal(err)
	}
	vector, err := l.encoder.EncodeTensor(t.Context(), l.encoder.Tensor(panorama(1200, 300)))
	if err != nil {
		t.Fatal(err)
	}
	err = l.store.CommitBatch(t.Context(), []store.IndexedFile{{
		File: l.files()["panorama.jpg"].ID, Stat: stat, Content: content, Metadata: library.Metadata{Format: "jpeg", Width: 1200, Height: 300},
		Measures: &library.Measures{Width: 1200, Height: 300}, Space: space.ID, Vector: vector,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if st, err := l.store.Status(t.Context(), space.ID); err != nil || st.Pending != 1 || st.Encoded != 1 {
		t.Errorf("status %+v, %v", st, err)
	}
	l.encoded(1)
	l.expect(l.index(), Report{Files: 1, Photos: 1, Unchanged: 1, Encoded: 1})
	l.encoded(1 + 5)
	var views []int
	err = l.store.Vectors(t.Context(), space.ID, 0, 0, func(v store.VectorRow) error {
		views = append(views, v.View)
		return nil
	})
	if err != nil || !slices.Equal(views, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("views %v, %v", views, err)
	}
	l.expect(l.index(), Report{Files: 1, Photos: 1, Unchanged: 1})
	l.encoded(0)
}
