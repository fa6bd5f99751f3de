package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"descry/library"
	"descry/library/heatmap"
)

// Purged is what purging missing photos did.
type Purged struct {
	Photos int
	Backup string // where the library as it was before is kept
}

// PurgeMissing forgets the photos whose files are gone from folders that are there, and what
// the person said of them. The library as it was is kept in its backups folder.
func (a *App) PurgeMissing(ctx context.Context) (Purged, error) {
	if err := a.needWriting(); err != nil {
		return Purged{}, err
	}
	backup, photos, pictures, err := a.store.PurgeMissing(ctx)
	a.dropThumbs(pictures)
	if err == nil {
		err = a.dropVectors(ctx)
	}
	if err != nil {
		return Purged{}, err
	}
	a.changed()
	return Purged{photos, backup}, nil
}

// Forget removes everything that the library holds of photos: what was worked out from
// their pictures, what the person said of them, their thumbnails. Their files are not
// touched. Backups still hold it until their time has come; with backups, a new one is made
// and the older ones are removed.
func (a *App) Forget(ctx context.Context, photos []library.PhotoID, backups bool) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	pictures, err := a.store.Forget(ctx, photos...)
	a.dropThumbs(pictures)
	if err == nil {
		err = a.dropVectors(ctx)
	}
	if err == nil && backups {
		err = a.store.RenewBackups(ctx)
	}
	if err != nil {
		return err
	}
	a.changed()
	return nil
}

// dropThumbs removes thumbnails and heat maps; what cannot be removed is left to the budget of
// its cache.
func (a *App) dropThumbs(pictures []library.Picture) {
	if err := heatmap.OpenCache(a.heatDir()).Forget(pictures...); err != nil {
		a.p.Log.Warn("heat maps were not removed", "error", err)
	}
	for _, p := range pictures {
		if err := a.thumbs.Remove(p); err != nil {
			a.p.Log.Warn("a thumbnail was not removed", "error", err)
		}
	}
}

// RetryFailed lets the next indexing run try the files again that could not be used, and
// returns how many there are.
func (a *App) RetryFailed(ctx context.Context) (int, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	n, err := a.store.RetryFailed(ctx)
	if err != nil {
		return 0, err
	}
	a.changed()
	return n, nil
}

// backupCheck is the doctor's look at the library's own backups.
func (a *App) backupCheck(ctx context.Context) Check {
	c := Check{Check: "backup"}
	st, err := a.store.Backups(ctx)
	switch {
	case errors.Is(err, library.ErrDamaged):
		c.Detail = "The newest backup, " + st.Newest + ", is damaged."
		c.Fix = "Remove it; the next one is made before the first change of a day."
	case err != nil:
		c.Detail, c.Fix = asSentence(err), "See that "+filepath.Join(a.p.Dir, "backups")+" may be read."
	case st.Lacks != "":
		c.Detail = fmt.Sprintf("There is no backup of %s, the last day on which you changed something.", st.Lacks)
		c.Fix = "See that the disk of the library has room, or make one elsewhere: descry backup FILE"
	case st.Newest == "":
		c.OK, c.Detail = true, "none yet; the first is made before the first change of another day"
	default:
		c.OK = true
		c.Detail = fmt.Sprintf("%s in %s, the newest of %s, is sound", count(st.Count, "daily backup"),
			filepath.Dir(st.Newest), st.Made.Local().Format(time.DateOnly))
	}
	return c
}
