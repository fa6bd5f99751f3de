//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// again puts a new run of the program in the place of this one: the toolkit opens windows
// only once in the life of a process.
func again() error {
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, os.Environ())
	}
	return fmt.Errorf("starting again: %w", err)
}
