package indexer

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// spins reports whether a device is a disk that turns, as the kernel has it in sysfs. A
// partition has no queue of its own; the disk's lies one folder up.
func spins(device uint64) bool { return spinsIn("/sys/dev/block", device) }

func spinsIn(folder string, device uint64) bool {
	block := fmt.Sprintf("%s/%d:%d/", folder, unix.Major(device), unix.Minor(device))
	for _, name := range []string{"queue/rotational", "../queue/rotational"} {
		if flag, err := os.ReadFile(block + name); err == nil {
			return string(bytes.TrimSpace(flag)) == "1"
		}
	}
	return false // network, memory, several disks in one: not known
}
