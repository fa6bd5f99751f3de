package clipengine

import (
	"context"
	"errors"
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

// TestADeviceWithALimitIsUsed has a device that fails with long batches for another reason than
// memory, also in its test: it computes shorter ones, and is neither refused nor lost. One that
// fails with single pictures after such a batch is refused.
func TestADeviceWithALimitIsUsed(t *testing.T) {
	limit := func(dies bool) *fakeMachine {
		broken := false
		return &fakeMachine{have: gpus("cuda"), onRun: func(_ context.Context, _ *fakeTower, n int) error {
			if n > 2 || broken {
				broken = dies
				return errors.New("the size of a buffer exceeds what the device binds")
			}
			return nil
		}}
	}
	proofs := ReadProofs("")
	m := limit(false)
	v, tower := ready(t, m, proofs)
	for range 20 {
		crowd(t, m, v, 64)
	}
	if p, _ := proofs.find(v.key("cuda")); v.provider() != "cuda" || len(m.told()) > 0 || p.Batch != 2 || !p.Short {
		t.Errorf("%s computes, notices %q, remembered %+v", v.provider(), m.told(), p)
	}
	if long := slices.DeleteFunc(slices.Clone(tower.batches), func(n int) bool { return n <= 2 }); len(long) != 1 {
		t.Errorf("runs of more than 2 pictures: %v", long)
	}
	if _, err := limit(true).vision(t, "cuda", nil); err == nil {
		t.Error("a device that is broken by its test is used")
	}
}
