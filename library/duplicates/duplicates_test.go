package duplicates

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/measure"
	"descry/library/store"
	"descry/library/thumbs"
)

func random(n int, seed uint64) []store.Print {
	r := rand.New(rand.NewPCG(seed, 1))
	prints := make([]store.Print, n)
	for i := range prints {
		p := store.Print{Photo: library.PhotoID(i + 1), Order: r.Uint64(), Aspect: 1.5, Hash: r.Uint64()}
		if i > 0 && r.IntN(3) == 0 { // a copy of another, some bits off
			p.Hash = prints[r.IntN(i)].Hash
			for range r.IntN(14) {
				p.Hash ^= 1 << r.IntN(64)
			}
		}
		prints[i] = p
	}
	return prints
}

func nothing(int, int) {}

// The candidates are all pairs within the limit, as comparing each with each finds them.
func TestCandidatesAreComplete(t *testing.T) {
	prints := random(3000, 1)
	pairs, err := candidates(t.Context(), prints, nothing)
	if err != nil {
		t.Fatal(err)
	}
	found := map[pair]bool{}
	for _, p := range pairs {
		if found[p] {
			t.Fatalf("pair %v comes twice", p)
		}
		found[p] = true
	}
	want := 0
	for j := range prints {
		for i := range j {
			a, b := prints[i], prints[j]
			plain := bits.OnesCount64(a.Hash) < minOnes || bits.OnesCount64(b.Hash) < minOnes
			if is := !plain && bits.OnesCount64(a.Hash^b.Hash) <= maxBits; is != found[pair{int32(i), int32(j)}] {
				t.Fatalf("%b bits apart: found %v", bits.OnesCount64(a.Hash^b.Hash), !is)
			} else if is {
				want++
			}
		}
	}
	if want < 500 {
		t.Errorf("only %d pairs: the test says little", want)
	}
}

// Thousands of equal hashes do not cost all their pairs.
func TestManyEqualHashes(t *testing.T) {
	prints := random(20000, 2)
	for i := range prints {
		prints[i].Hash = 0x0F0F0F0FF0F0F0F0
	}
	pairs, err := candidates(t.Context(), prints, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) == 0 || len(pairs) > len(prints)*maxPartners {
		t.Errorf("%d pairs", len(pairs))
	}
}

func TestCandidatesStop(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if _, err := candidates(ctx, random(10, 1), nothing); !errors.Is(err, stop) {
		t.Errorf("ended with %v", err)
	}
}

func TestPossible(t *testing.T) {
	dated := func(ms int64, camera uint32) store.Print { return store.Print{Taken: ms, Dated: true, Camera: camera} }
	tests := map[string]struct {
		a, b store.Print
		want bool
	}{
		"nothing known":                 {store.Print{}, store.Print{}, true},
		"one dated":                     {dated(5000, 1), store.Print{}, true},
		"same second":                   {dated(5000, 1), dated(5000, 1), true},
		"the copy lost the fraction":    {dated(5250, 1), dated(5000, 1), true},
		"two frames of one second":      {dated(5250, 1), dated(5375, 1), false},
		"a second later":                {dated(5000, 1), dated(6000, 1), false},
		"two cameras":                   {dated(5000, 1), dated(5000, 2), false},
		"the copy lost the camera":      {dated(5000, 1), dated(5000, 0), true},
		"one stack":                     {store.Print{Stack: 4}, store.Print{Stack: 4}, false},
		"two stacks":                    {store.Print{Stack: 4}, store.Print{Stack: 5}, true},
		"another shape":                 {store.Print{Aspect: 1.5}, store.Print{Aspect: 1}, false},
		"a crop of a few per cent":      {store.Print{Aspect: 1.5}, store.Print{Aspect: 1.43}, true},
		"upright against lying":         {store.Print{Aspect: 1.5}, store.Print{Aspect: 0.66}, false},
		"a shape that was not measured": {store.Print{Aspect: 1.5}, store.Print{}, true},
	}
	for name, c := range tests {
		if possible(&c.a, &c.b) != c.want || possible(&c.b, &c.a) != c.want {
			t.Errorf("%s: %v, want %v", name, !c.want, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	img := photomaker.Scene(640, 480, 7)
	asRGBA := func(m *image.NRGBA) *image.RGBA { return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect} }
	other := photomaker.Scene(640, 480, 8)
	patched := imaging.Paste(img, imaging.Fill(other, 160, 160, imaging.Center, imaging.Lanczos), image.Pt(300, 200))
	tests := map[string]struct {
		img  *image.RGBA
		want bool
	}{
		"itself":          {img, true},
		"half the size":   {asRGBA(imaging.Resize(img, 320, 240, imaging.Lanczos)), true},
		"cropped":         {asRGBA(imaging.Crop(img, image.Rect(25, 3, 640, 470))), true},
		"turned":          {asRGBA(imaging.CropCenter(imaging.Rotate(img, 1.5, image.White.C), 615, 455)), true},
		"lighter":         {asRGBA(imaging.AdjustGamma(img, 1.3)), true},
		"black and white": {asRGBA(imaging.Grayscale(img)), true},
		"another":         {other, false},
		"mirrored":        {asRGBA(imaging.FlipH(img)), false},
		"inverted":        {asRGBA(imaging.Invert(img)), false},
		"a part":          {asRGBA(imaging.Crop(img, image.Rect(0, 0, 500, 375))), false},
		"a new subject":   {asRGBA(patched), false},
		"plain":           {asRGBA(imaging.New(640, 480, image.Black.C)), false},
		"one pixel":       {asRGBA(imaging.New(1, 1, image.White.C)), false},
	}
	a := NewSketch(thumbs.Make(img))
	for name, c := range tests {
		b := NewSketch(thumbs.Make(c.img))
		for _, g := range []Agreement{Compare(a, b), Compare(b, a)} {
			if Fitted().Hold(g) != c.want {
				t.Errorf("%s: %+v", name, g)
			}
		}
	}
}

// Sketches of any size are made, and compare without a fault.
func TestSketchSizes(t *testing.T) {
	var sketches []*Sketch
	for _, size := range [][2]int{{1, 1}, {2, 300}, {300, 2}, {63, 64}, {65, 129}, {64, 64}} {
		img := photomaker.Scene(size[0], size[1], 3)
		sketches = append(sketches, NewSketch(img))
		if !slices.ContainsFunc(sketches[len(sketches)-1].plane[0].v, func(v float32) bool { return v >= 0 && v <= 255 }) {
			t.Errorf("%v: no luminance", size)
		}
	}
	for _, a := range sketches {
		for _, b := range sketches {
			Compare(a, b)
		}
	}
}

// shelf is a source in memory.
type shelf struct {
	photos  []store.Alike
	prints  []store.Print
	pixels  map[library.Picture]*image.RGBA
	vectors map[library.PhotoID][]float32
	apart   [][2]library.PhotoID
}

func (s *shelf) add(id int, img *image.RGBA, vector []float32, more func(*store.Alike, *store.Print)) {
	m := measure.Measure(img)
	pic := library.Picture{Content: library.Content{Scheme: "t", Digest: [32]byte{byte(id)}}, Orientation: 1}
	a := store.Alike{
		Photo: library.PhotoID(id), Picture: pic, Path: fmt.Sprintf("/p/%02d.jpg", id), Format: "jpeg", Width: m.Width, Height: m.Height,
		Bytes: int64(m.Width * m.Height / 4), Sharpness: 100,
	}
	p := store.Print{Photo: a.Photo, Hash: m.PHash, Order: uint64(id) << 56, Aspect: float32(m.Width) / float32(m.Height)}
	if more != nil {
		more(&a, &p)
	}
	s.photos, s.prints = append(s.photos, a), append(s.prints, p)
	s.pixels[pic], s.vectors[a.Photo] = thumbs.Make(img), vector
}

func (s *shelf) Prints(_ context.Context, fn func(store.Print) error) error {
	for _, p := range s.prints {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Alikes(_ context.Context, ids []library.PhotoID) (out []store.Alike, err error) {
	for _, a := range s.photos {
		if slices.Contains(ids, a.Photo) {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *shelf) Vectors(context.Context, []library.PhotoID) (map[library.PhotoID][]float32, error) {
	return s.vectors, nil
}

func (s *shelf) Sketch(_ context.Context, p library.Picture) (*Sketch, error) {
	if s.pixels[p] == nil {
		return nil, library.ErrNotFound
	}
	return NewSketch(s.pixels[p]), nil
}

func (s *shelf) Distinct(_ context.Context, fn func(a, b library.PhotoID)) error {
	for _, p := range s.apart {
		fn(p[0], p[1])
	}
	return nil
}

func TestNear(t *testing.T) {
	s := &shelf{pixels: map[library.Picture]*image.RGBA{}, vectors: map[library.PhotoID][]float32{}}
	img := photomaker.Scene(640, 480, 7)
	small := imaging.Resize(img, 400, 300, imaging.Lanczos)
	smaller := imaging.Resize(img, 320, 240, imaging.Lanczos)
	rgba := func(m *image.NRGBA) *image.RGBA { return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect} }
	s.add(3, rgba(small), nil, nil)
	s.add(1, img, nil, nil)
	s.add(2, rgba(smaller), nil, nil)
	s.add(4, photomaker.Scene(640, 480, 8), nil, nil)
	s.add(5, rgba(imaging.New(640, 480, image.Black.C)), nil, nil)
	s.add(6, rgba(imaging.New(320, 240, image.Black.C)), nil, nil)

	groups := func() string {
		t.Helper()
		r, err := Near(t.Context(), s, Fitted(), nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, g := range r.Groups {
			for _, p := range g.Photos {
				text += fmt.Sprint(p.Photo, " ")
			}
			text += fmt.Sprint(g.Why, ";")
		}
		return fmt.Sprint(text, r.Unseen)
	}
	if got, want := groups(), "1 3 2 [largest, 640 × 480];0"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	slices.Reverse(s.prints)
	slices.Reverse(s.photos)
	if got, want := groups(), "1 3 2 [largest, 640 × 480];0"; got != want {
		t.Errorf("in another order: %q, want %q", got, want)
	}
	s.apart = [][2]library.PhotoID{{1, 3}}
	if got, want := groups(), "1 2 [largest, 640 × 480];0"; got != want {
		t.Errorf("1 and 3 are kept both: %q, want %q", got, want)
	}
	s.apart = [][2]library.PhotoID{{2, 3}}
	if got, want := groups(), "1 3 [largest, 640 × 480];0"; got != want {
		t.Errorf("2 and 3 are kept both: %q, want %q", got, want)
	}
	s.apart = nil
	delete(s.pixels, s.photos[len(s.photos)-1].Picture)
	r, err := Near(t.Context(), s, Fitted(), nil)
	if err != nil || r.Unseen != 1 {
		t.Errorf("without a thumbnail: %+v, %v", r, err)
	}
}

func TestBest(t *testing.T) {
	base := store.Alike{Format: "jpeg", Width: 4000, Height: 3000, Bytes: 3e6, Sharpness: 100, Camera: true, Path: "/b.jpg"}
	with := func(f func(*store.Alike)) store.Alike {
		p := base
		f(&p)
		p.Path = "/a.jpg"
		return p
	}
	tests := map[string]struct {
		other store.Alike
		best  string
		why   string
	}{
		"smaller":             {with(func(p *store.Alike) { p.Width, p.Height = 2000, 1500 }), "/b.jpg", "[largest, 4000 × 3000]"},
		"larger":              {with(func(p *store.Alike) { p.Width, p.Height = 8000, 6000 }), "/a.jpg", "[largest, 8000 × 6000]"},
		"stripped":            {with(func(p *store.Alike) { p.Camera = false }), "/b.jpg", "[keeps the camera's data]"},
		"RAW":                 {with(func(p *store.Alike) { p.Format = "cr2" }), "/a.jpg", "[RAW]"},
		"lossless":            {with(func(p *store.Alike) { p.Format = "png" }), "/a.jpg", "[stored without loss]"},
		"blurred":             {with(func(p *store.Alike) { p.Sharpness = 20 }), "/b.jpg", "[sharpest]"},
		"small and favourite": {with(func(p *store.Alike) { p.Width, p.Favourite = 400, true }), "/a.jpg", "[a favourite]"},
		"rated":               {with(func(p *store.Alike) { p.Rating = 4 }), "/a.jpg", "[rated highest]"},
		"compressed more":     {with(func(p *store.Alike) { p.Bytes = 1e6 }), "/b.jpg", "[least compressed]"},
		"equal in all":        {with(func(*store.Alike) {}), "/a.jpg", "[]"},
	}
	for name, c := range tests {
		for _, photos := range [][]store.Alike{{base, c.other}, {c.other, base}} {
			if why := Best(photos); photos[0].Path != c.best || fmt.Sprint(why) != c.why {
				t.Errorf("%s: %s because of %v, want %s because of %s", name, photos[0].Path, why, c.best, c.why)
			}
		}
	}
}

func TestBestFile(t *testing.T) {
	tests := map[string]struct {
		a, b store.Twin
		why  string // why a is the best
	}{
		"stripped":       {store.Twin{Path: "/z (1).jpg", Camera: true}, store.Twin{Path: "/a.jpg"}, "[keeps the camera's data]"},
		"captioned":      {store.Twin{Path: "/z.jpg", Words: 2}, store.Twin{Path: "/a.jpg", Words: 1}, "[has more words of its own]"},
		"a numbered one": {store.Twin{Path: "/x.jpg"}, store.Twin{Path: "/x (2).jpg"}, "[does not look like a copy by its name]"},
		"a named copy":   {store.Twin{Path: "/x.jpg", Modified: 5}, store.Twin{Path: "/x - Kopie.jpg"}, "[does not look like a copy by its name]"},
		"the older":      {store.Twin{Path: "/z.jpg", Modified: 1}, store.Twin{Path: "/a.jpg", Modified: 2}, "[oldest]"},
		"equal":          {store.Twin{Path: "/a.jpg"}, store.Twin{Path: "/a/b.jpg"}, "[]"},
	}
	for name, c := range tests {
		for _, files := range [][]store.Twin{{c.a, c.b}, {c.b, c.a}} {
			if why := BestFile(files); files[0].Path != c.a.Path || fmt.Sprint(why) != c.why {
				t.Errorf("%s: %s because of %v, want %s", name, files[0].Path, why, c.why)
			}
		}
	}
}

func BenchmarkCandidates(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			prints := random(n, 3)
			b.ReportAllocs()
			for b.Loop() {
				pairs, err := candidates(b.Context(), prints, nothing)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(pairs)), "pairs")
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	x, y := NewSketch(photomaker.Scene(512, 384, 7)), NewSketch(photomaker.Scene(500, 370, 7))
	for b.Loop() {
		Compare(x, y)
	}
}
