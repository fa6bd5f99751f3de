package childproc

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Set limits a running process: bytes of address space, CPU time (0: no limit), files it
// writes and core dumps (none, which would hold pictures).
func Set(pid int, memory int64, cpu time.Duration) error {
	limits := map[int]uint64{unix.RLIMIT_AS: uint64(memory), unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0}
	if cpu > 0 {
		limits[unix.RLIMIT_CPU] = uint64((cpu + time.Second - 1) / time.Second)
	}
	for what, n := range limits {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil {
			return fmt.Errorf("limit what process %d may use: %w", pid, err)
		}
	}
	return nil
}

// Memory changes the limit on the address space of a running process, within the one that
// Set gave it.
func Memory(pid int, bytes int64) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_AS, nil, &limit); err != nil {
		return fmt.Errorf("look at the limits of process %d: %w", pid, err)
	}
	limit.Cur = min(uint64(bytes), limit.Max)
	if err := unix.Prlimit(pid, unix.RLIMIT_AS, &limit, nil); err != nil {
		return fmt.Errorf("limit the memory of process %d: %w", pid, err)
	}
	return nil
}
