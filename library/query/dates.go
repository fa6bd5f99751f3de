package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Window is a stretch of time: wall clocks read as UTC, from From until just before To; the
// zero time leaves a side open. Seasons fall differently south of the equator: a photo whose
// position is known to be there counts by SouthFrom and SouthTo where Seasonal.
type Window struct {
	From, To           time.Time
	Seasonal           bool
	SouthFrom, SouthTo time.Time
}

// When returns what a value of date:, before: or after: means at a time. The clock and the
// zone of now count; a canonical value, as a node holds it, is no error.
func When(field, value string, now time.Time) (Window, error) {
	s, err := parseSpan(strings.ToLower(value))
	if err != nil {
		return Window{}, err
	}
	w := s.window(now)
	switch field {
	case "before":
		return Window{To: w.From, Seasonal: w.Seasonal, SouthTo: w.SouthFrom}, nil
	case "after":
		return Window{From: w.To, Seasonal: w.Seasonal, SouthFrom: w.SouthTo}, nil
	}
	return w, nil
}

// String says the window in words: "2019-06-01 to 2019-08-31".
func (w Window) String() string {
	said := stretch(w.From, w.To)
	if w.Seasonal && (!w.SouthFrom.Equal(w.From) || !w.SouthTo.Equal(w.To)) {
		said += ", south of the equator " + stretch(w.SouthFrom, w.SouthTo)
	}
	return said
}

func stretch(from, to time.Time) string {
	last := to.Add(-time.Nanosecond)
	switch {
	case from.IsZero() && to.IsZero():
		return "any time"
	case from.IsZero():
		return "until " + last.Format(time.DateOnly)
	case to.IsZero():
		return "from " + from.Format(time.DateOnly) + " on"
	case from.Format(time.DateOnly) == last.Format(time.DateOnly):
		return from.Format(time.DateOnly)
	}
	return from.Format(time.DateOnly) + " to " + last.Format(time.DateOnly)
}

// span is one date, or a range of two.
type span struct {
	from, to             *when // nil: open
	afterFrom, beforeEnd bool  // from begins when its date is over; to ends when its date begins
}

// parseSpan reads a date, A..B, A.., ..B, "A to B", "between A and B", >=A, >A, <=A and <A.
func parseSpan(s string) (span, error) {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, ",", " ")), " ")
	one := func(text string) (*when, error) {
		w, err := parseWhen(strings.Fields(text))
		if err != nil {
			return nil, err
		}
		return &w, nil
	}
	two := func(first, last string) (span, error) {
		if first == "" && last == "" {
			return span{}, fmt.Errorf("“%s” is no date, as in date:2019-05 or date:\"last summer\"", short(s))
		}
		var sp span
		var err error
		if first != "" {
			if sp.from, err = one(first); err != nil {
				return span{}, err
			}
		}
		if last != "" {
			if sp.to, err = one(last); err != nil {
				return span{}, err
			}
		}
		return sp, nil
	}
	for _, p := range []string{">=", "<=", ">", "<"} {
		rest, ok := strings.CutPrefix(s, p)
		if !ok {
			continue
		}
		w, err := one(rest)
		if err != nil {
			return span{}, err
		}
		switch p {
		case ">=":
			return span{from: w}, nil
		case "<=":
			return span{to: w}, nil
		case ">":
			return span{from: w, afterFrom: true}, nil
		}
		return span{to: w, beforeEnd: true}, nil
	}
	if first, last, ok := strings.Cut(s, ".."); ok {
		return two(strings.TrimSpace(first), strings.TrimSpace(last))
	}
	if rest, ok := strings.CutPrefix(s, "between "); ok {
		if first, last, ok := strings.Cut(rest, " and "); ok {
			return two(first, last)
		}
	}
	if first, last, ok := strings.Cut(strings.TrimPrefix(s, "from "), " to "); ok {
		return two(first, last)
	}
	w, err := one(s)
	if err != nil {
		return span{}, err
	}
	return span{from: w, to: w}, nil
}

func (s span) window(now time.Time) Window {
	var w Window
	for _, side := range []*when{s.from, s.to} {
		w.Seasonal = w.Seasonal || side != nil && side.name == season
	}
	if s.from != nil {
		north, south := s.from.window(now, false), s.from.window(now, true)
		w.From, w.SouthFrom = north.from, south.from
		if s.afterFrom {
			w.From, w.SouthFrom = north.to, south.to
		}
	}
	if s.to != nil {
		north, south := s.to.window(now, false), s.to.window(now, true)
		w.To, w.SouthTo = north.to, south.to
		if s.beforeEnd {
			w.To, w.SouthTo = north.from, south.from
		}
	}
	return w
}

// when is one date as people write it.
type when struct {
	name  dateName
	which which // of those that come again
	n     int   // how many units ago or long; the number of a month, season, holiday or weekday
	unit  unit
	year  int // 0: not said
	month int
	day   int
	half  half // of the world, of a season
}

type dateName int

const (
	calendar dateName = iota // year, with a month and day or without
	ago                      // n units ago, all of that unit
	past                     // the n units up to now
	season
	holiday
	monthOf
	weekday
	unitOf // this or last week, month, year, weekend
	decade
)

type which int

const (
	latest which = iota // the latest that has begun
	last                // the latest that is over
	this                // the one under way, else the one of this year
)

type unit int

const (
	days unit = iota
	weeks
	months
	years
	weekends
)

type half int

const (
	either half = iota
	northern
	southern
)

var (
	monthNames   = strings.Fields("january february march april may june july august september october november december")
	weekdayNames = strings.Fields("sunday monday tuesday wednesday thursday friday saturday")
	seasonNames  = map[string]int{"spring": 0, "summer": 1, "autumn": 2, "fall": 2, "winter": 3}
	unitNames    = map[string]unit{
		"day": days, "days": days, "week": weeks, "weeks": weeks, "month": months, "months": months, "year": years, "years": years,
		"weekend": weekends, "weekends": weekends,
	}
	numberWords = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve")
)

// monthNamed returns the number of a month by its name or its first three letters; 0: none.
func monthNamed(s string) int {
	s = strings.TrimSuffix(s, ".")
	for i, m := range monthNames {
		if s == m || s == m[:3] || s == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

// weekdayNamed returns a day of the week, 0 for Sunday, by its name or its first letters.
func weekdayNamed(s string) (int, bool) {
	for i, d := range weekdayNames {
		if len(s) >= 3 && strings.HasPrefix(d, s) {
			return i, true
		}
	}
	return 0, false
}

// parseWhen reads one date, given as words in lower case.
func parseWhen(w []string) (when, error) {
	whole := strings.Join(w, " ")
	for _, read := range []func([]string) (when, bool){readCalendar, readAgo, readNamed} {
		if d, ok := read(w); ok {
			return d, d.check(whole)
		}
	}
	if m := slashed(whole); m != nil && m[0] <= 12 && m[1] <= 12 {
		return when{}, fmt.Errorf("“%s” can be read in two ways; write %04d-%02d-%02d or %04d-%02d-%02d", short(whole), m[2], m[1], m[0], m[2], m[0], m[1])
	}
	return when{}, fmt.Errorf("“%s” is no date that Descry can read, as 2019, 2019-05, 17 May 2019, yesterday, 3 days ago, last summer and christmas 2021 are", short(whole))
}

// check says what is wrong with a date that has the form of one.
func (d when) check(whole string) error {
	if d.name == calendar && d.day > 0 {
		if t := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC); t.Day() != d.day || d.month > 12 {
			return fmt.Errorf("there is no such day as “%s”", short(whole))
		}
	}
	if d.name == calendar && d.month > 12 {
		return fmt.Errorf("there is no such month as “%s”", short(whole))
	}
	return nil
}

// readCalendar reads dates with a year in figures: 2019, 2019-05, 2019-05-17, 17.5.2019,
// May 2019, 17 May 2019, May 17 2019, 1990s.
func readCalendar(w []string) (when, bool) {
	d := when{name: calendar}
	if len(w) == 1 {
		if y, ok := figures(strings.TrimSuffix(w[0], "s"), 4, 4); ok {
			if strings.HasSuffix(w[0], "s") {
				return when{name: decade, year: y - y%10}, y%10 == 0
			}
			d.year = y
			return d, y >= 1000
		}
		for _, sep := range []string{"-", "/", "."} {
			part := strings.Split(w[0], sep)
			if y, ok := figures(part[0], 4, 4); ok && len(part) >= 2 && len(part) <= 3 && y >= 1000 {
				d.year = y
				if d.month, ok = figures(part[1], 1, 2); !ok || d.month == 0 {
					return when{}, false
				}
				if len(part) == 3 {
					d.day, ok = figures(part[2], 1, 2)
				}
				return d, ok && (len(part) == 2 || d.day > 0)
			}
		}
		if part := strings.Split(w[0], "."); len(part) == 3 {
			var a, b, c bool
			d.day, a = figures(part[0], 1, 2)
			d.month, b = figures(part[1], 1, 2)
			d.year, c = figures(part[2], 4, 4)
			return d, a && b && c && d.day > 0 && d.month > 0 && d.year >= 1000
		}
		if m := slashed(w[0]); m != nil && (m[0] > 12) != (m[1] > 12) {
			d.day, d.month, d.year = m[0], m[1], m[2]
			if m[1] > 12 {
				d.day, d.month = m[1], m[0]
			}
			return d, true
		}
		return when{}, false
	}
	if len(w) == 3 && w[1] == "of" {
		w = []string{w[0], w[2]}
	}
	y, ok := figures(w[len(w)-1], 4, 4)
	if !ok || y < 1000 || len(w) > 3 {
		return when{}, false
	}
	d.year = y
	if d.month = monthNamed(w[0]); d.month > 0 {
		if len(w) == 3 {
			d.day = dayNumber(w[1])
		}
		return d, len(w) == 2 || d.day > 0
	}
	if len(w) == 3 {
		d.day, d.month = dayNumber(w[0]), monthNamed(w[1])
	}
	return d, d.day > 0 && d.month > 0
}

// slashed reads three numbers with slashes, the last of them a year; nil: it is something else.
func slashed(s string) []int {
	part := strings.Split(s, "/")
	if len(part) != 3 {
		return nil
	}
	a, ok := figures(part[0], 1, 2)
	b, ok2 := figures(part[1], 1, 2)
	c, ok3 := figures(part[2], 4, 4)
	if !ok || !ok2 || !ok3 || a == 0 || b == 0 || c < 1000 {
		return nil
	}
	return []int{a, b, c}
}

// figures reads a number of so many digits.
func figures(s string, least, most int) (int, bool) {
	if len(s) < least || len(s) > most || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// dayNumber reads 17, 17. and 17th; 0: none.
func dayNumber(s string) int {
	for _, end := range []string{"st", "nd", "rd", "th", "."} {
		s = strings.TrimSuffix(s, end)
	}
	n, _ := figures(s, 1, 2)
	return n
}

// count reads a number in figures or as a word; "a" is one.
func count(s string) (int, bool) {
	if s == "a" || s == "an" {
		return 1, true
	}
	if i := slices.Index(numberWords, s); i > 0 {
		return i, true
	}
	n, ok := figures(s, 1, 4)
	return n, ok && n > 0
}

// readAgo reads today, yesterday, "3 days ago", "last 3 days", "this month", "last week".
func readAgo(w []string) (when, bool) {
	switch strings.Join(w, " ") {
	case "today":
		return when{name: ago, unit: days}, true
	case "yesterday":
		return when{name: ago, unit: days, n: 1}, true
	case "day before yesterday", "the day before yesterday":
		return when{name: ago, unit: days, n: 2}, true
	}
	if len(w) == 3 && w[2] == "ago" {
		n, ok := count(w[0])
		u, known := unitNames[w[1]]
		return when{name: ago, unit: u, n: n}, ok && known && u != weekends
	}
	if len(w) > 1 && w[0] == "the" {
		w = w[1:]
	}
	if len(w) == 3 && (w[0] == "last" || w[0] == "past") {
		n, ok := count(w[1])
		u, known := unitNames[w[2]]
		return when{name: past, unit: u, n: n}, ok && known && u != weekends
	}
	if len(w) == 2 {
		u, known := unitNames[w[1]]
		which, ok := whichNamed(w[0])
		return when{name: unitOf, unit: u, which: which}, ok && known && !(u == days)
	}
	return when{}, false
}

func whichNamed(s string) (which, bool) {
	switch s {
	case "last", "past", "previous":
		return last, true
	case "this":
		return this, true
	}
	return latest, false
}

// readNamed reads seasons, holidays, months and weekdays: "summer 2020", "last christmas",
// "winter of 2020/21", "southern summer 2020", "this may", "monday".
func readNamed(w []string) (when, bool) {
	var d when
	if len(w) > 1 {
		if which, ok := whichNamed(w[0]); ok {
			d.which, w = which, w[1:]
		}
	}
	switch {
	case w[0] == "southern" && len(w) > 1:
		d.half, w = southern, w[1:]
	case w[0] == "northern" && len(w) > 1:
		d.half, w = northern, w[1:]
	}
	if n := len(w); n > 1 {
		y := w[n-1]
		if first, second, ok := strings.Cut(y, "/"); ok { // 2020/21
			if _, ok := figures(second, 2, 4); ok {
				y = first
			}
		}
		if year, ok := figures(y, 4, 4); ok && year >= 1000 {
			d.year, w = year, w[:n-1]
			if n := len(w); n > 1 && w[n-1] == "of" {
				w = w[:n-1]
			}
		}
	}
	if d.year != 0 && d.which != latest {
		return when{}, false // "last summer 2020" says two things
	}
	name := strings.Join(w, " ")
	if n, ok := seasonNames[name]; ok {
		d.name, d.n = season, n
		return d, true
	}
	if d.half != either {
		return when{}, false
	}
	if n, ok := holidayNamed(name); ok {
		d.name, d.n = holiday, n
		return d, true
	}
	if m := monthNamed(name); m > 0 && d.year == 0 {
		d.name, d.n = monthOf, m
		return d, true
	}
	if n, ok := weekdayNamed(name); ok && d.year == 0 {
		d.name, d.n = weekday, n
		return d, true
	}
	return when{}, false
}
