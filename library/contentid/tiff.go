package contentid

import (
	"encoding/binary"
	"slices"
)

// tiffTags are the tags that decide what is seen: kind of picture, size, samples,
// compression and how to undo it, colour.
var tiffTags = []uint16{
	254, 255, 256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 318, 319, 320,
	322, 323, 332, 334, 336, 338, 339, 340, 341, 342, 347, 512, 519, 520, 521, 529, 530, 531, 532,
	33421, 33422, 34675, 50706, 50710, 50711, 50712, 50713, 50714, 50717, 50721, 50727, 50728, 50778,
}

// Tags that say where data lies.
const (
	tagStripOffsets = 273
	tagStripCounts  = 279
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagSubIFDs      = 330
	tagJPEGOffset   = 513
	tagJPEGLength   = 514
)

// maxIFDs bounds how many directories of a TIFF file are followed.
const maxIFDs = 1024

// tiffTypeSize is the size of a value by its type; 0 for types that do not exist. Those from
// 16 on exist in BigTIFF only.
var tiffTypeSize = [...]uint64{
	1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}

// layout says how long the numbers of a TIFF file are.
type layout struct {
	count, entry, width uint64 // bytes of the number of entries, of an entry, of an offset or a value count
	lastType            int
}

var (
	plainTIFF = layout{2, 12, 4, 13}
	bigTIFF   = layout{8, 20, 8, 18}
)

type tiffEntry struct {
	kind  uint16
	count uint64
	data  []byte
}

type tiffFile struct {
	layout
	data   []byte
	order  binary.ByteOrder
	seen   map[uint64]bool
	budget uint64 // bytes that may still be read
}

// hashTIFF hashes, directory by directory and sub-directories included, the tags named in
// tiffTags and the strips, tiles and JPEG streams that the directory points to. Where in
// the file they lie makes no difference.
func hashTIFF(d *digest, data []byte) error { return hashDirectories(d, data, plainTIFF, 4) }

// hashBigTIFF does the same for BigTIFF.
func hashBigTIFF(d *digest, data []byte) error {
	if len(data) < 8 || string(data[4:8]) != "\x08\x00\x00\x00" && string(data[4:8]) != "\x00\x08\x00\x00" {
		return errMalformed // offsets of another length than 8 bytes
	}
	return hashDirectories(d, data, bigTIFF, 8)
}

// hashDirectories hashes the chain of directories whose first offset lies at start.
func hashDirectories(d *digest, data []byte, l layout, start uint64) error {
	// Where strips may overlap, a small file can claim to hold terabytes.
	budget := 2*uint64(len(data)) + 1<<16 + l.width
	f := &tiffFile{layout: l, data: data, order: binary.LittleEndian, seen: make(map[uint64]bool), budget: budget}
	if data[0] == 'M' {
		f.order = binary.BigEndian
	}
	first, err := f.slice(start, l.width)
	if err != nil {
		return err
	}
	d.part("order", data[:2])
	pictures := 0
	for offset := f.long(first); offset != 0; {
		next, n, err := f.directory(d, offset, 0)
		if err != nil {
			return err
		}
		pictures += n
		offset = next
	}
	if pictures == 0 {
		return errMalformed
	}
	return nil
}

// directory hashes the directory at offset and those below it, and returns the offset of
// the one that follows and how many blocks of picture data were hashed.
func (f *tiffFile) directory(d *digest, offset uint64, depth int) (next uint64, blocks int, err error) {
	if f.seen[offset] || len(f.seen) >= maxIFDs || depth > 8 {
		return 0, 0, errMalformed
	}
	f.seen[offset] = true
	entries, next, err := f.entries(offset)
	if err != nil {
		return 0, 0, err
	}
	d.part("directory", []byte{byte(depth)})
	for _, tag := range tiffTags {
		if e, ok := entries[tag]; ok {
			d.part("tag", binary.BigEndian.AppendUint16(nil, tag), binary.BigEndian.AppendUint16(nil, e.kind), e.data)
		}
	}
	for _, pair := range [][2]uint16{
		{tagStripOffsets, tagStripCounts}, {tagTileOffsets, tagTileCounts}, {tagJPEGOffset, tagJPEGLength},
	} {
		offsets, counts := entries[pair[0]], entries[pair[1]]
		if offsets.count != counts.count || !offsets.numbers() || !counts.numbers() {
			return 0, 0, errMalformed
		}
		for i := range offsets.count {
			block, err := f.slice(f.number(offsets, i), f.number(counts, i))
			if err != nil {
				return 0, 0, err
			}
			d.part("block", block)
			blocks++
		}
	}
	subs := entries[tagSubIFDs]
	if !subs.numbers() {
		return 0, 0, errMalformed
	}
	for i := range subs.count {
		_, n, err := f.directory(d, f.number(subs, i), depth+1)
		if err != nil {
			return 0, 0, err
		}
		blocks += n
	}
	return next, blocks, nil
}

// entries reads a directory.
func (f *tiffFile) entries(offset uint64) (map[uint16]tiffEntry, uint64, error) {
	head, err := f.slice(offset, f.count)
	if err != nil {
		return nil, 0, err
	}
	n := uint64(f.order.Uint16(head))
	if f.count == 8 {
		n = f.order.Uint64(head)
	}
	if n > uint64(len(f.data)) {
		return nil, 0, errMalformed
	}
	table, err := f.slice(offset+f.count, f.entry*n+f.width)
	if err != nil {
		return nil, 0, err
	}
	entries := make(map[uint16]tiffEntry)
	for i := range n {
		raw := table[f.entry*i : f.entry*(i+1)]
		tag := f.order.Uint16(raw)
		if !relevant(tag) {
			continue
		}
		e := tiffEntry{kind: f.order.Uint16(raw[2:]), count: f.long(raw[4:])}
		if int(e.kind) > f.lastType || tiffTypeSize[e.kind] == 0 || e.count > uint64(len(f.data)) {
			return nil, 0, errMalformed
		}
		value := raw[4+f.width:]
		size := e.count * tiffTypeSize[e.kind]
		if size <= f.width {
			e.data = value[:size]
		} else if e.data, err = f.slice(f.long(value), size); err != nil {
			return nil, 0, err
		}
		if _, twice := entries[tag]; twice {
			return nil, 0, errMalformed
		}
		entries[tag] = e
	}
	return entries, f.long(table[f.entry*n:]), nil
}

func relevant(tag uint16) bool {
	switch tag {
	case tagStripOffsets, tagStripCounts, tagTileOffsets, tagTileCounts, tagSubIFDs, tagJPEGOffset, tagJPEGLength:
		return true
	}
	return slices.Contains(tiffTags, tag)
}

// numbers reports whether the values of an entry can be offsets or lengths; those of a
// missing entry are none.
func (e tiffEntry) numbers() bool {
	switch e.kind {
	case 3, 4, 13, 16, 18:
		return true
	}
	return e.count == 0
}

// number is a value of such an entry.
func (f *tiffFile) number(e tiffEntry, i uint64) uint64 {
	switch tiffTypeSize[e.kind] {
	case 2:
		return uint64(f.order.Uint16(e.data[2*i:]))
	case 4:
		return uint64(f.order.Uint32(e.data[4*i:]))
	}
	return f.order.Uint64(e.data[8*i:])
}

// long reads an offset or a count of values.
func (f *tiffFile) long(b []byte) uint64 {
	if f.width == 4 {
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

func (f *tiffFile) slice(offset, n uint64) ([]byte, error) {
	if offset > uint64(len(f.data)) || n > uint64(len(f.data))-offset || n > f.budget {
		return nil, errMalformed
	}
	f.budget -= n
	return f.data[offset : offset+n], nil
}
