package store

import (
	"context"
	"sync"
)

// gate lets one writer in at a time. Writers on behalf of a person go before those on
// behalf of indexing, whatever the order in which they came.
type gate struct {
	mu    sync.Mutex
	busy  bool
	first []chan struct{} // waiting: a person
	later []chan struct{} // waiting: indexing
}

// enter waits for the writer's turn; leave must follow unless it fails.
func (g *gate) enter(ctx context.Context, background bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if !g.busy {
		g.busy = true
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	queue := &g.first
	if background {
		queue = &g.later
	}
	*queue = append(*queue, turn)
	g.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	for i, c := range *queue {
		if c == turn {
			*queue = append((*queue)[:i], (*queue)[i+1:]...)
			g.mu.Unlock()
			return ctx.Err()
		}
	}
	g.mu.Unlock()
	g.leave() // the turn came at the same moment: hand it on
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&g.first, &g.later} {
		if len(*queue) > 0 {
			turn := (*queue)[0]
			*queue = (*queue)[1:]
			close(turn)
			return
		}
	}
	g.busy = false
}
