//go:build nogui || ci

package main

import (
	"context"

	"descry/ui/app"
)

// A build without Fyne's window driver cannot open the window: it needs no graphics
// library and builds fast.
var window func(context.Context, *app.App) error

// Nor a window to mend a library in.
var trouble func(context.Context, string, error) (bool, error)
