package indexer

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSpinsAsTheKernelSays(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("disk/queue/rotational", "1\n")
	write("disk/part/partition", "1\n")
	write("solid/queue/rotational", "0\n")
	blocks := filepath.Join(dir, "block")
	if err := os.Mkdir(blocks, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"8:0": "../disk", "8:1": "../disk/part", "259:0": "../solid"} {
		if err := os.Symlink(to, filepath.Join(blocks, name)); err != nil {
			t.Fatal(err)
		}
	}
	for device, want := range map[uint64]bool{
		unix.Mkdev(8, 0): true, unix.Mkdev(8, 1): true, unix.Mkdev(259, 0): false, unix.Mkdev(0, 40): false,
	} {
		if got := spinsIn(blocks, device); got != want {
			t.Errorf("device %d:%d: %t", unix.Major(device), unix.Minor(device), got)
		}
	}
}
