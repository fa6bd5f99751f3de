//go:build unix

package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A library that may not be written any more says so, and stays as it was.
func TestPermissionLost(t *testing.T) {
	base, err := os.MkdirTemp("", "descry-permission-")
	noError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	noError(t, os.Chmod(base, 0o755))
	dir := filepath.Join(base, "library")
	l := openLib(t, dir)
	l.add("a.jpg", 1)
	before := l.dump()
	noError(t, l.Close())

	exe, err := os.Executable()
	noError(t, err)
	program := exe
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		// Modes mean nothing to root: another user tries.
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		program = filepath.Join(base, "store.test")
		noError(t, copyFile(exe, program))
		if os.Chmod(program, 0o755) != nil {
			t.Skip("the test program cannot be made another user's to run")
		}
	}
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
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), "STORE_TEST_ROLE=nobody", "STORE_TEST_DIR="+dir)
		cmd.SysProcAttr = attr
		out, err := cmd.CombinedOutput()
		noError(t, os.Chmod(dir, 0o700))
		noError(t, os.Chmod(filepath.Join(dir, dbName), 0o600))
		if err != nil || !strings.HasPrefix(string(out), "true ") || strings.Count(string(out), "\n") != 1 {
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
