package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// onMedium reads a library from a medium for reading only: a file system in memory that this
// process alone sees, which becomes one when the library is on it.
func onMedium(dir string) {
	mounted := filepath.Join(dir, "medium")
	err := syscall.Mount("none", mounted, "tmpfs", 0, "")
	if err == nil {
		err = copyFile(filepath.Join(dir, "library", dbName), filepath.Join(mounted, dbName))
	}
	if err == nil {
		err = syscall.Mount("none", mounted, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	if err != nil {
		fmt.Println("no medium:", err)
		return
	}
	asReader(mounted)
}

// A library on a medium for reading only, such as a DVD, can be read.
func TestAMediumForReadingOnly(t *testing.T) {
	base := t.TempDir()
	noError(t, os.Mkdir(filepath.Join(base, "medium"), 0o755))
	l := openLib(t, filepath.Join(base, "library"))
	l.confirm(l.label("animals", "dog"), l.add("a.jpg", 1))
	want := whatIsRead(t, l, true)
	noError(t, l.Close())
	exe, err := os.Executable()
	noError(t, err)
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		attr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		}
	}
	out, err := playing(t, exe, "medium", base, attr)
	if err != nil || strings.HasPrefix(out, "no medium") {
		t.Skipf("skipped: this system lets no file system be mounted here: %s%v", out, err)
	}
	same(t, "on the medium", out, want)
}
