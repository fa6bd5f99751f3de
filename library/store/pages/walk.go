package pages

import (
	"encoding/binary"
	"math"
)

func float(bits uint64) float64 { return math.Float64frombits(bits) }

// Walk calls fn for each row that can be read of the table, or the table without rowid, whose
// b-tree begins at page root. fn says whether the row can be one of the table; a page none
// of whose rows can be is left for another. Walk returns how many pages and cells could not
// be read.
func (f *File) Walk(root uint32, fn func(Row) bool) (bad int) {
	todo := []uint32{root}
	for len(todo) > 0 {
		no := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if no == 0 || no > f.n || f.seen[no] {
			bad++
			continue
		}
		n, ok := f.node(no)
		if !ok {
			bad++
			continue
		}
		f.seen[no] = true
		taken, refused := 0, 0
		var children []uint32
		for _, at := range n.cells {
			row, child, ok := f.cell(&n, at)
			if child != 0 {
				children = append(children, child)
			}
			if n.kind == interiorTable {
				if !ok {
					bad++
				}
				continue
			}
			switch {
			case !ok:
				bad++
			case fn(row):
				taken++
			default:
				refused++
			}
		}
		bad += refused
		if refused > 0 && taken == 0 {
			f.seen[no] = false
			continue
		}
		if n.kind == interiorTable || n.kind == interiorIndex {
			todo = append(todo, n.right)
			todo = append(todo, children...)
		}
	}
	return bad
}

// Leaf is a page of rows that no walk has claimed.
type Leaf struct {
	Rows  []Row
	Table bool // of a table with rowids
	no    uint32
}

// Stray calls fn for each page of rows that no walk has claimed and that is not free: its way
// from the root was lost. fn says whether it claims it.
func (f *File) Stray(fn func(Leaf) bool) {
	free := f.free()
	for no := uint32(1); no <= f.n; no++ {
		if f.seen[no] || free[no] {
			continue
		}
		n, ok := f.node(no)
		if !ok || (n.kind != leafTable && n.kind != leafIndex && n.kind != interiorIndex) {
			continue
		}
		l := Leaf{Table: n.kind == leafTable, no: no}
		for _, at := range n.cells {
			if row, _, ok := f.cell(&n, at); ok {
				l.Rows = append(l.Rows, row)
			}
		}
		if len(l.Rows) > 0 && fn(l) {
			f.seen[no] = true
		}
	}
}

// free lists the pages that hold nothing any more, as far as the list of them can be read.
func (f *File) free() map[uint32]bool {
	out := map[uint32]bool{}
	head, ok := f.read(1)
	if !ok {
		return out
	}
	trunk := binary.BigEndian.Uint32(head[32:])
	for trunk != 0 && trunk <= f.n && !out[trunk] && !f.seen[trunk] {
		b, ok := f.read(trunk)
		if !ok {
			break
		}
		out[trunk] = true
		count := min(int(binary.BigEndian.Uint32(b[4:])&math.MaxInt32), (len(b)-8)/4)
		for i := range count {
			if no := binary.BigEndian.Uint32(b[8+4*i:]); no != 0 && no <= f.n && !f.seen[no] {
				out[no] = true
			}
		}
		trunk = binary.BigEndian.Uint32(b)
	}
	return out
}

// Root is where a table begins.
type Root struct {
	Name string
	Page uint32
}

// Tables lists the tables that the schema names, as far as it can be read.
func (f *File) Tables() []Root {
	var out []Root
	f.Walk(1, func(r Row) bool {
		if len(r.Values) != 5 {
			return false
		}
		kind, _ := r.Values[0].(string)
		name, named := r.Values[1].(string)
		page, ok := r.Values[3].(int64)
		if !named || !ok {
			return false
		}
		if kind == "table" && page > 1 && page <= int64(f.n) {
			out = append(out, Root{name, uint32(page)})
		}
		return true
	})
	return out
}
