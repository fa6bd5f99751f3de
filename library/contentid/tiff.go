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

// tiffTypeSize is the size of a value by its type; 0 for types that do not exist.
var tiffTypeSize = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

type tiffEntry struct {
	kind  uint16
	count uint64
	data  []byte
}

type tiffFile struct {
	data   []byte
	order  binary.ByteOrder
	seen   map[uint64]bool
	budget uint64 // bytes that may still be read
}

// hashTIFF hashes, directory by directory and sub-directories included, the tags named in
// tiffTags and the strips, tiles and JPEG streams that the directory points to. Where in
// the file they lie makes no difference.
func hashTIFF(d *digest, data []byte) error {
	if len(data) < 8 {
		return errMalformed
	}
	// Where strips may overlap, a small file can claim to hold terabytes.
	budget := 2*uint64(len(data)) + 1<<16
	f := &tiffFile{data: data, order: binary.LittleEndian, seen: make(map[uint64]bool), budget: budget}
	if data[0] == 'M' {
		f.order = binary.BigEndian
	}
	d.part("order", data[:2])
	pictures := 0
	for offset := uint64(f.order.Uint32(data[4:])); offset != 0; {
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
		offsets, err := f.numbers(entries[pair[0]])
		if err != nil {
			return 0, 0, err
		}
		counts, err := f.numbers(entries[pair[1]])
		if err != nil || len(offsets) != len(counts) {
			return 0, 0, errMalformed
		}
		for i, at := range offsets {
			block, err := f.slice(at, counts[i])
			if err != nil {
				return 0, 0, err
			}
			d.part("block", block)
			blocks++
		}
	}
	subs, err := f.numbers(entries[tagSubIFDs])
	if err != nil {
		return 0, 0, err
	}
	for _, sub := range subs {
		_, n, err := f.directory(d, sub, depth+1)
		if err != nil {
			return 0, 0, err
		}
		blocks += n
	}
	return next, blocks, nil
}

// entries reads a directory.
func (f *tiffFile) entries(offset uint64) (map[uint16]tiffEntry, uint64, error) {
	head, err := f.slice(offset, 2)
	if err != nil {
		return nil, 0, err
	}
	n := uint64(f.order.Uint16(head))
	table, err := f.slice(offset+2, 12*n+4)
	if err != nil {
		return nil, 0, err
	}
	entries := make(map[uint16]tiffEntry, n)
	for i := range n {
		raw := table[12*i : 12*i+12]
		tag := f.order.Uint16(raw)
		e := tiffEntry{kind: f.order.Uint16(raw[2:]), count: uint64(f.order.Uint32(raw[4:]))}
		if !relevant(tag) {
			continue
		}
		if int(e.kind) >= len(tiffTypeSize) || tiffTypeSize[e.kind] == 0 {
			return nil, 0, errMalformed
		}
		size := e.count * tiffTypeSize[e.kind]
		if size <= 4 {
			e.data = raw[8 : 8+size]
		} else if e.data, err = f.slice(uint64(f.order.Uint32(raw[8:])), size); err != nil {
			return nil, 0, err
		}
		if _, twice := entries[tag]; twice {
			return nil, 0, errMalformed
		}
		entries[tag] = e
	}
	return entries, uint64(f.order.Uint32(table[12*n:])), nil
}

func relevant(tag uint16) bool {
	switch tag {
	case tagStripOffsets, tagStripCounts, tagTileOffsets, tagTileCounts, tagSubIFDs, tagJPEGOffset, tagJPEGLength:
		return true
	}
	return slices.Contains(tiffTags, tag)
}

// numbers reads the values of an entry of offsets or lengths; none for a missing entry.
func (f *tiffFile) numbers(e tiffEntry) ([]uint64, error) {
	out := make([]uint64, 0, e.count)
	for i := range e.count {
		switch e.kind {
		case 3:
			out = append(out, uint64(f.order.Uint16(e.data[2*i:])))
		case 4, 13:
			out = append(out, uint64(f.order.Uint32(e.data[4*i:])))
		default:
			return nil, errMalformed
		}
	}
	return out, nil
}

func (f *tiffFile) slice(offset, n uint64) ([]byte, error) {
	if offset > uint64(len(f.data)) || n > uint64(len(f.data))-offset || n > f.budget {
		return nil, errMalformed
	}
	f.budget -= n
	return f.data[offset : offset+n], nil
}
