package app_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"descry/ui/app"
)

// TestPartsSayWhatTheyMean describes the chips of queries. Each text reads again as the part.
func TestPartsSayWhatTheyMean(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	p.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	a := opened(t, p)
	for text, want := range map[string]app.Part{
		"dog on a beach":        {Text: "dog on a beach", Weight: 1},
		"-people":               {Text: "without people", Not: true, Weight: 1},
		"beach -(palm trees)":   {Text: "without palm trees", Not: true, Weight: 1},
		"-(a man with a hat)":   {Text: "-(a man with a hat)", Not: true, Weight: 1},
		"0.5*sunset":            {Text: "0.5*sunset", Weight: 0.5},
		"-0.5*people":           {Text: "-0.5*people", Weight: -0.5},
		`"summer house"`:        {Text: `"summer house"`, Weight: 1, Exact: true},
		`-"IMG_"`:               {Text: `-"IMG_"`, Weight: 1, Exact: true, Not: true},
		"last summer":           {Text: `date:"last summer"`, Weight: 1, When: "2025-06-01 to 2025-08-31, south of the equator 2025-12-01 to 2026-02-28"},
		"yesterday":             {Text: "date:yesterday", Weight: 1, When: "2026-02-28"},
		"-tag:work":             {Text: "-tag:work", Weight: 1, Not: true},
		"similar:7":             {Text: "similar:7", Weight: 1, Picture: "7", Name: "7"},
		"similar:beach.jpg":     {Text: "similar:beach.jpg", Weight: 1, Picture: "beach.jpg", Name: "beach.jpg"},
		"dog or cat":            {Text: "(dog or cat)", Weight: 1, Group: "any"},
		"snow -(dog, cat 2019)": {Text: "-(dog, cat date:2019)", Weight: 1, Not: true, Group: "all"},
	} {
		res, err := a.Search(t.Context(), app.SearchRequest{Text: text})
		if err != nil || len(res.Parts) == 0 || len(res.Parts) != len(res.Chips) {
			t.Errorf("%q: %d parts of %d chips, %v", text, len(res.Parts), len(res.Chips), err)
			continue
		}
		last := res.Parts[len(res.Parts)-1]
		if d := cmp.Diff(want, last, cmpopts.IgnoreFields(app.Part{}, "Help", "Field")); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
		if again, chip := app.Canonical(last.Text), app.Canonical(res.Chips[len(res.Chips)-1]); again != chip {
			t.Errorf("%q: the part reads %q, the chip %q", text, again, chip)
		}
	}
}
