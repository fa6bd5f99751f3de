package app

import (
	"context"
	"fmt"
	"strconv"

	"descry/library"
)

// thumbnailsGB is what thumbnails may take on disk unless SettingThumbnails says otherwise,
// in gigabytes: enough for half a million photos.
const thumbnailsGB = 20

// thumbnailBudget is what thumbnails may take on disk, in bytes; 0: as much as they need.
func (a *App) thumbnailBudget(ctx context.Context) int64 {
	gb, err := strconv.ParseFloat(a.Setting(ctx, SettingThumbnails), 64)
	if err != nil {
		gb = thumbnailsGB
	}
	return int64(gb * 1e9)
}

// evictThumbnails deletes thumbnails beyond their budget. Those of photos that are not at
// hand go last, for nothing could make them again.
func (a *App) evictThumbnails(ctx context.Context) error {
	budget := a.thumbnailBudget(ctx)
	if budget == 0 {
		return nil
	}
	// Only where there are too many is a list of them worth its memory.
	size, err := a.thumbs.Size(ctx)
	if err != nil || size <= budget {
		return err
	}
	away := map[string]bool{}
	if err := a.store.AwayPictures(ctx, func(p library.Picture) { away[a.thumbs.Path(p)] = true }); err != nil {
		return err
	}
	freed, err := a.thumbs.Evict(ctx, budget, func(path string) bool { return away[path] })
	if err != nil {
		return fmt.Errorf("keeping thumbnails within %d MB: %w", budget/1e6, err)
	}
	a.p.Log.Info("made room among the thumbnails", "bytes", freed)
	return nil
}
