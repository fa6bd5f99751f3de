package desktop

import (
	"image"
	"slices"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/feed"
)

const (
	shelfPictures = 240 // thumbnails kept for a list
	shelfCards    = 4000
	shelfWaiting  = 60 // thumbnails that may wait; what was asked for last comes first
	shelfWorkers  = 2
	shelfBatch    = 100 // cards asked for at once
)

// shelf fetches whole thumbnails and cards of the photos that a list has in sight. Its
// methods are to be called on the window's thread.
type shelf struct {
	w       *window
	changed func()
	images  map[library.Picture]*image.RGBA // nil: there is none
	order   []library.Picture               // oldest first
	waiting []request
	busy    map[library.Picture]bool
	running int
	cards   map[library.PhotoID]app.Card
	wanted  []library.PhotoID
	asking  bool
}

type request struct {
	picture       library.Picture
	width, height int
}

func newShelf(w *window, changed func()) *shelf {
	s := &shelf{w: w, images: map[library.Picture]*image.RGBA{}, busy: map[library.Picture]bool{}, cards: map[library.PhotoID]app.Card{}}
	s.changed = func() { w.loop.PostLatest(s, changed) }
	return s
}

// thumb returns a thumbnail that fits into width by height pixels, nil while it is not there.
func (s *shelf) thumb(p library.Picture, width, height int) *image.RGBA {
	img, ok := s.images[p]
	if ok || p.Content.IsZero() || s.busy[p] {
		return img
	}
	s.busy[p] = true
	s.waiting = append(s.waiting, request{p, width, height})
	if len(s.waiting) > shelfWaiting {
		delete(s.busy, s.waiting[0].picture)
		s.waiting = slices.Delete(s.waiting, 0, 1)
	}
	s.work()
	return nil
}

func (s *shelf) work() {
	for s.running < shelfWorkers && len(s.waiting) > 0 {
		r := s.waiting[len(s.waiting)-1]
		s.waiting = s.waiting[:len(s.waiting)-1]
		s.running++
		s.w.loop.Go(func() func() {
			img, err := s.w.b.Thumbnail(s.w.ctx, r.picture)
			if err == nil {
				img = feed.Fit(img, r.width, r.height)
			} else {
				img = nil
			}
			return func() {
				s.running--
				delete(s.busy, r.picture)
				s.put(r.picture, img)
				s.changed()
				s.work()
			}
		})
	}
}

func (s *shelf) put(p library.Picture, img *image.RGBA) {
	s.images[p] = img
	s.order = append(s.order, p)
	if len(s.order) > shelfPictures {
		delete(s.images, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
}

// card returns what is known of a photo, and asks for it otherwise.
func (s *shelf) card(id library.PhotoID) (app.Card, bool) {
	c, ok := s.cards[id]
	if !ok && !slices.Contains(s.wanted, id) {
		s.wanted = append(s.wanted, id)
		s.ask()
	}
	return c, ok
}

// ask fetches the cards that are wanted, in one go with those that the same round adds.
func (s *shelf) ask() {
	if s.asking {
		return
	}
	s.asking = true
	s.w.loop.Post(func() {
		ids := slices.Clone(s.wanted[max(0, len(s.wanted)-shelfBatch):])
		s.w.loop.Go(func() func() {
			cards, err := s.w.b.Cards(s.w.ctx, ids)
			return func() {
				s.asking = false
				s.wanted = s.wanted[:0]
				if err != nil {
					return // asked for again when the list is drawn anew
				}
				if len(s.cards) > shelfCards {
					clear(s.cards)
				}
				for i, id := range ids {
					s.cards[id] = cards[i]
				}
				s.changed()
			}
		})
	})
}
