package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"descry/clipengine"
	"descry/library"
	"descry/library/query"
	"descry/library/search"
	"descry/library/store"
	"descry/library/vectors"
)

// defaultLimit is how many hits a search gives when it does not say.
const defaultLimit = 50

// Search answers a query: the likely photos first, in fused order.
func (a *App) Search(ctx context.Context, r SearchRequest) (SearchResult, error) {
	if err := a.needLibrary(); err != nil {
		return SearchResult{}, err
	}
	s, err := a.searching(ctx)
	if err != nil {
		return SearchResult{}, err
	}
	return a.search(ctx, r, s, func(s meaning, q search.Request) (search.Result, error) { return s.Search(ctx, q) })
}

// Similar finds photos that look like one of the library.
func (a *App) Similar(ctx context.Context, id library.PhotoID, r SearchRequest) (SearchResult, error) {
	if err := a.needLibrary(); err != nil {
		return SearchResult{}, err
	}
	s, err := a.searching(ctx)
	if err != nil {
		return SearchResult{}, err
	}
	vec, err := a.photoVector(ctx, s.space, id)
	if err != nil {
		return SearchResult{}, err
	}
	return a.similar(ctx, s, vec, r)
}

// photoVector is the vector of a photo of the library.
func (a *App) photoVector(ctx context.Context, space library.Space, id library.PhotoID) ([]float32, error) {
	vec, ok, err := a.store.PhotoVector(ctx, space.ID, id)
	if err == nil && !ok {
		err = errors.New("this photo has not been looked at yet")
	}
	return vec, err
}

// SimilarFile finds photos that look like a picture file, in the library or not.
func (a *App) SimilarFile(ctx context.Context, path string, r SearchRequest) (SearchResult, error) {
	if err := a.needLibrary(); err != nil {
		return SearchResult{}, err
	}
	s, err := a.searching(ctx)
	if err == nil {
		err = s.problem
	}
	if err != nil {
		return SearchResult{}, err
	}
	vec, err := a.encodeFile(ctx, s.engine, path)
	if err != nil {
		return SearchResult{}, err
	}
	res, err := a.similar(ctx, s, vec, r)
	res.Query = path
	return res, err
}

func (a *App) similar(ctx context.Context, s meaning, vec []float32, r SearchRequest) (SearchResult, error) {
	return a.search(ctx, r, s, func(s meaning, q search.Request) (search.Result, error) {
		return s.Similar(ctx, vec, q)
	})
}

func (a *App) search(ctx context.Context, r SearchRequest, s meaning, run func(meaning, search.Request) (search.Result, error)) (SearchResult, error) {
	if r.Limit <= 0 {
		r.Limit = defaultLimit
	}
	q := search.Request{Text: r.Text, Now: a.p.Now(), Limit: r.Limit, Offset: r.Offset, All: r.All}
	if r.Scope.Kind != ScopeAll {
		within, err := a.Browse(ctx, r.Scope)
		if err != nil {
			return SearchResult{}, err
		}
		if within == nil {
			within = []library.PhotoID{}
		}
		q.Within = within
	}
	res, err := run(s, q)
	if errors.Is(err, ErrNoModel) && s.problem == nil { // its text tower cannot be loaded
		s.Searcher, s.index, s.problem = s.WordsOnly(), nil, err
		res, err = run(s, q)
	}
	if err != nil {
		return SearchResult{}, fmt.Errorf("searching: %w", err)
	}
	out := SearchResult{
		Query: res.Query, Interpretation: res.Interpretation, Chips: res.Chips, Notes: res.Notes, Calibrated: res.Calibrated,
		Matched: res.Matched, Took: res.Took, Language: res.Language, DidYouMean: res.DidYouMean,
	}
	if res.Language != "" && s.problem == nil {
		if s := a.readsLanguage(ctx, res.Language, res.LanguageName); s != "" {
			out.Notes = append(out.Notes, s)
		}
	}
	if s.problem != nil && len(out.Notes) > 0 {
		out.Notes = append(out.Notes, asSentence(s.problem)) // why only words were searched
	}
	for _, c := range res.Chips {
		out.Parts = append(out.Parts, partOf(c, q.Now))
	}
	if err := a.nameParts(ctx, out.Parts); err != nil {
		return SearchResult{}, err
	}
	for _, p := range res.Problems {
		out.Problems = append(out.Problems, SearchProblem(p))
	}
	for _, h := range res.Hits {
		hit := Hit{Photo: h.Photo, Score: h.Score, Confidence: h.Confidence, Likely: h.Likely}
		for _, w := range h.Why {
			hit.Why = append(hit.Why, Reason(w))
		}
		out.Hits = append(out.Hits, hit)
	}
	if out.Coverage, err = a.coverage(ctx, s.index); err != nil {
		return SearchResult{}, err
	}
	return out, nil
}

// picture makes the vector of a picture file that a query names. It is kept: whoever types on
// searches with it again and again.
func (a *App) picture(ctx context.Context, engine *clipengine.Engine, path string) ([]float32, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil, fmt.Errorf("the picture %s: %w", path, library.ErrNotFound)
	}
	is := lookedAt{path: path, size: info.Size(), modified: info.ModTime(), space: engine.Space()}
	m := &a.meaning
	m.mu.Lock()
	known := m.pictures[is]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	vec, err := a.encodeFile(ctx, engine, path)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pictures == nil || len(m.pictures) >= mostLookedAt {
		m.pictures = map[lookedAt][]float32{}
	}
	m.pictures[is] = vec
	return vec, nil
}

// lookedAt is a picture file as it was when its vector was made.
type lookedAt struct {
	path     string
	size     int64
	modified time.Time
	space    string
}

// mostLookedAt is how many vectors of picture files are kept.
const mostLookedAt = 64

// Mistakes are the mistakes in a query that can be told without looking for anything.
func Mistakes(text string) []SearchProblem {
	_, problems := query.Parse(text)
	var out []SearchProblem
	for _, p := range problems {
		out = append(out, SearchProblem(p))
	}
	return out
}

// Canonical is a query as Descry writes it, to be shared as text.
func Canonical(text string) string {
	q, _ := query.Parse(text)
	return q.String()
}

// WithoutChip returns the query of some chips without one of them.
func WithoutChip(chips []string, i int) string {
	rest := append(append([]string{}, chips[:i]...), chips[i+1:]...)
	q, _ := query.Parse(strings.Join(rest, ", ")) // a comma keeps descriptions apart
	return q.String()
}

// coverage is the share of photos that a model has looked at (index: nil, none), of those that
// are known and the files that wait to be looked at; 1 for no photos.
func (a *App) coverage(ctx context.Context, index *vectors.Index) (float64, error) {
	photos, err := a.store.Count(ctx, store.ListFilter{})
	if err != nil {
		return 1, err
	}
	unseen, err := a.store.Unseen(ctx)
	if err != nil {
		return 1, err
	}
	if photos += unseen; photos == 0 {
		return 1, nil
	}
	if index == nil {
		return 0, nil
	}
	return min(1, float64(index.Len())/float64(photos)), nil
}
