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

// stateThumbnails is the setting that keeps about how many bytes the thumbnails take.
const stateThumbnails = "state.thumbnails"

// thumbnailBytes is what a new thumbnail is taken to need until all are added up: more than
// most do.
const thumbnailBytes = 64 << 10

// evictThumbnails deletes thumbnails beyond their budget after made new ones were kept.
// Those of photos that are not at hand go last, for nothing could make them again.
func (a *App) evictThumbnails(ctx context.Context, made int) error {
	budget := a.thumbnailBudget(ctx)
	made += int(a.madeAgain.Swap(0))
	if budget == 0 || made == 0 {
		return nil
	}
	// Looking at every one of a million files takes long: that waits until it may matter.
	size, err := strconv.ParseInt(a.Setting(ctx, stateThumbnails), 10, 64)
	known := err == nil
	size += thumbnailBytes * int64(made)
	if !known || size > budget {
		if size, err = a.thumbs.Size(ctx); err != nil {
			return err
		}
	}
	if size > budget {
		freed, err := a.makeRoom(ctx, budget)
		if err != nil {
			return fmt.Errorf("keeping thumbnails within %d MB: %w", budget/1e6, err)
		}
		size -= freed
	}
	return a.store.SetSetting(ctx, stateThumbnails, strconv.FormatInt(size, 10))
}

func (a *App) makeRoom(ctx context.Context, budget int64) (freed int64, err error) {
	away := map[string]bool{}
	if err := a.store.AwayPictures(ctx, func(p library.Picture) { away[a.thumbs.Path(p)] = true }); err != nil {
		return 0, err
	}
	freed, err = a.thumbs.Evict(ctx, budget, func(path string) bool { return away[path] })
	if err == nil {
		a.p.Log.Info("made room among the thumbnails", "bytes", freed)
	}
	return freed, err
}
