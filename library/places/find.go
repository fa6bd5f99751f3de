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

// Within returns a test for positions that lie in a country, region or town of this name, and
// what it is read as. A name that several of these have means all of them; of several towns
// the one with the most people. False: nothing is called so.
func (g *Gazetteer) Within(name string) (in func(lat, lon float64) bool, full string, ok bool) {
	want := Fold(name)
	countries, regions := map[int16]bool{}, map[int16]bool{}
	var said []string
	for i, c := range g.countries {
		if slices.Contains(c.known, want) {
			countries[int16(i)] = true
			said = append(said, "the country "+c.name)
		}
	}
	for i, r := range g.regions {
		if slices.Contains(r.known, want) {
			regions[int16(i)] = true
			said = append(said, "the region "+r.name+" in "+g.countries[r.country].name)
		}
	}
	k := g.town(name)
	if k >= 0 {
		said = append(said, "the town "+g.full(k))
	}
	if len(said) == 0 || want == "" {
		return nil, "", false
	}
	known := map[[2]int32]bool{} // photos share places; a hundredth of a degree is a kilometre
	in = func(lat, lon float64) bool {
		key := [2]int32{int32(math.Round(lat * 100)), int32(math.Round(lon * 100))}
		yes, ok := known[key]
		if !ok {
			yes = g.lies(lat, lon, k, countries, regions)
			known[key] = yes
		}
		return yes
	}
	return in, strings.Join(said, " or "), true
}

// lies reports whether a position is in one of these countries or regions, or in a town.
func (g *Gazetteer) lies(lat, lon float64, k int, countries, regions map[int16]bool) bool {
	near := g.nearest(lat, lon)
	if k >= 0 {
		t := &g.towns[k]
		d := Distance(lat, lon, float64(t.lat), float64(t.lon))
		if d <= t.radius() || near == k && d <= ownTown {
			return true
		}
	}
	if near < 0 {
		return false
	}
	t := &g.towns[near]
	return countries[t.country] || regions[t.region]
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
