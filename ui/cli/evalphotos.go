package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"descry/internal/chart"
	"descry/ui/app"
)

func (c *call) evalPhotosCmd() *cobra.Command {
	var o app.EvalPhotosOptions
	var sheet string
	cmd := &cobra.Command{
		Use: "photos [QUERY…]", Short: "What each model finds among photos of your own", Args: cobra.ArbitraryArgs,
		Long: "Asks each model the same queries about the same photos of the library and says how much of what comes first\n" +
			"they have in common and where they differ; --sheet shows it. Nobody has to say what is right. Where enough of the\n" +
			"photos are tagged, the models are held against your tags, too. Each argument is one query, plain words without\n" +
			"the signs of the query language; none: the tags that most photos have.",
		Example: "  descry eval photos dog 'children playing in the snow' --sheet compare.html\n  descry eval photos --n 500 --models starter,ViT-B-32__openai beach",
	}
	e := c.evalFlags(cmd)
	cmd.Flags().IntVar(&o.Photos, "n", 200, "look at `N` photos, chosen evenly over the years")
	cmd.Flags().IntVar(&o.Top, "top", 10, "compare the first `N` photos of each query")
	cmd.Flags().StringVar(&sheet, "sheet", "", "show the photos that are found in `FILE`, a .html page or a .png picture")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		switch kind := strings.ToLower(filepath.Ext(sheet)); {
		case o.Photos < 1 || o.Top < 1:
			return usagef("--n and --top are 1 or more")
		case sheet != "" && kind != ".html" && kind != ".png":
			return usagef("--sheet %s: the name has to end in .html or .png", sheet)
		}
		for _, q := range args {
			if q = strings.Join(strings.Fields(q), " "); q == "" {
				return usagef("a query is empty")
			}
			o.Queries = append(o.Queries, q)
		}
		var r app.EvalPhotosResult
		return e.evaluate(ctx, AccessRead, func(a *app.App, m *meter) (err error) {
			o.EvalOptions = e.options(m)
			r, err = a.EvalPhotos(ctx, o)
			if errors.Is(err, app.ErrNoQueries) {
				err = usagef("%w; name some: descry eval photos dog beach", err)
			}
			return err
		}, func(a *app.App) error {
			if f := e.begun(sheet); f != nil {
				if err := writeSheet(ctx, a, r, f); err != nil {
					return err
				}
			}
			return e.answer(photosDocument(r))
		}, sheet)
	}
	return cmd
}

// photosDocument is a comparison on photos of one's own.
func photosDocument(r app.EvalPhotosResult) evalDocument {
	d := evalDocumentOf("photos", r.Evaluation)
	d.Queries = r.Queries
	queries := count(len(r.Queries), "query")
	if len(r.Queries) != 1 {
		queries = fmt.Sprintf("%d queries", len(r.Queries))
	}
	d.title = fmt.Sprintf("%s of the library, %s", count(r.Pictures, "photo"), queries)
	d.about = "What models find among the same photos of your own."
	if r.Tagged > 0 {
		d.about += fmt.Sprintf(" Average precision, precision and recall are on the %s that you tagged.", count(r.Tagged, "photo"))
		d.Notes = append(d.Notes, "A tag that a photo does not have counts as wrong for it: who tagged only some of the photos that show a thing marks down the models that find the others.")
	}
	for i, m := range r.Models {
		for j, other := range r.Models {
			if i == j || m.Problem != "" || other.Problem != "" {
				continue
			}
			share := app.MeanInCommon(m, other)
			d.Models[i].InCommon = append(d.Models[i].InCommon, inCommonDocument{other.ID, share.Value})
		}
		for q, hits := range m.Found {
			found := foundDocument{Query: r.Queries[q], Photos: []foundPhotoDocument{}}
			for _, h := range hits {
				found.Photos = append(found.Photos, foundPhotoDocument{pathOf(r.Photos[h.Photo].Path), h.Cosine, only(r.Models, i, q, h.Photo)})
			}
			d.Models[i].Found = append(d.Models[i].Found, found)
		}
	}
	return d
}

// shownNames is how many photos of a query are listed by name.
const shownNames = 5

// printFound prints what each model finds for each query.
func (e *evalCall) printFound(d evalDocument) {
	several := 0
	for _, m := range d.Models {
		if m.Problem == "" {
			several++
		}
	}
	for q, query := range d.Queries {
		e.print("")
		e.print("“%s”", query)
		for _, m := range d.Models {
			if q >= len(m.Found) {
				continue
			}
			var names []string
			own := 0
			for i, p := range m.Found[q].Photos {
				name := filepath.Base(p.Path)
				if p.Only && several > 1 {
					own++
					name += "*"
				}
				if i < shownNames {
					names = append(names, name)
				}
			}
			e.print("  %s: %s", m.Model, strings.Join(names, ", "))
			if several > 1 {
				e.print("    %d of its first %d are found by no other model (*)", own, len(m.Found[q].Photos))
			}
		}
	}
	if several < 2 {
		return
	}
	e.print("")
	for i, m := range d.Models {
		for _, x := range m.InCommon {
			if slices.ContainsFunc(d.Models[i:], func(later evalModelDocument) bool { return later.Model == x.Model }) {
				e.print("%s and %s have %.0f %% of what comes first in common.", m.Model, x.Model, 100*x.Share)
			}
		}
	}
}

// writeSheet writes what the models find, for people to look at.
func writeSheet(ctx context.Context, a *app.App, r app.EvalPhotosResult, f *outFile) error {
	s := chart.Sheet{Title: fmt.Sprintf("What %s find among %s", count(len(r.Models), "model"), count(r.Pictures, "photo"))}
	for q, query := range r.Queries {
		shown := chart.SheetQuery{Text: query}
		for i, m := range r.Models {
			if q >= len(m.Found) {
				continue
			}
			row := chart.SheetRow{Series: i, Name: m.ID}
			for _, h := range m.Found[q] {
				card := r.Photos[h.Photo]
				p := chart.SheetPicture{Name: printable(card.Name), Only: len(r.Models) > 1 && only(r.Models, i, q, h.Photo)}
				img, err := a.Thumbnail(ctx, card.Picture)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err == nil {
					p.Image = img
				}
				row.Pictures = append(row.Pictures, p)
			}
			shown.Rows = append(shown.Rows, row)
		}
		if len(shown.Rows) == 2 && len(r.Models) == 2 {
			same := app.InCommon(r.Models[0], r.Models[1], q) * float64(len(r.Models[0].Found[q]))
			shown.Note = fmt.Sprintf("%.0f of the first %d are the same", same, len(r.Models[0].Found[q]))
		}
		s.Queries = append(s.Queries, shown)
	}
	return f.write(func(w *outFile) error {
		if strings.EqualFold(filepath.Ext(f.name), ".html") {
			return s.HTML(w)
		}
		return w.png(s.Draw())
	})
}
