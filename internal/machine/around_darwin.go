package machine

import (
	"context"
	"os/exec"
	"time"
)

// battery asks the system's own program, which takes some milliseconds.
func battery() (bool, float64) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/bin/pmset", "-g", "batt").Output()
	if err != nil {
		return false, -1
	}
	return pmset(string(out))
}

// processors are not known: the system tells of them in ways of its own, which take C.
func processors() times { return times{} }

// idle asks the system's own program when keyboard and mouse were touched last.
func idle() time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-c", "IOHIDSystem", "-d", "4").Output()
	if err != nil {
		return -1
	}
	return ioreg(string(out))
}
