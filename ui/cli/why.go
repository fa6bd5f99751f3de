package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"descry/library/heatmap"
	"descry/library/search"
	"descry/ui/app"
)

func (c *call) whyCmd() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "why QUERY… PATH",
		Short: "Say why a photo matches a query, and where in it that is to be seen",
		Long: "Says of one photo of the library how well it matches a query, part by part, and where in the picture\n" +
			"the described things are. With --map it writes the picture with what counts most marked on it; of\n" +
			"several descriptions the first one, or the one that --of names.",
		Example: "  descry why dog on a beach ~/Pictures/beach.jpg\n  descry why 'dog, ball' ~/Pictures/beach.jpg --map where.png",
		Args:    atLeast(2, "a query and the path of a photo"),
	}
	of := cmd.Flags().String("of", "", "draw the map of this `DESCRIPTION` of the query")
	cmd.Flags().StringVar(&file, "map", "", "write the picture with the map over it to `FILE`, a PNG")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		last := len(args) - 1
		return c.withApp(ctx, AccessRead, func(a *app.App) error {
			return c.why(ctx, a, strings.Join(args[:last], " "), args[last], file, *of)
		})
	}
	return cmd
}

type whyDocument struct {
	pathField
	Query      string         `json:"query"`
	Photo      int64          `json:"photo"`
	Matches    bool           `json:"matches"` // no filter or exclusion leaves it out
	Calibrated bool           `json:"calibrated"`
	Score      float64        `json:"score"`
	Confidence float64        `json:"confidence"`
	Likely     bool           `json:"likely"`
	Why        []whyReason    `json:"why"`
	Notes      []string       `json:"notes"`
	Problems   []problemDoc   `json:"problems"`
	Maps       []heatDocument `json:"maps"`
	Written    *pathField     `json:"written,omitempty"`
}

type whyReason struct {
	reasonDocument
	Place heatmap.Place `json:"place,omitempty"`
}

// heatDocument is a map: side × side numbers row by row, the most 1, over an area of the
// picture (left, upper, right and lower edge in shares of its width and height).
type heatDocument struct {
	Text   string        `json:"text"`
	Place  heatmap.Place `json:"place"`
	Method string        `json:"method"` // "occlusion" or "patches"
	At     float64       `json:"at_seconds,omitempty"`
	Area   [4]float64    `json:"area"`
	Side   int           `json:"side"`
	Heat   []float64     `json:"heat"`
}

// why explains one photo.
func (c *call) why(ctx context.Context, a *app.App, query, path, file, of string) error {
	photos, _, err := a.Resolve(ctx, []string{path})
	if err != nil {
		return err
	}
	switch {
	case len(photos) == 0:
		return fmt.Errorf("%s: %w", path, app.ErrNotInLibrary)
	case len(photos) > 1:
		return usagef("%s is a folder; why is about one photo", path)
	}
	request := app.WhereRequest{Photo: photos[0].Photo, Text: query}
	res, err := a.Explain(ctx, request)
	if err != nil {
		return err
	}
	m := c.newMeter()
	where, err := a.Where(ctx, request, func(w app.Where) {
		m.show(app.Progress{Job: "Looking where it is", Done: w.Done, Total: w.Total, Running: true})
	})
	m.done()
	if err != nil {
		return err
	}
	d := whyDocumentOf(query, photos[0], res, where)
	if file != "" {
		shown, err := chosenMap(where.Maps, of)
		if err != nil {
			return err
		}
		if err := writeOverlay(ctx, a, photos[0], shown, file); err != nil {
			return err
		}
		written := pathOf(file)
		d.Written = &written
	}
	if c.json {
		return c.document(d)
	}
	c.mistakes(query, res.Problems)
	for _, n := range res.Notes {
		c.message("%s", n)
	}
	c.printWhy(d, where)
	return nil
}

func whyDocumentOf(query string, photo app.PhotoAt, res app.SearchResult, where app.Where) whyDocument {
	d := whyDocument{
		pathField: pathOf(photo.Path), Query: query, Photo: int64(photo.Photo), Calibrated: res.Calibrated,
		Why: []whyReason{}, Notes: append([]string{}, res.Notes...), Problems: []problemDoc{}, Maps: []heatDocument{},
	}
	for _, p := range res.Problems {
		d.Problems = append(d.Problems, problemDoc{p.Sentence, p.Start, p.End})
	}
	for _, h := range res.Hits {
		d.Matches, d.Score, d.Confidence, d.Likely = true, h.Score, h.Confidence, h.Likely
		for _, w := range h.Why {
			d.Why = append(d.Why, whyReason{reasonDocument(w), placeOf(w, where)})
		}
	}
	for _, m := range where.Maps {
		doc := heatDocument{
			Text: m.Text, Place: m.Place, Method: "occlusion", At: m.At.Seconds(), Side: m.Heat.Side,
			Area: [4]float64{m.Area.X0, m.Area.Y0, m.Area.X1, m.Area.Y1},
		}
		if m.Parts {
			doc.Method = "patches"
		}
		for _, h := range m.Heat.Scaled().Heat {
			doc.Heat = append(doc.Heat, math.Round(1000*float64(h))/1000)
		}
		d.Maps = append(d.Maps, doc)
	}
	return d
}

// placeOf is where in the picture that is which a reason is about.
func placeOf(w app.Reason, where app.Where) heatmap.Place {
	for _, m := range where.Maps {
		if w.Kind == "looks like" && m.Text == w.Text {
			return m.Place
		}
	}
	return heatmap.Nowhere
}

// printWhy prints an explanation for people.
func (c *call) printWhy(d whyDocument, where app.Where) {
	switch {
	case !d.Matches && len(d.Problems) == 0:
		c.print("%s does not match: a filter, a quoted text or an exclusion leaves it out.", d.Path)
	case !d.Matches:
		c.print("%s is not among the results.", d.Path)
	case !d.Calibrated:
		c.print("%s", d.Path)
	case d.Likely:
		c.print("%s  likely (%.0f %%)", d.Path, 100*d.Confidence)
	default:
		c.print("%s  less likely (%.0f %%)", d.Path, 100*d.Confidence)
	}
	for _, w := range d.Why {
		if !d.Calibrated && w.Kind == "looks like" {
			w.Confidence = 0 // nothing backs it
		}
		text := reasonText(app.Reason(w.reasonDocument))
		switch place := placeText(w.Place); {
		case place == "":
		case d.Calibrated && w.Confidence < search.LikelyAt:
			text += ", if at all " + place
		default:
			text += ", " + place
		}
		c.print("  %s", text)
	}
	for _, m := range where.Maps {
		if m.Frame != nil {
			c.print("  “%s” is in the video at %.1f s.", m.Text, m.At.Seconds())
		}
	}
	if d.Written != nil {
		c.message("The map is in %s.", d.Written.Path)
	}
}

// placeText says a place in words.
func placeText(p heatmap.Place) string {
	switch p {
	case heatmap.Nowhere:
		return ""
	case heatmap.Everywhere:
		return "all over the picture"
	case heatmap.Top, heatmap.Bottom:
		return "mostly at the " + string(p)
	case heatmap.Left, heatmap.Right:
		return "mostly on the " + string(p)
	}
	return "mostly in the " + string(p)
}

// chosenMap is the map of a description, the first one for none.
func chosenMap(maps []app.WhereMap, of string) (app.WhereMap, error) {
	if len(maps) == 0 {
		return app.WhereMap{}, errors.New("there is no map to write: the photo does not match by what it looks like")
	}
	var texts []string
	for _, m := range maps {
		if of == "" || strings.EqualFold(m.Text, of) {
			return m, nil
		}
		texts = append(texts, "“"+m.Text+"”")
	}
	return app.WhereMap{}, usagef("--of %s: the query has the descriptions %s", of, strings.Join(texts, ", "))
}

// mostOverlay is the longest side of a picture that is written, in pixels.
const mostOverlay = 1600

// writeOverlay writes a photo with a map over it.
func writeOverlay(ctx context.Context, a *app.App, photo app.PhotoAt, m app.WhereMap, file string) (err error) {
	if abs, err := filepath.Abs(file); err == nil && sameFile(abs, photo.Path) {
		return usagef("--map %s is the photo itself; name another file", file)
	}
	img := m.Frame
	if img == nil {
		if img, err = a.Picture(ctx, photo.Photo); err != nil {
			return err
		}
	}
	out := heatmap.Over(img, m.Heat, m.Area, mostOverlay)
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("writing the map: %w", err)
	}
	if err := cmp.Or(png.Encode(f, out), f.Close()); err != nil {
		return fmt.Errorf("writing the map: %w", err)
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
