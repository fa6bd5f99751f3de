package query

import (
	"slices"
	"strings"
	"time"
)

// stretchOf is from one instant until just before another.
type stretchOf struct{ from, to time.Time }

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// window is what a date means at a time, north or south of the equator.
func (d when) window(now time.Time, south bool) stretchOf {
	today := date(now.Year(), int(now.Month()), now.Day())
	switch d.name {
	case ago:
		return unitAround(d.unit, back(today, d.unit, d.n))
	case past:
		return stretchOf{back(today, d.unit, d.n).AddDate(0, 0, 1), today.AddDate(0, 0, 1)}
	case unitOf:
		return d.unitWindow(today)
	case decade:
		return stretchOf{date(d.year, 1, 1), date(d.year+10, 1, 1)}
	case weekday:
		back := (int(today.Weekday()) - d.n + 7) % 7
		if d.which == last && back == 0 {
			back = 7
		}
		return unitAround(days, today.AddDate(0, 0, -back))
	case season, holiday, monthOf:
		return d.yearly(today, south)
	}
	switch {
	case d.day > 0:
		return unitAround(days, date(d.year, d.month, d.day))
	case d.month > 0:
		return unitAround(months, date(d.year, d.month, 1))
	}
	return unitAround(years, date(d.year, 1, 1))
}

// back is the day that lies so many units before another; the last one of a shorter month.
func back(day time.Time, u unit, n int) time.Time {
	switch u {
	case days:
		return day.AddDate(0, 0, -n)
	case weeks:
		return day.AddDate(0, 0, -7*n)
	case years:
		n *= 12
	}
	first := date(day.Year(), int(day.Month())-n, 1)
	end := date(first.Year(), int(first.Month())+1, 0).Day()
	return date(first.Year(), int(first.Month()), min(day.Day(), end))
}

// unitAround is the day, week (from Monday), month or year that a day lies in.
func unitAround(u unit, day time.Time) stretchOf {
	y, m := day.Year(), int(day.Month())
	switch u {
	case weeks:
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		return stretchOf{monday, monday.AddDate(0, 0, 7)}
	case months:
		return stretchOf{date(y, m, 1), date(y, m+1, 1)}
	case years:
		return stretchOf{date(y, 1, 1), date(y+1, 1, 1)}
	}
	return stretchOf{day, day.AddDate(0, 0, 1)}
}

// unitWindow is this or the last week, month, year or weekend.
func (d when) unitWindow(today time.Time) stretchOf {
	if d.unit != weekends {
		if d.which == last {
			// From its first day: a month before the 31st may be none.
			today = back(unitAround(d.unit, today).from, d.unit, 1)
		}
		return unitAround(d.unit, today)
	}
	saturday := unitAround(weeks, today).from.AddDate(0, 0, 5)
	if d.which == last && !today.After(saturday.AddDate(0, 0, 1)) {
		saturday = saturday.AddDate(0, 0, -7)
	}
	return stretchOf{saturday, saturday.AddDate(0, 0, 2)}
}

// yearly is a season, holiday or month of the year that is said or meant.
func (d when) yearly(today time.Time, south bool) stretchOf {
	if d.year != 0 {
		return d.inYear(d.year, south)
	}
	y := today.Year()
	if d.which == this {
		if s := d.inYear(y-1, south); today.Before(s.to) && !today.Before(s.from) {
			return s
		}
		return d.inYear(y, south)
	}
	for ; ; y-- {
		s := d.inYear(y, south)
		if d.which == last && !today.Before(s.to) || d.which == latest && !today.Before(s.from) {
			return s
		}
	}
}

// inYear is a season, holiday or month of a year. A season that runs over New Year belongs
// to the year in which it begins.
func (d when) inYear(y int, south bool) stretchOf {
	switch d.name {
	case season:
		if d.half != either {
			south = d.half == southern
		}
		m := 3 + 3*d.n // of the northern half: March, June, September, December
		if south {
			m = 3 + 3*((d.n+2)%4)
		}
		return stretchOf{date(y, m, 1), date(y, m+3, 1)}
	case holiday:
		h := holidays[d.n]
		from := h.begins(y)
		return stretchOf{from, from.AddDate(0, 0, h.days)}
	}
	return unitAround(months, date(y, d.n, 1))
}

// holidayDays is a holiday: how it is called, how many days count, and on which it begins.
type holidayDays struct {
	names  []string
	days   int
	begins func(y int) time.Time
}

// holidays that have a name people search by, with their days.
var holidays = []holidayDays{
	{[]string{"christmas", "xmas", "christmas day"}, 3, func(y int) time.Time { return date(y, 12, 24) }},
	{[]string{"new year", "new years", "new year's", "new years day", "new year's day"}, 1, func(y int) time.Time { return date(y, 1, 1) }},
	{[]string{"new years eve", "new year's eve"}, 2, func(y int) time.Time { return date(y, 12, 31) }},
	{[]string{"easter"}, 4, func(y int) time.Time { return easter(y).AddDate(0, 0, -2) }},
	{[]string{"halloween"}, 1, func(y int) time.Time { return date(y, 10, 31) }},
	{[]string{"valentines", "valentine's", "valentines day", "valentine's day"}, 1, func(y int) time.Time { return date(y, 2, 14) }},
	{[]string{"thanksgiving"}, 4, func(y int) time.Time { return nthThursday(y, 11, 4) }},
}

func holidayNamed(name string) (int, bool) {
	name = strings.ReplaceAll(name, "’", "'")
	i := slices.IndexFunc(holidays, func(h holidayDays) bool { return slices.Contains(h.names, name) })
	return i, i >= 0
}

// easter is Easter Sunday of the Gregorian calendar, by the algorithm of Meeus (Astronomical
// Algorithms, chapter 8).
func easter(y int) time.Time {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return date(y, n/31, n%31+1)
}

func nthThursday(y, m, n int) time.Time {
	first := date(y, m, 1)
	return first.AddDate(0, 0, (int(time.Thursday)-int(first.Weekday())+7)%7+7*(n-1))
}
