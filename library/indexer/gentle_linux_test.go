package indexer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"descry/internal/pause"
)

// TestGentleRun looks at photos by one of four workers, on threads of low priority, and lets all
// work at the usual one from the middle on.
func TestGentleRun(t *testing.T) {
	l := newLib(t)
	const photos, gentle = 24, 12
	for i := range photos {
		l.photo(fmt.Sprintf("%02d.jpg", i), uint64(i))
	}
	niceness := func() int {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		if err != nil {
			t.Error(err)
		}
		return 20 - n // the system call counts the other way round
	}
	usual := niceness()
	if usual >= 10 {
		t.Skip("the tests run at low priority themselves")
	}
	manner := &pause.Manner{}
	manner.SetLanes(1)
	manner.SetGentle(true)
	var mu sync.Mutex
	seen, raised := 0, 0
	var at atomic.Int64
	l.encoder.hold = func(context.Context) error {
		together := at.Add(1)
		defer at.Add(-1)
		mu.Lock()
		defer mu.Unlock()
		seen++
		if nice := niceness(); seen <= gentle && nice <= usual {
			t.Errorf("photo %d is looked at with niceness %d, and %d is usual", seen, nice, usual)
		} else if nice == usual {
			raised++
		}
		if seen <= gentle && together > 1 {
			t.Errorf("%d photos are looked at at a time", together)
		}
		if seen == gentle {
			manner.SetLanes(0)
			manner.SetGentle(false)
		}
		return nil
	}
	x := New(Params{Store: l.store, Thumbs: l.thumbs, Encoder: l.encoder, Threads: 4, Manner: manner})
	report, err := x.Run(t.Context(), l.roots(), nil)
	if err != nil || report.Encoded != photos {
		t.Fatalf("%d photos were looked at: %v", report.Encoded, err)
	}
	// The one at hand when that changed is finished as it began.
	if raised < photos-gentle-4 {
		t.Errorf("%d photos were looked at at the usual priority", raised)
	}
}
