//go:build unix

package scan

import (
	"io/fs"
	"syscall"
)

// numbers are those of the device and the file; both 0 where they are not known.
func numbers(info fs.FileInfo) (dev, ino uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Dev), uint64(st.Ino)
}
