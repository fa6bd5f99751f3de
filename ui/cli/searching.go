package cli

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

func (c *call) searchCmd() *cobra.Command {
	var r app.SearchRequest
	cmd := &cobra.Command{
		Use:   "search QUERY…",
		Short: "Find photos by description",
		Long: "Finds photos that look like the description, or carry the words in their name, keywords, description\n" +
			"or confirmed tags. \"Quoted words\" must stand there exactly; -word and \"without word\" exclude.\n" +
			"The likely photos come first; with --all the rest follow.",
		Example: "  descry search dog on a beach\n  descry search 'sunset -people' --limit 10 --explain",
		Args:    atLeast(1, "words to search for"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r.Text = strings.Join(args, " ")
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				return c.search(ctx, a, r, func(r app.SearchRequest) (app.SearchResult, error) { return a.Search(ctx, r) })
			})
		},
	}
	searchFlags(cmd, &r)
	return cmd
}

func (c *call) similarCmd() *cobra.Command {
	var r app.SearchRequest
	cmd := &cobra.Command{
		Use:     "similar PATH",
		Short:   "Find photos that look like a picture, in the library or not",
		Example: "  descry similar ~/Pictures/beach.jpg --limit 10",
		Args:    exactly(1, "one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				return c.search(ctx, a, r, func(r app.SearchRequest) (app.SearchResult, error) {
					return a.SimilarFile(ctx, args[0], r)
				})
			})
		},
	}
	searchFlags(cmd, &r)
	return cmd
}

func searchFlags(cmd *cobra.Command, r *app.SearchRequest) {
	cmd.Flags().IntVar(&r.Limit, "limit", 50, "`N` photos at most")
	cmd.Flags().IntVar(&r.Offset, "offset", 0, "pass over the first `N` photos")
	cmd.Flags().BoolVar(&r.All, "all", false, "photos below the cutoff too")
	cmd.Flags().BoolVar(&r.Explain, "explain", false, "say why each photo is there")
}

// search runs a search and prints its answer.
func (c *call) search(ctx context.Context, a *app.App, r app.SearchRequest, run func(app.SearchRequest) (app.SearchResult, error)) error {
	switch {
	case r.Limit < 1:
		return usagef("--limit %d: it is 1 or more", r.Limit)
	case r.Offset < 0:
		return usagef("--offset %d: it is 0 or more", r.Offset)
	}
	res, err := run(r)
	if err != nil {
		return err
	}
	ids := photosOf(res)
	cards, err := a.Cards(ctx, ids)
	if err != nil {
		return err
	}
	if c.json {
		tags, err := a.Tags(ctx, ids)
		if err != nil {
			return err
		}
		return c.document(searchDocumentOf(a.Model().ID, res, cards, tags))
	}
	for _, p := range res.Problems {
		c.message("%s", p.Sentence)
	}
	for _, n := range res.Notes {
		c.message("%s", n)
	}
	if res.Coverage < 1 && a.Model().ID != "" {
		c.message("%.0f %% of the photos have been looked at so far.", math.Floor(100*res.Coverage))
	}
	c.printHits(res, cards, r.Explain)
	switch {
	case len(res.Hits) > 0 || res.Query == "":
	case res.Matched > 0 || r.All:
		c.message("--offset %d is past the last photo.", r.Offset)
	default:
		// Say that there is more only where there is.
		r.All, r.Limit, r.Offset = true, 1, 0
		rest, err := run(r)
		if err != nil {
			return err
		}
		more := ""
		if len(rest.Hits) > 0 {
			more = " The closest photos come with --all."
		}
		c.message("No photo here is likely to match ‘%s’."+more, res.Query)
	}
	return nil
}

func photosOf(res app.SearchResult) []library.PhotoID {
	ids := make([]library.PhotoID, len(res.Hits))
	for i, h := range res.Hits {
		ids[i] = h.Photo
	}
	return ids
}

// printHits prints photos that were found, with a line where the likely ones end.
func (c *call) printHits(res app.SearchResult, cards []app.Card, explain bool) {
	below := false
	for i, h := range res.Hits {
		if !h.Likely && !below {
			below = true
			c.print("── less likely ──")
		}
		sure := "" // a confidence that nothing backs is not shown
		if res.Calibrated {
			sure = fmt.Sprintf("%3.0f %%  ", 100*h.Confidence)
		}
		c.print("%s%s", sure, cards[i].Path)
		if explain {
			for _, w := range h.Why {
				c.print("       %s", reasonText(w))
			}
		}
	}
}

func reasonText(w app.Reason) string {
	text := fmt.Sprintf("%s “%s”", w.Kind, strings.Trim(w.Text, `"`))
	if w.Where != "" {
		text += " in the " + w.Where
	}
	if w.Confidence > 0 {
		text += fmt.Sprintf(" (%.0f %%)", 100*w.Confidence)
	}
	return text
}

func searchDocumentOf(model string, res app.SearchResult, cards []app.Card, tags map[library.PhotoID][]library.Tag) searchDocument {
	query := pathOf(res.Query)
	d := searchDocument{
		Query: query.Path, QueryBytes: query.Bytes, Interpretation: res.Interpretation, Notes: append([]string{}, res.Notes...), Problems: []problemDoc{},
		Model: model, Calibrated: res.Calibrated, Coverage: res.Coverage, TookMS: float64(res.Took.Microseconds()) / 1000,
		Matched: res.Matched, Results: []resultDocument{},
	}
	for _, p := range res.Problems {
		d.Problems = append(d.Problems, problemDoc{p.Sentence, p.Start, p.End})
	}
	for i, h := range res.Hits {
		why := []reasonDocument{}
		for _, w := range h.Why {
			why = append(why, reasonDocument(w))
		}
		d.Results = append(d.Results, resultDocument{
			pathField: pathOf(cards[i].Path), Photo: h.Photo, Score: h.Score, Confidence: h.Confidence, Likely: h.Likely,
			Why: why, Tags: tagDocuments(tags[h.Photo]), Taken: takenText(library.Metadata{Taken: cards[i].Taken, HasZone: cards[i].HasZone}),
		})
	}
	return d
}
