package cli

import (
	"github.com/spf13/cobra"

	"descry/ui/app"
)

func (c *call) benchCmd() *cobra.Command {
	var o app.BenchOptions
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure how fast this machine looks at photos and searches", Args: noArgs,
		Long: "Measures, in less than a minute, what each stage of looking at a photo of 12 megapixels costs on this\n" +
			"machine, how many photos a second all of them make together, and how long searches take among 10,000,\n" +
			"100,000 and a million photos. All happens on made photos in a temporary folder.",
		Example: "  descry bench\n  descry bench --json --model clip-b32",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				meter := c.newMeter()
				r, err := a.Bench(cmd.Context(), o, meter.show)
				meter.done()
				if err != nil {
					return err
				}
				if c.json {
					return c.document(benchDocumentOf(r))
				}
				c.printBench(r)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&o.Quick, "quick", false, "rough figures in some seconds; no search among a million photos")
	cmd.Flags().BoolVar(&o.Full, "full", false, "search a million photos even where memory may not suffice (2 GB)")
	return cmd
}

// figureDocument is one measurement.
type figureDocument struct {
	Figure float64 `json:"figure"`
	Unit   string  `json:"unit"`
}

// benchDocument is the answer of bench.
type benchDocument struct {
	Decode     figureDocument            `json:"decode"`
	Encode     figureDocument            `json:"encode"`
	Pipeline   figureDocument            `json:"pipeline"`
	Together   figureDocument            `json:"together"`
	Search     []searchFigureDocument    `json:"search"`
	Text       figureDocument            `json:"text"`
	Stages     map[string]figureDocument `json:"stages"`
	Efficiency float64                   `json:"efficiency"`
	Cores      int                       `json:"cores"`
	Model      string                    `json:"model"`
	Provider   string                    `json:"provider"`
}

type searchFigureDocument struct {
	Photos int `json:"photos"`
	figureDocument
}

func benchDocumentOf(r app.BenchReport) benchDocument {
	of := func(f app.BenchFigure) figureDocument { return figureDocument{f.Figure, f.Unit} }
	d := benchDocument{
		Decode: of(r.Decode), Encode: of(r.Encode), Pipeline: of(r.Pipeline), Together: of(r.Together), Text: of(r.Text),
		Search: []searchFigureDocument{}, Stages: map[string]figureDocument{},
		Efficiency: r.Efficiency, Cores: r.Cores, Model: r.Model, Provider: r.Provider,
	}
	for _, f := range r.Stages {
		d.Stages[f.Name] = of(f)
	}
	for _, f := range r.Search {
		d.Search = append(d.Search, searchFigureDocument{f.Photos, figureDocument{f.Figure, f.Unit}})
	}
	return d
}

func (c *call) printBench(r app.BenchReport) {
	c.print("%s, model %s on %s; photos of 12 megapixels", count(r.Cores, "core"), r.Model, r.Provider)
	var sum float64
	for _, f := range r.Stages {
		c.print("  %-18s %9.2f %s", f.Name, f.Figure, f.Unit)
		sum += f.Figure
	}
	c.print("  %-18s %9.2f ms per photo of one core; %.2f together", "all stages", sum, r.Together.Figure)
	c.print("  %-18s %9.1f %s on all cores (%.0f %% of what the stages alone would allow)",
		r.Pipeline.Name, r.Pipeline.Figure, r.Pipeline.Unit, 100*r.Efficiency)
	c.print("  %-18s %9.2f %s", r.Text.Name, r.Text.Figure, r.Text.Unit)
	for _, f := range r.Search {
		c.print("  search among %-9d %5.1f %s", f.Photos, f.Figure, f.Unit)
	}
}
