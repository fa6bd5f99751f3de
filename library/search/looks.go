package search

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"descry/library/calib"
)

// look is one thing that the photos should, or should not, look like: a description or an
// example picture, scored on the rows of the view.
type look struct {
	name   string
	kind   string    // calib.Text or calib.Image
	vec    []float32 // unit vector
	fit    calib.Fit
	base   float64 // part of the logit that is the same for all rows
	weight float64 // against the heaviest one, which has 1; below 0: it pushes down

	// Of each row, by the view of its photo that matches best. Scores are near the cosine, at
	// most bound away, until settle makes those of some rows exact.
	scores []float32 // -Inf where the row was not admitted
	floor  []float32 // background score; nil: 0
	hub    []float32 // how much of a hub; nil: 0
	bound  float64
}

// hubWeight is how much of it counts against a photo that is a hub, near to any words: the
// bias of nearest neighbor normalization (EMNLP 2024), there 0.75 against very many captions.
// Against the few hundred background phrases 0.2 does best (docs/quality.md). Only the order
// goes by it; confidence has the floor.
const hubWeight = 0.2

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

// logit of the probability that the photo of a row matches.
func (l look) logit(row int) float64 {
	m := mark{score: l.scores[row]}
	if l.floor != nil {
		m.floor = l.floor[row]
	}
	return l.base + l.rise(m)
}

// place is what the photos of one look are ordered by.
func (l look) place(row int) float64 {
	if l.hub == nil {
		return float64(l.scores[row])
	}
	return float64(l.scores[row]) - hubWeight*float64(l.hub[row])
}

// probability that the photo of a row matches.
func (l look) probability(row int) float64 { return 1 / (1 + math.Exp(-l.logit(row))) }

// even is the logit from which a photo counts as likely as far as this look goes.
func (l look) even() float64 {
	switch {
	case l.weight < 0:
		return math.Inf(-1)
	case l.weight >= 1:
		return logit(LikelyAt)
	}
	// sure(p) >= LikelyAt
	return logit(1 - (1-LikelyAt)/l.weight)
}

// logit is the logarithm of the odds of a probability; -Inf at 0 and below.
func logit(p float64) float64 {
	if p <= 0 {
		return math.Inf(-1)
	}
	return math.Log(p / (1 - p))
}

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
	if r.view.Len() == 0 || r.wordsOnly() {
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

// textLook is a look for a phrase, not scored yet.
func (r *run) textLook(phrase string) (look, error) {
	words := strings.Fields(phrase)
	vec, err := r.vectorOf(phrase, len(words))
	if err != nil {
		return look{}, err
	}
	return r.newLook(phrase, calib.Text, vec, len(words))
}

// pictureLook is a look for an example picture, not scored yet.
func (r *run) pictureLook(name string, vec []float32) (look, error) {
	return r.newLook(name, calib.Image, vec, 1)
}

func (r *run) newLook(name, kind string, vec []float32, words int) (look, error) {
	fit, err := r.fitFor(kind)
	if err != nil {
		return look{}, err
	}
	l := look{name: name, kind: kind, vec: vec, fit: fit, weight: 1}
	q := calib.Query{Words: words, Photos: r.view.Count()}
	if fit.Library != 0 {
		if q.Deviate, err = r.deviate(vec); err != nil {
			return look{}, err
		}
	}
	l.base = fit.At(q)
	return l, nil
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
	_, err := s.lookAt(ctx)
	return err
}

// background returns the vectors of the background phrases. The caller holds s.mu.
func (s *Searcher) background(ctx context.Context) ([][]float32, error) {
	if s.phrases == nil && len(s.p.Background) > 0 {
		vecs, err := s.encode(ctx, s.p.Background)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		for _, v := range vecs {
			for _, x := range v {
				_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
			}
		}
		s.phrases, s.phrasesKey = vecs, hex.EncodeToString(h.Sum(nil))
	}
	return s.phrases, nil
}

// StoredKind is the kind under which the store keeps a calibration of a space: what was fitted
// with texts belongs to their text tower too.
func StoredKind(kind, texts string) string {
	if kind != calib.Text || texts == "" {
		return kind
	}
	return kind + " " + texts
}

// fitFor returns the calibration of the space: the stored one, else the one that came with
// the program, else a guide that is marked as not fitted.
func (r *run) fitFor(kind string) (calib.Fit, error) {
	texts := ""
	if r.p.Text != nil {
		texts = r.p.Text.Texts()
	}
	stored, ok, err := r.p.Store.Calibration(r.ctx, r.p.Index.Space().ID, StoredKind(kind, texts))
	if err != nil {
		return calib.Fit{}, err
	}
	if ok {
		if f, err := calib.FromParams(stored.Params); err == nil {
			return f, nil
		}
	}
	if f, ok := calib.Builtin(r.p.Index.Space().Digest, texts, kind); ok {
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
	// Chosen and added up in an order that does not depend on that in which photos came.
	chosen := slices.Clone(r.ground.sample)
	slices.SortFunc(chosen, func(a, b int32) int { return cmp.Compare(mixed(r.ground.floor[a]), mixed(r.ground.floor[b])) })
	var vecs [][]float32
	for _, i := range chosen[:min(len(chosen), spreadPhotos)] {
		if v := r.view.Vector(int(i)); v != nil {
			vecs = append(vecs, v)
		}
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

// recent keeps what was made of the latest keys.
type recent[T any] struct {
	limit int
	mu    sync.Mutex
	byKey map[string]T
	order []string // least recently used first
}

func (c *recent[T]) get(key string) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.byKey[key]
	if ok {
		i := slices.Index(c.order, key)
		c.order = append(slices.Delete(c.order, i, i+1), key)
	}
	return v, ok
}

func (c *recent[T]) put(key string, v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = make(map[string]T)
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
