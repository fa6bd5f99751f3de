package app

import (
	"context"
	"fmt"
	"slices"

	"descry/library"
	"descry/library/store"
	"descry/library/vectors"
)

// withVectors says of models at hand what their vectors take, those that an earlier model of the
// same name left included. Text towers of one space have its vectors together.
func (a *App) withVectors(ctx context.Context, models []ModelInfo) ([]ModelInfo, error) {
	_, err := a.vectorUses(ctx, models)
	return models, err
}

// GoneModels lists the models that are not at hand any more, and of which only vectors are left.
func (a *App) GoneModels(ctx context.Context) ([]ModelInfo, error) {
	models, err := a.Models(ctx)
	if err != nil {
		return nil, err
	}
	return a.vectorUses(ctx, models)
}

// vectorUses adds to models what their vectors take, and returns those that only have vectors.
func (a *App) vectorUses(ctx context.Context, models []ModelInfo) (gone []ModelInfo, err error) {
	if a.store == nil {
		return nil, nil
	}
	uses, err := a.store.SpaceUses(ctx)
	if err != nil {
		return nil, err
	}
	coming := a.comingID(ctx)
	for i := range models {
		models[i].Coming, models[i].Vectors = coming != "" && models[i].ID == coming, VectorUse{}
	}
	for _, u := range uses {
		use := VectorUse{u.Vectors, u.Bytes + vectors.Size(a.vectorParams(u.Space))}
		known := slices.ContainsFunc(models, func(m ModelInfo) bool { return m.Space == u.Digest })
		for i := range models {
			if models[i].Space == u.Digest || !known && models[i].ID == u.Model {
				models[i].Vectors.add(use)
			}
		}
		if known || slices.ContainsFunc(models, func(m ModelInfo) bool { return m.ID == u.Model }) {
			continue
		}
		i := slices.IndexFunc(gone, func(m ModelInfo) bool { return m.ID == u.Model })
		if i < 0 {
			i = len(gone)
			gone = append(gone, ModelInfo{ID: u.Model, Name: u.Model, Dim: u.Dim, Space: u.Digest, Gone: true})
		}
		gone[i].Vectors.add(use)
	}
	return gone, nil
}

func (v *VectorUse) add(more VectorUse) {
	v.Vectors += more.Vectors
	v.Bytes += more.Bytes
}

// ForgetVectors removes the vectors that a model made, with its suggestions, and returns what
// that freed. Nothing undoes it: whoever uses the model again has it look at every photo. What a
// person said stays. Errors: library.ErrNotFound where it has none; the vectors of the model in
// use, and of the one that comes, are not removed.
func (a *App) ForgetVectors(ctx context.Context, id string) (VectorUse, error) {
	var freed VectorUse
	if err := a.needWriting(); err != nil {
		return freed, err
	}
	if err := a.enterRun(ctx); err != nil {
		return freed, err
	}
	defer a.leaveRun()
	uses, err := a.store.SpaceUses(ctx)
	if err != nil {
		return freed, err
	}
	models, err := a.Models(ctx)
	if err != nil {
		return freed, err
	}
	digest := ""
	if i := slices.IndexFunc(models, func(m ModelInfo) bool { return m.ID == id }); i >= 0 {
		digest = models[i].Space
	}
	var kept error
	found := false
	for _, u := range uses {
		// The model that used a space last need not be the only one: text towers share them.
		if u.Digest != digest && (u.Model != id || slices.ContainsFunc(models, func(m ModelInfo) bool { return m.Space == u.Digest })) {
			continue
		}
		found = true
		if err := a.spaceInUse(ctx, u.Space, id); err != nil {
			kept = err
			continue
		}
		one, err := a.forgetSpace(ctx, u)
		freed.add(one)
		if err != nil {
			return freed, err
		}
	}
	switch {
	case !found:
		return freed, fmt.Errorf("vectors of a model %q: %w", id, library.ErrNotFound)
	case freed.Vectors == 0 && kept != nil:
		return freed, kept
	}
	a.changed()
	return freed, nil
}

// spaceInUse says why the vectors of a space, which are those of the model id, are not removed:
// the model in use, or the one that comes, has them. nil: neither does.
func (a *App) spaceInUse(ctx context.Context, space library.Space, id string) error {
	inUse, coming := a.modelID(ctx), a.comingID(ctx)
	for _, by := range []string{inUse, coming} {
		if by == "" {
			continue
		}
		b, err := a.bundleOf(by)
		switch {
		case err == nil && b.Space() != space.Digest || err != nil && space.Model != by:
		case by != id:
			return fmt.Errorf("the vectors of the model %s are those of %s, which is or comes into use; choose another model first", id, by)
		case by == coming:
			return fmt.Errorf("the model %s looks at the photos to be used; choose another one first: descry models use %s", id, inUse)
		default:
			return fmt.Errorf("the model %s is in use, and searches need its vectors; choose another one first", id)
		}
	}
	return nil
}

func (a *App) forgetSpace(ctx context.Context, u store.SpaceUse) (VectorUse, error) {
	p := a.vectorParams(u.Space)
	freed := VectorUse{Bytes: vectors.Size(p)}
	if err := vectors.Remove(p); err != nil {
		return VectorUse{}, err
	}
	n, err := a.store.ForgetSpace(ctx, u.ID)
	freed.Vectors = n
	if u.Vectors > 0 {
		freed.Bytes += u.Bytes / int64(u.Vectors) * int64(n)
	}
	return freed, err
}
