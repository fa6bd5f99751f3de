package machine

import "golang.org/x/sys/unix"

// niceness of gentle work. A thread of it gets a tenth of the time of a usual one that wants the
// same processor, and the kernel derives the priority for the disk from it. With the lowest one,
// 19, it would at times not run for a quarter of a second, and all goroutines would wait with it
// when Go wants to stop the world.
const niceness = 10

// lower lowers the priority of the calling thread, which is what the system takes a process id
// for here. Where that is refused the work is done all the same.
func lower() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness) }
