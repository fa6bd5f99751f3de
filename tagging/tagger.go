package tagging

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Bounds of what is suggested.
const (
	// MaxSuggestions is how many labels a photo gets at most, all sets together.
	MaxSuggestions = 6
	// MinConfidence is the calibrated probability below which nothing is suggested.
	MinConfidence = 0.5
)

// Suggestion is a label that the machine finds on a photo.
type Suggestion struct {
	Set        string
	Label      string
	Confidence float64 // calibrated, MinConfidence to 1
}

// Tagger suggests labels for photo vectors of one space. It is safe for concurrent use.
type Tagger struct {
	cal        Calibration
	sets       []setBounds
	labels     []labelVector
	background [][]float32
	digest     string
}

type setBounds struct {
	name        string
	exclusive   bool
	limit       int
	first, last int // labels[first:last]
}

type labelVector struct {
	name  string
	key   string // "set/label"
	vec   []float32
	vague float64
	kin   []int // labels that are no rivals: itself, wider, narrower, same name
}

// Option changes how NewTagger works.
type Option func(*options)

type options struct {
	templates []string
	cal       *Calibration
}

// WithTemplates gives the templates of sets that bring none.
func WithTemplates(templates []string) Option {
	return func(o *options) { o.templates = templates }
}

// WithCalibration uses c instead of what comes with the program.
func WithCalibration(c Calibration) Option {
	return func(o *options) { o.cal = &c }
}

// NewTagger encodes the labels of all sets and the background phrases: some 4 ms per text
// and core, so a cached encoder (Cached) makes every start but the first quick.
// At least two background phrases are needed.
func NewTagger(ctx context.Context, enc TextEncoder, sets []LabelSet, background []string, opts ...Option) (*Tagger, error) {
	o := options{templates: DefaultTemplates()}
	for _, f := range opts {
		f(&o)
	}
	if len(background) < 2 {
		return nil, errors.New("making the tagger: at least two background phrases are needed")
	}
	t := &Tagger{}
	if o.cal != nil {
		t.cal = *o.cal
	} else {
		var err error
		if t.cal, err = calibrationFor(enc.Space(), enc.Texts()); err != nil {
			return nil, err
		}
	}
	texts := slices.Clone(background)
	for _, s := range sets {
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("making the tagger: %w", err)
		}
		for _, l := range s.Labels {
			for _, group := range l.texts(s.templates(o.templates)) {
				texts = append(texts, group...)
			}
		}
	}
	vecs, err := encodeAll(ctx, enc, texts)
	if err != nil {
		return nil, fmt.Errorf("encoding the labels: %w", err)
	}
	for _, b := range background {
		t.background = append(t.background, vecs[b])
	}
	for _, s := range sets {
		b := setBounds{name: s.Name, exclusive: s.Exclusive, limit: s.Limit, first: len(t.labels)}
		if b.limit == 0 {
			b.limit = DefaultLimit
		}
		for _, l := range s.Labels {
			t.labels = append(t.labels, labelVector{
				name: l.Name,
				key:  s.Name + "/" + l.Name,
				vec:  l.vector(vecs, s.templates(o.templates)),
			})
		}
		b.last = len(t.labels)
		t.sets = append(t.sets, b)
	}
	t.measureVagueness()
	t.findKin(sets)
	t.digest, err = digest(enc.Space(), enc.Texts(), sets, background, o.templates, t.cal)
	return t, err
}

func (s LabelSet) templates(otherwise []string) []string {
	if len(s.Templates) > 0 {
		return s.Templates
	}
	return otherwise
}

// texts are what is encoded for a label: per name its templates, then the prompts.
func (l Label) texts(templates []string) [][]string {
	out := [][]string{fill(templates, l.Name)}
	for _, s := range l.Synonyms {
		out = append(out, fill(templates, s))
	}
	if len(l.Prompts) > 0 {
		out = append(out, l.Prompts)
	}
	return out
}

// vector is the unit vector of a label: the mean over its name and synonyms, each the
// ensemble of the templates, and over its prompts, which weigh as much as one name.
func (l Label) vector(vecs map[string][]float32, templates []string) []float32 {
	var sum []float64
	for _, group := range l.texts(templates) {
		v := ensemble(vecs, group)
		if sum == nil {
			sum = make([]float64, len(v))
		}
		for i := range v {
			sum[i] += v[i]
		}
	}
	return toFloat32(unit(sum))
}

// measureVagueness compares how near each label's words are to the background phrases
// with how near these are to each other: vague words are near to everything, pictures
// included, and need more to be believed.
func (t *Tagger) measureVagueness() {
	nearness := func(v []float32) float64 {
		var sum float64
		for _, b := range t.background {
			sum += dot(v, b)
		}
		return sum / float64(len(t.background))
	}
	own := make([]float64, len(t.background))
	for i, b := range t.background {
		own[i] = nearness(b)
	}
	mean, sd := meanSD(own)
	for i := range t.labels {
		t.labels[i].vague = (nearness(t.labels[i].vec) - mean) / sd
	}
}

// findKin notes which labels are no rivals of each other.
func (t *Tagger) findKin(sets []LabelSet) {
	byName := map[string][]int{}
	for i, l := range t.labels {
		byName[strings.ToLower(l.name)] = append(byName[strings.ToLower(l.name)], i)
	}
	kin := make([]map[int]bool, len(t.labels))
	for i := range kin {
		kin[i] = map[int]bool{}
	}
	v := NewVocabulary(sets)
	i := 0
	for _, s := range sets {
		for _, l := range s.Labels {
			related := append(v.includes(l), l.Name)
			for _, name := range related {
				for _, j := range byName[strings.ToLower(name)] {
					kin[i][j], kin[j][i] = true, true
				}
			}
			i++
		}
	}
	for i := range kin {
		for j := range kin[i] {
			t.labels[i].kin = append(t.labels[i].kin, j)
		}
		slices.Sort(t.labels[i].kin)
	}
}

func digest(space, texts string, sets []LabelSet, background, templates []string, cal Calibration) (string, error) {
	data, err := json.Marshal(struct {
		Version    int
		Space      string
		Texts      string
		Sets       []LabelSet
		Background []string
		Templates  []string
		Cal        Calibration
		Max        int
		Min        float64
	}{1, space, texts, sets, background, templates, cal, MaxSuggestions, MinConfidence})
	if err != nil {
		return "", fmt.Errorf("digesting the labels: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Digest identifies space, text tower, labels, phrases and calibration: taggers of the same digest
// suggest the same.
func (t *Tagger) Digest() string { return t.digest }

// Calibrated reports whether the confidences were fitted for the space. Where they were
// not, they rank labels but must be called uncalibrated.
func (t *Tagger) Calibrated() bool { return t.cal.Fitted }

// measure returns the features of every label for a photo's unit vector.
func (t *Tagger) measure(vec []float32) []features {
	scores := make([]float64, len(t.background))
	for i, b := range t.background {
		scores[i] = dot(vec, b)
	}
	mean, sd := meanSD(scores)
	k, pad := t.cal.Sharpness, t.cal.Padding
	var floor float64 // what the background phrases weigh as rivals, in the mean
	for _, s := range scores {
		floor += math.Exp(k * (s - mean) / sd)
	}
	floor *= pad / float64(len(scores))

	out := make([]features, len(t.labels))
	weight := make([]float64, len(t.labels))
	var total float64
	for i, l := range t.labels {
		z := (dot(vec, l.vec) - mean) / sd
		out[i] = features{z: z, vague: l.vague}
		weight[i] = math.Exp(k * z)
		total += weight[i]
	}
	for _, s := range t.sets {
		var inSet float64
		for i := s.first; i < s.last; i++ {
			inSet += weight[i]
		}
		for i := s.first; i < s.last; i++ {
			setSum, allSum := inSet, total
			setN, allN := float64(s.last-s.first), float64(len(t.labels))
			for _, j := range t.labels[i].kin {
				allSum, allN = allSum-weight[j], allN-1
				if j >= s.first && j < s.last {
					setSum, setN = setSum-weight[j], setN-1
				}
			}
			out[i].set = out[i].z - math.Log((max(setSum, 0)+floor)/(setN+pad))/k
			out[i].all = out[i].z - math.Log((max(allSum, 0)+floor)/(allN+pad))/k
		}
	}
	return out
}

// Confidences returns the calibrated confidence of every label on a photo, from 0 to 1, in the
// order of the sets and of their labels: what Suggest chooses from.
func (t *Tagger) Confidences(vec []float32) []float64 {
	feats := t.measure(vec)
	out := make([]float64, len(feats))
	for i, f := range feats {
		out[i] = t.cal.probability(f, t.labels[i].key)
	}
	return out
}

// Suggest returns the labels that a photo shows, most certain first: at most
// MaxSuggestions, at most its limit of each set (one of an exclusive set), none below
// MinConfidence. It depends on the photo's unit vector and the labels only.
func (t *Tagger) Suggest(vec []float32) []Suggestion {
	var out []Suggestion
	feats := t.measure(vec)
	byConfidence := func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Set, b.Set), cmp.Compare(a.Label, b.Label))
	}
	for _, s := range t.sets {
		var found []Suggestion
		for i := s.first; i < s.last; i++ {
			// Not a number, from a damaged vector, fails this comparison too.
			if p := t.cal.probability(feats[i], t.labels[i].key); p >= MinConfidence {
				found = append(found, Suggestion{Set: s.name, Label: t.labels[i].name, Confidence: p})
			}
		}
		slices.SortFunc(found, byConfidence)
		limit := s.limit
		if s.exclusive {
			limit = 1
		}
		out = append(out, found[:min(limit, len(found))]...)
	}
	slices.SortFunc(out, byConfidence)
	return out[:min(MaxSuggestions, len(out))]
}
