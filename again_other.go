//go:build !unix

package main

import (
	"fmt"
	"os"
	"os/exec"
)

// again starts a new run of the program and leaves the field to it.
func again() error {
	self, err := os.Executable()
	if err == nil {
		c := exec.Command(self, os.Args[1:]...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		err = c.Start()
	}
	if err != nil {
		return fmt.Errorf("starting again: %w", err)
	}
	return nil
}
