package childproc

import (
	"os/exec"
	"syscall"
)

// Apart keeps a command, not yet started, out of reach of the terminal's keys, and opens no
// terminal for it.
func Apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
