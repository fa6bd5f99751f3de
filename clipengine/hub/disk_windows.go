package hub

import (
	"errors"
	"math"

	"golang.org/x/sys/windows"
)

// freeBytes is how much the user may still write to the disk that holds a folder.
func freeBytes(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, err
	}
	return int64(min(free, math.MaxInt64/2)), nil
}

func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// SyncFolder does nothing: the system keeps names by itself.
func SyncFolder(string) error { return nil }
