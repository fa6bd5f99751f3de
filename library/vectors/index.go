// Package vectors keeps the vectors of one space at hand and compares them with a query: all
// of them, on all cores. It also packs vectors to the float16 that the database stores.
//
// A scan is quick because it looks at int8 rows, and exact because whatever may belong to the
// answer is then looked at as float16 (View.Near, View.Exact, View.Top). Both lie in a file
// beside the database, mapped into memory; docs/sidefile.md describes it.
package vectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
)

// Source is where vectors are stored; *store.Store is one.
type Source interface {
	// Vectors calls fn for the vectors of a space behind afterSeq, in order of Seq, at most
	// limit of them (0: all).
	Vectors(ctx context.Context, space library.SpaceID, afterSeq int64, limit int, fn func(store.VectorRow) error) error
	// VectorPhotos calls fn for the vectors that a photo shows now, in order of seq.
	VectorPhotos(ctx context.Context, space library.SpaceID, fn func(seq int64, photo library.PhotoID)) error
	// Generation changes when older vectors belong to other photos than before.
	Generation(ctx context.Context) (int64, error)
}

// Params is what an index is made of.
type Params struct {
	Source  Source
	Space   library.Space
	Dir     string       // folder for the side file and those that belong to it; "" keeps everything in memory
	Library string       // id of the library, written into the files: those of another one are made anew
	Log     *slog.Logger // nil: none
}

// Index holds the vectors of one space. It may be used by several goroutines at once.
//
// The rows of the index are photos, in the order in which they came. Rows are handed out
// as a View, which never changes; the index makes a new View when it catches up.
type Index struct {
	p      Params
	layout layout
	kernel kernel

	mu         sync.Mutex // one Refresh, Rebuild, SetReference or Close at a time; guards the fields below
	rows       rows
	generation int64 // of the source when it was last followed
	last       int64 // sequence number of the last vector read
	refs       *references
	mean, hub  []float32 // of each vector with refs

	view atomic.Pointer[View]
}

// rows are vectors in the order of their sequence numbers, and what they belong to.
type rows struct {
	blocks []*block
	tail   []uint16          // float16 rows behind the last whole block, with room for one
	seqs   []int64           // of the tail
	owners []library.PhotoID // photo of each vector; 0: none
	rowOf  []int32           // row of each vector's photo; -1: none
	mixed  bool              // some vector's number is not its row
	photos []library.PhotoID // of each row
	row    []int32           // row + 1 of each photo by its id; 0: none
}

// Open opens the index and brings it up to date.
func Open(ctx context.Context, p Params) (*Index, error) {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	x := &Index{p: p, layout: newLayout(p.Space.Dim), kernel: bestKernel()}
	x.view.Store(&View{layout: x.layout, kernel: x.kernel})
	return x, x.Refresh(ctx)
}

// Space is the space whose vectors the index holds.
func (x *Index) Space() library.Space { return x.p.Space }

// View is the present state of the index.
func (x *Index) View() *View { return x.view.Load() }

// Len is the number of photos in the present View.
func (x *Index) Len() int { return x.View().Len() }

// Photos are the photos of the present View. Use a View where photos and scores must fit
// together while the index may catch up.
func (x *Index) Photos() []library.PhotoID { return x.View().Photos() }

// Scan is Scan of the present View.
func (x *Index) Scan(q, dst []float32) { x.View().Scan(q, dst) }

// Refresh catches up with the source: new vectors come in, those whose photos are gone,
// were forgotten or show another picture now drop out. The next View has them.
func (x *Index) Refresh(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.catchUp(ctx); err != nil {
		return fmt.Errorf("read the vectors of the model %s: %w", x.p.Space.Model, err)
	}
	return nil
}

// Rebuild makes a new side file from the database, as after ErrDamaged. Views in use stay as
// they are.
func (x *Index) Rebuild(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget()
	if err := x.catchUp(ctx); err != nil {
		return fmt.Errorf("read the vectors of the model %s again: %w", x.p.Space.Model, err)
	}
	return nil
}

// Close gives back what the index holds beside memory. Views stay valid.
func (x *Index) Close() error { return nil }

func (x *Index) catchUp(ctx context.Context) error {
	// Asked first: what changes while the rest is read is seen the next time.
	generation, err := x.p.Source.Generation(ctx)
	if err != nil {
		return err
	}
	changed := false
	if generation != x.generation && x.last > 0 {
		if changed, err = x.follow(ctx); err != nil {
			return err
		}
	}
	before := len(x.rows.owners)
	err = x.p.Source.Vectors(ctx, x.p.Space.ID, x.last, 0, func(r store.VectorRow) error {
		if len(r.Data) != float16.Size*x.layout.dim {
			return fmt.Errorf("vector %d has %d bytes instead of %d", r.Seq, len(r.Data), float16.Size*x.layout.dim)
		}
		if r.Photo != 0 {
			x.add(r)
		}
		x.last = r.Seq
		return nil
	})
	// What came before an error is whole, and is shown.
	if changed || len(x.rows.owners) > before {
		if missing := x.compare(ctx); missing != nil {
			return errors.Join(err, missing)
		}
		x.publish()
	}
	if err == nil {
		x.generation = generation
	}
	return err
}

// forget lets all vectors be read anew.
func (x *Index) forget() { x.rows, x.last, x.mean, x.hub = rows{}, 0, nil, nil }

// follow asks anew which photos the vectors at hand belong to. When a quarter of them belongs
// to none any more, or an old one that is not at hand belongs to one again, it forgets all,
// so that they are read anew.
func (x *Index) follow(ctx context.Context) (changed bool, err error) {
	s := &x.rows
	photos := make([]library.PhotoID, len(s.owners))
	shown, i, again := 0, 0, false
	err = x.p.Source.VectorPhotos(ctx, x.p.Space.ID, func(seq int64, photo library.PhotoID) {
		for i < len(photos) && s.seq(i) < seq {
			i++
		}
		if i < len(photos) && s.seq(i) == seq {
			photos[i] = photo
			shown++
		} else if seq <= x.last {
			again = true
		}
	})
	if err != nil {
		return false, err
	}
	if again || shown < len(photos)-len(photos)/4 {
		x.forget()
		return true, nil
	}
	if slices.Equal(photos, s.owners) {
		return false, nil
	}
	s.own(photos)
	return true, nil
}

// seq is the sequence number of vector i.
func (s *rows) seq(i int) int64 {
	if k := i / blockRows; k < len(s.blocks) {
		return s.blocks[k].allSeqs()[i%blockRows]
	}
	return s.seqs[i%blockRows]
}

// own says anew to which photos the vectors belong.
func (s *rows) own(photos []library.PhotoID) {
	s.owners, s.rowOf, s.photos, s.row, s.mixed = nil, nil, nil, nil, false
	for _, p := range photos {
		s.assign(p)
	}
}

// add appends a vector. Views made earlier hold the slices with their length of then; what is
// appended lies behind that.
func (x *Index) add(r store.VectorRow) {
	s := &x.rows
	if s.tail == nil {
		s.tail = make([]uint16, 0, blockRows*x.layout.exact)
		s.seqs = make([]int64, 0, blockRows)
	}
	s.tail = appendRow(s.tail, r.Data, x.layout.exact)
	s.seqs = append(s.seqs, r.Seq)
	s.assign(r.Photo)
	if len(s.seqs) == blockRows {
		s.blocks = append(s.blocks, seal(x.layout, s.tail, s.seqs, 0, uint64(len(s.blocks))))
		s.tail, s.seqs = nil, nil
	}
}

// appendRow appends the float16 numbers of a stored vector, little endian, and zeros to make
// up a row. A vector that holds infinity or NaN, which no unit vector does, is like no query:
// only zeros.
func appendRow(dst []uint16, data []byte, stride int) []uint16 {
	from := len(dst)
	for i := 0; i+2 <= len(data); i += 2 {
		h := uint16(data[i]) | uint16(data[i+1])<<8
		if h&0x7c00 == 0x7c00 {
			dst = dst[:from]
			break
		}
		dst = append(dst, h)
	}
	for len(dst) < from+stride {
		dst = append(dst, 0)
	}
	return dst
}

// assign gives the next vector to a photo: to its row, or to a new one.
func (s *rows) assign(photo library.PhotoID) {
	row := int32(-1)
	if photo > 0 {
		if n := int(photo) + 1 - len(s.row); n > 0 {
			s.row = append(s.row, make([]int32, n)...)
		}
		if s.row[photo] == 0 {
			s.photos = append(s.photos, photo)
			s.row[photo] = int32(len(s.photos))
		}
		row = s.row[photo] - 1
	}
	s.mixed = s.mixed || int(row) != len(s.owners)
	s.owners = append(s.owners, photo)
	s.rowOf = append(s.rowOf, row)
}

// publish makes a View of what is at hand the present one.
func (x *Index) publish() { x.view.Store(x.snapshot()) }

// snapshot makes a View of what is at hand.
func (x *Index) snapshot() *View {
	s := &x.rows
	v := &View{
		layout: x.layout, kernel: x.kernel, blocks: slices.Clip(s.blocks), tail: s.tail, n: len(s.owners), photos: s.photos,
		mean: x.mean, hub: x.hub,
	}
	if s.mixed {
		v.rowOf = s.rowOf
	}
	v.rows = sync.OnceValue(func() []int32 {
		var most library.PhotoID
		for _, p := range v.photos {
			most = max(most, p)
		}
		rows := make([]int32, most+1)
		for row, p := range v.photos {
			rows[p] = int32(row) + 1
		}
		return rows
	})
	return v
}
