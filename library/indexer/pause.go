package indexer

import (
	"context"
	"sync"
)

// pause is a gate that one may close and open. The zero value is open.
type pause struct {
	mu   sync.Mutex
	open chan struct{} // closed when the gate opens; nil while it is open
}

func (p *pause) set(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.open == nil:
		p.open = make(chan struct{})
	case !on && p.open != nil:
		close(p.open)
		p.open = nil
	}
}

func (p *pause) on() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open != nil
}

// wait returns when the gate is open, or with the cause when ctx ends.
func (p *pause) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
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
