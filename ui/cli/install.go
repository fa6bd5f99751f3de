package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"descry/ui/app"
)

// installDocument is an installed model as JSON.
type installDocument struct {
	modelDocument
	Repository string `json:"repository"`
	From       string `json:"from"`
	Offer      string `json:"offer,omitempty"` // precision that suits this machine better
	conversionFields
}

func (c *call) modelsInstallCmd() *cobra.Command {
	var o app.InstallOptions
	install := &cobra.Command{
		Use: "install ID", Short: "Download a model of the catalogue, check and test it", Args: exactly(1, "the id of a model"),
		Long: "Downloads a model of the catalogue (descry models list --all), checks every file against the\n" +
			"digest that is published of it, tests the model and puts it among those at hand. A download\n" +
			"that was stopped goes on where it was when the same command is run again; descry models\n" +
			"remove ID drops it. Models come from " + publicHub + ", or from the mirror that is set:\n" +
			"descry config set models_from ADDRESS-OR-FOLDER. Nothing is sent but the request.\n\n" +
			"Without --precision the variant is taken that suits this machine best among those that are\n" +
			"published. One that is not published is made here of the float32 model, which is downloaded for\n" +
			"that and removed afterwards, unless you say --keep-original. It is a model of its own, ID-int8 or\n" +
			"ID-fp16.",
		Example: "  descry models install ViT-B-32__openai\n  descry models install ViT-L-14__openai --precision int8\n" +
			"  descry models install nllb-clip-base-siglip__v1 --accept-licence",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				return c.install(cmd.Context(), a, args[0], o)
			})
		},
	}
	f := install.Flags()
	f.StringVar(&o.Precision, "precision", app.PrecisionAuto, "`PRECISION` of the weights: auto (what suits this machine), fp32, fp16 or int8")
	f.BoolVar(&o.AcceptLicence, "accept-licence", false, "accept a licence that forbids some uses")
	f.BoolVar(&o.KeepOriginal, "keep-original", false, "keep the float32 model that int8 or fp16 is made of, too")
	f.BoolVar(&o.Fresh, "fresh", false, "begin anew, and take files that changed since they were seen first")
	return install
}

// publicHub is where models come from when no mirror is set.
const publicHub = "huggingface.co"

func (c *call) install(ctx context.Context, a *app.App, id string, o app.InstallOptions) error {
	plan, err := a.PlanInstall(ctx, id, o)
	if err != nil {
		return err
	}
	c.sayPlan(plan, o.KeepOriginal)
	if plan.Restricted && !o.AcceptLicence && plan.From == "" {
		if o.AcceptLicence, err = c.ask(ctx, "Do you accept this licence? [y/N] "); err != nil {
			return err
		}
	}
	m := c.newMeter()
	made, err := a.InstallModel(ctx, id, o, func(p app.InstallProgress) { showInstall(m, plan, p) })
	m.done()
	switch {
	case errors.Is(err, app.ErrLicence):
		return err
	case err != nil && ctx.Err() != nil:
		if plan.From != "" {
			return withFix(err, "To begin anew: "+installCommand(id, o))
		}
		download := plan.ID
		if plan.Convert && o.KeepOriginal { // it is that of the float32 model
			download = plan.Model.ID
		}
		return withFix(err, "What came is kept. To go on: "+installCommand(id, o)+". To drop it: descry models remove "+download)
	case err != nil:
		return err
	}
	model, offer := made.Model, ""
	if !plan.Convert {
		offer = a.ConversionOffer(ctx, model.ID)
	}
	if c.json {
		return c.document(installDocument{modelDocumentOf(model), plan.Repo, plan.Where, offer, conversionFieldsOf(made)})
	}
	if plan.Convert {
		return c.printConversion(made, "", "Installed")
	}
	c.print("Installed %s (%s). Use it with: descry models use %s", model.ID, model.Name, model.ID)
	c.printConvertible(model.ID, offer)
	return nil
}

// installCommand is what a person types to go on with an installation.
func installCommand(id string, o app.InstallOptions) string {
	command := "descry models install " + id
	if o.Precision != app.PrecisionAuto {
		command += " --precision " + o.Precision
	}
	if o.KeepOriginal {
		command += " --keep-original"
	}
	return command
}

// showInstall shows how far an installation is.
func showInstall(m *meter, plan app.InstallPlan, p app.InstallProgress) {
	shown := app.Progress{Job: "Downloading", Done: int(p.Done), Total: int(p.Total), PerSecond: p.PerSecond, Left: p.Left, Path: p.File}
	m.text = downloadText
	switch {
	case p.Converting && p.Testing && p.Total > 0:
		shown.Job, m.text = "Comparing with the original", nil
	case p.Testing:
		shown = app.Progress{Job: app.JobTesting}
	case p.Converting:
		shown.Job = "Making " + string(plan.Precision)
	}
	m.show(shown)
}

// sayPlan tells what is going to be downloaded.
func (c *call) sayPlan(p app.InstallPlan, keep bool) {
	about := ""
	if !p.Known {
		about = "about "
	}
	languages := "queries in English"
	if p.Multilingual() {
		languages = "queries in many languages"
	}
	switch {
	case p.From != "":
		c.message("%s, %s, made here of %s, which stays; nothing is downloaded", p.Name, p.Precision, p.From)
		c.message("  %s on disk, about %s of memory while it is used; %s", megabytes(p.Disk), megabytes(p.Memory), languages)
	case p.Convert:
		c.message("%s, %s, made here of fp32, from %s on %s", p.Name, p.Precision, p.Repo, p.Where)
		c.message("  %s%s to download, about %s on disk in the end and %s on the way, about %s of memory while it is used; %s",
			about, megabytes(p.Bytes), megabytes(p.Disk), megabytes(p.Peak), megabytes(p.Memory), languages)
		if keep {
			c.message("  The fp32 model stays, too, as %s.", p.Model.ID)
		} else {
			c.message("  The fp32 download is removed when %s is made; to keep it as a model, too: --keep-original", p.ID)
		}
	default:
		c.message("%s, %s, from %s on %s", p.Name, p.Precision, p.Repo, p.Where)
		c.message("  %s%s to download and on disk, about %s of memory while it is used; %s", about, megabytes(p.Bytes), megabytes(p.Memory), languages)
	}
	if p.Offer != "" {
		c.message("  As %s it would suit this machine better. It is not published so, and can be made here instead: descry models install %s --precision %s",
			p.Offer, p.Model.ID, p.Offer)
	}
	if p.Tight != "" {
		c.message("  %s", p.Tight)
	}
	mark := ""
	if p.Restricted {
		mark = "RESTRICTED: "
	}
	c.message("  Licence: %s%s. %s", mark, p.Licence, p.LicenceNote)
	if p.Images != "" {
		c.message("  It knows texts only and is used with the pictures of %s, which need not be looked at again.", p.Images)
	}
	if p.Open {
		c.message("  The connection is not encrypted: who is on the way may see and change what comes.")
	}
	if p.Unverified {
		c.message("  Where it is published could not be verified; it may not be found. %s", p.Note)
	} else if p.Note != "" {
		c.message("  %s", p.Note)
	}
	if p.There > 0 {
		c.message("  %s of it are here from an earlier download.", megabytes(p.There))
	}
}

// ask asks a person at a terminal, and nobody else.
func (c *call) ask(ctx context.Context, question string) (bool, error) {
	in, ok := c.env.In.(*os.File)
	if !ok || !c.env.Tty || c.json || c.quiet || !term.IsTerminal(int(in.Fd())) {
		return false, nil
	}
	fmt.Fprint(c.env.Err, question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		answers <- line
	}()
	select {
	case line := <-answers:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(c.env.Err)
		return false, context.Cause(ctx)
	}
}

// downloadText is "Downloading: 123 MB of 605 MB, 12.3 MB/s, 40 s left, visual/model.onnx".
func downloadText(p app.Progress) string {
	if p.Total == 0 {
		return p.Job
	}
	text := fmt.Sprintf("%s: %s of %s", p.Job, megabytes(int64(p.Done)), megabytes(int64(p.Total)))
	if p.PerSecond > 0 {
		text += fmt.Sprintf(", %s/s", megabytes(int64(p.PerSecond)))
	}
	if p.Left > 0 {
		text += ", " + leftText(p.Left) + " left"
	}
	if p.Path != "" {
		text += ", " + p.Path
	}
	return text
}

// printUnfinished offers to go on with downloads that were not finished.
func (c *call) printUnfinished(a *app.App) error {
	list, err := a.UnfinishedInstalls()
	if err != nil {
		return err
	}
	for _, u := range list {
		c.print("  %s  %s of %s are downloaded. To go on: descry models install %s. To drop it: descry models remove %s",
			u.ID, megabytes(u.Done), megabytes(u.Total), u.ID, u.ID)
	}
	return nil
}
