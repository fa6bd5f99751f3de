//go:build !nogui

package main

import (
	"context"

	"descry/ui/app"
	"descry/ui/desktop"
)

func window(ctx context.Context, a *app.App) error {
	return desktop.Run(ctx, a, desktop.Options{Version: version})
}

func draw(_ context.Context, a *app.App, file string) error {
	return desktop.Draw(a, 1280, 720, file, desktop.Options{Version: version})
}
