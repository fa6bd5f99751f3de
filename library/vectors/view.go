package vectors

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"descry/library"
)

// View is the index at one moment: it does not change.
//
// Vectors are numbered 0 to Count-1, photos have the rows 0 to Len-1; where every photo has
// one vector (Single), vector i is that of row i. A mapped file stays mapped while a View is
// in use.
type View struct {
	layout
	kernel kernel
	blocks []*block
	tail   []uint16 // float16 rows behind the last whole block
	n      int      // vectors
	rowOf  []int32  // row of each vector's photo; -1: none. nil: vector i is row i
	photos []library.PhotoID
	rows   func() []int32 // row + 1 of each photo by its id; 0: none. Made when first needed
	mean   []float32
	hub    []float32
	// damaged is told of damage, so that the index mends it.
	damaged *atomic.Bool
}

// Len is the number of photos.
func (v *View) Len() int { return len(v.photos) }

// Dim is the length of a vector.
func (v *View) Dim() int { return v.dim }

// Photos are the photos of the rows. The slice must not be changed.
func (v *View) Photos() []library.PhotoID { return v.photos }

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

// Row finds the row of a photo.
func (v *View) Row(photo library.PhotoID) (int, bool) {
	if v.rows == nil {
		return 0, false
	}
	rows := v.rows()
	if photo <= 0 || int64(photo) >= int64(len(rows)) || rows[photo] == 0 {
		return 0, false
	}
	return int(rows[photo]) - 1, true
}

// Backdrop returns two numbers for each vector: the mean of its cosines with the reference
// vectors that SetReference was given, and the mean of its hubNeighbours greatest ones (or of
// all, where there are fewer). Both depend on the vector's numbers and the references alone,
// to the last bit. nil without reference vectors. The slices must not be changed.
func (v *View) Backdrop() (mean, hub []float32) { return v.mean, v.hub }

// Near puts the approximate cosine of q with each vector into dst, which has room for Count,
// and returns what none of them differs by more from that of Exact. q is a unit vector (any
// length will do) of Dim numbers. admit has a bit for each vector, least significant first;
// vectors whose bit is not set get -infinity and are not looked at; nil admits all.
//
// The results are the same whatever the number of threads and the processor, but a vector's
// result also depends on those it lies together with: what must be the same in another
// library of the same photos has to come from Exact.
//
// The error wraps ErrDamaged where bytes of the side file are not what was written.
func (v *View) Near(q []float32, admit []uint64, dst []float32) (bound float32, err error) {
	wide, length, err := v.widened(q)
	if err != nil {
		return 0, err
	}
	if v.n == 0 {
		return 0, nil
	}
	if admit != nil && len(admit) < (v.n+63)/64 {
		panic(fmt.Sprintf("vectors: a bitmap of %d words for %d vectors", len(admit), v.n))
	}
	dst = dst[:v.n]
	bounds := make([]float64, len(v.blocks))
	err = v.each((v.n+blockRows-1)/blockRows, func(k int) error {
		part := dst[k*blockRows : min((k+1)*blockRows, v.n)]
		var bits []uint64
		if admit != nil {
			bits = admit[k*blockRows/64:][:(len(part)+63)/64]
			if !slices.ContainsFunc(bits, func(w uint64) bool { return w != 0 }) {
				fill(part, float32(math.Inf(-1)))
				return nil
			}
		}
		if k == len(v.blocks) {
			v.nearTail(part, wide, bits)
			return nil
		}
		b := v.blocks[k]
		if err := b.checkNear(); err != nil {
			v.damaged.Store(true)
			return err
		}
		t := b.ask(wide, length)
		bounds[k] = t.bound
		v.kernel.near(part, b.nearRows(), t.query, t.base, t.step, bits)
		return nil
	})
	if err != nil {
		return 0, err
	}
	most := 0.0
	for _, b := range bounds {
		most = max(most, b)
	}
	return float32(most * (1 + 0x1p-20)), nil
}

// nearTail is exact: there are few vectors behind the last whole block.
func (v *View) nearTail(dst []float32, q []float64, admit []uint64) {
	if admit == nil {
		v.kernel.exact(dst, v.tail, nil, q)
		return
	}
	var rows []int32
	for i := range dst {
		dst[i] = float32(math.Inf(-1))
		if admit[i/64]>>(i%64)&1 == 1 {
			rows = append(rows, int32(i))
		}
	}
	some := make([]float32, len(rows))
	v.kernel.exact(some, v.tail, rows, q)
	for i, row := range rows {
		dst[row] = some[i]
	}
}

func fill(dst []float32, x float32) {
	for i := range dst {
		dst[i] = x
	}
}

// Exact puts the cosine of q with each of the vectors named into dst, which has room for as
// many. It is worked out from the stored numbers in double precision and rounded once, and
// depends on nothing but q and the vector. It is quickest where the numbers are ascending.
// The error wraps ErrDamaged where bytes of the side file are not what was written.
func (v *View) Exact(q []float32, vectors []int32, dst []float32) error {
	wide, _, err := v.widened(q)
	if err != nil || len(vectors) == 0 {
		return err
	}
	const chunk = 512
	dst = dst[:len(vectors)]
	return v.each((len(vectors)+chunk-1)/chunk, func(k int) error {
		some, out := vectors[k*chunk:min((k+1)*chunk, len(vectors))], dst[k*chunk:]
		var local [chunk]int32
		for len(some) > 0 {
			in := int(some[0]) / blockRows
			n := 0
			for ; n < len(some) && int(some[n])/blockRows == in; n++ {
				local[n] = some[n] % blockRows
			}
			data, err := v.exactRows(in)
			if err != nil {
				return err
			}
			v.kernel.exact(out[:n], data, local[:n], wide)
			some, out = some[n:], out[n:]
		}
		return nil
	})
}

// exactRows are the float16 rows of a block, or those behind the last one.
func (v *View) exactRows(k int) ([]uint16, error) {
	if k == len(v.blocks) {
		return v.tail, nil
	}
	if err := v.blocks[k].checkExact(); err != nil {
		v.damaged.Store(true)
		return nil, err
	}
	return v.blocks[k].exactRows(), nil
}

// ReadThrough reads what Near looks at, on this thread, and makes something of it: the least
// time that a scan can take, for benchmarks.
func (v *View) ReadThrough() uint64 {
	var all uint64
	for _, b := range v.blocks {
		all ^= v.kernel.read(b.nearRows())
	}
	runtime.KeepAlive(v)
	return all
}

// Top returns the k vectors, of those admitted (as for Near), whose cosines with q are the
// greatest, and these: just what Exact on all of them would give, the greatest first, of
// equal ones that with the smaller number.
func (v *View) Top(q []float32, admit []uint64, k int) (vectors []int32, cosines []float32, err error) {
	near := make([]float32, v.n)
	bound, err := v.Near(q, admit, near)
	if err != nil || k <= 0 {
		return nil, nil, err
	}
	vectors = within(near, k, 2*float64(bound))
	cosines = make([]float32, len(vectors))
	if err := v.Exact(q, vectors, cosines); err != nil {
		return nil, nil, err
	}
	order := make([]int, len(vectors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if cosines[a] != cosines[b] {
			if cosines[a] > cosines[b] {
				return -1
			}
			return 1
		}
		return int(vectors[a] - vectors[b])
	})
	order = order[:min(k, len(order))]
	top, score := make([]int32, len(order)), make([]float32, len(order))
	for i, o := range order {
		top[i], score[i] = vectors[o], cosines[o]
	}
	return top, score, nil
}

// within returns the numbers of the k greatest of some values, and of those that are less
// than the smallest of them by at most slack; of -infinity none.
func within(values []float32, k int, slack float64) []int32 {
	// heap holds the k greatest so far, the smallest first.
	heap := make([]float32, 0, k)
	down := func(i int) {
		for {
			c := 2*i + 1
			if c >= len(heap) {
				return
			}
			if c+1 < len(heap) && heap[c+1] < heap[c] {
				c++
			}
			if heap[i] <= heap[c] {
				return
			}
			heap[i], heap[c] = heap[c], heap[i]
			i = c
		}
	}
	least := float32(math.Inf(-1)) // what a value must exceed
	for _, x := range values {
		if x <= least {
			continue
		}
		if len(heap) < k {
			heap = append(heap, x)
			if len(heap) < k {
				continue
			}
			for i := k/2 - 1; i >= 0; i-- {
				down(i)
			}
		} else {
			heap[0] = x
			down(0)
		}
		least = heap[0]
	}
	var found []int32
	from := float64(least) - slack
	for i, x := range values {
		if float64(x) >= from && !math.IsInf(float64(x), -1) {
			found = append(found, int32(i))
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
	fill(dst, float32(math.Inf(-1)))
	for i, row := range v.rowOf {
		if row >= 0 && all[i] > dst[row] {
			dst[row] = all[i]
		}
	}
}

// ScanEach puts the cosine of q with each vector into dst, which has room for Count. What
// lies in a damaged part of the side file gets -1.
func (v *View) ScanEach(q, dst []float32) {
	wide, _, err := v.widened(q)
	_ = v.each((v.n+blockRows-1)/blockRows, func(k int) error {
		part := dst[k*blockRows : min((k+1)*blockRows, v.n)]
		data, damaged := v.exactRows(k)
		if err != nil || damaged != nil {
			fill(part, -1)
			return nil
		}
		v.kernel.exact(part, data, nil, wide)
		return nil
	})
}

// Vectors returns copies of a photo's vectors, one for each of its views; none when the
// photo has no row, or where they lie in a damaged part of the side file.
func (v *View) Vectors(photo library.PhotoID) [][]float32 {
	row, ok := v.Row(photo)
	if !ok {
		return nil
	}
	if v.rowOf == nil {
		return v.vector(nil, row)
	}
	var found [][]float32
	for i, r := range v.rowOf {
		if int(r) == row {
			found = v.vector(found, i)
		}
	}
	return found
}

// Vector returns a copy of vector i, nil where it lies in a damaged part of the side file.
func (v *View) Vector(i int) []float32 {
	for _, x := range v.vector(nil, i) {
		return x
	}
	return nil
}

// vector appends a copy of vector i.
func (v *View) vector(to [][]float32, i int) [][]float32 {
	data, err := v.exactRows(i / blockRows)
	if err != nil {
		return to
	}
	out := make([]float32, v.dim)
	widen(out, data[i%blockRows*v.layout.exact:])
	runtime.KeepAlive(v)
	return append(to, out)
}

var errQuery = errors.New("compare vectors: the query has a number that is not finite")

// widened is a query in double precision, with zeros behind it as rows have, and its length.
// A query of another length than the vectors is a mistake of the caller and panics.
func (v *View) widened(q []float32) (wide []float64, length float64, err error) {
	if len(q) != v.dim {
		panic(fmt.Sprintf("vectors: a query of %d numbers for vectors of %d", len(q), v.dim))
	}
	wide = make([]float64, v.layout.exact)
	for d, x := range q {
		wide[d] = float64(x)
		length += float64(wide[d] * wide[d])
	}
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return nil, 0, errQuery
	}
	return wide, math.Sqrt(length), nil
}

// each calls fn for 0 to n-1, on all cores, which take numbers as they come free. After an
// error no further ones are begun.
func (v *View) each(n int, fn func(k int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	work := func() {
		for failed.Load() == nil {
			k := int(next.Add(1)) - 1
			if k >= n {
				return
			}
			if err := fn(k); err != nil {
				failed.Store(&err)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	runtime.KeepAlive(v)
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
