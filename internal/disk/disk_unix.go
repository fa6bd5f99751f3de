//go:build unix

package disk

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Free is how many bytes the user may still write to the disk that holds a folder.
func Free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	free := float64(st.Bavail) * float64(st.Bsize)
	return int64(min(max(free, 0), math.MaxInt64/2)), nil
}

// Full reports whether an error says that a disk, or what the user may have of it, is full.
func Full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// SyncFolder makes the names in a folder certain.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // some network file systems cannot
	}
	return errors.Join(err, d.Close())
}

// TryLock takes the exclusive lock of f without waiting. It reports false when another open
// file holds it.
func TryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		}
		return false, err
	}
}
