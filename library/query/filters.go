package query

import (
	"fmt"
	"slices"
	"strings"

	"descry/internal/spelling"
)

// ValueKind says what the values of a filter are.
type ValueKind int

// The kinds of value.
const (
	Words  ValueKind = iota // any text
	Choice                  // one of FilterInfo.Choices
	Number                  // a number or a range of numbers
	Date                    // a date as people write it, or a range
	Clock                   // a time of day, or a range
	Day                     // a day of the week, or a range
	Point                   // a place, or degrees north and east, and kilometres around it
)

// FilterInfo is a filter that a query may use.
type FilterInfo struct {
	Name    string // as in "tag:"
	Kind    ValueKind
	Help    string // what it keeps, in a few words
	Example string
	Choices []Choices // of a Choice, Clock or Day

	Low, High float64 // what a Number may be
	whole     bool    // of a Number: no fractions
}

// Choices is a word that a filter knows as a value.
type Choices struct {
	Word string
	Help string
	also []string // other ways to write it
}

// filters are the filters of the query language, in the order in which help shows them.
var filters = []FilterInfo{
	{Name: "tag", Help: "a tag you confirmed, or set/tag", Example: `tag:dog`},
	{Name: "tag~", Help: "a tag you confirmed or that Descry suggests", Example: `tag~:dog`},
	{Name: "set", Help: "any tag you confirmed of a label set", Example: `set:animals`},
	{Name: "album", Help: "photos of an album", Example: `album:"Summer house"`},
	{Name: "rating", Kind: Number, High: 5, whole: true, Help: "at least this many stars; 0 is none", Example: `rating:4`},
	{Name: "is", Kind: Choice, Help: "what the library knows of the photo", Example: `is:favourite`, Choices: []Choices{
		{Word: "favourite", Help: "you marked it as one", also: []string{"favorite", "starred"}},
		{Word: "offline", Help: "its disk is not connected"},
		{Word: "missing", Help: "its files are gone"},
		{Word: "untagged", Help: "no confirmed tag"},
		{Word: "tagged", Help: "a confirmed tag"},
		{Word: "unreviewed", Help: "you said nothing of its tags nor its alt text"},
		{Word: "stack", Help: "RAW and JPEG, Live Photo or burst", also: []string{"stacked"}},
	}},
	{Name: "has", Kind: Choice, Help: "what is there of the photo", Example: `has:gps`, Choices: []Choices{
		{Word: "gps", Help: "where it was taken", also: []string{"position", "location"}},
		{Word: "alt", Help: "an alt text that a person wrote or approved", also: []string{"alttext"}},
		{Word: "tags", Help: "a confirmed tag", also: []string{"tag"}},
		{Word: "text", Help: "recognised text"},
		{Word: "description", Help: "a title or description in the file", also: []string{"title", "caption"}},
		{Word: "keywords", Help: "keywords in the file", also: []string{"keyword"}},
		{Word: "duplicates", Help: "the same picture in several files", also: []string{"duplicate", "copies"}},
	}},
	{Name: "in", Help: "a folder, or below it", Example: `in:"Holiday 2019"`},
	{Name: "file", Help: "the file name: words of it, or with * and ?", Example: `file:img_20*`},
	{Name: "ext", Help: "the end of the file name", Example: `ext:jpg,png`},
	{Name: "type", Kind: Choice, Help: "what kind of picture it is", Example: `type:video`, Choices: []Choices{
		{Word: "photo", Help: "no video, screenshot or panorama"},
		{Word: "video", Help: "a film"},
		{Word: "raw", Help: "camera RAW"},
		{Word: "screenshot", Help: "a picture of a screen, by its name or shape"},
		{Word: "panorama", Help: "more than twice as wide as high, or the other way round", also: []string{"pano"}},
		{Word: "motion", Help: "a photo that holds a short film", also: []string{"live"}},
	}},
	{Name: "year", Kind: Number, Low: 1000, High: 9999, whole: true, Help: "taken in a year", Example: `year:2019..2021`},
	{Name: "month", Kind: Number, Low: 1, High: 12, whole: true, Help: "taken in a month of any year", Example: `month:june..august`},
	{Name: "date", Kind: Date, Help: "taken at a date as people write it", Example: `date:"last summer"`},
	{Name: "before", Kind: Date, Help: "taken before a date", Example: `before:2019-05`},
	{Name: "after", Kind: Date, Help: "taken after a date", Example: `after:"christmas 2021"`},
	{Name: "time", Kind: Clock, Help: "time of day", Example: `time:evening`, Choices: []Choices{
		{Word: "morning", Help: "5 to 11"},
		{Word: "noon", Help: "11 to 14", also: []string{"midday"}},
		{Word: "afternoon", Help: "12 to 18"},
		{Word: "evening", Help: "18 to 22"},
		{Word: "night", Help: "22 to 5"},
		{Word: "day", Help: "6 to 20", also: []string{"daytime"}},
	}},
	{Name: "weekday", Kind: Day, Help: "day of the week", Example: `weekday:sat,sun`, Choices: []Choices{
		{Word: "monday"},
		{Word: "tuesday"},
		{Word: "wednesday"},
		{Word: "thursday"},
		{Word: "friday"},
		{Word: "saturday"},
		{Word: "sunday"},
		{Word: "weekend", Help: "Saturday and Sunday"},
		{Word: "workday", Help: "Monday to Friday", also: []string{"weekday", "weekdays"}},
	}},
	{Name: "near", Kind: Point, Help: "around a place: name, or north,east in degrees, then kilometres", Example: `near:52.52,13.40,5`},
	{Name: "place", Help: "taken in a town, region or country", Example: `place:portugal`},
	{Name: "camera", Help: "words of the camera's make and model", Example: `camera:"canon eos"`},
	{Name: "lens", Help: "words of the lens", Example: `lens:35mm`},
	{Name: "iso", Kind: Number, High: 1e8, whole: true, Help: "sensitivity", Example: `iso:800..`},
	{Name: "f", Kind: Number, High: 1e4, Help: "f-number", Example: `f:<=2.8`},
	{Name: "focal", Kind: Number, High: 1e6, Help: "focal length in millimetres", Example: `focal:70..200`},
	{Name: "mp", Kind: Number, High: 1e6, Help: "megapixels", Example: `mp:>=12`},
	{Name: "width", Kind: Number, High: 1e9, whole: true, Help: "pixels across", Example: `width:>=4000`},
	{Name: "height", Kind: Number, High: 1e9, whole: true, Help: "pixels down", Example: `height:..1080`},
	{Name: "orientation", Kind: Choice, Help: "the shape of the picture", Example: `orientation:portrait`, Choices: []Choices{
		{Word: "portrait", Help: "higher than wide", also: []string{"vertical", "upright"}},
		{Word: "landscape", Help: "wider than high", also: []string{"horizontal"}},
		{Word: "square", Help: "as wide as high"},
	}},
	{Name: "colour", Help: "one of the photo's main colours, by name or as #rrggbb", Example: `colour:red`},
	{Name: "similar", Help: "ranks by likeness to a picture: its file, or its number in the library", Example: `similar:"beach.jpg"`},
	{Name: "like", Help: "more like this photo, which is what is meant; -like: less like one that is not", Example: `like:12`},
}

// aliases are other names of filters.
var aliases = map[string]string{
	"color": "colour", "folder": "in", "filename": "file", "extension": "ext", "aperture": "f", "fnumber": "f",
	"taken": "date", "stars": "rating", "tags": "tag", "focallength": "focal",
	"megapixels": "mp", "format": "ext",
}

// Filters are the filters of the query language.
func Filters() []FilterInfo { return slices.Clone(filters) }

// FilterNamed returns what is known of a filter, by its name.
func FilterNamed(name string) (FilterInfo, bool) {
	for _, f := range filters {
		if f.Name == name {
			return f, true
		}
	}
	return FilterInfo{}, false
}

func isFilter(name string) bool {
	if _, ok := aliases[name]; ok {
		return true
	}
	_, ok := FilterNamed(name)
	return ok
}

func filterNames() []string {
	names := make([]string, len(filters))
	for i, f := range filters {
		names[i] = f.Name
	}
	return names
}

// canonical returns the value as it is printed, or a sentence that says what is wrong with it.
func (f FilterInfo) canonical(v value) (text, sentence string) {
	text = singleSpaced(v.text)
	lower := strings.ToLower(text)
	switch f.Kind {
	case Choice:
		return f.choice(lower)
	case Number:
		r, err := parseNumbers(f, lower)
		if err != nil {
			return "", err.Error()
		}
		return r.print(f), ""
	case Date:
		if _, err := parseSpan(lower); err != nil {
			return "", err.Error()
		}
		return lower, ""
	case Clock:
		if _, err := parseClock(lower); err != nil {
			return f.nearly(lower, err)
		}
		return lower, ""
	case Day:
		days, err := parseDays(lower)
		if err != nil {
			return f.nearly(lower, err)
		}
		return printDays(days), ""
	}
	if f.Name == "ext" {
		return strings.TrimLeft(lower, ".* "), ""
	}
	if f.Name == "colour" {
		if _, ok := ColourNamed(lower); !ok {
			return "", fmt.Sprintf("“%s” is no colour that Descry knows; there are %s, and #rrggbb.", short(text), list(ColourNames(), ""))
		}
		return lower, ""
	}
	return text, ""
}

// choice finds the word that a value of a Choice means.
func (f FilterInfo) choice(lower string) (text, sentence string) {
	for _, c := range f.Choices {
		if lower == c.Word || slices.Contains(c.also, lower) {
			return c.Word, ""
		}
	}
	return f.nearly(lower, nil)
}

// nearly says of a value that is unknown which words there are, or which one is meant. err
// says more, where there is more to say.
func (f FilterInfo) nearly(lower string, err error) (text, sentence string) {
	var words []string
	for _, c := range f.Choices {
		words = append(words, c.Word)
	}
	said := fmt.Sprintf("“%s:%s” is not known; ", f.Name, short(lower))
	if near := spelling.Nearest(lower, words); near != "" {
		return "", said + fmt.Sprintf("did you mean “%s:%s”?", f.Name, near)
	}
	if err != nil {
		return "", err.Error()
	}
	return "", said + "there are " + list(words, "") + "."
}

// list prints names as "a, b and c", each with an ending.
func list(names []string, ending string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(n + ending)
	}
	return b.String()
}
