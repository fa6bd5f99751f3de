package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteSidecar brings the XMP sidecar at path up to date with what a person said, as
// MergeSidecar says, and reports whether the file changed. The photo is never touched. The
// sidecar is written beside its place, read back, and then put there in one step, so that at
// any moment it is either the old or the new one. A symbolic link is followed. Errors:
// ErrSidecar where the one that is there cannot be added to; those of the file system.
func WriteSidecar(path string, w Words) (changed bool, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	old, mode, err := readSidecar(path)
	if err != nil {
		return false, err
	}
	merged, err := MergeSidecar(old, w)
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	if merged == nil || bytes.Equal(merged, old) {
		return false, nil
	}
	part := path + ".descry-part"
	if err := writePart(part, merged, mode); err != nil {
		return false, fmt.Errorf("writing the sidecar %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if back, err := os.ReadFile(part); err != nil || !bytes.Equal(back, merged) {
		return false, fmt.Errorf("writing the sidecar %s: what was written is not what is read back", path)
	}
	if again, _, err := readSidecar(path); err != nil || !bytes.Equal(again, old) {
		return false, fmt.Errorf("%s: %w: another program has just written it", path, ErrSidecar)
	}
	if err := os.Rename(part, path); err != nil {
		return false, fmt.Errorf("putting the sidecar %s in place: %w", path, err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // not every file system can
		_ = dir.Sync()
		_ = dir.Close()
	}
	return true, nil
}

// newMode is what a new sidecar may be at most; the umask takes off what it should not be.
const newMode fs.FileMode = 0o666

// readSidecar reads a sidecar and its permissions; one that is not there is empty.
func readSidecar(path string) (data []byte, mode fs.FileMode, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, newMode, nil
	case err != nil:
		return nil, 0, fmt.Errorf("reading the sidecar: %w", err)
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s: %w: it is no file", path, ErrSidecar)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the sidecar: %w", err)
	}
	defer f.Close()
	if data, err = io.ReadAll(io.LimitReader(f, maxXMP+1)); err != nil {
		return nil, 0, fmt.Errorf("reading the sidecar: %w", err)
	}
	return data, info.Mode().Perm(), nil
}

// writePart writes a file anew and makes sure that it is on the disk.
func writePart(path string, data []byte, mode fs.FileMode) (err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a run that was killed
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if mode != newMode { // the umask is for new files
		err = errors.Join(err, f.Chmod(mode))
	}
	return errors.Join(err, f.Sync(), f.Close())
}
