package scan

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"descry/library"
)

// Why a folder cannot be a root. CheckRoot wraps them in a sentence for the person.
var (
	ErrNotThere      = errors.New("not there")
	ErrNotFolder     = errors.New("not a folder")
	ErrUnreadable    = errors.New("not readable")
	ErrEmpty         = errors.New("empty")
	ErrLibraryFolder = errors.New("the library's own folder")
)

// RootError says in one sentence why a folder cannot be a root.
type RootError struct {
	Sentence string
	Err      error // one of the errors above, or what the system said
}

// Error is the sentence.
func (e *RootError) Error() string { return e.Sentence }

// Unwrap gives the reason to errors.Is.
func (e *RootError) Unwrap() error { return e.Err }

// OverlapError says that a folder lies inside a root, is one, or holds one. Each photo
// has one place in one root, so overlapping roots are refused.
type OverlapError struct {
	Path   string
	Root   library.Root
	Inside bool // Path lies inside Root, or is it; else Root lies inside Path
}

// Error is a sentence for the person.
func (e *OverlapError) Error() string {
	switch {
	case e.Path == e.Root.Path:
		return fmt.Sprintf("The folder %s is in the library already.", e.Path)
	case e.Inside:
		return fmt.Sprintf("The folder %s is in the library already, as part of %s.", e.Path, e.Root.Path)
	default:
		return fmt.Sprintf("The folder %s holds %s, which is in the library already: remove that one first.",
			e.Path, e.Root.Path)
	}
}

// CheckRoot says whether the folder path may be added beside roots to the library in
// libraryDir ("" for none), and returns its absolute path with symbolic links resolved.
// The error is a *RootError or an *OverlapError with one clear sentence. An empty folder
// is a *RootError around ErrEmpty that still comes with its path, for the caller may
// choose to add it.
func CheckRoot(path string, roots []library.Root, libraryDir string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", rootError(err, "The folder %s cannot be found: the current folder is gone.", path)
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", rootError(ErrNotThere, "The folder %s is not there.", abs)
	case errors.Is(err, fs.ErrPermission):
		return "", rootError(ErrUnreadable, "The folder %s may not be read: its permissions forbid it.", abs)
	case err != nil:
		return "", rootError(err, "The folder %s cannot be read: %s.", abs, cause(err))
	case !info.IsDir():
		return "", rootError(ErrNotFolder, "%s is a file; name the folder it lies in.", abs)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", rootError(err, "The folder %s cannot be read: %s.", abs, cause(err))
	}
	if libraryDir != "" {
		lib := resolve(libraryDir)
		if within(lib, real) {
			return "", rootError(ErrLibraryFolder,
				"The folder %s holds Descry's own data; name the folder of your photos.", real)
		}
	}
	for _, r := range roots {
		other := resolve(r.Path)
		switch {
		case within(other, real):
			return "", &OverlapError{Path: real, Root: r, Inside: true}
		case within(real, other):
			return "", &OverlapError{Path: real, Root: r}
		}
	}
	switch empty, err := isEmpty(real); {
	case errors.Is(err, fs.ErrPermission):
		return "", rootError(ErrUnreadable, "The folder %s may not be read: its permissions forbid it.", real)
	case err != nil:
		return "", rootError(err, "The folder %s cannot be read: %s.", real, cause(err))
	case empty:
		return real, rootError(ErrEmpty, "The folder %s is empty.", real)
	}
	return real, nil
}

func rootError(err error, format string, args ...any) error {
	return &RootError{Sentence: fmt.Sprintf(format, args...), Err: err}
}

// cause is what the system said, without the operation and path around it.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// within reports whether path is dir or lies below it; both are absolute and clean.
func within(dir, path string) bool {
	if path == dir {
		return true
	}
	return strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

func isEmpty(dir string) (bool, error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}
