//go:build !nogui && !ci

package main

import (
	"context"

	"descry/assets"
	"descry/ui/app"
	"descry/ui/desktop"
)

func window(ctx context.Context, a *app.App) error {
	a.StartIndexing()
	a.StartWatching()
	return desktop.Run(ctx, a, desktop.Options{Icon: assets.Icon()})
}

func trouble(ctx context.Context, dir string, problem error) (bool, error) {
	return desktop.RunTrouble(ctx, app.Trouble{Dir: dir, Problem: problem}, desktop.Options{Icon: assets.Icon()})
}
