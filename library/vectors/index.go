// Package vectors keeps the vectors of one space at hand and compares them with a query:
// exactly, all of them, on all cores. It also packs vectors to the float16 that the
// database stores.
package vectors

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"descry/library"
)

// segmentRows is how many vectors lie together in memory: growing allocates a further
// segment and copies nothing.
const segmentRows = 4096

// Index holds the vectors of one space in memory, 2 bytes a number. It may be used by
// several goroutines at once.
//
// The rows of the index are photos, in the order in which they came. Rows are handed out
// as a View, which never changes; the index makes a new View when it catches up. That is
// the border behind which the vectors may move to a mapped file.
type Index struct {
	source Source
	space  library.Space

	refresh    sync.Mutex // one Refresh at a time; guards the fields below
	rows       rows
	generation int64 // of the source when it was last followed
	last       int64 // sequence number of the last vector read

	view atomic.Pointer[View]
}

// rows are vectors in the order of their sequence numbers, and what they belong to.
type rows struct {
	segments [][]uint16 // segmentRows × dim numbers each, the last maybe part
	seqs     []int64
	owners   []library.PhotoID // photo of each vector; 0: none
	rowOf    []int32           // row of each vector's photo; -1: none
	mixed    bool              // some vector's number is not its row
	photos   []library.PhotoID // of each row
	row      map[library.PhotoID]int32
}

// Open reads all vectors of the space.
func Open(ctx context.Context, source Source, space library.Space) (*Index, error) {
	x := &Index{source: source, space: space}
	x.view.Store(&View{dim: space.Dim})
	return x, x.Refresh(ctx)
}

// Space is the space whose vectors the index holds.
func (x *Index) Space() library.Space { return x.space }

// View is the present state of the index.
func (x *Index) View() *View { return x.view.Load() }

// Len is the number of photos in the present View.
func (x *Index) Len() int { return x.View().Len() }

// Photos are the photos of the present View. Use a View where photos and scores must fit
// together while the index may catch up.
func (x *Index) Photos() []library.PhotoID { return x.View().Photos() }

// Scan is Scan of the present View.
func (x *Index) Scan(q, dst []float32) { x.View().Scan(q, dst) }

// View is the index at one moment: it does not change.
type View struct {
	dim      int
	segments [][]uint16
	n        int     // vectors
	rowOf    []int32 // row of each vector's photo; -1: none. nil: vector i is row i
	photos   []library.PhotoID
	find     func() map[library.PhotoID]int // rows by photo, made when first needed
}

// Len is the number of photos.
func (v *View) Len() int { return len(v.photos) }

// Dim is the length of a vector.
func (v *View) Dim() int { return v.dim }

// Photos are the photos of the rows. The slice must not be changed.
func (v *View) Photos() []library.PhotoID { return v.photos }

// Row finds the row of a photo.
func (v *View) Row(photo library.PhotoID) (int, bool) {
	if v.find == nil {
		return 0, false
	}
	row, ok := v.find()[photo]
	return row, ok
}

// Vectors returns copies of a photo's vectors, one for each of its views; none when the
// photo has no row.
func (v *View) Vectors(photo library.PhotoID) [][]float32 {
	row, ok := v.Row(photo)
	if !ok {
		return nil
	}
	if v.rowOf == nil {
		return [][]float32{v.vector(row)}
	}
	var found [][]float32
	for i, r := range v.rowOf {
		if int(r) == row {
			found = append(found, v.vector(i))
		}
	}
	return found
}

// Scan puts the cosine of q with each photo into dst, row by row; of several views of a
// photo the best counts. q is a unit vector of Dim numbers, dst has room for Len. A q of
// another length is a mistake of the caller and panics.
func (v *View) Scan(q, dst []float32) {
	dst = dst[:len(v.photos)]
	if v.rowOf == nil {
		v.ScanEach(q, dst)
		return
	}
	all := make([]float32, v.n)
	v.ScanEach(q, all)
	for i := range dst {
		dst[i] = float32(math.Inf(-1))
	}
	for i, row := range v.rowOf {
		if row >= 0 && all[i] > dst[row] {
			dst[row] = all[i]
		}
	}
}

// Single reports that each photo has one vector, so that vector i is the one of row i.
func (v *View) Single() bool { return v.rowOf == nil }

// Count is the number of vectors.
func (v *View) Count() int { return v.n }

// RowOf is the row of vector i's photo; -1: no photo shows it now.
func (v *View) RowOf(i int) int {
	if v.rowOf == nil {
		return i
	}
	return int(v.rowOf[i])
}

// ScanEach puts the cosine of q with each vector into dst, which has room for Count.
func (v *View) ScanEach(q, dst []float32) {
	if v.n == 0 {
		return
	}
	if len(q) != v.dim {
		panic(fmt.Sprintf("vectors: a query of %d numbers for vectors of %d", len(q), v.dim))
	}
	v.scan(q, dst[:v.n])
}

// scan scores each vector. The cores take segments as they come free.
func (v *View) scan(q, scores []float32) {
	s := scaled(q)
	var next atomic.Int64
	work := func() {
		for {
			k := int(next.Add(1)) - 1
			if k >= len(v.segments) {
				return
			}
			seg := v.segments[k]
			part := scores[k*segmentRows : min((k+1)*segmentRows, v.n)]
			for i := range part {
				part[i] = dot(s, seg[i*v.dim:])
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(v.segments)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

func (v *View) vector(i int) []float32 {
	seg := v.segments[i/segmentRows][i%segmentRows*v.dim:]
	out := make([]float32, v.dim)
	for k := range out {
		out[k] = widen(seg[k]) * rebias
	}
	return out
}
