// Package pages reads the rows of an SQLite database page by page, without SQLite: of a
// damaged one, everything whose page is still readable.
//
// It follows the file format as documented at sqlite.org/fileformat2.html. Every page, number
// and length in the file is taken for hostile: what does not fit is counted and passed over.
package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The kinds of b-tree pages.
const (
	interiorIndex = 0x02
	interiorTable = 0x05
	leafIndex     = 0x0a
	leafTable     = 0x0d
)

// defaultPage is the page size where neither the file nor its log says: SQLite's default.
const defaultPage = 4096

// File is a database file with the committed part of its write-ahead log.
type File struct {
	db     io.ReaderAt
	wal    io.ReaderAt
	page   int              // bytes
	usable int              // bytes of a page that hold content
	n      uint32           // pages
	logged map[uint32]int64 // page: where its newest committed version lies in wal
	seen   []bool           // pages that a walk has claimed
	more   int              // overflow pages that may still be read: chains that loop cost no more
}

// Row is a row of a table as it is stored: its rowid (0 in a table without) and the values of
// the stored columns. Values are nil, int64, float64, string or []byte. A column that is the
// rowid itself is stored as nil.
type Row struct {
	ID     int64
	Values []any
}

// Open prepares a database of size bytes, and its write-ahead log of walSize bytes (0: none).
// Error: there is not even one page.
func Open(db io.ReaderAt, size int64, wal io.ReaderAt, walSize int64) (*File, error) {
	f := &File{db: db, wal: wal, page: defaultPage, logged: map[uint32]int64{}}
	head := make([]byte, 100)
	n, err := db.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the head of the database: %w", err)
	}
	if n == len(head) {
		if p := pageSize(uint32(binary.BigEndian.Uint16(head[16:]))); p != 0 {
			f.page = p
		}
	}
	f.readLog(walSize)
	f.usable = f.page
	// Reserved bytes are always 0 here; a damaged head must not shift every record.
	f.n = uint32(min((size+int64(f.page)-1)/int64(f.page), 1<<30))
	most := f.n + uint32(len(f.logged)) // a log adds no page without a frame for it
	for no := range f.logged {
		if no <= most {
			f.n = max(f.n, no)
		}
	}
	if f.n == 0 {
		return nil, errors.New("the database has no page")
	}
	f.seen = make([]bool, int(f.n)+1)
	f.more = 4 * int(f.n)
	return f, nil
}

// pageSize checks a page size as the file's head or its log says it; 0 is none.
func pageSize(p uint32) int {
	if p == 1 {
		p = 65536
	}
	if p < 512 || p > 65536 || p&(p-1) != 0 {
		return 0
	}
	return int(p)
}

// readLog finds the newest committed version of each page in the write-ahead log: frames
// whose salts are the log's and whose checksums hold, up to the last that ends a commit.
func (f *File) readLog(size int64) {
	if f.wal == nil || size < 32 {
		return
	}
	head := make([]byte, 32)
	if _, err := f.wal.ReadAt(head, 0); err != nil {
		return
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(head) {
	case 0x377f0682:
	case 0x377f0683:
		order = binary.BigEndian
	default:
		return
	}
	page := pageSize(binary.BigEndian.Uint32(head[8:]))
	if page == 0 {
		return
	}
	var sum [2]uint32
	add := func(b []byte) {
		for i := 0; i+8 <= len(b); i += 8 {
			sum[0] += order.Uint32(b[i:]) + sum[1]
			sum[1] += order.Uint32(b[i+4:]) + sum[0]
		}
	}
	holds := func(b []byte) bool {
		return binary.BigEndian.Uint32(b) == sum[0] && binary.BigEndian.Uint32(b[4:]) == sum[1]
	}
	add(head[:24])
	if !holds(head[24:]) {
		return
	}
	f.page = page
	pending := map[uint32]int64{}
	frame := make([]byte, 24+page)
	for at := int64(32); at+int64(len(frame)) <= size; at += int64(len(frame)) {
		if _, err := f.wal.ReadAt(frame, at); err != nil {
			return
		}
		if string(frame[8:16]) != string(head[16:24]) {
			return
		}
		add(frame[:8])
		add(frame[24:])
		if !holds(frame[16:]) {
			return
		}
		if no := binary.BigEndian.Uint32(frame); no > 0 && no < 1<<31 {
			pending[no] = at + 24
		}
		if binary.BigEndian.Uint32(frame[4:]) != 0 { // the frame ends a commit
			for no, at := range pending {
				f.logged[no] = at
			}
			clear(pending)
		}
	}
}

// read returns a page, zero-filled where the file is cut short; false where there is nothing
// of it.
func (f *File) read(no uint32) ([]byte, bool) {
	if no == 0 || no > f.n {
		return nil, false
	}
	b := make([]byte, f.page)
	from, at := f.db, int64(no-1)*int64(f.page)
	if logged, ok := f.logged[no]; ok {
		from, at = f.wal, logged
	}
	n, err := from.ReadAt(b, at)
	return b, n > 0 && (err == nil || errors.Is(err, io.EOF))
}

// node is a b-tree page.
type node struct {
	no    uint32
	kind  byte
	body  []byte
	cells []int // where they begin
	right uint32
	left  int // bytes that its cells may still have: sound ones do not overlap
}

func (f *File) node(no uint32) (node, bool) {
	b, ok := f.read(no)
	if !ok {
		return node{}, false
	}
	start := 0
	if no == 1 {
		start = 100
	}
	h := b[start:]
	n := node{no: no, kind: h[0], body: b, left: len(b)}
	first := start + 8
	switch n.kind {
	case leafIndex, leafTable:
	case interiorIndex, interiorTable:
		n.right = binary.BigEndian.Uint32(h[8:])
		first += 4
	default:
		return n, false
	}
	count := int(binary.BigEndian.Uint16(h[3:]))
	if first+2*count > len(b) {
		return n, false
	}
	for i := range count {
		at := int(binary.BigEndian.Uint16(b[first+2*i:]))
		if at < first+2*count || at >= len(b) {
			at = 0 // no cell can begin there: it is counted as bad
		}
		n.cells = append(n.cells, at)
	}
	return n, true
}

// varint reads a number; n is 0 where the bytes end before it does.
func varint(b []byte) (v uint64, n int) {
	for i := range b {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// cell reads the row of a leaf cell or of an interior cell of an index. child is the page
// left of an interior cell.
func (f *File) cell(n *node, at int) (row Row, child uint32, ok bool) {
	if at == 0 {
		return row, 0, false
	}
	b := n.body[at:]
	if n.kind == interiorTable || n.kind == interiorIndex {
		if len(b) < 4 {
			return row, 0, false
		}
		child = binary.BigEndian.Uint32(b)
		b = b[4:]
		if n.kind == interiorTable {
			return row, child, true
		}
	}
	size, k := varint(b)
	if k == 0 {
		return row, child, false
	}
	b = b[k:]
	if n.kind == leafTable {
		id, k := varint(b)
		if k == 0 {
			return row, child, false
		}
		row.ID = int64(id)
		b = b[k:]
	}
	payload, ok := f.payload(n, b, size, n.kind == leafTable)
	if !ok {
		return row, child, false
	}
	row.Values, ok = record(payload)
	return row, child, ok
}

// payload gathers a record from its page and its overflow pages.
func (f *File) payload(n *node, b []byte, size uint64, table bool) ([]byte, bool) {
	if size > uint64(f.n)*uint64(f.page) || size > 1<<30 {
		return nil, false
	}
	total, u := int(size), f.usable
	most := u - 35
	if !table {
		most = (u-12)*64/255 - 23
	}
	if total <= most {
		if n.left -= total; total > len(b) || n.left < 0 {
			return nil, false
		}
		return b[:total], true
	}
	least := (u-12)*32/255 - 23
	local := least + (total-least)%(u-4)
	if local > most {
		local = least
	}
	if n.left -= local; local+4 > len(b) || n.left < 0 {
		return nil, false
	}
	out := append([]byte(nil), b[:local]...)
	next := binary.BigEndian.Uint32(b[local:])
	for len(out) < total {
		p, ok := f.read(next)
		if f.more--; !ok || f.more < 0 {
			return nil, false
		}
		out = append(out, p[4:min(len(p), 4+total-len(out))]...)
		f.seen[next] = true
		next = binary.BigEndian.Uint32(p)
	}
	return out, true
}

// record decodes the values of a record.
func record(b []byte) ([]any, bool) {
	size, k := varint(b)
	if k == 0 || size < uint64(k) || size > uint64(len(b)) {
		return nil, false
	}
	types, body := b[k:size], b[size:]
	var out []any
	for len(types) > 0 {
		t, k := varint(types)
		if k == 0 {
			return nil, false
		}
		types = types[k:]
		v, n, ok := value(t, body)
		if !ok {
			return nil, false
		}
		out, body = append(out, v), body[n:]
	}
	return out, true
}

// value decodes one value of a serial type and returns how long it is.
func value(t uint64, b []byte) (v any, n int, ok bool) {
	switch t {
	case 0:
		return nil, 0, true
	case 8, 9:
		return int64(t - 8), 0, true
	case 1, 2, 3, 4, 5, 6, 7:
		n = [...]int{0, 1, 2, 3, 4, 6, 8, 8}[t]
		if n > len(b) {
			return nil, 0, false
		}
		i := int64(int8(b[0]))
		for _, c := range b[1:n] {
			i = i<<8 | int64(c)
		}
		if t == 7 {
			return float(uint64(i)), n, true
		}
		return i, n, true
	case 10, 11:
		return nil, 0, false
	}
	size := (t - 12) / 2
	if size > uint64(len(b)) {
		return nil, 0, false
	}
	n = int(size)
	if t%2 == 1 {
		return string(b[:n]), n, true
	}
	return append([]byte{}, b[:n]...), n, true
}
