package feed

import (
	"container/list"
	"image"

	"golang.org/x/image/draw"

	"descry/library"
	"descry/ui/app"
)

// cache keeps thumbnails within a budget of bytes; the one not used for longest goes first.
type cache struct {
	budget, bytes int64
	entries       map[library.Picture]*list.Element
	order         *list.List // of *entry, the latest used in front
}

type entry struct {
	picture library.Picture
	img     *image.RGBA
	px      int
}

func newCache(budget int64) *cache {
	return &cache{budget: budget, entries: map[library.Picture]*list.Element{}, order: list.New()}
}

// get returns a thumbnail and the size it was made for.
func (c *cache) get(p library.Picture) (*image.RGBA, int) {
	e, ok := c.entries[p]
	if !ok {
		return nil, 0
	}
	c.order.MoveToFront(e)
	v := e.Value.(*entry)
	return v.img, v.px
}

// peek is get without counting as use.
func (c *cache) peek(p library.Picture) (*image.RGBA, int) {
	if e, ok := c.entries[p]; ok {
		v := e.Value.(*entry)
		return v.img, v.px
	}
	return nil, 0
}

func (c *cache) put(p library.Picture, img *image.RGBA, px int) {
	if e, ok := c.entries[p]; ok {
		v := e.Value.(*entry)
		c.bytes += int64(len(img.Pix)) - int64(len(v.img.Pix))
		v.img, v.px = img, px
		c.order.MoveToFront(e)
	} else {
		c.entries[p] = c.order.PushFront(&entry{picture: p, img: img, px: px})
		c.bytes += int64(len(img.Pix))
	}
	for c.bytes > c.budget && c.order.Len() > 1 {
		last := c.order.Back()
		v := c.order.Remove(last).(*entry)
		delete(c.entries, v.picture)
		c.bytes -= int64(len(v.img.Pix))
	}
}

// generations keeps cards in two maps: when the younger is full the older is dropped, so
// that it stays within twice cardsKept without bookkeeping per use.
type generations struct {
	young, old map[library.PhotoID]app.Card
}

func (g *generations) get(id library.PhotoID) (app.Card, bool) {
	if c, ok := g.young[id]; ok {
		return c, true
	}
	c, ok := g.old[id]
	if ok {
		g.put(id, c)
	}
	return c, ok
}

func (g *generations) put(id library.PhotoID, c app.Card) {
	if g.young == nil {
		g.young = map[library.PhotoID]app.Card{}
	}
	if len(g.young) >= cardsKept {
		g.old, g.young = g.young, map[library.PhotoID]app.Card{}
	}
	g.young[id] = c
}

func (g *generations) each(f func(library.PhotoID)) {
	for id := range g.young {
		f(id)
	}
	for id := range g.old {
		f(id)
	}
}

// Square cuts the middle square out of a picture and scales it to at most px pixels a side.
func Square(img *image.RGBA, px int) *image.RGBA {
	b := img.Bounds()
	side := min(b.Dx(), b.Dy())
	x, y := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	out := min(px, side)
	dst := image.NewRGBA(image.Rect(0, 0, out, out))
	draw.BiLinear.Scale(dst, dst.Bounds(), img, image.Rect(x, y, x+side, y+side), draw.Src, nil)
	return dst
}

// Fit scales a picture down so that it fits into w by h pixels; smaller ones stay.
func Fit(img *image.RGBA, w, h int) *image.RGBA {
	b := img.Bounds()
	if b.Dx() <= w && b.Dy() <= h || b.Empty() || w < 1 || h < 1 {
		return img
	}
	scale := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
	dst := image.NewRGBA(image.Rect(0, 0, max(int(float64(b.Dx())*scale), 1), max(int(float64(b.Dy())*scale), 1)))
	draw.BiLinear.Scale(dst, dst.Bounds(), img, b, draw.Src, nil)
	return dst
}
