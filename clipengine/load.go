package clipengine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"descry/clipengine/ort"
)

// ErrNotRunning says that a tower cannot be loaded, so that nothing can be encoded with it.
var ErrNotRunning = errors.New("no model is running")

// notRunning is the error of a tower that cannot be loaded.
func notRunning(tower, model string, err error) error {
	return fmt.Errorf("%w: load %s of the model %s: %w", ErrNotRunning, tower, model, err)
}

// room asks for the memory that a tower takes. free gives it back.
func (o Options) room(n Need) (free func(), err error) {
	if o.Room == nil {
		return func() {}, nil
	}
	return o.Room(n)
}

// lazy is a session that is loaded when it is first needed, and kept until it is closed: the
// runtime does not give all memory back, so sessions do not come and go.
type lazy struct {
	tower, model string // in sentences
	need         Need
	room         func(Need) (free func(), err error)
	open         func() (*ort.Session, error)

	mu     sync.Mutex // held while it is loaded, so that others wait for that
	s      *ort.Session
	free   func()
	closed bool
}

// get returns the session. Errors: ErrNotRunning when it cannot be loaded, which the next call
// tries again, and ort.ErrClosed.
func (l *lazy) get() (*ort.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, ort.ErrClosed
	case l.s != nil:
		return l.s, nil
	}
	free, err := l.room(l.need)
	if err != nil {
		return nil, notRunning(l.tower, l.model, err)
	}
	if l.s, err = l.open(); err != nil {
		free()
		return nil, notRunning(l.tower, l.model, err)
	}
	l.free = free
	return l.s, nil
}

func (l *lazy) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.s == nil {
		return nil
	}
	err := l.s.Close()
	l.s = nil
	l.free()
	return err
}

// takeRoom asks for the memory of the tower, once: where a device fails, the CPU takes its place.
func (v *vision) takeRoom() error {
	v.mu.Lock()
	has := v.free != nil
	v.mu.Unlock()
	if has {
		return nil
	}
	free, err := v.o.room(v.need)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.free = free
	v.mu.Unlock()
	return nil
}

// giveUnused gives the memory back that was asked for, where no tower came of it.
func (v *vision) giveUnused() {
	v.mu.Lock()
	none := v.dev == nil && v.cpu == nil
	v.mu.Unlock()
	if none {
		v.giveRoom()
	}
}

// giveRoom gives the memory of the tower back.
func (v *vision) giveRoom() {
	v.mu.Lock()
	free := v.free
	v.free = nil
	v.mu.Unlock()
	if free != nil {
		free()
	}
}

// Ready makes the image tower ready, which the first picture does otherwise: it finds out on
// what pictures are computed, tests a device that was not tested yet, and loads the tower.
// Errors: ErrNotRunning, and that of ctx.
func (e *Engine) Ready(ctx context.Context) error { return e.vision.load(ctx) }

// Choose finds out on what pictures are computed, as Ready does; where that is the CPU it leaves
// the tower to the first picture. Errors: ErrNotRunning, and that of ctx.
func (e *Engine) Choose(ctx context.Context) error { return e.vision.ready(ctx) }

// ReadyTexts loads the text tower, which the first text does otherwise. Error: ErrNotRunning.
func (e *Engine) ReadyTexts() error {
	_, err := e.text.get()
	return err
}

// Held is the memory in bytes that the towers take that are loaded: see Need.Weights.
func (e *Engine) Held() int64 { return e.held.Load() }
