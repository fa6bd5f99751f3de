package indexer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"slices"
	"strings"
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
)

// outcome is what became of a file.
type outcome struct {
	file    store.PendingFile
	row     *store.IndexedFile // nil: nothing to store, the file stays as it is
	claimed library.Picture    // zero: none
	known   library.PhotoID    // photo that had this content before; 0: none
}

func (r *run) worker(ctx context.Context) error {
	for more := true; more; {
		// A worker that may not work now takes no photo either: others may.
		entered := r.p.Manner.Enter(ctx) == nil // when ctx has ended, what was read is let go of
		var err error
		more, err = r.lookAtNext(ctx)
		if entered {
			r.p.Manner.Leave()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAtNext looks at the next photo that was read; more is false when there is none to come.
func (r *run) lookAtNext(ctx context.Context) (more bool, err error) {
	j, more := <-r.read
	if !more {
		return false, nil
	}
	o := outcome{file: j.file}
	if ctx.Err() == nil {
		r.compute()
		r.p.Manner.Do(func() { o, err = r.look(ctx, j) })
		r.rest()
	}
	r.bytes.Release(j.weight)
	switch {
	case o.row != nil:
		// The writer takes what is finished until the last worker has ended.
		r.results <- o
	case o.file.File.ID != 0:
		r.drop(o)
	}
	return true, err
}

// compute waits until one more worker may compute; rest lets another.
func (r *run) compute() {
	if r.computing != nil {
		r.computing <- struct{}{}
	}
}

func (r *run) rest() {
	if r.computing != nil {
		<-r.computing
	}
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
	open := r.open
	if again, err := r.asKnown(ctx, j); err != nil {
		return o, stopped(ctx, err)
	} else if again {
		open = r.openKnown
	} else if r.again {
		r.p.Log.Debug("left for later", "path", j.file.Path, "reason", "it is not as it was when it was looked at")
		return o, nil
	}
	source, err := open(ctx, j, row, &stage)
	if err != nil {
		if ctx.Err() == nil && !r.replaced(j) {
			r.refuse(&o, row, stage, err)
		}
		return o, nil
	}
	pic := library.Picture{Content: row.Content, Orientation: row.Metadata.Orientation}

	o.row = row
	if !r.queue.claim(pic, o) {
		return outcome{}, nil // the writer has it, and stores it with the other
	}
	o.row, o.claimed = nil, pic
	known, _, err := r.p.Store.Known(ctx, row.Content, r.space)
	if err != nil {
		return o, stopped(ctx, fmt.Errorf("ask what is known of a photo: %w", err))
	}
	o.known = known.Photo
	need := r.lacking(pic, known)
	if row.Known {
		need.thumb = false // who looks at the photo makes it
	}
	if need.any() {
		stage = "decode"
		if err := source.derive(ctx, row, pic, need, &stage); err != nil {
			if ctx.Err() != nil {
				return o, nil
			}
			var fatal fatalError
			if errors.As(err, &fatal) {
				return o, fatal.error
			}
			if r.again && stage == "encode" && !r.works() {
				r.p.Log.Debug("left for later", "path", j.file.Path, "reason", err)
				return o, nil // the model in use sees it: this is more likely the other model's fault
			}
			if !r.replaced(j) {
				r.refuse(&o, row, stage, err)
			}
			return o, nil
		}
	}
	if r.replaced(j) {
		return o, nil
	}
	row.SamePicture = r.samePicture(ctx, j.file.Was, row, row.Vector)
	o.row = row
	return o, nil
}

// replaced reports whether, where a video was when it was read, there is nothing now, or
// another file: its frames are read by its name, later, and such a file is left to the next
// run.
func (r *run) replaced(j job) bool {
	if !j.video {
		return false
	}
	info, err := os.Stat(j.file.Path)
	if err == nil && scan.StatOf(info) == j.stat {
		return false
	}
	r.p.Log.Debug("left for later", "path", j.file.Path, "reason", errChanging)
	return true
}

// source is an open photo or video from which derived data is made.
type source interface {
	// derive makes what is lacking and puts it into row; *stage says what it is about.
	derive(ctx context.Context, row *store.IndexedFile, pic library.Picture, need needs, stage *string) error
}

// open tells the content of a file that was read, and what it says of itself.
func (r *run) open(ctx context.Context, j job, row *store.IndexedFile, stage *string) (source, error) {
	if j.video {
		return r.openVideo(ctx, j, row, stage)
	}
	content, err := contentid.Of(j.data)
	if err != nil {
		return nil, err
	}
	*stage = "metadata"
	meta, err := metadata.Read(j.data)
	if err != nil {
		r.p.Log.Debug("metadata is damaged", "path", j.file.Path, "error", err)
	}
	if meta.Orientation < 1 || meta.Orientation > 8 {
		meta.Orientation = 1
	}
	row.Content, row.Metadata = content, meta
	return still{r, j.data}, nil
}

// needs says which derived data is lacking.
type needs struct{ thumb, measures, vector bool }

func (n needs) any() bool { return n.thumb || n.measures || n.vector }

// lacking says what a picture still needs. A thumbnail that is there counts as whole: reading
// all of them in each run would cost far more than mending a damaged one when it is shown,
// which App.Thumbnail does.
func (r *run) lacking(pic library.Picture, known store.KnownContent) needs {
	return needs{
		thumb:    !r.p.Thumbs.Has(pic),
		measures: !slices.Contains(known.Pictures, pic.Orientation),
		vector:   r.p.Encoder != nil && !slices.Contains(known.Encoded, pic.Orientation),
	}
}

// fatalError is an error that is not the photo's fault.
type fatalError struct{ error }

// still is a picture file in memory.
type still struct {
	*run
	data []byte
}

// derive decodes a photo and makes from its pixels what is lacking.
func (r still) derive(ctx context.Context, row *store.IndexedFile, pic library.Picture, need needs, stage *string) error {
	info, err := decode.Probe(r.data)
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
	tensors, err := r.fromPixels(ctx, info, row, pic, need, stage)
	r.pixels.Release(weight)
	if err != nil || tensors == nil {
		return err
	}
	*stage = "encode"
	vectors, by, err := r.encode(ctx, tensors)
	if err != nil {
		return err
	}
	row.Space, row.Vector, row.Provider = r.space, vectors[0], by
	for _, v := range vectors[1:] {
		row.Views = append(row.Views, store.View{Vector: v, At: -1})
	}
	return nil
}

// encodeOne waits for the encoder, while another photo may be decoded.
func (r *run) encodeOne(ctx context.Context, tensor []float32) ([]float32, string, error) {
	r.rest()
	defer r.compute()
	return r.p.Encoder.EncodeBy(ctx, tensor)
}

// encode makes a vector of each of a model's inputs, and says what computed the first.
func (r *run) encode(ctx context.Context, tensors [][]float32) (vectors [][]float32, first string, err error) {
	if err := r.p.Encoder.Ready(ctx); err != nil {
		return nil, "", fatalError{err}
	}
	vectors = make([][]float32, len(tensors))
	for i, t := range tensors {
		v, by, err := r.encodeOne(ctx, t)
		if err != nil && ctx.Err() == nil {
			if gone := r.p.Encoder.Ready(ctx); gone != nil { // what computed until now
				return nil, "", fatalError{gone}
			}
		}
		if err := r.health(err, ctx); err != nil {
			return nil, "", err
		}
		if vectors[i] = v; i == 0 {
			first = by
		}
	}
	return vectors, first, nil
}

// fromPixels decodes, stores the thumbnail, measures, and returns the model's inputs when
// vectors are lacking: of the whole picture, then of the crops of an elongated one.
func (r still) fromPixels(ctx context.Context, info decode.Info, row *store.IndexedFile,
	pic library.Picture, need needs, stage *string,
) ([][]float32, error) {
	img, warnings, err := decode.Decode(ctx, r.data, decode.Options{
		Orientation: pic.Orientation, MinSide: DecodeSide(r.p.Encoder), Limits: r.p.Limits, Codecs: r.p.Codecs,
	})
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		r.p.Log.Debug("the picture is damaged", "warnings", warnings)
	}
	w, h := info.Width, info.Height
	if pic.Orientation >= 5 { // these turn the picture by a quarter
		w, h = h, w
	}
	*stage = "thumbnail"
	if err := r.keep(img, w, h, row, pic, need); err != nil {
		return nil, err
	}
	if row.Measures != nil {
		row.Measures.Warning = strings.Join(warnings, "; ")
	}
	if !need.vector {
		return nil, nil
	}
	*stage = "encode"
	return r.tensors(img, library.Elongated(info.Width, info.Height)), nil
}

// keep stores the thumbnail of a decoded picture and measures it, as far as that is lacking.
// In full it has w × h pixels.
func (r *run) keep(img *image.RGBA, w, h int, row *store.IndexedFile, pic library.Picture, need needs) error {
	if !need.thumb && !need.measures {
		return nil
	}
	thumb := thumbs.Make(img)
	if need.thumb {
		if err := r.p.Thumbs.Put(pic, thumb); err != nil {
			return fatalError{full(fmt.Errorf("keep the thumbnail: %w", err))}
		}
	}
	if need.measures {
		m := measure.OfThumb(thumb, w, h)
		row.Measures = &m
	}
	return nil
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

// health passes on the error of an encode, and makes it fatal when one encode after the
// other fails: that is not the photos' fault.
func (r *run) health(err error, ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.failing, r.worked = 0, true
	case ctx.Err() == nil:
		if r.failing++; r.failing >= failuresInARow {
			return fatalError{fmt.Errorf("the model fails on every photo: %w", err)}
		}
	}
	return err
}

// works reports whether an encode has succeeded in this run.
func (r *run) works() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.worked
}

// refuse makes the outcome a failure.
//
// What cannot be decoded is no photo: its content is not stored. What only could not be
// encoded is one, and keeps its thumbnail and metadata.
func (r *run) refuse(o *outcome, row *store.IndexedFile, stage string, err error) {
	row.Vector, row.Views, row.Space = nil, nil, 0
	if row.Known { // what the library knows of the file stays
		row.Known, row.Content = false, library.Content{}
	}
	if errors.Is(err, decode.ErrCodec) {
		stage = library.StageCodec
	}
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
	return cosine(old, vector) >= sameCosine
}

// stopped is nil when ctx has ended, for then err came of that; else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
