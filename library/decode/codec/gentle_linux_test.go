package codec

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestGentleChildren starts children at low priority and at the usual one, and looks at them as
// the system does.
func TestGentleChildren(t *testing.T) {
	pool := newPool(t, Params{}, "hangs")
	niceness := func() int {
		t.Helper()
		c, err := pool.take()
		if err != nil {
			t.Fatal(err)
		}
		defer pool.put(c)
		n, err := unix.Getpriority(unix.PRIO_PROCESS, c.cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		return 20 - n
	}
	usual := niceness()
	if usual >= 10 {
		t.Skip("the tests run at low priority themselves")
	}
	for _, gentle := range []bool{true, true, false} {
		pool.SetGentle(gentle)
		if n := niceness(); gentle != (n > usual) {
			t.Errorf("gentle %v: a child has niceness %d, usual is %d", gentle, n, usual)
		}
		if n := len(pool.idle); n != 1 {
			t.Errorf("%d children are idle", n)
		}
	}
	// One that is at work when that changes ends when it is done.
	c, err := pool.take()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetGentle(true)
	if pool.put(c); len(pool.idle) != 0 {
		t.Errorf("%d children are idle", len(pool.idle))
	}
}
