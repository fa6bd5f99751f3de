package query_test

import (
	"testing"
	"time"

	"descry/library/query"
)

func TestWhen(t *testing.T) {
	now := time.Date(2026, 11, 24, 15, 30, 0, 0, time.FixedZone("", 3600)) // a Tuesday
	for _, c := range []struct{ field, value, want string }{
		{"date", "2019", "2019-01-01 to 2019-12-31"},
		{"date", "2019-05", "2019-05-01 to 2019-05-31"},
		{"date", "2019-05-17", "2019-05-17"},
		{"date", "17.5.2019", "2019-05-17"},
		{"date", "17/5/2019", "2019-05-17"},
		{"date", "5/17/2019", "2019-05-17"},
		{"date", "may 2019", "2019-05-01 to 2019-05-31"},
		{"date", "17th may 2019", "2019-05-17"},
		{"date", "May 17, 2019", "2019-05-17"},
		{"date", "1990s", "1990-01-01 to 1999-12-31"},
		{"date", "today", "2026-11-24"},
		{"date", "yesterday", "2026-11-23"},
		{"date", "3 days ago", "2026-11-21"},
		{"date", "a week ago", "2026-11-16 to 2026-11-22"},
		{"date", "two months ago", "2026-09-01 to 2026-09-30"},
		{"date", "5 years ago", "2021-01-01 to 2021-12-31"},
		{"date", "last 3 days", "2026-11-22 to 2026-11-24"},
		{"date", "past 2 weeks", "2026-11-11 to 2026-11-24"},
		{"date", "last 3 months", "2026-08-25 to 2026-11-24"},
		{"date", "this week", "2026-11-23 to 2026-11-29"},
		{"date", "last week", "2026-11-16 to 2026-11-22"},
		{"date", "last month", "2026-10-01 to 2026-10-31"},
		{"date", "last year", "2025-01-01 to 2025-12-31"},
		{"date", "this year", "2026-01-01 to 2026-12-31"},
		{"date", "last weekend", "2026-11-21 to 2026-11-22"},
		{"date", "monday", "2026-11-23"},
		{"date", "last tuesday", "2026-11-17"},
		{"date", "may", "2026-05-01 to 2026-05-31"},
		{"date", "december", "2025-12-01 to 2025-12-31"},
		{"date", "last november", "2025-11-01 to 2025-11-30"},
		{"date", "this december", "2026-12-01 to 2026-12-31"},
		{"date", "last summer", "2026-06-01 to 2026-08-31, south of the equator 2025-12-01 to 2026-02-28"},
		{"date", "summer 2020", "2020-06-01 to 2020-08-31, south of the equator 2020-12-01 to 2021-02-28"},
		{"date", "southern summer 2020/21", "2020-12-01 to 2021-02-28"},
		{"date", "northern winter of 2020", "2020-12-01 to 2021-02-28"},
		{"date", "last winter", "2025-12-01 to 2026-02-28, south of the equator 2026-06-01 to 2026-08-31"},
		{"date", "this autumn", "2026-09-01 to 2026-11-30, south of the equator 2026-03-01 to 2026-05-31"},
		{"date", "christmas 2021", "2021-12-24 to 2021-12-26"},
		{"date", "last christmas", "2025-12-24 to 2025-12-26"},
		{"date", "christmas", "2025-12-24 to 2025-12-26"},
		{"date", "easter 2024", "2024-03-29 to 2024-04-01"},
		{"date", "easter 2038", "2038-04-23 to 2038-04-26"},
		{"date", "new year's eve 2019", "2019-12-31 to 2020-01-01"},
		{"date", "halloween", "2026-10-31"},
		{"date", "thanksgiving 2025", "2025-11-27 to 2025-11-30"},
		{"date", "2019..2021", "2019-01-01 to 2021-12-31"},
		{"date", "2019-05..", "from 2019-05-01 on"},
		{"date", "..christmas 2021", "until 2021-12-26"},
		{"date", ">2019", "from 2020-01-01 on"},
		{"date", "<2019-05-17", "until 2019-05-16"},
		{"date", "between may 2019 and june 2020", "2019-05-01 to 2020-06-30"},
		{"before", "2019-05", "until 2019-04-30"},
		{"before", "last summer", "until 2026-05-31, south of the equator until 2025-11-30"},
		{"after", "christmas 2021", "from 2021-12-27 on"},
	} {
		w, err := query.When(c.field, c.value, now)
		if err != nil || w.String() != c.want {
			t.Errorf("%s:%q: %s, %v; want %s", c.field, c.value, w, err, c.want)
		}
	}
}

func TestWhenDaysAreShort(t *testing.T) {
	now := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]string{
		"last month": "2026-02-01 to 2026-02-28", "a month ago": "2026-02-01 to 2026-02-28", "last 1 month": "2026-03-01 to 2026-03-31",
		"this spring": "2026-03-01 to 2026-05-31, south of the equator 2026-09-01 to 2026-11-30",
	} {
		if w, err := query.When("date", value, now); err != nil || w.String() != want {
			t.Errorf("%q: %s, %v; want %s", value, w, err, want)
		}
	}
	leap := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	if w, _ := query.When("date", "last year", leap); w.String() != "2023-01-01 to 2023-12-31" {
		t.Error(w)
	}
	january := time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)
	if w, _ := query.When("date", "this northern winter", january); w.String() != "2026-12-01 to 2027-02-28" {
		t.Error(w)
	}
}

func TestNumbersClockAndDays(t *testing.T) {
	for _, c := range []struct {
		field, value string
		in, out      float64
	}{
		{"iso", "800", 800, 801},
		{"iso", "801..", 801, 800},
		{"f", "2.8", 2.8284, 2.9},
		{"f", "<4", 3.99, 4},
		{"focal", "50", 50.4, 51},
		{"rating", "4", 5, 3},
		{"rating", "0", 0, 1},
		{"rating", "3..4", 4, 5},
		{"mp", "12..", 12, 11.9},
		{"year", "2019", 2019, 2020},
	} {
		f, _ := query.FilterNamed(c.field)
		r, err := f.Range(c.value)
		if err != nil || c.in < r.Low || c.in > r.High || c.out >= r.Low && c.out <= r.High {
			t.Errorf("%s:%s is %v, %v", c.field, c.value, r, err)
		}
	}
	for value, want := range map[string]query.ClockRange{
		"night": {1320, 300}, "18": {1080, 1140}, "18:30": {1110, 1111}, "18:30..20": {1110, 1200}, "22..6": {1320, 360}, ">=20": {1200, 1440}, "<6": {0, 360},
	} {
		if r, err := query.ClockOf(value); err != nil || r != want {
			t.Errorf("time:%s is %v, %v", value, r, err)
		}
	}
	if d, err := query.DaysOf("fri..mon"); err != nil || d != [7]bool{true, true, false, false, false, true, true} {
		t.Errorf("fri..mon is %v, %v", d, err)
	}
}
