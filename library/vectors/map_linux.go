package vectors

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// populate reads mapped bytes into memory. What the disk cannot read then is an error, where
// it would end the process otherwise.
func populate(data []byte) error {
	// From the beginning of the page.
	before := int(uintptr(unsafe.Pointer(unsafe.SliceData(data))) % uintptr(os.Getpagesize()))
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(data)), -before)
	err := unix.Madvise(unsafe.Slice((*byte)(from), before+len(data)), unix.MADV_POPULATE_READ)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, syscall.ENOSYS) {
		return nil // a system older than Linux 5.14 cannot do that
	}
	return err
}

// syncData makes what was written to f durable.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
