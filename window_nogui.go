//go:build nogui

package main

import (
	"context"

	"descry/ui/app"
)

// Without any window code there is nothing to draw the window with either.
var draw func(context.Context, *app.App, string) error
