//go:build unix && !linux && !darwin

package trash

import "golang.org/x/sys/unix"

// renameExclusive has no system call here: the caller does it in other ways.
func renameExclusive(_, _ string) error { return unix.ENOSYS }
