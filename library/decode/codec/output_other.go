//go:build !unix

package codec

import "os"

// takeOutput keeps standard output for answers and points what prints there at standard
// error.
func takeOutput() (*os.File, error) {
	out := os.Stdout
	os.Stdout = os.Stderr
	return out, nil
}
