package clipengine

import (
	"context"
	"slices"
	"testing"
	"time"
)

// TestLongerBatchesAreChecked grows batches on a device that mixes up the pictures of longer
// ones than its test had: no picture gets the vector of another, and batches stay short.
func TestLongerBatchesAreChecked(t *testing.T) {
	proofs := ReadProofs("")
	m := &fakeMachine{have: gpus("cuda"), mixes: 8}
	v, tower := ready(t, m, proofs)
	m.set(func() {
		m.onRun = func(_ context.Context, _ *fakeTower, n int) error { // longer ones pay
			m.set(func() { m.clock = m.clock.Add(10*time.Millisecond + time.Duration(n)*time.Millisecond) })
			return nil
		}
	})
	for range 30 {
		crowd(t, m, v, 64)
	}
	if p, _ := proofs.find(v.key("cuda")); p.Batch != 8 || v.provider() != "cuda" {
		t.Errorf("%s computes, remembered: %+v", v.provider(), p)
	}
	if long := slices.DeleteFunc(slices.Clone(tower.batches), func(n int) bool { return n <= 8 }); !slices.Equal(long, []int{16}) {
		t.Errorf("runs of more than 8 pictures: %v", long)
	}
}
