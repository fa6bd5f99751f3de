//go:build !linux

package scan

import "path/filepath"

// Volume returns the volume name that the path itself carries: the drive letter or share
// on Windows, "" elsewhere.
func Volume(path string) (string, error) { return filepath.VolumeName(path), nil }
