package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

func (c *call) modelsCmd() *cobra.Command {
	models := &cobra.Command{
		Use: "models", Short: "Model bundles", Args: noVerb, RunE: needsVerb,
		Example: "  descry models list\n  descry models install ViT-B-32__openai\n  descry models add ~/Downloads/ViT-B-32__openai",
	}
	models.AddCommand(c.modelsListCmd(), c.modelsInstallCmd(), c.modelsAddCmd(), c.modelsConvertCmd(), c.modelsUseCmd(), c.modelsRemoveCmd(), c.modelsForgetCmd(), c.modelsVerifyCmd())
	return models
}

func (c *call) modelsRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove an added model; its vectors are kept", Args: exactly(1, "the id of a model"),
		Example: "  descry models remove ViT-B-32__openai",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				if err := a.RemoveModel(cmd.Context(), args[0]); err != nil {
					return err
				}
				return c.printModels(cmd.Context(), a)
			})
		},
	}
}

func (c *call) modelsVerifyCmd() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Check and test every model at hand", Args: noArgs, Example: "  descry models verify",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				checked, err := a.VerifyModels(cmd.Context())
				if err != nil {
					return err
				}
				faults := 0
				for _, m := range checked {
					if m.Problem != "" {
						faults++
					}
				}
				if err := c.printModelList(checked); err != nil {
					return err
				}
				if faults > 0 {
					return errors.New(count(faults, "model") + " with a fault")
				}
				return nil
			})
		},
	}
}

func (c *call) printModels(ctx context.Context, a *app.App) error {
	all, err := a.Models(ctx)
	if err != nil {
		return err
	}
	gone, err := a.GoneModels(ctx)
	if err != nil {
		return err
	}
	if err := c.printModelList(append(all, gone...)); err != nil || c.json {
		return err
	}
	return c.printUnfinished(a)
}

func (c *call) printModelList(all []app.ModelInfo) error {
	docs := make([]modelDocument, 0, len(all))
	for _, m := range all {
		docs = append(docs, modelDocumentOf(m))
	}
	if c.json {
		return c.document(docs)
	}
	for _, m := range docs {
		if m.Gone {
			c.print("  %s  not here any more; %s", m.ID, m.vectors())
			continue
		}
		mark := " "
		if m.InUse {
			mark = "*"
		}
		c.print("%s %s  %s, vectors of %d numbers, pictures of %d px, %s, %.0f MB%s", mark, m.ID, m.Name, m.Dim, m.InputSize,
			strings.Join(m.Languages, " "), float64(m.Bytes)/1e6, m.speed())
		if m.Licence != "" {
			c.print("    %s", m.Licence)
		}
		if m.Device != "" {
			c.print("    %s", m.Device)
		}
		if m.Note != "" {
			c.print("    %s", m.Note)
		}
		if m.Memory > 0 {
			c.print("    takes about %s of memory", megabytes(m.Memory))
		}
		if m.Tight != "" {
			c.print("    %s", m.Tight)
		}
		if m.Coming {
			c.print("    It looks at the photos, and is used when it has seen them all.")
		}
		if m.Vectors > 0 {
			c.print("    %s", m.vectors())
		}
		if m.Problem != "" {
			c.print("    FAULT: %s", m.Problem)
		}
	}
	return nil
}
