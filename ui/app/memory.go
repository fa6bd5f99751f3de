package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/machine"
)

// ErrTooLarge says that a model needs more memory than this process may take.
var ErrTooLarge = errors.New("the model does not fit into memory")

const (
	// workerMemory is what a photo takes that is being looked at, besides the model: the file,
	// its pixels, and what is made of them.
	workerMemory = 64 << 20
	// spareMemory is what is left to everything else when memory is little.
	spareMemory = 64 << 20
)

// limits are what this process may take of the machine now.
func (a *App) limits() machine.Limits {
	if a.p.Limits != nil {
		return a.p.Limits()
	}
	return machine.Look()
}

// memoryBox counts the memory of the towers that are loaded, of all engines of this process.
type memoryBox struct {
	mu   sync.Mutex
	held int64 // bytes
}

func (m *memoryBox) add(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held += bytes
}

func (m *memoryBox) sum() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// room lets the towers of a model be loaded that fit beside those that are: see
// clipengine.Options.Room.
func (a *App) room(id string) func(clipengine.Need) (func(), error) {
	return func(need clipengine.Need) (func(), error) {
		l, m := a.limits(), &a.memory
		m.mu.Lock()
		defer m.mu.Unlock()
		if err := fits(id, need, m.held, l); err != nil {
			return nil, err
		}
		m.held += need.Weights
		return func() { m.add(-need.Weights) }, nil
	}
}

// mostOf is the most that a model takes at one photo at a time, while it is loaded or after.
func mostOf(need clipengine.Need, l machine.Limits) int64 {
	if l.Limited { // nothing can be swapped out there while the model is loaded
		return max(need.Total(1), need.Weights+need.Loading)
	}
	return need.Total(1)
}

// fits says why a model cannot be loaded beside others that hold so many bytes: this process may
// never take as much, at one photo at a time. The error wraps ErrTooLarge.
func fits(id string, need clipengine.Need, held int64, l machine.Limits) error {
	most := mostOf(need, l)
	if l.Memory == 0 || held+most <= l.Memory {
		return nil
	}
	beside := ""
	if held > 0 {
		beside = fmt.Sprintf(" beside the models that are loaded, which take %s", gigabytes(held))
	}
	return fmt.Errorf("%w: %s needs about %s%s, and %s", ErrTooLarge, id, gigabytes(most), beside, memoryText(l))
}

func memoryText(l machine.Limits) string {
	if l.Limited {
		return "this process may take " + gigabytes(l.Memory)
	}
	return "this machine has " + gigabytes(l.Memory)
}

// tooLarge says why a model cannot be loaded: it alone needs more memory than this process may
// ever take. The error wraps ErrTooLarge.
func (a *App) tooLarge(b *bundle.Bundle) error {
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return err
	}
	return fits(b.ID, need, 0, a.limits())
}

// tooLargeBeside is tooLarge for a model that is to look at photos beside the one in use, of which
// searches need the text tower meanwhile, and the image tower stays that has looked at photos.
func (a *App) tooLargeBeside(ctx context.Context, b *bundle.Bundle) error {
	if err := a.tooLarge(b); err != nil {
		return err
	}
	other, err := a.bundleOf(a.modelID(ctx))
	if err != nil || a.tooLarge(other) != nil {
		return nil // it takes no memory
	}
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return err
	}
	texts, err := clipengine.NeedOfTexts(other)
	if err != nil {
		return nil
	}
	used := texts.Weights
	a.engines.mu.Lock()
	if e := a.engines.engine; e != nil {
		used = max(used, e.Held())
	}
	a.engines.mu.Unlock()
	l := a.limits()
	if fits(b.ID, need, used, l) == nil {
		return nil
	}
	return fmt.Errorf("%w: %s and %s, which is in use until all photos are looked at, need about %s together, and %s; to use it alone: descry models use --now %s",
		ErrTooLarge, b.ID, other.ID, gigabytes(mostOf(need, l)+used), memoryText(l), b.ID)
}

// roomFor ends idle engines beside which both towers of a model would not fit. e is its engine
// where it has one already, of which some may be loaded. The caller holds a.engines.mu.
func (a *App) roomFor(b *bundle.Bundle, e *clipengine.Engine, l machine.Limits) {
	need, err := clipengine.NeedOf(b)
	if err != nil || l.Memory == 0 {
		return
	}
	most := mostOf(need, l)
	if e != nil {
		most -= min(e.Held(), need.Weights)
	}
	for i := a.engines.idle(e); i >= 0 && most+a.memory.sum() > l.Memory; i = a.engines.idle(e) {
		if err := a.engines.end(i); err != nil {
			a.p.Log.Warn("ending a model that is not used any more", "error", err)
		}
	}
}

// roomy is the engine in use as indexing has it: where its image tower does not fit beside engines
// that were opened since it was, idle ones are ended for it.
type roomy struct {
	*clipengine.Engine
	app *App
}

func (r roomy) Ready(ctx context.Context) error {
	err := r.Engine.Ready(ctx)
	if !errors.Is(err, ErrTooLarge) {
		return err
	}
	l := r.app.limits()
	r.app.engines.mu.Lock()
	r.app.roomFor(r.Bundle(), r.Engine, l)
	r.app.engines.mu.Unlock()
	return r.Engine.Ready(ctx)
}

// aside opens an engine beside those that are held, for somebody who uses both towers and closes
// it again.
func (a *App) aside(ctx context.Context, b *bundle.Bundle) (*clipengine.Engine, error) {
	lib, err := a.runtimeLibrary(ctx)
	if err != nil {
		return nil, err
	}
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return nil, err
	}
	l := a.limits()
	a.engines.mu.Lock()
	a.roomFor(b, nil, l)
	a.engines.mu.Unlock()
	if err := fits(b.ID, need, a.memory.sum(), l); err != nil {
		return nil, err
	}
	return a.openEngine(ctx, b, lib)
}

// threads is how many photos are looked at at the same time: as the call or the setting says, or
// one for each core, fewer where memory is little beside the model in use.
func (a *App) threads(ctx context.Context) int {
	a.engines.mu.Lock()
	e := a.engines.engine
	a.engines.mu.Unlock()
	return a.threadsOf(ctx, e)
}

// threadsOf is threads for an engine; nil: none was opened.
func (a *App) threadsOf(ctx context.Context, e *clipengine.Engine) int {
	if n := a.askedThreads(ctx); n > 0 {
		return n
	}
	l := a.limits()
	cores := l.Cores()
	if l.Free == 0 {
		return cores
	}
	each, free := int64(workerMemory), l.Free-spareMemory
	if e != nil {
		if need, err := clipengine.NeedOf(e.Bundle()); err == nil {
			each += need.Run
			free -= max(0, need.Weights-e.Held()) // what is still to be loaded
		}
	}
	return min(cores, max(1, int(free/each)))
}

// tight says in one sentence that so many bytes do not fit into the memory that is free now, or
// that this process may ever take; "" when they do, or nothing is known of that.
func tight(l machine.Limits, need int64) string {
	switch {
	case l.Memory > 0 && need > l.Memory:
		return fmt.Sprintf("It needs about %s of memory, and Descry may take %s.", gigabytes(need), gigabytes(l.Memory))
	case l.Free > 0 && need > l.Free:
		return fmt.Sprintf("It needs about %s of memory, and %s are free now.", gigabytes(need), gigabytes(l.Free))
	}
	return ""
}

// fill tells of a model what memory it needs.
func (a *App) fill(info *ModelInfo, b *bundle.Bundle) {
	info.Device = a.deviceText(info.Space)
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return // Problem says that files are gone
	}
	info.Memory = need.Total(1)
	if err := a.tooLarge(b); err != nil {
		info.Tight = asSentence(err)
	} else if !info.InUse { // the one in use has its memory already
		info.Tight = tight(a.limits(), need.Total(1))
	}
}

// memoryCheck is what the doctor says of memory, and of the model that is to run.
func (a *App) memoryCheck(ctx context.Context) Check {
	l := a.limits()
	c := Check{Check: "memory", OK: true}
	switch {
	case l.Memory == 0:
		c.Detail = "how much there is, is not known"
	case l.Limited:
		c.Detail = "this process may take " + gigabytes(l.Memory)
	default:
		c.Detail = gigabytes(l.Memory)
	}
	if l.Free > 0 {
		c.Detail += ", " + gigabytes(l.Free) + " free"
	}
	b, err := a.bundleOf(a.modelID(ctx))
	if err != nil {
		return c // the model's own check tells
	}
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return c
	}
	if err := a.tooLarge(b); err != nil {
		c.OK, c.Detail = false, asSentence(err)
		c.Fix = "Choose a smaller model: descry models list, or let this process take more memory."
		return c
	}
	c.Detail += fmt.Sprintf("; the model %s needs about %s and looks at %s at a time", b.ID, gigabytes(need.Total(1)),
		count(a.threads(ctx), "photo"))
	return c
}

// gigabytes writes bytes as "1.9 GB", or "350 MB" where it is less than one.
func gigabytes(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", (n+5e5)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
