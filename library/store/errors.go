package store

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/mattn/go-sqlite3"

	"descry/library"
)

// mapped carries the driver's error under the library's own: errors.Is finds both, the
// text is the library's sentence with the detail behind it.
type mapped struct {
	kind   error
	detail error
}

func (m mapped) Error() string   { return m.kind.Error() + ": " + m.detail.Error() }
func (m mapped) Unwrap() []error { return []error{m.kind, m.detail} }

// mapError turns the driver's errors into the library's.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	var m mapped
	if errors.As(err, &m) {
		return err
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return mapOS(err)
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return mapped{library.ErrDiskFull, err}
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return mapped{library.ErrDamaged, err}
	case sqlite3.ErrPerm, sqlite3.ErrAuth:
		return mapped{fs.ErrPermission, err}
	case sqlite3.ErrReadonly:
		return mapped{library.ErrReadOnly, err}
	case sqlite3.ErrInterrupt:
		return mapped{context.Canceled, err}
	}
	if isDiskFull(e.SystemErrno) {
		return mapped{library.ErrDiskFull, err}
	}
	if errors.Is(e.SystemErrno, fs.ErrPermission) {
		return mapped{fs.ErrPermission, err}
	}
	return err
}

// isTaken reports whether a row could not be written because another one has its name.
func isTaken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique
}

// mapOS turns the system's "no room" into library.ErrDiskFull.
func mapOS(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	if (errors.As(err, &pe) && isDiskFull(pe.Err)) || (errors.As(err, &le) && isDiskFull(le.Err)) {
		return mapped{library.ErrDiskFull, err}
	}
	return err
}
