// Package watch says which folders of a library changed while the program runs. Where the
// system tells of changes it listens; where it does not (network drives, or when the system
// watches no more folders) it asks for a scan now and then. It only names folders: a scan
// finds out what is new in them, so nothing is lost when an event is, and nothing breaks
// when one is told twice.
package watch

import (
	"context"
	"log/slog"
	"time"

	"descry/library"
)

// Folder is a folder whose content may have changed.
type Folder struct {
	Dir  string // relative to its root, separated by "/", "" for the root itself
	Flat bool   // the folder alone, without what is below
}

// Change names what to scan of one root.
type Change struct {
	Root    library.RootID
	Folders []Folder // sorted, none within another; none at all: all of the root
}

// Clock is where a Watcher takes the time from.
type Clock interface {
	Now() time.Time
	// After returns a channel that gets the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// Times of a Watcher.
const (
	Quiet    = 2 * time.Second  // nothing more happened for so long: time to scan
	MaxDelay = 30 * time.Second // so long at most a change waits for quiet
	LookEach = 10 * time.Second // how often it is looked whether roots are there
	PollMin  = time.Minute      // how often a root is scanned that the system does not watch …
	PollMax  = time.Hour        // … and at least, however long that takes
	// pollShare is which part of the time such scans may take: one in so many.
	pollShare = 20
)

// Params are what a Watcher works with.
type Params struct {
	// Changed is told what to scan and returns when that is done. It is not called again
	// before it returned; what changes meanwhile is told afterwards.
	Changed func(ctx context.Context, changes []Change)
	// Notice, when not nil, is told one sentence for the person about a root that is only
	// looked at now and then, and how to mend that.
	Notice func(sentence string)

	Extensions []string // of photos and videos, in lower case with the dot
	Skip       []string // absolute folders that are not watched: the library's own
	Clock      Clock    // nil: the system's
	Log        *slog.Logger
}

// Watcher watches the roots of one library. It keeps the paths of the folders it watches,
// about 200 bytes for each, and the system about a kilobyte.
type Watcher struct {
	p      Params
	update chan settings
	events chan event
	looks  chan look

	// For tests.
	kindOf func(path string) fsKind
	opened func() (notifier, error)
}

// settings are what of a Watcher changes while it runs.
type settings struct {
	roots   []library.Root
	exclude []string
}

// New returns a Watcher that watches nothing yet.
func New(p Params) *Watcher {
	if p.Clock == nil {
		p.Clock = systemClock{}
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Notice == nil {
		p.Notice = func(string) {}
	}
	return &Watcher{
		p: p, update: make(chan settings, 1), events: make(chan event, eventsAhead), looks: make(chan look),
		kindOf: kindOf, opened: openNotifier,
	}
}

// eventsAhead is how many events wait here at most; the system keeps some thousands more.
const eventsAhead = 1024

// SetRoots says which roots to watch, and which patterns the person leaves out (as in
// scan.Options.Exclude). Only one goroutine may call it at a time.
func (w *Watcher) SetRoots(roots []library.Root, exclude []string) {
	select {
	case <-w.update: // what was not taken over yet is out of date
	default:
	}
	w.update <- settings{roots, exclude}
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
