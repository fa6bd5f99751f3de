package app

import (
	"context"
	"sync"
	"time"

	"descry/library/search"
)

// albumBox holds how many photos smart albums have, as far as they were counted.
type albumBox struct {
	mu      sync.Mutex
	counted map[int64]albumCount // by album
	wanted  []Album              // smart ones of which somebody asked for the number since
	working bool
	wake    chan struct{} // ends a rest: there is an album that was never counted
	cancel  context.CancelFunc
	closed  bool
}

// albumCount is how many photos a query found in a state of the library. Words like
// "yesterday" mean something else each day.
type albumCount struct {
	query   string
	version int64
	day     string
	photos  int
}

// restAfter is how many times as long as counting takes nothing is counted after it, but not
// longer than longestRest, so that albums take little of the machine while photos are read in.
const (
	restAfter   = 20
	longestRest = 10 * time.Second
)

// countAlbums fills in what is known of how many photos smart albums have, however old it is,
// and has them counted in the background.
func (a *App) countAlbums(albums []Album) {
	b := &a.albums
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wanted = nil
	never := false
	for i, al := range albums {
		if al.Query == "" {
			continue
		}
		albums[i].Photos = -1
		if c, ok := b.counted[al.ID]; ok && c.query == al.Query {
			albums[i].Photos = c.photos
		} else {
			never = true
		}
		b.wanted = append(b.wanted, al)
	}
	switch {
	case b.closed || len(b.wanted) == 0:
		return
	case b.working && never:
		select {
		case b.wake <- struct{}{}:
		default: // it was told already
		}
		return
	case b.working:
		return
	}
	b.wake = make(chan struct{}, 1)
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	b.working = true
	a.running.Go(func() { a.keepCounting(ctx) })
}

// keepCounting counts until nobody asks for numbers that may be old.
func (a *App) keepCounting(ctx context.Context) {
	b := &a.albums
	for {
		b.mu.Lock()
		wanted := b.wanted
		b.wanted = nil
		if len(wanted) == 0 || ctx.Err() != nil {
			b.working = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		start := time.Now()
		changed, worked := false, false
		for _, al := range wanted {
			_, did, other, err := a.countAlbum(ctx, al)
			if err != nil && ctx.Err() == nil {
				a.p.Log.Warn("counting the photos of an album", "error", err)
			}
			changed, worked = changed || other, worked || did
		}
		if changed {
			a.changed()
		}
		if !worked {
			continue // all is known: no rest is needed
		}
		select {
		case <-ctx.Done():
		case <-b.wake:
		case <-time.After(min(restAfter*time.Since(start), longestRest)):
		}
	}
}

// countAlbum counts the photos of a smart album unless they are known. worked: it had to
// search; changed: the number is another now.
func (a *App) countAlbum(ctx context.Context, al Album) (photos int, worked, changed bool, err error) {
	b := &a.albums
	now := a.p.Now()
	version, err := a.store.Version(ctx)
	if err != nil {
		return -1, false, false, err
	}
	fresh := albumCount{query: al.Query, version: version, day: now.Format(time.DateOnly)}
	b.mu.Lock()
	was, known := b.counted[al.ID]
	b.mu.Unlock()
	if fresh.photos = was.photos; known && was == fresh {
		return was.photos, false, false, nil
	}
	s, err := a.searching(ctx)
	if err != nil {
		return -1, true, false, err
	}
	res, err := s.Search(ctx, search.Request{Text: al.Query, Now: now, Limit: 1})
	if err != nil {
		return -1, true, false, err
	}
	fresh.photos = res.Matched
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counted == nil {
		b.counted = map[int64]albumCount{}
	}
	b.counted[al.ID] = fresh
	return fresh.photos, true, !known || was.query != al.Query || was.photos != fresh.photos, nil
}

// stopCounting ends what runs; nothing is counted after it.
func (a *App) stopCounting() {
	b := &a.albums
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.cancel != nil {
		b.cancel()
	}
}
