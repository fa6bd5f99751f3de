package indexer

import (
	"context"
	"fmt"
	"time"

	"descry/library/store"
)

const (
	// batchSize is how many photos are stored in one transaction at most.
	batchSize = 100
	// resultsAhead is how many finished photos may wait while a transaction is written: no
	// worker stands still because a disk takes its time to sync.
	resultsAhead = 2 * batchSize
	// batchAge is how long a finished photo waits for others at most: what a kill can cost,
	// and how often a window that watches has something new to show.
	batchAge = 250 * time.Millisecond
	// lastWrite is how long the writing of what is finished may take after ctx ended.
	lastWrite = 1500 * time.Millisecond
)

// writer stores results in batches until there are no more. It goes on when ctx ends, for
// what is finished is to be stored; after an error it only empties the channel.
func (r *run) writer(ctx context.Context) error {
	timer := time.NewTimer(batchAge)
	defer timer.Stop()
	var batch []outcome
	var failed error
	add := func(o outcome) {
		batch = append(batch, o)
		for _, c := range r.queue.copies(o.claimed) {
			batch = append(batch, r.like(ctx, c, o))
		}
	}
	flush := func() {
		stored := batch
		batch = nil
		if failed == nil && len(stored) > 0 {
			failed = r.commit(ctx, stored)
		}
		for _, o := range stored {
			for _, c := range r.release(o) {
				if failed == nil {
					batch = append(batch, r.like(ctx, c, o))
				} else {
					r.drop(c)
				}
			}
		}
	}
	for {
		select {
		case o, ok := <-r.results:
			if !ok {
				for failed == nil && len(batch) > 0 {
					flush()
				}
				return failed
			}
			if len(batch) == 0 {
				timer.Reset(batchAge)
			}
			add(o)
			// Nothing else is under way: there is nothing to wait for.
			for failed == nil && (len(batch) >= batchSize || len(batch) > 0 && len(batch) == r.queue.size()) {
				flush()
			}
		case <-timer.C:
			if flush(); len(batch) > 0 {
				timer.Reset(batchAge)
			}
		}
		if failed != nil {
			go func() {
				for o := range r.results {
					r.drop(o)
				}
			}()
			return failed
		}
	}
}

// like completes a copy with what became of the picture it waited for.
func (r *run) like(ctx context.Context, c, first outcome) outcome {
	c.known = first.known
	if f := first.row.Failure; f != nil {
		copied := *f
		copied.File, copied.Path = c.row.File, c.file.Path
		c.row.Failure, c.row.Content = &copied, first.row.Content
	} else {
		c.row.SamePicture = r.samePicture(ctx, c.file.Was, c.row, first.row.Vector)
	}
	return c
}

// release lets go of a file and its picture, and returns the copies that still wait for it.
func (r *run) release(o outcome) []outcome {
	var late []outcome
	if !o.claimed.Content.IsZero() {
		late = r.queue.unclaim(o.claimed)
	}
	r.queue.done(o.file.File.ID)
	return late
}

// drop releases a file that is not stored, and its copies, which the next run looks at.
func (r *run) drop(o outcome) {
	for _, c := range r.release(o) {
		r.drop(c)
	}
}

func (r *run) commit(ctx context.Context, batch []outcome) error {
	rows := make([]store.IndexedFile, len(batch))
	for i, o := range batch {
		rows[i] = *o.row
	}
	wctx := ctx
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		wctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
		defer cancel()
	}
	err := r.p.Store.CommitBatch(wctx, rows)
	if err != nil && wctx == ctx && ctx.Err() != nil {
		// ctx ended while it was written, so nothing of the batch is there.
		wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
		defer cancel()
		err = r.p.Store.CommitBatch(wctx, rows)
	}
	if err != nil {
		return full(fmt.Errorf("store what was found: %w", err))
	}
	r.tally(batch)
	return nil
}

// tally counts a batch that was stored.
func (r *run) tally(batch []outcome) {
	for _, o := range batch {
		if f := o.row.Failure; f != nil {
			r.fail(*f)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range batch {
		if o.row.Vector != nil {
			r.report.Encoded++
		}
		if o.known != 0 && o.file.File.Photo == 0 {
			r.elsewhere = append(r.elsewhere, o.known)
		}
	}
	r.last = time.Now()
	r.meter.done.Add(int64(len(batch)))
}
