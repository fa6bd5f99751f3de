package machine

import (
	"sync"
	"time"
)

// Around is what goes on at the machine besides this process.
type Around struct {
	// Battery tells whether the machine runs on battery now, and Charge how full that is, from 0
	// to 1; less than 0: not known.
	Battery bool
	Charge  float64
	// Others is the share of all processors that other programs used since the last look, from 0
	// to 1; less than 0: not known.
	Others float64
	// Idle is how long nobody touched keyboard and mouse; less than 0: not known.
	Idle time.Duration
}

// Watch looks at what goes on around this process. The zero value is ready.
type Watch struct {
	mu   sync.Mutex
	last times
}

// times is how long processors were busy since the machine started, in any unit.
type times struct {
	all, busy, own float64
	ok             bool
}

// Look tells what goes on now, and since the last Look; milliseconds. Others is known from the
// second one on.
func (w *Watch) Look() Around {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Around{Others: -1, Idle: idle()}
	a.Battery, a.Charge = battery()
	now := processors()
	a.Others = now.others(w.last)
	w.last = now
	return a
}

// others is the share of the processors that others used since then; -1: not known.
func (t times) others(then times) float64 {
	all := t.all - then.all
	if !t.ok || !then.ok || all <= 0 {
		return -1
	}
	return min(1, max(0, (t.busy-then.busy-(t.own-then.own))/all))
}
