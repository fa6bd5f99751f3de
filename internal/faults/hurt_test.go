//go:build linux

package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"descry/library"
)

// process is the program and the attributes of a process in which a stage can go wrong in
// some way, or why there can be none.
func (r *trial) process(t *testing.T, kind string) (program string, attr *syscall.SysProcAttr, lacking string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	attr = &syscall.SysProcAttr{}
	root := os.Geteuid() == 0
	switch kind {
	case fullLibrary, fullDisk:
		// A mount namespace of its own, private, so that nobody else sees the small disk.
		attr.Unshareflags = syscall.CLONE_NEWNS
		if !root {
			attr.Cloneflags = syscall.CLONE_NEWUSER
			attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
	case limited:
	default:
		if !root {
			break
		}
		// Modes mean nothing to root: another user tries.
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		dir := filepath.Dir(string(r.site))
		copied := filepath.Join(dir, "faults.test")
		if err := copyProgram(program, copied); err != nil {
			t.Fatal(err)
		}
		program = copied
		for _, d := range []string{filepath.Dir(dir), dir} {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return program, attr, ""
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// own gives all in a folder to a user.
func own(dir string, c *syscall.Credential) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(c.Uid), int(c.Gid))
	})
}

// endure runs a stage while something is wrong, mends that, and checks what is left.
func endure(st stage, job task) error {
	tell := func(e endured) error { return json.NewEncoder(os.Stdout).Encode(e) }
	mend, err := job.Hurt.begin(job.Site)
	if err != nil {
		return tell(endured{Lacking: err.Error()})
	}
	told := 0
	failed := st.run(job.Site, func(string) error {
		told++
		return nil
	})
	if err := mend(); err != nil {
		return fmt.Errorf("mending: %w", err)
	}
	r := trial{stage: st, site: job.Site, known: job.Hurt.Known}
	if err := r.check(told); err != nil {
		return fmt.Errorf("after %d operations and %w: %w", told, errors.Join(failed, errors.New("the end")), err)
	}
	out := endured{Kind: isAny}
	if failed == nil {
		return tell(endured{})
	}
	out.Failed = failed.Error()
	switch {
	case errors.Is(failed, library.ErrDiskFull), errors.Is(failed, syscall.ENOSPC):
		out.Kind = isFull
	case errors.Is(failed, fs.ErrPermission), errors.Is(failed, library.ErrReadOnly):
		out.Kind = isPermission
	}
	return tell(out)
}

// begin makes something wrong and returns what mends it.
func (h *hurt) begin(s site) (mend func() error, err error) {
	switch h.Kind {
	case fullLibrary:
		return fill(s.library(), h)
	case fullDisk:
		return fill(string(s), h)
	case limited:
		return limit(uint64(h.Room))
	case readOnly:
		return modes(map[string]fs.FileMode{s.at("library", "library.db"): 0o400, s.library(): 0o500})
	case noEntry:
		return modes(map[string]fs.FileMode{s.library(): 0})
	case photosUnread:
		return modes(map[string]fs.FileMode{s.at("photos", "moved"): 0, s.at("photos", "01", "001.jpg"): 0, s.at("photos", "01", "007.jpg"): 0})
	case photosReadOnly:
		return modes(map[string]fs.FileMode{s.at("photos", "00"): 0o500, s.at("photos", "01"): 0o500, s.at("photos", "02"): 0o500})
	}
	return nil, fmt.Errorf("nothing known of %q", h.Kind)
}

// fill puts a small disk in the place of a folder, with what was in the folder, and fills it
// up. Only this process sees it.
func fill(dir string, h *hurt) (func() error, error) {
	if here, err := os.Readlink("/proc/self/ns/mnt"); err != nil || here == h.Apart || h.Apart == "" {
		return nil, errors.New("the process has no mounts of its own")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d, err := readDisk(dir, "")
	if err != nil {
		return nil, err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		return nil, fmt.Errorf("no small disk may be mounted here: %w", err)
	}
	if err := d.put(d.killed()); err != nil {
		return nil, err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return nil, err
	}
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		return nil, err
	}
	err = unix.Fallocate(int(f.Fd()), 0, 0, int64(st.Bavail)*st.Bsize-h.Room) //nolint:unconvert // the types differ between systems
	return func() error { return os.Remove(filler) }, errors.Join(err, f.Close())
}

// limit lets no file of this process grow past a size.
func limit(bytes uint64) (func() error, error) {
	signal.Ignore(unix.SIGXFSZ)
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		return nil, err
	}
	low := was
	low.Cur = bytes
	return func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &was) }, unix.Setrlimit(unix.RLIMIT_FSIZE, &low)
}

// modes changes the modes of files and folders for a while.
func modes(to map[string]fs.FileMode) (func() error, error) {
	was := map[string]fs.FileMode{}
	for path := range to {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		was[path] = info.Mode().Perm()
	}
	change := func(to map[string]fs.FileMode, folders bool) (err error) {
		for path, mode := range to {
			if info, failed := os.Stat(path); failed == nil && info.IsDir() == folders {
				err = errors.Join(err, os.Chmod(path, mode))
			}
		}
		return err
	}
	mend := func() error { return errors.Join(change(was, true), change(was, false)) }
	return mend, errors.Join(change(to, false), change(to, true))
}
