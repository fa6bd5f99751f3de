package vectors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
)

func (x *Index) catchUp(ctx context.Context) error {
	// Asked first: what changes while the rest is read is seen the next time.
	generation, err := x.p.Source.Generation(ctx)
	if err != nil {
		return err
	}
	if generation != x.generation && x.last > 0 {
		if err = x.follow(ctx); err != nil {
			return err
		}
		x.saved = false
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
	if x.unseen || len(x.rows.owners) > before {
		if missing := x.compare(ctx); missing != nil {
			return errors.Join(err, missing)
		}
		x.publish()
	}
	if err == nil {
		x.generation = generation
		x.save()
	}
	return err
}

// forget lets all vectors be read anew.
func (x *Index) forget() {
	x.rows, x.last, x.mean, x.hub, x.unseen = rows{}, 0, nil, nil, true
}

// follow asks anew which photos the vectors at hand belong to. When a quarter of them belongs
// to none any more, or an old one that is not at hand belongs to one again, it forgets all,
// so that they are read anew. Vectors that the source forgot are overwritten in the file.
func (x *Index) follow(ctx context.Context) error {
	s := &x.rows
	for _, b := range s.blocks {
		if err := b.checkSmall(); err != nil {
			return err
		}
	}
	photos := make([]library.PhotoID, len(s.owners))
	var gone []int
	shown, i, again := 0, 0, false
	upTo := func(seq int64) {
		for ; i < len(photos) && s.seq(i) < seq; i++ {
			photos[i] = erased
			if s.owners[i] != erased {
				gone = append(gone, i)
			}
		}
	}
	err := x.p.Source.VectorPhotos(ctx, x.p.Space.ID, func(seq int64, photo library.PhotoID) {
		upTo(seq)
		switch {
		case i < len(photos) && s.seq(i) == seq:
			photos[i] = photo
			i++
			if photo > 0 {
				shown++
			}
		case seq <= x.last && photo > 0:
			again = true
		}
	})
	if err != nil {
		return err
	}
	upTo(math.MaxInt64)
	if again || shown < len(photos)-len(photos)/4 {
		x.renew()
		return nil
	}
	if err := x.erase(gone); err != nil {
		return err
	}
	if !slices.Equal(photos, s.owners) {
		s.own(photos)
		x.unseen = true
	}
	return nil
}

// erase overwrites vectors in the file.
func (x *Index) erase(gone []int) error {
	for len(gone) > 0 {
		k := gone[0] / blockRows
		var rows []int
		for ; len(gone) > 0 && gone[0]/blockRows == k; gone = gone[1:] {
			rows = append(rows, gone[0]%blockRows)
		}
		if x.file.writable() && k < x.file.blocks {
			// What is known of how it compares goes with it.
			err := errors.Join(x.file.dropReference(), x.file.erase(x.rows.blocks[k], rows))
			if err != nil {
				return err
			}
		}
	}
	return nil
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
	var most library.PhotoID
	for _, p := range photos {
		most = max(most, p)
	}
	n := len(photos)
	s.owners, s.rowOf, s.photos, s.mixed = make([]library.PhotoID, 0, n), make([]int32, 0, n), make([]library.PhotoID, 0, n), false
	s.row = make([]int32, most+1)
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
		x.seal(r)
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
func (x *Index) publish() {
	x.view.Store(x.snapshot())
	x.unseen = false
}

// snapshot makes a View of what is at hand.
func (x *Index) snapshot() *View {
	s := &x.rows
	v := &View{
		layout: x.layout, kernel: x.kernel, blocks: slices.Clip(s.blocks), tail: s.tail, n: len(s.owners), photos: s.photos,
		mean: x.mean, hub: x.hub, damaged: x.damaged,
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
