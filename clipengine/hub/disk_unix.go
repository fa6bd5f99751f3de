//go:build unix

package hub

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes is how much the user may still write to the disk that holds a folder.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	free := float64(st.Bavail) * float64(st.Bsize)
	return int64(min(max(free, 0), math.MaxInt64/2)), nil
}

func isFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// SyncFolder makes the names in a folder certain.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
