package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"descry/internal/accuracy"
	"descry/library"
	"descry/library/decode"
	"descry/library/query"
	"descry/library/search"
	"descry/library/store"
	"descry/tagging"
)

// EvalPhotosOptions say how models are compared on a person's own photos.
type EvalPhotosOptions struct {
	EvalOptions
	Queries []string // plain descriptions; none: what the photos are tagged with
	Photos  int      // how many to look at; 0: 200
	Top     int      // how many of the first photos are shown and compared; 0: 10
	// Known takes what models found in photos when they looked at them for the library, so that
	// only the others are looked at again. EvalModel's figures of speed are of these alone, and 0
	// where there are none.
	Known bool
	// Show is called with what there is so far: the queries and the photos at first, and after
	// each model. nil: nobody asks.
	Show func(EvalPhotosResult)
}

// EvalHit is a photo among the first that a model finds for a query.
type EvalHit struct {
	Photo  int // number of the photo in EvalPhotosResult
	Cosine float64
}

// EvalPhotosResult is a comparison on a person's own photos.
type EvalPhotosResult struct {
	Evaluation
	Queries []string
	Photos  []Card
	Tagged  int // photos with tags that the models were held against; 0: too few tags
}

const (
	evalPhotos = 200
	evalTop    = 10
	// fewTagged is how many photos with a tag are too few to hold a model against it.
	fewTagged = 5
	// mostOwnQueries is how many tags are asked for where a person gives no query.
	mostOwnQueries = 8
)

// EvalPhotos asks each model the same queries about the same photos of the library, chosen
// evenly over the time in which they were taken, half of them among the tagged ones. Nothing of
// it is kept. Where at least two labels are on enough of these photos, the models are held
// against the person's tags, too: measures as of EvalTags, on the tagged photos alone.
// A query is plain words: it goes through the templates as in a search where it is short.
func (a *App) EvalPhotos(ctx context.Context, o EvalPhotosOptions) (EvalPhotosResult, error) {
	if err := a.needLibrary(); err != nil {
		return EvalPhotosResult{}, err
	}
	o.Photos, o.Top = cmp.Or(o.Photos, evalPhotos), cmp.Or(o.Top, evalTop)
	result := EvalPhotosResult{Queries: o.Queries}
	var err error
	if result.Photos, err = a.photosToCompare(ctx, o.Photos); err != nil {
		return result, err
	}
	if len(result.Photos) == 0 {
		return result, errors.New("no photo of the library is there to look at")
	}
	labels, truth, err := a.ownTags(ctx, result.Photos)
	if err != nil {
		return result, err
	}
	if len(result.Queries) == 0 {
		for _, l := range labels[:min(len(labels), mostOwnQueries)] {
			result.Queries = append(result.Queries, l.Name)
		}
	}
	if len(result.Queries) == 0 {
		return result, ErrNoQueries
	}
	if len(labels) < 2 {
		labels = nil
	}
	paths := make([]string, len(result.Photos))
	for i, p := range result.Photos {
		paths[i] = p.Path
		if labels != nil && truth[i] != nil {
			result.Tagged++
		}
	}
	if o.Show != nil {
		part := result
		part.Pictures = len(paths)
		o.Show(part)
		o.Each = func(m EvalModel) {
			part.Models = append(slices.Clip(part.Models), m)
			o.Show(part)
		}
	}
	result.Evaluation, err = a.evaluate(ctx, o.EvalOptions, paths, func(ctx context.Context, m *evalModel) error {
		seen, unknown, err := m.known(ctx, result.Photos, o.Known)
		if err != nil {
			return err
		}
		if err := m.lookAt(ctx, unknown, func(i int, vec []float32) error { seen[i] = vec; return nil }); err != nil {
			return err
		}
		m.Pictures += len(paths) - len(unknown)
		if err := m.someUsed(); err != nil {
			return err
		}
		for _, q := range result.Queries {
			found, err := m.find(ctx, q, seen, o.Top)
			if err != nil {
				return err
			}
			m.Found = append(m.Found, found)
		}
		if labels == nil {
			return nil
		}
		for i := range seen {
			if truth[i] == nil {
				seen[i] = nil // nobody said what is on it
			}
		}
		return m.tags(ctx, labels, seen, truth)
	})
	return result, err
}

// ErrNoQueries says that there is nothing to ask for.
var ErrNoQueries = errors.New("there is no query, and too few photos are tagged to make queries of tags")

// known returns what the model found in photos when it looked at them for the library, nil for
// the others, whose numbers it returns too. Where that is not wanted it is nothing.
func (m *evalModel) known(ctx context.Context, photos []Card, wanted bool) (seen [][]float32, unknown []int, err error) {
	var found map[library.PhotoID][]float32
	if wanted {
		space, err := m.spaceOf(ctx, m.engine.Bundle())
		if err != nil {
			return nil, nil, err
		}
		ids := make([]library.PhotoID, len(photos))
		for i, p := range photos {
			ids[i] = p.Photo
		}
		if found, err = m.store.PhotoVectors(ctx, space.ID, ids); err != nil {
			return nil, nil, err
		}
	}
	seen = make([][]float32, len(photos))
	for i, p := range photos {
		if seen[i] = found[p.Photo]; seen[i] == nil {
			unknown = append(unknown, i)
		}
	}
	return seen, unknown, nil
}

// How many queries a comparison is begun with: at least, and of the person's own at most.
const (
	fewestQueries = 4
	mostQueries   = 6
)

// commonQueries are descriptions that fit something in most people's photos.
func commonQueries() []string {
	return []string{"a dog", "people at a table", "sunset by the sea", "a street at night", "children playing", "food on a plate"}
}

// QueriesToCompare proposes queries for EvalPhotos: the person's own, which are what was searched
// for lately, smart albums and the tags on most photos, as far as they are plain descriptions;
// where those are few, some that fit most people's photos.
func (a *App) QueriesToCompare(ctx context.Context) ([]string, error) {
	var asked []string
	if a.SearchesKept(ctx) {
		recent, err := a.RecentSearches(ctx, 0)
		if err != nil {
			return nil, err
		}
		for _, s := range recent {
			asked = append(asked, s.Text)
		}
	}
	albums, err := a.albumsByName(ctx)
	if err != nil {
		return nil, err
	}
	for _, al := range albums {
		asked = append(asked, al.Query)
	}
	tags, err := a.tagCounts(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(tags, func(x, y TagCount) int { return cmp.Compare(y.Confirmed, x.Confirmed) })
	for _, t := range tags {
		if t.Confirmed > 0 {
			asked = append(asked, t.Name)
		}
	}
	var queries []string
	add := func(text string, most int) {
		same := func(q string) bool { return strings.EqualFold(q, text) }
		if text != "" && len(queries) < most && !slices.ContainsFunc(queries, same) {
			queries = append(queries, text)
		}
	}
	for _, text := range asked {
		add(plainDescription(text), mostQueries)
	}
	for _, text := range commonQueries() {
		add(text, fewestQueries)
	}
	return queries, nil
}

// plainDescription is the description that a query consists of, "" where it is another query.
func plainDescription(text string) string {
	q, problems := query.Parse(text)
	if len(problems) > 0 || len(q.Terms) != 1 {
		return ""
	}
	if t := q.Terms[0]; t.Kind == query.Phrase && !t.Not && t.Weight == 1 {
		return t.Text
	}
	return ""
}

// find returns the photos that come first for a query, by the cosine alone.
func (m *evalModel) find(ctx context.Context, query string, photos [][]float32, top int) ([]EvalHit, error) {
	texts := []string{query}
	if len(strings.Fields(query)) <= search.ShortPhrase {
		texts = inTemplates(m.p.Templates, query)
	}
	vecs, err := m.texts(ctx, texts)
	if err != nil {
		return nil, err
	}
	words := ensemble(vecs)
	var hits []EvalHit
	for i, vec := range photos {
		if vec != nil {
			hits = append(hits, EvalHit{i, dot(words, vec)})
		}
	}
	slices.SortStableFunc(hits, func(a, b EvalHit) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return hits[:min(top, len(hits))], nil
}

// photosToCompare are n photos whose files are there, evenly over the time in which they were
// taken, newest first; up to half of them are tagged ones. The same library gives the same.
func (a *App) photosToCompare(ctx context.Context, n int) ([]Card, error) {
	all, err := a.store.Photos(ctx, store.ListFilter{})
	if err != nil {
		return nil, err
	}
	untagged, err := a.store.Photos(ctx, store.ListFilter{Untagged: true})
	if err != nil {
		return nil, err
	}
	without := make(map[library.PhotoID]bool, len(untagged))
	for _, id := range untagged {
		without[id] = true
	}
	tagged := slices.DeleteFunc(slices.Clone(all), func(id library.PhotoID) bool { return without[id] })
	// The others stand in where half is more than there is.
	half := evenly(tagged, max(n/2, n-len(untagged)))
	chosen := make(map[library.PhotoID]bool, n)
	for _, id := range append(half, evenly(untagged, n-len(half))...) {
		chosen[id] = true
	}
	var ids []library.PhotoID
	for _, id := range all {
		if chosen[id] {
			ids = append(ids, id)
		}
	}
	cards, err := a.Cards(ctx, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(cards, func(c Card) bool {
		return c.State != library.Present || c.Path == "" || decode.IsVideo(c.Format)
	}), nil
}

// evenly takes n of the photos, at equal distances.
func evenly(photos []library.PhotoID, n int) []library.PhotoID {
	if n >= len(photos) {
		return photos
	}
	out := make([]library.PhotoID, 0, max(n, 0))
	for i := range n {
		out = append(out, photos[i*len(photos)/n])
	}
	return out
}

// ownTags are the labels that are confirmed on enough of the photos, most frequent first, and
// the names of those that each photo has. Labels of one name in several sets are one. A photo
// without a tag has nil: nobody said what is on it.
func (a *App) ownTags(ctx context.Context, photos []Card) ([]tagging.Label, [][]string, error) {
	ids := make([]library.PhotoID, len(photos))
	for i, p := range photos {
		ids[i] = p.Photo
	}
	tags, err := a.store.Tags(ctx, distinct(ids), 0)
	if err != nil {
		return nil, nil, err
	}
	sets, err := a.LabelSets(ctx)
	if err != nil {
		return nil, nil, err
	}
	counts := map[string]int{}
	truth := make([][]string, len(photos))
	for i, id := range ids {
		for _, t := range tags[id] {
			name := strings.ToLower(t.Name)
			if t.State == library.Confirmed && !slices.Contains(truth[i], name) {
				truth[i] = append(truth[i], name)
				counts[name]++
			}
		}
	}
	var labels []tagging.Label
	for _, s := range sets {
		for _, l := range s.Labels {
			name := strings.ToLower(l.Name)
			if counts[name] >= fewTagged {
				// Includes names labels that may not be among these.
				labels = append(labels, tagging.Label{Name: name, Synonyms: l.Synonyms, Prompts: l.Prompts})
				counts[name] = -counts[name]
			}
		}
	}
	slices.SortStableFunc(labels, func(a, b tagging.Label) int { return cmp.Compare(counts[a.Name], counts[b.Name]) })
	return labels, truth, nil
}

// InCommon is, for a query, the share of the first photos that a model has in common with
// another one, from 0 to 1. Where one of them was not measured it is 0.
func InCommon(a, b EvalModel, query int) float64 {
	if query >= len(a.Found) || query >= len(b.Found) || len(a.Found[query]) == 0 {
		return 0
	}
	both := 0
	for _, x := range a.Found[query] {
		if slices.ContainsFunc(b.Found[query], func(y EvalHit) bool { return x.Photo == y.Photo }) {
			both++
		}
	}
	return float64(both) / float64(len(a.Found[query]))
}

// MeanInCommon is the mean of InCommon over all queries.
func MeanInCommon(a, b EvalModel) accuracy.Share {
	var shares []float64
	for q := range a.Found {
		shares = append(shares, InCommon(a, b, q))
	}
	return accuracy.Mean(shares)
}
