package scan

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// asNobody lets the rest of the test, when root runs it, touch files as an ordinary user
// would: permissions count for root only when it gives up its identity.
func asNobody(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	// The testing package makes the parents of its folders for the owner alone.
	for p := filepath.Dir(dir); p != os.TempDir() && p != "/"; p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The effective identity of all threads: folders are read by several goroutines.
	if err := syscall.Setresuid(-1, 65534, -1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Setresuid(-1, 0, -1) })
}
