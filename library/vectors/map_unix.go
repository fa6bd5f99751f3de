//go:build unix

package vectors

import (
	"os"

	"golang.org/x/sys/unix"

	"descry/internal/disk"
)

// canMap says that this system maps files into memory.
const canMap = true

func mapFile(f *os.File, at int64, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), at, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmap(data []byte) {
	// Nothing can be done about an error, and the memory is no longer used.
	_ = unix.Munmap(data)
}

// lockSide takes the right to write a side file: a lock of the system on a file beside it, which
// the end of the process gives back. nil without an error: another process has it.
func lockSide(name string) (*os.File, error) {
	f, err := os.OpenFile(name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	free, err := disk.TryLock(f)
	if free {
		return f, nil
	}
	f.Close()
	return nil, err
}
