package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"descry/clipengine"
	"descry/library"
	"descry/library/search"
	"descry/library/vectors"
	"descry/tagging"
)

// meaningBox holds what depends on the model's vector space: the text vectors' cache, the
// photo vectors in memory, the searcher, the tagger.
type meaningBox struct {
	mu       sync.Mutex
	space    library.SpaceID    // of index and searcher
	engine   *clipengine.Engine // of words
	words    tagging.TextEncoder
	cache    *tagging.FileCache // of the vectors of texts, of all models; nil: not read yet
	index    *vectors.Index
	searcher *search.Searcher
	pictures map[lookedAt][]float32 // vectors of picture files that queries named

	// Making a tagger takes seconds; neither a search nor what a person says may wait for
	// it. Taken before mu where both are.
	tagging sync.Mutex
	tagger  *tagging.Tagger
	labels  map[string]library.LabelID // "set/label" as the tagger knows them
	made    int64                      // of which state of the labels the tagger is
	state   atomic.Int64               // goes up when the labels or the model change
}

// meaning is what one search goes by. All of it is of one model, also when another one is put
// in use meanwhile.
type meaning struct {
	*search.Searcher
	index   *vectors.Index     // nil: no model has looked at photos
	space   library.Space      // the zero Space: as index
	engine  *clipengine.Engine // nil: none runs, and problem says why
	problem error
}

// forgetModel makes the next callers start the model that is in use then, and all that depends on
// it. The caller holds a.meaning.mu, so that no search sees a part of the change.
func (a *App) forgetModel() {
	a.engines.retire()
	m := &a.meaning
	m.forgetTagger()
	m.closeIndex()
	m.engine, m.words = nil, nil
}

// closeIndex lets go of the vectors. Searches that use them go on. The caller holds m.mu.
func (m *meaningBox) closeIndex() {
	if m.index != nil {
		// What is not written is worked out again the next time.
		_ = m.index.Close()
	}
	m.space, m.index, m.searcher = 0, nil, nil
}

// forgetTagger makes the next caller build the tagger from the labels as they are then.
func (m *meaningBox) forgetTagger() {
	m.state.Add(1)
}

// cachedWords is the text encoder of the engine in use with a cache in the library folder. The
// caller holds m.mu.
func (a *App) cachedWords(ctx context.Context) (tagging.TextEncoder, *clipengine.Engine, error) {
	m := &a.meaning
	engine, err := a.engine(ctx)
	if err != nil || m.words != nil && m.engine == engine {
		return m.words, engine, err
	}
	words, err := a.cached(engine)
	if err != nil {
		return nil, nil, err
	}
	m.closeIndex() // a searcher of another engine
	m.words, m.engine = words, engine
	return words, engine, nil
}

// cached is the text encoder of an engine with the cache that the models of a library share. The
// caller holds m.mu.
func (a *App) cached(engine *clipengine.Engine) (tagging.TextEncoder, error) {
	if a.needWriting() == nil {
		if err := os.MkdirAll(a.cacheDir(), 0o700); err != nil {
			return nil, fmt.Errorf("making the cache folder: %w", err)
		}
	}
	if a.meaning.cache == nil {
		cache, err := tagging.OpenFileCache(filepath.Join(a.cacheDir(), "text-vectors"))
		if err != nil {
			a.p.Log.Warn("opening the cache of text vectors", "error", err)
			return engine, nil
		}
		a.meaning.cache = cache
	}
	return tagging.Cached(engine, a.meaning.cache), nil
}

// tagger returns the tagger for the labels as they are now, and their ids by "set/label".
func (a *App) tagger(ctx context.Context, progress func(Progress)) (*tagging.Tagger, map[string]library.LabelID, error) {
	m := &a.meaning
	m.tagging.Lock()
	defer m.tagging.Unlock()
	state := m.state.Load()
	if m.tagger != nil && m.made == state {
		return m.tagger, m.labels, nil
	}
	m.mu.Lock()
	words, _, err := a.cachedWords(ctx)
	m.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	tagger, labels, err := a.makeTagger(ctx, words, progress)
	if err != nil {
		return nil, nil, err
	}
	m.tagger, m.labels, m.made = tagger, labels, state
	return tagger, labels, nil
}

// makeTagger makes a tagger for the labels as they are now with the words of a model.
func (a *App) makeTagger(ctx context.Context, words tagging.TextEncoder, progress func(Progress)) (*tagging.Tagger, map[string]library.LabelID, error) {
	stored, err := a.store.LabelSets(ctx)
	if err != nil {
		return nil, nil, err
	}
	var sets []tagging.LabelSet
	labels := make(map[string]library.LabelID)
	for _, s := range stored {
		set, err := fromStored(s)
		if err != nil {
			return nil, nil, err
		}
		sets = append(sets, set)
		for _, l := range s.Labels {
			labels[s.Name+"/"+l.Name] = l.ID
		}
	}
	tagger, err := tagging.NewTagger(ctx, &readingWords{TextEncoder: words, progress: progress}, sets, a.p.Background, tagging.WithTemplates(a.p.Templates))
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the labels: %w", err)
	}
	return tagger, labels, nil
}

// readingWords tells how many texts were encoded.
type readingWords struct {
	tagging.TextEncoder
	mu       sync.Mutex
	done     int
	progress func(Progress)
}

func (r *readingWords) EncodeText(ctx context.Context, text string) ([]float32, error) {
	vec, err := r.TextEncoder.EncodeText(ctx, text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.progress(Progress{Job: jobLabels, Done: r.done, Running: true})
	return vec, err
}

// searching returns what a search goes by, with vectors that are up to date. Without a model it
// still finds words.
func (a *App) searching(ctx context.Context) (meaning, error) {
	m := &a.meaning
	m.mu.Lock()
	defer m.mu.Unlock()
	words, engine, problem := a.cachedWords(ctx)
	if ctx.Err() != nil {
		return meaning{}, ctx.Err()
	}
	is := meaning{engine: engine, problem: problem}
	var err error
	if problem == nil {
		is.space, err = a.spaceOf(ctx, engine.Bundle())
	} else {
		is.space, err = a.knownSpace(ctx)
	}
	if err != nil {
		return meaning{}, err
	}
	if m.searcher != nil && m.space == is.space.ID {
		if m.index != nil {
			if err := m.index.Refresh(ctx); err != nil {
				return meaning{}, err
			}
		}
		is.Searcher, is.index = m.searcher, m.index
		return is, nil
	}
	p := search.Params{
		Store: a.store, Background: slices.Concat(a.p.Background, tagging.Names(a.p.Sets)), Templates: a.p.Templates,
		Places: &a.places, Tongues: a.tongues.tongues,
		Picture: func(ctx context.Context, path string) ([]float32, error) {
			if problem != nil {
				return nil, problem
			}
			return a.picture(ctx, engine, path)
		},
	}
	m.closeIndex()
	m.space = is.space.ID
	if problem == nil {
		p.Text = words
	}
	if problem == nil && is.space.ID != 0 {
		index, err := vectors.Open(ctx, a.vectorParams(is.space))
		if err != nil {
			return meaning{}, errors.Join(err, index.Close())
		}
		m.index = index
		p.Index = m.index
		p.Languages = engine.Bundle().Languages
	}
	m.searcher = search.New(p)
	is.Searcher, is.index = m.searcher, m.index
	return is, nil
}

// vectorParams are those of the index of a space.
func (a *App) vectorParams(space library.Space) vectors.Params {
	return vectors.Params{Source: a.store, Space: space, Dir: a.cacheDir(), Library: a.store.LibraryID(), Log: a.p.Log}
}

// dropVectors removes what the files for searching still hold of forgotten photos.
func (a *App) dropVectors(ctx context.Context) error {
	spaces, err := a.store.Spaces(ctx)
	if err != nil {
		return err
	}
	m := &a.meaning
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, space := range spaces {
		if m.index != nil && m.space == space.ID {
			err = m.index.Refresh(ctx)
		} else {
			err = vectors.Tidy(ctx, a.vectorParams(space))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warm makes what the next search would otherwise wait for: the text tower and the vectors in
// memory, up to date.
func (a *App) warm(ctx context.Context) {
	s, err := a.searching(ctx)
	if err == nil {
		a.tongues.read()
		err = s.Warm(ctx)
	}
	if err == nil && s.problem == nil {
		err = s.engine.ReadyTexts()
	}
	if err != nil && ctx.Err() == nil {
		a.p.Log.Warn("preparing to search", "error", err)
	}
}
