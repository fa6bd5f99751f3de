package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/library"
	"descry/library/indexer"
	"descry/library/store"
	"descry/library/vectors"
)

// settingComing holds the id of the model that looks at the photos and is used when it has seen
// them all. Nobody sets it by name.
const settingComing = "coming model"

// Another model is put in use at once where it has seen this share of the photos that it can look
// at; the rest is looked at by the next run.
const nearlyAll = 0.9

// comingID is the id of the model that is used when it has seen all photos, "" for none. A run
// with a model of its own (Params.Model) leaves it alone.
func (a *App) comingID(ctx context.Context) string {
	id := a.Setting(ctx, settingComing)
	if a.namedModel() != "" || id == a.modelID(ctx) {
		return ""
	}
	return id
}

// coming tells how far the model that comes has got. It loads no model.
func (a *App) coming(ctx context.Context) (Coming, error) {
	id := a.comingID(ctx)
	if id == "" {
		return Coming{}, nil
	}
	out := Coming{Model: id, Name: id}
	b, err := a.bundleOf(id)
	if err != nil {
		out.Problem = asSentence(err)
		return out, nil
	}
	out.Name = b.Name
	c, err := a.coverageOf(ctx, b)
	out.Encoded, out.Waiting, out.Away = c.Encoded, c.Waiting, c.Away
	return out, err
}

func (a *App) coverageOf(ctx context.Context, b *bundle.Bundle) (store.Coverage, error) {
	space, err := a.spaceOf(ctx, b)
	if err != nil {
		return store.Coverage{}, err
	}
	return a.store.Coverage(ctx, space.ID)
}

// UseModel puts a model in use. Where it has seen (nearly) all photos, as one that was in use
// before, that is at once. Otherwise the model in use stays until the other one has looked at
// all photos that are at hand, which runs in the background of a window, as a part of each
// indexing run, or by LookAgain. Nothing that the model in use found is lost: its vectors stay,
// and choosing it again is at once, also while the other one is looking.
func (a *App) UseModel(ctx context.Context, id string) error { return a.useModel(ctx, id, false) }

// UseModelNow puts a model in use at once, whatever it has seen; searches say how much that is.
func (a *App) UseModelNow(ctx context.Context, id string) error { return a.useModel(ctx, id, true) }

func (a *App) useModel(ctx context.Context, id string, now bool) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	b, err := a.bundleOf(id)
	if err != nil {
		return err
	}
	if err := a.tooLarge(b); err != nil {
		return err
	}
	ended := a.cancelIndexing()
	if ended != nil {
		<-ended
	}
	err = a.chooseModel(ctx, b, now)
	if err == nil {
		a.changed()
	}
	a.watch.mu.Lock()
	watches := a.watch.watcher != nil
	a.watch.mu.Unlock()
	if ended != nil || err == nil && (watches || a.listeners().Finished != nil) { // it stays open
		a.StartIndexing()
	}
	return err
}

// chooseModel is useModel while nobody looks at photos.
func (a *App) chooseModel(ctx context.Context, b *bundle.Bundle, now bool) error {
	if err := a.enterRun(ctx); err != nil {
		return err
	}
	defer a.leaveRun()
	a.forgetNamed()
	ready := now
	if !ready && b.ID != a.comingID(ctx) { // asked once more, it goes on
		var err error
		if ready, err = a.ready(ctx, b); err != nil {
			return err
		}
	}
	if ready {
		return a.switchTo(ctx, b.ID)
	}
	if err := a.tooLargeBeside(ctx, b); err != nil {
		return err
	}
	return a.store.SetSetting(ctx, settingComing, b.ID)
}

// forgetNamed lets the library's own choice take the place of the model that the call named.
func (a *App) forgetNamed() {
	if a.namedModel() == "" {
		return
	}
	a.meaning.mu.Lock()
	defer a.meaning.mu.Unlock()
	a.mu.Lock()
	a.named = ""
	a.mu.Unlock()
	a.forgetModel()
}

// ready reports whether a model can be put in use without a loss: it is in use, has seen nearly
// all photos, or the one in use has seen none.
func (a *App) ready(ctx context.Context, b *bundle.Bundle) (bool, error) {
	if b.ID == a.modelID(ctx) {
		return true, nil
	}
	c, err := a.coverageOf(ctx, b)
	if err != nil {
		return false, err
	}
	seen, err := a.seenInUse(ctx)
	if err != nil || seen == 0 {
		return err == nil, err
	}
	return enough(c, seen) && float64(c.Encoded) >= nearlyAll*float64(c.Encoded+c.Waiting), nil
}

// seenInUse is how many photos the model in use has seen; none where it is not there any more.
func (a *App) seenInUse(ctx context.Context) (int, error) {
	space, err := a.knownSpace(ctx)
	if err != nil {
		return 0, err
	}
	c, err := a.store.Coverage(ctx, space.ID)
	return c.Encoded, err
}

// enough reports whether a model has seen at least half as many photos as the one in use: where
// most photos are on disks that are not connected, it does not take the place of one that knows
// them.
func enough(c store.Coverage, inUse int) bool { return 2*c.Encoded >= inUse }

// switchTo makes a model the one in use, at once for all that depends on it. The caller is in a
// run (enterRun).
func (a *App) switchTo(ctx context.Context, id string) error {
	a.meaning.mu.Lock()
	defer a.meaning.mu.Unlock()
	if err := a.store.SetSetting(ctx, SettingModel, id); err != nil {
		return err
	}
	a.forgetModel()
	return a.store.SetSetting(ctx, settingComing, "")
}

// Prefer says which photos a person sees: another model looks at them before all others.
func (a *App) Prefer(photos []library.PhotoID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onScreen = slices.Clone(photos[:min(len(photos), mostPreferred)])
}

// mostPreferred is how many photos go before all others at most: more than a screen shows.
const mostPreferred = 500

func (a *App) preferred() []library.PhotoID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.onScreen
}

// LookAgain lets the model that comes look at the photos, without looking through the folders
// first, and puts it in use when it has seen all that are at hand. Where none comes, it brings the
// suggestions of the model in use up to date. Progress may be nil. What is finished is kept when
// ctx ends; the next call, or indexing run, goes on.
func (a *App) LookAgain(ctx context.Context, progress func(Progress)) (IndexReport, error) {
	var out IndexReport
	if err := a.needWriting(); err != nil {
		return out, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	for yielded := true; yielded; {
		var err error
		if yielded, err = a.lookOnce(ctx, &out, progress); err != nil {
			return out, err
		}
	}
	return out, nil
}

// lookOnce is LookAgain until another run wants to go first.
func (a *App) lookOnce(ctx context.Context, out *IndexReport, progress func(Progress)) (yielded bool, err error) {
	if err := a.enterRun(ctx); err != nil {
		return false, err
	}
	defer a.leaveRun()
	progress, end := a.quietly(ctx, a.threads(ctx), progress)
	defer end()
	if a.comingID(ctx) != "" {
		return a.lookAgain(ctx, out, progress)
	}
	// Its words may be others than those by which tags were suggested for the same vectors.
	if err := a.SuggestTags(ctx, progress); err != nil && !errors.Is(err, ErrNoModel) {
		return false, fmt.Errorf("suggesting tags: %w", err)
	}
	return false, nil
}

// lookAgain is the part of a run in which the model that comes looks at photos. It ends at once
// when new photos wait, which the model in use looks at first, or another run does; the run that
// comes then goes on, unless yielded makes the caller do so.
func (a *App) lookAgain(ctx context.Context, out *IndexReport, progress func(Progress)) (yielded bool, err error) {
	id := a.comingID(ctx)
	if id == "" {
		return false, nil
	}
	b, engine, err := a.engineOf(ctx, id)
	defer a.engines.work(nil) // engineOf noted it
	if err == nil {
		err = engine.Ready(ctx)
	}
	cannot := func(err error) {
		out.Notes = append(out.Notes, fmt.Sprintf("The model %s cannot look at the photos, so %s stays in use: %s", id, a.modelID(ctx), asSentence(err)))
	}
	if err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		cannot(err)
		return false, nil
	}
	before, err := a.coverageOf(ctx, b)
	if err != nil {
		return false, err
	}
	p := a.indexerParams(ctx)
	p.Encoder, p.Waiting, p.Threads = engine, engine.Parallel(), a.threadsOf(ctx, engine)
	job := fmt.Sprintf(jobAgain, b.Name)
	for more := true; more; {
		err := a.yielding(ctx, func(ctx context.Context) error {
			report, err := indexer.New(p).LookAgain(ctx, a.preferred, func(ip indexer.Progress) {
				progress(Progress{
					Job: job, Done: before.Encoded + ip.Done, Total: before.Encoded + ip.Total, Failed: ip.Failed,
					PerSecond: ip.PerSecond, Left: ip.Left, Path: ip.Path, Running: true,
				})
			})
			out.Again += report.Encoded
			before.Encoded += report.Encoded
			for _, f := range report.Failed {
				out.Failed = append(out.Failed, IndexFailure{f.Path, f.Stage, f.Reason})
			}
			return err
		})
		more = false
		switch {
		case errors.Is(err, errYield):
			a.mu.Lock()
			more = a.next == nil && a.waiting == 0 // it was something that does not concern photos
			a.mu.Unlock()
			if !more {
				return true, nil
			}
		case errors.Is(err, ErrNoModel) && ctx.Err() == nil:
			cannot(err)
			return false, nil
		case err != nil:
			return false, err
		}
	}
	err = a.arrive(ctx, b, engine, out, progress)
	if errors.Is(err, ErrNoModel) && ctx.Err() == nil { // its text tower cannot be loaded
		out.Notes = append(out.Notes, fmt.Sprintf("%s stays in use: %s To use %s alone: descry models use --now %s", a.modelID(ctx), asSentence(err), id, id))
		return false, nil
	}
	return false, err
}

// engineOf opens a model by its id, beside the one in use, which is there for searches while the
// other one is loaded, and notes that a run works with it. The caller is in a run (enterRun).
func (a *App) engineOf(ctx context.Context, id string) (*bundle.Bundle, *clipengine.Engine, error) {
	b, err := a.bundleOf(id)
	if err != nil {
		return nil, nil, err
	}
	choice, err := a.choiceOf(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	l := a.limits()
	a.engines.mu.Lock()
	engine := a.engines.take(choice)
	a.roomFor(b, engine, l)
	if engine != nil {
		a.engines.busy = engine
	}
	a.engines.mu.Unlock()
	if engine != nil {
		return b, engine, nil
	}
	if err := a.tooLargeBeside(ctx, b); err != nil {
		return nil, nil, err
	}
	if engine, err = a.openEngine(ctx, b, choice.library); err != nil {
		return nil, nil, err
	}
	a.engines.mu.Lock()
	defer a.engines.mu.Unlock()
	a.keepEngine(choice, engine)
	a.engines.busy = engine
	return b, engine, nil
}

// arrive puts the model that came in use, with its suggestions and its file for searching made
// before, so that nothing is lacking for a moment.
func (a *App) arrive(ctx context.Context, b *bundle.Bundle, engine *clipengine.Engine, out *IndexReport, progress func(Progress)) error {
	c, err := a.coverageOf(ctx, b)
	if err != nil {
		return err
	}
	seen, err := a.seenInUse(ctx)
	if err != nil {
		return err
	}
	if c.Waiting > 0 || !enough(c, seen) {
		why := are(c.Away, "photo") + " not at hand now."
		if c.Waiting > 0 { // files that changed since the folders were looked through
			why = count(c.Waiting, "photo") + " changed meanwhile, and the next look through the folders tells how."
		}
		out.Notes = append(out.Notes, fmt.Sprintf("%s stays in use until %s has looked at more photos: %s To use it at once: descry models use --now %s",
			a.modelID(ctx), b.Name, why, b.ID))
		return nil
	}
	space, err := a.spaceOf(ctx, b)
	if err != nil {
		return err
	}
	a.meaning.mu.Lock()
	words, err := a.cached(engine)
	a.meaning.mu.Unlock()
	if err != nil {
		return err
	}
	tagger, labels, err := a.makeTagger(ctx, words, progress)
	if err != nil {
		return err
	}
	if err := a.suggestTags(ctx, space, tagger, labels, progress); err != nil {
		return fmt.Errorf("suggesting tags: %w", err)
	}
	index, err := vectors.Open(ctx, a.vectorParams(space))
	if err := errors.Join(err, index.Close()); err != nil {
		return err
	}
	if err := a.switchTo(ctx, b.ID); err != nil {
		return err
	}
	said := fmt.Sprintf("%s has looked at all photos that are at hand and is in use now.", b.Name)
	if c.Away > 0 {
		said += fmt.Sprintf(" %s not at hand; it looks at them when they are.", upper(are(c.Away, "photo")))
	}
	out.Notes = append(out.Notes, said)
	if f := a.listeners().Notice; f != nil {
		f(said)
	}
	a.changed()
	return nil
}

// are is a number with its noun and verb: "1 photo is", "2 photos are".
func are(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " is"
	}
	return count(n, noun) + " are"
}
