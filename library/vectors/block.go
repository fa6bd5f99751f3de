package vectors

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"descry/internal/float16"
)

// blockRows is how many vectors lie together: a multiple of 64, so that the words of a bitmap
// belong to one block.
const blockRows = 4096

// ErrDamaged is what comes of the side file's bytes being others than were written to it.
// The next Refresh of the Index mends that.
var ErrDamaged = errors.New("the file of vectors for searching is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// layout says where the parts of a block lie, in bytes. Everything is in the order of bytes of
// the machine; docs/sidefile.md describes it.
type layout struct {
	dim          int
	near, exact  int // numbers in a row of either kind: dim rounded up
	centre       int // dim float32
	step         int // dim float32
	seqs         int // blockRows int64
	nears        int // blockRows × near int8
	exacts, size int // blockRows × exact float16, and the whole block
}

// blockHead is the size of a block's header, fileUnit what blocks are a multiple of: every
// system maps files in pages of that or less.
const (
	blockHead = 64
	fileUnit  = 64 << 10
)

func newLayout(dim int) layout {
	l := layout{dim: dim, near: roundUp(dim, 64), exact: roundUp(dim, 32), centre: blockHead}
	l.step = l.centre + 4*dim
	l.seqs = roundUp(l.step+4*dim, 64)
	l.nears = l.seqs + 8*blockRows
	l.exacts = l.nears + blockRows*l.near
	l.size = roundUp(l.exacts+2*blockRows*l.exact, fileUnit)
	return l
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// head is the header of a block.
type head struct {
	small    uint32 // CRC-32C of what lies between this number and the int8 rows
	nearSum  uint32 // CRC-32C of the int8 rows
	exactSum uint32 // CRC-32C of the float16 rows
	_        uint32
	nonce    uint64 // of the file
	number   uint64 // of the block in the file
	// The greatest lengths, over the rows, of what lies between a vector and what its int8 row
	// stands for, of the same with each dimension divided by its step, and of the int8 row.
	apart, apartSteps, size float64
	_                       uint64
}

// block is blockRows vectors, in memory or mapped. It does not change.
type block struct {
	layout
	data          []byte
	mapped        bool        // from a file: what is read is checked when it is first used
	trusted       atomic.Bool // this process wrote it
	nonce, number uint64      // what the header of a mapped one must say

	smallOnce, nearOnce, exactOnce sync.Once
	smallErr, nearErr, exactErr    error
}

// seal makes a block of the float16 rows of whole vectors, each as long as the layout says,
// and their sequence numbers.
//
// A dimension's numbers are written as steps from the middle between its smallest and its
// greatest one in this block: image vectors of CLIP have dimensions that are far from zero in
// all pictures, and a common scale would leave nothing of the others.
func seal(l layout, rows []uint16, seqs []int64, nonce, number uint64) *block {
	b := &block{layout: l, data: alignedBytes(l.size)}
	h := b.head()
	h.nonce, h.number = nonce, number
	copy(b.allSeqs(), seqs)
	copy(b.exactRows(), rows)
	centre, step := b.floats(l.centre), b.floats(l.step)
	low, high := make([]float32, l.dim), make([]float32, l.dim)
	row := make([]float32, l.dim)
	for i := range blockRows {
		widen(row, rows[i*l.exact:])
		for d, v := range row {
			if i == 0 || v < low[d] {
				low[d] = v
			}
			if i == 0 || v > high[d] {
				high[d] = v
			}
		}
	}
	for d := range centre {
		centre[d] = (low[d] + high[d]) / 2
		step[d] = (high[d] - low[d]) / 254
	}
	near := b.nearRows()
	for i := range blockRows {
		widen(row, rows[i*l.exact:])
		var apart, steps, size float64
		to := near[i*l.near:][:l.dim]
		for d, v := range row {
			away := float64(v) - float64(centre[d])
			var r float64
			if step[d] > 0 {
				exact := away / float64(step[d])
				r = math.RoundToEven(exact)
				if r > 127 {
					r = 127
				} else if r < -127 {
					r = -127
				}
				rest := exact - r
				steps += float64(rest * rest)
			}
			to[d] = int8(r)
			rest := away - float64(r*float64(step[d]))
			apart += float64(rest * rest)
			size += r * r
		}
		h.apart, h.apartSteps, h.size = max(h.apart, apart), max(h.apartSteps, steps), max(h.size, size)
	}
	h.apart, h.apartSteps, h.size = math.Sqrt(h.apart), math.Sqrt(h.apartSteps), math.Sqrt(h.size)
	b.sum()
	return b
}

// sum writes the checksums.
func (b *block) sum() {
	h := b.head()
	h.nearSum = crc32.Checksum(b.data[b.nears:b.exacts], castagnoli)
	h.exactSum = crc32.Checksum(b.exactBytes(), castagnoli)
	h.small = crc32.Checksum(b.data[4:b.nears], castagnoli)
}

// middle is the float16 row nearest to the centre of the block.
func (b *block) middle() []uint16 {
	row := make([]uint16, b.layout.exact)
	for d, c := range b.floats(b.centre) {
		row[d] = float16.Bits(c)
	}
	return row
}

// widen writes the float32 of a float16 row to dst.
func widen(dst []float32, row []uint16) {
	row = row[:len(dst)]
	for d, v := range row {
		dst[d] = float16.Value(v)
	}
}

// alignedBytes is n bytes of memory that begin at a multiple of 64.
func alignedBytes(n int) []byte {
	b := make([]byte, n+63)
	from := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & 63
	return b[from : from+n : from+n]
}

func (b *block) head() *head { return (*head)(unsafe.Pointer(unsafe.SliceData(b.data))) }

func (b *block) floats(at int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(&b.data[at])), b.dim)
}

func (b *block) allSeqs() []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(&b.data[b.seqs])), blockRows)
}

func (b *block) nearRows() []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(&b.data[b.nears])), blockRows*b.layout.near)
}

func (b *block) exactRows() []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(&b.data[b.exacts])), blockRows*b.layout.exact)
}

func (b *block) exactBytes() []byte { return b.data[b.exacts:][:2*blockRows*b.layout.exact] }

// sure reports that the bytes come from this process.
func (b *block) sure() bool { return !b.mapped || b.trusted.Load() }

// checkSmall makes sure that header, scales and sequence numbers are as they were written.
func (b *block) checkSmall() error {
	if b.sure() {
		return nil
	}
	b.smallOnce.Do(func() {
		b.smallErr = b.check(b.data[4:b.nears], func() uint32 { return b.head().small }, "header")
		if h := b.head(); b.smallErr == nil && (h.nonce != b.nonce || h.number != b.number) {
			b.smallErr = fmt.Errorf("%w: a block at the place of another", ErrDamaged)
		}
	})
	return b.smallErr
}

// checkNear makes sure that everything near needs is as it was written.
func (b *block) checkNear() error {
	if b.sure() {
		return nil
	}
	b.nearOnce.Do(func() {
		if b.nearErr = b.checkSmall(); b.nearErr == nil {
			b.nearErr = b.check(b.data[b.nears:b.exacts], func() uint32 { return b.head().nearSum }, "int8 rows")
		}
	})
	return b.nearErr
}

// checkExact makes sure that the float16 rows are as they were written.
func (b *block) checkExact() error {
	if b.sure() {
		return nil
	}
	b.exactOnce.Do(func() {
		if b.exactErr = b.checkSmall(); b.exactErr == nil {
			b.exactErr = b.check(b.exactBytes(), func() uint32 { return b.head().exactSum }, "float16 rows")
		}
	})
	return b.exactErr
}

// check compares bytes with their checksum, which is only read when the bytes are there.
func (b *block) check(data []byte, sum func() uint32, what string) error {
	if err := populate(data); err != nil {
		return fmt.Errorf("%w: read the %s of a block: %w", ErrDamaged, what, err)
	}
	if crc32.Checksum(data, castagnoli) != sum() {
		return fmt.Errorf("%w: the %s of a block", ErrDamaged, what)
	}
	return nil
}

// question is a query made ready for the int8 rows of a block.
type question struct {
	query      []int16
	base, step float64
	bound      float64 // of |near − exact|
}

// ask makes a query ready. With c and s the block's centre and steps, r an int8 row and
// e = v − (c + s∘r) what it leaves of a vector v,
//
//	q·v = q·c + (q∘s)·r + q·e.
//
// q·c is worked out once; q∘s is written as whole multiples of a step of its own, a power of
// two, so fine that the products' sum still fits 32 bits. What is left out is bounded by
// Cauchy and Schwarz: |q·e| by |q| |e| and by |q∘s| |e/s|, whichever is less, the rest of
// q∘s by its length times that of r.
func (b *block) ask(q []float64, length float64) question {
	h := b.head()
	centre, step := b.floats(b.centre), b.floats(b.layout.step)
	t := question{query: make([]int16, b.layout.near)}
	weights := make([]float64, b.dim)
	var sum, greatest, square float64
	for d, x := range q[:b.dim] {
		t.base += float64(x * float64(centre[d]))
		w := float64(x * float64(step[d])) // exact: 24 bits by 24
		weights[d] = w
		sum += math.Abs(w)
		greatest = max(greatest, math.Abs(w))
		square += float64(w * w)
	}
	limit := max(greatest/32766, sum*127/(1<<31-1<<24))
	if limit > 0 && !math.IsInf(limit, 0) {
		_, exp := math.Frexp(limit)
		t.step = math.Ldexp(1, exp)
		var rest float64
		for d, w := range weights {
			m := math.RoundToEven(w / t.step)
			t.query[d] = int16(m)
			left := w - float64(m*t.step)
			rest += float64(left * left)
		}
		t.bound = math.Sqrt(rest) * h.size
	}
	t.bound += min(length*h.apart, math.Sqrt(square)*h.apartSteps)
	// The sums above are of float64; the results of near and exact are rounded to float32.
	t.bound = t.bound*(1+1e-9) + 0x1p-22*(math.Abs(t.base)+math.Sqrt(square)*h.size+length*h.apart)
	return t
}
