// Package pause holds background work while a person wants the machine for something else.
package pause

import (
	"context"
	"sync"
)

// Gate is passed by work that may be held. The zero value is open.
type Gate struct {
	mu   sync.Mutex
	open chan struct{} // closed when the gate opens; nil while it is open
}

// Set closes the gate, or opens it.
func (g *Gate) Set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case closed && g.open == nil:
		g.open = make(chan struct{})
	case !closed && g.open != nil:
		close(g.open)
		g.open = nil
	}
}

// Closed reports whether the gate is closed.
func (g *Gate) Closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open != nil
}

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
