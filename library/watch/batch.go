package watch

import (
	"slices"
	"strings"
	"time"

	"descry/library"
)

// maxFolders is how many folders of a root are told one by one; of more, all of the root is
// scanned, which is not slower and bounds what is kept.
const maxFolders = 500

// batch gathers what changed until it is quiet. It is kept small by naming folders, not
// files: ten thousand files copied into one folder are one entry.
type batch struct {
	roots       map[library.RootID]map[string]bool // folder → without what is below; nil: all of the root
	first, last time.Time
}

// note adds a folder.
func (b *batch) note(now time.Time, root library.RootID, dir string, flat bool) {
	b.touch(now)
	dirs, known := b.roots[root]
	switch {
	case known && dirs == nil:
		return // all of it already
	case !known:
		dirs = map[string]bool{}
		b.roots[root] = dirs
	}
	if was, ok := dirs[dir]; ok {
		flat = flat && was
	}
	dirs[dir] = flat
	if len(dirs) > maxFolders || dir == "" && !flat {
		b.roots[root] = nil
	}
}

// all adds all of a root.
func (b *batch) all(now time.Time, root library.RootID) {
	b.touch(now)
	b.roots[root] = nil
}

func (b *batch) touch(now time.Time) {
	if b.roots == nil {
		b.roots, b.first = map[library.RootID]map[string]bool{}, now
	}
	b.last = now
}

// forget takes out a root that is not watched any more.
func (b *batch) forget(root library.RootID) {
	delete(b.roots, root)
	if len(b.roots) == 0 {
		*b = batch{}
	}
}

// due is when the batch is to be told; false: it is empty.
func (b *batch) due() (time.Time, bool) {
	if len(b.roots) == 0 {
		return time.Time{}, false
	}
	at := b.last.Add(Quiet)
	if limit := b.first.Add(MaxDelay); limit.Before(at) {
		at = limit
	}
	return at, true
}

// take empties the batch.
func (b *batch) take() []Change {
	var out []Change
	for root, dirs := range b.roots {
		out = append(out, Change{Root: root, Folders: prune(dirs)})
	}
	*b = batch{}
	slices.SortFunc(out, func(a, b Change) int { return int(a.Root - b.Root) })
	return out
}

// prune sorts folders and leaves out those that lie in another that is told with what is
// below.
func prune(dirs map[string]bool) []Folder {
	var out []Folder
	for dir, flat := range dirs {
		if !below(dirs, dir) {
			out = append(out, Folder{dir, flat})
		}
	}
	slices.SortFunc(out, func(a, b Folder) int { return strings.Compare(a.Dir, b.Dir) })
	return out
}

// below reports whether a folder above dir is told with what is below.
func below(dirs map[string]bool, dir string) bool {
	for i := strings.LastIndexByte(dir, '/'); i >= 0; i = strings.LastIndexByte(dir, '/') {
		dir = dir[:i]
		if flat, ok := dirs[dir]; ok && !flat {
			return true
		}
	}
	return false
}
