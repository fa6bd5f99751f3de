package query

import (
	"fmt"
	"slices"
	"strings"
)

// ClockRange is a stretch of the day in minutes since midnight, from From until just before
// To. Where To is not after From it runs over midnight.
type ClockRange struct{ From, To int }

const dayMinutes = 24 * 60

// partsOfDay are the words of time:, in hours.
var partsOfDay = map[string]ClockRange{
	"morning": {5 * 60, 11 * 60}, "noon": {11 * 60, 14 * 60}, "midday": {11 * 60, 14 * 60}, "afternoon": {12 * 60, 18 * 60},
	"evening": {18 * 60, 22 * 60}, "night": {22 * 60, 5 * 60}, "day": {6 * 60, 20 * 60}, "daytime": {6 * 60, 20 * 60},
}

// ClockOf reads a value of time:, as a node holds it.
func ClockOf(value string) (ClockRange, error) { return parseClock(value) }

// parseClock reads a word of partsOfDay, 18 and 18:30 (that hour, that minute), and ranges
// of those. The end of a range is left out: 18..20 ends when 20:00 begins.
func parseClock(s string) (ClockRange, error) {
	wrong := fmt.Errorf("“time:%s” is no time of day, as in time:evening, time:18..20 or time:6:30..9", short(s))
	if r, ok := partsOfDay[s]; ok {
		return r, nil
	}
	s = strings.ReplaceAll(s, " ", "")
	at := func(s string) (minute, width int, ok bool) {
		hour, min, colon := strings.Cut(s, ":")
		h, ok := figures(hour, 1, 2)
		if !ok || h > 24 {
			return 0, 0, false
		}
		m := 0
		if colon {
			if m, ok = figures(min, 2, 2); !ok || m > 59 {
				return 0, 0, false
			}
			return h*60 + m, 1, h*60+m <= dayMinutes
		}
		return h * 60, 60, true
	}
	first, last, dots := strings.Cut(s, "..")
	switch {
	case strings.HasPrefix(s, ">="):
		first, last, dots = s[2:], "", true
	case strings.HasPrefix(s, "<"):
		first, last, dots = "", strings.TrimPrefix(s[1:], "="), true
	}
	if !dots {
		m, width, ok := at(s)
		if !ok || m >= dayMinutes {
			return ClockRange{}, wrong
		}
		return ClockRange{m, m + width}, nil
	}
	r := ClockRange{0, dayMinutes}
	ok := first != "" || last != ""
	if first != "" {
		var good bool
		r.From, _, good = at(first)
		ok = ok && good && r.From < dayMinutes
	}
	if last != "" {
		var good bool
		r.To, _, good = at(last)
		ok = ok && good
	}
	if !ok {
		return ClockRange{}, wrong
	}
	return r, nil
}

// DaysOf reads a value of weekday:, as a node holds it: which days, Sunday first.
func DaysOf(value string) ([7]bool, error) { return parseDays(value) }

// parseDays reads a day of the week, weekend, workday, and ranges such as mon..fri.
func parseDays(s string) ([7]bool, error) {
	var days [7]bool
	switch s {
	case "weekend", "weekends":
		days[0], days[6] = true, true
		return days, nil
	case "workday", "workdays", "weekday", "weekdays":
		for i := 1; i < 6; i++ {
			days[i] = true
		}
		return days, nil
	}
	first, last, dots := strings.Cut(strings.ReplaceAll(s, " ", ""), "..")
	from, ok := weekdayNamed(first)
	to := from
	if dots {
		var good bool
		to, good = weekdayNamed(last)
		ok = ok && good
	}
	if !ok {
		return days, fmt.Errorf("“weekday:%s” is no day of the week, as in weekday:sunday, weekday:mon..fri or weekday:weekend", short(s))
	}
	for i := from; ; i = (i + 1) % 7 {
		days[i] = true
		if i == to {
			return days, nil
		}
	}
}

// printDays writes days so that parseDays reads them.
func printDays(days [7]bool) string {
	switch days {
	case [7]bool{true, false, false, false, false, false, true}:
		return "weekend"
	case [7]bool{false, true, true, true, true, true, false}:
		return "workday"
	case [7]bool{true, true, true, true, true, true, true}:
		return "monday..sunday"
	}
	from := 0
	for i := range 7 {
		if days[i] && !days[(i+6)%7] {
			from = i
		}
	}
	to := from
	for days[(to+1)%7] {
		to = (to + 1) % 7
	}
	if from == to {
		return weekdayNames[from]
	}
	return weekdayNames[from] + ".." + weekdayNames[to]
}

// ColourNames are the colours that colour: knows by name.
func ColourNames() []string {
	return []string{"red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white"}
}

// colourAliases are other words for them.
var colourAliases = map[string]string{
	"gray": "grey", "cyan": "turquoise", "teal": "turquoise", "violet": "purple", "magenta": "pink", "lilac": "purple", "gold": "yellow", "beige": "brown",
}

// ColourNamed returns the colour that a value of colour: means: the name of one of
// ColourNames, or a #rrggbb value as it is.
func ColourNamed(value string) (string, bool) {
	if hex, ok := strings.CutPrefix(value, "#"); ok {
		return value, len(hex) == 6 && strings.Trim(hex, "0123456789abcdef") == ""
	}
	if a, ok := colourAliases[value]; ok {
		value = a
	}
	return value, slices.Contains(ColourNames(), value)
}
