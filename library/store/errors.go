package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

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

// unwritable says that the system does not let a library be written. It is a
// library.ErrReadOnly.
type unwritable struct{ why error }

func (u unwritable) Error() string   { return "it cannot be written: " + u.why.Error() }
func (u unwritable) Unwrap() []error { return []error{library.ErrReadOnly, u.why} }

// ErrNoOperation says that there is nothing to undo or redo. It is a library.ErrNotFound.
var ErrNoOperation error = noOperation{}

type noOperation struct{}

func (noOperation) Error() string { return "there is no operation to take back" }
func (noOperation) Unwrap() error { return library.ErrNotFound }

// mapError turns the driver's errors into the library's.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	if errors.As(err, new(mapped)) || errors.As(err, new(unwritable)) {
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
		return unwritable{err}
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

// sharesNothing reports whether SQLite could not make the files through which processes share
// a database.
func sharesNothing(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrCantOpen || e.Code == sqlite3.ErrReadonly)
}

// isTaken reports whether a row could not be written because another one has its name.
func isTaken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique
}

// mapOS turns the system's "no room" into library.ErrDiskFull, and a disk that is mounted for
// reading into library.ErrReadOnly.
func mapOS(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	var why error
	switch {
	case errors.As(err, &pe):
		why = pe.Err
	case errors.As(err, &le):
		why = le.Err
	}
	switch {
	case why == nil:
		return err
	case isDiskFull(why):
		return mapped{library.ErrDiskFull, err}
	case errors.Is(why, syscall.EROFS):
		return unwritable{why}
	}
	return err
}

// denied turns also what may not be written into library.ErrReadOnly.
func denied(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) && errors.Is(pe.Err, fs.ErrPermission) {
		return unwritable{pe.Err}
	}
	return mapOS(err)
}
