package scan

import "strings"

// Portable reports whether a volume's identity goes with the volume wherever it is mounted,
// so that two places with the same identity hold the same files.
func Portable(volume string) bool {
	for _, prefix := range []string{"uuid:", "fsid:", "serial:"} {
		if strings.HasPrefix(volume, prefix) {
			return true
		}
	}
	return false
}
