//go:build nogui

package main

import (
	"context"

	"descry/ui/app"
)

// A build with the tag nogui has no window: it needs no graphics library and builds fast.
var (
	window func(context.Context, *app.App) error
	draw   func(context.Context, *app.App, string) error
)
