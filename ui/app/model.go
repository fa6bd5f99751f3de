package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/library"
)

// starterID is the id of the model that comes with the program.
const starterID = "starter"

// modelID is the id of the model in use.
func (a *App) modelID(ctx context.Context) string {
	if id := a.namedModel(); id != "" {
		return id
	}
	if id := a.Setting(ctx, SettingModel); id != "" {
		return id
	}
	return starterID
}

// namedModel is the id of the model that Params named, until another one is chosen; "": none.
func (a *App) namedModel() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.named
}

// openBundle opens a model bundle by id: the bundled one, or an added one. The image tower that it
// may take from another one is that one's own: text towers that name each other are refused.
func (a *App) openBundle(id string) (*bundle.Bundle, error) {
	return a.openBundleWith(id, func(id string) (*bundle.Bundle, error) { return a.openBundleWith(id, nil) })
}

func (a *App) openBundleWith(id string, images func(id string) (*bundle.Bundle, error)) (*bundle.Bundle, error) {
	if id == starterID {
		b, err := bundle.OpenFS(a.p.Starter, starterID)
		if err != nil {
			return nil, fmt.Errorf("opening the starter model: %w", err)
		}
		return b, nil
	}
	if id != filepath.Base(id) || id == "." || id == ".." {
		return nil, fmt.Errorf("model %q: %w", id, library.ErrNotFound)
	}
	dir := filepath.Join(a.modelsDir(), id)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("model %q: %w", id, library.ErrNotFound)
	}
	b, err := bundle.OpenWith(dir, images)
	if err != nil {
		return nil, fmt.Errorf("opening the model %s: %w", id, err)
	}
	b.Remember(a.digests)
	return b, nil
}

// bundleOf is openBundle with a memory: opening a model reads all of its weights once.
func (a *App) bundleOf(id string) (*bundle.Bundle, error) {
	a.engines.mu.Lock()
	defer a.engines.mu.Unlock()
	return a.bundleHeld(id)
}

// bundleHeld is bundleOf for who holds a.engines.mu.
func (a *App) bundleHeld(id string) (*bundle.Bundle, error) {
	b := &a.engines
	if opened := b.bundles[id]; opened != nil {
		return opened, nil
	}
	opened, err := a.openBundle(id)
	if err != nil {
		return nil, err
	}
	if b.bundles == nil {
		b.bundles = map[string]*bundle.Bundle{}
	}
	b.bundles[id] = opened
	return opened, nil
}

// engine opens the model in use, once. Its towers are loaded when they are needed.
func (a *App) engine(ctx context.Context) (*clipengine.Engine, error) {
	b := &a.engines
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tried {
		if b.problem != nil {
			return nil, b.problem
		}
		return b.engine, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	opened, err := a.bundleHeld(a.modelID(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoModel, err)
	}
	engine, err := a.startEngine(ctx, opened)
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	b.tried, b.engine, b.problem = true, engine, nil
	if err != nil {
		b.problem = fmt.Errorf("%w: %w", ErrNoModel, err)
		return nil, b.problem
	}
	return engine, nil
}

// startEngine opens a model, unless it is open still. The caller holds a.engines.mu.
func (a *App) startEngine(ctx context.Context, b *bundle.Bundle) (*clipengine.Engine, error) {
	choice, err := a.choiceOf(ctx, b)
	if err != nil {
		return nil, err
	}
	engine := a.engines.take(choice)
	a.roomFor(b, engine, a.limits())
	if engine != nil {
		return engine, nil
	}
	engine, err = a.openEngine(ctx, b, choice.library)
	if err != nil {
		return nil, err
	}
	a.keepEngine(choice, engine)
	return engine, nil
}

func (a *App) choiceOf(ctx context.Context, b *bundle.Bundle) (engineChoice, error) {
	lib, err := a.runtimeLibrary(ctx)
	return engineChoice{b.ID, b.Space(), lib, a.provider(ctx)}, err
}

// keepEngine holds one more engine. The caller holds a.engines.mu.
func (a *App) keepEngine(c engineChoice, e *clipengine.Engine) {
	if err := a.engines.keep(c, e); err != nil {
		a.p.Log.Warn("ending a model that is not used any more", "error", err)
	}
}

func (a *App) runtimeLibrary(ctx context.Context) (string, error) {
	if a.p.Runtime != "" {
		return ort.Find(a.p.Runtime)
	}
	return ort.Find(a.Setting(ctx, SettingRuntime))
}

func (a *App) openEngine(ctx context.Context, b *bundle.Bundle, lib string) (*clipengine.Engine, error) {
	if err := a.tooLarge(b); err != nil {
		return nil, err
	}
	engine, err := clipengine.Open(b, a.engineOptions(ctx, b, lib))
	if err != nil {
		return nil, fmt.Errorf("starting the model %s: %w", b.ID, err)
	}
	return engine, nil
}

// ModelProblem says in one sentence why no model is running, or "" when one is.
func (a *App) ModelProblem() string {
	if _, err := a.engine(context.Background()); err != nil {
		return asSentence(err)
	}
	return ""
}

// Model is the model in use; its ID is "" when none could be loaded.
func (a *App) Model() ModelInfo {
	engine, err := a.engine(context.Background())
	if err != nil {
		return ModelInfo{Problem: err.Error()}
	}
	info := infoOf(engine.Bundle())
	info.InUse, info.Provider = true, engine.Provider()
	a.fill(&info, engine.Bundle())
	info.PerSecond = a.speedOf(context.Background(), info.Space)
	return info
}

func infoOf(b *bundle.Bundle) ModelInfo {
	info := ModelInfo{
		ID: b.ID, Name: b.Name, Licence: b.Licence, Note: b.LicenceNote, Languages: b.Languages, Dim: b.Dim,
		InputSize: b.Preprocess.Size, Space: b.Space(), Bundled: b.ID == starterID,
	}
	_, size, err := b.Contents()
	if err != nil {
		info.Problem = err.Error()
	}
	info.Bytes, info.Precision = size, b.Precision
	return info
}

// Models lists the models at hand, the bundled one first. A model that cannot be opened
// is in the list with its problem.
func (a *App) Models(ctx context.Context) ([]ModelInfo, error) {
	ids, err := a.installed()
	if err != nil {
		return nil, err
	}
	inUse := a.modelID(ctx)
	models := make([]ModelInfo, 0, len(ids))
	for _, id := range ids {
		info := ModelInfo{ID: id}
		if b, err := a.openBundle(id); err != nil {
			info.Problem = err.Error()
		} else {
			info = infoOf(b)
			info.InUse = id == inUse
			a.fill(&info, b)
			info.PerSecond = a.speedOf(ctx, info.Space)
		}
		info.InUse = id == inUse
		models = append(models, info)
	}
	return a.withVectors(ctx, models)
}

// VerifyModels checks every model at hand and runs its self-test; what fails is in its
// Problem.
func (a *App) VerifyModels(ctx context.Context) ([]ModelInfo, error) {
	models, err := a.Models(ctx)
	if err != nil {
		return nil, err
	}
	for i := range models {
		if models[i].Problem != "" {
			continue
		}
		if err := a.prove(ctx, &models[i]); err != nil {
			return nil, err
		}
	}
	return models, nil
}

// TestModel checks one model at hand, runs its self-test and measures its speed; what fails is
// in its Problem.
func (a *App) TestModel(ctx context.Context, id string) (ModelInfo, error) {
	models, err := a.Models(ctx)
	if err != nil {
		return ModelInfo{}, err
	}
	i := slices.IndexFunc(models, func(m ModelInfo) bool { return m.ID == id })
	if i < 0 {
		return ModelInfo{}, fmt.Errorf("model %q: %w", id, library.ErrNotFound)
	}
	m := models[i]
	if m.Problem == "" {
		err = a.prove(ctx, &m)
	}
	return m, err
}

// prove tests a model at hand and writes what it finds into its description. Its error is that
// of ctx.
func (a *App) prove(ctx context.Context, m *ModelInfo) error {
	b, err := a.openBundle(m.ID)
	if err == nil {
		err = a.proveBundle(ctx, b)
	}
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		m.Problem = err.Error()
	}
	m.PerSecond = a.speedOf(ctx, m.Space)
	return nil
}

// proveBundle compares a model's files with the digests it brings, and runs its self-test.
func (a *App) proveBundle(ctx context.Context, b *bundle.Bundle) error {
	if len(b.Digests) > 0 {
		if err := b.Verify(ctx); err != nil {
			return err
		}
	}
	engine, err := a.aside(ctx, b)
	if err != nil {
		return err
	}
	err = engine.SelfTest(ctx)
	if err == nil {
		_, err = a.measure(ctx, finalID(b.ID), engine)
	}
	if err := errors.Join(err, engine.Close()); err != nil {
		return fmt.Errorf("the model failed its self-test: %w", err)
	}
	return nil
}

// finalID is the id that a model gets when it is put in place: while it is being added, it lies
// in a folder with a dot and a word before it, such as ".adding-ID".
func finalID(folder string) string {
	if rest, ok := strings.CutPrefix(folder, "."); ok {
		_, folder, _ = strings.Cut(rest, "-")
	}
	return folder
}

// AddModel is AddModelAs with the variant that suits the device.
func (a *App) AddModel(ctx context.Context, dir string) (ModelInfo, error) {
	c, _, err := a.AddModelAs(ctx, dir, PrecisionAuto, nil)
	return c.Model, err
}

// stage copies the files of a model into a folder and proves the copy there.
func (a *App) stage(ctx context.Context, from, to string, names []string) error {
	if err := copyFiles(ctx, from, to, names); err != nil {
		return fmt.Errorf("copying the model: %w", err)
	}
	b, err := bundle.OpenWith(to, a.openBundle)
	if err != nil {
		return err
	}
	return a.proveBundle(ctx, b)
}

// RemoveModel deletes an added model's files. Its vectors stay.
func (a *App) RemoveModel(ctx context.Context, id string) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	if id == starterID {
		return errors.New("the starter model is part of the program and cannot be removed")
	}
	if id == a.modelID(ctx) {
		return fmt.Errorf("the model %s is in use; choose another one first", id)
	}
	if id == a.comingID(ctx) {
		return fmt.Errorf("the model %s looks at the photos to be used; choose another one first: descry models use %s", id, a.modelID(ctx))
	}
	models, err := a.Models(ctx)
	if err != nil {
		return err
	}
	for _, used := range []string{a.modelID(ctx), a.comingID(ctx)} {
		if b, err := a.bundleOf(used); err == nil && b.ImageTower == id {
			return fmt.Errorf("the model %s, which is or comes into use, looks at pictures with the image tower of %s; choose another one first", used, id)
		}
	}
	if !slices.ContainsFunc(models, func(m ModelInfo) bool { return m.ID == id }) {
		if removed, err := a.removeUnfinished(id); removed || err != nil {
			return err
		}
		return fmt.Errorf("model %q: %w", id, library.ErrNotFound)
	}
	if err := os.RemoveAll(filepath.Join(a.modelsDir(), id)); err != nil {
		return fmt.Errorf("removing the model %s: %w", id, err)
	}
	a.engines.forget(id)
	return nil
}

// copyFiles copies the named files of a folder into a new one. Names that lead out of
// either folder are refused by the system.
func copyFiles(ctx context.Context, from, to string, names []string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	target, err := os.OpenRoot(to)
	if err != nil {
		return errors.Join(err, source.Close())
	}
	for _, name := range names {
		if err = ctx.Err(); err == nil {
			err = copyFile(ctx, source, target, name)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			break
		}
	}
	return errors.Join(err, source.Close(), target.Close())
}

func copyFile(ctx context.Context, source, target *os.Root, name string) error {
	if dir := path.Dir(name); dir != "." {
		if err := target.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	in, err := source.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := target.Create(name)
	if err != nil {
		return err
	}
	for err == nil {
		if err = context.Cause(ctx); err == nil {
			_, err = io.CopyN(out, in, 16<<20) // which the system does by itself where it can
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, out.Close())
}
