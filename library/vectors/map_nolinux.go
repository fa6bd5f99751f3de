//go:build !linux

package vectors

import "os"

func populate([]byte) error { return nil }

// syncData makes what was written to f durable.
func syncData(f *os.File) error { return f.Sync() }
