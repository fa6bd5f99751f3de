//go:build !linux

package childproc

import "time"

// Set limits a running process; on this system it does nothing.
func Set(int, int64, time.Duration) error { return nil }

// Memory limits the address space of a running process; on this system it does nothing.
func Memory(int, int64) error { return nil }
