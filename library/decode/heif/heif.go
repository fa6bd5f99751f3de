// Package heif reads what a HEIF or AVIF file says of its picture besides the pixels: its
// size, how it is cropped and turned, and what its colours mean.
package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"descry/internal/container"
)

// ErrMalformed says that the boxes of a file do not describe a picture.
var ErrMalformed = errors.New("its boxes describe no picture")

// maxProfile is how many bytes a colour profile may have.
const maxProfile = 8 << 20

// Colour is the meaning of pixel values as ITU-T H.273 numbers it: 2 stands for
// unspecified.
type Colour struct {
	Primaries, Transfer, Matrix uint16
	FullRange                   bool
}

// Picture is what the boxes say of the primary picture.
type Picture struct {
	Width, Height int             // pixels as coded, before cropping, turning and mirroring
	Crop          image.Rectangle // part to show of the coded picture; empty: all
	Turns         int             // quarter turns against the clock, 0 to 3, after cropping
	Mirror        Mirror          // after turning
	Colour        *Colour         // nil: the file does not say
	Profile       []byte          // ICC profile, a part of the file; nil: none
}

// Mirror says how a picture is mirrored.
type Mirror int

// The ways to mirror, as the axis of the box imir tells them apart.
const (
	NoMirror   Mirror = iota
	Vertical          // top and bottom are exchanged
	Horizontal        // left and right are exchanged
)

// Upright returns width and height after cropping and turning.
func (p Picture) Upright() (width, height int) {
	width, height = p.Width, p.Height
	if !p.Crop.Empty() {
		width, height = p.Crop.Dx(), p.Crop.Dy()
	}
	if p.Turns%2 == 1 {
		width, height = height, width
	}
	return width, height
}

// Parse reads what the file says of its main picture. It fails with ErrMalformed.
func Parse(file []byte) (Picture, error) {
	h, err := container.ReadHEIF(file)
	if err != nil {
		if movie := container.Find(file, "moov"); movie != nil && container.Find(file, "meta") == nil {
			return parseMovie(movie)
		}
		return Picture{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var p Picture
	var aperture []byte
	err = h.Properties(h.Item(h.Primary), func(q container.Property) {
		body := q.Body
		switch {
		case q.Type == "ispe" && len(body) >= 12:
			p.Width, p.Height = dimension(body[4:]), dimension(body[8:])
		case q.Type == "irot" && len(body) >= 1:
			p.Turns = int(body[0] & 3)
		case q.Type == "imir" && len(body) >= 1:
			p.Mirror = Horizontal
			if body[0]&1 == 0 {
				p.Mirror = Vertical
			}
		case q.Type == "clap":
			aperture = body
		case q.Type == "colr":
			p.colour(body)
		}
	})
	switch {
	case err != nil:
		return Picture{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	case p.Width <= 0 || p.Height <= 0:
		return Picture{}, fmt.Errorf("%w: it has no size", ErrMalformed)
	}
	p.Crop = crop(aperture, p.Width, p.Height)
	if p.Colour == nil && p.Profile == nil {
		p.colourOfTiles(h)
	}
	return p, nil
}

// colourOfTiles takes the colours from the first of the pictures that the main one is put
// together from: some programs say them only there.
func (p *Picture) colourOfTiles(h *container.HEIF) {
	for _, ref := range h.References() {
		if ref.Type != "dimg" || ref.From != h.Primary || len(ref.To) == 0 {
			continue
		}
		if tile := h.Item(ref.To[0]); tile != nil {
			_ = h.Properties(tile, func(q container.Property) {
				if q.Type == "colr" {
					p.colour(q.Body)
				}
			})
		}
		return
	}
}

// parseMovie finds the size of an animation that has no still picture: the last two fields
// of a track's header are width and height, as fixed-point numbers of 16.16 bits.
func parseMovie(movie []byte) (p Picture, err error) {
	_ = container.Boxes(movie, func(kind string, trak []byte) bool {
		if head := container.Find(trak, "tkhd"); kind == "trak" && len(head) >= 84 {
			n := len(head)
			p.Width, p.Height = int(binary.BigEndian.Uint16(head[n-8:])), int(binary.BigEndian.Uint16(head[n-4:]))
		}
		return p.Width == 0 || p.Height == 0
	})
	if p.Width == 0 || p.Height == 0 {
		return Picture{}, fmt.Errorf("%w: its animation has no size", ErrMalformed)
	}
	return p, nil
}

// dimension reads a side of a picture in pixels; one that no picture has is 0.
func dimension(b []byte) int {
	if n := binary.BigEndian.Uint32(b); n < 1<<30 {
		return int(n)
	}
	return 0
}

// colour takes over what a box colr says; the first profile and the first numbers count.
func (p *Picture) colour(body []byte) {
	if len(body) < 4 {
		return
	}
	kind, body := string(body[:4]), body[4:]
	switch {
	case (kind == "prof" || kind == "rICC") && p.Profile == nil && len(body) > 0 && len(body) <= maxProfile:
		p.Profile = body
	case kind == "nclx" && p.Colour == nil && len(body) >= 7:
		number := func(i int) uint16 { return binary.BigEndian.Uint16(body[2*i:]) }
		p.Colour = &Colour{Primaries: number(0), Transfer: number(1), Matrix: number(2), FullRange: body[6]&0x80 != 0}
	}
}

// crop works out a clean aperture: its size, and how far its centre lies from the
// picture's, as fractions. One of broken size, or that leaves the picture, is
// ignored.
func crop(clap []byte, width, height int) image.Rectangle {
	if len(clap) < 32 {
		return image.Rectangle{}
	}
	u32 := func(i int) uint32 { return binary.BigEndian.Uint32(clap[4*i:]) }
	// side reads a length, and start where it begins: the centre of the aperture lies
	// the offset away from the picture's, so at offset + (whole - size)/2.
	side := func(i, whole int) (size int64, ok bool) {
		n, d := int64(u32(i)), int64(u32(i+1))
		return n / max(d, 1), d > 0 && n%d == 0 && n >= d && n/d <= int64(whole)
	}
	start := func(i, whole int, size int64) (at int64, ok bool) {
		n, d := int64(int32(u32(i))), int64(int32(u32(i+1)))
		twice := 2*n + (int64(whole)-size)*d
		at = twice / max(2*d, 1)
		return at, d > 0 && twice >= 0 && at+size <= int64(whole)
	}
	w, okW := side(0, width)
	h, okH := side(2, height)
	x, okX := start(4, width, w)
	y, okY := start(6, height, h)
	if !okW || !okH || !okX || !okY {
		return image.Rectangle{}
	}
	return image.Rect(int(x), int(y), int(x+w), int(y+h))
}
