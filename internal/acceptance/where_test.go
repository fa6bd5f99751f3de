package acceptance

import (
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"descry/internal/testdata"
	"descry/library"
	"descry/library/heatmap"
	"descry/library/search"
)

// The share of searches, of pictures put together from others, for which the hottest spot of
// the map must lie in the picture that was searched for. By chance it is a quarter, and a
// ninth.
const (
	whereOfFour = 0.80
	whereInset  = 0.84

	// With -full, photos whose captions tell of a whole scene.
	whereOfFourCaptioned = 0.75
	whereInsetCaptioned  = 0.52
)

// collage is a picture put together from others, of which it is known where each lies.
type collage struct {
	file  string
	asked []lookedFor
}

// lookedFor is a query for one of the pictures of a collage.
type lookedFor struct {
	query string
	box   heatmap.Area
}

func (a lookedFor) holds(x, y float64) bool {
	return a.box.X0 <= x && x < a.box.X1 && a.box.Y0 <= y && y < a.box.Y1
}

// collageSide is the side of a collage, in pixels.
const collageSide = 480

func square(t *testing.T, path string, side int) image.Image {
	t.Helper()
	img, err := imaging.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return imaging.Fill(img, side, side, imaging.Center, imaging.CatmullRom)
}

// put lays a picture over a part of a collage and says where that is.
func put(t *testing.T, canvas *image.RGBA, path string, at image.Point, side int) heatmap.Area {
	t.Helper()
	r := image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}
	draw.Draw(canvas, r, square(t, path, side), image.Point{}, draw.Src)
	share := func(v int) float64 { return float64(v) / collageSide }
	return heatmap.Area{X0: share(r.Min.X), Y0: share(r.Min.Y), X1: share(r.Max.X), Y1: share(r.Max.Y)}
}

func write(t *testing.T, canvas *image.RGBA, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, canvas); err != nil {
		t.Fatal(err)
	}
}

// fours puts photos together by four, in another order each round.
func fours(t *testing.T, dir, name string, photos []string, queries map[string][]string, rounds int) (out []collage) {
	t.Helper()
	order := slices.Clone(photos)
	r := rand.New(rand.NewPCG(1, 1))
	for round := range rounds {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for i := 0; i+4 <= len(order); i += 4 {
			c := collage{file: filepath.Join(dir, fmt.Sprintf("%s-four-%02d-%03d.png", name, round, i))}
			canvas := image.NewRGBA(image.Rect(0, 0, collageSide, collageSide))
			for k, photo := range order[i : i+4] {
				box := put(t, canvas, photo, image.Pt(k%2, k/2).Mul(collageSide/2), collageSide/2)
				for _, q := range queries[photo] {
					c.asked = append(c.asked, lookedFor{q, box})
				}
			}
			write(t, canvas, c.file)
			out = append(out, c)
		}
	}
	return out
}

// insets puts each photo, a third as wide, on one of the nine parts of another.
func insets(t *testing.T, dir, name string, photos []string, queries map[string][]string, most int) (out []collage) {
	t.Helper()
	const side = collageSide / 3
	r := rand.New(rand.NewPCG(2, 2))
	for i, photo := range photos[:min(most, len(photos))] {
		c := collage{file: filepath.Join(dir, fmt.Sprintf("%s-inset-%03d.png", name, i))}
		canvas := image.NewRGBA(image.Rect(0, 0, collageSide, collageSide))
		put(t, canvas, photos[(i+len(photos)/2)%len(photos)], image.Point{}, collageSide)
		box := put(t, canvas, photo, image.Pt(r.IntN(3), r.IntN(3)).Mul(side), side)
		for _, q := range queries[photo] {
			c.asked = append(c.asked, lookedFor{q, box})
		}
		write(t, canvas, c.file)
		out = append(out, c)
	}
	return out
}

// pointing counts how often the hottest spot lies where it should.
type pointing struct {
	n, right       int
	centre, chance float64 // sums of what others would have had right
}

func (p *pointing) add(a lookedFor, m heatmap.Map) {
	p.n++
	p.chance += (a.box.X1 - a.box.X0) * (a.box.Y1 - a.box.Y0)
	if a.box.X0 == 0.5 || a.box.X1 == 0.5 { // the middle is the corner of all four
		p.centre += 0.25
	} else if a.holds(0.5, 0.5) {
		p.centre++
	}
	if a.holds(m.Peak()) {
		p.right++
	}
}

func (p *pointing) share() float64 { return float64(p.right) / float64(max(p.n, 1)) }

// point makes the maps of collages and counts, for each map on the way to the last by the
// number of its cells along a side. The clock makes it begin with the coarsest.
func point(t *testing.T, s *shelf, all []collage) map[int]*pointing {
	t.Helper()
	photos := map[string]library.PhotoID{}
	for id, name := range s.names {
		photos[name] = id
	}
	out := map[int]*pointing{}
	for _, c := range all {
		id := photos[filepath.Base(c.file)]
		img, err := imaging.Open(c.file)
		if err != nil || id == 0 {
			t.Fatalf("%s is photo %d: %v", c.file, id, err)
		}
		rgba := image.NewRGBA(img.Bounds())
		draw.Draw(rgba, rgba.Rect, img, image.Point{}, draw.Src)
		directions := make([][]float32, len(c.asked))
		for i, a := range c.asked {
			r, err := s.searcher.Search(t.Context(), search.Request{Text: a.query, Within: []library.PhotoID{id}, All: true, Seeks: true})
			if err != nil || len(r.Seeks) == 0 {
				t.Fatalf("%q: %d things sought, %v", a.query, len(r.Seeks), err)
			}
			directions[i] = make([]float32, s.engine.Dim())
			for _, seek := range r.Seeks { // "oranges and lemons" are two, and both are meant
				for k, x := range seek.Direction {
					directions[i][k] += x
				}
			}
		}
		side := 0
		count := func(maps []heatmap.Map) {
			if maps == nil || maps[0].Side == side {
				return
			}
			side = maps[0].Side
			if out[side] == nil {
				out[side] = &pointing{}
			}
			for i, a := range c.asked {
				out[side].add(a, maps[i])
			}
		}
		now := time.Unix(0, 0)
		_, err = heatmap.Make(t.Context(), s.engine, rgba, directions, heatmap.Options{
			Now:  func() time.Time { now = now.Add(time.Hour); return now },
			Show: func(s heatmap.Step) { count(s.Maps) },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestQualityOfWhere plays the pointing game (Zhang et al., Top-down Neural Attention by
// Excitation Backprop, ECCV 2016): a picture is put together from others, one of them is
// searched for, and the hottest spot has to lie in it. With -full there are more of them, and
// photos with captions.
func TestQualityOfWhere(t *testing.T) {
	var queries map[string][]string
	readTestdata(t, "sample-queries.json", &queries)
	byPath := map[string][]string{}
	for name, q := range queries {
		byPath[filepath.Join(testdata.Samples(t), name)] = q
	}
	rounds, most := 1, 24
	if *full {
		rounds, most = 4, len(byPath)
	}
	e, dir := starterEngine(t), t.TempDir()
	photos := slices.Sorted(mapKeys(byPath))
	four, inset := fours(t, dir, "sample", photos, byPath, rounds), insets(t, dir, "sample", photos, byPath, most)
	var captioned, captionedInset []collage
	if *full {
		names, captions := photosWithCaptions(t)
		captioned = fours(t, dir, "captioned", names[:160], captions, 1)
		captionedInset = insets(t, dir, "captioned", names[160:], captions, 40)
	}
	s := newShelf(t, e, dir)
	for _, set := range []struct {
		what string
		all  []collage
		gate float64
	}{
		{"one of four sample photos", four, whereOfFour},
		{"a sample photo on another", inset, whereInset},
		{"one of four captioned photos", captioned, whereOfFourCaptioned},
		{"a captioned photo on another", captionedInset, whereInsetCaptioned},
	} {
		if set.all == nil {
			continue
		}
		byCells := point(t, s, set.all)
		var last *pointing
		for _, side := range slices.Sorted(mapKeys(byCells)) {
			p := byCells[side]
			n := float64(max(p.n, 1))
			t.Logf("%s: %d queries, %2d cells a side: the hottest spot is right in %.2f (chance %.2f, always the middle %.2f)",
				set.what, p.n, side, p.share(), p.chance/n, p.centre/n)
			last = p
		}
		if last.n < 30 || last.share() < set.gate {
			t.Errorf("%s: right in %.2f of %d, want %.2f", set.what, last.share(), last.n, set.gate)
		}
	}
}

// photosWithCaptions are photos of captions-dev in an order without pattern, and two captions of
// each.
func photosWithCaptions(t *testing.T) (paths []string, captions map[string][]string) {
	t.Helper()
	dir := filepath.Join(testdata.Shared(t), "data", "captions-dev")
	data, err := os.ReadFile(filepath.Join(dir, "captions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	captions = map[string][]string{}
	for _, name := range slices.Sorted(mapKeys(all)) {
		path := filepath.Join(dir, "photos", name)
		paths = append(paths, path)
		captions[path] = all[name][:2]
	}
	r := rand.New(rand.NewPCG(3, 3))
	r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return paths, captions
}
