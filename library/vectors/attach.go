package vectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"descry/library"
	"descry/library/store"
)

// attach takes the side file into use: the one that is there, or a new one. Where that does
// not work, because another process writes it and it is not there yet, the disk is full, the
// system maps no files, all stays in memory. Only the source's errors are errors.
func (x *Index) attach(ctx context.Context) error {
	if x.p.Dir == "" || !canMap || x.closed {
		return nil
	}
	if x.file == nil {
		if err := os.MkdirAll(x.p.Dir, 0o700); err != nil {
			x.p.Log.Debug("the folder for the file of vectors cannot be made", "error", err)
			return nil
		}
	}
	lock, err := lockSide(sideName(x.p))
	if err != nil {
		x.p.Log.Debug("the file of vectors cannot be written", "error", err)
	}
	if lock == nil && (x.file != nil || x.alone) {
		return nil // another process still writes it
	}
	x.alone = false
	return x.take(ctx, lock)
}

// take opens the side file with or without the right to write it. What is at hand is read anew.
func (x *Index) take(ctx context.Context, lock *os.File) error {
	file, err := openSide(x.p, x.layout, lock)
	var blocks []*block
	if err == nil {
		blocks, err = x.fits(ctx, file)
		if err != nil {
			file.f.Close()
		}
	}
	if errors.Is(err, errSource) {
		if lock != nil {
			lock.Close()
		}
		return err
	}
	if err != nil {
		x.p.Log.Debug("the file of vectors is not used", "error", err)
		file = nil
		if errors.Is(err, errStale) && lock != nil {
			if file, err = makeSide(x.p, x.layout, lock); err != nil {
				x.p.Log.Warn("the file of vectors cannot be made", "error", err)
			}
		}
	}
	if file == nil && lock != nil {
		lock.Close()
	}
	if file == nil && len(x.rows.owners) > 0 {
		return nil // what is in memory is as good
	}
	if err := x.file.close(); err != nil {
		x.p.Log.Warn("the file of vectors was not closed", "error", err)
	}
	x.file = file
	x.forget()
	if file == nil {
		return nil
	}
	x.rows.blocks = blocks
	x.last, x.generation = file.slot.last, unknown
	n := len(blocks) * blockRows
	generation, owners, ok := file.loadOwners()
	if ok && len(owners) >= n {
		x.generation, x.saved = generation, len(owners) == n
		x.rows.own(owners[:n])
	} else {
		x.rows.own(make([]library.PhotoID, n))
	}
	return nil
}

// unknown is no generation that a source has.
const unknown = -1

// errSource marks an error of the source, not of the file.
var errSource = errors.New("ask the library")

// fits maps the blocks of a file, if it is one of the source as it is now: the last vector in it
// is still there and was stored at the same occasion. Sequence numbers only grow and a restored
// database lacks the end, so all before it is the same then, too, but for what was forgotten.
func (x *Index) fits(ctx context.Context, file *sideFile) ([]*block, error) {
	var blocks []*block
	for i := range file.slot.blocks {
		b, err := file.block(i)
		if err != nil {
			return nil, fmt.Errorf("map the file of vectors: %w", err)
		}
		blocks = append(blocks, b)
	}
	if len(blocks) == 0 {
		return nil, nil
	}
	mark, data, err := x.p.Source.VectorMark(ctx, x.p.Space.ID, file.slot.last)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSource, err)
	}
	if data == nil || mark != file.slot.mark {
		return nil, fmt.Errorf("%w: the library does not have its last vector", errStale)
	}
	if mark != 0 {
		return blocks, nil
	}
	// A vector of an older library. Its numbers have to do.
	b := blocks[len(blocks)-1]
	if err := b.checkExact(); err != nil {
		return nil, fmt.Errorf("%w: %w", errStale, err)
	}
	row := b.exactRows()[(blockRows-1)*x.layout.exact:][:x.layout.exact]
	var want []byte
	for _, h := range appendRow(nil, data, x.layout.exact) {
		want = binary.NativeEndian.AppendUint16(want, h)
	}
	var have []byte
	for _, h := range row {
		have = binary.NativeEndian.AppendUint16(have, h)
	}
	if !bytes.Equal(want, have) {
		return nil, fmt.Errorf("%w: its last vector is another one", errStale)
	}
	return blocks, nil
}

// renew lets all vectors be read anew, into a new side file.
func (x *Index) renew() {
	x.damaged.Store(false)
	x.forget()
	if !x.file.writable() {
		// Somebody else makes it anew, or there is none.
		x.alone = x.file != nil
		if err := x.file.close(); err != nil {
			x.p.Log.Warn("the file of vectors was not closed", "error", err)
		}
		x.file = nil
		return
	}
	old := x.file
	var err error
	if x.file, err = makeSide(x.p, x.layout, old.lock); err != nil {
		x.p.Log.Warn("the file of vectors cannot be made", "error", err)
		x.file = nil
	} else {
		old.lock = nil // handed on
	}
	if err := old.close(); err != nil {
		x.p.Log.Warn("the file of vectors was not closed", "error", err)
	}
}

// seal makes a block of the tail, which ends with r, in the file where that can be written.
func (x *Index) seal(r store.VectorRow) {
	s := &x.rows
	number, file := len(s.blocks), x.file
	b := seal(x.layout, s.tail, s.seqs, 0, uint64(number))
	if file.writable() && file.blocks == number {
		b.head().nonce = file.header.nonce
		b.sum()
		in, err := file.append(b, r.Seq, r.Mark)
		if err == nil {
			b = in
			if file.blocks-file.slot.blocks >= publishEvery {
				err = file.publish()
			}
		}
		if err != nil {
			// The rest stays in memory: a full disk hinders no search.
			x.p.Log.Warn("the file of vectors cannot be written", "error", err)
		}
	}
	s.blocks, s.tail, s.seqs = append(s.blocks, b), nil, nil
}

// publishEvery is how many blocks may be lost when the process ends: they are read again.
const publishEvery = 32

// save makes what was written to the file part of it, and writes down to which photos its
// vectors belong.
func (x *Index) save() {
	if !x.file.writable() {
		return
	}
	if x.file.blocks > x.file.slot.blocks {
		x.saved = false
		if err := x.file.publish(); err != nil {
			x.p.Log.Warn("the file of vectors cannot be written", "error", err)
			return
		}
	}
	n := x.file.slot.blocks * blockRows
	if x.saved || x.generation == unknown || n == 0 || n > len(x.rows.owners) {
		return
	}
	if err := x.file.saveOwners(x.generation, x.rows.owners[:n]); err != nil {
		x.p.Log.Warn("the owners of the vectors cannot be written", "error", err)
		return
	}
	x.saved = true
}
