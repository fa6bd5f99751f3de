// Package search answers queries: it ranks the photos of a library by meaning and by words,
// says how sure it is of each and where the answer ends. Package query reads the language.
package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"descry/internal/spelling"
	"descry/library"
	"descry/library/calib"
	"descry/library/language"
	"descry/library/places"
	"descry/library/query"
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
	// Texts is the digest of the text tower: several may go with one space.
	Texts() string
	// LogitScale is what the model multiplies cosines with.
	LogitScale() float64
}

// Params are what a Searcher needs.
type Params struct {
	Store *store.Store
	Index *vectors.Index // vectors of the model's space; nil: words only
	Text  TextEncoder    // of the same space; nil: words only

	// Background are phrases that photos are measured against: ones that say nothing about a
	// photo, and names of common things. What they score on it, in the mean, is the
	// floor from which a query's score is measured.
	Background []string
	// Templates are prompt templates with {} where the words go. A description of at most
	// ShortPhrase words is put into each, and the mean of their vectors searches.
	Templates []string
	// Languages are those that the model knows ("en", or "multilingual"); none: not known.
	Languages []string
	// Tongues returns what tells in which language a query is; nil: that is not looked into.
	Tongues func() *language.Set

	// Picture returns the unit vector of a picture file that is not in the library, for
	// similar:; library.ErrNotFound where there is no such file. Nil: only pictures of the
	// library can be named.
	Picture func(ctx context.Context, path string) ([]float32, error)
	// Places knows where towns, regions and countries are, for near: and place:; nil: nothing.
	Places Places
}

// Places is a gazetteer. It is used by several goroutines at once.
type Places interface {
	// Find returns the middle of the place that a name most likely means, in degrees north and
	// east, and its name in full; false where none is called so.
	Find(name string) (lat, lon float64, full string, ok bool)
	// Within returns the town, region or country of this name, and its name in full; false where
	// none is called so.
	Within(name string) (area places.Area, full string, ok bool)
	// Nearest returns the numbers of the town nearest to a position.
	Nearest(lat, lon float64) places.Numbers
	// Version tells lists of places apart.
	Version() string
	// Like returns the name of a place that is spelt almost like a name, or "".
	Like(name string) string
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
	texts recent[[]float32]      // vectors of phrases
	words func() *spelling.Words // English ones

	mu         sync.Mutex
	phrases    [][]float32 // vectors of the background phrases
	phrasesKey string      // digest of them
	ground     *ground     // of the latest View
	spread     float64     // of an unfitted space; 0: not measured
}

// New makes a searcher. Vectors of phrases are made when they are first needed.
func New(p Params) *Searcher {
	return &Searcher{p: p, words: sync.OnceValue(englishWords(p.Tongues)), texts: recent[[]float32]{limit: 512}}
}

// WordsOnly is a searcher of the same library that does without a model.
func (s *Searcher) WordsOnly() *Searcher {
	p := s.p
	p.Index, p.Text = nil, nil
	return New(p)
}

// Request is one search.
type Request struct {
	Text   string            // a query, as package query reads it
	Now    time.Time         // what dates like yesterday count from; zero: the present
	Image  []float32         // unit vector of an example picture; nil: none
	Within []library.PhotoID // search only these; nil: the whole library
	Limit  int               // hits wanted; 0: all
	Offset int               // hits to pass over
	All    bool              // hits that are not likely too, behind the likely ones
	Seeks  bool              // say in Result.Seeks what vectors were looked for

	inside int // how many smart albums are being looked into
}

// Result is the answer to a Request.
type Result struct {
	Query          string          // as it was understood, in canonical form
	Interpretation string          // the same in words
	Chips          []string        // its terms, each as it is written in a query
	Problems       []query.Problem // mistakes in the query; the rest of it was searched
	Notes          []string        // limits of this answer worth knowing, one sentence each
	DidYouMean     string          // the query with mistyped words put right; "": there seem to be none
	Language       string          // code of the query's language, where the model in use does not know it; else ""
	LanguageName   string          // the same in English: "German"
	Calibrated     bool            // false: confidences are a guide only and not to be shown
	Matched        int             // likely photos, on this page or not
	Total          int             // hits without Limit and Offset
	Hits           []Hit           // likely first, each block in fused order
	Seeks          []Seek          // with Request.Seeks: what the photos should look like
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
	Kind       string // "looks like", "words", "tag", "filter", "exact", "without" or "marked"
	Text       string // the phrase, words or filter
	Where      string // of words: in what they stand
	Confidence float64
	Weight     float64 // of what it looks like, or is as unlike as can be (below 0), against the heaviest; else 0
	Picture    bool    // what it looks like is an example picture, and Text says which
}

// Search answers a query. A mistake in it, a library without photos and a missing model are
// no errors: the result says so in a sentence. The same request on the same library gives
// the same result; photos that rank alike come by their id.
func (s *Searcher) Search(ctx context.Context, req Request) (Result, error) {
	began := time.Now()
	q, problems := query.Parse(req.Text)
	if req.Image != nil && strings.TrimSpace(req.Text) == "" {
		problems = nil
	}
	if req.Now.IsZero() {
		req.Now = began
	}
	q, meant, t, err := s.readLanguage(ctx, req, q)
	if err != nil {
		return Result{}, fmt.Errorf("search for %q: %w", short(req.Text), err)
	}
	r := Result{Query: q.String(), Problems: problems, Notes: t.notes(s.p.Text != nil)}
	if t.language != nil {
		r.Language, r.LanguageName = t.language.Code, t.language.Name
	}
	for _, t := range q.Terms {
		r.Chips = append(r.Chips, t.String())
	}
	if q.IsZero() && req.Image == nil {
		r.Took = time.Since(began)
		return r, nil
	}
	whole := r
	err = s.answer(ctx, req, meant, t, &r)
	if errors.Is(err, vectors.ErrDamaged) {
		if err = s.p.Index.Rebuild(ctx); err == nil {
			r = whole
			err = s.answer(ctx, req, meant, t, &r)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		return Result{}, fmt.Errorf("search for %q: %w", short(req.Text), err)
	}
	if s.p.Text != nil && t.language == nil {
		r.Notes = append(r.Notes, limits(q.Terms)...)
	}
	if err := s.didYouMean(ctx, q, t, &r); err != nil {
		return Result{}, fmt.Errorf("search for %q: %w", short(req.Text), err)
	}
	slices.SortStableFunc(r.Problems, func(a, b query.Problem) int { return a.Start - b.Start })
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

// run is one alternative of a search under way.
type run struct {
	*Searcher
	ctx    context.Context
	req    Request
	plan   plan
	result *Result
	shared *shared

	view    *vectors.View // nil: no vectors
	ground  *ground       // of the view
	looks   []look        // what the photos should look like
	nots    []look        // what they should not
	against []look        // what pushes photos down that it does not leave out: the excluded phrases
	exact   []query.Node  // quoted texts and filters that were applied: for Why
	right   []markedPhoto // said to be what is meant
	wrong   []markedPhoto // said not to be

	limited bool             // only the photos of allowed
	allowed library.PhotoSet // that meet the conditions
	barred  library.PhotoSet // that are excluded
}

func (r *run) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	if !slices.Contains(r.result.Notes, note) {
		r.result.Notes = append(r.result.Notes, note)
	}
}

func (r *run) problem(p query.Problem) {
	if !slices.Contains(r.result.Problems, p) {
		r.result.Problems = append(r.result.Problems, p)
	}
}

// answer fills the result.
func (s *Searcher) answer(ctx context.Context, req Request, q query.Query, t *tongue, res *Result) error {
	all, more := plans(q)
	if more {
		res.Problems = append(res.Problems, query.Problem{
			Sentence: fmt.Sprintf("The query has more than %d alternatives; only those were looked into. Fewer brackets and “or” help.", MaxAlternatives), End: len(req.Text),
		})
	}
	g, err := s.lookAt(ctx)
	if err != nil {
		return err
	}
	var view *vectors.View
	if g != nil {
		view = g.view
	}
	res.Calibrated = true
	var runs []*run
	var found []outcome
	sh := &shared{hard: map[string]hardAnswer{}, pictures: map[string]pictureAnswer{}, tongue: t}
	for _, p := range all {
		r := &run{Searcher: s, ctx: ctx, req: req, plan: p, result: res, view: view, ground: g, shared: sh}
		if len(all) > 1 && p.empty() {
			continue
		}
		o, err := r.outcome()
		if err != nil {
			return err
		}
		runs, found = append(runs, r), append(found, o)
	}
	looked := slices.ContainsFunc(runs, func(r *run) bool { return len(r.looks) > 0 })
	res.Calibrated = res.Calibrated && looked
	if looked && !res.Calibrated {
		runs[0].note("This model is uncalibrated: where the likely photos end is a guide.")
	}
	return finish(runs, merge(runs, found), req, res)
}

// outcome finds the photos of one alternative.
func (r *run) outcome() (outcome, error) {
	if r.req.Within != nil {
		r.allow(library.PhotoSetOf(r.req.Within...))
	}
	if err := r.applyConditions(); err != nil {
		return outcome{}, err
	}
	if err := r.readMarks(); err != nil {
		return outcome{}, err
	}
	if err := r.describe(); err != nil {
		return outcome{}, err
	}
	if err := r.learn(); err != nil {
		return outcome{}, err
	}
	if err := r.exclude(); err != nil {
		return outcome{}, err
	}
	words, err := r.matchWords()
	if err != nil {
		return outcome{}, err
	}
	switch {
	case len(r.looks) > 0 || len(words.best) > 0 || len(r.plan.pick(false)) > 0 || len(r.right) > 0:
		return r.rank(words)
	case len(r.exact) > 0 || len(r.plan.pick(true)) > 0 || len(r.nots) > 0 || len(r.wrong) > 0 || r.req.Within != nil:
		return r.listed()
	}
	return outcome{}, nil
}

// conditioned reports whether some quoted text or filter that must hold was applied.
func (r *run) conditioned() bool {
	return slices.ContainsFunc(r.exact, func(n query.Node) bool { return !n.Not })
}

// finish cuts the page out of what was found.
func finish(runs []*run, o outcome, req Request, res *Result) error {
	res.Matched, res.Total = o.likely.count(), o.likely.count()
	if req.All {
		res.Total = o.all.count()
	}
	found := o.found[:min(res.Total, len(o.found))]
	var said []string
	for _, r := range runs {
		if s := r.interpret(); s != "" && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	if len(said) > 0 {
		res.Interpretation = "Photos that " + strings.Join(said, "; or that ")
	}
	if len(runs) > 0 && runs[0].view != nil && runs[0].view.Len() == 0 && len(found) == 0 {
		runs[0].note("No photo has been looked at with this model yet.")
	}
	found = found[min(max(req.Offset, 0), len(found)):]
	if req.Limit > 0 && len(found) > req.Limit {
		found = found[:req.Limit]
	}
	for _, c := range found {
		res.Hits = append(res.Hits, Hit{Photo: c.photo, Score: c.score, Confidence: c.confidence, Likely: c.likely()})
	}
	for i, r := range runs {
		var at []int
		for k, c := range found {
			if c.of == i {
				at = append(at, k)
			}
		}
		if err := r.explain(found, at, res.Hits); err != nil {
			return err
		}
	}
	if req.Seeks {
		return res.addSeeks(runs)
	}
	return nil
}

// explain says of the hits of this alternative, whose places are given, why they were found.
func (r *run) explain(found []candidate, at []int, hits []Hit) error {
	var rows []int32
	for _, k := range at {
		if row := found[k].row; row >= 0 {
			rows = append(rows, int32(row))
		}
	}
	looks := slices.Concat(r.looks, r.nots)
	all := make([][]float64, len(looks)) // probabilities of the rows
	for i, l := range looks {
		var err error
		if all[i], err = r.probabilities(l, rows); err != nil {
			return err
		}
	}
	next := 0
	for _, k := range at {
		c := found[k]
		p := make([]float64, len(looks))
		if c.row >= 0 {
			for i := range p {
				p[i] = all[i][next]
			}
			next++
		}
		hits[k].Why = r.why(c, p[:len(r.looks)], p[len(r.looks):])
	}
	return nil
}

// why says why a candidate was found, whose probabilities for looks and nots are given.
func (r *run) why(c candidate, looks, nots []float64) []Reason {
	var out []Reason
	if c.marked {
		out = append(out, Reason{Kind: "marked", Text: "more like this", Confidence: 1})
	}
	for i, l := range r.looks {
		switch {
		case c.row < 0:
		case l.weight < 0:
			out = append(out, Reason{Kind: "without", Text: l.name, Confidence: 1 - looks[i], Weight: l.weight, Picture: l.kind == calib.Image})
		default:
			out = append(out, Reason{Kind: "looks like", Text: l.name, Confidence: looks[i], Weight: l.weight, Picture: l.kind == calib.Image})
		}
	}
	if c.words != nil || c.said > 0 {
		kind := "words"
		var where []string
		if c.words != nil {
			for _, col := range c.words.Columns {
				if col == "tags" {
					kind = "tag"
				}
				where = append(where, columnName(col))
			}
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
		case t.Kind == query.Exact:
			kind = "exact"
		}
		out = append(out, Reason{Kind: kind, Text: t.Positive(), Confidence: 1})
	}
	at := map[string]int{} // of what is looked for by several phrases, the surest counts
	for i, l := range r.nots {
		if c.row < 0 {
			continue
		}
		k, ok := at[l.name]
		if !ok {
			k = len(out)
			at[l.name] = k
			out = append(out, Reason{Kind: "without", Text: l.name, Confidence: 1, Picture: l.kind == calib.Image})
		}
		out[k].Confidence = min(out[k].Confidence, 1-nots[i])
	}
	return out
}

// interpret says in words how the alternative was understood.
func (r *run) interpret() string {
	quote := func(s string) string { return "“" + s + "”" }
	var parts []string
	for _, l := range r.looks {
		if l.kind == calib.Image {
			parts = append(parts, "look like "+l.name+l.weighted())
		}
	}
	for _, n := range r.plan.pick(false) {
		weight := look{weight: n.Weight}.weighted()
		switch {
		case n.Weight < 0:
			parts = append(parts, "look as little as can be like "+quote(n.Text)+weight)
		case len(r.looks) > 0 && !r.foreign(n.Text):
			parts = append(parts, "look like "+quote(n.Text)+weight+" or have these words")
		default:
			parts = append(parts, "have the words "+quote(n.Text)+weight)
		}
	}
	for _, n := range r.exact {
		switch {
		case n.Kind == query.Exact && n.Not:
			parts = append(parts, "do not have the exact words "+quote(n.Text))
		case n.Kind == query.Exact:
			parts = append(parts, "have the exact words "+quote(n.Text))
		case n.Not:
			parts = append(parts, "do not fit "+n.Positive()+r.meaning(n))
		default:
			parts = append(parts, "fit "+n.Positive()+r.meaning(n))
		}
	}
	for _, n := range r.plan.pick(true) {
		parts = append(parts, "do not show "+quote(n.Text))
	}
	for _, l := range r.nots {
		if l.kind == calib.Image {
			parts = append(parts, "do not look like "+l.name)
		}
	}
	if len(r.right) > 0 {
		parts = append(parts, "are more like "+list(namesOf(r.right)))
	}
	if len(r.wrong) > 0 {
		parts = append(parts, "are less like "+list(namesOf(r.wrong)))
	}
	return list(parts)
}

// meaning says which days a date as people write it means.
func (r *run) meaning(n query.Node) string {
	if n.Kind != query.Filter || !slices.Contains([]string{"date", "before", "after"}, n.Field) {
		return ""
	}
	var parts []string
	for _, v := range n.Values {
		if w, err := query.When(n.Field, v, r.req.Now); err == nil && w.String() != v {
			parts = append(parts, w.String())
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// list prints parts as "a, b and c".
func list(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// short cuts a text that is quoted in a sentence.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}
