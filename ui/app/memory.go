package app

import (
	"context"
	"errors"
	"fmt"

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

// threads is how many photos are looked at at the same time: as the call or the setting says, or
// one for each core, fewer where memory is little beside the model, which is loaded when it is
// asked for.
func (a *App) threads(ctx context.Context) int {
	if n := a.askedThreads(ctx); n > 0 {
		return n
	}
	l := a.limits()
	cores := l.Cores()
	if l.Free == 0 {
		return cores
	}
	each := int64(workerMemory)
	a.engines.mu.Lock()
	if e := a.engines.engine; e != nil {
		if need, err := clipengine.NeedOf(e.Bundle()); err == nil {
			each += need.Run
		}
	}
	a.engines.mu.Unlock()
	return min(cores, max(1, int((l.Free-spareMemory)/each)))
}

// tooLarge says why a model cannot be loaded: it needs more memory than this process may ever
// take, at one photo at a time. The error wraps ErrTooLarge.
func (a *App) tooLarge(b *bundle.Bundle) error {
	need, err := clipengine.NeedOf(b)
	if err != nil {
		return err
	}
	l := a.limits()
	most := need.Total(1)
	if l.Limited { // nothing can be swapped out there while the model is loaded
		most = max(most, need.Weights+need.Loading)
	}
	switch {
	case l.Memory == 0 || most <= l.Memory:
		return nil
	case l.Limited:
		return fmt.Errorf("%w: %s needs about %s, and this process may take %s", ErrTooLarge, b.ID, gigabytes(most), gigabytes(l.Memory))
	}
	return fmt.Errorf("%w: %s needs about %s, and this machine has %s", ErrTooLarge, b.ID, gigabytes(most), gigabytes(l.Memory))
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
