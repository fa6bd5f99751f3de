//go:build !ci

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
)

// drawable is a canvas in memory.
type drawable = software.WindowlessCanvas

// surface returns the canvas that Draw draws on; it needs no display.
func surface(fyne.App) drawable { return software.NewCanvas() }
