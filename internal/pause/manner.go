package pause

import (
	"context"
	"sync"
	"sync/atomic"

	"descry/internal/machine"
)

// Manner is how background work is done: whether it is held, by how many workers at a time, and
// at which priority. It may change while the work is on. The zero value holds nothing back.
type Manner struct {
	Gate
	Lanes
	gentle atomic.Bool
}

// SetGentle has what begins from now on done at low priority, or at the usual one.
func (m *Manner) SetGentle(on bool) { m.gentle.Store(on) }

// Gentle reports whether work is done at low priority.
func (m *Manner) Gentle() bool { return m.gentle.Load() }

// Do calls f and returns when it has returned. While the work is to be gentle that happens on a
// thread of low priority, where the processes that f starts inherit that on most systems.
func (m *Manner) Do(f func()) {
	if !m.Gentle() {
		f()
		return
	}
	machine.Gently(f)
}

// Lanes bound how many workers are at work at the same time; others wait for one of them. The
// zero value sets no bound.
type Lanes struct {
	mu    sync.Mutex
	most  int // 0: no bound
	taken int
	wake  chan struct{} // closed when a lane may be free; nil: nobody waits
}

// SetLanes bounds the workers to n at a time; 0: no bound. Those at work go on.
func (l *Lanes) SetLanes(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = n
	l.signal()
}

// Most returns how many may be at work at a time; 0: any number.
func (l *Lanes) Most() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

// Enter waits for a lane, or returns the cause when ctx ends. Leave gives the lane back.
func (l *Lanes) Enter(ctx context.Context) error {
	for {
		l.mu.Lock()
		if err := context.Cause(ctx); err != nil {
			l.mu.Unlock()
			return err
		}
		if l.most <= 0 || l.taken < l.most {
			l.taken++
			l.mu.Unlock()
			return nil
		}
		if l.wake == nil {
			l.wake = make(chan struct{})
		}
		wake := l.wake
		l.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
}

// Leave gives back the lane that Enter gave.
func (l *Lanes) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	l.signal()
}

// signal wakes who waits; l.mu is held.
func (l *Lanes) signal() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}
