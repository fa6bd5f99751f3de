//go:build unix

package indexer

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"descry/library/decode"
)

func TestAPipeInThePlaceOfAPhotoIsNotWaitedFor(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.jpg")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Skipf("this file system has no pipes: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := readFile(t.Context(), name, decode.DefaultLimits.MaxBytes)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, errNoFile) {
			t.Errorf("error %v", err)
		}
		if s := sentence("read", err); s != "The file could not be read: it is not a regular file." {
			t.Errorf("sentence %q", s)
		}
	case <-time.After(20 * time.Second):
		t.Error("reading a pipe does not end")
	}
}
