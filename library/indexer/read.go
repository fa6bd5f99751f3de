package indexer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"descry/library"
	"descry/library/contentid"
	"descry/library/decode"
	"descry/library/scan"
	"descry/library/store"
)

const (
	// readers read ahead of the workers, so that a slow disk is busy while they compute, and
	// the waits of a network overlap. There is one for each worker, and this many at least.
	readers = 4
	// byteBudget bounds the bytes of files that were read and wait.
	byteBudget = 256 << 20
	// readTries is how often a file that changes while it is read is read.
	readTries = 2
)

// job is a file that was read, or why it was not.
type job struct {
	file store.PendingFile
	loaded
	err    error
	weight int64 // bytes held of the budget
}

// loaded is what was read of a file.
type loaded struct {
	data    []byte
	stat    library.Stat
	video   bool            // data is nil then: videos are not held in memory
	content library.Content // of a video
}

// errChanging says that a file changed each time it was read.
var errChanging = errors.New("the file changes while it is read")

// errNoFile says that something else lies where a photo was.
var errNoFile = errors.New("it is not a regular file")

func (r *run) reader(ctx context.Context) error {
	for f := range r.jobs {
		if ctx.Err() != nil {
			r.queue.done(f.File.ID)
			continue
		}
		r.meter.path.Store(&f.Path)
		j := job{file: f}
		j.weight = min(max(f.File.Stat.Size, 1), byteBudget)
		if err := r.bytes.Acquire(ctx, j.weight); err != nil {
			return context.Cause(ctx)
		}
		r.p.Manner.Do(func() { j.loaded, j.err = r.readInTurn(ctx, f) })
		if j.video { // its bytes went by
			r.bytes.Release(j.weight)
			j.weight = 0
		}
		select {
		case r.read <- j:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// readInTurn reads a file: one at a time, in the order in which they were handed out, on a
// disk whose head would have to jump otherwise.
func (r *run) readInTurn(ctx context.Context, f store.PendingFile) (loaded, error) {
	if head := r.disks.head(f.File.Stat.Inode); head != nil {
		head.Lock()
		defer head.Unlock()
	}
	return r.readFile(ctx, f.Path, r.p.Limits.MaxBytes)
}

// readFile reads a picture file whole, or a video for its content id, and says what its
// stat was at that time. limit bounds the bytes of a picture file.
func readFile(ctx context.Context, name string, limit int64) (l loaded, err error) {
	for range readTries {
		var same bool
		if l, same, err = readOnce(ctx, name, limit); err != nil || same {
			return l, err
		}
	}
	return l, errChanging
}

// readOnce reads a file and reports whether it stayed the same meanwhile: the open file,
// and what its name leads to.
func readOnce(ctx context.Context, name string, limit int64) (l loaded, same bool, err error) {
	// Opening a pipe that took the photo's place would wait for ever.
	if info, err := os.Stat(name); err != nil {
		return l, false, err
	} else if !info.Mode().IsRegular() {
		return l, false, &fs.PathError{Op: "open", Path: name, Err: errNoFile}
	}
	f, err := os.Open(name)
	if err != nil {
		return l, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return l, false, err
	}
	l.stat = scan.StatOf(info)
	head := make([]byte, min(l.stat.Size, decode.SniffLen))
	n, err := io.ReadFull(f, head)
	switch {
	case err != nil && !ended(err):
		return l, false, err
	case decode.IsVideo(decode.Sniff(head[:n])):
		l.video = true
		l.content, err = contentid.OfFile(stoppable{ctx, f}, l.stat.Size)
		if err != nil && !ended(err) {
			return l, false, err
		}
		whole := err == nil
		same, err = unmoved(f, name, l.stat)
		return l, same && whole, err
	case l.stat.Size > limit:
		return l, true, fmt.Errorf("%w: the file has %d MB, and the limit is %d",
			decode.ErrTooLarge, l.stat.Size/1e6, limit/1e6)
	}
	l.data = make([]byte, l.stat.Size)
	n, err = io.ReadFull(io.MultiReader(bytes.NewReader(head[:n]), f), l.data)
	if err != nil && !ended(err) {
		return l, false, err
	}
	same, err = unmoved(f, name, l.stat)
	return l, same && int64(n) == l.stat.Size, err
}

// ended reports whether an error of reading says that there is no more.
func ended(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) }

// stoppable is a file whose reading ends when ctx does.
type stoppable struct {
	ctx context.Context
	io.ReaderAt
}

func (s stoppable) ReadAt(p []byte, off int64) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	return s.ReaderAt.ReadAt(p, off)
}

// unmoved reports whether an open file and what its name leads to still have a stat.
func unmoved(f *os.File, name string, st library.Stat) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(name)
	if err != nil {
		return false, err
	}
	return scan.StatOf(open) == st && scan.StatOf(named) == st, nil
}
