//go:build !nogui

package main

import (
	"context"

	"descry/assets"
	"descry/ui/app"
	"descry/ui/desktop"
)

func draw(_ context.Context, a *app.App, file string) error {
	return desktop.Draw(a, 1280, 720, file, desktop.Options{Icon: assets.Icon(), Query: "an animal outdoors", Photo: 1})
}
