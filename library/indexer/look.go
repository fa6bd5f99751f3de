package indexer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"descry/library"
	"descry/library/contentid"
	"descry/library/decode"
	"descry/library/measure"
	"descry/library/metadata"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

const (
	// readers read ahead of the workers, so that a slow disk is busy while they compute, and
	// the waits of a network overlap. There is one for each worker, and this many at least.
	readers = 4
	// byteBudget bounds the bytes of files that were read and wait.
	byteBudget = 256 << 20
	// pixelBudget bounds the bytes of pictures being decoded, workerPixels for each worker
	// where that is more: one photo of a camera fits. A picture that is larger than all of it
	// is decoded alone.
	pixelBudget  = 512 << 20
	workerPixels = 64 << 20
	// sharpSide is the short side that thumbnail and measures need.
	sharpSide = 2 * thumbs.Short
	// failuresInARow is how many encodes may fail, and none succeed, before the fault is
	// taken to be the model's and the run ends.
	failuresInARow = 5
	// readTries is how often a file that changes while it is read is read.
	readTries = 2
)

// job is a file that was read, or why it was not.
type job struct {
	file   store.PendingFile
	data   []byte
	stat   library.Stat
	err    error
	weight int64 // bytes held of the budget
}

// outcome is what became of a file.
type outcome struct {
	file    store.PendingFile
	row     *store.IndexedFile // nil: nothing to store, the file stays as it is
	claimed library.Picture    // zero: none
	known   library.PhotoID    // photo that had this content before; 0: none
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
		j.data, j.stat, j.err = r.readInTurn(f)
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
func (r *run) readInTurn(f store.PendingFile) ([]byte, library.Stat, error) {
	if head := r.disks.head(f.File.Stat.Inode); head != nil {
		head.Lock()
		defer head.Unlock()
	}
	return r.readFile(f.Path, r.p.Limits.MaxBytes)
}

// readFile reads a file whole and says what its stat was at that time.
func readFile(name string, limit int64) (data []byte, st library.Stat, err error) {
	for range readTries {
		var same bool
		if data, st, same, err = readOnce(name, limit); err != nil || same {
			return data, st, err
		}
	}
	return nil, st, errChanging
}

// readOnce reads a file and reports whether it stayed the same meanwhile: the open file,
// and what its name leads to.
func readOnce(name string, limit int64) (data []byte, st library.Stat, same bool, err error) {
	// Opening a pipe that took the photo's place would wait for ever.
	if info, err := os.Stat(name); err != nil {
		return nil, st, false, err
	} else if !info.Mode().IsRegular() {
		return nil, st, false, &fs.PathError{Op: "open", Path: name, Err: errNoFile}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, st, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, st, false, err
	}
	st = scan.StatOf(info)
	if st.Size > limit {
		return nil, st, true, fmt.Errorf("%w: the file has %d MB, and the limit is %d",
			decode.ErrTooLarge, st.Size/1e6, limit/1e6)
	}
	data = make([]byte, st.Size)
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, st, false, err
	}
	same, err = unmoved(f, name, st)
	return data, st, same && int64(n) == st.Size, err
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

func (r *run) worker(ctx context.Context) error {
	for j := range r.read {
		o := outcome{file: j.file}
		var err error
		if ctx.Err() == nil {
			o, err = r.look(ctx, j)
		}
		r.bytes.Release(j.weight)
		switch {
		case o.row != nil:
			// The writer takes what is finished until the last worker has ended.
			r.results <- o
		case o.file.File.ID != 0:
			r.drop(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look does with one photo whatever is still to be done. Its error ends the run.
func (r *run) look(ctx context.Context, j job) (o outcome, err error) {
	o.file = j.file
	row := &store.IndexedFile{File: j.file.File.ID, Stat: j.stat}
	if j.stat == (library.Stat{}) {
		row.Stat = j.file.File.Stat
	}
	stage := "read"
	defer func() {
		if p := recover(); p != nil {
			r.p.Log.Error("a photo made the program fail", "stage", stage, "panic", p)
			r.refuse(&o, row, stage, fmt.Errorf("reading it made the program fail: %v", p))
			err = nil
		}
	}()
	if j.err != nil {
		return o, r.unread(ctx, &o, row, j)
	}
	content, err := contentid.Of(j.data)
	if err != nil {
		r.refuse(&o, row, stage, err)
		return o, nil
	}
	stage = "metadata"
	meta, err := metadata.Read(j.data)
	if err != nil {
		r.p.Log.Debug("metadata is damaged", "path", j.file.Path, "error", err)
	}
	if meta.Orientation < 1 || meta.Orientation > 8 {
		meta.Orientation = 1
	}
	row.Content, row.Metadata = content, meta
	pic := library.Picture{Content: content, Orientation: meta.Orientation}

	o.row = row
	if !r.queue.claim(pic, o) {
		return outcome{}, nil // the writer has it, and stores it with the other
	}
	o.row, o.claimed = nil, pic
	known, _, err := r.p.Store.Known(ctx, content, r.space)
	if err != nil {
		return o, stopped(ctx, fmt.Errorf("ask what is known of a photo: %w", err))
	}
	o.known = known.Photo
	need := r.lacking(pic, known)
	if need.any() {
		stage = "decode"
		if err := r.derive(ctx, j.data, row, pic, need, &stage); err != nil {
			if ctx.Err() != nil {
				return o, nil
			}
			var fatal fatalError
			if errors.As(err, &fatal) {
				return o, fatal.error
			}
			r.refuse(&o, row, stage, err)
			return o, nil
		}
	}
	row.SamePicture = r.samePicture(ctx, j.file.Was, row, row.Vector)
	o.row = row
	return o, nil
}

// needs says which derived data is lacking.
type needs struct{ thumb, measures, vector bool }

func (n needs) any() bool { return n.thumb || n.measures || n.vector }

func (r *run) lacking(pic library.Picture, known store.KnownContent) needs {
	return needs{
		thumb:    !r.p.Thumbs.Has(pic),
		measures: !slices.Contains(known.Pictures, pic.Orientation),
		vector:   r.p.Encoder != nil && !slices.Contains(known.Encoded, pic.Orientation),
	}
}

// fatalError is an error that is not the photo's fault.
type fatalError struct{ error }

// derive decodes a photo and makes from its pixels what is lacking.
func (r *run) derive(ctx context.Context, data []byte, row *store.IndexedFile, pic library.Picture, need needs, stage *string) error {
	info, err := decode.Probe(data)
	if err != nil {
		return err
	}
	if px := int64(info.Width) * int64(info.Height); px > r.p.Limits.MaxPixels {
		return fmt.Errorf("%w: it is %d × %d pixels, and the limit is %d megapixels",
			decode.ErrTooLarge, info.Width, info.Height, r.p.Limits.MaxPixels/1e6)
	}
	weight := min(4*int64(info.Width)*int64(info.Height), r.pixelBudget)
	if err := r.pixels.Acquire(ctx, weight); err != nil {
		return err
	}
	tensors, err := r.fromPixels(ctx, data, info, row, pic, need, stage)
	r.pixels.Release(weight)
	if err != nil || tensors == nil {
		return err
	}
	*stage = "encode"
	return r.encode(ctx, tensors, row)
}

// encode makes the vectors of a picture: the first is the whole picture's, the others are
// further views'.
func (r *run) encode(ctx context.Context, tensors [][]float32, row *store.IndexedFile) error {
	vectors := make([][]float32, len(tensors))
	for i, t := range tensors {
		v, err := r.p.Encoder.EncodeTensor(ctx, t)
		if err := r.health(err, ctx); err != nil {
			return err
		}
		vectors[i] = v
	}
	row.Space, row.Vector, row.Provider = r.space, vectors[0], r.p.Encoder.Provider()
	for _, v := range vectors[1:] {
		row.Views = append(row.Views, store.View{Vector: v, At: -1})
	}
	return nil
}

// fromPixels decodes, stores the thumbnail, measures, and returns the model's inputs when
// vectors are lacking: of the whole picture, then of the crops of an elongated one.
func (r *run) fromPixels(ctx context.Context, data []byte, info decode.Info, row *store.IndexedFile,
	pic library.Picture, need needs, stage *string,
) ([][]float32, error) {
	img, warnings, err := decodePatiently(ctx, data, decode.Options{
		Orientation: pic.Orientation, MinSide: DecodeSide(r.p.Encoder), Limits: r.p.Limits, Codecs: r.p.Codecs,
	})
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		r.p.Log.Debug("the picture is damaged", "warnings", warnings)
	}
	*stage = "thumbnail"
	if need.thumb || need.measures {
		thumb := thumbs.Make(img)
		if need.thumb {
			if err := r.p.Thumbs.Put(pic, thumb); err != nil {
				return nil, fatalError{full(fmt.Errorf("keep the thumbnail: %w", err))}
			}
		}
		if need.measures {
			w, h := info.Width, info.Height
			if pic.Orientation >= 5 { // these turn the picture by a quarter
				w, h = h, w
			}
			m := measure.OfThumb(thumb, w, h)
			row.Measures = &m
		}
	}
	if !need.vector {
		return nil, nil
	}
	*stage = "encode"
	return r.tensors(img, library.Elongated(info.Width, info.Height)), nil
}

// DecodeSide is the short side, in pixels, at which photos are decoded at least: enough for
// thumbnail and measures, and for what an encoder (nil: none) needs.
func DecodeSide(e Encoder) int {
	if e == nil {
		return sharpSide
	}
	return max(sharpSide, e.MinSide())
}

// tensors are the model's inputs for a decoded picture. Whether it is elongated is told by
// its full size: one that was decoded smaller may be a pixel off.
func (r *run) tensors(img *image.RGBA, elongated bool) [][]float32 {
	all := [][]float32{r.p.Encoder.Tensor(img)}
	if elongated {
		for _, part := range crops(img.Rect.Dx(), img.Rect.Dy()) {
			all = append(all, r.p.Encoder.Tensor(crop(img, part)))
		}
	}
	return all
}

// decodePatiently decodes, but does not wait for the end of a long decode when ctx ends.
func decodePatiently(ctx context.Context, data []byte, o decode.Options) (*image.RGBA, []string, error) {
	type result struct {
		img      *image.RGBA
		warnings []string
		err      error
	}
	c := make(chan result, 1)
	go func() {
		img, warnings, err := decode.Decode(ctx, data, o)
		c <- result{img, warnings, err}
	}()
	select {
	case d := <-c:
		return d.img, d.warnings, d.err
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// health passes on the error of an encode, and makes it fatal when one encode after the
// other fails: that is not the photos' fault.
func (r *run) health(err error, ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.failing = 0
	case ctx.Err() == nil:
		if r.failing++; r.failing >= failuresInARow {
			return fatalError{fmt.Errorf("the model fails on every photo: %w", err)}
		}
	}
	return err
}

// refuse makes the outcome a failure.
//
// What cannot be decoded is no photo: its content is not stored. What only could not be
// encoded is one, and keeps its thumbnail and metadata.
func (r *run) refuse(o *outcome, row *store.IndexedFile, stage string, err error) {
	row.Vector, row.Views, row.Space = nil, nil, 0
	if stage != "encode" {
		row.Content = library.Content{}
	}
	row.Failure = &library.Failure{
		File: row.File, Path: o.file.Path, Stage: stage, Reason: sentence(stage, err), At: time.Now(),
	}
	o.row = row
}

// unread deals with a file that could not be read. One that is gone or keeps changing is
// left to the next run, and so is all of a root that went away meanwhile.
func (r *run) unread(ctx context.Context, o *outcome, row *store.IndexedFile, j job) error {
	if errors.Is(j.err, errChanging) || errors.Is(j.err, fs.ErrNotExist) {
		r.p.Log.Debug("left for later", "path", j.file.Path, "reason", j.err)
		return nil
	}
	if lost, err := r.rootLost(ctx, j.file.File.Root); err != nil || lost {
		return stopped(ctx, err)
	}
	stage := "read"
	if errors.Is(j.err, decode.ErrTooLarge) {
		stage = "decode" // no use in trying again before the file changes
	}
	r.refuse(o, row, stage, j.err)
	return nil
}

// sameCosine is the cosine from which two pictures count as the same one edited. It only
// decides where capture data do not.
const sameCosine = 0.9

// samePicture compares, by their vectors, the picture that a file held before with the one
// that it holds now, when it was edited in place. vector is the latter's; nil: the store
// has it.
func (r *run) samePicture(ctx context.Context, was library.Picture, row *store.IndexedFile, vector []float32) bool {
	if r.space == 0 || was.Content.IsZero() || was.Content == row.Content {
		return false
	}
	old, ok, err := r.p.Store.PictureVector(ctx, r.space, was)
	if err != nil || !ok {
		return false
	}
	if vector == nil {
		is := library.Picture{Content: row.Content, Orientation: row.Metadata.Orientation}
		if vector, ok, err = r.p.Store.PictureVector(ctx, r.space, is); err != nil || !ok {
			return false
		}
	}
	var dot float64
	for i := range min(len(old), len(vector)) {
		dot += float64(old[i]) * float64(vector[i])
	}
	return dot >= sameCosine
}

// stopped is nil when ctx has ended, for then err came of that; else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
