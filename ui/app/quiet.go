package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"descry/internal/machine"
	"descry/internal/pause"
)

// The values of SettingQuiet.
const (
	// QuietAuto is the default: quiet on battery, where work waits while the battery is low;
	// otherwise as with QuietOff.
	QuietAuto = "auto"
	// QuietOn is quiet always: half the cores at low priority; work waits on battery, and while
	// somebody works at the machine or other programs keep it busy.
	QuietOn = "on"
	// QuietOff takes all cores at the usual priority and never waits.
	QuietOff = "off"
)

// Wait is why work in the background waits by itself.
type Wait string

// The reasons, in the words of Progress.
const (
	WaitNot     Wait = ""
	WaitBattery Wait = "on battery"
	WaitLow     Wait = "the battery is low"
	WaitPerson  Wait = "you are working"
	WaitBusy    Wait = "other programs are busy"
)

const (
	lookAround = 5 * time.Second
	// lowBattery is the charge below which work waits with QuietAuto.
	lowBattery = 0.3
	// busyOthers is the share of the processors above which other programs count as busy; they
	// do until they used less for calmLooks looks in a row.
	busyOthers = 0.25
	calmLooks  = 3
	// atWork is how long somebody counts as working after they last did something.
	atWork = 30 * time.Second
)

// quietBox holds what makes work in the background give way by itself.
type quietBox struct {
	mu      sync.Mutex
	runs    int  // runs that are on
	workers int  // photos that the run that is on looks at at a time
	calm    int  // looks in a row at which other programs used little
	anyway  bool // a person let work go on although it would wait
	wait    Wait
	tell    func() // has the progress told of once more; nil: nobody listens
	watch   machine.Watch
	touched atomic.Int64 // when somebody did something in Descry, Unix time in ns; 0: never
}

// quietMode is how quiet work in the background is to be.
func (a *App) quietMode(ctx context.Context) string {
	if a.p.Quiet != "" {
		return a.p.Quiet
	}
	return firstOf(a.Setting(ctx, SettingQuiet), QuietAuto)
}

// around is what goes on at the machine.
func (a *App) around() machine.Around {
	if a.p.Around != nil {
		return a.p.Around()
	}
	return a.quiet.watch.Look()
}

// Touched says that somebody does something in Descry. It may be called often.
func (a *App) Touched() { a.quiet.touched.Store(a.p.Now().UnixNano()) }

// waitingFor is why work in the background waits by itself; "" when it does not.
func (a *App) waitingFor() Wait {
	a.quiet.mu.Lock()
	defer a.quiet.mu.Unlock()
	return a.quiet.wait
}

// quietly has a run give way as the setting says, whenever that changes, until end is called. The
// run looks at so many photos at a time, and tells of its progress through with, which adds why it
// waits.
func (a *App) quietly(ctx context.Context, workers int, progress func(Progress)) (with func(Progress), end func()) {
	with, tell := a.withWaiting(progress)
	q := &a.quiet
	q.mu.Lock()
	q.runs++
	q.workers, q.tell, q.calm, q.anyway = workers, tell, calmLooks, false
	q.mu.Unlock()
	a.giveWay(ctx)
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	looking.Go(func() {
		beat := a.p.Beat
		if beat == nil {
			ticker := time.NewTicker(lookAround)
			defer ticker.Stop()
			beat = ticker.C
		}
		for {
			select {
			case <-beat:
				a.giveWay(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return with, func() {
		cancel()
		looking.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.runs--
		q.tell, q.wait, q.anyway = nil, WaitNot, false
		a.manner.Hold(pause.Quiet, false)
	}
}

// giveWay looks around and has work in the background done accordingly. It does nothing while
// none is on.
func (a *App) giveWay(ctx context.Context) {
	mode := a.quietMode(ctx)
	now := machine.Around{Charge: -1, Others: -1, Idle: -1}
	if mode != QuietOff {
		now = a.around()
	}
	q := &a.quiet
	q.mu.Lock()
	if q.runs == 0 || ctx.Err() != nil {
		q.mu.Unlock()
		return
	}
	if now.Others >= busyOthers {
		q.calm = 0
	} else if now.Others >= 0 {
		q.calm++
	}
	touched := q.touched.Load()
	working := now.Idle >= 0 && now.Idle < atWork || touched != 0 && a.p.Now().UnixNano()-touched < int64(atWork)
	quiet, wait := manner(mode, now, working, q.calm < calmLooks)
	if wait == WaitNot {
		q.anyway = false
	}
	if q.anyway {
		wait = WaitNot
	}
	told := wait != q.wait || quiet != a.manner.Gentle()
	q.wait = wait
	lanes := 0
	if quiet {
		lanes = max(1, q.workers/2)
	}
	tell := q.tell
	a.manner.SetLanes(lanes)
	a.manner.SetGentle(quiet)
	a.manner.Hold(pause.Quiet, wait != WaitNot)
	q.mu.Unlock()
	if a.codecs != nil {
		a.codecs.SetGentle(quiet) // may wait for a child to end
	}
	if told && tell != nil {
		tell()
	}
}

// manner is how work is to be done: whether by half the workers at low priority, and why it is to
// wait.
func manner(mode string, now machine.Around, working, busy bool) (quiet bool, wait Wait) {
	switch {
	case mode == QuietOff, mode == QuietAuto && !now.Battery:
		return false, WaitNot
	case mode == QuietAuto && now.Charge >= 0 && now.Charge < lowBattery:
		return true, WaitLow
	case mode == QuietAuto:
		return true, WaitNot
	case now.Battery:
		return true, WaitBattery
	case working:
		return true, WaitPerson
	case busy:
		return true, WaitBusy
	}
	return true, WaitNot
}

// goOn lets work go on that waits by itself, until there is nothing that it would wait for.
func (a *App) goOn() {
	q := &a.quiet
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wait != WaitNot {
		q.anyway, q.wait = true, WaitNot
		a.manner.Hold(pause.Quiet, false)
	}
}

// withWaiting adds to progress why the run waits by itself; again tells of the last progress once
// more. Both may be called at the same time.
func (a *App) withWaiting(progress func(Progress)) (with func(Progress), again func()) {
	var mu sync.Mutex
	var last Progress
	with = func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		last = p
		p.Waiting, p.Quiet = a.waitingFor(), a.manner.Gentle()
		progress(p)
	}
	again = func() {
		mu.Lock()
		defer mu.Unlock()
		if last.Running {
			last.Waiting, last.Quiet = a.waitingFor(), a.manner.Gentle()
			progress(last)
		}
	}
	return with, again
}
