package indexer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"descry/library"
	"descry/library/store"
)

func TestNoEncoderDoesEverythingElse(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	eye := l.encoder
	l.encoder = nil
	l.expect(l.index(), Report{Files: 2, Photos: 2, New: 2})
	for name := range l.files() {
		if !l.thumbs.Has(picture(l, name)) {
			t.Errorf("%s has no thumbnail", name)
		}
	}
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
	l.encoder = eye
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2, Encoded: 2})
	l.encoded(2)
}

func TestAnotherModelEncodesAgainAndTheFirstIsKept(t *testing.T) {
	l := newLib(t)
	for i := range 5 {
		l.photo(fmt.Sprintf("%d.jpg", i), uint64(i))
	}
	l.index()
	l.encoded(5)
	one := l.encoder
	l.encoder = &eye{space: "two"}
	l.photo("new.jpg", 9)
	l.expect(l.index(), Report{Files: 6, Photos: 6, New: 1, Unchanged: 5, Encoded: 6})
	l.encoder, l.encoder = one, one
	l.encoder.encodes.Store(0)
	l.expect(l.index(), Report{Files: 6, Photos: 6, Unchanged: 6, Encoded: 1})
	l.encoded(1)
}

func TestLostThumbnailsAndCopiesCostNoEncode(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	for i := range 10 {
		l.write(fmt.Sprintf("copy%d.jpg", i), read(l, "a.jpg"))
	}
	l.expect(l.index(), Report{Files: 11, Photos: 1, New: 11, Encoded: 1})
	l.encoded(1)
	pic := picture(l, "a.jpg")
	if err := l.thumbs.Remove(pic); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1.7e9, 0)
	if err := os.Chtimes(l.at("a.jpg"), at, at); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Files: 11, Photos: 1, Changed: 1, Unchanged: 10})
	if !l.thumbs.Has(pic) {
		t.Error("the thumbnail is not there again")
	}
	l.encoded(0)
}

func TestCancelKeepsWhatIsFinished(t *testing.T) {
	l := newLib(t)
	const n = 30
	for i := range n {
		l.photo(fmt.Sprintf("%02d.jpg", i), uint64(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var begun atomic.Int64
	l.encoder.hold = func(ctx context.Context) error {
		if begun.Add(1) <= 10 {
			return nil
		}
		cancel()
		<-ctx.Done()
		return context.Cause(ctx)
	}
	r, err := l.indexer().Run(ctx, l.roots(), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if done := int(l.encoder.encodes.Load()); r.Encoded != done || done != 10 {
		t.Errorf("%d photos were encoded and %d stored", done, r.Encoded)
	}
	if len(r.Failed) != 0 {
		t.Errorf("failures %+v", r.Failed)
	}
	l.encoder.hold = nil
	rest := l.index()
	if rest.Encoded != n-10 || rest.Photos != n {
		t.Errorf("the next run: %+v", rest)
	}
	l.encoded(n)
}

// TestPhotosWaitInAnEncoderThatTakesMany holds encodes until more photos wait than threads
// decode: a run without Params.Waiting would never come so far.
func TestPhotosWaitInAnEncoderThatTakesMany(t *testing.T) {
	l := newLib(t)
	for i := range 20 {
		l.photo(fmt.Sprintf("%d.jpg", i), uint64(i))
	}
	var waiting atomic.Int64
	all := make(chan struct{})
	l.encoder.hold = func(ctx context.Context) error {
		if waiting.Add(1) == 12 {
			close(all)
		}
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	l.waiting = 12
	l.expect(l.index(), Report{Files: 20, Photos: 20, New: 20, Encoded: 20})
}

func TestPauseHoldsTheRun(t *testing.T) {
	l := newLib(t)
	const n = 12
	for i := range n {
		l.photo(fmt.Sprintf("%02d.jpg", i), uint64(i))
	}
	x := l.indexer()
	x.Pause()
	held := 0
	r, err := x.Run(t.Context(), l.roots(), func(p Progress) {
		if p.Phase == PhaseIndex && x.Paused() {
			if held = p.Total; p.Done != 0 {
				t.Errorf("%d photos were done while held", p.Done)
			}
			x.Resume()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if held != n || r.Encoded != n {
		t.Errorf("held with %d waiting, then %d encoded", held, r.Encoded)
	}
	// A held run can be cancelled.
	l.photo("new.jpg", 99)
	x.Pause()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = x.Run(ctx, l.roots(), func(Progress) { cancel() })
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestOneRunAtATime(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	x := l.indexer()
	var inner error
	l.encoder.hold = func(ctx context.Context) error {
		_, inner = x.Run(ctx, nil, nil)
		return nil
	}
	if _, err := x.Run(t.Context(), l.roots(), nil); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(inner, ErrRunning) {
		t.Errorf("error %v", inner)
	}
}

func TestNewestFirst(t *testing.T) {
	l := newLib(t)
	var changes []store.ScanChange
	for i := range int64(3 * chunk) {
		changes = append(changes, store.ScanChange{
			Kind: store.Found, Name: fmt.Sprintf("%d.jpg", i), Stat: library.Stat{Size: 1, ModTime: i * 5 % (3 * chunk)},
		})
	}
	if err := l.store.ApplyScan(t.Context(), l.roots()[0].ID, changes); err != nil {
		t.Fatal(err)
	}
	r := &run{Indexer: l.indexer(), queue: newQueue(), jobs: make(chan store.PendingFile, len(changes))}
	if sent, err := r.pass(t.Context(), 0); err != nil || sent != len(changes) {
		t.Fatalf("%d files were handed out, %v", sent, err)
	}
	for want := len(changes) - 1; want >= 0; want-- {
		if f := <-r.jobs; f.File.Stat.ModTime != int64(want) {
			t.Fatalf("time %d came in the place of %d", f.File.Stat.ModTime, want)
		}
	}
	// What is under way is not handed out again, and nothing more than twice in a run.
	for i, want := range []int{0, len(changes), 0} {
		sent, err := r.pass(t.Context(), 0)
		if err != nil || sent != want {
			t.Errorf("pass %d handed out %d files, want %d, %v", i+2, sent, want, err)
		}
		for range sent {
			<-r.jobs
		}
		for id := range r.queue.underway {
			r.queue.done(id)
		}
	}
}

func TestManyFoldersAndManyPhotos(t *testing.T) {
	l := newLib(t)
	const n = 300
	for i := range n {
		l.photo(fmt.Sprintf("%d/%d/%d.jpg", i%7, i%3, i), uint64(i))
	}
	var last Progress
	r, err := l.indexer().Run(t.Context(), l.roots(), func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	l.expect(r, Report{Files: n, Photos: n, New: n, Encoded: n})
	if last.Phase != PhaseDone || last.Done != n || last.Total != n || last.Found != n || last.Failed != 0 {
		t.Errorf("last progress %+v", last)
	}
	if r.Seconds <= 0 || r.PhotosPerSecond <= 0 {
		t.Errorf("%g s, %g photos/s", r.Seconds, r.PhotosPerSecond)
	}
}

func TestRateAndTimeLeft(t *testing.T) {
	var m meter
	m.total.Store(1000)
	began := time.Unix(1e9, 0)
	window := rate{{at: began}}
	at := func(seconds float64, done int64) Progress {
		m.done.Store(done)
		return m.progress(&window, began.Add(time.Duration(seconds*1e9)))
	}
	if p := at(1, 10); p.PerSecond != 10 || p.Left != 0 || p.Phase != PhaseScan {
		t.Errorf("while scanning: %+v", p)
	}
	m.scanned.Store(true)
	if p := at(2, 20); p.PerSecond != 10 || p.Left != 98*time.Second || p.Phase != PhaseIndex {
		t.Errorf("%+v", p)
	}
	// Only the last ten seconds count.
	for s := 3.0; s <= 12; s++ {
		at(s, 20)
	}
	if p := at(22, 220); p.PerSecond != 20 || p.Left != 39*time.Second {
		t.Errorf("%+v", p)
	}
	if p := at(32, 1200); p.Total != 1200 || p.Left != 0 {
		t.Errorf("%+v", p)
	}
}

func TestReportWaitsForASlowCount(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.index()
	// Readers that hold every connection from the end of the run on make the count wait for
	// longer than it would after a cancel.
	release := make(chan struct{})
	var held, readers sync.WaitGroup
	hold := func(p Progress) {
		if p.Phase != PhaseDone {
			return
		}
		for range 6 {
			held.Add(1)
			readers.Go(func() {
				w := writer(func() {
					held.Done()
					<-release
				})
				if err := l.store.Dump(t.Context(), w, false, true); err != nil {
					t.Error(err)
				}
			})
		}
		held.Wait()
		time.AfterFunc(1500*time.Millisecond, func() { close(release) })
	}
	r, err := l.indexer().Run(t.Context(), l.roots(), hold)
	if err != nil || r.Files != 1 || r.Photos != 1 {
		t.Errorf("report %+v, %v", r, err)
	}
	readers.Wait()
}

// writer calls itself for each write.
type writer func()

func (w writer) Write(b []byte) (int, error) {
	w()
	return len(b), nil
}
