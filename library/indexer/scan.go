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

// scan compares the roots with what the library knows of them, one after the other.
func (r *run) scan(ctx context.Context, roots []library.Root) error {
	retry, err := r.readFailures(ctx)
	if err != nil {
		return err
	}
	for _, root := range roots {
		s := rootScan{run: r, root: root, retry: retry, visited: map[string]bool{}}
		if err := s.all(ctx); err != nil {
			return fmt.Errorf("scan %s: %w", root.Path, err)
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

// apply stores what the scan found and wakes the feeder when there is something to look at.
func (r *run) apply(ctx context.Context, root library.RootID, changes []store.ScanChange) error {
	waiting := 0
	for _, c := range changes {
		if c.Kind == store.Found || c.Kind == store.Changed {
			waiting++
		}
	}
	// Large folders are stored in parts: a transaction is to be short.
	for len(changes) > 0 {
		n := min(len(changes), scanBatch)
		if err := r.p.Store.ApplyScan(ctx, root, changes[:n]); err != nil {
			return full(err)
		}
		changes = changes[n:]
	}
	if waiting > 0 {
		r.meter.total.Add(int64(waiting))
		r.queue.found()
	}
	return nil
}

// scanBatch is how many changes are stored in one transaction at most.
const scanBatch = 500

// rootScan is the scan of one root.
type rootScan struct {
	*run
	root       library.Root
	retry      map[library.FileID]bool // files that could not be read
	visited    map[string]bool         // known folders that were looked at
	problems   sync.Mutex
	unreadable []string // folders and entries that could not be
}

func (s *rootScan) all(ctx context.Context) error {
	dirs, err := s.p.Store.Dirs(ctx, s.root.ID)
	if err != nil {
		return err
	}
	there, err := s.present(ctx, dirs)
	if err != nil {
		return err
	}
	if !there {
		return s.setState(ctx, library.Offline)
	}
	if err := s.setState(ctx, library.Present); err != nil {
		return err
	}
	// Folders that are gone come first, so that their files are found again, by their
	// numbers, where they were moved to.
	for _, dir := range dirs {
		if _, err := os.Lstat(scan.Path(s.root, dir)); errors.Is(err, fs.ErrNotExist) {
			if err := s.vanished(ctx, dir); err != nil {
				return err
			}
		}
	}
	if err := s.walk(ctx); err != nil {
		if ctx.Err() == nil && !s.reachable() {
			return s.setState(ctx, library.Offline)
		}
		return err
	}
	// A root that went away meanwhile must not turn its files into missing ones.
	if there, err := s.present(ctx, dirs); err != nil {
		return err
	} else if !there {
		return s.setState(ctx, library.Offline)
	}
	for _, dir := range dirs {
		if !s.visited[dir] && !s.unread(dir) {
			if err := s.vanished(ctx, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk goes through the root and compares folder by folder; looking at the disk and asking
// the store take turns on two goroutines.
func (s *rootScan) walk(ctx context.Context) error {
	type folder struct {
		dir     string
		entries []scan.Entry
	}
	folders := make(chan folder, foldersAhead)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(folders)
		return scan.Walk(ctx, s.root.Path, s.options(), func(dir string, entries []scan.Entry) error {
			select {
			case folders <- folder{dir, entries}:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	g.Go(func() error {
		for f := range folders {
			if err := s.folder(ctx, f.dir, f.entries); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// foldersAhead is how many folders are read before the store has answered.
const foldersAhead = 8

func (s *rootScan) options() scan.Options {
	return scan.Options{
		Extensions: extensions(),
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

func (s *rootScan) setState(ctx context.Context, state library.FileState) error {
	if s.root.State == state {
		return nil
	}
	if err := s.p.Store.SetRootState(ctx, s.root.ID, state); err != nil {
		return err
	}
	s.root.State = state
	if state == library.Present {
		// What waits in it can be looked at again.
		s.queue.found()
	}
	return nil
}

func (s *rootScan) reachable() bool {
	info, err := os.Stat(s.root.Path)
	return err == nil && info.IsDir()
}

// present reports whether the root is really there: its folder can be read and, when it
// held photos, holds some still. An empty folder is what is left of a volume that is not
// mounted. Another volume than the one remembered counts only when it has a file that is
// known.
func (s *rootScan) present(ctx context.Context, dirs []string) (bool, error) {
	if !s.reachable() {
		return false, nil
	}
	volume, err := scan.Volume(s.root.Path)
	if err != nil {
		return false, nil
	}
	held, seen, err := s.sample(ctx, dirs)
	if err != nil {
		return false, err
	}
	other := s.root.Volume != "" && volume != s.root.Volume
	if held && !seen {
		if other {
			return false, nil
		}
		any := false
		o := s.options()
		o.Problem = func(string, error) {}
		err := scan.Walk(ctx, s.root.Path, o, func(_ string, entries []scan.Entry) error {
			if any = len(entries) > 0; any {
				return scan.ErrStop
			}
			return nil
		})
		if err != nil || !any {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			return false, nil
		}
	}
	if volume != s.root.Volume {
		if err := s.p.Store.SetRootVolume(ctx, s.root.ID, volume); err != nil {
			return false, err
		}
		s.root.Volume = volume
	}
	return true, nil
}

// sampleDirs is how many known folders are looked into for a file that is still there.
const sampleDirs = 20

// sample reports whether the root held photos, and whether one of them was seen where it
// was.
func (s *rootScan) sample(ctx context.Context, dirs []string) (held, seen bool, err error) {
	for i, dir := range dirs {
		files, err := s.p.Store.FilesInDir(ctx, s.root.ID, dir)
		if err != nil {
			return false, false, err
		}
		for _, f := range files {
			if f.State != library.Present {
				continue
			}
			held = true
			if _, err := os.Stat(scan.Path(s.root, f.Rel())); err == nil {
				return true, true, nil
			}
		}
		if held && i >= sampleDirs {
			break
		}
	}
	return held, false, nil
}

// rootLost reports whether the root of a file that could not be read is not there any
// more, and notes it.
func (r *run) rootLost(ctx context.Context, id library.RootID) (bool, error) {
	roots, err := r.p.Store.Roots(ctx)
	if err != nil {
		return false, err
	}
	for _, root := range roots {
		if root.ID != id {
			continue
		}
		if info, err := os.Stat(root.Path); err == nil && info.IsDir() {
			return false, nil
		}
		return true, r.p.Store.SetRootState(ctx, id, library.Offline)
	}
	return true, nil
}

// vanished notes that all files of a folder are gone.
func (s *rootScan) vanished(ctx context.Context, dir string) error {
	known, err := s.p.Store.FilesInDir(ctx, s.root.ID, dir)
	if err != nil {
		return err
	}
	var changes []store.ScanChange
	for _, f := range known {
		if f.State == library.Present {
			changes = append(changes, s.lost(f))
		}
	}
	return s.apply(ctx, s.root.ID, changes)
}

// lost counts a file as gone and returns the change that says so.
func (s *rootScan) lost(f library.File) store.ScanChange {
	s.count(func(r *Report) {
		r.Missing++
		s.gone[f.Photo]++
	})
	s.anyMissing = true
	return store.ScanChange{Kind: store.Gone, Dir: f.Dir, Name: f.Name}
}

// folder compares one folder with what is known of it.
func (s *rootScan) folder(ctx context.Context, dir string, entries []scan.Entry) error {
	s.visited[dir] = true
	s.meter.found.Add(int64(len(entries)))
	known, err := s.p.Store.FilesInDir(ctx, s.root.ID, dir)
	if err != nil {
		return err
	}
	byName := make(map[string]library.File, len(known))
	for _, f := range known {
		byName[f.Name] = f
	}
	same := unchanged(byName, entries)
	var gone, changes []store.ScanChange
	var fresh []scan.Entry
	back, changed, still := 0, 0, 0
	for _, e := range entries {
		f, ok := byName[e.Name]
		delete(byName, e.Name)
		c := store.ScanChange{Dir: dir, Name: e.Name, Stat: e.Stat}
		switch {
		case !ok:
			fresh = append(fresh, e)
			continue
		case !same(f.Stat, e.Stat):
			c.Kind = store.Changed
			changed++
		case f.State == library.Missing:
			c.Kind = store.Back
			back++
		case s.retry[f.ID] && readable(scan.Path(s.root, f.Rel())):
			// Permissions and cables leave no trace in a file's size and time.
			c.Kind = store.Changed
			still++
		default:
			still++
			continue
		}
		changes = append(changes, c)
	}
	for _, f := range byName {
		if f.State == library.Present && !s.unread(f.Rel()) {
			gone = append(gone, s.lost(f))
		}
	}
	if err := s.apply(ctx, s.root.ID, gone); err != nil {
		return err
	}
	moved := map[library.FileID]bool{}
	for _, e := range fresh {
		c := store.ScanChange{Kind: store.Found, Dir: dir, Name: e.Name, Stat: e.Stat}
		f, ok, err := s.movedFrom(ctx, e.Stat)
		if err != nil {
			return err
		}
		// Of two names of one file only one was moved from it; the other is told by content.
		if ok && !moved[f.ID] {
			moved[f.ID] = true
			c.Kind, c.File = store.Moved, f.ID
			s.count(func(r *Report) {
				if s.gone[f.Photo] > 0 {
					s.gone[f.Photo]--
					r.Missing--
				}
			})
		}
		changes = append(changes, c)
	}
	s.count(func(r *Report) {
		r.New += len(fresh) - len(moved)
		r.Moved += len(moved)
		r.Changed += changed
		r.Unchanged += still + back
	})
	return s.apply(ctx, s.root.ID, changes)
}

// movedFrom finds the file that is missing and whose stat is the one of a new path.
func (s *rootScan) movedFrom(ctx context.Context, st library.Stat) (library.File, bool, error) {
	if !s.anyMissing {
		return library.File{}, false, nil
	}
	return s.p.Store.FindMoved(ctx, st)
}

// unchanged returns how to tell an unchanged file in this folder. Size and time must be
// the same, and the file number where it is worth something: device numbers differ after a
// remount, and some file systems number their files anew each time they are mounted, so
// that in a whole folder none fits any more.
func unchanged(known map[string]library.File, entries []scan.Entry) func(was, is library.Stat) bool {
	renumbered, kept := 0, 0
	for _, e := range entries {
		f, ok := known[e.Name]
		if !ok || f.Stat.Size != e.Stat.Size || f.Stat.ModTime != e.Stat.ModTime {
			continue
		}
		if sameNumber(f.Stat, e.Stat) {
			kept++
		} else {
			renumbered++
		}
	}
	trust := kept > 0 || renumbered < 2
	return func(was, is library.Stat) bool {
		return was.Size == is.Size && was.ModTime == is.ModTime && (!trust || sameNumber(was, is))
	}
}

// sameNumber reports whether nothing in the file numbers says that the file was replaced.
func sameNumber(was, is library.Stat) bool {
	if was.Inode == is.Inode || was.Inode == "" || is.Inode == "" {
		return true
	}
	devWas, _, _ := strings.Cut(was.Inode, ":")
	devIs, _, _ := strings.Cut(is.Inode, ":")
	return devWas != devIs
}
