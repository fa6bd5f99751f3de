package container

import (
	"encoding/binary"
	"math"
)

// maxProperties is how many properties can be told apart by number, maxReferences far more
// references than a picture of thousands of tiles needs: one for each item that has any.
const (
	maxProperties = 1<<15 - 1
	maxReferences = 1 << 14
)

// HEIF is the item structure of a HEIF or AVIF file (ISO/IEC 23008-12): pictures and
// metadata are items, whose data lies anywhere in the file, and which have properties.
type HEIF struct {
	// Primary is the item that is the file's picture.
	Primary uint32

	file, idat []byte
	items      map[uint32]*Item
	order      []uint32 // of items, as the file lists them
	refs       []Reference
	props      []Property
	budget     uint64 // bytes of data that may still be handed out
}

// Item is one picture or piece of metadata.
type Item struct {
	Type string // "hvc1", "av01", "grid", "Exif", "mime", …
	MIME string // of a "mime" item: "application/rdf+xml" for XMP

	properties []uint16 // indices into the file's, from 1, in the order in which they apply
	method     uint64   // 0: extents lie in the file, 1: in the idat box
	base       uint64
	extents    []byte // as stored
	sizes      [3]uint64
}

// Property is one property of items, a box: "ispe" for the size, "irot", "colr", …
type Property struct {
	Type string
	Body []byte
}

// Reference says that an item refers to others, in this order: "dimg" is made of them,
// "auxl" adds to them, "cdsc" describes them.
type Reference struct {
	Type string
	From uint32
	To   []uint32
}

// ReadHEIF reads the structure of a file; nothing is read of the pictures. Where it breaks
// its rules or has no primary item, ErrDamaged comes with what could be read.
func ReadHEIF(file []byte) (*HEIF, error) {
	h := &HEIF{file: file, items: make(map[uint32]*Item), budget: 2*uint64(len(file)) + 1<<16}
	_, _, boxes, err := FullBox(Find(file, "meta"))
	if err != nil {
		return h, err
	}
	parts := make(map[string][]byte)
	if err := Boxes(boxes, func(kind string, body []byte) bool {
		if _, twice := parts[kind]; !twice {
			parts[kind] = body
		}
		return true
	}); err != nil {
		return h, err
	}
	h.idat = parts["idat"]
	for _, step := range []struct {
		kind string
		read func([]byte) error
	}{{"iinf", h.readInfo}, {"iloc", h.readLocations}, {"iprp", h.readProperties}, {"iref", h.readReferences}, {"pitm", h.readPrimary}} {
		if body, ok := parts[step.kind]; ok {
			if e := step.read(body); e != nil && err == nil {
				err = e
			}
		}
	}
	if err == nil && h.items[h.Primary] == nil {
		err = ErrDamaged
	}
	return h, err
}

// idSize is how long item ids are in a box that has long ones from this version on.
func idSize(version, long byte) uint64 {
	if version >= long {
		return 4
	}
	return 2
}

func (h *HEIF) readPrimary(body []byte) error {
	version, _, p, err := FullBox(body)
	r := reader{p: p}
	h.Primary = uint32(r.uint(idSize(version, 1)))
	if err != nil || r.bad {
		return ErrDamaged
	}
	return nil
}

func (h *HEIF) readInfo(body []byte) error {
	version, _, p, err := FullBox(body)
	if err != nil {
		return err
	}
	r := reader{p: p}
	r.uint(idSize(version, 1)) // the number of entries; there are as many as there are
	if r.bad {
		return ErrDamaged
	}
	bad := false
	err = Boxes(r.p, func(kind string, body []byte) bool {
		version, _, p, err := FullBox(body)
		if kind != "infe" || err != nil || version < 2 { // older ones describe files of other kinds
			return true
		}
		r := reader{p: p}
		id := uint32(r.uint(idSize(version, 3)))
		r.uint(2) // protection
		item := &Item{Type: string(r.take(4))}
		r.text() // name
		if item.Type == "mime" {
			item.MIME = r.text()
		}
		bad = bad || r.bad || h.items[id] != nil
		h.items[id] = item
		h.order = append(h.order, id)
		return !bad
	})
	if bad {
		return ErrDamaged
	}
	return err
}

func (h *HEIF) readLocations(body []byte) error {
	version, _, p, err := FullBox(body)
	if err != nil || version > 2 {
		return ErrDamaged
	}
	r := reader{p: p}
	widths := r.uint(2)
	offset, length, base, index := widths>>12, widths>>8&15, widths>>4&15, widths&15
	if version == 0 {
		index = 0
	}
	for _, n := range []uint64{offset, length, base, index} {
		if n > 8 {
			return ErrDamaged
		}
	}
	for range r.uint(idSize(version, 2)) {
		id := uint32(r.uint(idSize(version, 2)))
		var method uint64
		if version > 0 {
			method = r.uint(2) & 15
		}
		elsewhere := r.uint(2)
		at := r.uint(base)
		n := r.uint(2)
		if n > 1 && offset+length+index == 0 {
			return ErrDamaged
		}
		extents := r.take(n * (offset + length + index))
		if r.bad {
			return ErrDamaged
		}
		item := h.items[id]
		if item == nil {
			continue
		}
		if elsewhere != 0 {
			method = math.MaxUint64 // in another file
		}
		item.method, item.base, item.extents, item.sizes = method, at, extents, [3]uint64{index, offset, length}
		if n > 0 && len(extents) == 0 {
			return ErrDamaged // the item is the whole file
		}
	}
	return nil
}

func (h *HEIF) readProperties(body []byte) error {
	var failed error
	if err := Boxes(body, func(kind string, body []byte) bool {
		switch kind {
		case "ipco":
			failed = Boxes(body, func(kind string, body []byte) bool {
				h.props = append(h.props, Property{kind, body})
				return len(h.props) < maxProperties
			})
		case "ipma":
			failed = h.readAssociations(body)
		}
		return failed == nil
	}); err != nil {
		return err
	}
	return failed
}

func (h *HEIF) readAssociations(body []byte) error {
	version, flags, p, err := FullBox(body)
	if err != nil {
		return err
	}
	r := reader{p: p}
	for range r.uint(4) {
		item := h.items[uint32(r.uint(idSize(version, 1)))]
		for range r.uint(1) {
			var index uint64
			if flags&1 != 0 {
				index = r.uint(2) & 0x7FFF
			} else {
				index = r.uint(1) & 0x7F
			}
			if item != nil && index > 0 {
				item.properties = append(item.properties, uint16(index))
			}
		}
		if r.bad {
			return ErrDamaged
		}
	}
	return nil
}

func (h *HEIF) readReferences(body []byte) error {
	version, _, p, err := FullBox(body)
	if err != nil {
		return err
	}
	width := idSize(version, 1)
	bad := false
	if err := Boxes(p, func(kind string, body []byte) bool {
		r := reader{p: body}
		ref := Reference{Type: kind, From: uint32(r.uint(width))}
		for range r.uint(2) {
			if ref.To = append(ref.To, uint32(r.uint(width))); r.bad {
				break
			}
		}
		h.refs = append(h.refs, ref)
		bad = r.bad || len(h.refs) > maxReferences
		return !bad
	}); err != nil {
		return err
	}
	if bad {
		return ErrDamaged
	}
	return nil
}

// Item returns an item, nil where there is none of that id.
func (h *HEIF) Item(id uint32) *Item { return h.items[id] }

// Items calls fn for the items in the order in which the file lists them, until fn returns false.
func (h *HEIF) Items(fn func(id uint32, item *Item) bool) {
	for _, id := range h.order {
		if !fn(id, h.items[id]) {
			return
		}
	}
}

// References returns what refers to what, as the file lists it.
func (h *HEIF) References() []Reference { return h.refs }

// Properties calls fn for the properties of an item in the order in which they apply. It
// fails with ErrDamaged where one, or the item (nil), does not exist.
func (h *HEIF) Properties(item *Item, fn func(Property)) error {
	if item == nil {
		return ErrDamaged
	}
	for _, i := range item.properties {
		if int(i) > len(h.props) {
			return ErrDamaged
		}
		fn(h.props[i-1])
	}
	return nil
}

// Property returns the first property of a type that an item has, nil where it has none.
func (h *HEIF) Property(item *Item, kind string) (body []byte) {
	_ = h.Properties(item, func(p Property) {
		if p.Type == kind && body == nil {
			body = p.Body
		}
	})
	return body
}

// Data returns the data of an item, in pieces. It fails with ErrDamaged where they do not
// lie in the file, or where all that was asked for is more than twice the file: items may
// share their data, and a small file could claim to hold terabytes.
func (h *HEIF) Data(item *Item) ([][]byte, error) {
	from := h.file
	switch item.method {
	case 0:
	case 1:
		from = h.idat
	default:
		return nil, ErrDamaged
	}
	r := reader{p: item.extents}
	var pieces [][]byte
	for len(r.p) > 0 {
		r.uint(item.sizes[0])
		offset, length := r.uint(item.sizes[1]), r.uint(item.sizes[2])
		at := item.base + offset
		if at < offset || at > uint64(len(from)) || length > uint64(len(from))-at || r.bad {
			return nil, ErrDamaged
		}
		if item.sizes[2] == 0 || length == 0 { // to the end
			length = uint64(len(from)) - at
		}
		if length > h.budget {
			return nil, ErrDamaged
		}
		h.budget -= length
		pieces = append(pieces, from[at:at+length])
	}
	return pieces, nil
}

// Size is the size of an item's picture as it is to be seen, in pixels: cropped and turned
// as its properties say. It is 0 × 0 where the file does not say.
func (h *HEIF) Size(item *Item) (width, height int) {
	var w, hgt uint64
	_ = h.Properties(item, func(p Property) {
		switch p.Type {
		case "ispe":
			r := reader{p: p.Body}
			r.uint(4)
			w, hgt = r.uint(4), r.uint(4)
		case "clap": // width and height as fractions
			if len(p.Body) >= 16 {
				if n, d := binary.BigEndian.Uint32(p.Body), binary.BigEndian.Uint32(p.Body[4:]); d > 0 {
					w = uint64(n / d)
				}
				if n, d := binary.BigEndian.Uint32(p.Body[8:]), binary.BigEndian.Uint32(p.Body[12:]); d > 0 {
					hgt = uint64(n / d)
				}
			}
		case "irot":
			if len(p.Body) > 0 && p.Body[0]&1 == 1 {
				w, hgt = hgt, w
			}
		}
	})
	if w > math.MaxInt32 || hgt > math.MaxInt32 {
		return 0, 0
	}
	return int(w), int(hgt)
}
