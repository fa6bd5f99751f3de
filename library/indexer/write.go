package indexer

import (
	"context"
	"fmt"
	"time"

	"descry/library"
	"descry/library/store"
)

const (
	// batchSize is how many photos are stored in one transaction at most.
	batchSize = 100
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
	flush := func() {
		if failed == nil && len(batch) > 0 {
			failed = r.commit(ctx, batch)
		}
		for _, o := range batch {
			o.release(r)
		}
		batch = batch[:0]
	}
	for {
		select {
		case o, ok := <-r.results:
			if !ok {
				flush()
				return failed
			}
			if len(batch) == 0 {
				timer.Reset(batchAge)
			}
			batch = append(batch, o)
			// Nothing else is under way: there is nothing to wait for.
			if len(batch) >= batchSize || len(batch) == r.queue.size() {
				flush()
			}
		case <-timer.C:
			flush()
		}
		if failed != nil {
			for o := range r.results {
				o.release(r)
			}
			return failed
		}
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

// claim says that a picture is under way; it reports false when it was already.
func (r *run) claim(p library.Picture) bool {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	if r.queue.pictures[p] {
		return false
	}
	r.queue.pictures[p] = true
	return true
}

func (r *run) unclaim(p library.Picture) {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	delete(r.queue.pictures, p)
}
