//go:build ci

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
)

// hasDisplay says that a window can be opened: this build has no window driver.
func hasDisplay() bool { return false }

// drawable is a canvas in memory.
type drawable interface {
	fyne.Canvas
	Resize(fyne.Size)
	SetScale(float32)
	SetPadded(bool)
}

// surface returns the canvas that Draw draws on. Without a window driver, the toolkit gives
// every window such a canvas, and looks up objects in the latest window.
func surface(a fyne.App) drawable {
	if c, ok := a.NewWindow("Descry").Canvas().(drawable); ok {
		return c
	}
	return software.NewCanvas()
}
