// Package disk is what is asked of a disk besides reading and writing: how much room there is,
// that what was written stays, and that two processes do not write the same file at a time.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Place gives the folder staging the name final, which nothing has, on the same disk. All that
// lies in it is certain before it gets the name, and the name is certain when Place returns: a
// process that is killed and a power cut leave the whole folder or nothing of that name.
func Place(staging, final string) error {
	if err := syncTree(staging); err != nil {
		return err
	}
	if _, err := os.Lstat(final); err == nil { // some systems would replace it
		return &fs.PathError{Op: "place", Path: final, Err: fs.ErrExist}
	}
	if err := os.Rename(staging, final); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(final))
}

// syncTree makes certain all files and names below a folder, and its own.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return SyncFolder(name)
		case !e.Type().IsRegular():
			return nil
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0) // not every system syncs what is open for reading
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// WriteFile writes a file in the place of what was there, for its owner alone: after a fault the
// old one is there or the new one, and perhaps a part of it called name.new. The folder has to be
// there, and nobody else may write the file meanwhile.
func WriteFile(name string, data []byte) error {
	fresh := name + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(fresh, name)
	}
	if err != nil {
		_ = os.Remove(fresh)
	}
	return err
}

// patience is how long Update waits for other processes, each of which takes milliseconds.
const patience = 5 * time.Second

// Update replaces a file that several processes write with what change makes of it, one of them
// at a time, so that none loses what another one added. old is nil where there is no file. It
// takes the lock of the system on a file beside it, called name.lock, which stays. The folder has
// to be there.
func Update(name string, change func(old []byte) ([]byte, error)) error {
	lock, err := os.OpenFile(name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // frees the lock, as does the end of the process
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		free, err := TryLock(lock)
		if err != nil {
			return fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
		if free {
			break
		}
		if time.Since(began) > patience {
			return fmt.Errorf("another process has kept %s locked for %s", lock.Name(), patience)
		}
	}
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := change(old)
	if err != nil {
		return err
	}
	return WriteFile(name, data)
}
