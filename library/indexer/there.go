package indexer

import (
	"context"
	"errors"
	"os"
	"strings"

	"descry/library"
	"descry/library/scan"
	"descry/library/store"
)

// setState records whether the root is there, and why not or on whose word.
func (s *rootScan) setState(ctx context.Context, state library.FileState, reason string) error {
	if s.root.State == state && s.root.Reason == reason {
		return nil
	}
	if err := s.p.Store.SetRootState(ctx, s.root.ID, state, reason); err != nil {
		return err
	}
	was := s.root.State
	s.root.State, s.root.Reason = state, reason
	if state == library.Present && was != state {
		// What waits in it can be looked at again.
		s.queue.found()
	}
	return nil
}

// away records that the root is not there, and reports it.
func (s *rootScan) away(ctx context.Context) error {
	s.changes = s.changes[:0] // what was seen of a root that went away is not worth storing
	if err := s.setState(ctx, library.Offline, s.absence); err != nil {
		return err
	}
	s.count(func(r *Report) { r.Away = append(r.Away, s.root) })
	return nil
}

func (s *rootScan) reachable() bool {
	info, err := os.Stat(s.root.Path)
	return err == nil && info.IsDir()
}

// present reports whether the root is really there: its folder can be read and, when it
// held photos, holds some still. An empty folder is what is left of a volume that is not
// mounted. Another volume than the one remembered counts only when it has a file that is
// known. A root that is not there but whose volume is mounted elsewhere is followed there.
// The person's word that the photos are gone (Reason) settles all but a folder that is not
// there.
func (s *rootScan) present(ctx context.Context) (bool, error) {
	there, volume, err := s.here(ctx)
	if err != nil {
		return false, err
	}
	if !there {
		if there, err = s.follow(ctx); err != nil || !there {
			return false, err
		}
		return true, nil
	}
	if volume != s.root.Volume {
		if err := s.p.Store.SetRootVolume(ctx, s.root.ID, volume); err != nil {
			return false, err
		}
		s.root.Volume = volume
	}
	return true, nil
}

// here reports whether the root is at its path, and the volume that it lies on; when it is
// not, s.absence says why.
func (s *rootScan) here(ctx context.Context) (there bool, volume string, err error) {
	s.absence = store.NotThere
	if !s.reachable() {
		return false, "", nil
	}
	if volume, err = s.volume(s.root.Path); err != nil {
		return false, "", nil
	}
	if s.root.Reason == store.ConfirmedGone {
		return true, volume, nil
	}
	held, seen, err := s.sample(ctx)
	if err != nil {
		return false, "", err
	}
	if !held || seen {
		return true, volume, nil
	}
	if s.root.Volume != "" && volume != s.root.Volume && s.reachable() {
		s.absence = store.OtherVolume
		return false, "", nil
	}
	any := false
	o := s.options()
	o.Problem = nil
	err = scan.Walk(ctx, s.root.Path, o, func(f scan.Folder) error {
		if any = len(f.Entries) > 0; any {
			return scan.ErrStop
		}
		return nil
	})
	if ctx.Err() != nil {
		return false, "", context.Cause(ctx)
	}
	if err != nil || !any {
		if err == nil && s.reachable() {
			s.absence = store.EmptyFolder
		}
		return false, "", nil
	}
	return true, volume, nil
}

// How much of what is known is looked for to tell whether a root is there.
const (
	sampleDirs  = 20
	sampleFiles = 1000
	samplePage  = 64
)

// sample reports whether the root held photos, and whether one of them was seen where it
// was.
func (s *rootScan) sample(ctx context.Context) (held, seen bool, err error) {
	err = s.sampled(ctx, func(f library.File) bool {
		held = true
		_, err := os.Stat(scan.Path(s.root, f.Rel()))
		seen = err == nil
		return !seen
	})
	return held, seen, err
}

// sampled calls fn for present files of the first folders of the root until it returns
// false.
func (s *rootScan) sampled(ctx context.Context, fn func(library.File) bool) error {
	var after store.Place
	for files, dirs := 0, 0; files < sampleFiles && dirs < sampleDirs; {
		page, err := s.p.Store.KnownFiles(ctx, s.root.ID, after, "", samplePage)
		if err != nil {
			return err
		}
		for _, f := range page {
			if f.Dir != after.Dir {
				dirs++
			}
			after = store.Place{Dir: f.Dir, Name: f.Name}
			if f.State != library.Present {
				continue
			}
			files++
			if !fn(f) {
				return nil
			}
		}
		if len(page) < samplePage {
			return nil
		}
	}
	return nil
}

// follow looks for a root that is not at its path where its volume is mounted now, and
// takes it from there: under each end of its old path, where a file that is known lies with
// its size and time.
func (s *rootScan) follow(ctx context.Context) (bool, error) {
	if !scan.Portable(s.root.Volume) {
		return false, nil
	}
	for _, mount := range s.mounts(s.root.Volume) {
		for _, path := range ends(mount, s.root.Path) {
			if path == s.root.Path {
				continue
			}
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() {
				continue
			}
			moved := s.root
			moved.Path = path
			seen := false
			err = s.sampled(ctx, func(f library.File) bool {
				info, err := os.Stat(scan.Path(moved, f.Rel()))
				seen = err == nil && info.Size() == f.Stat.Size && info.ModTime().UnixNano() == f.Stat.ModTime
				return !seen
			})
			if err != nil {
				return false, err
			}
			if !seen {
				continue
			}
			switch err := s.p.Store.RelocateRoot(ctx, s.root.ID, path, s.root.Volume); {
			case errors.Is(err, library.ErrConflict):
				continue // another root lies there
			case err != nil:
				return false, err
			}
			s.count(func(r *Report) {
				r.Relocated = append(r.Relocated, Relocation{Root: s.root.ID, From: s.root.Path, To: path})
			})
			moved.State, moved.Reason = library.Present, ""
			s.root = moved
			s.queue.found()
			return true, nil
		}
	}
	return false, nil
}

// ends are the places below mount where what was at path may be: mount itself joined with
// ever shorter ends of the path.
func ends(mount, path string) []string {
	var out []string
	sep := string(os.PathSeparator)
	for rest := strings.Trim(path, sep); rest != ""; {
		out = append(out, strings.TrimSuffix(mount, sep)+sep+rest)
		_, rest, _ = strings.Cut(rest, sep)
	}
	return append(out, mount)
}

// rootLost reports whether the root of a file that could not be read is not there any
// more, and notes it.
func (r *run) rootLost(ctx context.Context, id library.RootID) (bool, error) {
	root, err := r.p.Store.Root(ctx, id)
	switch {
	case errors.Is(err, library.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	}
	if info, err := os.Stat(root.Path); err == nil && info.IsDir() {
		return false, nil
	}
	return true, r.p.Store.SetRootState(ctx, id, library.Offline, store.NotThere)
}
