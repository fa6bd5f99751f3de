package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Range is a range of numbers, ends included.
type Range struct {
	Low, High float64 // -Inf and +Inf where a side is open
}

// Range reads a value of a Number filter, as a node holds it. A single number means what is
// rounded to it: f:2.8 is 2.75 to 2.85, focal:50 is 49.5 to 50.5; rating:4 is 4 or more.
func (f FilterInfo) Range(value string) (Range, error) {
	r, err := parseNumbers(f, value)
	if err != nil {
		return Range{}, err
	}
	out := Range{Low: r.low, High: r.high}
	switch {
	case f.Name == "rating" && r.single() && r.low > 0:
		out.High = math.Inf(1)
	case !f.whole && r.single():
		step := 0.5
		if f.Name == "f" {
			step = 0.05
		}
		out.Low, out.High = r.low-step, r.high+step
	}
	// A bound that is left out leaves room for numbers between it and the next.
	if r.above {
		out.Low = math.Nextafter(r.low, math.Inf(1))
	}
	if r.below {
		out.High = math.Nextafter(r.high, math.Inf(-1))
	}
	return out, nil
}

// numbers is a range as it was written.
type numbers struct {
	low, high    float64
	above, below bool // the bound itself is left out
	range_       bool // written as one
}

func (r numbers) single() bool { return !r.range_ }

func (r numbers) print(f FilterInfo) string {
	one := func(x float64) string {
		if math.IsInf(x, 0) {
			return ""
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	switch {
	case r.above:
		return ">" + one(r.low)
	case r.below:
		return "<" + one(r.high)
	case r.single():
		return one(r.low)
	case r.low == r.high && f.Name != "rating":
		return one(r.low)
	case f.Name == "rating" && math.IsInf(r.high, 1) && r.low > 0:
		return one(r.low) // at least as many is what one number means there
	}
	return one(r.low) + ".." + one(r.high)
}

// parseNumbers reads 5, 5..7, 5.., ..7, >=5, >5, <=7, <7 and =5.
func parseNumbers(f FilterInfo, s string) (numbers, error) {
	wrong := func() (numbers, error) {
		what := "a number"
		switch f.Name {
		case "rating":
			return numbers{}, fmt.Errorf("“rating:%s” is not a number of stars from 0 to 5, as in rating:4", short(s))
		case "year":
			return numbers{}, fmt.Errorf("“year:%s” is neither a year nor a range of years, as in year:2019..2021", short(s))
		case "month":
			return numbers{}, fmt.Errorf("“month:%s” is neither a month nor a range of months, as in month:june..august", short(s))
		}
		if f.whole {
			what = "a whole number"
		}
		return numbers{}, fmt.Errorf("“%s:%s” is neither %s nor a range, as in “%s”", f.Name, short(s), what, f.Example)
	}
	r := numbers{low: math.Inf(-1), high: math.Inf(1), range_: true}
	ok := true
	number := func(text string) float64 {
		x, good := f.number(text)
		ok = ok && good
		return x
	}
	s = strings.ReplaceAll(s, " ", "")
	first, last, dots := strings.Cut(s, "..")
	switch {
	case strings.HasPrefix(s, ">="):
		r.low = number(s[2:])
	case strings.HasPrefix(s, "<="):
		r.high = number(s[2:])
	case strings.HasPrefix(s, ">"):
		r.low, r.above = number(s[1:]), true
	case strings.HasPrefix(s, "<"):
		r.high, r.below = number(s[1:]), true
	case strings.HasPrefix(s, "="):
		r.low = number(s[1:])
		r.high = r.low
	case dots:
		if first == "" && last == "" {
			return wrong()
		}
		if first != "" {
			r.low = number(first)
		}
		if last != "" {
			r.high = number(last)
		}
	default:
		r.low = number(s)
		r.high, r.range_ = r.low, false
	}
	if !ok || r.low > r.high {
		return wrong()
	}
	// Of whole numbers the next one is the bound.
	if f.whole && r.above {
		r.low, r.above = r.low+1, false
	}
	if f.whole && r.below {
		r.high, r.below = r.high-1, false
	}
	if r.low > r.high || f.whole && (r.low > f.High || r.high < f.Low) {
		return wrong()
	}
	return r, nil
}

// units are what people write behind the numbers of a filter.
var units = map[string][]string{
	"focal": {"mm"}, "mp": {"mp", "megapixels"}, "width": {"px"}, "height": {"px"}, "rating": {"stars", "star", "*"},
}

// number reads one number within the bounds of the filter.
func (f FilterInfo) number(s string) (float64, bool) {
	if f.Name == "month" {
		if m := monthNamed(s); m > 0 {
			return float64(m), true
		}
	}
	if f.Name == "f" {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "f/"), "/")
	}
	for _, u := range units[f.Name] {
		if cut, ok := strings.CutSuffix(s, u); ok && cut != "" {
			s = cut
			break
		}
	}
	if s == "" || strings.Trim(s, "0123456789.") != "" || len(s) > 16 {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x < f.Low || x > f.High || f.whole && x != math.Trunc(x) {
		return 0, false
	}
	return x, true
}
