package machine

import "golang.org/x/sys/unix"

// look returns no limits: the system sets none to single processes.
func look() Limits { return Limits{} }

// memory returns how many bytes the machine has. How many are free the system tells only in
// ways of its own, which take C.
func memory() (total, free int64) {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0, 0
	}
	return int64(n), 0
}
