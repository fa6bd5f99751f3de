//go:build unix

package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger returns a program that runs this test binary as a user who may not write what belongs
// to this one, and a folder that such a user can look into.
func stranger(t *testing.T) (base, program string, attr *syscall.SysProcAttr) {
	t.Helper()
	base, err := os.MkdirTemp("", "descry-permission-")
	noError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	noError(t, os.Chmod(base, 0o755))
	program, err = os.Executable()
	noError(t, err)
	attr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		// Modes mean nothing to root: another user tries.
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		exe := program
		program = filepath.Join(base, "store.test")
		noError(t, copyFile(exe, program))
		if os.Chmod(program, 0o755) != nil {
			t.Skip("the test program cannot be made another user's to run")
		}
	}
	return base, program, attr
}

// playing runs a program in a role on a folder and returns what it prints.
func playing(t *testing.T, program, role, dir string, attr *syscall.SysProcAttr) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "STORE_TEST_ROLE="+role, "STORE_TEST_DIR="+dir)
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A library that may not be written any more says so, and stays as it was.
func TestPermissionLost(t *testing.T) {
	base, program, attr := stranger(t)
	dir := filepath.Join(base, "library")
	l := openLib(t, dir)
	l.add("a.jpg", 1)
	before := l.dump()
	noError(t, l.Close())

	for _, c := range []struct {
		name             string
		folder, database os.FileMode
	}{
		{"folder", 0o500, 0o600},
		{"database", 0o700, 0o400},
		{"both, readable by all", 0o755, 0o444},
	} {
		noError(t, os.Chmod(filepath.Join(dir, dbName), c.database))
		noError(t, os.Chmod(dir, c.folder))
		out, err := playing(t, program, "nobody", dir, attr)
		noError(t, os.Chmod(dir, 0o700))
		noError(t, os.Chmod(filepath.Join(dir, dbName), 0o600))
		if err != nil || !strings.HasPrefix(out, "true ") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: %s%v", c.name, out, err)
		}
	}
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	r := &lib{Store: s, t: t}
	same(t, "what it holds", r.dump(), before)
	r.check()
}

// whatIsRead is what asReader prints where the library can be read.
func whatIsRead(t *testing.T, l *lib, frozen bool) string {
	t.Helper()
	user, derived, err := l.Digest(t.Context())
	noError(t, err)
	return fmt.Sprintf("write: true\nfrozen: %v\ndigest: %s %s <nil>\nexport: 1 <nil>\nsound: <nil>\nadd: true\n", frozen, user, derived)
}

// copied copies files of a library to a folder where nobody may write.
func copied(t *testing.T, l *lib, to string, suffixes ...string) {
	t.Helper()
	noError(t, os.Mkdir(to, 0o755))
	t.Cleanup(func() { noError(t, os.Chmod(to, 0o755)) })
	for _, suffix := range suffixes {
		name := dbName + suffix
		noError(t, copyFile(filepath.Join(l.Dir(), name), filepath.Join(to, name)))
		noError(t, os.Chmod(filepath.Join(to, name), 0o444))
	}
	noError(t, os.Chmod(to, 0o555))
}

// A library in a folder that cannot be written can be read, whatever state it was left in; where
// its last changes cannot be read it says so, rather than to leave them out.
func TestReadingWhereNothingCanBeWritten(t *testing.T) {
	base, program, attr := stranger(t)
	l := openLib(t, filepath.Join(base, "library"))
	l.confirm(l.label("animals", "dog"), l.add("a.jpg", 1))
	want := whatIsRead(t, l, false)
	copied(t, l, filepath.Join(base, "killed"), "", "-wal", "-shm")
	copied(t, l, filepath.Join(base, "torn"), "", "-wal")
	noError(t, l.Close())
	copied(t, l, filepath.Join(base, "closed"), "")
	for folder, want := range map[string]string{
		"killed": want,
		"closed": strings.Replace(want, "frozen: false", "frozen: true", 1),
		"torn": "write: true\nread: true it cannot be written: the last changes are in library.db-wal still, " +
			"which takes writing to read; open a copy on a disk that can be written\n",
	} {
		out, err := playing(t, program, "reader", filepath.Join(base, folder), attr)
		noError(t, err)
		same(t, folder, out, want)
	}
}
