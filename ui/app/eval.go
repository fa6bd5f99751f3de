package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/clipengine"
	"descry/clipengine/ort"
	"descry/internal/accuracy"
	"descry/internal/labelled"
	"descry/library"
	"descry/library/calib"
)

// EvalOptions are what every evaluation takes.
type EvalOptions struct {
	Models   []string       // ids of the models to compare; none: all at hand
	Progress func(Progress) // nil: nobody asks
	// Hold is called before each model, picture and text and may wait, as while a person pauses; an
	// error of it ends the evaluation of the model. What it waits is not counted as time. nil:
	// nothing waits.
	Hold func(ctx context.Context) error
	// Each is called with what was found of each model, as soon as it is; nil: nobody asks.
	Each func(EvalModel)
}

// EvalMeasure is one figure of a model.
type EvalMeasure struct {
	Name string // "top-1"
	accuracy.Share
}

// EvalModel is what an evaluation found of one model. Which of the details it has depends on
// the evaluation.
type EvalModel struct {
	ModelInfo // Problem says why the model could not be evaluated; nothing follows then
	Measures  []EvalMeasure
	Notes     []string // what limits the figures, one sentence each

	Pictures        int     // that were looked at
	PhotosPerSecond float64 // from files, all cores together
	EncodeMS        float64 // of the model alone, for one picture on one core; 0: a device computed in batches
	TextMS          float64 // for one text on one core; 0: too few to say

	Confusion *accuracy.Confusion // of the classes
	Medians   [2]float64          // median places: of the picture for a text, of a text for the picture
	Labels    []EvalLabel         // of the labels that some picture has
	Found     [][]EvalHit         // for each query its first photos
}

// Evaluation is the result for all models, on the same pictures.
type Evaluation struct {
	Pictures int               // in the data set
	Failed   []library.Failure // pictures that could not be used, which count nowhere
	Notes    []string          // on the data set, one sentence each
	Models   []EvalModel
}

// evaluation is one that is on its way.
type evaluation struct {
	*App
	paths    []string // of the pictures
	progress func(Progress)
	hold     func(context.Context) error
	threads  int
	failed   map[int]library.Failure // by number of the picture
}

// evaluate runs one evaluation for each model after the other: each model is loaded, measured
// and closed, so that memory is that of one. A model that cannot be used gets its Problem. It
// is an error if none can.
func (a *App) evaluate(ctx context.Context, o EvalOptions, paths []string, measure func(ctx context.Context, m *evalModel) error) (Evaluation, error) {
	e := evaluation{App: a, paths: paths, progress: o.Progress, hold: o.Hold, threads: a.threads(ctx), failed: map[int]library.Failure{}}
	if e.progress == nil {
		e.progress = func(Progress) {}
	}
	if e.hold == nil {
		e.hold = func(context.Context) error { return nil }
	}
	result := Evaluation{Pictures: len(paths)}
	ids, err := a.evalModels(ctx, o.Models)
	if err != nil {
		return result, err
	}
	usable := 0
	var problem error
	for _, id := range ids {
		m := evalModel{evaluation: &e, EvalModel: EvalModel{ModelInfo: ModelInfo{ID: id}}}
		err := m.run(ctx, measure)
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if err != nil {
			problem = err
			m.EvalModel = EvalModel{ModelInfo: m.ModelInfo}
			m.Problem = err.Error()
		} else {
			usable++
		}
		result.Models = append(result.Models, m.EvalModel)
		if o.Each != nil {
			o.Each(m.EvalModel)
		}
	}
	if usable == 0 {
		return result, problem
	}
	for i := range paths {
		if f, bad := e.failed[i]; bad {
			result.Failed = append(result.Failed, f)
		}
	}
	return result, nil
}

// evalModels are the ids of the models to compare: the ones asked for, which have to be there,
// else the call's, else all at hand.
func (a *App) evalModels(ctx context.Context, asked []string) ([]string, error) {
	all, err := a.Models(ctx)
	if err != nil {
		return nil, err
	}
	if id := a.namedModel(); len(asked) == 0 && id != "" {
		asked = []string{id}
	}
	var ids []string
	for _, id := range asked {
		if !slices.ContainsFunc(all, func(m ModelInfo) bool { return m.ID == id }) {
			return nil, fmt.Errorf("model %q: %w", id, library.ErrNotFound)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(asked) == 0 {
		for _, m := range all {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// evalModel is one model that is being measured.
type evalModel struct {
	*evaluation
	EvalModel
	engine *clipengine.Engine
}

func (m *evalModel) run(ctx context.Context, measure func(context.Context, *evalModel) error) (err error) {
	if err := m.hold(ctx); err != nil {
		return err
	}
	b, err := m.openBundle(m.ID)
	if err != nil {
		return err
	}
	m.ModelInfo = infoOf(b)
	m.InUse = m.ID == m.modelID(ctx)
	m.progress(Progress{Job: "Loading " + m.ID, Running: true})
	if m.engine, err = m.aside(ctx, b); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.engine.Close()) }()
	// The first run of each tower is slow and tells nothing of the others.
	if _, err := m.engine.EncodeImage(ctx, image.NewRGBA(image.Rect(0, 0, m.engine.InputSize(), m.engine.InputSize()))); err != nil {
		return err
	}
	m.Provider = m.engine.Provider()
	if _, err := m.engine.EncodeText(ctx, "a photo"); err != nil {
		return err
	}
	return measure(ctx, m)
}

// look encodes all pictures and calls fn with the number and the vector of each that can be
// used, from several goroutines at once. A picture that cannot costs only itself.
func (m *evalModel) look(ctx context.Context, fn func(i int, vec []float32) error) error {
	all := make([]int, len(m.paths))
	for i := range all {
		all[i] = i
	}
	if err := m.lookAt(ctx, all, fn); err != nil {
		return err
	}
	return m.someUsed()
}

// someUsed is an error where no picture could be used.
func (m *evalModel) someUsed() error {
	if m.Pictures == 0 {
		return errors.New("none of the pictures could be used")
	}
	return nil
}

// lookAt is look at some of the pictures, or none.
func (m *evalModel) lookAt(ctx context.Context, which []int, fn func(i int, vec []float32) error) error {
	var (
		mu      sync.Mutex
		done    int
		bad     int
		encode  time.Duration
		held    time.Duration
		started = time.Now()
		job     = "Looking at the pictures with " + m.ID
	)
	seconds := func() float64 { return (time.Since(started) - held).Seconds() }
	m.progress(Progress{Job: job, Total: len(which), Running: true})
	finished := func(i int, stage string, took time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		done++
		encode += took
		if err != nil {
			bad++
			m.failed[i] = library.Failure{Path: m.paths[i], Stage: stage, Reason: err.Error(), At: m.p.Now()}
		}
		p := Progress{Job: job, Done: done, Total: len(which), Failed: bad, Running: true}
		if s := seconds(); s > 0 {
			p.PerSecond = float64(done) / s
			p.Left = time.Duration(float64(len(which)-done) / p.PerSecond * float64(time.Second))
		}
		m.progress(p)
	}
	g, running := errgroup.WithContext(ctx)
	// More wait for a device that computes in batches than are decoded at a time.
	g.SetLimit(max(m.threads, m.engine.Parallel()))
	decoding := make(chan struct{}, m.threads)
	var stopped error
	for _, i := range which {
		path, waits := m.paths[i], time.Now()
		if stopped = m.hold(running); stopped != nil || running.Err() != nil {
			break
		}
		mu.Lock()
		held += time.Since(waits)
		mu.Unlock()
		g.Go(func() error {
			decoding <- struct{}{}
			img, err := m.readPicture(running, path, m.engine.MinSide())
			stage, began := "decode", time.Now()
			var vec, tensor []float32
			if err == nil {
				stage, tensor = "encode", m.engine.Tensor(img)
			}
			<-decoding
			if err == nil {
				vec, err = m.engine.EncodeTensor(running, tensor)
			}
			if running.Err() != nil {
				return context.Cause(running)
			}
			var took time.Duration
			if err == nil {
				took = time.Since(began)
				if err := fn(i, vec); err != nil {
					return err
				}
			}
			finished(i, stage, took, err)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if m.Pictures = done - bad; m.Pictures == 0 || stopped != nil {
		return stopped
	}
	m.PhotosPerSecond = float64(m.Pictures) / seconds()
	// It may be another one than at the beginning, where a device failed.
	if m.Provider = m.engine.Provider(); m.Provider == ort.CPU {
		m.EncodeMS = milliseconds(encode / time.Duration(m.Pictures))
	}
	return nil
}

// fewTexts is how many texts are too few to say how long one takes.
const fewTexts = 20

// texts encodes texts, each distinct one once.
func (m *evalModel) texts(ctx context.Context, texts []string) ([][]float32, error) {
	index := map[string]int{}
	var distinct []string
	for _, t := range texts {
		if _, seen := index[t]; !seen {
			index[t] = len(distinct)
			distinct = append(distinct, t)
		}
	}
	var (
		mu   sync.Mutex
		done int
		took time.Duration
		job  = "Reading the texts with " + m.ID
		vecs = make([][]float32, len(distinct))
	)
	m.progress(Progress{Job: job, Total: len(distinct), Running: true})
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(m.threads)
	for i, text := range distinct {
		if err := m.hold(ctx); err != nil {
			g.Go(func() error { return err })
			break
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			began := time.Now()
			vec, err := m.engine.EncodeText(ctx, text)
			if err != nil {
				return fmt.Errorf("reading the text %q: %w", text, err)
			}
			mu.Lock()
			defer mu.Unlock()
			vecs[i] = vec
			took += time.Since(began)
			done++
			m.progress(Progress{Job: job, Done: done, Total: len(distinct), Running: true})
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if len(distinct) >= fewTexts {
		m.TextMS = milliseconds(took / time.Duration(len(distinct)))
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = vecs[index[t]]
	}
	return out, nil
}

// inTemplates puts a name into each template.
func inTemplates(templates []string, name string) []string {
	out := make([]string, len(templates))
	for i, t := range templates {
		out[i] = strings.ReplaceAll(t, "{}", name)
	}
	return out
}

// ensemble is the vector of a name that went through several templates: the mean of their unit
// vectors, of length 1 again (Radford et al. 2021, section 3.1.4).
func ensemble(vecs [][]float32) []float32 {
	mean := calib.Mean(vecs)
	length := math.Sqrt(dot(mean, mean))
	if length > 0 {
		for i, x := range mean {
			mean[i] = float32(float64(x) / length)
		}
	}
	return mean
}

// evalPaths are the paths of the pictures that a file of a data set names: in a folder, or
// beside the file where none is said. That none is there is an error: most likely the folder
// is the wrong one.
func evalPaths(in string, names []string) ([]string, error) {
	there := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	paths := labelled.Paths(in, names, there)
	if !slices.ContainsFunc(paths, there) {
		return nil, fmt.Errorf("%w: none of the %d pictures that the file names is in %s, for instance %s",
			ErrNoPictures, len(names), in, names[0])
	}
	return paths, nil
}

// ErrNoPictures says that the pictures of a data set are somewhere else.
var ErrNoPictures = errors.New("the pictures are not there")
