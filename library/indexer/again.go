package indexer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"descry/library"
	"descry/library/store"
)

// LookAgain makes the vectors that photos lack in the encoder's space and that were looked at
// before with another model: from the photos themselves, newest first, without reading what else
// is known of them. Those that prefer returns (nil: none) come before all others; it is asked
// again and again. Files that are gone or changed since they were scanned are left to the run
// after the next scan. Progress, errors and how it ends are as with RunTargets.
func (x *Indexer) LookAgain(ctx context.Context, prefer func() []library.PhotoID, progress func(Progress)) (Report, error) {
	if x.p.Encoder == nil {
		return Report{}, errors.New("look at photos again: no model is running")
	}
	if !x.running.TryLock() {
		return Report{}, ErrRunning
	}
	defer x.running.Unlock()

	r := x.newRun()
	space, err := x.p.Store.EnsureSpace(ctx, x.p.Encoder.Space(), x.p.Encoder.Model(), x.p.Encoder.Dim())
	if err != nil {
		return Report{}, fmt.Errorf("prepare the model's vector space: %w", err)
	}
	r.space, r.again = space.ID, true
	c, err := x.p.Store.Coverage(ctx, r.space)
	if err != nil {
		return Report{}, err
	}
	r.meter.total.Store(int64(c.Waiting))
	r.meter.scanned.Store(true)
	close(r.counted)

	stop := r.meter.start(r.started, progress)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(r.jobs)
		return r.feedAgain(gctx, prefer)
	})
	r.stages(gctx, g)
	err = g.Wait()
	stop()
	if err != nil {
		err = fmt.Errorf("look at photos again: %w", err)
	}
	return r.finish(ctx), err
}

// feedAgain hands out the photos that lack vectors, once.
func (r *run) feedAgain(ctx context.Context, prefer func() []library.PhotoID) error {
	var after store.Cursor
	var preferred []library.PhotoID
	for {
		if prefer != nil {
			if now := prefer(); !slices.Equal(now, preferred) {
				preferred = now
				list, err := r.p.Store.UnencodedOf(ctx, r.space, preferred)
				if err != nil {
					return err
				}
				if err := r.handOnce(ctx, list); err != nil {
					return err
				}
			}
		}
		r.queue.asking() // what ended before is of no interest any more
		list, err := r.p.Store.Unencoded(ctx, r.space, chunkAgain, after)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].Cursor
		r.disks.order(list)
		if err := r.handOnce(ctx, list); err != nil {
			return err
		}
	}
}

// chunkAgain is how many photos are asked of the store at a time: few, so that what a person
// looks at now comes soon.
const chunkAgain = 16

// handOnce hands out those of some photos that were not yet.
func (r *run) handOnce(ctx context.Context, list []store.PendingFile) error {
	for _, f := range list {
		if r.queue.takeOnce(f.File.ID) {
			if err := r.hand(ctx, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// asKnown reports whether a file that was read is as it was when it was looked at, so that its
// picture is the one that the library knows, and only vectors of it can be lacking.
func (r *run) asKnown(ctx context.Context, j job) (bool, error) {
	if !j.file.Looked || j.stat != j.file.File.Stat || j.file.Was.Content.IsZero() {
		return false, nil
	}
	known, _, err := r.p.Store.Known(ctx, j.file.Was.Content, r.space)
	if err != nil {
		return false, fmt.Errorf("ask what is known of a photo: %w", err)
	}
	return slices.Contains(known.Pictures, j.file.Was.Orientation), nil
}

// openKnown is open for a file that is as the library knows it: neither its content id nor its
// metadata are worked out again.
func (r *run) openKnown(ctx context.Context, j job, row *store.IndexedFile, stage *string) (source, error) {
	row.Known, row.Content, row.Metadata.Orientation = true, j.file.Was.Content, j.file.Was.Orientation
	if !j.video {
		return still{r, j.data}, nil
	}
	s, err := r.openVideo(ctx, j, row, stage)
	row.Content, row.Metadata.Orientation = j.file.Was.Content, j.file.Was.Orientation
	return s, err
}
