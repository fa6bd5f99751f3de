package indexer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/library"
	"descry/library/scan"
	"descry/library/store"
)

// Target is what a run scans: a root, or parts of it.
type Target struct {
	Root  library.Root
	Parts []Part // none: all of the root
}

// Part is a folder of a root.
type Part struct {
	Dir  string // relative to the root, separated by "/", "" for the root itself
	Flat bool   // the folder alone, without what is below
}

// Relocation is a root whose volume came back at another path.
type Relocation struct {
	Root     library.RootID
	From, To string
}

// Run is RunTargets with all of each root.
func (x *Indexer) Run(ctx context.Context, roots []library.Root, progress func(Progress)) (Report, error) {
	targets := make([]Target, len(roots))
	for i, root := range roots {
		targets[i].Root = root
	}
	return x.RunTargets(ctx, targets, progress)
}

// Scan compares targets with what the library knows of them and looks at no photo; those
// that are new wait for the next run. The report counts what was found.
func (x *Indexer) Scan(ctx context.Context, targets []Target) (Report, error) {
	if !x.running.TryLock() {
		return Report{}, ErrRunning
	}
	defer x.running.Unlock()
	r := x.newRun()
	close(r.counted)
	var err error
	if r.anyMissing, err = x.p.Store.AnyMissing(ctx); err != nil {
		return Report{}, err
	}
	err = r.scan(ctx, targets)
	return r.finish(ctx), err
}

// countWaiting counts what was waiting before the run. It runs beside the scan, for in a
// large library it takes as long, and what the scan adds waits for it.
func (r *run) countWaiting(ctx context.Context) error {
	n, err := r.p.Store.Waiting(ctx, r.space)
	if err != nil {
		return err
	}
	r.meter.total.Add(int64(n))
	close(r.counted)
	return nil
}

// scan compares the targets with what the library knows of them, one after the other.
func (r *run) scan(ctx context.Context, targets []Target) error {
	retry, err := r.readFailures(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		s := rootScan{run: r, root: t.Root, retry: retry, out: map[string]bool{}}
		if err := s.all(ctx, t.Parts); err != nil {
			return fmt.Errorf("scan %s: %w", t.Root.Path, err)
		}
	}
	r.meter.scanned.Store(true)
	return nil
}

// readFailures lists the files that could not be read when they were last looked at.
func (r *run) readFailures(ctx context.Context) (map[library.FileID]bool, error) {
	failures, err := r.p.Store.Failures(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask what failed before: %w", err)
	}
	unread := map[library.FileID]bool{}
	for _, f := range failures {
		if f.Stage == "read" {
			unread[f.File] = true
		}
	}
	return unread, nil
}

// readable reports whether a file has something to read.
func readable(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Read(make([]byte, 1))
	return err == nil
}

// scanBatch is how many changes are stored in one transaction at most.
const scanBatch = 500

// rootScan is the scan of one root.
type rootScan struct {
	*run
	root    library.Root
	retry   map[library.FileID]bool // files that could not be read
	out     map[string]bool         // folders that patterns leave out
	changes []store.ScanChange      // not stored yet, scanBatch at most
	absence string                  // why the root is not there, as library.Root.Reason

	vanishedDone bool                // the folders that are gone are noted
	folded       map[string][]string // known folders by their path without regard to case

	problems   sync.Mutex
	unreadable []string // folders and entries that could not be
}

// errAway says that the root went away while it was scanned.
var errAway = errors.New("the folder is not there any more")

func (s *rootScan) all(ctx context.Context, parts []Part) error {
	there, err := s.present(ctx)
	if err != nil {
		return err
	}
	if !there {
		return s.away(ctx)
	}
	reason := ""
	if s.root.Reason == store.ConfirmedGone {
		reason = s.root.Reason // until all of the root was seen
	}
	if err := s.setState(ctx, library.Present, reason); err != nil {
		return err
	}
	if len(parts) == 0 {
		parts, reason = []Part{{}}, ""
	}
	for _, p := range parts {
		err := s.part(ctx, p)
		if err != nil && ctx.Err() == nil && (errors.Is(err, errAway) || !s.reachable()) {
			return s.away(ctx)
		}
		if err != nil {
			return err
		}
	}
	return s.setState(ctx, library.Present, reason)
}

// part scans a folder and what is below. Looking at the disk, asking the store and
// comparing take turns on three goroutines, and what they hold of the root is a few folders
// and a few pages of rows.
func (s *rootScan) part(ctx context.Context, p Part) error {
	folders := make(chan scan.Folder, foldersAhead)
	c := &comparison{rootScan: s, pages: make(chan []library.File, pagesAhead), unmet: map[string]bool{}}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(folders)
		o := s.options()
		o.Under, o.Flat = p.Dir, p.Flat
		return scan.Walk(gctx, s.root.Path, o, func(f scan.Folder) error {
			select {
			case folders <- f:
				return nil
			case <-gctx.Done():
				return context.Cause(gctx)
			}
		})
	})
	g.Go(func() error {
		defer close(c.pages)
		return s.readKnown(gctx, p, c.pages)
	})
	g.Go(func() error {
		for f := range folders {
			if err := c.folder(gctx, f); err != nil {
				return err
			}
		}
		return c.rest(gctx)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if len(c.unmet) > 0 {
		// A root that went away meanwhile must not turn its files into missing ones.
		if there, err := s.present(ctx); err != nil {
			return err
		} else if !there {
			return errAway
		}
	}
	for dir := range c.unmet {
		var err error
		switch {
		case s.leftOut(dir):
			err = s.dropped(ctx, dir)
		case !s.unread(dir):
			err = s.vanished(ctx, dir)
		}
		if err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

const (
	foldersAhead = 8    // folders read before the store has answered
	pagesAhead   = 2    // pages of rows read before the disk has answered
	knownPage    = 4096 // rows in a page: some milliseconds of reading, half a megabyte
)

// readKnown sends what the store knows of a part, in the order of folders and names.
func (s *rootScan) readKnown(ctx context.Context, p Part, pages chan<- []library.File) error {
	type span struct{ from, before string }
	var spans []span
	switch {
	case p.Dir == "" && !p.Flat:
		spans = []span{{"", ""}}
	case p.Flat:
		spans = []span{{p.Dir, p.Dir + "\x00"}}
	default: // the folder itself, then what is below: "0" follows "/"
		spans = []span{{p.Dir, p.Dir + "\x00"}, {p.Dir + "/", p.Dir + "0"}}
	}
	for _, span := range spans {
		after := store.Place{Dir: span.from}
		for {
			page, err := s.p.Store.KnownFiles(ctx, s.root.ID, after, span.before, knownPage)
			if err != nil {
				return err
			}
			if len(page) > 0 {
				last := page[len(page)-1]
				after = store.Place{Dir: last.Dir, Name: last.Name}
				select {
				case pages <- page:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if len(page) < knownPage {
				break
			}
		}
	}
	return nil
}

func (s *rootScan) options() scan.Options {
	return scan.Options{
		Extensions: Extensions(),
		Exclude:    s.p.Exclude,
		Skip:       []string{s.p.Store.Dir()},
		Problem: func(rel string, err error) {
			s.problems.Lock()
			s.unreadable = append(s.unreadable, rel)
			s.problems.Unlock()
			if errors.Is(err, fs.ErrNotExist) {
				return // it went away while it was looked at: the next scan sees it
			}
			s.fail(library.Failure{
				Path: scan.Path(s.root, rel), Stage: "scan", Reason: folderSentence(err), At: time.Now(),
			})
		},
	}
}

// unread reports whether a folder lies in what could not be read.
func (s *rootScan) unread(dir string) bool {
	s.problems.Lock()
	defer s.problems.Unlock()
	for _, u := range s.unreadable {
		if u == dir || strings.HasPrefix(dir, u+"/") {
			return true
		}
	}
	return false
}

// leftOut reports whether patterns leave out a folder or one above it.
func (s *rootScan) leftOut(dir string) bool {
	for len(s.out) > 0 {
		if s.out[dir] {
			return true
		}
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return s.out[""]
		}
		dir = dir[:i]
	}
	return false
}

// add notes a change, to be stored with others.
func (s *rootScan) add(ctx context.Context, c store.ScanChange) error {
	s.changes = append(s.changes, c)
	if len(s.changes) < scanBatch {
		return nil
	}
	return s.flush(ctx)
}

// flush stores what was noted and wakes the feeder when there is something to look at.
func (s *rootScan) flush(ctx context.Context) error {
	if len(s.changes) == 0 {
		return nil
	}
	waiting := 0
	for _, c := range s.changes {
		if c.Kind == store.Found || c.Kind == store.Changed {
			waiting++
		}
	}
	if err := wait(ctx, s.counted); err != nil {
		return err
	}
	if err := s.p.Store.ApplyScan(ctx, s.root.ID, s.changes); err != nil {
		return full(err)
	}
	s.changes = s.changes[:0]
	if waiting > 0 {
		s.meter.total.Add(int64(waiting))
		s.queue.found()
	}
	return nil
}

// vanishedFirst notes which folders are gone, once and before the first new file is
// stored: their files are then found again, by their numbers, where they were moved to. A
// scan without new files does without.
func (s *rootScan) vanishedFirst(ctx context.Context) error {
	if s.vanishedDone {
		return nil
	}
	s.vanishedDone = true
	dirs, err := s.p.Store.Dirs(ctx, s.root.ID)
	if err != nil {
		return err
	}
	s.folded = make(map[string][]string, len(dirs))
	var gone []string
	for _, dir := range dirs {
		if _, err := os.Lstat(scan.Path(s.root, dir)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, dir)
			continue
		}
		key := strings.ToLower(dir)
		s.folded[key] = append(s.folded[key], dir)
	}
	if len(gone) == 0 {
		return nil
	}
	if there, err := s.present(ctx); err != nil {
		return err
	} else if !there {
		return errAway
	}
	for _, dir := range gone {
		if err := s.vanished(ctx, dir); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// recased notes that a folder is gone that has this one's path but for upper and lower
// case, and is the same folder: a file system that does not tell them apart still finds it
// by its old name.
func (s *rootScan) recased(ctx context.Context, dir string) error {
	for _, was := range s.folded[strings.ToLower(dir)] {
		if was == dir {
			continue
		}
		a, err := os.Stat(scan.Path(s.root, was))
		if err != nil {
			continue
		}
		b, err := os.Stat(scan.Path(s.root, dir))
		if err != nil || !os.SameFile(a, b) {
			continue
		}
		if err := s.vanished(ctx, was); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// vanished notes that all files of a folder are gone.
func (s *rootScan) vanished(ctx context.Context, dir string) error {
	known, err := s.p.Store.FilesInDir(ctx, s.root.ID, dir)
	if err != nil {
		return err
	}
	for _, f := range known {
		if f.State != library.Present {
			continue
		}
		if err := s.lost(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// dropped forgets the files of a folder that patterns leave out.
func (s *rootScan) dropped(ctx context.Context, dir string) error {
	known, err := s.p.Store.FilesInDir(ctx, s.root.ID, dir)
	if err != nil {
		return err
	}
	for _, f := range known {
		if err := s.add(ctx, store.ScanChange{Kind: store.LeftOut, Dir: f.Dir, Name: f.Name}); err != nil {
			return err
		}
	}
	return nil
}

// lost counts a file as gone and notes it.
func (s *rootScan) lost(ctx context.Context, f library.File) error {
	s.count(func(r *Report) {
		r.Missing++
		s.gone[f.Photo]++
	})
	s.anyMissing = true
	return s.add(ctx, store.ScanChange{Kind: store.Gone, Dir: f.Dir, Name: f.Name})
}

// movedFrom finds the file that is missing and whose stat is the one of a new path.
func (s *rootScan) movedFrom(ctx context.Context, st library.Stat) (library.File, bool, error) {
	if !s.anyMissing {
		return library.File{}, false, nil
	}
	return s.p.Store.FindMoved(ctx, st)
}
