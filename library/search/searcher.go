package search

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"descry/library"
	"descry/library/calib"
	"descry/library/store"
	"descry/library/vectors"
)

// TextEncoder turns words into unit vectors of one space. It is used by several goroutines
// at once.
type TextEncoder interface {
	// EncodeText returns the unit vector of a text.
	EncodeText(ctx context.Context, text string) ([]float32, error)
	// Space is the digest of the vector space.
	Space() string
	// LogitScale is what the model multiplies cosines with.
	LogitScale() float64
}

// Params are what a Searcher needs.
type Params struct {
	Store *store.Store
	Index *vectors.Index // vectors of the model's space; nil: words only
	Text  TextEncoder    // of the same space; nil: words only

	// Background are phrases that say nothing about a photo: what they score on it is the
	// floor from which a query's score is measured.
	Background []string
	// Templates are prompt templates with {} where the words go. A description of at most
	// ShortPhrase words is put into each, and the mean of their vectors searches.
	Templates []string
	// Languages are those that the model knows ("en", or "multilingual"); none: not known.
	Languages []string
}

// ShortPhrase is the number of words up to which a description goes through the prompt
// templates. Longer ones are sentences of their own; templates only dilute them.
const ShortPhrase = 3

// LikelyAt is the calibrated confidence from which a photo counts as an answer.
const LikelyAt = 0.5

// Searcher answers queries about one library in one vector space. It may be used by several
// goroutines at once.
type Searcher struct {
	p     Params
	texts vectorCache

	mu      sync.Mutex
	phrases [][]float32 // vectors of the background phrases
	floor   floor
	spread  float64 // of an unfitted space; 0: not measured
}

// floor is the mean score of the background phrases on each vector of a View.
type floor struct {
	view *vectors.View
	mean []float32
}

// New makes a searcher. Vectors of phrases are made when they are first needed.
func New(p Params) *Searcher {
	return &Searcher{p: p, texts: vectorCache{limit: 512}}
}

// Request is one search.
type Request struct {
	Text   string            // a query (Parse)
	Image  []float32         // unit vector of an example picture; nil: none
	Within []library.PhotoID // search only these; nil: the whole library
	Limit  int               // hits wanted; 0: all
	Offset int               // hits to pass over
	All    bool              // hits that are not likely too, behind the likely ones
}

// Result is the answer to a Request.
type Result struct {
	Query          string    // as it was understood, in canonical form
	Interpretation string    // the same in words
	Chips          []string  // its terms, each as it is written in a query
	Problems       []Problem // mistakes in the query; the rest of it was searched
	Notes          []string  // limits of this answer worth knowing, one sentence each
	Calibrated     bool      // false: confidences are a guide only and not to be shown
	Matched        int       // likely photos, on this page or not
	Total          int       // hits without Limit and Offset
	Hits           []Hit     // likely first, each block in fused order
	Took           time.Duration
}

// Hit is a photo of a result.
type Hit struct {
	Photo      library.PhotoID
	Score      float64 // cosine with what was described, the mean of several; 0 where only words matched
	Confidence float64 // calibrated probability that the photo matches, 0 to 1
	Likely     bool    // Confidence is at least LikelyAt
	Why        []Reason
}

// Reason is one part of why a photo is among the hits.
type Reason struct {
	Kind       string // "looks like", "words", "tag", "filter", "exact" or "without"
	Text       string // the phrase, words or filter
	Where      string // of words: in what they stand
	Confidence float64
}

// Search answers a query. A mistake in it, a library without photos and a missing model are
// no errors: the result says so in a sentence. The same request on the same library gives
// the same result; photos that rank alike come by their id.
func (s *Searcher) Search(ctx context.Context, req Request) (Result, error) {
	began := time.Now()
	q, problems := Parse(req.Text)
	if req.Image != nil && strings.TrimSpace(req.Text) == "" {
		problems = nil
	}
	r := Result{Query: q.String(), Problems: problems}
	for _, t := range q.Terms {
		r.Chips = append(r.Chips, t.String())
	}
	if q.IsZero() && req.Image == nil {
		r.Took = time.Since(began)
		return r, nil
	}
	run := &run{Searcher: s, ctx: ctx, req: req, query: q, result: &r}
	if err := run.answer(); err != nil {
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		return Result{}, fmt.Errorf("search for %q: %w", short(req.Text), err)
	}
	r.Took = time.Since(began)
	return r, nil
}

// Similar finds photos like a picture, whose unit vector is given. req.Text may narrow the
// search.
func (s *Searcher) Similar(ctx context.Context, picture []float32, req Request) (Result, error) {
	if len(picture) == 0 {
		return Result{}, errors.New("find similar photos: the picture has no vector")
	}
	req.Image = picture
	return s.Search(ctx, req)
}

// run is one search under way.
type run struct {
	*Searcher
	ctx    context.Context
	req    Request
	query  Query
	result *Result

	view    *vectors.View // nil: no vectors
	looks   []look        // what the photos should look like
	nots    []look        // what they should not
	exact   []Term        // quoted texts and filters that were applied: for Why
	allowed set           // nil: all
	barred  set
	deeper  int // photos ranked too low to be candidates of this page
}

func (r *run) note(format string, args ...any) {
	r.result.Notes = append(r.result.Notes, fmt.Sprintf(format, args...))
}

// answer fills the result.
func (r *run) answer() error {
	if r.req.Within != nil {
		r.allowed = setOf(r.req.Within)
	}
	exactOrder, err := r.applyConditions()
	if err != nil {
		return err
	}
	if r.p.Index != nil && r.p.Text != nil {
		r.view = r.p.Index.View()
	}
	words, any, err := r.matchWords()
	if err != nil {
		return err
	}
	if err := r.describe(); err != nil {
		return err
	}
	if err := r.exclude(); err != nil {
		return err
	}
	var found []candidate
	switch {
	case len(r.looks) > 0 || len(words) > 0 || len(r.query.pick(Phrase, false)) > 0:
		found, err = r.rank(words, any)
	case len(r.exact) > 0 || len(r.query.pick(Phrase, true)) > 0 || r.req.Within != nil:
		found, err = r.listed(exactOrder)
	}
	if err != nil {
		return err
	}
	r.finish(found)
	return nil
}

// conditioned reports whether some quoted text or filter that must hold was applied.
func (r *run) conditioned() bool {
	for _, t := range r.exact {
		if !t.Not {
			return true
		}
	}
	return false
}

// finish cuts the page out of the candidates, which are in their final order.
func (r *run) finish(found []candidate) {
	res := r.result
	for _, c := range found {
		if c.likely() {
			res.Matched++
		}
	}
	if !r.req.All {
		found, r.deeper = found[:res.Matched], 0
	}
	res.Total = r.deeper + len(found)
	res.Interpretation = r.interpret()
	if r.view != nil && r.view.Len() == 0 && len(found) == 0 {
		r.note("No photo has been looked at with this model yet.")
	}
	found = found[min(max(r.req.Offset, 0), len(found)):]
	if r.req.Limit > 0 && len(found) > r.req.Limit {
		found = found[:r.req.Limit]
	}
	for _, c := range found {
		res.Hits = append(res.Hits, Hit{
			Photo: c.photo, Score: c.score, Confidence: c.confidence, Likely: c.likely(), Why: r.why(c),
		})
	}
}

// why says why a candidate was found.
func (r *run) why(c candidate) []Reason {
	var out []Reason
	for _, l := range r.looks {
		if c.row >= 0 {
			out = append(out, Reason{Kind: "looks like", Text: l.name, Confidence: l.probability(c.row)})
		}
	}
	if c.words != nil {
		kind := "words"
		for _, col := range c.words.Columns {
			if col == "tags" {
				kind = "tag"
			}
		}
		var where []string
		for _, col := range c.words.Columns {
			where = append(where, columnName(col))
		}
		out = append(out, Reason{
			Kind: kind, Text: strings.Join(r.searchedWords(), " "), Where: strings.Join(where, ", "), Confidence: c.said,
		})
	}
	for _, t := range r.exact {
		kind := "filter"
		switch {
		case t.Not:
			kind = "without"
		case t.Kind == Exact:
			kind = "exact"
		}
		out = append(out, Reason{Kind: kind, Text: t.positive(), Confidence: 1})
	}
	for _, l := range r.nots {
		if c.row >= 0 {
			out = append(out, Reason{Kind: "without", Text: l.name, Confidence: 1 - l.probability(c.row)})
		}
	}
	return out
}

// positive prints a term without its minus.
func (t Term) positive() string {
	t.Not = false
	return t.String()
}

// interpret says in words how the query was understood.
func (r *run) interpret() string {
	quote := func(s string) string { return "“" + s + "”" }
	var parts []string
	for _, l := range r.looks {
		if l.kind == calib.Image {
			parts = append(parts, "look like the picture")
		}
	}
	for _, t := range r.query.pick(Phrase, false) {
		if len(r.looks) > 0 {
			parts = append(parts, "look like "+quote(t.Text)+" or have these words")
		} else {
			parts = append(parts, "have the words "+quote(t.Text))
		}
	}
	for _, t := range r.exact {
		switch {
		case t.Kind == Exact && t.Not:
			parts = append(parts, "do not have the exact words "+quote(t.Text))
		case t.Kind == Exact:
			parts = append(parts, "have the exact words "+quote(t.Text))
		case t.Not:
			parts = append(parts, "do not fit "+t.positive())
		default:
			parts = append(parts, "fit "+t.positive())
		}
	}
	for _, t := range r.query.pick(Phrase, true) {
		parts = append(parts, "do not show "+quote(t.Text))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Photos that " + list(parts, "")
}
