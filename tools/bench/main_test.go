package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	got := table([]row{
		{what: "speed", measured: "×12.0", promise: "at least ×10", ok: true},
		{what: "memory", measured: "grows by 9.0 %", promise: "at most 5 %"},
		{what: "rescan", promise: "at most ×3", skipped: "only root may"},
	})
	want := []string{
		"| what | measured | promised | |", "|---|---|---|---|",
		"| speed | ×12.0 | at least ×10 | ok |",
		"| memory | grows by 9.0 % | at most 5 % | missed |",
		"| rescan | only root may | at most ×3 | skipped |", "",
	}
	if got != strings.Join(want, "\n") {
		t.Errorf("the table is\n%s", got)
	}
}

func TestFigures(t *testing.T) {
	if m := median([]float64{9, 1, 3}); m != 3 {
		t.Errorf("the median is %g", m)
	}
	for n, want := range map[int]string{7: "7", 500: "500", 5000: "5,000", 100_000: "100,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
	uses := []use{{done: 1, heap: 4}, {done: 5, heap: 10}, {done: 6, heap: 30}, {done: 7, heap: 20}, {done: 50, heap: 99}}
	if m := around(uses, 5, 7, func(u use) float64 { return u.heap }); m != 20 {
		t.Errorf("around the fifth it is %g", m)
	}
	if m := around(uses, 8, 9, func(u use) float64 { return u.heap }); m != 0 {
		t.Errorf("around none it is %g", m)
	}
}
