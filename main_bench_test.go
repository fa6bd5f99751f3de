package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestBenchAnswers holds the answer of bench to what scripts may rely on: figures with units,
// and searches among 10,000 and 100,000 photos at least.
func TestBenchAnswers(t *testing.T) {
	runtimeFor(t)
	dir := filepath.Join(t.TempDir(), "library") // bench needs none
	a := must(t, dir, "--json", "--progress", "json", "bench", "--quick")
	type figure struct {
		Photos int      `json:"photos"`
		Figure *float64 `json:"figure"`
		Unit   string   `json:"unit"`
	}
	var got struct {
		Decode, Encode, Pipeline, Text *figure
		Search                         []figure
		Stages                         map[string]figure
		Efficiency                     *float64
		Cores                          int
		Model, Provider                string
	}
	if err := json.Unmarshal([]byte(a.out), &got); err != nil {
		t.Fatalf("%v in %s", err, a.out)
	}
	check := func(name string, f *figure, unit string) {
		t.Helper()
		if f == nil || f.Figure == nil || *f.Figure <= 0 || f.Unit != unit {
			t.Errorf("%s is %+v, want more than 0 %s", name, f, unit)
		}
	}
	check("decode", got.Decode, "ms per photo")
	check("encode", got.Encode, "ms per photo")
	check("pipeline", got.Pipeline, "photos per second")
	check("text", got.Text, "ms per query")
	for _, name := range []string{"read", "identify", "decode", "thumbnail", "measure", "tensor", "encode", "commit"} {
		f := got.Stages[name]
		check(name, &f, "ms per photo")
	}
	if len(got.Search) < 2 || got.Search[0].Photos != 10_000 || got.Search[1].Photos != 100_000 {
		t.Errorf("searches %+v", got.Search)
	}
	for i := range got.Search {
		check("search", &got.Search[i], "ms")
	}
	if got.Efficiency == nil || *got.Efficiency <= 0 || got.Cores < 1 || got.Model != "starter" || got.Provider != "cpu" {
		t.Errorf("the rest is %+v", got)
	}
	if !strings.Contains(a.err, "Measuring the stages") {
		t.Errorf("progress was %q", a.err)
	}
}
