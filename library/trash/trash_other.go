//go:build !unix || darwin

package trash

import (
	"fmt"
	"time"
)

// Supported reports whether files can be moved to the trash of this system.
func Supported() bool { return false }

// Reserve is not supported: ErrUnsupported.
func Reserve(path string, _ time.Time) (kept string, err error) {
	return "", fmt.Errorf("move %s to the trash: %w", path, ErrUnsupported)
}

// Release is not supported: there is nothing to release.
func Release(string) error { return nil }

// Move is not supported: ErrUnsupported.
func Move(path, _ string, _ time.Time) error {
	return fmt.Errorf("move %s to the trash: %w", path, ErrUnsupported)
}

// Restore is not supported: ErrUnsupported.
func Restore(path, _ string) error {
	return fmt.Errorf("bring %s back from the trash: %w", path, ErrUnsupported)
}
