package fake

import (
	"context"
	"errors"
	"slices"

	"descry/ui/app"
)

// Modelled is what the window may see of models; a test changes it.
type Modelled struct {
	Gone     []app.ModelInfo // of which only vectors are left
	Here     []app.ModelInfo
	Offers   []app.Offer
	Broken   error             // what AddModel, TestModel and InstallModel find
	Converts map[string]string // to what ConversionOffer says models can be converted
	// Stands is called by InstallModel and ConvertModel with half of the model there; nil: nothing waits.
	Stands     func(ctx context.Context)
	Unfinished []app.Unfinished
	Chosen     string // the precision in which InstallModel was told to install
}

// modelled is a bundled model, an added one, and five that can be had.
func modelled() Modelled {
	offer := func(id, name string, quality, rate float64, bytes int64, languages string, restricted bool) app.Offer {
		var o app.Offer
		o.ID, o.Name, o.Family, o.Repo, o.Layout = id, name, "Family", "somebody/"+id, "immich"
		o.Licence, o.LicenceNote, o.Restricted = "MIT", "May be used for any purpose.", restricted
		o.Languages, o.InputSize, o.Dim, o.GFLOPs = []string{languages}, 224, 512, 8.8
		o.Scores.TextToImage, o.Scores.ImageToText, o.Scores.ImageNet, o.Scores.Source = quality, quality+20, quality+30, "OpenCLIP"
		o.Precision, o.Bytes, o.MemoryMiB, o.PerSecond = "fp32", bytes, int(bytes>>20)+400, rate
		return o
	}
	m := Modelled{
		Here: []app.ModelInfo{
			{ID: "starter", Name: "Starter", Licence: "see its card", Note: "Small and modest: English only, trained on photos licensed for research.", Languages: []string{"en"}, InputSize: 224, InUse: true, Bundled: true, Bytes: 38e6, PerSecond: 46.1, Provider: "cpu", Precision: "int8", Memory: 150e6},
			{ID: "vit-b-32", Name: "ViT-B-32 (laion2b)", Licence: "MIT", Languages: []string{"en"}, InputSize: 224, Bytes: 605e6, Precision: "fp32", Memory: 700e6, Vectors: app.VectorUse{Vectors: 1200, Bytes: 3e6}},
		},
		Offers: []app.Offer{
			offer("vit-b-32", "ViT-B/32 (LAION-2B)", 39.3, 10, 605e6, "en", false),
			offer("large", "Large", 55.8, .4, 4500e6, "multilingual", false),
			offer("middle", "Middle", 52.1, 3, 1500e6, "multilingual", false),
			offer("bound", "Bound", 53.9, .5, 4000e6, "en", true),
			offer("tiny", "Tiny", 20, 40, 24e6, "en", false),
		},
	}
	m.Offers[0].Installed = "vit-b-32"
	m.Offers[2].Advice = "a middle way"
	return m
}

// Models returns those at hand.
func (b *Backend) Models(context.Context) ([]app.ModelInfo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Modelled.Here), nil
}

// GoneModels returns those of which only vectors are left.
func (b *Backend) GoneModels(context.Context) ([]app.ModelInfo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Modelled.Gone), nil
}

// Offers returns those that can be had.
func (b *Backend) Offers(ctx context.Context) ([]app.Offer, error) {
	b.count(ctx, "Offers")
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Modelled.Offers), nil
}

// UseModel puts a model in use.
func (b *Backend) UseModel(ctx context.Context, id string) error {
	b.count(ctx, "UseModel")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.Modelled.Here {
		b.Modelled.Here[i].InUse, b.Modelled.Here[i].Coming = b.Modelled.Here[i].ID == id, false
	}
	return nil
}

// UseModelNow puts a model in use that has not seen all photos.
func (b *Backend) UseModelNow(ctx context.Context, id string) error {
	b.count(ctx, "UseModelNow")
	return b.UseModel(ctx, id)
}

// AddModel adds a model named after its folder.
func (b *Backend) AddModel(ctx context.Context, dir string) (app.ModelInfo, error) {
	b.count(ctx, "AddModel")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Modelled.Broken != nil {
		return app.ModelInfo{}, b.Modelled.Broken
	}
	m := app.ModelInfo{ID: dir, Name: dir, Languages: []string{"en"}}
	b.Modelled.Here = append(b.Modelled.Here, m)
	return m, nil
}

// RemoveModel removes one.
func (b *Backend) RemoveModel(ctx context.Context, id string) error {
	b.count(ctx, "RemoveModel")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Modelled.Unfinished = slices.DeleteFunc(b.Modelled.Unfinished, func(u app.Unfinished) bool { return u.ID == id })
	b.Modelled.Here = slices.DeleteFunc(b.Modelled.Here, func(m app.ModelInfo) bool { return m.ID == id })
	for i := range b.Modelled.Offers {
		if b.Modelled.Offers[i].Installed == id {
			b.Modelled.Offers[i].Installed = ""
		}
	}
	return nil
}

// TestModel measures a model, or finds it broken.
func (b *Backend) TestModel(ctx context.Context, id string) (app.ModelInfo, error) {
	b.count(ctx, "TestModel")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.Modelled.Here {
		m := &b.Modelled.Here[i]
		if m.ID != id {
			continue
		}
		m.PerSecond = 12.3
		if b.Modelled.Broken != nil {
			m.Problem, m.PerSecond = b.Modelled.Broken.Error(), 0
		}
		return *m, nil
	}
	return app.ModelInfo{}, errors.New("no such model")
}

// ForgetVectors frees what a model found.
func (b *Backend) ForgetVectors(ctx context.Context, id string) (app.VectorUse, error) {
	b.count(ctx, "ForgetVectors")
	b.mu.Lock()
	defer b.mu.Unlock()
	var freed app.VectorUse
	for i := range b.Modelled.Here {
		if b.Modelled.Here[i].ID == id {
			freed, b.Modelled.Here[i].Vectors = b.Modelled.Here[i].Vectors, app.VectorUse{}
		}
	}
	b.Modelled.Gone = slices.DeleteFunc(b.Modelled.Gone, func(m app.ModelInfo) bool {
		if m.ID == id {
			freed = m.Vectors
		}
		return m.ID == id
	})
	return freed, nil
}

// InstallChoices plans what Offers say, in each of their variants.
func (b *Backend) InstallChoices(_ context.Context, id string) ([]app.InstallChoice, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.Modelled.Offers {
		if o.ID != id {
			continue
		}
		var choices []app.InstallChoice
		for i, v := range o.Variants {
			plan, err := b.plan(id)
			if err != nil {
				return nil, err
			}
			c := app.InstallChoice{InstallPlan: plan, Suits: i == 0, PerSecond: o.PerSecond}
			if c.Precision = v; v == "int8" {
				c.ID, c.Convert, c.Disk, c.Memory, c.PerSecond = id+"-int8", true, plan.Bytes/4, plan.Memory/4, 3*o.PerSecond
			}
			choices = append(choices, c)
		}
		if len(choices) == 0 {
			plan, err := b.plan(id)
			return []app.InstallChoice{{InstallPlan: plan, Suits: true, PerSecond: o.PerSecond}}, err
		}
		return choices, nil
	}
	return nil, errors.New("no such model")
}

// plan plans what Offers say; the caller holds mu.
func (b *Backend) plan(id string) (app.InstallPlan, error) {
	for _, o := range b.Modelled.Offers {
		if o.ID == id {
			p := app.InstallPlan{ID: id, Model: o.Model, Precision: o.Precision, Where: "hub.example", Bytes: o.Bytes, Memory: int64(o.MemoryMiB) << 20}
			for _, u := range b.Modelled.Unfinished {
				if u.ID == id {
					p.There = u.Done
				}
			}
			return p, nil
		}
	}
	return app.InstallPlan{}, errors.New("no such model")
}

// InstallModel reports a half and calls Modelled.Stands; when ctx ended then, what came is kept.
func (b *Backend) InstallModel(ctx context.Context, id string, o app.InstallOptions, progress func(app.InstallProgress)) (app.Conversion, error) {
	b.count(ctx, "InstallModel")
	b.mu.Lock()
	b.Modelled.Chosen = o.Precision
	plan, err := b.plan(id)
	b.mu.Unlock()
	if err != nil {
		return app.Conversion{}, err
	}
	if plan.Restricted && !o.AcceptLicence {
		return app.Conversion{}, app.ErrLicence
	}
	progress(app.InstallProgress{Done: plan.Bytes / 2, Total: plan.Bytes, PerSecond: 5e6})
	unfinished := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.Modelled.Unfinished = []app.Unfinished{{ID: id, Model: id, Done: plan.Bytes / 2, Total: plan.Bytes}}
	}
	if b.Modelled.Stands != nil {
		b.Modelled.Stands(ctx)
	}
	if ctx.Err() != nil {
		unfinished()
		return app.Conversion{}, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Modelled.Broken != nil {
		return app.Conversion{}, b.Modelled.Broken
	}
	b.Modelled.Unfinished = nil
	m := app.ModelInfo{ID: id, Name: plan.Name, Licence: plan.Licence, Languages: plan.Languages, Bytes: plan.Bytes, PerSecond: 7}
	b.Modelled.Here = append(b.Modelled.Here, m)
	for i := range b.Modelled.Offers {
		if b.Modelled.Offers[i].ID == id {
			b.Modelled.Offers[i].Installed = id
		}
	}
	return app.Conversion{Model: m}, nil
}

// UnfinishedInstalls returns Modelled.Unfinished.
func (b *Backend) UnfinishedInstalls() ([]app.Unfinished, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Modelled.Unfinished), nil
}

// ConversionOffer returns what Modelled.Converts says.
func (b *Backend) ConversionOffer(_ context.Context, id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Modelled.Converts[id]
}

// ConvertModel reports a half, calls Modelled.Stands and adds a model of a quarter of the size.
func (b *Backend) ConvertModel(ctx context.Context, id, to string, progress func(app.Progress)) (app.Conversion, error) {
	b.count(ctx, "ConvertModel")
	progress(app.Progress{Job: app.JobConverting, Done: 50, Total: 100, Running: true})
	if b.Modelled.Stands != nil {
		b.Modelled.Stands(ctx)
	}
	if ctx.Err() != nil {
		return app.Conversion{}, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Modelled.Broken != nil {
		return app.Conversion{}, b.Modelled.Broken
	}
	for _, m := range b.Modelled.Here {
		if m.ID == id {
			c := app.Conversion{From: id, OriginalBytes: m.Bytes}
			m.ID, m.Bytes, m.Precision, m.InUse, m.Vectors = id+"-"+to, m.Bytes/4, to, false, app.VectorUse{}
			c.Model = m
			b.Modelled.Here = append(b.Modelled.Here, m)
			return c, nil
		}
	}
	return app.Conversion{}, errors.New("no such model")
}
