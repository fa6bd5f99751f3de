package childproc

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// Apart keeps a command, not yet started, out of reach of the terminal's keys, and opens no
// terminal for it.
func Apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Gently has a command that Apart was called for, and that is not yet started, run at low
// priority.
func Gently(cmd *exec.Cmd) { cmd.SysProcAttr.CreationFlags |= windows.BELOW_NORMAL_PRIORITY_CLASS }
