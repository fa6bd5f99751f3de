package app_test

import (
	"context"
	"errors"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/heatmap"
	"descry/ui/app"
)

// inset is a sample photo with another one, small, in a corner of it.
func inset(t *testing.T, large, small string, at image.Point) *image.RGBA {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, 600, 600))
	for _, p := range []struct {
		name string
		to   image.Rectangle
	}{{large, out.Rect}, {small, image.Rect(0, 0, 260, 260).Add(at)}} {
		img, err := imaging.Open(filepath.Join(testdata.Samples(t), p.name+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(out, p.to, imaging.Fill(img, p.to.Dx(), p.to.Dy(), imaging.Center, imaging.Linear), image.Point{}, draw.Src)
	}
	return out
}

// What a query describes is found where it is in the picture: with the real model, step by
// step, and the second time from what was kept.
func TestWhere(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(lib, testdata.Runtime(t)))
	dir := folder(t, "coffee-cup")
	at := filepath.Join(dir, "two.jpg")
	img := inset(t, "bridge-at-night", "kitten-with-yarn", image.Pt(20, 330))
	if err := os.WriteFile(at, photomaker.JPEG(img, library.Metadata{}, 92), 0o644); err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)
	id := photo(t, a, at)
	request := app.WhereRequest{Photo: id, Text: "kitten, 0.5*bridge at night -giraffe"}

	res, err := a.Explain(t.Context(), request)
	if err != nil || len(res.Hits) != 1 || res.Hits[0].Photo != id {
		t.Fatalf("%+v, %v", res, err)
	}
	var kinds []string
	for _, r := range res.Hits[0].Why {
		kinds = append(kinds, r.Kind+" "+r.Text)
		if r.Kind == "looks like" && r.Text == "bridge at night" && r.Weight != 0.5 {
			t.Errorf("the bridge counts %v", r.Weight)
		}
	}
	if want := []string{"looks like kitten", "looks like bridge at night", "without giraffe"}; !slices.Equal(kinds, want) {
		t.Errorf("the reasons are %q, want %q", kinds, want)
	}

	steps, rough := 0, 0
	where, err := a.Where(t.Context(), request, func(w app.Where) {
		steps++
		if w.Maps[0].Heat.Side > 0 && !w.Maps[0].Final {
			rough++
		}
	})
	if err != nil || len(where.Maps) != 2 {
		t.Fatalf("%d maps, %v", len(where.Maps), err)
	}
	if steps < 10 || rough == 0 || where.Done != where.Total || where.Done < 20 {
		t.Errorf("%d steps, %d with an early map, %d of %d", steps, rough, where.Done, where.Total)
	}
	kitten := where.Maps[0]
	if kitten.Text != "kitten" || kitten.Place != heatmap.LowerLeft || !kitten.Final || kitten.Parts {
		t.Errorf("the kitten is at %q: %+v", kitten.Place, kitten)
	}
	if kitten.Area != (heatmap.Area{X0: 0, Y0: 0, X1: 1, Y1: 1}) {
		t.Errorf("of a square picture the model sees %+v", kitten.Area)
	}

	again, err := a.Where(t.Context(), request, func(app.Where) {})
	if err != nil || again.Total != 0 || again.Maps[0].Place != kitten.Place || !again.Maps[0].Final {
		t.Errorf("the second time %d pictures were encoded, %v", again.Total, err)
	}
	kept, err := os.ReadDir(filepath.Join(lib, "cache", "heat"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("%d maps were kept, %v", len(kept), err)
	}
	if err := a.Forget(t.Context(), []library.PhotoID{id}, false); err != nil {
		t.Fatal(err)
	}
	if kept, err = os.ReadDir(filepath.Join(lib, "cache", "heat")); err != nil || len(kept) != 0 {
		t.Errorf("of a forgotten photo %d maps are kept, %v", len(kept), err)
	}
}

func TestWhereHasNothingToShow(t *testing.T) {
	a := withModel(t)
	dir := folder(t, "coffee-cup", "honey-bee")
	add(t, a, dir)
	cup := photo(t, a, filepath.Join(dir, "coffee-cup.jpg"))
	for _, text := range []string{"type:photo", `"coffee"`, "-giraffe", "coffee type:video", ""} {
		where, err := a.Where(t.Context(), app.WhereRequest{Photo: cup, Text: text}, func(app.Where) {})
		if err != nil || len(where.Maps) != 0 {
			t.Errorf("%q: %d maps, %v", text, len(where.Maps), err)
		}
	}
	// A photo that a filter leaves out is no hit.
	res, err := a.Explain(t.Context(), app.WhereRequest{Photo: cup, Text: "coffee type:video"})
	if err != nil || len(res.Hits) != 0 {
		t.Errorf("%d hits, %v", len(res.Hits), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = a.Where(ctx, app.WhereRequest{Photo: cup, Text: "coffee"}, func(w app.Where) {
		if w.Done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after it was stopped: %v", err)
	}
	// A picture as the query has a map, too.
	where, err := a.Where(t.Context(), app.WhereRequest{Photo: cup, Similar: photo(t, a, filepath.Join(dir, "honey-bee.jpg"))}, func(app.Where) {})
	if err != nil || len(where.Maps) != 1 || where.Maps[0].Heat.Side == 0 {
		t.Errorf("of a picture query: %d maps, %v", len(where.Maps), err)
	}
}

// Of a panorama the map is of the part that matched, and its place is one in the whole.
func TestWhereInAPanorama(t *testing.T) {
	a := withModel(t)
	dir := folder(t, "coffee-cup")
	at := filepath.Join(dir, "panorama.jpg")
	if err := os.WriteFile(at, photomaker.JPEG(wide(t, "honey-bee", "mountain-path"), library.Metadata{}, 92), 0o644); err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)
	where, err := a.Where(t.Context(), app.WhereRequest{Photo: photo(t, a, at), Text: "a honey bee on a flower"}, func(app.Where) {})
	if err != nil || len(where.Maps) != 1 {
		t.Fatalf("%d maps, %v", len(where.Maps), err)
	}
	m := where.Maps[0]
	x, y := m.Heat.Peak()
	x = m.Area.X0 + x*(m.Area.X1-m.Area.X0)
	if m.Area.X0 != 0 || m.Area.X1 > 0.3 || x > 0.25 || y < 0 || y > 1 {
		t.Errorf("the bee is at %.2f of the width, in %+v", x, m.Area)
	}
	if p := m.Place; p != heatmap.Left && p != heatmap.UpperLeft && p != heatmap.LowerLeft {
		t.Errorf("the bee is %q", p)
	}
}
