package desktop

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
)

// Converting is what the window asks of conversions.
type Converting interface {
	ConversionOffer(ctx context.Context, id string) string
	ConvertModel(ctx context.Context, id, to string, progress func(app.Progress)) (app.Conversion, error)
}

// conversion is a model that is being converted to another precision.
type conversion struct {
	model app.ModelInfo
	to    string // "int8" or "fp16"
	now   app.Progress
	stop  context.CancelFunc
}

// share says about how much of a conversion is done, from 0 to 1: testing takes about a tenth,
// and comparing less than the conversion itself.
func (v *conversion) share() float64 {
	switch p := v.now; {
	case p.Job == app.JobTesting && p.Total == 0:
		return .5
	case p.Job == app.JobTesting:
		return .6 + .4*float64(p.Done)/float64(p.Total)
	case p.Total > 0:
		return .5 * float64(p.Done) / float64(p.Total)
	}
	return 0
}

// text says what a conversion does, and how far that is.
func (v *conversion) text() string {
	switch p := v.now; {
	case p.Job == app.JobTesting && p.Total == 0:
		return tr("Step 2 of 3: testing the new model")
	case p.Job == app.JobTesting:
		return tr("Step 3 of 3: checking it against the original, {{.Done}} of {{.Total}}", with{"Done": number(p.Done), "Total": number(p.Total)})
	}
	return tr("Step 1 of 3: converting to {{.Precision}}, {{.Done}}", with{"Precision": v.to, "Done": fmt.Sprintf("%d %%", v.now.Done)})
}

// conversionOf is the conversion of a model at hand that runs, nil where there is none.
func (w *window) conversionOf(id string) *conversion {
	if w.conversion != nil && w.conversion.model.ID == id {
		return w.conversion
	}
	return nil
}

// conversions says to which precisions models at hand can be converted with profit, by their ids.
func (w *window) conversions(models []app.ModelInfo) map[string]string {
	there, offers := map[string]bool{}, map[string]string{}
	for _, m := range models {
		there[m.ID] = true
	}
	for _, m := range models {
		if to := w.b.ConversionOffer(w.ctx, m.ID); to != "" && !there[m.ID+"-"+to] {
			offers[m.ID] = to
		}
	}
	return offers
}

// conversionButton is what can be done about the precision of a model at hand.
func (p *modelPicker) conversionButton(m app.ModelInfo, button func(text, name string, can bool, f func())) {
	if v := p.w.conversionOf(m.ID); v != nil {
		button(tr("Cancel"), tr("Stop converting this model"), true, v.stop)
	} else if to := p.conversions[m.ID]; to != "" {
		button(tr("Convert to {{.Precision}} …", with{"Precision": to}), tr("Make a smaller and faster model of this one"),
			!p.readOnly && p.w.conversion == nil && m.Problem == "", func() { p.w.closeSheet(); p.w.askConvert(m, to) })
	}
}

// askConvert tells what a conversion brings, and begins it.
func (w *window) askConvert(m app.ModelInfo, to string) {
	brings := tr("A model of half the size is made of it on this machine, for a GPU. Nothing is downloaded.")
	if to == "int8" {
		brings = tr("A model of about a quarter of the size is made of it on this machine, about three times as fast on a processor. Nothing is downloaded.")
	}
	w.ask(question{
		title: tr("Convert {{.Model}} to {{.Precision}}?", with{"Model": modelName(m), "Precision": to}),
		body: []fyne.CanvasObject{
			paragraph(brings),
			paragraph(tr("This one stays. Both look at sample photos, and the new one is kept only where it finds nearly the same. When you use it, all photos have to be looked at again.")),
		},
		yes: tr("Convert"), no: tr("Not now"),
		do:  func() { w.convert(m, to); w.showModel(m.ID) },
		not: w.later(func() { w.showModel(m.ID) }),
	})
}

// convert begins a conversion; one runs at a time.
func (w *window) convert(m app.ModelInfo, to string) {
	if w.conversion != nil {
		return
	}
	ctx, stop := context.WithCancel(w.ctx)
	v := &conversion{model: m, to: to, stop: stop}
	w.conversion = v
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		made, err := w.b.ConvertModel(ctx, m.ID, to, func(p app.Progress) {
			w.loop.PostLatest(v, func() { v.now = p; w.showConversion() })
		})
		stopped := err != nil && ctx.Err() != nil
		stop()
		return func() { w.converted(v, made, err, stopped) }
	})
	w.showConversion()
}

// converted says how a conversion ended.
func (w *window) converted(v *conversion, made app.Conversion, err error, stopped bool) {
	w.conversion = nil
	w.working.SetText("")
	show := v.model.ID
	switch {
	case stopped:
	case err != nil:
		w.log.Error("a model could not be converted", "error", err)
		w.toast.Show(tr("{{.Model}} could not be converted: {{.Why}}", with{"Model": modelName(v.model), "Why": sentence(err)}), "", nil)
	default:
		show = made.Model.ID
		w.toast.Show(tr("{{.Model}} is here: {{.Size}} instead of {{.Before}}.",
			with{"Model": show, "Size": bytesText(made.Model.Bytes), "Before": bytesText(made.OriginalBytes)}),
			tr("Use it"), func() { w.useModel(made.Model) })
	}
	if w.models != nil && w.models.open() {
		w.showModel(show)
	}
}

// showConversion brings what is on the screen of the conversion up to date.
func (w *window) showConversion() {
	v, p := w.conversion, w.models
	if v == nil {
		return
	}
	w.working.SetText(tr("Converting {{.Model}}: {{.Done}}", with{"Model": modelName(v.model), "Done": percent(v.share())}))
	if p != nil && p.open() && p.marked == v.model.ID && p.bar != nil {
		p.bar.SetValue(v.share())
		p.barText.SetText(v.text())
	}
}

// addConversion adds how far a conversion is to what stands at the right.
func (p *modelPicker) addConversion(v *conversion) {
	p.bar, p.barText, p.barFor = widget.NewProgressBar(), p.plain.NewSmall(v.text()), nil
	p.bar.SetValue(v.share())
	p.detail.Add(p.bar)
	p.detail.Add(p.barText)
}
