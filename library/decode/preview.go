package decode

import (
	"bytes"

	"descry/internal/container"
	"descry/library/decode/jpegseg"
)

// What the index of a multi-picture file says (CIPA DC-007).
const (
	mpHeader    = "MPF\x00"
	mpEntries   = 0xB002   // the field that lists the pictures
	mpEntrySize = 16       // kind, length, offset and two numbers of others
	mpTypeMask  = 0xFFFFFF // of the kind
	mpFormat    = 7 << 24  // of the kind; 0: JPEG
	mpPreview   = 0x010000 // kinds 0x010001 and on are "large thumbnails", by size
)

// jpegPreview returns the smallest of the previews that a camera put behind the picture of
// a JPEG whose headers are f, if its short side has minSide pixels at least. Decoding a
// preview of 1616 × 1080 px takes a tenth of the time that its picture of 24 megapixels
// takes.
//
// The preview is to show what the picture shows, so it counts only where the index gives
// the length of the picture as it is: what edited the picture since would have changed
// that, and usually drops the preview. And it must have the picture's shape: cameras lay
// pictures of other shapes between black bars.
func jpegPreview(data []byte, f jpegseg.Frame, minSide int) (preview []byte, frame jpegseg.Frame) {
	if minSide <= 0 {
		return nil, frame
	}
	for _, p := range multiPicture(data) {
		// Half the size at most, or there is little to gain.
		g, err := jpegseg.ReadFrame(p)
		if err != nil || g.Precision != 8 || g.Lossless() || g.Components != f.Components ||
			min(g.Width, g.Height) < minSide || 2*g.Width > f.Width || !sameShape(f, g) {
			continue
		}
		if preview == nil || g.Width < frame.Width {
			preview, frame = p, g
		}
	}
	return preview, frame
}

// multiPicture returns the previews that the multi-picture index of a JPEG lists, none
// where the index was not made with the picture that is there.
func multiPicture(data []byte) (previews [][]byte) {
	const eoi = "\xff\xd9"
	_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		if s.Marker != jpegseg.APP2 || !bytes.HasPrefix(s.Data, []byte(mpHeader)) {
			return s.Marker != jpegseg.SOS
		}
		// Offsets count from behind the header on, and go past the segment.
		t, err := container.ReadTIFF(data[s.Offset+len(mpHeader):])
		if err != nil {
			return false
		}
		d, err := t.Directory(t.First)
		if err != nil {
			return false
		}
		var list []byte
		for _, field := range d.Fields {
			if field.Tag == mpEntries {
				list = field.Value
			}
		}
		if len(list) < mpEntrySize {
			return false
		}
		number := func(entry, at int) uint64 { return uint64(t.Order.Uint32(list[entry*mpEntrySize+at:])) }
		length := number(0, 4)
		if length > uint64(len(data)) || !bytes.HasSuffix(data[:length], []byte(eoi)) {
			return false
		}
		for i := 1; i < len(list)/mpEntrySize; i++ {
			kind, offset := number(i, 0), number(i, 8)
			if kind&(mpFormat|mpTypeMask&^0xFFFF) != mpPreview || offset+uint64(s.Offset+len(mpHeader)) < length {
				continue
			}
			if p := t.Slice(offset, number(i, 4)); p != nil {
				previews = append(previews, p)
			}
		}
		return false
	})
	return previews
}

// sameShape reports whether two pictures have the same proportions but for half a percent,
// which cameras take off to fill whole blocks.
func sameShape(a, b jpegseg.Frame) bool {
	d := a.Width*b.Height - b.Width*a.Height
	return max(d, -d)*200 <= a.Width*b.Height
}
