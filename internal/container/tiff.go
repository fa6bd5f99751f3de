package container

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Numbers of TIFF fields that say where other directories lie.
const (
	tagSubIFDs = 330
	tagExif    = 34665
)

// maxDirectories bounds how many directories of one file are read.
const maxDirectories = 256

// typeSizes is the size of a value by its type; 0 for types that do not exist.
var typeSizes = [...]uint64{
	1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}

// TIFF is a file built of TIFF directories: TIFF 6.0 and BigTIFF, and the camera RAW files
// that differ from them by their first bytes only.
type TIFF struct {
	Order binary.ByteOrder
	Big   bool   // BigTIFF: offsets and counts have 8 bytes
	First uint64 // where the first directory lies
	// Data is what offsets count in: the whole file, or of a maker's note from where its
	// offsets start.
	Data []byte

	seen map[uint64]bool
}

// ReadTIFF reads the header: those of TIFF, BigTIFF, Olympus (ORF) and Panasonic (RW2). It
// fails with ErrDamaged for others.
func ReadTIFF(data []byte) (*TIFF, error) {
	if len(data) < 8 {
		return nil, ErrDamaged
	}
	t := &TIFF{Data: data, seen: make(map[uint64]bool)}
	switch string(data[:4]) {
	case "II*\x00", "IIRO", "IIRS", "IIU\x00":
		t.Order = binary.LittleEndian
	case "MM\x00*", "MMOR":
		t.Order = binary.BigEndian
	case "II+\x00":
		t.Order, t.Big = binary.LittleEndian, true
	case "MM\x00+":
		t.Order, t.Big = binary.BigEndian, true
	default:
		return nil, ErrDamaged
	}
	if !t.Big {
		t.First = uint64(t.Order.Uint32(data[4:]))
		return t, nil
	}
	if len(data) < 16 || t.Order.Uint16(data[4:]) != 8 {
		return nil, ErrDamaged
	}
	t.First = t.Order.Uint64(data[8:])
	return t, nil
}

// At returns a view of data, whose offsets count from its own start, in which directories
// are read as in the classic format; makers' notes are such.
func At(data []byte, order binary.ByteOrder) *TIFF {
	return &TIFF{Data: data, Order: order, seen: make(map[uint64]bool)}
}

// Directory is one directory of fields.
type Directory struct {
	Fields []Field
	Next   uint64 // where the next one of the chain lies; 0: this is the last
	order  binary.ByteOrder
}

// Field is one field of a directory. Value holds Count values of a type as stored, nil
// where they go past the end of the file; Offset says where Value starts.
type Field struct {
	Tag, Type uint16
	Count     uint64
	Offset    uint64
	Value     []byte
}

// Slice returns n bytes from an offset on, nil where they do not lie in the data.
func (t *TIFF) Slice(offset, n uint64) []byte {
	if offset > uint64(len(t.Data)) || n > uint64(len(t.Data))-offset {
		return nil
	}
	return t.Data[offset : offset+n : offset+n]
}

// Directory reads the directory at an offset. A directory that goes past the end of the
// data has the fields that are there, and no next; it fails with ErrDamaged where there is
// none.
func (t *TIFF) Directory(offset uint64) (Directory, error) {
	countSize, entrySize, inline := uint64(2), uint64(12), uint64(4)
	if t.Big {
		countSize, entrySize, inline = 8, 20, 8
	}
	d := Directory{order: t.Order}
	head := t.Slice(offset, countSize)
	if offset == 0 || head == nil {
		return d, ErrDamaged
	}
	n := uint64(t.Order.Uint16(head))
	if t.Big {
		n = t.Order.Uint64(head)
	}
	left := uint64(len(t.Data)) - offset - countSize
	fits := min(n, left/entrySize)
	if fits == 0 || n > 1<<16 {
		return d, ErrDamaged
	}
	d.Fields = make([]Field, 0, fits)
	for i := range fits {
		at := offset + countSize + i*entrySize
		raw := t.Slice(at, entrySize)
		f := Field{Tag: t.Order.Uint16(raw), Type: t.Order.Uint16(raw[2:]), Count: t.number(raw[4:])}
		if int(f.Type) >= len(typeSizes) || typeSizes[f.Type] == 0 {
			continue
		}
		if f.Count > uint64(len(t.Data)) {
			f.Count = 0
			d.Fields = append(d.Fields, f)
			continue
		}
		size := f.Count * typeSizes[f.Type]
		f.Offset = at + entrySize - inline
		if size > inline {
			f.Offset = t.number(raw[entrySize-inline:])
		}
		f.Value = t.Slice(f.Offset, size)
		d.Fields = append(d.Fields, f)
	}
	if next := t.Slice(offset+countSize+n*entrySize, inline); next != nil {
		d.Next = t.number(next)
	}
	return d, nil
}

// number reads an offset or a count.
func (t *TIFF) number(b []byte) uint64 {
	if t.Big {
		return t.Order.Uint64(b)
	}
	return uint64(t.Order.Uint32(b))
}

// Walk calls fn for the directories of the chain, each followed by its sub-directories,
// until fn returns false. depth is 0 in the chain. A directory that cannot be read, or was
// met before, ends its chain.
func (t *TIFF) Walk(fn func(d Directory, depth int) bool) {
	t.walk(t.First, 0, fn)
}

func (t *TIFF) walk(offset uint64, depth int, fn func(d Directory, depth int) bool) bool {
	for offset != 0 && !t.seen[offset] && len(t.seen) < maxDirectories && depth < 8 {
		t.seen[offset] = true
		d, err := t.Directory(offset)
		if err != nil {
			return true
		}
		if !fn(d, depth) {
			return false
		}
		for _, sub := range d.Uints(tagSubIFDs) {
			if !t.walk(sub, depth+1, fn) {
				return false
			}
		}
		if depth > 0 {
			return true
		}
		offset = d.Next
	}
	return true
}

// Field returns the first field of that number, and whether there is one.
func (d Directory) Field(tag uint16) (Field, bool) {
	for _, f := range d.Fields {
		if f.Tag == tag {
			return f, true
		}
	}
	return Field{}, false
}

// Uints returns the whole, non-negative numbers of a field, nil where there are none.
func (d Directory) Uints(tag uint16) []uint64 {
	f, ok := d.Field(tag)
	if !ok || int(f.Type) >= len(typeSizes) {
		return nil
	}
	size := typeSizes[f.Type]
	switch f.Type {
	case 1, 3, 4, 7, 13, 16, 18:
	default:
		return nil
	}
	out := make([]uint64, 0, uint64(len(f.Value))/size)
	for v := f.Value; uint64(len(v)) >= size; v = v[size:] {
		switch size {
		case 1:
			out = append(out, uint64(v[0]))
		case 2:
			out = append(out, uint64(d.order.Uint16(v)))
		case 4:
			out = append(out, uint64(d.order.Uint32(v)))
		case 8:
			out = append(out, d.order.Uint64(v))
		}
	}
	return out
}

// Uint returns the first number of a field, or else otherwise.
func (d Directory) Uint(tag uint16, otherwise uint64) uint64 {
	if v := d.Uints(tag); len(v) > 0 {
		return v[0]
	}
	return otherwise
}

// Text returns the text of a field without what follows its first zero byte, trimmed.
func (d Directory) Text(tag uint16) string {
	f, _ := d.Field(tag)
	s, _, _ := bytes.Cut(f.Value, []byte{0})
	return strings.TrimSpace(string(s))
}

// Exif returns the directory of camera settings that d points to.
func (t *TIFF) Exif(d Directory) (Directory, bool) {
	e, err := t.Directory(d.Uint(tagExif, 0))
	return e, err == nil
}
