// Package places knows where towns are, and in which region and country a position lies. It
// works without a network, from an extract of GeoNames that travels with the program: towns
// of 5,000 people and more. tools/places makes the extract.
package places

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Gazetteer is a list of places. It may be used by several goroutines at once.
type Gazetteer struct {
	countries []area
	regions   []area
	towns     []town
	cells     map[cell][]int32 // towns by where they are
	version   string
}

// area is a region or country.
type area struct {
	name    string
	country int      // of a region
	known   []string // names it is found by, folded
}

type town struct {
	name     string
	lat, lon float32 // degrees north and east
	people   int32
	country  int16
	region   int16  // -1: not known
	known    string // names it is found by, folded, each between bars: "|munich|munchen|"
}

// cell is a square of half a degree, counted north and east.
type cell struct{ lat, lon int16 }

const perDegree = 2 // cells

func cellOf(lat, lon float64) cell {
	return cell{int16(math.Floor(lat * perDegree)), int16(math.Floor(turned(lon) * perDegree))}
}

// turned brings degrees east between -180 and 180.
func turned(lon float64) float64 { return lon - 360*math.Floor((lon+180)/360) }

// Read reads a gazetteer: gzip of lines of tab-separated fields, in UTF-8:
//
//	C  code  name  folded names, bars between    a country
//	R  country's code  name  folded names        a region, in the order in which towns count them
//	T  name  latitude  longitude  country's code  region's number or -1  people  folded names
func Read(data []byte) (*Gazetteer, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read the list of places: %w", err)
	}
	g := &Gazetteer{cells: map[cell][]int32{}, version: Version(data)}
	codes := map[string]int{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if err := g.line(strings.Split(lines.Text(), "\t"), codes); err != nil {
			return nil, fmt.Errorf("read line %d of the list of places: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of places: %w", err)
	}
	return g, nil
}

func (g *Gazetteer) line(f []string, codes map[string]int) error {
	code := func(s string) (int, error) {
		i, ok := codes[s]
		if !ok {
			return 0, fmt.Errorf("there is no country %q", s)
		}
		return i, nil
	}
	switch {
	case f[0] == "C" && len(f) == 4:
		codes[f[1]] = len(g.countries)
		g.countries = append(g.countries, area{name: f[2], known: strings.Split(f[3], "|")})
		return nil
	case f[0] == "R" && len(f) == 4:
		c, err := code(f[1])
		g.regions = append(g.regions, area{name: f[2], country: c, known: strings.Split(f[3], "|")})
		return err
	case f[0] != "T" || len(f) != 8:
		return fmt.Errorf("a line of %d fields that begins with %q is none", len(f), f[0])
	}
	lat, err := strconv.ParseFloat(f[2], 32)
	if err != nil {
		return err
	}
	lon, err := strconv.ParseFloat(f[3], 32)
	if err != nil {
		return err
	}
	country, err := code(f[4])
	if err != nil {
		return err
	}
	region, err := strconv.Atoi(f[5])
	if err != nil {
		return err
	}
	people, err := strconv.Atoi(f[6])
	if err != nil {
		return err
	}
	if math.Abs(lat) > 90 || math.Abs(lon) > 180 || region >= len(g.regions) {
		return fmt.Errorf("the town %q lies nowhere", f[1])
	}
	at := cellOf(lat, lon)
	g.cells[at] = append(g.cells[at], int32(len(g.towns)))
	g.towns = append(g.towns, town{
		name: f[1], lat: float32(lat), lon: float32(lon), people: int32(people), country: int16(country), region: int16(max(region, -1)),
		known: "|" + f[7] + "|",
	})
	return nil
}

// EarthKm is the mean radius of the earth.
const EarthKm = 6371

// Distance is how many kilometres two positions lie apart on a round earth (haversine).
func Distance(lat1, lon1, lat2, lon2 float64) float64 {
	const rad = math.Pi / 180
	a := math.Sin((lat2 - lat1) * rad / 2)
	b := math.Sin((lon2 - lon1) * rad / 2)
	return 2 * EarthKm * math.Asin(math.Sqrt(math.Min(1, a*a+math.Cos(lat1*rad)*math.Cos(lat2*rad)*b*b)))
}

// farthest is how many kilometres the nearest town is away at most to say where a position
// is, and rings how many rings of cells around it are looked through for one at most: near
// the poles cells are narrow.
const (
	farthest = 150
	rings    = 30
)

// nearest returns the town nearest to a position; -1: none is near enough.
func (g *Gazetteer) nearest(lat, lon float64) int {
	best, found := float64(farthest), -1
	at := cellOf(lat, lon)
	narrow := math.Pi / 180 * EarthKm / perDegree * math.Cos(math.Min(89, math.Abs(lat)+1)*math.Pi/180) // kilometres across a cell
	for ring := range rings {
		if float64(ring-1)*narrow > best {
			break // what lies farther out is farther away
		}
		for dy := -ring; dy <= ring; dy++ {
			step := 2 * ring // only the rim: what is inside was looked at
			if dy == -ring || dy == ring {
				step = 1
			}
			for dx := -ring; dx <= ring; dx += max(step, 1) {
				c := cell{at.lat + int16(dy), int16(turned(float64(int(at.lon)+dx)/perDegree) * perDegree)}
				for _, i := range g.cells[c] {
					t := &g.towns[i]
					if d := Distance(lat, lon, float64(t.lat), float64(t.lon)); d < best || d == best && int(i) < found {
						best, found = d, int(i)
					}
				}
			}
		}
	}
	return found
}

// Numbers are those of a town, its region and its country in a list; -1: none.
type Numbers struct{ Town, Region, Country int64 }

// Nearest returns the numbers of the town nearest to a position, where one is within 150 km.
func (g *Gazetteer) Nearest(lat, lon float64) Numbers {
	i := g.nearest(lat, lon)
	if i < 0 {
		return Numbers{-1, -1, -1}
	}
	t := &g.towns[i]
	return Numbers{Town: int64(i), Region: int64(t.region), Country: int64(t.country)}
}

// Version tells lists apart: the numbers of one mean nothing in another. "" for none.
func Version(list []byte) string {
	if len(list) == 0 {
		return ""
	}
	sum := sha256.Sum256(list)
	return hex.EncodeToString(sum[:8])
}

// Version is that of the list that the gazetteer was read from.
func (g *Gazetteer) Version() string { return g.version }

// Where is what is known of a position.
type Where struct {
	Town, Region, Country string  // "" where not known
	Km                    float64 // from the middle of the town
}

// At says where a position is, by the nearest town; false where none is within 150 km.
func (g *Gazetteer) At(lat, lon float64) (Where, bool) {
	i := g.nearest(lat, lon)
	if i < 0 {
		return Where{}, false
	}
	t := &g.towns[i]
	w := Where{Town: t.name, Country: g.countries[t.country].name, Km: Distance(lat, lon, float64(t.lat), float64(t.lon))}
	if t.region >= 0 {
		w.Region = g.regions[t.region].name
	}
	return w, true
}
