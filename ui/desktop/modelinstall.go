package desktop

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// Installing is what the window asks of downloads.
type Installing interface {
	PlanInstall(ctx context.Context, id string, o app.InstallOptions) (app.InstallPlan, error)
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

// share says what share of it is there, from 0 to 1.
func (d *download) share() float64 {
	if d.progress.Total <= 0 {
		return 0
	}
	return min(1, float64(d.progress.Done)/float64(d.progress.Total))
}

// text says how far a download is.
func (d *download) text() string {
	p := d.progress
	if d.stop == nil {
		return tr("stopped; {{.Done}} of {{.Total}} are here", with{"Done": bytesText(p.Done), "Total": bytesText(max(p.Total, p.Done))})
	}
	switch {
	case p.Testing:
		return tr("all is here; it is tested now")
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

// askInstall tells what a download would bring, and begins it.
func (w *window) askInstall(o app.Offer) {
	w.loop.Go(func() func() {
		plan, err := w.b.PlanInstall(w.ctx, o.ID, app.InstallOptions{})
		return func() {
			if err != nil {
				w.fail(tr("The model cannot be downloaded"), err)
				return
			}
			w.closeSheet()
			w.ask(w.installQuestion(o, plan))
		}
	})
}

func (w *window) installQuestion(o app.Offer, plan app.InstallPlan) question {
	size := bytesText(plan.Bytes)
	if !plan.Known {
		size = tr("about {{.Size}}", with{"Size": size})
	}
	body := []fyne.CanvasObject{
		paragraph(tr("It comes over the internet, from {{.Where}} ({{.Repo}}): {{.Size}}, which it takes on the disk, too. Nothing is sent but the request.",
			with{"Where": plan.Where, "Repo": plan.Repo, "Size": size})),
		paragraph(tr("It needs about {{.Size}} of memory while it runs ({{.Precision}}).", with{"Size": bytesText(plan.Memory), "Precision": string(plan.Precision)})),
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
	q := question{
		title: tr("Download {{.Model}}?", with{"Model": o.Name}), yes: tr("Download"), no: tr("Not now"),
		do:  func() { w.install(o.ID, plan, app.InstallOptions{}); w.showModel(o.ID) },
		not: w.later(func() { w.showModel(o.ID) }),
	}
	if plan.Restricted {
		licence = withIcon(theme.WarningIcon(), theme.ColorNameWarning, look.NewParagraph(tr("Its licence forbids some uses. {{.Licence}}", with{"Licence": plan.Licence + ". " + plan.LicenceNote})))
		q.yes, q.grave = tr("Accept the licence and download"), true
		q.do = func() { w.install(o.ID, plan, app.InstallOptions{AcceptLicence: true}); w.showModel(o.ID) }
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
		if stopped && d.dropping {
			err = w.b.RemoveModel(context.WithoutCancel(w.ctx), plan.ID)
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
		w.working.SetText(tr("Downloading {{.Model}}: {{.Text}}", with{"Model": d.plan.Name, "Text": fmt.Sprintf("%.0f %%", 100*d.share())}))
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
		if u.ID == c.offer.ID || u.ID == c.offer.ID+"-"+string(c.offer.Precision) {
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
		button(tr("Download …"), tr("Download this model, after a question"), !p.readOnly, func() { w.askInstall(o) })
	case d.stop != nil:
		button(tr("Pause"), tr("Stop the download; what came is kept"), !d.progress.Testing, d.stop)
		button(tr("Cancel"), tr("Stop the download and delete what came"), true, func() { d.dropping = true; d.stop() })
	default:
		button(tr("Go on …"), tr("Go on with the download"), !p.readOnly, func() { w.askInstall(o) })
		button(tr("Delete what came"), tr("Delete what came of this model"), !p.readOnly, func() { p.dropDownload(d) })
	}
}

// dropDownload deletes what came of a model.
func (p *modelPicker) dropDownload(d *download) {
	w := p.w
	w.loop.Go(func() func() {
		err := w.b.RemoveModel(w.ctx, d.plan.ID)
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
