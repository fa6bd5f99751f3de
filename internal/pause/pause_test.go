package pause

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// TestReasons holds a gate for two reasons: it opens when both are gone, in whatever order.
func TestReasons(t *testing.T) {
	for _, order := range [][2]Reason{{ByHand, Quiet}, {Quiet, ByHand}} {
		var g Gate
		g.Hold(ByHand, true)
		g.Hold(Quiet, true)
		g.Hold(Quiet, true) // once more says nothing new
		passed := make(chan error, 1)
		go func() { passed <- g.Wait(t.Context()) }()
		g.Hold(order[0], false)
		if !g.Closed() || g.Why() != order[1] {
			t.Errorf("held by %b after %b was taken back", g.Why(), order[0])
		}
		select {
		case <-passed:
			t.Error("passed a gate that is held")
		default:
		}
		g.Hold(order[1], false)
		if err := <-passed; err != nil || g.Closed() {
			t.Errorf("%v, closed %v", err, g.Closed())
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	var g Gate
	g.Set(true)
	if err := g.Wait(ctx); !errors.Is(err, cause) {
		t.Errorf("ended with %v", err)
	}
}

// TestLanes has eight workers pass, first two at a time, then five.
func TestLanes(t *testing.T) {
	var l Lanes
	var at, most atomic.Int64
	pass := func(bound int) {
		l.SetLanes(bound)
		most.Store(0)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 50 {
					if err := l.Enter(t.Context()); err != nil {
						t.Error(err)
						return
					}
					n := at.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					at.Add(-1)
					l.Leave()
				}
			})
		}
		all.Wait()
		if bound > 0 && most.Load() > int64(bound) {
			t.Errorf("%d at a time, and %d are allowed", most.Load(), bound)
		}
	}
	pass(2)
	pass(5)
	pass(0)

	// A wider bound lets those in that wait, and a context that ends lets them go.
	l.SetLanes(1)
	if err := l.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() { second <- l.Enter(t.Context()) }()
	l.SetLanes(2)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { second <- l.Enter(ctx) }()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
