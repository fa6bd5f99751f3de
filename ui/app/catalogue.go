package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"descry/clipengine/bundle"
	"descry/clipengine/catalogue"
)

// Offer is a model of the catalogue, with what it would need on this machine.
type Offer struct {
	catalogue.Model
	// Installed is the id under which it is among the models at hand, or "".
	Installed string
	// Precision is the one it would be installed in here.
	Precision catalogue.Precision
	// Bytes are what it takes to download and on disk; BytesKnown is whether that is known or
	// estimated from its weights.
	Bytes      int64
	BytesKnown bool
	// MemoryMiB is an estimate of the memory it needs on a CPU besides the program, in MiB, as
	// ModelInfo.Memory is of a model at hand.
	MemoryMiB int
	// Tight is "" or says in a sentence that there is not as much memory.
	Tight string
	// PerSecond is an estimate of how many photos a second it would look at here, from what
	// another model does; 0 where nothing was measured here.
	PerSecond float64
}

// ownCatalogue is the file in the folder of added models in which a person may describe models
// that the program's catalogue does not have, or has otherwise.
const ownCatalogue = "catalogue.toml"

// catalogueBox reads the program's catalogue once.
type catalogueBox struct {
	once sync.Once
	read *catalogue.Catalogue
	err  error
}

// Catalogue returns the models that can be had, those of the person's own file first. A fault
// in that file is an error that says where.
func (a *App) Catalogue() (*catalogue.Catalogue, error) {
	a.catalogue.once.Do(func() {
		a.catalogue.read = &catalogue.Catalogue{}
		if a.p.Catalogue != nil {
			a.catalogue.read, a.catalogue.err = catalogue.Read(a.p.Catalogue())
		}
	})
	if a.catalogue.err != nil {
		return nil, a.catalogue.err
	}
	file := filepath.Join(a.modelsDir(), ownCatalogue)
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return a.catalogue.read, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue %s: %w", file, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, catalogue.MaxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading the catalogue %s: %w", file, err)
	}
	own, err := catalogue.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the file %s: %w", file, err)
	}
	for _, m := range a.catalogue.read.Models {
		if _, ok := own.Find(m.ID); !ok {
			own.Models = append(own.Models, m)
		}
	}
	return own, nil
}

// entryOf finds the entry of an installed model: a variant has its precision behind the id.
func entryOf(c *catalogue.Catalogue, id string) (catalogue.Model, bool) {
	if m, ok := c.Find(id); ok {
		return m, true
	}
	for _, p := range []catalogue.Precision{catalogue.INT8, catalogue.FP16} {
		if base, ok := strings.CutSuffix(id, "-"+string(p)); ok {
			return c.Find(base)
		}
	}
	return catalogue.Model{}, false
}

// precisionHere is the precision that suits this machine best among some.
func (a *App) precisionHere(ctx context.Context, among []catalogue.Precision) catalogue.Precision {
	have := make([]bundle.Precision, len(among))
	for i, p := range among {
		have[i] = bundle.Precision(p)
	}
	if p := bundle.Fitting(a.computing(ctx), have); p != "" {
		return catalogue.Precision(p)
	}
	return catalogue.FP32
}

// Offers returns the catalogue with what each model would need here. Speeds are estimated from
// the one that was measured here of the model in use, else of any model; where there is none, it
// is measured now, which takes about a second.
func (a *App) Offers(ctx context.Context) ([]Offer, error) {
	c, err := a.Catalogue()
	if err != nil {
		return nil, err
	}
	ids, err := a.installed()
	if err != nil {
		return nil, err
	}
	base, rate := a.yardstick(ctx, c)
	limits := a.limits()
	offers := make([]Offer, 0, len(c.Models))
	for _, m := range c.Models {
		o := Offer{Model: m, Precision: a.precisionHere(ctx, m.Variants)}
		o.Bytes, o.BytesKnown = m.Download(o.Precision)
		o.MemoryMiB = m.MemoryMiB(o.Precision)
		o.Tight = tight(limits, int64(o.MemoryMiB)<<20)
		o.PerSecond = m.PhotosPerSecond(o.Precision, base, rate)
		if i := slices.IndexFunc(ids, func(id string) bool { e, ok := entryOf(c, id); return ok && e.ID == m.ID }); i >= 0 {
			o.Installed = ids[i]
		}
		offers = append(offers, o)
	}
	return offers, nil
}

// installed lists the ids of the models at hand, the bundled one first.
func (a *App) installed() ([]string, error) {
	ids := []string{starterID}
	entries, err := os.ReadDir(a.modelsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the models: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name()[0] != '.' {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// yardstick returns the operations of a model and how many pictures a second it looks at here in
// float32; zeros where no model runs.
func (a *App) yardstick(ctx context.Context, c *catalogue.Catalogue) (gflops, rate float64) {
	use := func(s speed) bool {
		if s.Model == starterID {
			gflops, rate = catalogue.StarterGFLOPs, s.PerSecond
		} else if m, ok := entryOf(c, s.Model); ok && m.GFLOPs > 0 {
			gflops, rate = m.GFLOPs, s.PerSecond
			// What int8 did here is brought back to float32, which PhotosPerSecond starts from.
			if s.Precision == string(catalogue.INT8) {
				rate /= m.PhotosPerSecond(catalogue.INT8, m.GFLOPs, 1)
			}
		}
		return rate > 0
	}
	inUse := a.modelID(ctx)
	measured := a.speeds()
	slices.SortStableFunc(measured, func(x, y speed) int {
		order := func(s speed) int {
			switch {
			case s.Model == inUse:
				return 0
			case s.Model != starterID:
				return 1
			}
			return 2
		}
		return order(x) - order(y)
	})
	for _, s := range measured {
		if use(s) {
			return gflops, rate
		}
	}
	for _, id := range []string{inUse, starterID} {
		if _, err := a.MeasureModel(ctx, id); err != nil {
			continue
		}
		if i := slices.IndexFunc(a.speeds(), func(s speed) bool { return s.Model == id && use(s) }); i >= 0 {
			return gflops, rate
		}
	}
	return 0, 0
}

// Quality is the share of COCO's captions for which the right photo of 5,000 comes first, in
// percent: what was published that is closest to searching. 0 where nobody published it.
func (o Offer) Quality() float64 { return o.Scores.TextToImage }

// Matches is whether every word is part of what a person may choose a model by.
func (o Offer) Matches(words []string) bool {
	text := strings.ToLower(strings.Join(append([]string{o.ID, o.Name, o.Family, o.Licence}, o.Languages...), "\n"))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) })
}
