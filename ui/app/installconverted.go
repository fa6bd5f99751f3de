package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"descry/clipengine/bundle"
	"descry/clipengine/catalogue"
	"descry/clipengine/convert"
	"descry/clipengine/hub"
	"descry/internal/disk"
	"descry/library"
)

// original is the plan for the float32 model that one is made of; the plan itself where nothing
// is converted.
func (p InstallPlan) original() InstallPlan {
	if p.Convert {
		p.ID, p.Precision, p.Convert = p.Model.ID, catalogue.FP32, false
	}
	return p
}

// begun is the folder with what there is of a download: its own, or that of a model which is
// downloaded in the same files. Its own where there is none.
func (a *App) begun(p InstallPlan) string {
	ids := []string{p.ID}
	if p.Convert || p.Precision == catalogue.FP32 {
		ids = append(ids, p.Model.ID)
		for _, made := range p.Makeable() {
			ids = append(ids, p.Model.ID+"-"+string(made))
		}
	}
	for _, id := range ids {
		if _, err := os.Stat(a.stagingOf(id)); err == nil {
			return a.stagingOf(id)
		}
	}
	return a.stagingOf(p.ID)
}

// planConversion says what it takes to make a model of its float32 one, which may be at hand.
func (a *App) planConversion(p *InstallPlan, o InstallOptions) error {
	id, to := p.original().ID, convert.Precision(p.Precision)
	p.Disk = p.MadeBytes(p.Precision)
	p.Peak = p.Bytes + p.Disk
	if a.atHand(id) {
		b, err := a.openBundle(id)
		switch {
		case err == nil && bundle.Precision(b.Precision) == bundle.Float32Weights && b.ImageTower == "":
			if err := convert.Check(b, to); err != nil {
				return err
			}
			size, err := convert.Size(b, to)
			p.From, p.Bytes, p.Known, p.There, p.Disk, p.Peak = id, 0, true, 0, size, size
			return err
		case o.KeepOriginal:
			return fmt.Errorf("there is a model called %s already, and it is not the float32 one; remove it first", id)
		}
	}
	if o.KeepOriginal {
		p.Disk = p.Peak
	}
	return nil
}

// installConverted downloads the float32 model, unless it is at hand, and makes of it the one that
// was asked for. The download stays where it is until the new model is in place, so that whatever
// happens on the way, no byte has to come twice.
func (a *App) installConverted(ctx context.Context, client *hub.Client, p InstallPlan, o InstallOptions, progress func(InstallProgress)) (Conversion, error) {
	original, staging := p.original(), a.stagingOf(p.ID)
	need := max(p.Peak-p.There, 0)
	if err := a.roomOnDisk(need, fmt.Sprintf("installing %s takes about %s on the way", p.ID, hub.Size(need))); err != nil {
		return Conversion{}, err
	}
	var (
		source *bundle.Bundle
		files  []hub.File // that are removed in the end
		err    error
	)
	switch {
	case p.From != "":
		source, err = a.bundleOf(p.From)
	case o.KeepOriginal:
		if _, err := a.install(ctx, client, original, o, progress); err != nil {
			return Conversion{}, err
		}
		source, err = a.bundleOf(original.ID)
	default:
		if files, err = a.fetch(ctx, client, original, o, staging, progress); err != nil {
			return Conversion{}, err
		}
		if source, err = bundle.Open(staging); err != nil {
			return Conversion{}, errors.Join(unusable(original, err), hub.Discard(staging))
		}
		source.ID = original.ID
	}
	if err != nil {
		return Conversion{}, err
	}
	c, err := a.convertTo(ctx, source, p.ID, convert.Precision(p.Precision), func(q Progress) {
		if q.Job == JobTesting {
			progress(InstallProgress{Converting: true, Testing: true, Done: int64(q.Done), Total: int64(q.Total)})
			return
		}
		progress(InstallProgress{Converting: true, Done: p.Disk * int64(q.Done) / int64(q.Total), Total: p.Disk})
	})
	switch {
	case err != nil && (files == nil || ctx.Err() != nil || errors.Is(err, ErrTooLarge) || errors.Is(err, library.ErrDiskFull)):
		return Conversion{}, err // what was downloaded stays, for the next attempt
	case err != nil:
		return Conversion{}, a.leaveOriginal(p, staging, err)
	case files == nil:
		c.From = original.ID
		return c, nil
	}
	if err := a.noteSeen(original.ID, files); err != nil {
		return Conversion{}, err
	}
	if err := hub.Discard(staging); err != nil {
		a.p.Log.Warn("the download of a model that was converted takes room still", "error", err)
	}
	return c, nil
}

// leaveOriginal makes what was downloaded the download of the float32 model, because what was
// asked for cannot be made of it.
func (a *App) leaveOriginal(p InstallPlan, staging string, err error) error {
	original := p.original().ID
	if a.atHand(original) { // another model has that name: the download keeps the one it has
		return InstallError{
			"not_converted", "To drop the download: descry models remove " + p.ID,
			fmt.Errorf("%s cannot be had as %s: %w", original, p.Precision, err),
		}
	}
	if _, missing := os.Lstat(a.stagingOf(original)); errors.Is(missing, fs.ErrNotExist) {
		err = errors.Join(err, os.Rename(staging, a.stagingOf(original)))
	}
	return InstallError{
		"not_converted", "Install it as it is, which downloads nothing again: descry models install " + original + " --precision fp32. To drop the download: descry models remove " + original,
		fmt.Errorf("%s cannot be had as %s: %w", original, p.Precision, err),
	}
}

// roomOnDisk says in one sentence that the disk of the library has too little room for something
// that takes need bytes; what begins that sentence.
func (a *App) roomOnDisk(need int64, what string) error {
	dir := a.modelsDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder for models: %w", err)
	}
	free := a.p.Hub.Free
	if free == nil {
		free = disk.Free
	}
	n, err := free(dir)
	if err != nil {
		return fmt.Errorf("asking how much room the disk has: %w", err)
	}
	if n-reserve >= need {
		return nil
	}
	return diskFull(fmt.Errorf("%s, and on the disk of %s %s are free, of which %s are to stay so", what, dir, hub.Size(n), hub.Size(reserve)))
}

// diskFull is an error of a full disk, with what can be done.
func diskFull(err error) error {
	return InstallError{"disk_full", "Make room on the disk that holds the library and run the same command again.", noRoom{err}}
}
