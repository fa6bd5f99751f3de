package indexer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"descry/library"
	"descry/library/store"
)

// chunk is how many waiting files are asked of the store at a time.
const chunk = 64

// queue knows which files are under way in this run, and when to ask the store again.
type queue struct {
	mu       sync.Mutex
	underway map[library.FileID]bool
	ended    map[library.FileID]bool // since the store was last asked: its answer may name them
	once     bits                    // handed out in this run
	twice    bits                    // handed out again
	// claims are the pictures that are under way, each with the copies that wait for it.
	claims  map[library.Picture][]outcome
	scanned bool
	news    int           // grows when the scan found something
	changed chan struct{} // closed when anything above changed
}

func newQueue() *queue {
	return &queue{
		underway: map[library.FileID]bool{},
		ended:    map[library.FileID]bool{},
		claims:   map[library.Picture][]outcome{},
		changed:  make(chan struct{}),
	}
}

// signal wakes who waits; q.mu is held.
func (q *queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// found says that the scan stored something new to look at.
func (q *queue) found() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.news++
	q.signal()
}

func (q *queue) scanEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.scanned = true
	q.signal()
}

// take claims a file. A file that is under way is not taken, and one that the store names
// again and again although it was looked at is not taken a third time in one run.
func (q *queue) take(id library.FileID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.underway[id] || q.ended[id] || q.twice.has(id):
		return false
	case q.once.has(id):
		q.twice.add(id)
	default:
		q.once.add(id)
	}
	q.underway[id] = true
	return true
}

// takeOnce claims a file that was not handed out in this run yet.
func (q *queue) takeOnce(id library.FileID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.once.has(id) {
		return false
	}
	q.once.add(id)
	q.underway[id] = true
	return true
}

// asking says that the store is about to be asked.
func (q *queue) asking() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.ended)
}

// done says that a file is not under way any more.
func (q *queue) done(id library.FileID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.underway, id)
	q.ended[id] = true
	if len(q.underway) == 0 {
		q.signal()
	}
}

// size is how many files are under way.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.underway)
}

// claim says that the picture of o is under way. When it was already, o is kept for who
// has it, and claim reports false.
func (q *queue) claim(p library.Picture, o outcome) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	copies, taken := q.claims[p]
	if taken {
		q.claims[p] = append(copies, o)
	} else {
		q.claims[p] = nil
	}
	return !taken
}

// copies takes over the copies that wait for a picture under way.
func (q *queue) copies(p library.Picture) []outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	copies := q.claims[p]
	if len(copies) > 0 {
		q.claims[p] = nil
	}
	return copies
}

// unclaim says that a picture is not under way any more and returns the copies that came
// to wait for it since copies was called.
func (q *queue) unclaim(p library.Picture) []outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	copies := q.claims[p]
	delete(q.claims, p)
	return copies
}

// moment is the state of a queue.
type moment struct {
	scanned bool
	news    int
	idle    bool
	changed <-chan struct{}
}

func (q *queue) now() moment {
	q.mu.Lock()
	defer q.mu.Unlock()
	return moment{q.scanned, q.news, len(q.underway) == 0, q.changed}
}

// feed hands out what is waiting, newest first, until the scan has ended and the store has
// nothing more.
func (r *run) feed(ctx context.Context) error {
	for {
		start := r.queue.now()
		sent, err := r.pass(ctx, start.news)
		if err != nil {
			return err
		}
		now := r.queue.now()
		switch {
		case now.news != start.news:
			// Something newer may have come: start again from the newest.
		case !now.scanned:
			if err := wait(ctx, now.changed); err != nil {
				return err
			}
		case !start.scanned:
			// The scan ended meanwhile: one more look.
		case sent == 0 && now.idle:
			return nil
		case !now.idle:
			// What is under way may leave something to do: a copy of a photo that could not
			// be used, a file that changed while it was read.
			if err := wait(ctx, now.changed); err != nil {
				return err
			}
		}
	}
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pass goes through what is waiting once, or until the scan finds more than news.
func (r *run) pass(ctx context.Context, news int) (sent int, err error) {
	var after store.Cursor
	for {
		r.queue.asking()
		list, err := r.p.Store.Pending(ctx, r.space, chunk, after)
		if err != nil {
			return sent, fmt.Errorf("ask what is waiting: %w", err)
		}
		full := len(list) == chunk
		if len(list) > 0 {
			after = list[len(list)-1].Cursor
		}
		r.disks.order(list)
		for _, f := range list {
			if !r.queue.take(f.File.ID) {
				continue
			}
			if err := r.hand(ctx, f); err != nil {
				return sent, err
			}
			sent++
		}
		if !full || r.queue.now().news != news {
			return sent, nil
		}
	}
}

// hand gives a file to the readers, when they have room and the run is not held.
func (r *run) hand(ctx context.Context, f store.PendingFile) error {
	if err := r.p.Manner.Wait(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	if r.first.IsZero() {
		r.first = time.Now()
	}
	r.mu.Unlock()
	select {
	case r.jobs <- f:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// bits is a set of small numbers.
type bits []uint64

func (b bits) has(id library.FileID) bool {
	i := int(id / 64)
	return i < len(b) && b[i]>>(uint(id)%64)&1 == 1
}

func (b *bits) add(id library.FileID) {
	for int(id/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[id/64] |= 1 << (uint(id) % 64)
}
