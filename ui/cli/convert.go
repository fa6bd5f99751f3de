package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

// conversionDocument is a model that was added or made, and how it came about.
type conversionDocument struct {
	modelDocument
	From string `json:"from,omitempty"`
	conversionFields
	Offer string `json:"offer,omitempty"` // precision that suits this machine better
}

// conversionFields say how near a converted model is to its original.
type conversionFields struct {
	Distance     float64 `json:"distance,omitempty"`      // largest cosine distance of sample pictures to the original
	TextDistance float64 `json:"text_distance,omitempty"` // the same of phrases
	Pictures     int     `json:"pictures,omitempty"`
	Texts        int     `json:"texts,omitempty"`
}

func conversionFieldsOf(c app.Conversion) conversionFields {
	return conversionFields{c.Distance, c.TextDistance, c.Pictures, c.Texts}
}

func (c *call) modelsAddCmd() *cobra.Command {
	precision := app.PrecisionAuto
	cmd := &cobra.Command{
		Use: "add DIR", Short: "Check a model folder, test it and copy it in", Args: exactly(1, "one model folder"),
		Long: "Check a model folder, test it and copy it in.\n\n" +
			"Of a model that is there in several precisions one is copied: int8 for a processor, fp16 for a GPU, unless you say which. " +
			"A float32 model is converted when you ask for int8 or fp16 and the folder has none.",
		Example: "  descry models add ~/Downloads/ViT-B-32__openai\n  descry models add --precision int8 ~/Downloads/ViT-B-32__openai",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				m := c.newMeter()
				made, offer, err := a.AddModelAs(cmd.Context(), args[0], precision, m.show)
				m.done()
				if err != nil {
					return err
				}
				return c.printConversion(made, offer, "Added")
			})
		},
	}
	cmd.Flags().StringVar(&precision, "precision", precision, "`PRECISION` of the weights: auto (what suits this machine), fp32, fp16 or int8")
	return cmd
}

func (c *call) modelsConvertCmd() *cobra.Command {
	to := "int8"
	cmd := &cobra.Command{
		Use: "convert ID", Short: "Make a small and fast model of a float32 one, on this machine", Args: exactly(1, "the id of a model"),
		Long: "Make an int8 model (for a processor) or an fp16 model (for a GPU) of a float32 one, on this machine. The original stays. " +
			"Both look at the sample photos, and a model that is too far from the original is not kept. " +
			"Its vectors are others: photos are looked at again when you use it.",
		Example: "  descry models convert ViT-L-14__openai --to int8",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				m := c.newMeter()
				made, err := a.ConvertModel(cmd.Context(), args[0], to, m.show)
				m.done()
				if err != nil {
					return err
				}
				return c.printConversion(made, "", "Made")
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", to, "`PRECISION`: int8 or fp16")
	return cmd
}

// printConversion says what became of a model.
func (c *call) printConversion(made app.Conversion, offer, verb string) error {
	m := made.Model
	if c.json {
		return c.document(conversionDocument{modelDocumentOf(m), made.From, conversionFieldsOf(made), offer})
	}
	size := fmt.Sprintf("%.0f MB", float64(m.Bytes)/1e6)
	if made.OriginalBytes > 0 {
		size += fmt.Sprintf(" instead of %.0f MB", float64(made.OriginalBytes)/1e6)
	}
	c.print("%s %s (%s), %s, %s. Use it with: descry models use %s", verb, m.ID, m.Name, m.Precision, size, m.ID)
	if made.Pictures > 0 {
		c.print("Vectors differ from the original's by at most %.4f (%s) and %.4f (%s), as cosine distance.",
			made.Distance, count(made.Pictures, "sample photo"), made.TextDistance, count(made.Texts, "phrase"))
	}
	c.printConvertible(m.ID, offer)
	return nil
}

// printConvertible offers to convert a model to a precision, "" being none.
func (c *call) printConvertible(id, offer string) {
	switch offer {
	case "":
	case "int8":
		c.print("As int8 it would be about three times as fast on this machine, with a quarter of the memory: descry models convert %s --to int8", id)
	default:
		c.print("As %s it would suit this machine better: descry models convert %s --to %s", offer, id, offer)
	}
}
