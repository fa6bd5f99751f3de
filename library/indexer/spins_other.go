//go:build !linux

package indexer

// spins reports whether a device is a disk that turns. Here the system is not asked.
func spins(uint64) bool { return false }
