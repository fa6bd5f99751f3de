//go:build !ci

package desktop

import (
	"os"
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
)

// hasDisplay says that a window can be opened. Only systems that may run without a screen
// are in doubt.
func hasDisplay() bool {
	switch runtime.GOOS {
	case "linux", "freebsd", "netbsd", "openbsd":
		return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
	}
	return true
}

// drawable is a canvas in memory.
type drawable = software.WindowlessCanvas

// surface returns the canvas that Draw draws on; it needs no display.
func surface(fyne.App) drawable { return software.NewCanvas() }
