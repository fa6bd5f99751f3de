//go:build !linux

package proclimit

import "time"

// Set limits a running process; on this system it does nothing.
func Set(int, int64, time.Duration) error { return nil }
