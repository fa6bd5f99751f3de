package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"descry/assets"
	"descry/ui/app"
)

// measurePipeline compares the stages together with the stages alone.
func measurePipeline(ctx context.Context, m *machine) ([]row, error) {
	a, err := app.Open(ctx, app.Params{
		Dir: filepath.Join(m.dir, "none"), Quiet: app.QuietOff, Optional: true, Runtime: m.runtime,
		Starter: assets.Starter(), Background: assets.Background(), Templates: assets.Templates(), Samples: assets.Samples(),
	})
	if err != nil {
		return nil, err
	}
	var reports []app.BenchReport
	var efficiency []float64
	for range rounds {
		r, err := a.Bench(ctx, app.BenchOptions{Photos: max(24, m.scaled(288)), Stages: true}, nil)
		if err != nil {
			return nil, errors.Join(err, a.Close())
		}
		var sum float64
		for _, f := range r.Stages {
			sum += f.Figure
		}
		m.say("  %.1f photos/s, %.1f ms of one core alone, %.1f ms together, %.3f", r.Pipeline.Figure, sum, r.Together.Figure, r.Efficiency)
		reports, efficiency = append(reports, r), append(efficiency, r.Efficiency)
	}
	e := median(efficiency)
	for _, r := range reports {
		if r.Efficiency != e {
			continue
		}
		var sum float64
		for _, f := range r.Stages {
			sum += f.Figure
		}
		return []row{{
			what:     "pipeline efficiency",
			measured: fmt.Sprintf("%.2f (%.1f photos/s × %.1f ms ÷ %d)", e, r.Pipeline.Figure, sum, r.Cores),
			promise:  "at least 0.90", ok: e >= 0.9,
		}}, a.Close()
	}
	return nil, errors.Join(errors.New("no efficiency was measured"), a.Close())
}
