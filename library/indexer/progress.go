package indexer

import (
	"sync"
	"sync/atomic"
	"time"
)

// Phases of a run, as Progress.Phase.
const (
	PhaseScan  = "scan"  // folders are being looked through; photos are looked at meanwhile
	PhaseIndex = "index" // the folders are known, photos are being looked at
	PhaseDone  = "done"  // the last report of a run
)

// Progress says how far a run is.
type Progress struct {
	Phase     string
	Found     int           // photo files seen by the scan
	Done      int           // files looked at, failed ones included
	Total     int           // files to look at, as far as known
	Failed    int           // files and folders that could not be used
	PerSecond float64       // files looked at, over the last seconds
	Left      time.Duration // until all is done at that rate; 0: not known
	Path      string        // a file being looked at, absolute
}

const (
	progressEvery = 200 * time.Millisecond
	rateWindow    = 10 * time.Second
)

// meter counts what a run does and reports it.
type meter struct {
	found, done, total, failed atomic.Int64
	scanned                    atomic.Bool
	path                       atomic.Pointer[string]
}

// start calls report now and then until the returned function is called, which makes the
// last report.
func (m *meter) start(began time.Time, report func(Progress)) (stop func()) {
	if report == nil {
		return func() {}
	}
	window := rate{{at: began}}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				report(m.progress(&window, now))
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
		p := m.progress(&window, time.Now())
		p.Phase, p.Left = PhaseDone, 0
		report(p)
	}
}

func (m *meter) progress(window *rate, now time.Time) Progress {
	p := Progress{
		Phase: PhaseScan,
		Found: int(m.found.Load()), Done: int(m.done.Load()),
		Total: int(m.total.Load()), Failed: int(m.failed.Load()),
	}
	// A file may be looked at twice, when it changed meanwhile.
	p.Total = max(p.Total, p.Done)
	p.PerSecond = window.add(now, p.Done)
	if m.scanned.Load() {
		p.Phase = PhaseIndex
		if p.PerSecond > 0 {
			p.Left = time.Duration(float64(p.Total-p.Done) / p.PerSecond * float64(time.Second))
		}
	}
	if path := m.path.Load(); path != nil {
		p.Path = *path
	}
	return p
}

// rate is a sliding window of counts.
type rate []sample

type sample struct {
	at   time.Time
	done int
}

// add notes a count and returns how fast it grows, per second, over the window.
func (r *rate) add(now time.Time, done int) float64 {
	*r = append(*r, sample{now, done})
	for len(*r) > 2 && now.Sub((*r)[1].at) >= rateWindow {
		*r = (*r)[1:]
	}
	first := (*r)[0]
	if d := now.Sub(first.at).Seconds(); d > 0 {
		return float64(done-first.done) / d
	}
	return 0
}
