package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

// samplesCmd adds the sample photos that come with the program.
func (c *call) samplesCmd() *cobra.Command {
	var ifEmpty bool
	cmd := &cobra.Command{
		Use: "samples", Short: "Add the sample photos that come with the program", Args: noArgs,
		Long:    "Copies the sample photos into a folder beside the library and adds that as a root.",
		Example: "  descry samples && descry index",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessWrite, func(a *app.App) error {
				if err := addSamples(ctx, a, ifEmpty); err != nil {
					return err
				}
				roots, err := a.Roots(ctx)
				if err != nil {
					return err
				}
				if c.json {
					return c.document(rootDocuments(roots))
				}
				for _, r := range roots {
					c.print("%s", r.Path)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&ifEmpty, "if-empty", false, "only where the library has no folder yet")
	return cmd
}

func addSamples(ctx context.Context, a *app.App, ifEmpty bool) error {
	roots, err := a.Roots(ctx)
	if err != nil || ifEmpty && len(roots) > 0 {
		return err
	}
	_, err = a.AddSamples(ctx)
	return err
}

// tourQueries are shown by the tour: what the sample photos hold, in three people's words.
var tourQueries = []string{"a cat", "mountains", "people playing music"}

// tourCmd does the main job once on the sample photos, for a machine without a display.
func (c *call) tourCmd() *cobra.Command {
	var picture string
	cmd := &cobra.Command{
		Use: "tour", Short: "Show the main job on the sample photos", Args: noArgs,
		Long: "Adds the sample photos if the library has no folder yet, looks at them, searches three times, shows one\n" +
			"photo's tags and alt text, and draws a picture of the window. It needs no display.",
		Example: "  descry tour --picture window.png",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessWrite, func(a *app.App) error {
				if err := addSamples(ctx, a, true); err != nil {
					return err
				}
				meter := c.newMeter()
				report, err := a.Index(ctx, nil, meter.show)
				meter.done()
				if err != nil {
					return err
				}
				c.printReport(report)
				var first library.PhotoID
				for _, q := range tourQueries {
					res, err := a.Search(ctx, app.SearchRequest{Text: q, Limit: 3})
					if err != nil {
						return err
					}
					cards, err := a.Cards(ctx, photosOf(res))
					if err != nil {
						return err
					}
					c.print("\nsearch “%s”: %s likely", q, count(res.Matched, "photo"))
					c.printHits(res, cards, false)
					if first == 0 && len(res.Hits) > 0 {
						first = res.Hits[0].Photo
					}
				}
				if first != 0 {
					d, err := a.Detail(ctx, first)
					if err != nil {
						return err
					}
					c.print("\n%s", d.Name)
					for _, t := range tagDocuments(d.Tags) {
						c.print("%s", tagLine(t))
					}
					c.print("  alt text (%s): %s", d.AltText.State, d.AltText.Text)
				}
				if picture == "" {
					return nil
				}
				if c.env.Draw == nil {
					c.message("This build cannot draw the window.")
					return nil
				}
				if err := c.env.Draw(ctx, a, picture); err != nil {
					return fmt.Errorf("drawing the window: %w", err)
				}
				c.print("\nA picture of the window is in %s", picture)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&picture, "picture", "", "write a picture of the window to the PNG `FILE`")
	return cmd
}
