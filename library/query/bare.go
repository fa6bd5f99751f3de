package query

import (
	"slices"
	"strconv"
	"strings"
)

// longestDate is how many words a date has at most.
const longestDate = 5

// First and last year that a bare number means: others are part of a description or a name.
const (
	firstBareYear = 1990
	lastBareYear  = 2099
)

var (
	atDates  = []string{"in", "from", "during", "on", "at", "of"} // stand before a date and say nothing more
	allWords = strings.Fields(`a all any every everything my our the photo photos picture pictures pic pics image images shot shots
		taken made from in of on at`)  // alone beside a date they describe nothing
)

// bareDate finds a date among words of a description that stands at at, in the forms that
// can hardly mean anything else: "last summer", "christmas 2021", "3 days ago", "2019-05",
// "in July". It returns how many words it takes, and the filter that it stands for.
func bareDate(words []string, at int) (n int, field, value string) {
	w := words[at:]
	switch w[0] {
	case "between", "from":
		joint := "and"
		if w[0] == "from" {
			joint = "to"
		}
		if first := safeDate(w[1:]); first > 0 && 1+first < len(w) && w[1+first] == joint {
			if second := safeDate(w[2+first:]); second > 0 {
				return 2 + first + second, "date", strings.Join(w[1:1+first], " ") + ".." + strings.Join(w[2+first:2+first+second], " ")
			}
		}
	case "since", "until", "before", "after":
		n := safeDate(w[1:])
		if n == 0 {
			return 0, "", ""
		}
		value := strings.Join(w[1:1+n], " ")
		switch w[0] {
		case "since":
			return 1 + n, "date", value + ".."
		case "until":
			return 1 + n, "date", ".." + value
		}
		return 1 + n, w[0], value
	}
	skip := 0
	if slices.Contains(atDates, w[0]) {
		skip++
		if len(w) > skip && w[skip] == "the" {
			skip++
		}
		if (w[0] == "in" || w[0] == "during") && skip == 1 && len(w) > 1 {
			if m := monthNamed(w[1]); m > 0 && slices.Contains(monthNames, w[1]) && safeDate(w[1:]) == 0 {
				return 2, "month", strconv.Itoa(m)
			}
		}
	}
	if n := safeDate(w[skip:]); n > 0 {
		return skip + n, "date", strings.Join(w[skip:skip+n], " ")
	}
	if n := safeDate(w); n > 0 {
		return n, "date", strings.Join(w[:n], " ")
	}
	return 0, "", ""
}

// safeDate returns how many words at the beginning of w are a date that can stand in a
// description.
func safeDate(w []string) int {
	for n := min(len(w), longestDate); n > 0; n-- {
		if n == 1 {
			if isYears(w[0]) {
				return 1
			}
		}
		d, err := parseWhen(w[:n])
		if err != nil {
			continue
		}
		safe := false
		switch d.name {
		case calendar:
			safe = d.month > 0 || d.year >= firstBareYear && d.year <= lastBareYear
		case ago, past, unitOf:
			safe = true
		case season, holiday:
			safe = d.year != 0 || d.which != latest
		case monthOf, weekday:
			safe = d.which != latest
		}
		if safe {
			return n
		}
	}
	return 0
}

func bareYear(s string) bool {
	y, ok := figures(s, 4, 4)
	return ok && y >= firstBareYear && y <= lastBareYear
}

// takeDates takes the dates out of words, as filters. Taking one out may bring words
// together that are a date, too.
func takeDates(words []token) (rest []token, dates []Node) {
	rest = words
	lower := make([]string, 0, len(words))
	for _, t := range words {
		lower = append(lower, plain(t.text))
	}
	for at := 0; at < len(rest); at++ {
		n, field, value := bareDate(lower, at)
		if n == 0 {
			continue
		}
		f, _ := FilterNamed(field)
		if isYears(value) {
			value = value[:4] + ".." + value[len(value)-4:]
		}
		text, wrong := f.canonical(valueOf(value))
		if wrong != "" {
			continue
		}
		dates = append(dates, Node{
			Kind: Filter, Field: field, Values: []string{text}, Weight: 1, Start: rest[at].start, End: rest[at+n-1].end,
		})
		rest = slices.Delete(slices.Clone(rest), at, at+n)
		lower = slices.Delete(lower, at, at+n)
		at = -1
	}
	if len(dates) > 0 && !slices.ContainsFunc(lower, func(w string) bool { return hasWord(w) && !slices.Contains(allWords, w) }) {
		rest = nil
	}
	return rest, dates
}

func valueOf(s string) value { return value{text: s} }

// isYears reports whether a word is two years with a hyphen, a dash or two dots between.
func isYears(s string) bool {
	if len(s) < 9 || !bareYear(s[:4]) || !bareYear(s[len(s)-4:]) {
		return false
	}
	between := s[4 : len(s)-4]
	return between == "-" || between == "–" || between == ".."
}
