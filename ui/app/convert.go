package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/convert"
	"descry/clipengine/hub"
	"descry/internal/disk"
	"descry/library/decode"
)

// PrecisionAuto chooses the variant of a model that suits the device.
const PrecisionAuto = "auto"

// Conversion is a model that was made of another one, and how far its vectors are from those
// of the original.
type Conversion struct {
	Model ModelInfo
	From  string // the id of the original; "" for a folder
	// Distance and TextDistance are the largest cosine distances between vectors of both, of
	// the sample pictures and of some phrases.
	Distance, TextDistance float64
	Pictures, Texts        int
	OriginalBytes          int64
}

// maxDistance is the largest cosine distance from the original with which a converted model is
// kept. It is also the one from which on a device's vectors are refused. Of two unit vectors
// that far apart the cosines with a third differ by less than 0.18, and by 0.008 as a rule (as
// for random directions of 512 numbers), when results that follow each other in a search often
// differ by that much.
const maxDistance = 0.015

// addition is how a folder becomes a model.
type addition struct {
	source *bundle.Bundle
	id     string
	// to is what the model is converted to, "" for a copy.
	to convert.Precision
}

// AddModelAs checks a model folder, copies one of its variants into the library and tests it
// there; what fails is not kept. precision is "fp32", "fp16" or "int8", or PrecisionAuto, which
// takes what suits the device among what is there. A float32 model without a variant of the
// precision that was asked for is converted. offer is a precision that would suit the device
// better and that ConvertModel can make, or "".
func (a *App) AddModelAs(ctx context.Context, dir, precision string, progress func(Progress)) (c Conversion, offer string, err error) {
	if err := a.needWriting(); err != nil {
		return Conversion{}, "", err
	}
	add, offer, err := a.choose(ctx, dir, precision)
	if err != nil {
		return Conversion{}, "", err
	}
	release, err := a.claim(add.id)
	if err != nil {
		return Conversion{}, "", err
	}
	defer release()
	if add.to != "" {
		c, err = a.convertTo(ctx, add.source, add.id, add.to, progress)
		return c, "", err
	}
	names, size, err := add.source.Contents()
	if err != nil {
		return Conversion{}, "", err
	}
	if err := a.roomOnDisk(size, fmt.Sprintf("the model %s takes %s", add.id, hub.Size(size))); err != nil {
		return Conversion{}, "", err
	}
	c.Model, err = a.place(ctx, add.id, func(staging string) error {
		return a.stage(ctx, dir, staging, names)
	})
	return c, offer, err
}

// choose opens the folder of a model in the precision that is wanted, says under which id it is
// added, and whether it must be converted or could be.
func (a *App) choose(ctx context.Context, dir, precision string) (add addition, offer string, err error) {
	source, err := bundle.OpenWith(dir, a.openBundle)
	if err != nil {
		return addition{}, "", err
	}
	add = addition{source: source, id: source.ID}
	have := source.Variants
	want := bundle.Precision(precision)
	switch want {
	case PrecisionAuto, "":
		want = bundle.Fitting(a.computing(ctx), have)
		if want == bundle.Float32Weights {
			offer = a.convertible(ctx, source)
		}
	case bundle.Float32Weights, bundle.Float16Weights, bundle.Int8Weights:
		if !slices.Contains(have, want) && source.ImageTower == "" {
			if want == bundle.Float32Weights {
				return addition{}, "", fmt.Errorf("the model %s is there as %s only, and what is lost by that does not come back", source.ID, have[0])
			}
			add.to = convert.Precision(want)
			add.id += "-" + precision
			if err := convert.Check(source, add.to); err != nil {
				return addition{}, "", err
			}
			return add, "", nil
		}
	default:
		return addition{}, "", fmt.Errorf("the precision %q is not known; it is %s, fp32, fp16 or int8", precision, PrecisionAuto)
	}
	if want != "" && source.ImageTower == "" {
		if add.source, err = bundle.OpenAs(dir, want, a.openBundle); err != nil {
			return addition{}, "", err
		}
	}
	// Another variant of a model that is there already gets a name of its own.
	if a.atHand(add.id) && precision != PrecisionAuto && precision != "" {
		if other, err := a.openBundle(add.id); err == nil && other.Precision != add.source.Precision {
			add.id += "-" + precision
		}
	}
	return add, offer, nil
}

// convertible returns the precision that would suit this machine better than float32 and that
// can be made of a model, or "".
func (a *App) convertible(ctx context.Context, b *bundle.Bundle) string {
	best := bundle.Fitting(a.computing(ctx), []bundle.Precision{bundle.Int8Weights, bundle.Float16Weights})
	if b.ImageTower != "" || convert.Check(b, convert.Precision(best)) != nil {
		return ""
	}
	return string(best)
}

// ConvertModel makes an int8 or fp16 model of a float32 one, which stays, as ID-int8 or
// ID-fp16. Both look at the sample pictures; a model whose vectors are too far from the
// original's is not kept. Nothing is needed from the network. to is "int8" or "fp16".
func (a *App) ConvertModel(ctx context.Context, id, to string, progress func(Progress)) (Conversion, error) {
	if err := a.needWriting(); err != nil {
		return Conversion{}, err
	}
	if to != string(convert.Int8) && to != string(convert.Float16) {
		return Conversion{}, fmt.Errorf("a model cannot be converted to %q; it is int8 or fp16", to)
	}
	source, err := a.bundleOf(id)
	if err != nil {
		return Conversion{}, err
	}
	if err := convert.Check(source, convert.Precision(to)); err != nil {
		return Conversion{}, err
	}
	release, err := a.claim(id + "-" + to)
	if err != nil {
		return Conversion{}, err
	}
	defer release()
	c, err := a.convertTo(ctx, source, id+"-"+to, convert.Precision(to), progress)
	c.From = id
	return c, err
}

// The jobs of a conversion, as its progress calls them.
const (
	JobConverting = "Converting the model" // in percent
	JobTesting    = "Testing the model"    // then in vectors that are compared with the original's
)

// convertTo converts a model to a new one of this id, which the caller has claimed.
func (a *App) convertTo(ctx context.Context, source *bundle.Bundle, id string, to convert.Precision, progress func(Progress)) (c Conversion, err error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	if _, c.OriginalBytes, err = source.Contents(); err != nil {
		return c, err
	}
	size, err := convert.Size(source, to)
	if err != nil {
		return c, err
	}
	if err := a.roomOnDisk(size, fmt.Sprintf("making %s of %s takes %s", to, source.ID, hub.Size(size))); err != nil {
		return c, err
	}
	c.Model, err = a.place(ctx, id, func(staging string) error {
		if err := os.MkdirAll(staging, 0o700); err != nil {
			return fmt.Errorf("making a folder for the model: %w", err)
		}
		dir, err := os.OpenRoot(staging)
		if err != nil {
			return fmt.Errorf("opening the folder for the model: %w", err)
		}
		job := Progress{Job: JobConverting, Total: 100, Running: true}
		err = convert.Bundle(ctx, source, dir, to, func(done, total int64) {
			if percent := int(100 * done / total); percent > job.Done {
				job.Done = percent
				progress(job)
			}
		})
		if err = errors.Join(err, dir.Close()); err != nil {
			return err
		}
		made, err := bundle.Open(staging)
		if err != nil {
			return err
		}
		progress(Progress{Job: JobTesting, Running: true})
		if err := a.proveBundle(ctx, made); err != nil {
			return err
		}
		return a.compare(ctx, source, made, &c, progress)
	})
	return c, err
}

// adding begins the name of the folder in which a model is put together that is added or converted.
const adding = ".adding-"

// dropHalfModels removes what a process left of models that it was adding or converting when it
// was killed, with which nobody goes on, and downloads of models that were made of them and are at
// hand. Downloads that can be gone on with stay.
func (a *App) dropHalfModels() error {
	entries, err := os.ReadDir(a.modelsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		id, download := strings.CutPrefix(e.Name(), installing)
		if strings.HasPrefix(e.Name(), adding) || download && a.atHand(id) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(a.modelsDir(), e.Name())))
		}
	}
	return err
}

// place lets make fill a folder and makes it the model with an id.
func (a *App) place(ctx context.Context, id string, make func(staging string) error) (ModelInfo, error) {
	if id == starterID {
		return ModelInfo{}, fmt.Errorf("a model called %q comes with the program; rename the folder", starterID)
	}
	if strings.HasPrefix(id, ".") {
		return ModelInfo{}, fmt.Errorf("a model cannot be called %q; rename the folder", id)
	}
	final := filepath.Join(a.modelsDir(), id)
	if a.atHand(id) {
		return ModelInfo{}, fmt.Errorf("there is a model called %s already; remove it first", id)
	}
	staging := filepath.Join(a.modelsDir(), adding+id)
	if err := os.RemoveAll(staging); err != nil {
		return ModelInfo{}, fmt.Errorf("clearing an earlier attempt: %w", err)
	}
	err := make(staging)
	if err == nil {
		if err = disk.Place(staging, final); err != nil {
			err = fmt.Errorf("putting the model in place: %w", err)
		}
	}
	if disk.Full(err) {
		err = diskFull(fmt.Errorf("the disk became full while the model %s was made: %w", id, err))
	}
	if err != nil {
		return ModelInfo{}, errors.Join(err, os.RemoveAll(staging))
	}
	return a.placed(id)
}

// placed describes a model that has just been put in place, and has no older one used in its stead.
func (a *App) placed(id string) (ModelInfo, error) {
	b, err := a.openBundle(id)
	if err != nil {
		return ModelInfo{}, err
	}
	a.engines.replace(b)
	info := infoOf(b)
	a.fill(&info, b)
	return info, nil
}

// compare encodes the sample pictures and some phrases with a model and with what was made of
// it, one after the other, and refuses one that is too far away or takes one picture for
// another.
func (a *App) compare(ctx context.Context, original, made *bundle.Bundle, c *Conversion, progress func(Progress)) error {
	pictures, err := fs.Glob(a.p.Samples, "*.jpg")
	if err != nil || len(pictures) < 2 {
		return errors.Join(errors.New("there are no sample pictures to compare the models with"), err)
	}
	phrases := a.p.Background[:min(len(a.p.Background), 40)]
	job := Progress{Job: JobTesting, Total: 2 * (len(pictures) + len(phrases)), Running: true}
	progress(job)
	encoded := func() {
		job.Done++
		progress(job)
	}
	want, err := a.encodeSamples(ctx, original, pictures, phrases, encoded)
	if err != nil {
		return err
	}
	got, err := a.encodeSamples(ctx, made, pictures, phrases, encoded)
	if err != nil {
		return err
	}
	n := len(pictures)
	c.Pictures, c.Texts = n, len(phrases)
	for i := range want {
		d := 1 - dot(want[i], got[i])
		if i < n {
			c.Distance = math.Max(c.Distance, d)
		} else {
			c.TextDistance = math.Max(c.TextDistance, d)
		}
		for j := range n {
			if i < n && j != i && dot(want[j], got[i]) > dot(want[i], got[i]) {
				return fmt.Errorf("the converted model takes one sample picture for another (%s for %s), so it is not kept", pictures[i], pictures[j])
			}
		}
	}
	if d := math.Max(c.Distance, c.TextDistance); d > maxDistance {
		return fmt.Errorf("the vectors of the converted model differ from the original's by %.3f; "+
			"more than %.3f could change the order of results, so it is not kept", d, maxDistance)
	}
	return nil
}

// encodeSamples returns the vectors of the sample pictures, then of the phrases, and tells of each.
func (a *App) encodeSamples(ctx context.Context, b *bundle.Bundle, pictures, phrases []string, encoded func()) (vectors [][]float32, err error) {
	engine, err := a.aside(ctx, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for _, name := range pictures {
		v, err := a.encodeSample(ctx, engine, name)
		if err != nil {
			return nil, fmt.Errorf("looking at the sample picture %s: %w", name, err)
		}
		vectors = append(vectors, v)
		encoded()
	}
	for _, p := range phrases {
		v, err := engine.EncodeText(ctx, p)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, v)
		encoded()
	}
	return vectors, nil
}

func (a *App) encodeSample(ctx context.Context, engine *clipengine.Engine, name string) ([]float32, error) {
	data, err := fs.ReadFile(a.p.Samples, name)
	if err != nil {
		return nil, err
	}
	img, _, err := decode.Decode(ctx, data, decode.Options{MinSide: engine.MinSide()})
	if err != nil {
		return nil, err
	}
	return engine.EncodeImage(ctx, img)
}
