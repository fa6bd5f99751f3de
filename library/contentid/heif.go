package contentid

import (
	"encoding/binary"

	"descry/internal/container"
)

// heifBrands are the brands of files whose picture is an item, by which the rule is chosen.
var heifBrands = map[string]bool{
	"heic": true, "heix": true, "hevc": true, "hevx": true, "heim": true, "heis": true, "hevm": true, "hevs": true,
	"mif1": true, "mif2": true, "mif3": true, "msf1": true, "miaf": true, "avif": true, "avis": true, "avio": true, "1pic": true,
}

// isHEIF reports whether a file starts with a file type box that names a HEIF brand.
func isHEIF(head []byte) bool {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return false
	}
	n := min(uint64(binary.BigEndian.Uint32(head)), uint64(len(head)))
	for at := uint64(8); at+4 <= n; at += 4 {
		if at != 12 && heifBrands[string(head[at:at+4])] { // 12: the version
			return true
		}
	}
	return false
}

// heifWords are the properties that say something about a picture and change nothing of
// it: description, alternative text, times.
var heifWords = map[string]bool{"udes": true, "altt": true, "crtt": true, "mdft": true}

// Limits on the items that make up one picture.
const (
	maxItems     = 1 << 16
	maxItemDepth = 8
)

type heifFile struct {
	*container.HEIF
	parts  map[uint32][]container.Reference // by the item that is made of others
	extras map[uint32][]uint32              // by the item, those that add to it: transparency, depth
	items  int                              // hashed so far
	budget uint64                           // bytes of properties that may still be hashed
}

// hashHEIF hashes the primary item with its properties, the items that it is made of and
// those that add to it. Where in the file they lie makes no difference. Files that hold a
// film beside the picture break the rule.
func hashHEIF(d *digest, data []byte) error {
	if container.Find(data, "moov") != nil {
		return errMalformed
	}
	h, err := container.ReadHEIF(data)
	if err != nil {
		return errMalformed
	}
	f := &heifFile{
		HEIF: h, parts: make(map[uint32][]container.Reference), extras: make(map[uint32][]uint32),
		budget: 2*uint64(len(data)) + 1<<20,
	}
	for _, r := range h.References() {
		switch r.Type {
		case "dimg", "pred", "exbl", "prem":
			f.parts[r.From] = append(f.parts[r.From], r)
		case "auxl":
			for _, to := range r.To {
				f.extras[to] = append(f.extras[to], r.From)
			}
		}
	}
	return f.item(d, h.Primary, 0)
}

func (f *heifFile) item(d *digest, id uint32, depth int) error {
	item := f.Item(id)
	if f.items++; item == nil || f.items > maxItems || depth > maxItemDepth {
		return errMalformed
	}
	d.part("item", []byte{byte(depth)}, []byte(item.Type))
	over := false
	if err := f.Properties(item, func(p container.Property) {
		cost := uint64(len(p.Body)) + 16
		if over = over || cost > f.budget; !over && !heifWords[p.Type] {
			f.budget -= cost
			d.part("property", []byte(p.Type), p.Body)
		}
	}); err != nil || over {
		return errMalformed
	}
	data, err := f.Data(item)
	if err != nil || len(data) == 0 && len(f.parts[id]) == 0 {
		return errMalformed
	}
	d.part("data", data...)
	for _, r := range f.parts[id] {
		d.part("of", []byte(r.Type), binary.BigEndian.AppendUint32(nil, uint32(len(r.To))))
		if r.Type == "prem" { // only says how the transparency, hashed below, is to be used
			continue
		}
		for _, part := range r.To {
			if err := f.item(d, part, depth+1); err != nil {
				return err
			}
		}
	}
	for _, extra := range f.extras[id] {
		d.part("extra")
		if err := f.item(d, extra, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// hashJXL hashes the codestream of a JPEG XL file, naked or in boxes.
func hashJXL(d *digest, data []byte) error {
	if data[0] == 0xFF {
		d.part("codestream", data)
		return nil
	}
	var pieces [][]byte
	whole, last, bad := false, false, false
	err := container.Boxes(data, func(kind string, body []byte) bool {
		switch kind {
		case "jxlc":
			bad = len(pieces) > 0
			whole = true
			pieces = append(pieces, body)
		case "jxlp": // four bytes before each: its number, the top bit set for the last one
			if bad = whole || last || len(body) < 4; !bad {
				n := binary.BigEndian.Uint32(body)
				last = n>>31 == 1
				bad = n&(1<<31-1) != uint32(len(pieces))
				pieces = append(pieces, body[4:])
			}
		}
		return !bad
	})
	if err != nil || bad || !whole && !last {
		return errMalformed
	}
	d.part("codestream", pieces...)
	return nil
}

// psdResources are the image resources of a Photoshop document that change what is seen:
// the colour profile, its wilful absence, the count of colours and the transparent one.
var psdResources = map[uint16]bool{1039: true, 1041: true, 1046: true, 1047: true}

// hashPSD hashes the sections of a Photoshop document but most of its image resources.
func hashPSD(d *digest, data []byte) error {
	if len(data) < 26 {
		return errMalformed
	}
	d.part("header", data[:26])
	large := data[5] == 2 // PSB, whose layers' length has 8 bytes
	p := data[26:]
	section := func(width int) (body []byte, ok bool) {
		if len(p) < width {
			return nil, false
		}
		n := uint64(binary.BigEndian.Uint32(p))
		if width == 8 {
			n = binary.BigEndian.Uint64(p)
		}
		if n > uint64(len(p)-width) {
			return nil, false
		}
		body, p = p[width:uint64(width)+n], p[uint64(width)+n:]
		return body, true
	}
	colours, ok := section(4)
	if !ok {
		return errMalformed
	}
	d.part("colours", colours)
	resources, ok := section(4)
	if !ok {
		return errMalformed
	}
	if err := container.PSDResources(resources, func(id uint16, body []byte) bool {
		if psdResources[id] {
			d.part("resource", binary.BigEndian.AppendUint16(nil, id), body)
		}
		return true
	}); err != nil {
		return errMalformed
	}
	width := 4
	if large {
		width = 8
	}
	layers, ok := section(width)
	if !ok || len(p) == 0 {
		return errMalformed
	}
	d.part("layers", layers)
	d.part("image", p)
	return nil
}
