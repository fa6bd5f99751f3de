package machine

import "golang.org/x/sys/unix"

// Of sys/resource.h: a thread in the background gets little time and waits for disks and
// networks behind all others.
const (
	prioThread     = 3
	prioBackground = 0x1000
)

// lower lowers the priority of the calling thread. Where that is refused the work is done all
// the same.
func lower() { _ = unix.Setpriority(prioThread, 0, prioBackground) }
