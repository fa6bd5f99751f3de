package desktop

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// Installing is what the window asks of downloads.
type Installing interface {
	InstallChoices(ctx context.Context, id string) ([]app.InstallChoice, error)
	InstallModel(ctx context.Context, id string, o app.InstallOptions, progress func(app.InstallProgress)) (app.Conversion, error)
	UnfinishedInstalls() ([]app.Unfinished, error)
}

// download is a model that is being downloaded, or whose download stands still.
type download struct {
	id       string // in the catalogue
	plan     app.InstallPlan
	options  app.InstallOptions
	progress app.InstallProgress
	stop     context.CancelFunc // nil while it stands still
	dropping bool               // it was stopped for good
	wrong    string             // why it stands still, "" where the person stopped it
}

// share says what share of it is done, from 0 to 1. What is converted afterwards is counted as
// three tenths, of which half is testing.
func (d *download) share() float64 {
	p := d.progress
	part := 0.0
	if p.Total > 0 {
		part = min(1, float64(p.Done)/float64(p.Total))
	}
	switch {
	case !d.plan.Convert:
		return part
	case p.Converting && p.Testing:
		return .85 + .15*part
	case p.Converting:
		return .7 + .15*part
	}
	return .7 * part
}

// text says how far a download is.
func (d *download) text() string {
	p := d.progress
	if d.stop == nil && p.Converting {
		return tr("Stopped. The download is complete; “Go on” finishes the rest.")
	}
	if d.stop == nil {
		return tr("stopped; {{.Done}} of {{.Total}} are here", with{"Done": bytesText(p.Done), "Total": bytesText(max(p.Total, p.Done))})
	}
	switch {
	case p.Converting && p.Testing && p.Total > 0:
		return tr("Converted. Checking it against the original: {{.Done}} of {{.Total}}", with{"Done": number(int(p.Done)), "Total": number(int(p.Total))})
	case p.Testing:
		return tr("Downloaded. Testing it …")
	case p.Converting:
		return tr("Downloaded. Converting to {{.Precision}}: {{.Done}}", with{"Precision": string(d.plan.Precision), "Done": percent(float64(p.Done) / float64(max(p.Total, 1)))})
	case p.Total == 0:
		return tr("asking …")
	}
	parts := []string{tr("{{.Done}} of {{.Total}}", with{"Done": bytesText(p.Done), "Total": bytesText(p.Total)})}
	if p.PerSecond > 0 {
		parts = append(parts, bytesText(int64(p.PerSecond))+"/s")
	}
	if p.Left > 0 {
		parts = append(parts, timeLeft(p.Left))
	}
	return strings.Join(parts, " · ")
}

// askInstall tells what a download would bring, and begins it, or goes on with the one of a model
// that was begun ("": none was).
func (w *window) askInstall(o app.Offer, begun string) {
	w.loop.Go(func() func() {
		choices, err := w.b.InstallChoices(w.ctx, o.ID)
		return func() {
			if err != nil {
				w.fail(tr("The model cannot be downloaded"), err)
				return
			}
			w.closeSheet()
			w.ask(w.installQuestion(o, choices, begun))
		}
	})
}

// installQuestion asks whether a model is to be downloaded, and where there is a choice, in which
// precision.
func (w *window) installQuestion(o app.Offer, choices []app.InstallChoice, begun string) question {
	plan := choices[0].InstallPlan
	q := question{
		title: tr("Download {{.Model}}?", with{"Model": o.Name}), yes: tr("Download"), no: tr("Not now"),
		not: w.later(func() { w.showModel(o.ID) }),
	}
	chosen := func() app.InstallPlan { return plan }
	var body []fyne.CanvasObject
	if len(choices) == 1 {
		body = []fyne.CanvasObject{
			paragraph(tr("It is downloaded from {{.Where}} ({{.Repo}}): {{.Size}}, which it takes on the disk, too. Nothing about you or your photos is sent.",
				with{"Where": plan.Where, "Repo": plan.Repo, "Size": sizeOf(plan)})),
			paragraph(tr("It needs about {{.Size}} of memory while it runs ({{.Precision}}).", with{"Size": bytesText(plan.Memory), "Precision": string(plan.Precision)})),
		}
	} else {
		q.width = precisionWidth
		list := w.newPrecisionList(choices, begun, func() { call(w.sheet.yes) })
		chosen = func() app.InstallPlan { return list.choice().InstallPlan }
		plan = list.choice().InstallPlan
		body = []fyne.CanvasObject{
			paragraph(tr("It is downloaded from {{.Where}} ({{.Repo}}). Choose the form below. Nothing about you or your photos is sent.", with{"Where": plan.Where, "Repo": plan.Repo})),
			container.New(ownHeight{precisionRow * float32(len(choices))}, list),
		}
	}
	if plan.There > 0 {
		body = append(body, secondary(tr("{{.Size}} of it are here already.", with{"Size": bytesText(plan.There)})))
	}
	if plan.Images != "" {
		body = append(body, paragraph(tr("It goes with the pictures of {{.Model}}: no photo is looked at again.", with{"Model": plan.Images})))
	}
	if plan.Unverified {
		body = append(body, paragraph(tr("Whether it is published there could not be verified.")))
	}
	licence := paragraph(tr("Licence: {{.Licence}}", with{"Licence": plan.Licence + ". " + plan.LicenceNote}))
	if plan.Restricted {
		licence = withIcon(theme.WarningIcon(), theme.ColorNameWarning, look.NewParagraph(tr("Its licence forbids some uses. {{.Licence}}", with{"Licence": plan.Licence + ". " + plan.LicenceNote})))
		q.yes, q.grave = tr("Accept the licence and download"), true
	}
	q.do = func() {
		p := chosen()
		w.install(o.ID, p, app.InstallOptions{Precision: string(p.Precision), AcceptLicence: plan.Restricted})
		w.showModel(o.ID)
	}
	q.body = append(body, licence)
	return q
}

// install begins a download, or goes on with one.
func (w *window) install(id string, plan app.InstallPlan, options app.InstallOptions) {
	if d := w.downloads[id]; d != nil && d.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(w.ctx)
	d := &download{id: id, plan: plan, options: options, stop: stop, progress: app.InstallProgress{Done: plan.There, Total: plan.Bytes}}
	if w.downloads == nil {
		w.downloads = map[string]*download{}
	}
	w.downloads[id] = d
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		made, err := w.b.InstallModel(ctx, id, options, func(p app.InstallProgress) {
			w.loop.PostLatest(d, func() { d.progress = p; w.showDownload(d) })
		})
		stopped := ctx.Err() != nil
		stop()
		if ctx := context.WithoutCancel(w.ctx); stopped && d.dropping && err != nil {
			err = w.removeBegun(ctx, d)
		} else if stopped && d.dropping {
			err = w.b.RemoveModel(ctx, plan.ID) // it was whole already
		}
		return func() { w.installed(d, made.Model, err, stopped) }
	})
	w.showDownload(d)
}

// pauseDownloads stops all downloads, of which what came is kept, a conversion and a comparison.
func (w *window) pauseDownloads() {
	for _, d := range w.downloads {
		call(d.stop)
	}
	if w.conversion != nil {
		w.conversion.stop()
	}
	if w.compared.running() {
		w.compared.stop()
	}
}

// installed says how a download ended.
func (w *window) installed(d *download, m app.ModelInfo, err error, stopped bool) {
	d.stop = nil
	w.working.SetText("")
	switch {
	case stopped && d.dropping:
		delete(w.downloads, d.id)
		if err != nil {
			w.log.Warn("what came of a model could not be removed", "error", err)
		}
	case stopped:
	case err != nil:
		d.wrong = installFault(err)
		w.log.Error("a model could not be installed", "error", err)
		w.toast.Show(tr("{{.Model}} could not be downloaded: {{.Why}}", with{"Model": d.plan.Name, "Why": d.wrong}), "", nil)
	default:
		delete(w.downloads, d.id)
		w.toast.Show(tr("{{.Model}} is here, tested and measured.", with{"Model": modelName(m)}), tr("Use it"), func() { w.useModel(m) })
		if w.models != nil && w.models.open() {
			w.showModel(m.ID)
			return
		}
	}
	w.showDownload(d)
}

// installFault is why a download failed, and what can be done.
func installFault(err error) string {
	text := sentence(err)
	var known app.InstallError
	if errors.As(err, &known) && known.Fix != "" {
		text += " " + known.Fix
	}
	return text
}

// showDownload brings what is on the screen of a download up to date.
func (w *window) showDownload(d *download) {
	if d.stop != nil {
		text := tr("Downloading {{.Model}}: {{.Text}}", with{"Model": d.plan.Name, "Text": percent(d.share())})
		if d.progress.Converting {
			text = tr("Converting {{.Model}}: {{.Done}}", with{"Model": d.plan.Name, "Done": percent(d.share())})
		}
		w.working.SetText(text)
	}
	p := w.models
	if p == nil || !p.open() {
		return
	}
	p.list.Refresh()
	if p.marked == d.id {
		p.showBar(d)
	}
}

// showBar brings the bar at the right up to date; the buttons are others only where the
// download began or ended.
func (p *modelPicker) showBar(d *download) {
	if p.bar == nil || p.barFor != d || p.barRuns != (d.stop != nil) {
		p.at(p.list.at)
		return
	}
	p.bar.SetValue(d.share())
	p.barText.SetText(d.text())
}

// addBar adds how far a download is to what stands at the right.
func (p *modelPicker) addBar(d *download) {
	p.bar, p.barText, p.barFor, p.barRuns = widget.NewProgressBar(), p.plain.NewSmall(d.text()), d, d.stop != nil
	p.bar.SetValue(d.share())
	p.detail.Add(p.bar)
	p.detail.Add(p.barText)
	if d.wrong != "" {
		p.detail.Add(withIcon(theme.ErrorIcon(), theme.ColorNameError, look.NewParagraph(d.wrong)))
	}
}

// downloadOf is the download of a model, nil where there is none.
func (p *modelPicker) downloadOf(c modelChoice) *download {
	if c.here != nil {
		return nil
	}
	if d := p.w.downloads[c.offer.ID]; d != nil {
		return d
	}
	for _, u := range p.unfinished {
		if u.ID == c.offer.ID || u.Model == c.offer.ID {
			return &download{id: c.offer.ID, plan: app.InstallPlan{ID: u.ID, Model: c.offer.Model}, progress: app.InstallProgress{Done: u.Done, Total: u.Total}}
		}
	}
	return nil
}

// downloadButtons are what can be done with a model that can be had.
func (p *modelPicker) downloadButtons(c modelChoice, button func(text, name string, can bool, f func()) *look.Button) {
	w, o := p.w, *c.offer
	d := p.downloadOf(c)
	switch {
	case d == nil:
		button(tr("Download …"), tr("Download this model, after a question"), !p.readOnly, func() { w.askInstall(o, "") })
	case d.stop != nil:
		button(tr("Pause"), tr("Stop the download; what came is kept"), !d.progress.Testing || d.progress.Converting, d.stop)
		button(tr("Cancel"), tr("Stop the download and delete what came"), true, func() { d.dropping = true; d.stop() })
	default:
		button(tr("Go on …"), tr("Go on with the download"), !p.readOnly, func() { w.askInstall(o, d.plan.ID) })
		button(tr("Delete what came"), tr("Delete what came of this model"), !p.readOnly, func() { p.dropDownload(d) })
	}
}

// dropDownload deletes what came of a model.
func (p *modelPicker) dropDownload(d *download) {
	w := p.w
	w.loop.Go(func() func() {
		err := w.removeBegun(w.ctx, d)
		return func() {
			if err != nil {
				w.fail(tr("That could not be removed"), err)
				return
			}
			delete(w.downloads, d.id)
			w.showModel(d.id)
		}
	})
}

// removeBegun removes what came of a model, under whichever id of it.
func (w *window) removeBegun(ctx context.Context, d *download) error {
	list, err := w.b.UnfinishedInstalls()
	for _, u := range list {
		if u.ID == d.plan.ID || u.Model == d.id {
			err = errors.Join(err, w.b.RemoveModel(ctx, u.ID))
		}
	}
	return err
}
