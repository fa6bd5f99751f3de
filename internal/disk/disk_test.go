package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestChildThatAdds is a process of TestUpdateLosesNothing.
func TestChildThatAdds(t *testing.T) {
	file, name := os.Getenv("DESCRY_TEST_FILE"), os.Getenv("DESCRY_TEST_NAME")
	if file == "" {
		t.Skip("skipped: it is run by TestUpdateLosesNothing, in a process of its own")
	}
	for i := range 25 {
		if err := Update(file, func(old []byte) ([]byte, error) {
			return fmt.Appendf(old, "%s %d\n", name, i), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUpdateLosesNothing lets several processes add to one file at the same time.
func TestUpdateLosesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	var all []*exec.Cmd
	for i := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatAdds$")
		cmd.Env = append(os.Environ(), "DESCRY_TEST_FILE="+file, "DESCRY_TEST_NAME="+strconv.Itoa(i))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name := range 4 {
		for i := range 25 {
			if line := fmt.Sprintf("%d %d\n", name, i); !strings.Contains("\n"+string(data), "\n"+line) {
				t.Errorf("%q is lost", line)
			}
		}
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 2 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestUpdateLeavesWhatItCannotChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	if err := WriteFile(file, []byte("old")); err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("wrong")
	if err := Update(file, func([]byte) ([]byte, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("it says %v", err)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "old" {
		t.Errorf("%q, %v", data, err)
	}
	if err := Update(filepath.Join(t.TempDir(), "none", "list"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	fill := func(name string) string {
		t.Helper()
		staging := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(staging, "a", "b"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(staging, "a", "b", "file"), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		return staging
	}
	final := filepath.Join(dir, "final")
	content := func() string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(final, "a", "b", "file"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first := fill("first")
	if err := Place(first, final); err != nil || content() != "first" {
		t.Errorf("%q, %v", content(), err)
	}
	if err := Place(fill("second"), final); !errors.Is(err, fs.ErrExist) || content() != "first" {
		t.Errorf("over another one: %q, %v", content(), err)
	}
	if err := Place(filepath.Join(dir, "none"), filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}
