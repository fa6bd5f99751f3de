package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"descry/internal/accuracy"
	"descry/internal/labelled"
	"descry/library/decode"
	"descry/tagging"
)

// EvalClassesOptions say what zero-shot classification is measured on.
type EvalClassesOptions struct {
	EvalOptions
	Folder    string // holds a folder of pictures for each class
	Names     string // file that names the classes, see labelled.NameClasses; "": classes.txt in Folder, where it is there
	Templates string // file of prompt templates; "": the program's
}

// EvalClasses measures zero-shot classification: of all classes, does the one whose words lie
// closest to a picture name it? The measures are "top-1", "top-5" where there are more than
// five classes, and "per class", the mean of top-1 over the classes.
func (a *App) EvalClasses(ctx context.Context, o EvalClassesOptions) (Evaluation, []labelled.Class, error) {
	extensions := decode.Extensions()
	classes, err := labelled.ReadClasses(o.Folder, func(name string) bool {
		return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
	})
	if err != nil {
		return Evaluation{}, nil, err
	}
	var notes []string
	if o.Names == "" {
		if own := filepath.Join(o.Folder, "classes.txt"); fileThere(own) {
			o.Names = own
		}
	}
	if o.Names != "" {
		data, err := readFile(o.Names)
		if err != nil {
			return Evaluation{}, nil, err
		}
		without, err := labelled.NameClasses(classes, data)
		if err != nil {
			return Evaluation{}, nil, fmt.Errorf("%s: %w", o.Names, err)
		}
		if len(without) > 0 {
			notes = append(notes, fmt.Sprintf("%s has no name for %d of the %d folders, for instance %s; their own names are used.",
				filepath.Base(o.Names), len(without), len(classes), without[0]))
		}
	}
	templates := a.p.Templates
	if o.Templates != "" {
		data, err := readFile(o.Templates)
		if err != nil {
			return Evaluation{}, nil, err
		}
		if templates, err = labelled.Templates(data); err != nil {
			return Evaluation{}, nil, fmt.Errorf("%s: %w", o.Templates, err)
		}
	}
	var paths []string
	var truth []int // the class of each picture
	for i, c := range classes {
		for _, p := range c.Pictures {
			paths, truth = append(paths, p), append(truth, i)
		}
	}
	result, err := a.evaluate(ctx, o.EvalOptions, paths, func(ctx context.Context, m *evalModel) error {
		return m.classes(ctx, classes, truth, templates)
	})
	result.Notes = append(notes, result.Notes...)
	return result, classes, err
}

func fileThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// classes measures one model.
func (m *evalModel) classes(ctx context.Context, classes []labelled.Class, truth []int, templates []string) error {
	words := make([][]float32, len(classes))
	var texts []string
	for _, c := range classes {
		texts = append(texts, inTemplates(templates, c.Name)...)
	}
	vecs, err := m.texts(ctx, texts)
	if err != nil {
		return err
	}
	for i := range classes {
		words[i] = ensemble(vecs[i*len(templates) : (i+1)*len(templates)])
	}
	var mu sync.Mutex
	var confusion accuracy.Confusion
	var places []int
	err = m.look(ctx, func(i int, vec []float32) error {
		scores := make([]float64, len(words))
		best := 0
		for c, w := range words {
			if scores[c] = dot(w, vec); scores[c] > scores[best] {
				best = c
			}
		}
		place := accuracy.Place(scores, truth[i])
		mu.Lock()
		defer mu.Unlock()
		places = append(places, place)
		confusion.Add(truth[i], best)
		return nil
	})
	if err != nil {
		return err
	}
	m.Confusion = &confusion
	m.Measures = []EvalMeasure{{"top-1", accuracy.Within(places, 1)}}
	if len(classes) > 5 {
		m.Measures = append(m.Measures, EvalMeasure{"top-5", accuracy.Within(places, 5)})
	}
	m.Measures = append(m.Measures, EvalMeasure{"per class", confusion.PerClass()})
	return nil
}

// EvalRetrievalOptions say what retrieval is measured on.
type EvalRetrievalOptions struct {
	EvalOptions
	Captions string // file of captions, see labelled.ReadCaptions
	Images   string // folder of the pictures; "": that of the file
	Split    string // part of a set in Karpathy's form; "": test
}

// EvalRetrieval measures how well texts find their pictures among all, and pictures a text of
// theirs: each caption is a query, and each picture. The measures are the shares that find
// what is theirs among the first 1, 5 and 10, both ways.
func (a *App) EvalRetrieval(ctx context.Context, o EvalRetrievalOptions) (Evaluation, error) {
	data, err := readFile(o.Captions)
	if err != nil {
		return Evaluation{}, err
	}
	set, err := labelled.ReadCaptions(data, o.Split)
	if err != nil {
		return Evaluation{}, fmt.Errorf("%s: %w", o.Captions, err)
	}
	names := make([]string, len(set))
	for i, s := range set {
		names[i] = s.Picture
	}
	if o.Images == "" {
		o.Images = filepath.Dir(o.Captions)
	}
	paths, err := evalPaths(o.Images, names)
	if err != nil {
		return Evaluation{}, err
	}
	return a.evaluate(ctx, o.EvalOptions, paths, func(ctx context.Context, m *evalModel) error {
		return m.retrieval(ctx, set)
	})
}

// retrieval measures one model.
func (m *evalModel) retrieval(ctx context.Context, set []labelled.Captioned) error {
	seen := make([][]float32, len(set))
	if err := m.look(ctx, func(i int, vec []float32) error { seen[i] = vec; return nil }); err != nil {
		return err
	}
	var pictures [][]float32
	var captions []string
	var own []int
	for i, s := range set {
		if seen[i] == nil {
			continue
		}
		for _, c := range s.Captions {
			captions, own = append(captions, c), append(own, len(pictures))
		}
		pictures = append(pictures, seen[i])
	}
	texts, err := m.texts(ctx, captions)
	if err != nil {
		return err
	}
	job := "Comparing all with all"
	m.progress(Progress{Job: job, Total: len(texts), Running: true})
	ofCaption, ofPicture, err := accuracy.Ranks(ctx, pictures, texts, own, func(done int) {
		m.progress(Progress{Job: job, Done: done, Total: len(texts), Running: true})
	})
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name   string
		places []int
	}{{"text to picture", ofCaption}, {"picture to text", ofPicture}} {
		for _, k := range []int{1, 5, 10} {
			m.Measures = append(m.Measures, EvalMeasure{fmt.Sprintf("%s R@%d", way.name, k), accuracy.Within(way.places, k)})
		}
	}
	m.Medians = [2]float64{accuracy.Median(ofCaption), accuracy.Median(ofPicture)}
	return nil
}

// EvalTagsOptions say what suggestions are measured on.
type EvalTagsOptions struct {
	EvalOptions
	Labels string // file of labels, see labelled.ReadTags
	Images string // folder of the pictures; "": that of the file
}

// EvalLabel is how well one label is found.
type EvalLabel struct {
	Label     string
	Pictures  int // that have it
	Suggested int // pictures that it was suggested for
	Right     int // of these
	AP        float64
}

// EvalTags measures how well labels are found: "mAP", the mean over the labels of average
// precision when pictures are ordered by confidence, and "precision" and "recall" of what would
// be suggested (tagging.Tagger.Suggest). All labels of the file are one set of a library that has
// no other.
func (a *App) EvalTags(ctx context.Context, o EvalTagsOptions) (Evaluation, error) {
	data, err := readFile(o.Labels)
	if err != nil {
		return Evaluation{}, err
	}
	set, names, err := labelled.ReadTags(data)
	if err != nil {
		return Evaluation{}, fmt.Errorf("%s: %w", o.Labels, err)
	}
	if o.Images == "" {
		o.Images = filepath.Dir(o.Labels)
	}
	pictures := make([]string, len(set))
	truth := make([][]string, len(set))
	for i, s := range set {
		pictures[i], truth[i] = s.Picture, s.Labels
	}
	paths, err := evalPaths(o.Images, pictures)
	if err != nil {
		return Evaluation{}, err
	}
	labels := make([]tagging.Label, len(names))
	for i, n := range names {
		labels[i] = tagging.Label{Name: n}
	}
	return a.evaluate(ctx, o.EvalOptions, paths, func(ctx context.Context, m *evalModel) error {
		seen := make([][]float32, len(set))
		if err := m.look(ctx, func(i int, vec []float32) error { seen[i] = vec; return nil }); err != nil {
			return err
		}
		return m.tags(ctx, labels, seen, truth)
	})
}

// tags measures the suggestions for pictures that were looked at; nil where one could not be,
// or where its labels are not known.
func (m *evalModel) tags(ctx context.Context, labels []tagging.Label, pictures [][]float32, truth [][]string) error {
	const name = "evaluation"
	m.progress(Progress{Job: "Reading the labels with " + m.ID, Running: true})
	tagger, err := tagging.NewTagger(ctx, m.engine, []tagging.LabelSet{{Name: name, Labels: labels}}, m.p.Background, tagging.WithTemplates(m.p.Templates))
	if err != nil {
		return err
	}
	index := make(map[string]int, len(labels))
	for i, l := range labels {
		index[l.Name] = i
	}
	scores := make([][]float64, len(labels)) // of each label, for each picture
	right := make([][]bool, len(labels))
	found := make([]EvalLabel, len(labels))
	for i, vec := range pictures {
		if vec == nil {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		for l, p := range tagger.Confidences(vec) {
			is := slices.Contains(truth[i], labels[l].Name)
			scores[l], right[l] = append(scores[l], p), append(right[l], is)
			if is {
				found[l].Pictures++
			}
		}
		for _, s := range tagger.Suggest(vec) {
			l := index[s.Label]
			found[l].Suggested++
			if right[l][len(right[l])-1] {
				found[l].Right++
			}
		}
	}
	var precisions []float64
	suggested, rightly, all := 0, 0, 0
	for l := range labels {
		f := &found[l]
		f.Label = labels[l].Name
		suggested, rightly, all = suggested+f.Suggested, rightly+f.Right, all+f.Pictures
		if ap, ok := accuracy.AveragePrecision(scores[l], right[l]); ok {
			f.AP = ap
			precisions = append(precisions, ap)
			m.Labels = append(m.Labels, *f)
		}
	}
	m.Measures = append(m.Measures,
		EvalMeasure{"mAP", accuracy.Mean(precisions)}, EvalMeasure{"precision", accuracy.Of(rightly, suggested)}, EvalMeasure{"recall", accuracy.Of(rightly, all)})
	if !tagger.Calibrated() {
		m.Notes = append(m.Notes, "Its confidences are not calibrated, so precision and recall say little; mAP does not depend on that.")
	}
	return nil
}
