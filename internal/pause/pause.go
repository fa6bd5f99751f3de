// Package pause lets background work give way: it holds the work while a person wants the
// machine for something else, or has it done by fewer workers and at low priority.
package pause

import (
	"context"
	"sync"
)

// Reason is why work is held. Reasons do not know of each other: work goes on when none is left.
type Reason uint

// The reasons.
const (
	ByHand Reason = 1 << iota // a person said so
	Quiet                     // the machine is wanted for something else, or runs on battery
)

// Gate is passed by work that may be held. The zero value is open.
type Gate struct {
	mu   sync.Mutex
	why  Reason        // all that hold it
	open chan struct{} // closed when the gate opens; nil while it is open
}

// Set closes the gate by hand, or takes that back.
func (g *Gate) Set(closed bool) { g.Hold(ByHand, closed) }

// Hold closes the gate for a reason, or takes that reason back. The gate opens when no reason is
// left.
func (g *Gate) Hold(why Reason, on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if on {
		g.why |= why
	} else {
		g.why &^= why
	}
	switch {
	case g.why != 0 && g.open == nil:
		g.open = make(chan struct{})
	case g.why == 0 && g.open != nil:
		close(g.open)
		g.open = nil
	}
}

// Why returns what holds the gate; 0: it is open.
func (g *Gate) Why() Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.why
}

// Closed reports whether the gate is closed.
func (g *Gate) Closed() bool { return g.Why() != 0 }

// Wait returns when the gate is open, or with the cause when ctx ends.
func (g *Gate) Wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		if open == nil {
			return context.Cause(ctx)
		}
		select {
		case <-open:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
