package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

func (c *call) classifyCmd() *cobra.Command {
	var labels []string
	cmd := &cobra.Command{
		Use:   "classify --labels A,B,C PATH…",
		Short: "How well labels fit pictures, in the library or not",
		Long: "Plain zero-shot classification: each label is put into the prompt templates, and the similarities go\n" +
			"through a softmax with the model's scale (a sigmoid for sigmoid models).",
		Example: "  descry classify --labels dog,cat,car photo.jpg",
		Args:    atLeast(1, "at least one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, l := range labels {
				if l = strings.TrimSpace(l); l != "" {
					names = append(names, l)
				}
			}
			if len(names) == 0 {
				return usagef("classify needs --labels, for instance --labels dog,cat,car")
			}
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				results, err := a.Classify(cmd.Context(), names, args)
				if err != nil {
					return err
				}
				docs := make([]classifyDocument, 0, len(results))
				for _, r := range results {
					d := classifyDocument{pathField: pathOf(r.Path), Labels: []labelProbability{}, Error: c.failed(r.Err)}
					for i, p := range r.Probabilities {
						d.Labels = append(d.Labels, labelProbability{names[i], p})
					}
					docs = append(docs, d)
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					if d.Error != "" {
						continue
					}
					c.print("%s", d.Path)
					for _, l := range d.Labels {
						c.print("  %5.1f %%  %s", 100*l.Probability, l.Label)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringSliceVar(&labels, "labels", nil, "the labels `A,B,C`")
	return cmd
}

// failed reports an error of one input and notes that not all of the task was done.
func (c *call) failed(err error) string {
	if err == nil {
		return ""
	}
	c.partly = true
	if !c.json {
		c.message("%s", sentence(err))
	}
	return sentence(err)
}

func (c *call) scoreCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "score TEXT PATH…",
		Short:   "How well a text fits pictures: cosine and CLIPScore",
		Long:    "Prints the cosine of text and picture, and 2.5·max(cosine, 0) as in CLIPScore (Hessel et al. 2021).",
		Example: "  descry score 'a dog on a beach' photo.jpg",
		Args:    atLeast(2, "a text and at least one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(args[0]) == "" {
				return usagef("score needs a text, not an empty one")
			}
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				results, err := a.Score(cmd.Context(), args[0], args[1:])
				if err != nil {
					return err
				}
				docs := make([]scoreDocument, 0, len(results))
				for _, r := range results {
					docs = append(docs, scoreDocument{pathOf(r.Path), r.Cosine, 2.5 * max(r.Cosine, 0), c.failed(r.Err)})
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					if d.Error == "" {
						c.print("%.4f  %.4f  %s", d.Cosine, d.CLIPScore, d.Path)
					}
				}
				return nil
			})
		},
	}
}

func (c *call) embedCmd() *cobra.Command {
	var texts []string
	cmd := &cobra.Command{
		Use:     "embed (--text TEXT… | PATH…)",
		Short:   "The unit vectors of texts or pictures",
		Example: "  descry embed --text 'a dog' --json\n  descry embed photo.jpg --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(texts) == 0) == (len(args) == 0) {
				return usagef("embed takes either --text or pictures")
			}
			for _, text := range texts {
				if strings.TrimSpace(text) == "" {
					return usagef("embed --text needs a text, not an empty one")
				}
			}
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				embed := func(ctx context.Context) ([]app.Embedded, error) { return a.EmbedTexts(ctx, texts) }
				if len(args) > 0 {
					embed = func(ctx context.Context) ([]app.Embedded, error) { return a.EmbedPictures(ctx, args) }
				}
				results, err := embed(cmd.Context())
				if err != nil {
					return err
				}
				docs := make([]embedDocument, 0, len(results))
				for _, r := range results {
					in, vec := pathOf(r.Input), r.Vector
					if vec == nil {
						vec = []float32{}
					}
					docs = append(docs, embedDocument{in.Path, in.Bytes, a.Model().ID, vec, c.failed(r.Err)})
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					if d.Error == "" {
						c.print("%s\t%s", d.Input, strings.Trim(fmt.Sprint(d.Vector), "[]"))
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringArrayVar(&texts, "text", nil, "a `TEXT`; may be given more than once")
	return cmd
}
