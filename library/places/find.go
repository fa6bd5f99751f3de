package places

import (
	"math"
	"slices"
	"strings"

	"descry/internal/spelling"
)

// Find returns the middle of the town that a name most likely means, in degrees north and
// east, and its name in full: the one with the most people. "Springfield, Illinois" says in
// which region or country it is meant. False: none is called so.
func (g *Gazetteer) Find(name string) (lat, lon float64, full string, ok bool) {
	i := g.town(name)
	if i < 0 {
		return 0, 0, "", false
	}
	t := &g.towns[i]
	return float64(t.lat), float64(t.lon), g.full(i), true
}

// town returns the town that a name means; -1: none.
func (g *Gazetteer) town(name string) int {
	first, rest, qualified := strings.Cut(name, ",")
	want, within := "|"+Fold(first)+"|", Fold(rest)
	if want == "||" {
		return -1
	}
	best := -1
	for i := range g.towns {
		t := &g.towns[i]
		if !strings.Contains(t.known, want) || best >= 0 && t.people <= g.towns[best].people {
			continue
		}
		if qualified && !slices.Contains(g.countries[t.country].known, within) &&
			(t.region < 0 || !slices.Contains(g.regions[t.region].known, within)) {
			continue
		}
		best = i
	}
	return best
}

// full is the name of a town with its region and country.
func (g *Gazetteer) full(i int) string {
	t := &g.towns[i]
	parts := []string{t.name}
	if t.region >= 0 && g.regions[t.region].name != t.name {
		parts = append(parts, g.regions[t.region].name)
	}
	return strings.Join(append(parts, g.countries[t.country].name), ", ")
}

// radius is how many kilometres from its middle a town goes, as far as its size tells: 3 for
// 10,000 people, 16 for Berlin.
func (t *town) radius() float64 { return 2 + math.Sqrt(float64(t.people))/130 }

// ownTown is how many kilometres away a town may be that is the nearest one, for a position
// to be called after it.
const ownTown = 10

// Area is a town, a region or a country, or all of these that share a name.
type Area struct {
	Regions, Countries []int64 // their numbers in the list
	// Town is the number of a town, which lies around a position in degrees north and east: what
	// is within Km, or what it is the nearest town of within OwnKm. -1: none.
	Town      int64
	Lat, Lon  float64
	Km, OwnKm float64
}

// Has reports whether a position of which this is the nearest town lies in the area.
func (a Area) Has(lat, lon float64, near Numbers) bool {
	if a.Town >= 0 {
		d := Distance(lat, lon, a.Lat, a.Lon)
		if d <= a.Km || near.Town == a.Town && d <= a.OwnKm {
			return true
		}
	}
	return slices.Contains(a.Regions, near.Region) || slices.Contains(a.Countries, near.Country)
}

// Within returns the country, region or town of this name, and what it is read as. A name that
// several of these have means all of them; of several towns the one with the most people.
// False: nothing is called so.
func (g *Gazetteer) Within(name string) (a Area, full string, ok bool) {
	want := Fold(name)
	a.Town = -1
	var said []string
	for i, c := range g.countries {
		if slices.Contains(c.known, want) {
			a.Countries = append(a.Countries, int64(i))
			said = append(said, "the country "+c.name)
		}
	}
	for i, r := range g.regions {
		if slices.Contains(r.known, want) {
			a.Regions = append(a.Regions, int64(i))
			said = append(said, "the region "+r.name+" in "+g.countries[r.country].name)
		}
	}
	if k := g.town(name); k >= 0 {
		t := &g.towns[k]
		a.Town, a.Lat, a.Lon, a.Km, a.OwnKm = int64(k), float64(t.lat), float64(t.lon), t.radius(), ownTown
		said = append(said, "the town "+g.full(k))
	}
	if len(said) == 0 || want == "" {
		return Area{Town: -1}, "", false
	}
	return a, strings.Join(said, " or "), true
}

// Like returns the name of a place that is spelt almost like a name; "": none is. Of several
// the one with the most people.
func (g *Gazetteer) Like(name string) string {
	want := Fold(name)
	var names []string
	add := func(list []string) {
		for _, n := range list {
			// A mistake in the first letter is rare, and this spares most of the work.
			if n != "" && want != "" && n[0] == want[0] && len(n)-len(want) <= 2 && len(want)-len(n) <= 2 {
				names = append(names, n)
			}
		}
	}
	for _, list := range [][]area{g.countries, g.regions} {
		for _, a := range list {
			add(a.known)
		}
	}
	for i := range g.towns {
		add(strings.Split(strings.Trim(g.towns[i].known, "|"), "|"))
	}
	return spelling.Nearest(want, names)
}
