//go:build !unix

package vectors

import (
	"errors"
	"os"
)

// canMap says that this system maps files into memory.
const canMap = false

func mapFile(*os.File, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) {}

func lockSide(string) (*os.File, error) { return nil, nil }
