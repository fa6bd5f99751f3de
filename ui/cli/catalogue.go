package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

// offerDocument is a model of the catalogue as JSON. A figure that nobody published or that
// cannot be estimated is left out.
type offerDocument struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Family         string          `json:"family"`
	Installed      string          `json:"installed"`
	Repository     string          `json:"repository"`
	Layout         string          `json:"layout"`
	Precision      string          `json:"precision"`
	Precisions     []string        `json:"precisions"`
	Licence        string          `json:"licence"`
	Note           string          `json:"note"`
	Restricted     bool            `json:"restricted"`
	Languages      []string        `json:"languages"`
	Dim            int             `json:"dim"`
	InputSize      int             `json:"input_size"`
	Bytes          int64           `json:"bytes"`
	BytesEstimated bool            `json:"bytes_estimated"`
	MemoryMiB      int             `json:"memory_mib"`
	PerSecond      float64         `json:"photos_per_second_estimated,omitempty"`
	Scores         *scoresDocument `json:"scores,omitempty"`
	ImageTower     string          `json:"image_tower,omitempty"`
	Export         *exportDocument `json:"export,omitempty"`
	Unverified     bool            `json:"unverified"`
	About          string          `json:"about,omitempty"`
	Tight          string          `json:"tight,omitempty"`
}

// scoresDocument holds published scores in percent.
type scoresDocument struct {
	ImageNet    float64 `json:"imagenet_top1,omitempty"`
	TextToImage float64 `json:"coco_text_to_image_r1,omitempty"`
	ImageToText float64 `json:"coco_image_to_text_r1,omitempty"`
	XM3600      float64 `json:"xm3600_r1,omitempty"`
	English     float64 `json:"xm3600_english,omitempty"`
	German      float64 `json:"xm3600_german,omitempty"`
	Arabic      float64 `json:"xm3600_arabic,omitempty"`
	Source      string  `json:"source"`
}

type exportDocument struct {
	Library    string `json:"library"`
	Name       string `json:"name"`
	Pretrained string `json:"pretrained,omitempty"`
}

func offerDocumentOf(o app.Offer) offerDocument {
	d := offerDocument{
		ID: o.ID, Name: o.Name, Family: o.Family, Installed: o.Installed, Repository: o.Repo, Layout: string(o.Layout),
		Precision: string(o.Precision), Precisions: []string{}, Licence: o.Licence, Note: o.LicenceNote, Restricted: o.Restricted,
		Languages: o.Languages, Dim: o.Dim, InputSize: o.InputSize, Bytes: o.Bytes, BytesEstimated: !o.BytesKnown,
		MemoryMiB: o.MemoryMiB, PerSecond: o.PerSecond, ImageTower: o.ImageTower, Unverified: o.Unverified, About: o.Note, Tight: o.Tight,
	}
	for _, p := range o.Variants {
		d.Precisions = append(d.Precisions, string(p))
	}
	s := o.Scores
	if s.ImageNet+s.TextToImage+s.ImageToText+s.XM3600+s.English+s.German+s.Arabic > 0 {
		d.Scores = &scoresDocument{s.ImageNet, s.TextToImage, s.ImageToText, s.XM3600, s.English, s.German, s.Arabic, s.Source}
	}
	if o.Export != nil {
		d.Export = &exportDocument{o.Export.Library, o.Export.Name, o.Export.Pretrained}
	}
	return d
}

func (c *call) modelsListCmd() *cobra.Command {
	var all bool
	order := "catalogue"
	list := &cobra.Command{
		Use: "list [WORD ...]", Short: "The models at hand, and with --all those that can be had",
		Long: "Lists the models at hand. With --all it adds the catalogue: what each model needs, what\n" +
			"others measured of it, and about how fast it would be on this machine. Words choose the\n" +
			"models whose id, name, family, languages or licence holds all of them.",
		Example: "  descry models list\n  descry models list --all siglip\n  descry models list --all multilingual --sort quality",
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) > 0 && !all {
				return usagef("words choose from the catalogue: descry models list --all %s", strings.Join(words, " "))
			}
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				if all {
					return c.printCatalogue(cmd.Context(), a, words, order)
				}
				return c.printModels(cmd.Context(), a)
			})
		},
	}
	list.Flags().BoolVar(&all, "all", false, "also the models that can be had")
	list.Flags().StringVar(&order, "sort", order, "order of those: catalogue, quality, speed, size, memory")
	return list
}

// orders are the ways in which the catalogue can be sorted, best first.
var orders = map[string]func(x, y app.Offer) int{
	"catalogue": func(x, y app.Offer) int { return 0 },
	"quality":   func(x, y app.Offer) int { return cmp.Compare(y.Quality(), x.Quality()) },
	"speed":     func(x, y app.Offer) int { return cmp.Compare(y.PerSecond, x.PerSecond) },
	"size":      func(x, y app.Offer) int { return cmp.Compare(x.Bytes, y.Bytes) },
	"memory":    func(x, y app.Offer) int { return cmp.Compare(x.MemoryMiB, y.MemoryMiB) },
}

func (c *call) printCatalogue(ctx context.Context, a *app.App, words []string, order string) error {
	by, ok := orders[order]
	if !ok {
		return usagef("--sort %s: it is catalogue, quality, speed, size or memory", order)
	}
	installed, err := a.Models(ctx)
	if err != nil {
		return err
	}
	offers, err := a.Offers(ctx)
	if err != nil {
		return err
	}
	offers = slices.DeleteFunc(offers, func(o app.Offer) bool { return !o.Matches(words) })
	slices.SortStableFunc(offers, by)
	if c.json {
		doc := struct {
			Installed []modelDocument `json:"installed"`
			Catalogue []offerDocument `json:"catalogue"`
		}{[]modelDocument{}, []offerDocument{}}
		for _, m := range installed {
			doc.Installed = append(doc.Installed, modelDocumentOf(m))
		}
		for _, o := range offers {
			doc.Catalogue = append(doc.Catalogue, offerDocumentOf(o))
		}
		return c.document(doc)
	}
	if len(words) == 0 {
		c.print("At hand:\n")
		if err := c.printModelList(installed); err != nil {
			return err
		}
		c.print("\nCan be had with descry models install ID (scores: ImageNet zero-shot, COCO text to image and image to text, in %%; speed and memory are estimates for this machine):\n")
	}
	for _, o := range offers {
		c.printOffer(o)
	}
	if len(offers) == 0 {
		c.print("No model of the catalogue fits.")
	}
	return nil
}

func (c *call) printOffer(o app.Offer) {
	mark := " "
	if o.Installed != "" {
		mark = "+"
	}
	c.print("%s %s  %s", mark, o.ID, o.Name)
	size, about := fmt.Sprintf("%.0f MB", float64(o.Bytes)/1e6), ""
	if !o.BytesKnown {
		size = "about " + size
	}
	if o.PerSecond > 0 {
		about = fmt.Sprintf(", about %s photos/s", rateText(o.PerSecond))
	}
	c.print("    %s, %s (%s), memory %s%s, pictures of %d px", strings.Join(o.Languages, " "), size, o.Precision,
		megabytes(int64(o.MemoryMiB)<<20), about, o.InputSize)
	if o.Tight != "" {
		c.print("    %s", o.Tight)
	}
	if s := scoreText(o); s != "" {
		c.print("    %s", s)
	}
	licence := o.Licence
	if o.Restricted {
		licence = "RESTRICTED: " + licence
	}
	c.print("    %s. %s", licence, o.LicenceNote)
	switch {
	case !o.Published() && o.Export != nil:
		c.print("    Not published in a layout that Descry reads; tools/export makes it (%s, %s).", o.Export.Library, exportName(o))
	case o.Unverified:
		c.print("    Not verified. %s", o.Note)
		return
	}
	if o.Note != "" {
		c.print("    %s", o.Note)
	}
}

func exportName(o app.Offer) string {
	if o.Export.Pretrained == "" {
		return o.Export.Name
	}
	return o.Export.Name + " " + o.Export.Pretrained
}

// scoreText is what others measured of a model.
func scoreText(o app.Offer) string {
	var parts []string
	say := func(what string, value float64) {
		if value > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f", what, value))
		}
	}
	say("ImageNet", o.Scores.ImageNet)
	if o.Scores.TextToImage > 0 {
		parts = append(parts, fmt.Sprintf("COCO %.1f / %.1f", o.Scores.TextToImage, o.Scores.ImageToText))
	}
	text := strings.Join(parts, ", ")
	if text != "" {
		text += " (" + o.Scores.Source + ")"
	}
	parts = nil
	say("English", o.Scores.English)
	say("German", o.Scores.German)
	say("Arabic", o.Scores.Arabic)
	if len(parts) > 0 {
		if text != "" {
			text += "; "
		}
		text += strings.Join(parts, ", ") + " (Immich)"
	}
	return text
}

// rateText is a number of photos a second with two digits that count.
func rateText(r float64) string {
	switch {
	case r >= 10:
		return fmt.Sprintf("%.0f", r)
	case r >= 1:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}
