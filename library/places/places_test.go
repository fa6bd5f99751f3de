package places_test

import (
	"math/rand/v2"
	"testing"

	"descry/assets"
	"descry/library/places"
)

func list(t testing.TB) *places.Gazetteer {
	t.Helper()
	g, err := places.Read(assets.Places())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFind(t *testing.T) {
	g := list(t)
	for _, c := range []struct{ name, full string }{
		{"Munich", "Munich, Bavaria, Germany"},
		{"münchen", "Munich, Bavaria, Germany"},
		{"muenchen", "Munich, Bavaria, Germany"},
		{"lisbon", "Lisbon, Portugal"},
		{"LISBOA", "Lisbon, Portugal"},
		{"paris", "Paris, Ile-de-France, France"},
		{"paris, texas", "Paris, Texas, United States"},
		{"Springfield, Illinois", "Springfield, Illinois, United States"},
		{"saint-étienne", "Saint-Étienne, Rhone-Alpes, France"},
		{"new york", "New York City, New York, United States"},
		{"nowhereville", ""},
		{"", ""},
		{",", ""},
		{"paris, japan", ""},
	} {
		lat, lon, full, ok := g.Find(c.name)
		if full != c.full || ok != (c.full != "") {
			t.Errorf("%q is %q at %.3f, %.3f; want %q", c.name, full, lat, lon, c.full)
		}
	}
}

func TestAtAndWithin(t *testing.T) {
	g := list(t)
	type spot struct{ lat, lon float64 }
	brandenburgGate, eiffel, zugspitze, sydney, ocean := spot{52.5163, 13.3777}, spot{48.8584, 2.2945}, spot{47.421, 10.985}, spot{-33.8568, 151.2153}, spot{-40, -100}
	suva := spot{-18.14, 178.44}
	for _, c := range []struct {
		at   spot
		want string
	}{
		{brandenburgGate, "Germany"}, {eiffel, "France"}, {zugspitze, "Germany"}, {sydney, "Australia"}, {suva, "Fiji"}, {ocean, ""},
	} {
		if w, ok := g.At(c.at.lat, c.at.lon); w.Country != c.want || ok != (c.want != "") {
			t.Errorf("%v lies in %+v, want %q", c.at, w, c.want)
		}
	}
	for _, c := range []struct {
		name string
		at   spot
		in   bool
	}{
		{"berlin", brandenburgGate, true},
		{"germany", brandenburgGate, true},
		{"Deutschland", brandenburgGate, true},
		{"berlin", eiffel, false},
		{"paris", eiffel, true},
		{"bavaria", zugspitze, true},
		{"bavaria", brandenburgGate, false},
		{"france", zugspitze, false},
		{"Sydney", sydney, true},
		{"new south wales", sydney, true},
		{"australia", ocean, false},
		{"fiji", suva, true},
	} {
		area, full, ok := g.Within(c.name)
		if !ok || area.Has(c.at.lat, c.at.lon, g.Nearest(c.at.lat, c.at.lon)) != c.in {
			t.Errorf("%v in %q (%s): want %v", c.at, c.name, full, c.in)
		}
	}
	if _, full, ok := g.Within("georgia"); !ok || full != "the country Georgia or the region Georgia in United States" && len(full) < 10 {
		t.Errorf("georgia is %q", full)
	}
	if _, _, ok := g.Within("lilliput"); ok {
		t.Error("lilliput is somewhere")
	}
	if got := g.Like("lisbonn"); got != "lisbon" {
		t.Errorf("lisbonn is like %q", got)
	}
}

func TestNearestIsTheNearest(t *testing.T) {
	g := list(t)
	rng := rand.New(rand.NewPCG(3, 3))
	for range 100 {
		lat, lon := rng.Float64()*150-70, rng.Float64()*360-180
		best := 150.0
		g.Towns(func(la, lo float64) { best = min(best, places.Distance(lat, lon, la, lo)) })
		w, ok := g.At(lat, lon)
		if ok != (best < 150) || ok && w.Km > best+1e-6 {
			t.Errorf("%.3f, %.3f: %.3f km to %+v, want %.3f", lat, lon, w.Km, w, best)
		}
	}
}

func TestRead(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("no gzip"), assets.Places()[:1000]} {
		if _, err := places.Read(data); err == nil {
			t.Errorf("%d bytes are read without an error", len(data))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		list(b)
	}
}

func BenchmarkAt(b *testing.B) {
	g := list(b)
	for b.Loop() {
		g.At(52.5163, 13.3777)
	}
}
