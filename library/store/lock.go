package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"descry/library"
)

// lock takes the library's write lock: an advisory lock of the system on the file "lock",
// which holds the id of the process that has it. The system frees it when the process
// ends, however it ends.
func lock(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the library: %w", mapOS(err))
	}
	ok, err := lockFile(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !ok {
		f.Close()
		if pid := Holder(dir); pid > 0 {
			return nil, fmt.Errorf("%w (process %d)", library.ErrInUse, pid)
		}
		return nil, library.ErrInUse
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("write the lock of the library: %w", mapOS(err))
		}
	}
	return f, nil
}

// Holder returns the id of the process that last took the write lock of the library in
// dir, or 0 where none is recorded. It may have ended since.
func Holder(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, "lock"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
