package cli

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/query"
	"descry/ui/app"
)

func (c *call) searchCmd() *cobra.Command {
	var r app.SearchRequest
	cmd := &cobra.Command{
		Use:   "search QUERY…",
		Short: "Find photos by description",
		Long: "Finds photos that look like the description, or carry the words in their name, keywords, description\n" +
			"or confirmed tags. \"Quoted words\" must stand there exactly; -word and \"without word\" exclude.\n" +
			"The likely photos come first; with --all the rest follow.\n\n" + languageHelp(),
		Example: "  descry search dog on a beach\n  descry search 'sunset -people' --limit 10 --explain\n" +
			"  descry search 'dog or cat last summer rating:4'\n  descry search '0.5*sunset, harbour type:photo iso:..400'",
		Args: atLeast(1, "words to search for"),
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
	c.mistakes(r.Text, res.Problems)
	for _, n := range res.Notes {
		c.message("%s", n)
	}
	if res.DidYouMean != "" {
		c.message("Did you mean ‘%s’?", res.DidYouMean)
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

// mistakes prints what is wrong with a query, with the query and a marker under the spot.
func (c *call) mistakes(query string, problems []app.SearchProblem) {
	for _, p := range problems {
		c.message("%s", p.Sentence)
		if line, marker := marked(query, p.Start, p.End); line != "" {
			c.message("  %s\n  %s", line, marker)
		}
	}
}

// marked returns the part of a query around a mistake on one line, and a line that marks it.
// Of a long query the ends are left out.
func marked(query string, start, end int) (line, marker string) {
	const room = 70
	if start < 0 || end <= start || end > len(query) || strings.TrimSpace(query) == "" {
		return "", ""
	}
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == unicode.ReplacementChar {
				return ' '
			}
			return r
		}, s)
	}
	before, spot, after := plain(query[:start]), plain(query[start:end]), plain(query[end:])
	if r := []rune(before); len(r) > room/2 {
		before = "…" + string(r[len(r)-room/2:])
	}
	if r := []rune(spot); len(r) > room {
		spot, after = string(r[:room])+"…", ""
	}
	if r := []rune(after); len(r) > room/2 {
		after = string(r[:room/2]) + "…"
	}
	width := max(1, columns(spot))
	return before + spot + after, strings.Repeat(" ", columns(before)) + "^" + strings.Repeat("~", width-1)
}

// columns is how many places of a terminal a text takes: two for wide letters, none for
// marks that stand over others.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0x1F300 && r <= 0x1FAFF:
			n += 2
		default:
			n++
		}
	}
	return n
}

// languageHelp is the query language in short, with every filter.
func languageHelp() string {
	var b strings.Builder
	b.WriteString("How a query is written:\n" +
		"  dog, beach             both: a comma, or \"and\" between short descriptions\n" +
		"  dog or cat             either; (brackets) hold together what belongs together\n" +
		"  -people, no people     without; also -tag:work, -\"IMG_\", not (dog or cat)\n" +
		"  \"summer house\"         exactly these words in name, keywords, description, tags, alt text\n" +
		"                         or the text in the picture\n" +
		"  0.5*sunset, sunset:0.5 counts half; -0.5*people pushes such photos down\n" +
		"  last summer, 2019-05   dates as people write them, from --now\n\n" +
		"Filters, each with a minus to exclude; values may be lists (ext:jpg,png) and, for numbers\n" +
		"and dates, ranges (2019..2021, >=4, 800..):\n")
	for _, f := range query.Filters() {
		fmt.Fprintf(&b, "  %-22s %s\n", f.Example, f.Help)
		var words []string
		for _, w := range f.Choices {
			words = append(words, w.Word)
		}
		if len(words) > 0 {
			fmt.Fprintf(&b, "  %-22s %s\n", "", strings.Join(words, ", "))
		}
	}
	b.WriteString("\ndocs/search.md has more.")
	return b.String()
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

// reasonText says a reason in words, with its confidence and, where it is not plain, its weight.
func reasonText(w app.Reason) string {
	text := "“" + strings.Trim(w.Text, `"`) + "”"
	if w.Picture {
		text = w.Text // names the picture, in words of ours
	}
	if w.Kind == "without" && w.Weight < 0 {
		text = "unlike " + text
	} else {
		text = w.Kind + " " + text
	}
	if w.Where != "" {
		text += " in the " + w.Where
	}
	var sure []string
	if w.Confidence > 0 {
		sure = append(sure, fmt.Sprintf("%.0f %%", 100*w.Confidence))
	}
	if w.Weight != 0 && w.Weight != 1 {
		sure = append(sure, fmt.Sprintf("weight %.2g", w.Weight))
	}
	if len(sure) > 0 {
		text += " (" + strings.Join(sure, ", ") + ")"
	}
	return text
}

func searchDocumentOf(model string, res app.SearchResult, cards []app.Card, tags map[library.PhotoID][]library.Tag) searchDocument {
	query := pathOf(res.Query)
	d := searchDocument{
		Query: query.Path, QueryBytes: query.Bytes, Interpretation: res.Interpretation, Notes: append([]string{}, res.Notes...), Problems: []problemDoc{},
		Model: model, Calibrated: res.Calibrated, Coverage: res.Coverage, TookMS: float64(res.Took.Microseconds()) / 1000,
		Matched: res.Matched, Language: res.Language, DidYouMean: res.DidYouMean, Results: []resultDocument{},
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
