package vectors

import (
	"context"
	"fmt"
	"slices"
	"sync"

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

// Refresh catches up with the source: new vectors come in, those whose photos are gone,
// were forgotten or show another picture now drop out. The next View has them.
func (x *Index) Refresh(ctx context.Context) error {
	x.refresh.Lock()
	defer x.refresh.Unlock()
	if err := x.catchUp(ctx); err != nil {
		return fmt.Errorf("read the vectors of the model %s: %w", x.space.Model, err)
	}
	return nil
}

func (x *Index) catchUp(ctx context.Context) error {
	// Asked first: what changes while the rest is read is seen the next time.
	generation, err := x.source.Generation(ctx)
	if err != nil {
		return err
	}
	changed := false
	if generation != x.generation {
		if changed, err = x.follow(ctx); err != nil {
			return err
		}
	}
	before := len(x.rows.seqs)
	err = x.source.Vectors(ctx, x.space.ID, x.last, 0, func(r store.VectorRow) error {
		if len(r.Data) != float16.Size*x.space.Dim {
			return fmt.Errorf("vector %d has %d bytes instead of %d", r.Seq, len(r.Data), float16.Size*x.space.Dim)
		}
		if r.Photo != 0 {
			x.rows.add(r, x.space.Dim)
		}
		x.last = r.Seq
		return nil
	})
	// What came before an error is whole, and is shown.
	if changed || len(x.rows.seqs) > before {
		x.publish()
	}
	if err == nil {
		x.generation = generation
	}
	return err
}

// follow asks anew which photos the vectors in memory belong to. When a quarter of them
// belongs to none any more, or an old one that is not in memory belongs to one again, it
// forgets all, so that they are read anew.
func (x *Index) follow(ctx context.Context) (changed bool, err error) {
	s := &x.rows
	photos := make([]library.PhotoID, len(s.seqs))
	shown, i, again := 0, 0, false
	err = x.source.VectorPhotos(ctx, x.space.ID, func(seq int64, photo library.PhotoID) {
		for i < len(s.seqs) && s.seqs[i] < seq {
			i++
		}
		if i < len(s.seqs) && s.seqs[i] == seq {
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
		x.rows, x.last = rows{}, 0
		return true, nil
	}
	if slices.Equal(photos, s.owners) {
		return false, nil
	}
	s.owners, s.rowOf, s.photos, s.row, s.mixed = nil, nil, nil, nil, false
	for _, p := range photos {
		s.assign(p)
	}
	return true, nil
}

// add appends a vector. Views made earlier hold the slices with their length of then;
// what is appended lies behind that.
func (s *rows) add(r store.VectorRow, dim int) {
	k := len(s.seqs) / segmentRows
	if k == len(s.segments) {
		s.segments = append(s.segments, make([]uint16, 0, segmentRows*dim))
	}
	s.segments[k] = appendRow(s.segments[k], r.Data)
	s.seqs = append(s.seqs, r.Seq)
	s.assign(r.Photo)
}

// assign gives the next vector to a photo: to its row, or to a new one.
func (s *rows) assign(photo library.PhotoID) {
	if s.row == nil {
		s.row = map[library.PhotoID]int32{}
	}
	row, ok := s.row[photo]
	switch {
	case photo == 0:
		row = -1
	case !ok:
		row = int32(len(s.photos))
		s.row[photo] = row
		s.photos = append(s.photos, photo)
	}
	s.mixed = s.mixed || int(row) != len(s.owners)
	s.owners = append(s.owners, photo)
	s.rowOf = append(s.rowOf, row)
}

// publish makes a View of what is in memory.
func (x *Index) publish() {
	s := &x.rows
	v := &View{dim: x.space.Dim, segments: slices.Clone(s.segments), n: len(s.seqs), photos: s.photos}
	if s.mixed {
		v.rowOf = s.rowOf
	}
	v.find = sync.OnceValue(func() map[library.PhotoID]int {
		m := make(map[library.PhotoID]int, len(v.photos))
		for row, p := range v.photos {
			m[p] = row
		}
		return m
	})
	x.view.Store(v)
}
