package app

import (
	"context"
	"errors"
	"fmt"

	"descry/library"
	"descry/library/indexer"
	"descry/library/video"
)

// Index brings roots (nil: all) up to date and suggests tags, and returns when it is done.
// Progress may be nil. A cancelled context keeps what is finished; the report then tells
// of that much.
func (a *App) Index(ctx context.Context, roots []library.RootID, progress func(Progress)) (IndexReport, error) {
	var targets []Target
	for _, id := range roots {
		targets = append(targets, Target{Root: id})
	}
	return a.IndexTargets(ctx, targets, progress)
}

// IndexTargets is Index for roots or folders of them (nil: all roots).
func (a *App) IndexTargets(ctx context.Context, targets []Target, progress func(Progress)) (IndexReport, error) {
	if err := a.needWriting(); err != nil {
		return IndexReport{}, err
	}
	if err := a.enterRun(ctx); err != nil {
		return IndexReport{}, err
	}
	defer a.leaveRun()
	if progress == nil {
		progress = func(Progress) {}
	}
	parts, err := a.resolve(ctx, targets)
	if err != nil {
		return IndexReport{}, err
	}
	if err := a.retryLacking(ctx); err != nil {
		return IndexReport{}, err
	}
	p := a.indexerParams(ctx)
	var lacking []string // what cannot be done now, though a model is in use
	engine, err := a.engine(ctx)
	if err == nil {
		if err = tried(ctx, engine); errors.Is(err, ErrNoModel) {
			lacking = append(lacking, asSentence(err)+waitToBeSeen)
		}
	}
	switch {
	case err == nil:
		p.Encoder, p.Waiting = roomy{engine, a}, engine.Parallel()
		a.engines.work(engine)
		defer a.engines.work(nil)
	case !errors.Is(err, ErrNoModel):
		return IndexReport{}, err
	}
	p.Threads = a.threads(ctx) // what is free beside the model tells
	progress, end := a.quietly(ctx, p.Threads, progress)
	defer end()
	look := func(ip indexer.Progress) {
		p := Progress{
			Job: jobLook, Done: ip.Done, Total: ip.Total, Failed: ip.Failed, PerSecond: ip.PerSecond,
			Left: ip.Left, Path: ip.Path, Running: true,
		}
		if ip.Total == 0 {
			p.Job, p.Done = jobScan, ip.Found
		}
		progress(p)
	}
	report, runErr := indexer.New(p).RunTargets(ctx, parts, look)
	if errors.Is(runErr, ErrNoModel) { // its image tower cannot be loaded: all else is done
		lacking = append(lacking, asSentence(runErr)+waitToBeSeen)
		p.Encoder = nil
		before := report
		report, runErr = indexer.New(p).RunTargets(ctx, parts, look)
		report.New, report.Changed = report.New+before.New, report.Changed+before.Changed
		report.Moved, report.Missing = report.Moved+before.Moved, report.Missing+before.Missing
		report.Unchanged -= before.New + before.Changed + before.Moved
	}
	out := IndexReport{
		Files: report.Files, Photos: report.Photos, New: report.New, Changed: report.Changed, Moved: report.Moved,
		Missing: report.Missing, Offline: report.Offline, Unchanged: report.Unchanged, Encoded: report.Encoded,
		Seconds: report.Seconds, PhotosPerSecond: report.PhotosPerSecond,
	}
	a.note(ctx, &out, report)
	if engine != nil {
		out.Model, out.Provider = engine.Model(), engine.Provider()
		out.Notes = append(out.Notes, a.deviceNotes()...)
	}
	for _, f := range report.Failed {
		out.Failed = append(out.Failed, IndexFailure{f.Path, f.Stage, f.Reason})
	}
	if runErr != nil {
		return out, fmt.Errorf("looking at photos: %w", runErr)
	}
	if err := a.evictThumbnails(ctx, report.Encoded); err != nil {
		return out, err
	}
	if err := a.restack(ctx); err != nil {
		return out, fmt.Errorf("finding what belongs together: %w", err)
	}
	if err := a.placePhotos(ctx); err != nil {
		return out, fmt.Errorf("finding out where photos were taken: %w", err)
	}
	if engine != nil {
		switch err := a.SuggestTags(ctx, progress); {
		case errors.Is(err, ErrNoModel): // its text tower cannot be loaded
			lacking = append(lacking, asSentence(err)+" Tags are suggested when it can.")
		case err != nil:
			return out, fmt.Errorf("suggesting tags: %w", err)
		}
	}
	out.Notes = append(out.Notes, lacking...)
	// What is wrong with a model that is not in use yet holds nothing else up, and the other way
	// round: it may take the place of one that does not run.
	_, failed := a.lookAgain(ctx, &out, progress)
	if engine == nil || ctx.Err() != nil {
		return out, failed
	}
	if err := a.readText(ctx, &out, progress); err != nil {
		return out, errors.Join(failed, fmt.Errorf("reading text in photos: %w", err))
	}
	return out, failed
}

func (a *App) indexerParams(ctx context.Context) indexer.Params {
	p := indexer.Params{Store: a.store, Thumbs: a.thumbs, Manner: &a.manner, Exclude: a.exclude(ctx), Log: a.p.Log}
	p.Videos, p.NoVideos = video.Find()
	p.Codecs = a.decoders()
	return p
}

// waitToBeSeen stands behind why an image tower cannot be loaded.
const waitToBeSeen = " New photos are read in and wait to be looked at."

// The jobs of Progress.
const (
	jobScan    = "Looking through folders"
	jobLook    = "Looking at photos"
	jobLabels  = "Reading the labels"
	jobSuggest = "Suggesting tags"
	jobText    = "Reading text in photos"
	jobAgain   = "Looking at photos with %s" // the name of a model
)

// StartIndexing looks at photos in the background and reports through Events. Asked while
// it runs, it runs once more afterwards.
func (a *App) StartIndexing() { a.startIndexing(nil) }

// job is a background run that was asked for.
type job struct {
	targets []Target        // nil: all roots
	done    []chan struct{} // closed when the run has ended
}

func (j *job) end() {
	if j != nil {
		for _, c := range j.done {
			close(c)
		}
	}
}

// startIndexing is StartIndexing for targets (nil: all roots). The channel is closed when
// they were looked through.
func (a *App) startIndexing(targets []Target) <-chan struct{} {
	done := make(chan struct{})
	first := &job{targets, []chan struct{}{done}}
	if a.needWriting() != nil {
		first.end()
		return done
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel != nil {
		if a.yield != nil {
			a.yield(errYield)
		}
		switch {
		case a.next == nil:
			a.next = first
		case targets == nil || a.next.targets == nil:
			a.next.targets, a.next.done = nil, append(a.next.done, done)
		default:
			a.next.targets, a.next.done = append(a.next.targets, targets...), append(a.next.done, done)
		}
		return done
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel, a.ended = cancel, make(chan struct{})
	a.running.Go(func() { a.warm(ctx) })
	a.running.Go(func() {
		defer cancel()
		for j := first; j != nil; j = a.nextJob(ctx) {
			a.indexOnce(ctx, j.targets)
			j.end()
		}
	})
	return done
}

// nextJob is what was asked for while a run was on; nil: nothing, and no run is on.
func (a *App) nextJob(ctx context.Context) *job {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := a.next
	a.next = nil
	if j != nil && ctx.Err() == nil {
		return j
	}
	j.end()
	a.cancel = nil
	close(a.ended)
	return nil
}

// indexOnce is one background run with its events.
func (a *App) indexOnce(ctx context.Context, targets []Target) {
	lastDone, lastJob := 0, ""
	report, err := a.IndexTargets(ctx, targets, func(p Progress) {
		a.mu.Lock()
		p.Paused = a.progress.Paused
		a.progress = p
		events := a.events
		a.mu.Unlock()
		if events.Progress != nil {
			events.Progress(p)
		}
		// New photos show up while the run goes on, the first ones soon.
		due := lastDone + min(changedEvery, max(10, lastDone))
		if events.Changed != nil && (p.Done >= due || p.Job != lastJob) {
			lastDone = p.Done
			events.Changed()
		}
		lastJob = p.Job
	})
	a.warm(ctx)
	a.manner.Set(false)
	a.mu.Lock()
	a.progress = Progress{}
	events := a.events
	a.mu.Unlock()
	if events.Progress != nil {
		events.Progress(Progress{})
	}
	if err != nil && ctx.Err() == nil && events.Notice != nil {
		events.Notice(asSentence(err))
	}
	if events.Finished != nil {
		events.Finished(report)
	}
	if events.Changed != nil {
		events.Changed()
	}
}

// changedEvery is how many photos pass at most between two events that say that lists are
// stale: few enough that a person sees photos come, many enough that lists are not drawn
// anew all the time.
const changedEvery = 100

// PauseIndexing holds the background run; ResumeIndexing lets it go on, also where it waits by
// itself.
func (a *App) PauseIndexing() { a.pause(true) }

// ResumeIndexing ends a pause, and the wait that quiet mode began.
func (a *App) ResumeIndexing() {
	a.goOn()
	a.pause(false)
}

func (a *App) pause(on bool) {
	a.mu.Lock()
	a.progress.Paused, a.progress.Waiting = on, a.waitingFor()
	p, events := a.progress, a.events
	a.mu.Unlock()
	a.manner.Set(on)
	if events.Progress != nil {
		events.Progress(p)
	}
}

// CancelIndexing ends the background run; what is finished is kept.
func (a *App) CancelIndexing() { a.cancelIndexing() }

// cancelIndexing is CancelIndexing; the channel is closed when the run has ended, and nil where
// none is on.
func (a *App) cancelIndexing() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next.end()
	a.next = nil
	if a.cancel == nil {
		return nil
	}
	a.cancel()
	return a.ended
}

// Progress is how far the background run has come; the zero value when none is on.
func (a *App) Progress() Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.progress
}
