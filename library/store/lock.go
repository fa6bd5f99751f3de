package store

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"descry/internal/disk"
	"descry/library"
)

// Holder is who has the write lock of a library, as it says itself.
type Holder struct {
	PID     int       `json:"pid"`
	Program string    `json:"program"` // "descry index", or "" where it did not say
	Since   time.Time `json:"since"`
	Serves  bool      `json:"serves"` // it takes requests from the spool folder
}

// String names the holder: "descry index (process 123, since 14:03)".
func (h Holder) String() string {
	program := h.Program
	if program == "" {
		program = "Descry"
	}
	return fmt.Sprintf("%s (process %d, since %s)", program, h.PID, h.Since.Local().Format("15:04"))
}

func lockName(dir string) string { return filepath.Join(dir, "lock") }

// lock takes the library's write lock: an advisory lock of the system on the file "lock",
// which says who has it. The system frees it when the process ends, however it ends.
func lock(dir string, who Holder) (*os.File, error) {
	f, err := os.OpenFile(lockName(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, denied(err)
	}
	ok, err := disk.TryLock(f)
	if err == nil && !ok {
		// Perhaps somebody only asks whether it is taken (Held), which takes no time.
		time.Sleep(20 * time.Millisecond)
		ok, err = disk.TryLock(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	if !ok {
		h, known := readHolder(f)
		f.Close()
		if known {
			return nil, fmt.Errorf("%w: %s", library.ErrInUse, h)
		}
		return nil, library.ErrInUse
	}
	if err := writeHolder(f, who); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func writeHolder(f *os.File, who Holder) error {
	b, err := json.Marshal(who)
	if err == nil {
		// One write over the old text, then what is left of that: a reader in between fails to
		// parse it and knows no holder, which is no lie.
		_, err = f.WriteAt(append(b, '\n'), 0)
	}
	if err == nil {
		err = f.Truncate(int64(len(b) + 1))
	}
	if err != nil {
		return fmt.Errorf("write the lock of the library: %w", mapOS(err))
	}
	return nil
}

func readHolder(f *os.File) (Holder, bool) {
	var h Holder
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil || json.Unmarshal(b, &h) != nil || h.PID <= 0 {
		return Holder{}, false
	}
	return h, true
}

// Held reports whether a process holds the write lock of the library in dir, and who. The
// zero Holder with true is one that has not said yet who it is.
func Held(dir string) (Holder, bool) {
	f, err := os.OpenFile(lockName(dir), os.O_RDWR, 0)
	if err != nil {
		return Holder{}, false
	}
	defer f.Close() // frees the lock, too
	if free, err := disk.TryLock(f); free || err != nil {
		return Holder{}, false
	}
	h, _ := readHolder(f)
	return h, true
}

// SetServing records in the lock whether this process takes requests from the library's
// spool folder.
func (s *Store) SetServing(on bool) error {
	if s.lock == nil {
		return library.ErrReadOnly
	}
	return writeHolder(s.lock, Holder{os.Getpid(), s.program, s.opened, on})
}
