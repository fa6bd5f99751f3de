package desktop

import (
	"cmp"
	"context"
	"slices"

	"fyne.io/fyne/v2"

	"descry/ui/app"
)

// Modelling is what the window asks and tells of models.
type Modelling interface {
	Installing
	Converting
	Comparing

	Model() app.ModelInfo
	ModelProblem() string
	Models(ctx context.Context) ([]app.ModelInfo, error)
	GoneModels(ctx context.Context) ([]app.ModelInfo, error)
	Offers(ctx context.Context) ([]app.Offer, error)
	UseModel(ctx context.Context, id string) error
	UseModelNow(ctx context.Context, id string) error
	AddModel(ctx context.Context, dir string) (app.ModelInfo, error)
	RemoveModel(ctx context.Context, id string) error
	TestModel(ctx context.Context, id string) (app.ModelInfo, error)
	ForgetVectors(ctx context.Context, id string) (app.VectorUse, error)
}

// showModels lets the person choose the model that looks at the photos.
func (w *window) showModels() { w.showModel("") }

// showModel opens the list of models with one of them marked.
func (w *window) showModel(id string) {
	w.loop.Go(func() func() {
		models, err := w.b.Models(w.ctx)
		readOnly, _ := w.b.ReadOnly()
		return func() {
			if err != nil {
				w.fail(tr("The models could not be listed"), err)
				return
			}
			p := newModelPicker(w, models, readOnly)
			w.openSheet(tr("Models"), fyne.NewSize(1040, 640), p.Content)
			p.sheet, w.models = w.sheet, p
			p.mark(id)
			w.focus(p.list)
			p.loadOffers(id)
		}
	})
}

// loadOffers shows what can be had, too. That may take a second: speeds are estimated from one
// that is measured.
func (p *modelPicker) loadOffers(mark string) {
	w := p.w
	p.said.SetText(tr("Looking up which models can be had …"))
	w.loop.Go(func() func() {
		offers, err := w.b.Offers(w.ctx)
		unfinished, stood := w.b.UnfinishedInstalls()
		models, again := w.b.Models(w.ctx) // one may have been measured
		conversions := w.conversions(models)
		gone, left := w.b.GoneModels(w.ctx)
		return func() {
			if !p.open() {
				return
			}
			if again == nil {
				p.models = models
			}
			if err != nil {
				p.said.SetText(sentence(err))
			} else {
				p.said.SetText(tr("Nothing is downloaded before you ask for it."))
			}
			if left == nil {
				p.gone = gone
			}
			if stood == nil {
				p.unfinished = unfinished
			}
			p.offers, p.conversions = offers, conversions
			p.find(mark)
		}
	})
}

// useModel puts a model in use, or begins to; undoing that is to use the one before.
func (w *window) useModel(m app.ModelInfo) { w.useModelBy(m, w.b.UseModel) }

func (w *window) useModelBy(m app.ModelInfo, use func(ctx context.Context, id string) error) {
	w.loop.Go(func() func() {
		before := w.b.Model()
		err := use(w.ctx, m.ID)
		models, listed := w.b.Models(w.ctx)
		return func() {
			if err = cmp.Or(err, listed); err != nil {
				w.fail(tr("The model could not be used"), err)
				return
			}
			said := tr("Descry now uses {{.Model}}.", with{"Model": modelName(m)})
			if before.ID == m.ID {
				said = tr("Descry keeps using {{.Model}}.", with{"Model": modelName(m)})
			}
			if slices.ContainsFunc(models, func(o app.ModelInfo) bool { return o.ID == m.ID && o.Coming }) {
				said = tr("{{.Model}} looks at your photos now, and is used when it has seen them all.", with{"Model": modelName(m)})
			}
			undo := ""
			if before.ID != "" && before.ID != m.ID {
				undo = tr("Undo")
			}
			w.toast.Show(said, undo, func() { w.useModel(before) })
			w.refresh()
		}
	})
}

// addModel checks, tests and copies a model folder.
func (w *window) addModel(dir string) {
	w.working.SetText(tr("Checking and testing the model …"))
	w.loop.Go(func() func() {
		m, err := w.b.AddModel(w.ctx, dir)
		return func() {
			w.working.SetText("")
			if err != nil {
				w.fail(tr("The model could not be added"), err)
				return
			}
			w.toast.Show(tr("Added {{.Model}}.", with{"Model": modelName(m)}), "", nil)
			w.showModel(m.ID)
		}
	})
}

// testModel tests a model at hand and measures it.
func (p *modelPicker) testModel(m app.ModelInfo) {
	w := p.w
	p.said.SetText(tr("Testing {{.Model}} …", with{"Model": modelName(m)}))
	w.loop.Go(func() func() {
		tested, err := w.b.TestModel(w.ctx, m.ID)
		return func() {
			if !p.open() {
				return
			}
			switch {
			case err != nil:
				p.said.SetText(sentence(err))
				return
			case tested.Problem != "":
				p.said.SetText(tr("{{.Model}} failed its test.", with{"Model": modelName(m)}))
			default:
				p.said.SetText(tr("{{.Model}} passed its test: {{.Rate}} here.", with{"Model": modelName(m), "Rate": rateText(tested.PerSecond)}))
			}
			if i := slices.IndexFunc(p.models, func(o app.ModelInfo) bool { return o.ID == m.ID }); i >= 0 {
				p.models[i] = tested
			}
			p.find(m.ID)
		}
	})
}

// askRemoveModel removes a model, after a question.
func (w *window) askRemoveModel(m app.ModelInfo) {
	body := []fyne.CanvasObject{paragraph(tr("Its files are deleted ({{.Size}}). What it found is kept: when you get it again, no photo is looked at again.", with{"Size": bytesText(m.Bytes)}))}
	w.ask(question{
		title: tr("Remove {{.Model}}?", with{"Model": modelName(m)}), body: body,
		yes: tr("Remove the model"), no: tr("Keep it"),
		do: func() {
			w.loop.Go(func() func() {
				err := w.b.RemoveModel(w.ctx, m.ID)
				return func() {
					if err != nil {
						w.fail(tr("The model could not be removed"), err)
						return
					}
					w.toast.Show(tr("Removed {{.Model}}.", with{"Model": modelName(m)}), "", nil)
					w.showModels()
				}
			})
		},
		not: w.later(func() { w.showModel(m.ID) }),
	})
}

// askForgetVectors removes what a model found, after a question.
func (w *window) askForgetVectors(m app.ModelInfo) {
	w.ask(question{
		title: tr("Remove what {{.Model}} found?", with{"Model": modelName(m)}),
		body: []fyne.CanvasObject{
			paragraph(tr("That frees {{.Size}}. Your tags and texts stay. To use this model again, all photos have to be looked at again.", with{"Size": bytesText(m.Vectors.Bytes)})),
		},
		yes: tr("Remove what it found"), no: tr("Keep it"), grave: true,
		do: func() {
			w.loop.Go(func() func() {
				freed, err := w.b.ForgetVectors(w.ctx, m.ID)
				return func() {
					if err != nil {
						w.fail(tr("That could not be removed"), err)
						return
					}
					w.toast.Show(tr("Freed {{.Size}}.", with{"Size": bytesText(freed.Bytes)}), "", nil)
					w.showModel(m.ID)
				}
			})
		},
		not: w.later(func() { w.showModel(m.ID) }),
	})
}

// later lets a question close before what follows it opens.
func (w *window) later(f func()) func() {
	return func() { w.loop.Go(func() func() { return f }) }
}
