package machine

import (
	"io/fs"
	"os"
	"strings"
)

func look() Limits { return Within(os.DirFS("/")) }

// memory returns how many bytes the machine has, and how many are free or can be made so.
func memory() (total, free int64) { return meminfo(os.DirFS("/")) }

func meminfo(root fs.FS) (total, free int64) {
	data, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "MemTotal:":
			total = max(0, number(f[1])) << 10
		case "MemAvailable:":
			free = max(0, number(f[1])) << 10
		}
	}
	return total, free
}
