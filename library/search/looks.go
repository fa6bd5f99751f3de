package search

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/sync/errgroup"

	"descry/library/calib"
	"descry/library/vectors"
)

// look is one thing that the photos should, or should not, look like: a description or an
// example picture, scored on every row of the view.
type look struct {
	name   string
	kind   string // calib.Text or calib.Image
	scores []float32
	floor  []float32 // background score of each row; nil: 0
	fit    calib.Fit
	base   float64 // part of the logit that is the same for all rows
	weight float64 // against the heaviest one, which has 1; below 0: it pushes down
}

// sure is how sure it is that a photo is meant which matches with this probability. What has
// half the weight is a wish: a photo without it is not ruled out.
func (l look) sure(probability float64) float64 {
	if l.weight < 0 {
		return 1
	}
	return 1 - l.weight*(1-probability)
}

// weighted says the weight, where it is not plain.
func (l look) weighted() string {
	if l.weight == 1 || l.weight == 0 {
		return ""
	}
	return fmt.Sprintf(" (weight %.2g)", l.weight)
}

// probability that the photo of a row matches.
func (l look) probability(row int) float64 { return 1 / (1 + math.Exp(-l.logit(row))) }

// logit of the probability.
func (l look) logit(row int) float64 {
	var background float64
	if l.floor != nil {
		background = float64(l.floor[row])
	}
	return l.base + l.fit.Rise(float64(l.scores[row]), background)
}

// likelyLogit is the logit of LikelyAt.
var likelyLogit = math.Log(LikelyAt / (1 - LikelyAt))

// describe scores what the photos should look like.
func (r *run) describe() error {
	switch {
	case r.p.Text == nil:
		r.note("No model is in use, so only words were searched: names, keywords, descriptions, tags.")
		return nil
	case r.p.Index == nil:
		r.note("No photo has been looked at with this model yet.")
		return nil
	}
	if r.view.Len() == 0 {
		return nil
	}
	if r.req.Image != nil {
		l, err := r.pictureLook("the picture", r.req.Image)
		if err != nil {
			return err
		}
		r.looks = append(r.looks, l)
	}
	for _, n := range r.plan.pictures(false) {
		l, ok, err := r.exampleLook(n)
		if err != nil {
			return err
		}
		if ok {
			l.weight = n.Weight
			r.looks = append(r.looks, l)
		}
	}
	for _, n := range r.plan.pick(false) {
		if r.foreign(n.Text) {
			continue
		}
		l, err := r.textLook(n.Text)
		if err != nil {
			return err
		}
		l.weight = n.Weight
		r.looks = append(r.looks, l)
	}
	heaviest := 0.0
	for _, l := range r.looks {
		heaviest = max(heaviest, l.weight)
		r.result.Calibrated = r.result.Calibrated && l.fit.Fitted
	}
	for i := range r.looks {
		if heaviest > 0 {
			r.looks[i].weight /= heaviest
		}
	}
	return nil
}

// foreign notes that the model cannot read a phrase whose script none of its languages uses.
// Scored all the same, it would bring up any photos.
func (r *run) foreign(phrase string) bool {
	for _, l := range r.p.Languages {
		if !latin[strings.ToLower(strings.SplitN(l, "-", 2)[0])] {
			return false
		}
	}
	if len(r.p.Languages) == 0 || mostlyLatin(phrase) {
		return false
	}
	r.note("The model in use does not know the language of “%s”, so only words were searched for it. A multilingual model would find more.", short(phrase))
	return true
}

// latin are languages written in Latin letters. A model whose every language is among them
// cannot read other scripts.
var latin = map[string]bool{
	"en": true, "de": true, "fr": true, "es": true, "it": true, "pt": true, "nl": true, "sv": true, "da": true,
	"no": true, "nb": true, "fi": true, "pl": true, "cs": true, "sk": true, "hu": true, "ro": true, "tr": true,
}

// mostlyLatin reports whether at least half of the letters of a text are Latin, or it has none.
func mostlyLatin(s string) bool {
	letters, others := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			if !unicode.Is(unicode.Latin, r) {
				others++
			}
		}
	}
	return 2*others <= letters
}

// textLook scores a phrase on every row.
func (r *run) textLook(phrase string) (look, error) {
	words := strings.Fields(phrase)
	vec, err := r.phraseVector(r.ctx, phrase, len(words))
	if err != nil {
		return look{}, err
	}
	fit, err := r.fitFor(calib.Text)
	if err != nil {
		return look{}, err
	}
	floor, err := r.floorOf(r.ctx, r.view)
	if err != nil {
		return look{}, err
	}
	l := look{name: phrase, kind: calib.Text, fit: fit, floor: floor, weight: 1, scores: make([]float32, r.view.Count())}
	r.view.ScanEach(vec, l.scores)
	if !r.view.Single() {
		l.bestViews(r.view)
	}
	l.base = fit.At(queryOf(l.scores, len(words)))
	return l, nil
}

// bestViews makes scores and floor, of each vector, those of each row: the ones of the view
// that matches best. Each view is measured against its own floor. Against the highest floor
// of all, what a video shows in one scene would be held against it in the others.
func (l *look) bestViews(view *vectors.View) {
	scores, floor := l.scores, l.floor
	l.scores, l.floor = make([]float32, view.Len()), make([]float32, view.Len())
	best := make([]float64, view.Len())
	for row := range best {
		best[row] = math.Inf(-1)
	}
	for i := range scores {
		row := view.RowOf(i)
		if row < 0 {
			continue
		}
		if rise := l.fit.Rise(float64(scores[i]), float64(floor[i])); rise > best[row] {
			best[row], l.scores[row], l.floor[row] = rise, scores[i], floor[i]
		}
	}
}

// pictureLook scores an example picture on every row.
func (r *run) pictureLook(name string, vec []float32) (look, error) {
	fit, err := r.fitFor(calib.Image)
	if err != nil {
		return look{}, err
	}
	l := look{name: name, kind: calib.Image, fit: fit, weight: 1, scores: make([]float32, r.view.Len())}
	r.view.Scan(vec, l.scores)
	l.base = fit.At(queryOf(l.scores, 1))
	return l, nil
}

func queryOf(scores []float32, words int) calib.Query {
	var sum, sq float64
	for _, s := range scores {
		sum += float64(s)
		sq += float64(s) * float64(s)
	}
	n := float64(max(len(scores), 1))
	return calib.Query{Words: words, Photos: len(scores), Deviate: math.Sqrt(max(sq/n-(sum/n)*(sum/n), 0))}
}

// phraseVector is the unit vector of a phrase: through the templates when it is short.
func (s *Searcher) phraseVector(ctx context.Context, phrase string, words int) ([]float32, error) {
	if v, ok := s.texts.get(phrase); ok {
		return v, nil
	}
	texts := []string{phrase}
	if words <= ShortPhrase && len(s.p.Templates) > 0 {
		texts = nil
		for _, t := range s.p.Templates {
			texts = append(texts, strings.ReplaceAll(t, "{}", phrase))
		}
	}
	vecs, err := s.encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	v := unit(calib.Mean(vecs))
	s.texts.put(phrase, v)
	return v, nil
}

// encode makes the vectors of texts, several at a time.
func (s *Searcher) encode(ctx context.Context, texts []string) ([][]float32, error) {
	vecs := make([][]float32, len(texts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range texts {
		g.Go(func() error {
			var err error
			vecs[i], err = s.p.Text.EncodeText(ctx, t)
			return err
		})
	}
	return vecs, g.Wait()
}

func unit(v []float32) []float32 {
	var n float64
	for _, x := range v {
		n += float64(x) * float64(x)
	}
	if n = math.Sqrt(n); n > 0 {
		for i := range v {
			v[i] = float32(float64(v[i]) / n)
		}
	}
	return v
}

// Warm makes what the first search would wait for: the vectors of the background phrases
// and their scores on the photos.
func (s *Searcher) Warm(ctx context.Context) error {
	if s.p.Index == nil || s.p.Text == nil {
		return nil
	}
	_, err := s.floorOf(ctx, s.p.Index.View())
	return err
}

// background returns the vectors of the background phrases. The caller holds s.mu.
func (s *Searcher) background(ctx context.Context) ([][]float32, error) {
	if s.phrases == nil && len(s.p.Background) > 0 {
		vecs, err := s.encode(ctx, s.p.Background)
		if err != nil {
			return nil, err
		}
		s.phrases = vecs
	}
	return s.phrases, nil
}

// floorOf returns the mean score of the background phrases on each vector of a view. The mean
// of inner products is the inner product with the mean, so it takes one scan.
func (s *Searcher) floorOf(ctx context.Context, view *vectors.View) ([]float32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.floor.view == view && s.floor.mean != nil {
		return s.floor.mean, nil
	}
	phrases, err := s.background(ctx)
	if err != nil {
		return nil, err
	}
	mean := make([]float32, view.Count())
	if len(phrases) > 0 {
		view.ScanEach(calib.Mean(phrases), mean)
	}
	s.floor = floor{view: view, mean: mean}
	return mean, nil
}

// fitFor returns the calibration of the space: the stored one, else the one that came with
// the program, else a guide that is marked as not fitted.
func (r *run) fitFor(kind string) (calib.Fit, error) {
	stored, ok, err := r.p.Store.Calibration(r.ctx, r.p.Index.Space().ID, kind)
	if err != nil {
		return calib.Fit{}, err
	}
	if ok {
		if f, err := calib.FromParams(stored.Params); err == nil {
			return f, nil
		}
	}
	if f, ok := calib.Builtin(r.p.Index.Space().Digest, kind); ok {
		return f, nil
	}
	spread, err := r.spreadOf(kind)
	if err != nil {
		return calib.Fit{}, err
	}
	return calib.Guide(kind, spread), nil
}

// spreadPhotos is how many photos tell the spread of a space that has no fit.
const spreadPhotos = 64

// spreadOf measures the unit of a space without a fit on photos of the library.
func (r *run) spreadOf(kind string) (float64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind == calib.Text && r.spread > 0 {
		return r.spread, nil
	}
	photos := r.view.Photos()
	var vecs [][]float32
	for i := range min(len(photos), spreadPhotos) {
		vecs = append(vecs, r.view.Vectors(photos[i*len(photos)/min(len(photos), spreadPhotos)])...)
	}
	if kind == calib.Image {
		return calib.Spread(vecs, vecs), nil
	}
	phrases, err := r.background(r.ctx)
	if err != nil {
		return 0, err
	}
	r.spread = calib.Spread(vecs, phrases)
	return r.spread, nil
}

// vectorCache keeps the vectors of the latest texts.
type vectorCache struct {
	limit int
	mu    sync.Mutex
	byKey map[string][]float32
	order []string // least recently used first
}

func (c *vectorCache) get(key string) ([]float32, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.byKey[key]
	if ok {
		i := slices.Index(c.order, key)
		c.order = append(slices.Delete(c.order, i, i+1), key)
	}
	return v, ok
}

func (c *vectorCache) put(key string, v []float32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = make(map[string][]float32)
	}
	if _, ok := c.byKey[key]; !ok {
		c.order = append(c.order, key)
	}
	c.byKey[key] = v
	if len(c.order) > c.limit {
		delete(c.byKey, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
}
