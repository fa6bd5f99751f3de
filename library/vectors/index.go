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
	"os"
	"sync"
	"sync/atomic"

	"descry/library"
	"descry/library/store"
)

// Source is where vectors are stored; *store.Store is one.
type Source interface {
	// Vectors calls fn for the vectors of a space behind afterSeq, in order of Seq, at most
	// limit of them (0: all).
	Vectors(ctx context.Context, space library.SpaceID, afterSeq int64, limit int, fn func(store.VectorRow) error) error
	// VectorPhotos calls fn for all vectors of a space, in order of seq, with the photo that
	// shows each now; 0: none.
	VectorPhotos(ctx context.Context, space library.SpaceID, fn func(seq int64, photo library.PhotoID)) error
	// Generation changes when older vectors belong to other photos than before.
	Generation(ctx context.Context) (int64, error)
	// VectorMark returns mark and numbers of the vector of a space with a sequence number; nil
	// where there is none.
	VectorMark(ctx context.Context, space library.SpaceID, seq int64) (mark int64, data []byte, err error)
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
	file       *sideFile  // nil: all is in memory
	closed     bool
	alone      bool // the file is another process's, and of no use here
	rows       rows
	generation int64 // of the source when it was last followed
	last       int64 // sequence number of the last vector read
	refs       *references
	mean, hub  []float32 // of each vector with refs
	saved      bool      // the owners are written
	unseen     bool      // rows are not those of the present View

	damaged *atomic.Bool // a View met damage: the next Refresh makes a new file
	view    atomic.Pointer[View]
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

// Open opens the index and brings it up to date. It returns one, with what is whole, also
// beside an error.
func Open(ctx context.Context, p Params) (*Index, error) {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	x := &Index{p: p, layout: newLayout(p.Space.Dim), kernel: bestKernel(), damaged: new(atomic.Bool)}
	x.view.Store(x.snapshot())
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
// were forgotten or show another picture now drop out. The next View has them. A side file
// that is missing, of another library or damaged is made anew.
func (x *Index) Refresh(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.refresh(ctx); err != nil {
		return fmt.Errorf("read the vectors of the model %s: %w", x.p.Space.Model, err)
	}
	return nil
}

// Rebuild makes a new side file from the database. Views in use stay as they are.
func (x *Index) Rebuild(ctx context.Context) error {
	x.damaged.Store(true)
	return x.Refresh(ctx)
}

// Tidy brings a side file up to date, if there is one: vectors that the source forgot are not
// in it any more then.
func Tidy(ctx context.Context, p Params) error {
	if _, err := os.Stat(sideName(p)); err != nil {
		return nil // there is none, or it cannot be read
	}
	x, err := Open(ctx, p)
	return errors.Join(err, x.Close())
}

// Close writes down what the next opening would have to ask for and lets go of the side
// file. Views stay valid.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	x.save()
	err := x.file.close()
	x.file = nil
	return err
}

func (x *Index) refresh(ctx context.Context) error {
	if x.file == nil || !x.file.writable() {
		if err := x.attach(ctx); err != nil {
			return err
		}
	}
	if x.damaged.Load() {
		x.renew()
	}
	err := x.catchUp(ctx)
	if errors.Is(err, ErrDamaged) {
		x.p.Log.Warn("the file of vectors is made anew", "error", err)
		x.renew()
		err = x.catchUp(ctx)
	}
	return err
}
