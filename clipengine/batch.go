package clipengine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"descry/clipengine/ort"
	"descry/internal/float16"
)

// How batches grow.
const (
	// mostBatch is the longest batch that is tried. It is a power of two, as all lengths are:
	// several providers prepare themselves anew for each length, so that there must be few.
	mostBatch = 32
	// growRuns is how many full runs are timed at each length. One more comes before, which
	// pays for what is prepared once.
	growRuns = 3
	// growPays is how much of the time for a picture a doubled batch must save to be kept.
	growPays = 0.05
)

// batcher gathers pictures that are encoded at the same time into batches for a device. While
// one batch runs, who comes next copies its picture into the next; so a device is not left
// waiting, and a single picture does not wait for others. It begins with single pictures and
// doubles the batch while that pays; when a run fails it halves it, since most fail for lack of
// memory or for another limit of the device. One that fails with a single picture is out of order.
type batcher struct {
	t    tower
	size int64 // side of the picture in pixels
	half bool  // pixels are of half precision
	most int   // the longest batch
	now  func() time.Time
	// settle is called when the length to keep is known, and with short where it is not longer
	// because a run failed.
	settle func(length int, short bool)
	proven int // the longest run that was compared; of the worker alone

	mu      sync.Mutex
	waiting []*batch // the last one may still take pictures
	running bool
	spare   []*batch // whose memory is used again
	closed  bool     // memory is given back
	length  int      // what a batch may hold now, a power of two
	settled bool     // length stays, but for lack of memory
	runs    int      // timed at this length
	fastest time.Duration
	before  time.Duration // fastest for a picture at half the length; 0: none
}

// batch is some pictures that run together.
type batch struct {
	in      ort.Tensor // the pictures, one behind the other
	free    func()     // gives the memory of in back
	room    int        // pictures that it holds
	calls   []*call
	copying sync.WaitGroup
}

// call is one picture in a batch.
type call struct {
	ctx  context.Context
	done chan struct{} // closed when the next two are set
	v    []float32
	err  error
}

// newBatcher makes a batcher for a tower. It begins with the length of a proof, and keeps to it
// unless a longer run failed, perhaps for memory that another program had.
func newBatcher(t tower, size int, half bool, most int, p Proof, now func() time.Time, settle func(length int, short bool)) *batcher {
	b := &batcher{t: t, size: int64(size), half: half, most: most, now: now, settle: settle, length: 1, proven: 1}
	if p.Batch > 0 {
		b.length, b.settled = min(p.Batch, most), !p.Short
		b.proven = b.length
	}
	if most == 1 {
		b.settled = true
	}
	return b
}

// numbers is how many numbers a picture has.
func (b *batcher) numbers() int { return int(3 * b.size * b.size) }

// encode returns what the tower gives for one picture.
func (b *batcher) encode(ctx context.Context, tensor []float32) ([]float32, error) {
	c := &call{ctx: ctx, done: make(chan struct{})}
	b.mu.Lock()
	bt, i := b.place(c)
	if !b.running {
		b.running = true
		go b.work()
	}
	b.mu.Unlock()
	n := b.numbers()
	if b.half {
		float16.Append(bt.in.Float16[2*i*n:2*i*n], tensor)
	} else {
		copy(bt.in.Float32[i*n:(i+1)*n], tensor)
	}
	bt.copying.Done()
	select {
	case <-c.done:
		return c.v, c.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// place finds room in a waiting batch, or begins one. b.mu is held.
func (b *batcher) place(c *call) (*batch, int) {
	var bt *batch
	if n := len(b.waiting); n > 0 {
		bt = b.waiting[n-1]
	}
	if bt == nil || len(bt.calls) >= min(b.length, bt.room) {
		bt = nil
		if n := len(b.spare); n > 0 {
			bt, b.spare = b.spare[n-1], b.spare[:n-1]
		}
		if bt != nil && bt.room < b.length {
			bt.free()
			bt = nil
		}
		if bt == nil {
			bt = &batch{room: b.length}
			bt.in, bt.free = b.t.Input([]int64{int64(b.length), 3, b.size, b.size}, b.half)
		}
		b.waiting = append(b.waiting, bt)
	}
	bt.calls = append(bt.calls, c)
	bt.copying.Add(1)
	return bt, len(bt.calls) - 1
}

// work runs batches until none waits.
func (b *batcher) work() {
	for {
		b.mu.Lock()
		if len(b.waiting) == 0 {
			b.running = false
			b.mu.Unlock()
			return
		}
		bt := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.mu.Unlock()
		bt.copying.Wait()
		b.run(bt)
		b.mu.Lock()
		bt.calls = nil
		if len(b.spare) == 0 && bt.room == b.length && !b.closed {
			b.spare = append(b.spare, bt)
		} else {
			bt.free()
		}
		b.mu.Unlock()
	}
}

// close gives the memory of batches back and closes the tower. What still waits fails.
func (b *batcher) close() error {
	b.mu.Lock()
	b.closed = true
	b.drop()
	b.mu.Unlock()
	return b.t.Close()
}

// drop gives the memory back that waits to be used again. b.mu is held.
func (b *batcher) drop() {
	for _, bt := range b.spare {
		bt.free()
	}
	b.spare = nil
}

// run encodes the pictures of a batch, in shorter ones where that fails.
func (b *batcher) run(bt *batch) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The run ends early when nobody waits for any of its pictures.
	left := int64(len(bt.calls))
	for _, c := range bt.calls {
		stop := context.AfterFunc(c.ctx, func() {
			if atomic.AddInt64(&left, -1) == 0 {
				cancel()
			}
		})
		defer stop()
	}
	for from := 0; from < len(bt.calls); {
		b.mu.Lock()
		length := b.length
		b.mu.Unlock()
		k := min(length, len(bt.calls)-from)
		begun := b.now()
		rows, err := b.piece(ctx, bt, from, k)
		took := b.now().Sub(begun)
		if err == nil && roundUp(k) > b.proven {
			rows, err = b.prove(ctx, bt, from, k, rows)
		}
		if err != nil && context.Cause(ctx) == nil && !errors.Is(err, ort.ErrClosed) && b.halve(roundUp(k), true) {
			continue
		}
		if err == nil && roundUp(k) <= b.proven {
			b.took(k, took)
		}
		for i, c := range bt.calls[from : from+k] {
			if c.err = err; err == nil {
				c.v = rows[i]
			}
			close(c.done)
		}
		from += k
	}
}

// piece runs k pictures of a batch. What is run is filled up to a power of two.
func (b *batcher) piece(ctx context.Context, bt *batch, from, k int) ([][]float32, error) {
	length, n := roundUp(k), b.numbers()
	in := bt.in.Rows(from, length)
	if b.half {
		clear(in.Float16[2*k*n:])
	} else {
		clear(in.Float32[k*n:])
	}
	out, err := b.t.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	data := out[0].Data
	if len(data) == 0 || len(data)%length != 0 {
		return nil, fmt.Errorf("it gave %d numbers for %d pictures", len(data), length)
	}
	dim := len(data) / length
	rows := make([][]float32, k)
	for i := range rows {
		rows[i] = data[i*dim : (i+1)*dim : (i+1)*dim]
	}
	return rows, nil
}

// prove compares the rows that a run of a new length gave for k pictures with those of two runs
// of half the length, which is known to be right: the self-test ran single pictures. A device
// that gives others keeps to that length. A picture for which the half gives no direction, since
// half precision is too small for it, tells nothing. It returns rows that are right.
func (b *batcher) prove(ctx context.Context, bt *batch, from, k int, rows [][]float32) ([][]float32, error) {
	full := roundUp(k)
	short, err := b.piece(ctx, bt, from, full/2)
	if err != nil {
		return nil, err
	}
	rest, err := b.piece(ctx, bt, from+full/2, k-full/2)
	if err != nil {
		return nil, err
	}
	short = append(short, rest...)
	compared := false
	for i, row := range rows {
		if length(short[i]) == 0 {
			rows[i] = short[i]
			continue
		}
		if len(row) != len(short[i]) || !(1-dot(row, short[i])/math.Sqrt(dot(row, row)*dot(short[i], short[i])) <= MaxDistance) {
			b.halve(full, false)
			return short, nil
		}
		compared = true
	}
	if compared {
		b.proven = full
	}
	return rows, nil
}

// roundUp is the smallest power of two that is not less than n.
func roundUp(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// halve makes batches shorter after one of k pictures was wrong or, with short, failed; false:
// there is no shorter one.
func (b *batcher) halve(k int, short bool) bool {
	if k <= 1 {
		return false
	}
	b.mu.Lock()
	b.length = min(b.length, k/2)
	b.settled = true
	b.drop()
	length := b.length
	b.mu.Unlock()
	b.settle(length, short)
	return true
}

// took notes how long a run of k pictures took, and makes batches longer while that pays.
func (b *batcher) took(k int, d time.Duration) {
	b.mu.Lock()
	if b.settled || k != b.length {
		b.mu.Unlock()
		return
	}
	b.runs++
	each := d / time.Duration(k)
	if b.runs > 1 && (b.fastest == 0 || each < b.fastest) {
		b.fastest = each
	}
	if b.runs > growRuns {
		switch {
		case b.before > 0 && float64(b.fastest) > (1-growPays)*float64(b.before):
			b.length, b.settled = b.length/2, true
		case 2*b.length > b.most:
			b.settled = true
		default:
			b.length, b.before = 2*b.length, b.fastest
		}
		b.runs, b.fastest = 0, 0
		b.drop()
	}
	settled, length := b.settled, b.length
	b.mu.Unlock()
	if settled {
		b.settle(length, false)
	}
}
