// Package indexer brings a library up to date with the folders it looks after: it scans
// them, looks at every photo that is new or changed once, and stores what it finds.
//
// A photo's way: read once, content id and metadata, then, unless the picture is known,
// decode once, and from those pixels thumbnail, measures and tensor; encode; store. The
// scan feeds the store while photos are looked at; what is to be looked at is always asked
// of the store, newest first. So a run can be killed at any instant, and the next one goes
// on where it was.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"descry/internal/pause"
	"descry/library"
	"descry/library/decode"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/library/video"
)

// ErrRunning says that a run is under way already.
var ErrRunning = errors.New("indexing is running already")

// Encoder turns pixels into vectors of one space. Its methods may be called by several
// goroutines at once.
type Encoder interface {
	// MinSide is the short side, in pixels, that a decoded picture should have at least.
	MinSide() int
	// Ready makes the encoder ready, once: it is called before each picture. Its error is not the
	// picture's fault and ends the run, which returns it.
	Ready(ctx context.Context) error
	// Tensor is the model's input made from an upright picture.
	Tensor(img *image.RGBA) []float32
	// EncodeBy returns a unit vector of Dim numbers and what computed it ("cpu", ...), or ends
	// early when ctx does.
	EncodeBy(ctx context.Context, tensor []float32) (vector []float32, provider string, err error)
	Space() string // digest that names the space
	Dim() int      // length of a vector
	Model() string // id of the model bundle
}

// Params are what an Indexer works with.
type Params struct {
	Store  *store.Store
	Thumbs *thumbs.Cache
	// Encoder makes the vectors. Without one everything else is done, and the vectors come
	// on a later run.
	Encoder Encoder
	// Threads is how many photos are decoded and encoded at the same time; 0 means one for
	// each core that the process may use.
	Threads int
	// Waiting is how many photos the Encoder wants to have at the same time; where that is more
	// than Threads, further ones wait in it, which computes elsewhere, while others are decoded.
	Waiting int
	// Manner says whether the run is held, and how much of the machine it takes; nil: nothing
	// holds it back but Pause.
	Manner *pause.Manner
	// Exclude holds patterns of what is left out of every root, as in a .descryignore.
	Exclude []string
	// Limits bound what is read and decoded; zero fields mean decode.DefaultLimits.
	Limits decode.Limits
	// Codecs decodes HEIF, AVIF and JPEG XL; nil: such files fail.
	Codecs decode.Codecs
	// Videos reads videos; nil: they fail with NoVideos, an error that wraps decode.ErrCodec
	// and says what to install.
	Videos   *video.Tools
	NoVideos error
	Log      *slog.Logger // nil: no log
}

// Indexer keeps one library up to date.
type Indexer struct {
	p       Params
	running sync.Mutex

	volume func(path string) (string, error) // scan.Volume
	mounts func(volume string) []string      // scan.Mounts
}

// New returns an Indexer.
func New(p Params) *Indexer {
	if p.Threads <= 0 {
		p.Threads = runtime.GOMAXPROCS(0)
	}
	if p.Limits.MaxPixels <= 0 {
		p.Limits.MaxPixels = decode.DefaultLimits.MaxPixels
	}
	if p.Limits.MaxBytes <= 0 {
		p.Limits.MaxBytes = decode.DefaultLimits.MaxBytes
	}
	if p.Manner == nil {
		p.Manner = &pause.Manner{}
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	return &Indexer{p: p, volume: scan.Volume, mounts: scan.Mounts}
}

// Pause holds the run, or the next one, before the next photo; what is begun is finished
// and stored.
func (x *Indexer) Pause() { x.p.Manner.Set(true) }

// Resume lets a held run go on.
func (x *Indexer) Resume() { x.p.Manner.Set(false) }

// Paused reports whether runs are held.
func (x *Indexer) Paused() bool { return x.p.Manner.Closed() }

// Report says what a run found and did.
type Report struct {
	// Files counts all photo files that the library knows, those of roots that are not
	// there included, but not missing ones; Photos the distinct photos that they hold.
	Files, Photos int

	New       int // files found for the first time
	Changed   int // files whose size, time or number changed
	Moved     int // files found at another path
	Missing   int // files that are gone since the last run
	Offline   int // files of roots that are not there now
	Unchanged int // files that were there and are as they were

	Away      []library.Root // scanned roots that are not there; Reason says why
	Relocated []Relocation   // roots that were found at another path

	Failed  []library.Failure // what could not be used, folders that could not be read included
	Encoded int               // vectors computed

	Seconds         float64 // the whole run
	PhotosPerSecond float64 // newly encoded photos, over the time from the first job to the last
}

// RunTargets scans targets and looks at everything in the library that is waiting.
// progress, when not nil, is called now and then from one goroutine. An error is about the
// run as a whole: a photo that cannot be used is in Report.Failed instead. When ctx ends, what
// is finished is stored, running encodes are ended, and it returns within two seconds the
// report of what was done, and the cause.
func (x *Indexer) RunTargets(ctx context.Context, targets []Target, progress func(Progress)) (Report, error) {
	if !x.running.TryLock() {
		return Report{}, ErrRunning
	}
	defer x.running.Unlock()

	r := x.newRun()
	if x.p.Encoder != nil {
		space, err := x.p.Store.EnsureSpace(ctx, x.p.Encoder.Space(), x.p.Encoder.Model(), x.p.Encoder.Dim())
		if err != nil {
			return Report{}, fmt.Errorf("prepare the model's vector space: %w", err)
		}
		r.space = space.ID
	}
	var err error
	if r.anyMissing, err = x.p.Store.AnyMissing(ctx); err != nil {
		return Report{}, err
	}

	stop := r.meter.start(r.started, progress)
	err = r.all(ctx, targets)
	stop()
	return r.finish(ctx), err
}

// run is one run of an Indexer.
type run struct {
	*Indexer
	started time.Time
	space   library.SpaceID // 0: no encoder
	again   bool            // see LookAgain
	meter   meter

	bytes       *semaphore.Weighted // of files read and not yet looked at
	pixels      *semaphore.Weighted // bytes of decoded pictures
	pixelBudget int64               // the whole of pixels
	disks       *disks
	readFile    func(ctx context.Context, name string, limit int64) (loaded, error)

	// computing holds one token for each worker that computes, where there are more workers than
	// Threads; nil: all may.
	computing chan struct{}

	jobs    chan store.PendingFile
	read    chan job
	results chan outcome
	queue   *queue

	counted    chan struct{} // closed when what was waiting before the run is counted
	anyMissing bool          // some file was missing when the scan came to where that matters

	mu        sync.Mutex
	report    Report
	gone      map[library.PhotoID]int // files gone in this run, by photo
	elsewhere []library.PhotoID       // known photos of new files
	failing   int                     // encodes that failed in a row
	worked    bool                    // an encode succeeded
	first     time.Time               // when the first job was handed out
	last      time.Time               // when the last result was stored
}

// newRun makes a run of which nothing has started.
func (x *Indexer) newRun() *run {
	r := &run{
		Indexer: x,
		started: time.Now(),
		bytes:   semaphore.NewWeighted(byteBudget),
		jobs:    make(chan store.PendingFile, 2*x.p.Threads),
		read:    make(chan job, x.p.Threads),
		results: make(chan outcome, resultsAhead),
		queue:   newQueue(),
		counted: make(chan struct{}),
		gone:    map[library.PhotoID]int{},

		pixelBudget: max(pixelBudget, workerPixels*int64(x.p.Threads)),
		disks:       &disks{spins: spins},
		readFile:    readFile,
	}
	if x.p.Waiting > x.p.Threads {
		r.computing = make(chan struct{}, x.p.Threads)
	}
	r.pixels = semaphore.NewWeighted(r.pixelBudget)
	return r
}

// all runs the stages and returns when they have ended.
func (r *run) all(ctx context.Context, targets []Target) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.countWaiting(ctx) })
	g.Go(func() error {
		defer r.queue.scanEnded()
		return r.scan(ctx, targets)
	})
	g.Go(func() error {
		defer close(r.jobs)
		return r.feed(ctx)
	})
	r.stages(ctx, g)
	if err := g.Wait(); err != nil {
		return fmt.Errorf("bring the library up to date: %w", err)
	}
	return nil
}

// stages runs what becomes of jobs, until there are no more.
func (r *run) stages(ctx context.Context, g *errgroup.Group) {
	stage(g, max(readers, r.p.Threads), func() { close(r.read) }, func() error { return r.reader(ctx) })
	stage(g, max(r.p.Threads, r.p.Waiting), func() { close(r.results) }, func() error { return r.worker(ctx) })
	g.Go(func() error { return r.writer(ctx) })
}

// stage runs n goroutines and calls end after the last.
func stage(g *errgroup.Group, n int, end func(), work func() error) {
	var left sync.WaitGroup
	left.Add(n)
	for range n {
		g.Go(func() error {
			defer left.Done()
			return work()
		})
	}
	go func() {
		left.Wait()
		end()
	}()
}

// finish completes the report.
func (r *run) finish(ctx context.Context) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A new file with the photo of a file that is gone is that file, moved. The scan sees
	// most moves by the file's number; this is what only the content could tell.
	for _, photo := range r.elsewhere {
		if r.gone[photo] > 0 {
			r.gone[photo]--
			r.report.Moved++
			r.report.New--
			r.report.Missing--
		}
	}
	r.elsewhere = nil
	if ctx.Err() != nil { // who ended the run does not wait long for the count
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
	}
	if status, err := r.p.Store.Held(ctx); err == nil {
		r.report.Files, r.report.Photos = status.Files, status.Photos
		r.report.Offline = status.Offline
	} else {
		r.p.Log.Warn("counting the library failed", "error", err)
	}
	r.report.Seconds = time.Since(r.started).Seconds()
	if d := r.last.Sub(r.first).Seconds(); d > 0 {
		r.report.PhotosPerSecond = float64(r.report.Encoded) / d
	}
	return r.report
}

// fail notes a failure for the report.
func (r *run) fail(f library.Failure) {
	r.mu.Lock()
	r.report.Failed = append(r.report.Failed, f)
	r.mu.Unlock()
	r.meter.failed.Add(1)
	r.p.Log.Debug("not usable", "path", f.Path, "stage", f.Stage, "reason", f.Reason)
}

// count changes the report.
func (r *run) count(fn func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn(&r.report)
}
