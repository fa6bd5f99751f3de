package desktop

import (
	"context"
	"slices"
	"strings"

	"descry/internal/pause"
	"descry/library"
	"descry/ui/app"
)

// Comparing is what the window asks of comparisons of models.
type Comparing interface {
	QueriesToCompare(ctx context.Context) ([]string, error)
	EvalPhotos(ctx context.Context, o app.EvalPhotosOptions) (app.EvalPhotosResult, error)
}

const (
	leastCompared = 2
	mostCompared  = 3
	// comparedFirst is how many of the first photos of each query are shown.
	comparedFirst = 8
	// mostCompareQueries keeps the list of results one that can be looked at.
	mostCompareQueries = 20
)

// comparison is models that are compared on photos of the person's, or were. It goes on while its
// sheet is closed, and is kept until the next one begins.
type comparison struct {
	models  []string // ids, in the order in which they look
	queries []string
	photos  int // how many were asked for
	result  app.EvalPhotosResult
	now     app.Progress
	nowOf   int     // the model that this is of
	most    float64 // of share until now
	hold    pause.Gate
	stop    context.CancelFunc // nil: it does not run
	stopped bool               // by the person
	wrong   string             // why it failed
	at      foundAt            // where the keyboard is among the results
}

// foundAt is a photo among the results: of a query, of a model, by its place.
type foundAt struct{ query, model, photo int }

// running says whether models are being compared.
func (c *comparison) running() bool { return c != nil && c.stop != nil }

// share is how much of it is done, from 0 to 1. It never falls, though each query counts its texts
// anew.
func (c *comparison) share() float64 {
	part := 0.0
	if c.nowOf == len(c.result.Models) && c.now.Total > 0 {
		part = float64(c.now.Done) / float64(c.now.Total)
	}
	c.most = max(c.most, min(1, (float64(len(c.result.Models))+part)/float64(max(len(c.models), 1))))
	return c.most
}

// compare begins to compare models; one comparison runs at a time.
func (w *window) compare(models, queries []string, photos int) {
	if w.compared.running() {
		return
	}
	ctx, stop := context.WithCancel(w.ctx)
	c := &comparison{models: models, queries: queries, photos: photos, stop: stop}
	c.result.Queries = queries
	w.compared = c
	w.acts.Add(1)
	w.loop.Go(func() func() {
		defer w.acts.Done()
		model := 0 // which looks
		r, err := w.b.EvalPhotos(ctx, app.EvalPhotosOptions{
			EvalOptions: app.EvalOptions{
				Models: models, Hold: c.hold.Wait,
				Progress: func(p app.Progress) {
					of := model
					w.loop.PostLatest(c, func() { c.now, c.nowOf = p, of; w.showCompared(false) })
				},
			},
			Queries: queries, Photos: photos, Top: comparedFirst, Known: true,
			Show: func(r app.EvalPhotosResult) {
				model = len(r.Models)
				w.loop.Post(func() { c.result = r; w.showCompared(true) })
			},
		})
		stopped := err != nil && ctx.Err() != nil
		stop()
		return func() { w.comparedAll(c, r, err, stopped) }
	})
	w.showCompared(true)
}

// comparedAll says how a comparison ended.
func (w *window) comparedAll(c *comparison, r app.EvalPhotosResult, err error, stopped bool) {
	c.stop, c.stopped = nil, stopped
	w.working.SetText("")
	switch {
	case stopped:
	case err != nil:
		c.wrong = sentence(err)
		w.log.Error("models could not be compared", "error", err)
	default:
		c.result = r
	}
	w.showCompared(true)
	if p := w.comparing; p != nil && p.shown() {
		p.refocus()
	}
	if (w.comparing == nil || !w.comparing.shown()) && !stopped {
		text := tr("The comparison is done.")
		if c.wrong != "" {
			text = tr("The models could not be compared: {{.Why}}", with{"Why": c.wrong})
		}
		w.toast.Show(text, tr("Show"), w.showCompare)
	}
}

// showCompared brings what is on the screen of a comparison up to date; results says that there
// are more of them.
func (w *window) showCompared(results bool) {
	if c := w.compared; c.running() {
		text := tr("Comparing models: {{.Done}}", with{"Done": percent(c.share())})
		if c.hold.Closed() {
			text += " · " + tr("paused")
		}
		w.working.SetText(text)
	}
	if p := w.comparing; p != nil && p.shown() {
		p.showState()
		if results {
			p.showResults()
		}
	}
}

// showCompare opens the comparison of models.
func (w *window) showCompare() { w.openCompare("") }

// openCompare opens it with a model ticked beside the one in use.
func (w *window) openCompare(with string) {
	w.loop.Go(func() func() {
		models, err := w.b.Models(w.ctx)
		queries, none := w.b.QueriesToCompare(w.ctx)
		readOnly, _ := w.b.ReadOnly()
		return func() {
			if err == nil {
				err = none
			}
			if err != nil {
				w.fail(tr("The models could not be listed"), err)
				return
			}
			w.openComparePage(models, queries, with, readOnly)
		}
	})
}

// useCompared puts a compared model in use.
func (w *window) useCompared(m app.ModelInfo) {
	w.closeSheet()
	w.useModel(m)
}

// viewCompared opens the viewer on a photo that a model found; closing it leads back.
func (w *window) viewCompared() {
	c := w.compared
	found := c.found(c.at)
	if c.at.photo >= len(found) {
		return
	}
	var ids []library.PhotoID
	for _, h := range found {
		card := c.result.Photos[h.Photo]
		w.feed.Put(card)
		ids = append(ids, card.Photo)
	}
	w.closeSheet()
	w.viewer.Show(ids, c.at.photo, false)
	w.aside, w.fromCompared = true, true
	w.chosenChanged()
	w.focus(w.viewer.Pane)
}

// found are the photos that a model found for a query, nil while it has not.
func (c *comparison) found(at foundAt) []app.EvalHit {
	if at.model >= len(c.result.Models) {
		return nil
	}
	if f := c.result.Models[at.model].Found; at.query < len(f) {
		return f[at.query]
	}
	return nil
}

// has says whether a photo is among those that a model found.
func has(found []app.EvalHit, photo int) bool {
	return slices.ContainsFunc(found, func(h app.EvalHit) bool { return h.Photo == photo })
}

// alone says whether a photo is among the first of one model only, of several.
func (c *comparison) alone(at foundAt) bool {
	found := c.found(at)
	if at.photo >= len(found) {
		return false
	}
	others := 0
	for m := range c.result.Models {
		f := c.found(foundAt{at.query, m, 0})
		if m == at.model || f == nil {
			continue
		}
		others++
		if has(f, found[at.photo].Photo) {
			return false
		}
	}
	return others > 0
}

// inAll is how many photos all models have among the first of a query, and of how many; 0 of 0
// while fewer than two have looked.
func (c *comparison) inAll(query int) (same, of int) {
	var all [][]app.EvalHit // of the models that have looked
	for m := range c.result.Models {
		if f := c.found(foundAt{query, m, 0}); f != nil {
			all = append(all, f)
		}
	}
	if len(all) < 2 {
		return 0, 0
	}
	for _, h := range all[0] {
		if !slices.ContainsFunc(all[1:], func(f []app.EvalHit) bool { return !has(f, h.Photo) }) {
			same++
		}
	}
	return same, len(all[0])
}

// queriesOf are the queries of a text, one a line, each once.
func queriesOf(text string) []string {
	var out []string
	for _, l := range lines(text) {
		if l = strings.Join(strings.Fields(l), " "); !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
