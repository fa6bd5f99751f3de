package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"descry/internal/testdata"
	"descry/ui/app"
)

// BenchmarkWhere is how long a person waits for a map of a sample photo that was not looked at
// before, until the first and until the last; with -cpu 1 on one core. The model is in memory.
func BenchmarkWhere(b *testing.B) {
	lib := filepath.Join(b.TempDir(), "library")
	a, err := app.Open(b.Context(), params(lib, testdata.Runtime(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	dir := b.TempDir()
	data, err := os.ReadFile(filepath.Join(testdata.Samples(b), "dogs-on-balcony.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "dogs.jpg")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	if _, err := a.AddRoot(b.Context(), dir); err != nil {
		b.Fatal(err)
	}
	if _, err := a.Index(b.Context(), nil, nil); err != nil {
		b.Fatal(err)
	}
	found, _, err := a.Resolve(b.Context(), []string{path})
	if err != nil || len(found) != 1 {
		b.Fatal(found, err)
	}
	request := app.WhereRequest{Photo: found[0].Photo, Text: "dog"}
	if _, err := a.Explain(b.Context(), request); err != nil {
		b.Fatal(err)
	}
	var first, last time.Duration
	side, pictures := 0, 0
	for b.Loop() {
		if err := os.RemoveAll(filepath.Join(lib, "cache", "heat")); err != nil {
			b.Fatal(err)
		}
		began, seen := time.Now(), false
		where, err := a.Where(b.Context(), request, func(w app.Where) {
			if len(w.Maps) == 1 && w.Maps[0].Heat.Side > 0 && !seen {
				seen, side = true, w.Maps[0].Heat.Side
				first += time.Since(began)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		last += time.Since(began)
		pictures = where.Total
	}
	b.ReportMetric(first.Seconds()*1000/float64(b.N), "ms/first")
	b.ReportMetric(last.Seconds()*1000/float64(b.N), "ms/last")
	b.ReportMetric(float64(side), "cells/first")
	b.ReportMetric(float64(pictures), "pictures")
}
