package cli

import (
	"cmp"
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

// evalCall is one evaluation: what all its verbs know.
type evalCall struct {
	*call
	models []string
	plot   string
	table  string
	files  []*outFile
}

func (c *call) evalCmd() *cobra.Command {
	eval := &cobra.Command{
		Use: "eval", Short: "How good the models at hand are, on data of your own", Args: noVerb, RunE: needsVerb,
		Long: "Measures how well each model at hand does on pictures of which it is known what is on them, or shows what\n" +
			"each finds among your own photos, so that you can choose one. Nothing of it goes into the library.",
		Example: "  descry eval photos dog beach 'a birthday cake' --sheet compare.html\n" +
			"  descry eval retrieval captions.csv --images photos --plot models.png\n  descry eval classes ~/flowers --models starter,ViT-B-32__openai",
	}
	eval.AddCommand(c.evalClassesCmd(), c.evalRetrievalCmd(), c.evalTagsCmd(), c.evalPhotosCmd())
	return eval
}

// evalFlags adds the flags of all evaluations to a verb.
func (c *call) evalFlags(cmd *cobra.Command) *evalCall {
	e := &evalCall{call: c}
	cmd.Flags().StringSliceVar(&e.models, "models", nil, "the models `A,B` (default: all at hand, or the one of --model)")
	cmd.Flags().StringVar(&e.plot, "plot", "", "draw the comparison into `FILE`, a PNG")
	cmd.Flags().StringVar(&e.table, "csv", "", "write all figures to `FILE`, comma-separated")
	return e
}

func (e *evalCall) options(m *meter) app.EvalOptions {
	return app.EvalOptions{Models: e.models, Progress: m.show}
}

// evaluate runs an evaluation between opening the files it is to write, so that a long one does
// not fail at its end, and writing them.
func (e *evalCall) evaluate(ctx context.Context, access Access, measure func(a *app.App, m *meter) error, finish func(a *app.App) error, more ...string) (err error) {
	defer func() {
		for _, f := range e.files {
			f.drop()
		}
		if err != nil && ctx.Err() != nil {
			err = withFix(err, "Nothing of an evaluation is kept; run it again from the beginning.")
		}
	}()
	for _, want := range []struct{ flag, name, kind string }{{"--plot", e.plot, ".png"}, {"--csv", e.table, ".csv"}} {
		if want.name != "" && !strings.EqualFold(filepath.Ext(want.name), want.kind) {
			return usagef("%s %s: the name has to end in %s", want.flag, want.name, want.kind)
		}
	}
	for _, name := range append([]string{e.plot, e.table}, more...) {
		if name == "" {
			continue
		}
		f, err := beginFile(name)
		if err != nil {
			return err
		}
		e.files = append(e.files, f)
	}
	return e.withApp(ctx, access, func(a *app.App) error {
		m := e.newMeter()
		err := measure(a, m)
		m.done()
		if errors.Is(err, app.ErrNoPictures) {
			err = withFix(err, "Say where the pictures are: --images FOLDER")
		}
		if err != nil {
			return err
		}
		return finish(a)
	})
}

// begun is the file of this name that was begun.
func (e *evalCall) begun(name string) *outFile {
	for _, f := range e.files {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (c *call) evalClassesCmd() *cobra.Command {
	var o app.EvalClassesOptions
	var matrix string
	var worst int
	cmd := &cobra.Command{
		Use: "classes FOLDER", Short: "Zero-shot accuracy on a folder of pictures for each class", Args: exactly(1, "one folder"),
		Long: "Each folder in FOLDER is a class, and its name the words that pictures are compared with (with spaces for\n" +
			"underscores), unless classes.txt in FOLDER or --names says better words: lines like \"n01440764 tench\", or\n" +
			"one line for each folder in their order. The words go through the prompt templates. The answer is how often\n" +
			"the right class comes first (top-1) or among the first five (top-5), with its 95 % interval, the mean over\n" +
			"the classes, and which classes are taken for which.",
		Example: "  descry eval classes ~/flowers\n  descry eval classes imagenet/val --names classes.txt --templates templates.txt --confusion matrix.csv",
	}
	e := c.evalFlags(cmd)
	cmd.Flags().StringVar(&o.Names, "names", "", "the names of the classes are in `FILE`")
	cmd.Flags().StringVar(&o.Templates, "templates", "", "use the prompt templates in `FILE`, one a line, with {} for the name")
	cmd.Flags().StringVar(&matrix, "confusion", "", "write how often each class is taken for each to `FILE`, comma-separated")
	cmd.Flags().IntVar(&worst, "worst", 10, "list the `N` most frequent mistakes of each model")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Folder = args[0]
		var d evalDocument
		return e.evaluate(cmd.Context(), AccessNone, func(a *app.App, m *meter) error {
			o.EvalOptions = e.options(m)
			r, classes, err := a.EvalClasses(cmd.Context(), o)
			if err != nil {
				return err
			}
			d = evalDocumentOf("classes", r)
			for i, model := range r.Models {
				d.Models[i].addClasses(model.Confusion, classes, worst)
			}
			d.title = fmt.Sprintf("%s: %d classes, %s", filepath.Base(o.Folder), len(classes), count(r.Pictures, "picture"))
			d.about = "Zero-shot classification: how often the class whose words lie closest to a picture is its own (top-1), or is among the five closest (top-5), and the mean of top-1 over the classes."
			if f := e.begun(matrix); f != nil {
				return f.write(func(w *outFile) error { return w.csv(confusionRows(r.Models, classes)) })
			}
			return nil
		}, func(*app.App) error { return e.answer(d) }, matrix)
	}
	return cmd
}

func (c *call) evalRetrievalCmd() *cobra.Command {
	var o app.EvalRetrievalOptions
	cmd := &cobra.Command{
		Use: "retrieval CAPTIONS", Short: "How well captions find their pictures, and pictures their captions", Args: exactly(1, "one file of captions"),
		Long: "CAPTIONS is comma- or tab-separated (image,caption), as of Flickr8k or Flickr30k, or JSON: as of COCO, of\n" +
			"Karpathy's splits, or {\"picture\": [\"caption\", …]}. Each caption is looked up among all pictures and each\n" +
			"picture among all captions; R@K is the share that finds what is theirs among the first K, with its 95 %\n" +
			"interval.",
		Example: "  descry eval retrieval captions.csv --images photos\n  descry eval retrieval dataset_coco.json --images coco --split test --csv figures.csv",
	}
	e := c.evalFlags(cmd)
	cmd.Flags().StringVar(&o.Images, "images", "", "the pictures are in `FOLDER` (default: that of the file)")
	cmd.Flags().StringVar(&o.Split, "split", "", "of Karpathy's JSON, use the split `NAME` (default: test)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Captions = args[0]
		var d evalDocument
		return e.evaluate(cmd.Context(), AccessNone, func(a *app.App, m *meter) error {
			o.EvalOptions = e.options(m)
			r, err := a.EvalRetrieval(cmd.Context(), o)
			if err != nil {
				return err
			}
			d = evalDocumentOf("retrieval", r)
			for i, model := range r.Models {
				if model.Problem == "" {
					d.Models[i].MedianRank = &medianRankDocument{model.Medians[0], model.Medians[1]}
				}
			}
			d.title = fmt.Sprintf("%s: %s", filepath.Base(o.Captions), count(r.Pictures, "picture"))
			d.about = "Retrieval: the share of captions that find their picture among the first K of all, and of pictures that find a caption of theirs."
			return nil
		}, func(*app.App) error { return e.answer(d) })
	}
	return cmd
}

func (c *call) evalTagsCmd() *cobra.Command {
	var o app.EvalTagsOptions
	cmd := &cobra.Command{
		Use: "tags LABELS", Short: "How well labels are found on pictures that have several", Args: exactly(1, "one file of labels"),
		Long: "LABELS is comma- or tab-separated (image,label;label), or JSON: {\"picture\": [\"label\", …]} or COCO's\n" +
			"objects. A label that a picture does not have in it is wrong for it. The answer is average precision for\n" +
			"each label, when pictures are ordered by how sure Descry is, its mean (mAP), and precision and recall of\n" +
			"what Descry would suggest.",
		Example: "  descry eval tags labels.csv --images photos\n  descry eval tags instances_val2017.json --images val2017 --json",
	}
	e := c.evalFlags(cmd)
	cmd.Flags().StringVar(&o.Images, "images", "", "the pictures are in `FOLDER` (default: that of the file)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Labels = args[0]
		var d evalDocument
		return e.evaluate(cmd.Context(), AccessNone, func(a *app.App, m *meter) error {
			o.EvalOptions = e.options(m)
			r, err := a.EvalTags(cmd.Context(), o)
			if err != nil {
				return err
			}
			d = evalDocumentOf("tags", r)
			d.title = fmt.Sprintf("%s: %s", filepath.Base(o.Labels), count(r.Pictures, "picture"))
			d.about = "Tags: mean average precision over the labels, and precision and recall of what would be suggested."
			return nil
		}, func(*app.App) error { return e.answer(d) })
	}
	return cmd
}

// answer writes the files, then the answer for scripts or people.
func (e *evalCall) answer(d evalDocument) error {
	c := d.chart()
	if f := e.begun(e.plot); f != nil {
		if err := f.write(func(w *outFile) error { return w.png(c.Draw()) }); err != nil {
			return err
		}
	}
	if f := e.begun(e.table); f != nil {
		if err := f.write(func(w *outFile) error { return w.csv(d.rows()) }); err != nil {
			return err
		}
	}
	for _, f := range e.files {
		if f.done {
			d.Written = append(d.Written, pathOf(f.name))
		}
	}
	for _, m := range d.Models {
		e.partly = e.partly || m.Problem != ""
	}
	e.partly = e.partly || len(d.Failed) > 0
	if e.json {
		return e.document(d)
	}
	e.printEval(d, c)
	return nil
}

// shownFailures is how many pictures that could not be used are listed by name.
const shownFailures = 5

// printEval prints an evaluation for people.
func (e *evalCall) printEval(d evalDocument, c chart.Chart) {
	e.print("%s", d.title)
	for _, n := range d.Notes {
		e.message("%s", n)
	}
	for i, f := range d.Failed {
		if i == shownFailures {
			e.message("… and %d more that could not be used; --json lists them", len(d.Failed)-i)
			break
		}
		e.message("%s: %s", f.Path, f.Error)
	}
	if n := len(d.Failed); n > 0 {
		e.print("Not used, and counted nowhere: %s.", count(n, "picture"))
	}
	if len(c.Measures) > 0 {
		e.print("In brackets: the interval that holds the true figure 95 times in 100.")
	}
	e.print("")
	for _, l := range c.Text() {
		e.print("%s", l)
	}
	for _, m := range d.Models {
		e.printModel(m)
	}
	e.printFound(d)
	for _, w := range d.Written {
		e.message("Written: %s", w.Path)
	}
}

// shownLabels is how many labels are listed, those that are found worst.
const shownLabels = 15

// printModel prints what is known of one model beyond the figures.
func (e *evalCall) printModel(m evalModelDocument) {
	var lines []string
	if m.MedianRank != nil {
		lines = append(lines, fmt.Sprintf("median place of the picture for a text %g, of a text for the picture %g", m.MedianRank.TextToPicture, m.MedianRank.PictureToText))
	}
	for _, x := range m.Mistakes {
		lines = append(lines, fmt.Sprintf("%s taken for %s: %d of %d", x.Class, x.TakenFor, x.Pictures, x.Of))
	}
	labels := slices.SortedStableFunc(slices.Values(m.Labels), func(a, b labelDocument) int { return cmp.Compare(a.AP, b.AP) })
	for i, l := range labels {
		if i == shownLabels {
			lines = append(lines, fmt.Sprintf("… and %d that are found better; --csv has them all", len(labels)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: average precision %.1f %% (%s); suggested for %d, rightly for %d",
			l.Label, 100*l.AP, count(l.Pictures, "picture"), l.Suggested, l.Right))
	}
	lines = append(lines, m.Notes...)
	if m.Problem != "" {
		lines = append(lines, "FAULT: "+m.Problem)
	}
	if len(lines) == 0 {
		return
	}
	e.print("")
	e.print("%s", m.Model)
	for _, l := range lines {
		e.print("  %s", l)
	}
}
