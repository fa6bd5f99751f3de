package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"descry/library"
	"descry/library/indexer"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/watch"
)

// Values of library.Root.Reason of a root that is offline though its folder is there: the
// person may say that its photos are gone, see ConfirmRoot.
const (
	RootEmpty       = store.EmptyFolder // it holds no photo where it held some
	RootOtherVolume = store.OtherVolume // another volume lies in its place
)

// Roots lists the folders of the library.
func (a *App) Roots(ctx context.Context) ([]library.Root, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	return a.store.Roots(ctx)
}

// Root finds a root by its id or its path.
func (a *App) Root(ctx context.Context, idOrPath string) (library.Root, error) {
	roots, err := a.Roots(ctx)
	if err != nil {
		return library.Root{}, err
	}
	abs, err := filepath.Abs(idOrPath)
	if err != nil {
		return library.Root{}, fmt.Errorf("finding the root %s: %w", idOrPath, err)
	}
	for _, r := range roots {
		if strconv.FormatInt(int64(r.ID), 10) == idOrPath || r.Path == abs || r.Path == idOrPath {
			return r, nil
		}
	}
	return library.Root{}, fmt.Errorf("root %s: %w", idOrPath, library.ErrNotFound)
}

// AddRoot adds a folder of photos; one that is a root already is returned as it is. The
// photos in it are looked at by the next indexing run.
func (a *App) AddRoot(ctx context.Context, path string) (library.Root, error) {
	if err := a.needWriting(); err != nil {
		return library.Root{}, err
	}
	roots, err := a.store.Roots(ctx)
	if err != nil {
		return library.Root{}, err
	}
	abs, err := scan.CheckRoot(path, roots, a.p.Dir)
	var overlap *scan.OverlapError
	if errors.As(err, &overlap) && overlap.Path == overlap.Root.Path {
		return overlap.Root, nil
	}
	if err != nil {
		return library.Root{}, err
	}
	volume, err := scan.Volume(abs)
	if err != nil {
		return library.Root{}, fmt.Errorf("asking for the volume of %s: %w", abs, err)
	}
	root, err := a.store.AddRoot(ctx, abs, volume)
	if err != nil {
		return library.Root{}, fmt.Errorf("adding the folder %s: %w", path, err)
	}
	a.rootsChanged(ctx)
	return root, nil
}

// AddPath is AddRoot for a path that may also lie in a root: then the target is that folder
// of it.
func (a *App) AddPath(ctx context.Context, path string) (Target, error) {
	root, err := a.AddRoot(ctx, path)
	var overlap *scan.OverlapError
	if !errors.As(err, &overlap) || !overlap.Inside {
		return Target{Root: root.ID}, err
	}
	rel, err := filepath.Rel(overlap.Root.Path, overlap.Path)
	if err != nil || !filepath.IsLocal(rel) {
		return Target{}, overlap
	}
	return Target{Root: overlap.Root.ID, Folders: []watch.Folder{{Dir: filepath.ToSlash(rel)}}}, nil
}

// ConfirmRoot takes the person's word that photos that are not found in a root are gone:
// its files are marked as missing, however many they are. What was said of them is kept. It
// waits for an indexing run that is on, which might set the root offline again.
func (a *App) ConfirmRoot(ctx context.Context, id library.RootID) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	if err := a.enterRun(ctx); err != nil {
		return err
	}
	defer a.leaveRun()
	root, err := a.store.Root(ctx, id)
	if err != nil {
		return err
	}
	if info, err := os.Stat(root.Path); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not there: connect its disk, or take the folder out of the library with descry roots remove %d",
			root.Path, id)
	}
	if err := a.store.ConfirmRoot(ctx, id); err != nil {
		return fmt.Errorf("confirming the folder: %w", err)
	}
	root.State, root.Reason = library.Present, store.ConfirmedGone
	x := indexer.New(indexer.Params{Store: a.store, Thumbs: a.thumbs, Exclude: a.exclude(ctx), Log: a.p.Log})
	if _, err := x.Scan(ctx, []indexer.Target{{Root: root}}); err != nil {
		return fmt.Errorf("looking through %s: %w", root.Path, err)
	}
	a.rootsChanged(ctx)
	return nil
}

// rootsChanged lets everything know that the roots are others now.
func (a *App) rootsChanged(ctx context.Context) {
	a.rewatch(ctx)
	a.changed()
}

// RemoveRoot forgets a folder and its files. What the person said of their photos is kept
// and comes back when the same photos are found again.
func (a *App) RemoveRoot(ctx context.Context, id library.RootID) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	if err := a.store.RemoveRoot(ctx, id); err != nil {
		return fmt.Errorf("removing the folder: %w", err)
	}
	a.rootsChanged(ctx)
	return nil
}

// RelocateRoot says that a root's photos are at another path now.
func (a *App) RelocateRoot(ctx context.Context, id library.RootID, path string) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	others, err := a.store.Roots(ctx)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(r library.Root) bool { return r.ID == id })
	abs, err := scan.CheckRoot(path, others, a.p.Dir)
	if err != nil {
		return err
	}
	volume, err := scan.Volume(abs)
	if err != nil {
		return fmt.Errorf("relocating to %s: %w", abs, err)
	}
	if err := a.store.RelocateRoot(ctx, id, abs, volume); err != nil {
		return fmt.Errorf("relocating the folder to %s: %w", abs, err)
	}
	a.rootsChanged(ctx)
	return nil
}

// AddSamples puts the sample photos that come with the program into the library folder
// and adds them as a root.
func (a *App) AddSamples(ctx context.Context) (library.Root, error) {
	if err := a.needWriting(); err != nil {
		return library.Root{}, err
	}
	dir := filepath.Join(filepath.Dir(a.p.Dir), filepath.Base(a.p.Dir)+" sample photos")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return library.Root{}, fmt.Errorf("making a folder for the sample photos: %w", err)
	}
	err := fs.WalkDir(a.p.Samples, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(to); err == nil {
			return nil
		}
		data, err := fs.ReadFile(a.p.Samples, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
	if err != nil {
		return library.Root{}, fmt.Errorf("copying the sample photos: %w", err)
	}
	return a.AddRoot(ctx, dir)
}
