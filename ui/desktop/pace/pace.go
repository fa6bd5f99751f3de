// Package pace decides when work happens: what background goroutines want done to widgets
// is gathered and done once per frame on the window's thread, and what should wait a while
// waits by a clock that a test can turn by hand.
package pace

import (
	"sync"
	"time"
)

const (
	// frameTime is the shortest time between two rounds on the window's thread.
	frameTime = 16 * time.Millisecond
	// budget is how long one round may take before the rest waits for the next frame. A
	// single job is never cut, so jobs have to be short by themselves.
	budget = 6 * time.Millisecond
)

// Clock tells the time and wakes later.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f on a goroutine of its own once d has passed; stop prevents it.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// System is the clock on the wall.
type System struct{}

// Now returns the present time.
func (System) Now() time.Time { return time.Now() }

// AfterFunc calls f after d.
func (System) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Loop carries jobs to the window's thread. Its methods may be called from any goroutine.
type Loop struct {
	do    func(func()) // runs a function on the window's thread, later; nil: Settle does
	clock Clock

	mu      sync.Mutex
	changed *sync.Cond
	queue   []job
	keyed   map[any]int // key of a queued job to its place in queue
	armed   bool
	last    time.Time // when the last round ended
	working int       // goroutines started by Go and not yet posted

	longest time.Duration // longest round so far
}

type job struct {
	key any
	f   func()
}

// New returns a loop that hands its rounds to do, which must run them on the window's
// thread without waiting for them (fyne.Do). With a nil do, nothing runs until Settle.
func New(do func(func()), clock Clock) *Loop {
	l := &Loop{do: do, clock: clock, keyed: map[any]int{}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Now returns the clock's time.
func (l *Loop) Now() time.Time { return l.clock.Now() }

// Post has f called on the window's thread in one of the next rounds, after everything
// posted before.
func (l *Loop) Post(f func()) { l.post(nil, f) }

// PostLatest is Post for news of which only the latest matters: a job waiting under the
// same key is replaced.
func (l *Loop) PostLatest(key any, f func()) { l.post(key, f) }

func (l *Loop) post(key any, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key != nil {
		if at, ok := l.keyed[key]; ok {
			l.queue[at].f = f
			return
		}
		l.keyed[key] = len(l.queue)
	}
	l.queue = append(l.queue, job{key: key, f: f})
	l.changed.Broadcast()
	l.arm()
}

// arm asks for a round; the caller holds mu.
func (l *Loop) arm() {
	if l.armed || l.do == nil {
		return
	}
	l.armed = true
	wait := max(frameTime-l.clock.Now().Sub(l.last), 0)
	// Always from a timer's goroutine: fyne.Do must not be called on the window's thread.
	l.clock.AfterFunc(wait, func() { l.do(l.round) })
}

// round runs waiting jobs until the budget is spent. It runs on the window's thread.
func (l *Loop) round() {
	start := l.clock.Now()
	for {
		l.mu.Lock()
		if len(l.queue) == 0 || l.clock.Now().Sub(start) > budget {
			l.last = l.clock.Now()
			l.longest = max(l.longest, l.last.Sub(start))
			l.armed = false
			if len(l.queue) > 0 {
				l.arm()
			}
			l.mu.Unlock()
			return
		}
		f := l.pop()
		l.mu.Unlock()
		f()
	}
}

// pop takes the first job; the caller holds mu.
func (l *Loop) pop() func() {
	first := l.queue[0]
	l.queue[0] = job{}
	l.queue = l.queue[1:]
	if first.key != nil {
		delete(l.keyed, first.key)
	}
	for k := range l.keyed {
		l.keyed[k]--
	}
	if len(l.queue) == 0 {
		l.queue = nil
	}
	return first.f
}

// Go calls work on a goroutine of its own and posts what it returns, if anything, to the
// window's thread.
func (l *Loop) Go(work func() (then func())) {
	l.mu.Lock()
	l.working++
	l.mu.Unlock()
	go func() {
		var then func()
		defer func() {
			if then != nil {
				l.Post(then)
			}
			l.mu.Lock()
			l.working--
			l.changed.Broadcast()
			l.mu.Unlock()
		}()
		then = work()
	}()
}

// After calls f on the window's thread once d has passed, unless stop is called before.
// Stop is to be called on the window's thread too; after it f does not run.
func (l *Loop) After(d time.Duration, f func()) (stop func()) {
	stopped := false
	cancel := l.clock.AfterFunc(d, func() {
		l.Post(func() {
			if !stopped {
				f()
			}
		})
	})
	return func() {
		stopped = true
		cancel()
	}
}

// Settle runs posted jobs on the calling goroutine until none waits and nothing started by
// Go is at work. It is for drawing without a window and for tests.
func (l *Loop) Settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.queue) > 0 {
			f := l.pop()
			l.mu.Unlock()
			f()
			l.mu.Lock()
		}
		if l.working == 0 {
			return
		}
		l.changed.Wait()
	}
}

// Longest returns the longest round so far: the longest time that jobs of this loop kept
// the window's thread.
func (l *Loop) Longest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.longest
}
