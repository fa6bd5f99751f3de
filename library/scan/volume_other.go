//go:build !linux && !windows

package scan

// Volume returns "": the system's identity of a volume is not asked for here, so that a
// root counts as there when a file that is known is.
func Volume(string) (string, error) { return "", nil }

// Mounts lists where a volume is mounted now: nowhere that is known.
func Mounts(string) []string { return nil }
