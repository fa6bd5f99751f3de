// Package feed brings what the grid shows: it fetches what is known of photos and their
// thumbnails in the background, the ones in sight first, and keeps them within a budget.
package feed

import (
	"context"
	"image"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/grid"
	"descry/ui/desktop/pace"
)

const (
	cardBatch  = 200  // photos asked for at once
	cardsKept  = 8000 // per generation of the card store
	thumbBatch = 4    // thumbnails that one goroutine fetches in a row
)

// Backend is what the feed asks.
type Backend interface {
	Cards(ctx context.Context, ids []library.PhotoID) ([]app.Card, error)
	Thumbnail(ctx context.Context, p library.Picture) (*image.RGBA, error)
}

// Params is what a Feed needs.
type Params struct {
	Loop    *pace.Loop
	Backend Backend
	Workers int                       // thumbnails fetched at the same time
	Bytes   int64                     // budget for thumbnails in memory
	Changed func()                    // called on the window's thread when there is more to show
	Badge   func(app.Card) grid.Badge // nil: no badges
}

// Feed is a grid.Source. All its methods are to be called on the window's thread.
type Feed struct {
	p       Params
	ctx     context.Context
	cards   generations
	stale   map[library.PhotoID]bool
	thumbs  *cache
	failed  map[library.Picture]bool
	wanted  []library.PhotoID
	px      int
	asking  bool                     // cards are being fetched
	busy    map[library.Picture]bool // thumbnails being fetched
	running []*errand
}

// errand is a batch of thumbnails being fetched by one goroutine.
type errand struct {
	pictures []library.Picture
	cancel   context.CancelFunc
}

// New returns a feed that works until ctx ends.
func New(ctx context.Context, p Params) *Feed {
	return &Feed{
		p: p, ctx: ctx, thumbs: newCache(p.Bytes), failed: map[library.Picture]bool{},
		busy: map[library.Picture]bool{}, stale: map[library.PhotoID]bool{},
	}
}

// Facts returns what the grid shows of a photo.
func (f *Feed) Facts(id library.PhotoID) (grid.Facts, bool) {
	c, ok := f.cards.get(id)
	if !ok {
		return grid.Facts{}, false
	}
	facts := grid.Facts{
		Name: c.Name, Colour: c.Colour, Favourite: c.Favourite,
		Away: c.State == library.Missing || c.State == library.Offline,
	}
	if f.p.Badge != nil {
		facts.Badge = f.p.Badge(c)
	}
	return facts, true
}

// Card returns what is known of a photo by now.
func (f *Feed) Card(id library.PhotoID) (app.Card, bool) { return f.cards.get(id) }

// Thumb returns a thumbnail, maybe of another size than px until the right one is there.
func (f *Feed) Thumb(id library.PhotoID, px int) image.Image {
	c, ok := f.cards.get(id)
	if !ok {
		return nil
	}
	img, _ := f.thumbs.get(c.Picture)
	if img == nil {
		return nil // not a nil *image.RGBA in an interface
	}
	return img
}

// Want says which photos are to be shown, the most urgent first, with thumbnails of px
// pixels. What was wanted before and is not now is given up.
func (f *Feed) Want(ids []library.PhotoID, px int) {
	f.wanted = append(f.wanted[:0], ids...)
	f.px = px
	if len(f.running) > 0 {
		wanted := make(map[library.Picture]bool, len(ids))
		for _, id := range ids {
			if c, ok := f.cards.get(id); ok {
				wanted[c.Picture] = true
			}
		}
		for _, e := range f.running {
			needed := false
			for _, p := range e.pictures {
				needed = needed || wanted[p]
			}
			if !needed {
				e.cancel()
			}
		}
	}
	f.schedule()
}

// Invalidate says that photos may have changed: everything is asked for again when it is
// wanted, and shown as it was until the answer is there.
func (f *Feed) Invalidate() {
	clear(f.failed)
	clear(f.stale)
	f.cards.each(func(id library.PhotoID) { f.stale[id] = true })
	f.schedule()
}

// Put changes what is known of a photo, ahead of the answer of the backend.
func (f *Feed) Put(c app.Card) { f.cards.put(c.Photo, c) }

// Bytes returns how much memory the thumbnails take.
func (f *Feed) Bytes() int64 { return f.thumbs.bytes }

func (f *Feed) schedule() {
	f.askCards()
	for len(f.running) < f.p.Workers {
		batch := f.nextBatch()
		if len(batch) == 0 {
			return
		}
		f.fetch(batch)
	}
}

func (f *Feed) askCards() {
	if f.asking {
		return
	}
	var ids []library.PhotoID
	for _, id := range f.wanted {
		if _, ok := f.cards.get(id); !ok || f.stale[id] {
			ids = append(ids, id)
			if len(ids) == cardBatch {
				break
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	f.asking = true
	f.p.Loop.Go(func() func() {
		cards, err := f.p.Backend.Cards(f.ctx, ids)
		return func() {
			f.asking = false
			for _, id := range ids {
				delete(f.stale, id)
			}
			if err != nil {
				return // the next Want asks again
			}
			for i, c := range cards {
				if i < len(ids) {
					f.cards.put(ids[i], c)
				}
			}
			f.p.Changed()
			f.schedule()
		}
	})
}

func (f *Feed) nextBatch() []library.Picture {
	var batch []library.Picture
	for _, id := range f.wanted {
		c, ok := f.cards.get(id)
		if !ok || c.Picture.Content.IsZero() || f.busy[c.Picture] || f.failed[c.Picture] {
			continue
		}
		if _, px := f.thumbs.peek(c.Picture); px == f.px {
			continue
		}
		f.busy[c.Picture] = true
		batch = append(batch, c.Picture)
		if len(batch) == thumbBatch {
			break
		}
	}
	return batch
}

func (f *Feed) fetch(batch []library.Picture) {
	ctx, cancel := context.WithCancel(f.ctx)
	e := &errand{pictures: batch, cancel: cancel}
	f.running = append(f.running, e)
	px := f.px
	f.p.Loop.Go(func() func() {
		for _, p := range batch {
			if ctx.Err() != nil {
				break
			}
			img, err := f.p.Backend.Thumbnail(ctx, p)
			if err == nil {
				img = Square(img, px)
			}
			gone := ctx.Err() != nil
			f.p.Loop.Post(func() {
				switch {
				case err == nil:
					f.thumbs.put(p, img, px)
				case !gone:
					f.failed[p] = true
				}
				f.p.Changed()
			})
		}
		return func() {
			cancel()
			for _, p := range batch {
				delete(f.busy, p)
			}
			for i, r := range f.running {
				if r == e {
					f.running = append(f.running[:i], f.running[i+1:]...)
					break
				}
			}
			f.schedule()
		}
	})
}
