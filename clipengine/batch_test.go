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

// TestAPictureWithoutDirectionLeavesBatchesAsTheyAre has a picture in each crowd for which a device
// in half precision gives no numbers: the CPU computes that one, and batches grow all the same.
func TestAPictureWithoutDirectionLeavesBatchesAsTheyAre(t *testing.T) {
	proofs := ReadProofs("")
	m := &fakeMachine{have: gpus("cuda"), blind: float32(93) / 100} // the fourth of encodeAll
	v, _ := ready(t, m, proofs)
	m.set(func() {
		m.onRun = func(_ context.Context, _ *fakeTower, n int) error { // longer ones pay
			m.set(func() { m.clock = m.clock.Add(10*time.Millisecond + time.Duration(n)*time.Millisecond) })
			return nil
		}
	})
	for range 30 {
		crowd(t, m, v, 64)
	}
	if p, _ := proofs.find(v.key("cuda")); p.Batch != mostBatch || v.provider() != "cuda" {
		t.Errorf("%s computes, remembered: %+v", v.provider(), p)
	}
}
