//go:build !nogui

package main

import (
	"context"

	"descry/assets"
	"descry/ui/app"
	"descry/ui/desktop"
)

func window(ctx context.Context, a *app.App) error {
	a.StartIndexing()
	return desktop.Run(ctx, a, desktop.Options{Icon: assets.Icon()})
}

func draw(_ context.Context, a *app.App, file string) error {
	return desktop.Draw(a, 1280, 720, file, desktop.Options{Icon: assets.Icon(), Query: "an animal outdoors", Photo: 1})
}
