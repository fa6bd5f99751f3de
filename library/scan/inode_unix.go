//go:build unix

package scan

import (
	"io/fs"
	"strconv"
	"syscall"
)

// inode is the device and file number as "dev:ino".
func inode(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(st.Dev), 10) + ":" + strconv.FormatUint(uint64(st.Ino), 10)
}
