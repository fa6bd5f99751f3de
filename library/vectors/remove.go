package vectors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Size is how many bytes the file of a space, with those beside it, takes on disk; 0 where there
// is none.
func Size(p Params) int64 {
	var n int64
	for _, name := range sideFiles(p) {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Remove removes the file of a space and those beside it. An Index that has it open goes on.
func Remove(p Params) error {
	var errs []error
	for _, name := range sideFiles(p) {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove the file of the vectors of the model %s: %w", p.Space.Model, err)
	}
	return nil
}

func sideFiles(p Params) []string {
	names := []string{sideName(p)}
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return names
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(names[0])+".") {
			names = append(names, filepath.Join(p.Dir, e.Name()))
		}
	}
	return names
}
