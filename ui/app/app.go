// Package app holds the use cases of Descry over one open library: add a folder, look at
// photos, search, say what is right, write alt text, change the model. It is free of
// windows and terminals; ui/desktop and ui/cli are its two faces.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/hub"
	"descry/internal/machine"
	"descry/internal/pause"
	"descry/library"
	"descry/library/decode/codec"
	"descry/library/searches"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/tagging"
)

// Errors of the use cases.
var (
	// ErrNoModel says that no model is running, so nothing can be looked at.
	ErrNoModel = clipengine.ErrNotRunning
	// ErrNoLibrary says that the library folder holds no library yet.
	ErrNoLibrary = errors.New("there is no library yet")
	// ErrNotInLibrary says that a path is no photo of the library.
	ErrNotInLibrary = errors.New("no photo of the library")
)

// Params is what an App is made of. Main fills it in.
type Params struct {
	Dir      string // folder of the library
	ReadOnly bool   // open for reading; another process may be writing
	Optional bool   // do without a library where there is none

	Runtime  string // path of the ONNX Runtime library; "" looks in the usual places
	Model    string // id of the model bundle; "" for the one the library uses
	Provider string // execution provider; "" for the best
	Threads  int    // photos looked at at a time; 0 for one per core, fewer where memory is little
	// Limits tell what this process may take of the machine; nil: machine.Look.
	Limits func() machine.Limits
	// Quiet is how quiet work in the background is, one of the values of SettingQuiet; "": as
	// that says.
	Quiet string
	// Around tells what goes on at the machine; nil: machine.Watch does.
	Around func() machine.Around
	// Beat says when to look around while work is on; nil: every few seconds.
	Beat <-chan time.Time

	Hub hub.Params // how models are downloaded; its From is for when the setting names no mirror

	// Decoders is the command, a program and its arguments, that decodes HEIF, AVIF and JPEG
	// XL as package codec asks it to; empty: they are not read.
	Decoders []string

	Starter    fs.FS              // the bundled starter model
	Catalogue  func() io.Reader   // the models that can be had, as package catalogue reads them; nil: none are known
	Sets       []tagging.LabelSet // built-in label sets
	Places     []byte             // list of places, as package places reads it; nil: names of places are not known
	Languages  fs.FS              // what is known of languages, as package language reads it; nil: nothing
	English    func() io.Reader   // the list of English words that goes with them
	Background []string           // background phrases for calibration
	Templates  []string           // prompt templates, each with one {}
	Samples    fs.FS              // sample photos
	NoText     bool               // read no text in photos, whatever the settings say
	Recogniser fs.FS              // models that read text in photos; nil: none is read

	Program string           // what opens the library, for those who find it in use: "descry index"
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: slog.Default
}

// App is one open library with its model. All methods may be called at the same time.
type App struct {
	p      Params
	store  *store.Store // nil when opened without a library
	broken error        // why there is no store where there is a library
	thumbs *thumbs.Cache
	// madeAgain counts the thumbnails that were made for somebody who looked.
	madeAgain atomic.Int64
	codecs    *codec.Pool // nil without Params.Decoders

	engines   engineBox
	memory    memoryBox
	catalogue catalogueBox
	measured  speedBox
	digests   *bundle.Memo // of model files
	// installing holds the ids of the models that are being installed.
	installing sync.Map
	seen       sync.Mutex // held while the file of the models that were seen is rewritten

	mu       sync.Mutex
	events   Events
	cancel   context.CancelFunc
	next     *job // another run that was asked for meanwhile
	progress Progress
	ended    chan struct{}           // closed when the background run has ended; nil: none was on
	named    string                  // see namedModel
	yield    context.CancelCauseFunc // ends looking for text, or looking again, while that is on
	waiting  int                     // runs that wait until the one that is on ends
	onScreen []library.PhotoID       // see Prefer
	running  sync.WaitGroup

	// moving is held by who moves files to the trash or back: two would see half of each
	// other's moves.
	moving sync.Mutex

	// manner is how work in the background is done: all of it asks, runs that a person waits for
	// on the terminal, too.
	manner pause.Manner
	quiet  quietBox

	watch   watchBox
	devices deviceBox
	meaning meaningBox
	serving servingBox
	places  placesBox
	text    textBox
	albums  albumBox

	searches *searches.List // what was searched for
	tongues  languagesBox
}

// Open opens the library in p.Dir. It loads no model: that happens when one is needed.
// Errors: ErrNoLibrary, and those of store.Open.
func Open(ctx context.Context, p Params) (*App, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	a := &App{
		p: p, named: p.Model, digests: bundle.NewMemo(filepath.Join(p.Dir, "cache", "model-digests")), places: placesBox{data: p.Places, log: p.Log}, searches: searches.In(p.Dir),
		tongues: languagesBox{files: p.Languages, english: p.English, log: p.Log}, serving: servingBox{oneRun: make(chan struct{}, 1)},
	}
	if len(p.Decoders) > 0 {
		a.codecs = codec.NewPool(codec.Params{Command: p.Decoders})
	}
	if p.ReadOnly || p.Optional {
		if _, err := os.Stat(filepath.Join(p.Dir, "library.db")); errors.Is(err, fs.ErrNotExist) {
			if p.Optional {
				return a, nil
			}
			return nil, fmt.Errorf("%s: %w", p.Dir, ErrNoLibrary)
		}
	}
	s, err := store.Open(ctx, p.Dir, store.Options{ReadOnly: p.ReadOnly || p.Optional, Now: p.Now, Log: p.Log, Program: p.Program})
	switch {
	case err != nil && p.Optional && ctx.Err() == nil:
		// What needs no library works beside a broken one; the doctor tells of it.
		p.Log.Info("doing without the library", "error", err)
		a.broken = err
		return a, nil
	case err != nil:
		return nil, err
	}
	a.store = s
	a.thumbs = thumbs.Open(filepath.Join(p.Dir, "thumbs"))
	if p.Model != "" {
		// A model asked for by name has to be there; one that the library chose may be gone.
		if _, err := a.bundleOf(p.Model); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if !p.ReadOnly && !p.Optional {
		if err := a.syncBuiltinSets(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if err := a.dropHalfModels(); err != nil {
			p.Log.Warn("models that were not put together to the end take room still", "error", err)
		}
		a.recoverRequests(ctx)
		// What a killed process left on its way to the trash, or back, gets there now.
		failed, err := a.followTrash(ctx, func(string) error { return nil })
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if len(failed) > 0 {
			p.Log.Warn("files on their way to the trash or back stayed where they were", "files", len(failed))
		}
	}
	return a, nil
}

// Close ends background work, keeps what is finished, and closes the library.
func (a *App) Close() error {
	a.stopWatching()
	a.stopCounting()
	a.CancelIndexing()
	a.stopServing()
	a.CancelIndexing() // a request may have begun it anew
	a.running.Wait()
	a.restartModel()
	err := errors.Join(a.engines.close(), a.text.close())
	if a.codecs != nil {
		err = errors.Join(err, a.codecs.Close())
	}
	if a.store == nil {
		return err
	}
	return errors.Join(err, a.store.Close())
}

// Listen sets the callbacks of the face.
func (a *App) Listen(e Events) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = e
}

// listeners returns the callbacks.
func (a *App) listeners() Events {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events
}

// changed tells the face that lists are stale.
func (a *App) changed() {
	if f := a.listeners().Changed; f != nil {
		f()
	}
}

// cacheDir is where derived files live that can be deleted at any time.
func (a *App) cacheDir() string { return filepath.Join(a.p.Dir, "cache") }

// modelsDir is where added model bundles live.
func (a *App) modelsDir() string { return filepath.Join(a.p.Dir, "models") }

// engineBox holds the engine in use, and a few that were in use before: one may still be at work
// when another model is chosen, and one that is wanted again is taken again. The runtime gives
// memory back, but not all of it, so engines do not come and go more than they must.
type engineBox struct {
	mu      sync.Mutex
	bundles map[string]*bundle.Bundle // models that were opened, by id
	engine  *clipengine.Engine
	problem error
	tried   bool               // engine or problem is the answer
	started []startedEngine    // the one that was asked for last comes last
	busy    *clipengine.Engine // the one by which a run looks at photos
}

// mostEngines is how many engines are held at most: the one in use, one to which all photos are
// being moved, and one to go back to.
const mostEngines = 3

// startedEngine is an engine and what makes it another one than others.
type startedEngine struct {
	engineChoice
	*clipengine.Engine
}

// engineChoice is what makes one engine another.
type engineChoice struct {
	model, space, library, provider string
}

// take returns the engine of a choice, nil where there is none.
func (b *engineBox) take(c engineChoice) *clipengine.Engine {
	for i, e := range b.started {
		if e.engineChoice == c {
			b.started = append(slices.Delete(b.started, i, i+1), e)
			return e.Engine
		}
	}
	return nil
}

// keep holds one more engine, and ends an idle one where there are too many.
func (b *engineBox) keep(c engineChoice, e *clipengine.Engine) error {
	b.started = append(b.started, startedEngine{c, e})
	if i := b.idle(e); i >= 0 && len(b.started) > mostEngines {
		return b.end(i)
	}
	return nil
}

// idle finds the engine that was not asked for the longest, of those that are not in use and are
// not wanted now; -1 where there is none.
func (b *engineBox) idle(wanted *clipengine.Engine) int {
	return slices.IndexFunc(b.started, func(s startedEngine) bool {
		return s.Engine != b.engine && s.Engine != b.busy && s.Engine != wanted
	})
}

// end ends an engine after what it is doing.
func (b *engineBox) end(i int) error {
	old := b.started[i]
	b.started = slices.Delete(b.started, i, i+1)
	return old.Close()
}

// work notes by which engine a run looks at photos; nil: by none.
func (b *engineBox) work(e *clipengine.Engine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = e
}

// retire makes the next caller start the model that is in use then.
func (b *engineBox) retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.engine, b.problem, b.tried = nil, nil, false
}

// replace takes note that the files of a model were put in place: engines of one that had its
// id before are not taken again, whichever part of it is another one now. Digests would tell,
// too, at the cost of reading all weights, those of the text tower as well, in each start.
func (b *engineBox) replace(opened *bundle.Bundle) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.started {
		if b.started[i].model == opened.ID {
			b.started[i].engineChoice = engineChoice{} // somebody may be using it
		}
	}
	if b.bundles[opened.ID] != nil {
		b.bundles[opened.ID] = opened
		b.engine, b.problem, b.tried = nil, nil, false
	}
}

// forget lets go of what is known of a model whose files are gone, and of those that use its
// image tower.
func (b *engineBox) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.bundles, func(name string, held *bundle.Bundle) bool { return name == id || held.ImageTower == id })
}

// close ends all engines.
func (b *engineBox) close() error {
	b.retire()
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, e := range b.started {
		errs = append(errs, e.Close())
	}
	b.started = nil
	return errors.Join(errs...)
}
