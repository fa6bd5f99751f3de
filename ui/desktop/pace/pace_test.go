package pace

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestSettleRunsEverythingInOrder(t *testing.T) {
	l := New(nil, NewManual(time.Unix(0, 0)))
	var got []int
	l.Post(func() { got = append(got, 1) })
	l.PostLatest("k", func() { got = append(got, -1) })
	l.Post(func() { got = append(got, 3) })
	l.PostLatest("k", func() { got = append(got, 2) })
	l.Go(func() func() {
		return func() {
			got = append(got, 4)
			l.Post(func() { got = append(got, 5) })
		}
	})
	l.Settle()
	if want := []int{1, 2, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("ran %v, want %v", got, want)
	}
}

func TestLatestAfterARoundRunsAgain(t *testing.T) {
	l := New(nil, NewManual(time.Unix(0, 0)))
	n := 0
	for range 3 {
		l.PostLatest("k", func() { n++ })
		l.PostLatest("k", func() { n += 10 })
		l.Settle()
	}
	if n != 30 {
		t.Errorf("counted %d", n)
	}
}

// TestOneRoundPerFrame checks that many posts make one round, and the next comes a frame
// later.
func TestOneRoundPerFrame(t *testing.T) {
	c := NewManual(time.Unix(0, 0))
	var mu sync.Mutex
	rounds := 0
	l := New(func(f func()) { mu.Lock(); rounds++; mu.Unlock(); f() }, c)
	ran := 0
	for range 1000 {
		l.Post(func() { ran++ })
	}
	c.Advance(0)
	if rounds != 1 || ran != 1000 {
		t.Errorf("%d rounds ran %d of 1000 jobs", rounds, ran)
	}
	l.Post(func() { ran++ })
	c.Advance(frameTime / 2)
	if rounds != 1 {
		t.Error("the second round came within the frame")
	}
	c.Advance(frameTime)
	if rounds != 2 || ran != 1001 {
		t.Errorf("%d rounds, %d jobs", rounds, ran)
	}
}

// TestBudget checks that slow jobs are spread over frames.
func TestBudget(t *testing.T) {
	c := NewManual(time.Unix(0, 0))
	l := New(func(f func()) { f() }, c)
	ran := 0
	for range 10 {
		l.Post(func() {
			ran++
			c.mu.Lock()
			c.now = c.now.Add(budget/2 + time.Millisecond)
			c.mu.Unlock()
		})
	}
	c.Advance(0)
	if ran != 2 {
		t.Errorf("%d slow jobs ran in one round", ran)
	}
	c.Advance(time.Second)
	if ran != 10 {
		t.Errorf("%d of 10 ran in the end", ran)
	}
	if l.Longest() < budget {
		t.Errorf("the longest round is said to have taken %v", l.Longest())
	}
}

func TestAfter(t *testing.T) {
	c := NewManual(time.Unix(0, 0))
	l := New(nil, c)
	ran := ""
	l.After(time.Second, func() { ran += "a" })
	stop := l.After(time.Second, func() { ran += "b" })
	late := l.After(time.Second, func() { ran += "c" })
	stop()
	c.Advance(time.Second)
	late() // its time came, but it has not run yet
	l.Settle()
	if ran != "a" {
		t.Errorf("ran %q", ran)
	}
}
