package cli

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"descry/library/spool"
	"descry/ui/app"
)

func (c *call) modelsUseCmd() *cobra.Command {
	now, later := false, false
	cmd := &cobra.Command{
		Use: "use ID", Short: "Look at photos with this model; what others found is kept", Args: exactly(1, "the id of a model"),
		Long: "Looks at all photos with another model, the newest first, and uses it when it has seen them all; until\n" +
			"then searches and tags are those of the model in use. Ctrl-C keeps what is finished, and the next\n" +
			"descry index goes on. What a model found is kept: going back to one that was in use is at once, also\n" +
			"while another one looks at the photos.\n" +
			"With --now it is used at once, and searches say how much it has looked at; with --later it looks at\n" +
			"the photos when descry index runs, or in the window.",
		Example: "  descry models use ViT-B-32__openai\n  descry models use starter",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, id := cmd.Context(), args[0]
			if now && later {
				return usagef("models use takes one of --now and --later")
			}
			r := spool.Request{Verb: spool.Model, Model: id, Do: "use"}
			if now {
				r.Do = "now"
			}
			return c.withWriter(ctx, r, func(a *app.App) error {
				a.Serve(ctx)
				defer a.FinishServing()
				use := a.UseModel
				if now {
					use = a.UseModelNow
				}
				if err := use(ctx, id); err != nil {
					return err
				}
				if later {
					return c.printComing(ctx, a)
				}
				meter := c.newMeter()
				report, err := a.LookAgain(ctx, meter.show)
				meter.done()
				if err != nil {
					return err
				}
				c.partly = len(report.Failed) > 0
				for _, note := range report.Notes {
					c.message("%s", note)
				}
				for _, f := range report.Failed {
					c.message("Could not %s %s: %s", failedAt(f.Stage), f.Path, f.Reason)
				}
				st, err := a.Status(ctx)
				if err != nil {
					return err
				}
				if st.Coming.Model == "" && st.Pending > 0 {
					c.message("%s that it has not seen, or that are new: descry index looks at them.", count(st.Pending, "photo"))
				}
				return c.printModels(ctx, a)
			}, func(spool.Answer) error {
				c.message("The process that writes the library does it.")
				return c.withApp(ctx, AccessRead, func(a *app.App) error {
					return c.printComing(ctx, a)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "use it at once, whatever it has looked at")
	cmd.Flags().BoolVar(&later, "later", false, "look at no photo now; descry index does")
	return cmd
}

func (c *call) modelsForgetCmd() *cobra.Command {
	return &cobra.Command{
		Use: "forget ID", Short: "Remove what a model found in the photos; nothing undoes that", Args: exactly(1, "the id of a model"),
		Long: "Removes the vectors and suggestions of a model that is not in use, also of one that is not here any\n" +
			"more, and frees what they take. Nothing undoes it: whoever uses the model again has it look at all\n" +
			"photos. What you said, your tags included, stays.",
		Example: "  descry models forget ViT-B-32__openai",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				freed, err := a.ForgetVectors(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if !c.json {
					c.print("Removed %s of %s, %s.", count(freed.Vectors, "vector"), args[0], megabytes(freed.Bytes))
					return nil
				}
				return c.document(map[string]any{"id": args[0], "vectors": freed.Vectors, "vector_bytes": freed.Bytes})
			})
		},
	}
}

// comingText says how far a model that comes has got, "" for none.
func comingText(m app.Coming) string {
	if m.Model == "" {
		return ""
	}
	if m.Problem != "" {
		return fmt.Sprintf("%s cannot look at the photos: %s", m.Model, m.Problem)
	}
	s := fmt.Sprintf("%s has looked at %.0f %% of the photos (%s to come", m.Model, math.Floor(100*m.Share()), count(m.Waiting, "photo"))
	if m.Away > 0 {
		s += fmt.Sprintf(", %d not at hand", m.Away)
	}
	return s + ") and is used when it has seen them all: descry index goes on."
}

// vectors says what a model's vectors take.
func (m modelDocument) vectors() string {
	return fmt.Sprintf("%s kept, %s", count(m.Vectors, "vector"), megabytes(m.VectorBytes))
}

// megabytes writes bytes as "1.9 GB", "12 MB", "1.3 MB" or "40 kB".
func megabytes(n int64) string {
	switch mb := float64(n) / 1e6; {
	case mb >= 1000:
		return fmt.Sprintf("%.1f GB", mb/1000)
	case mb >= 10:
		return fmt.Sprintf("%.0f MB", mb)
	case mb >= 1:
		return fmt.Sprintf("%.1f MB", mb)
	default:
		return fmt.Sprintf("%.0f kB", 1000*mb)
	}
}

// printComing says how far the model has come that is to take over, and lists the models.
func (c *call) printComing(ctx context.Context, a *app.App) error {
	st, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if s := comingText(st.Coming); s != "" {
		c.message("%s", s)
	}
	return c.printModels(ctx, a)
}
