package machine

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// niceOf is the niceness of a thread; 0 is the calling one.
func niceOf(t *testing.T, thread int) int {
	t.Helper()
	n, err := unix.Getpriority(unix.PRIO_PROCESS, thread)
	if err != nil {
		t.Fatal(err)
	}
	return 20 - n // the system call counts the other way round
}

// TestGently looks at the niceness of the thread on which the work is done, of a process that it
// starts, and of the thread that waited.
func TestGently(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := niceOf(t, 0)
	if before >= niceness {
		t.Skip("the tests run at low priority themselves")
	}
	var within int
	var child string
	Gently(func() {
		within = niceOf(t, 0)
		out, err := exec.Command("nice").Output() // prints its niceness
		if err != nil {
			t.Log("no program nice:", err)
			return
		}
		child = strings.TrimSpace(string(out))
	})
	if within != niceness {
		t.Errorf("niceness %d, want %d", within, niceness)
	}
	if child != "" && child != strconv.Itoa(niceness) {
		t.Errorf("a child has niceness %s, want %d", child, niceness)
	}
	if after := niceOf(t, 0); after != before {
		t.Errorf("the thread that waited has niceness %d, and had %d", after, before)
	}
}
