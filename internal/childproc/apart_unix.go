//go:build unix

package childproc

import (
	"os/exec"
	"syscall"
)

// Apart keeps a command, not yet started, out of reach of the terminal's keys: Ctrl-C would
// end it before its parent knows, and its death would be blamed on the file at hand.
func Apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Gently has a command, not yet started, run at low priority. Here processes inherit that of the
// thread that starts them (machine.Gently), and nothing is to be done.
func Gently(*exec.Cmd) {}
