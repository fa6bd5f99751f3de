// Package scan looks at folders: which photos lie where, what tells a changed file from
// an unchanged one, what is to be left out, and which volume a folder is on. It reads
// names and stats only, never the photos.
package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"descry/library"
)

// ErrStop may be returned by the function given to Walk to end the walk early; Walk then
// returns nil.
var ErrStop = errors.New("stop the walk")

// Entry is one file that may be a photo, with what tells whether it changed.
type Entry struct {
	Name     string // bytes as the system gives them, maybe not UTF-8
	Size     int64
	ModTime  int64  // nanoseconds since 1970 UTC
	Dev, Ino uint64 // numbers of device and file; both 0 where the system gives none
}

// Stat is what the library remembers of the file.
func (e Entry) Stat() library.Stat {
	return library.Stat{Size: e.Size, ModTime: e.ModTime, Inode: string(e.appendInode(nil))}
}

// SameInode reports whether a remembered file number is this file's.
func (e Entry) SameInode(inode string) bool {
	var buf [48]byte // two numbers of 20 digits and a colon: nothing is allocated
	return string(e.appendInode(buf[:0])) == inode
}

func (e Entry) appendInode(b []byte) []byte {
	if e.Dev == 0 && e.Ino == 0 {
		return b
	}
	b = append(strconv.AppendUint(b, e.Dev, 10), ':')
	return strconv.AppendUint(b, e.Ino, 10)
}

// Folder is what a walk saw of one folder.
type Folder struct {
	Dir     string  // relative to the root, separated by "/", "" for the root itself
	Linked  bool    // a symbolic link leads here
	Out     bool    // it is left out with everything below: the fields that follow are empty
	Entries []Entry // candidates for photos, sorted by name
	// What patterns leave out in this folder: names of candidates, sorted, and of folders.
	OutFiles, OutFolders []string
	// Unfollowed are paths of folders behind symbolic links that a walk of a part of the root
	// does not follow: whether another way leads there only the whole walk can tell.
	Unfollowed []string
}

// Options say what a walk takes and what it leaves out.
type Options struct {
	// Extensions to pick up, in lower case with the dot. A name matches whatever its case.
	Extensions []string
	// Exclude holds patterns of the person, read like lines of a .descryignore file in
	// the root.
	Exclude []string
	// Skip lists absolute folders to leave out with everything below: the library's own
	// folder, or other roots.
	Skip []string
	// Under limits the walk to this folder and what is below; "" for all of the root. When
	// it is not there, or left out, nothing is seen.
	Under string
	// Flat limits the walk to one folder, without what is below.
	Flat bool
	// Problem, when not nil, is told of each folder or entry that could not be read, by
	// its path relative to the root ("" for the root itself). The walk goes on. It is
	// called by one goroutine at a time.
	Problem func(rel string, err error)
}

// system folders hold copies and thumbnails made by others, or what was thrown away.
var system = []string{
	"@eadir", "#recycle", "#snapshot", "$recycle.bin", "recycler",
	"system volume information", "lost+found",
}

// Walk calls fn once for each folder at and below root that can be read, with the
// candidates for photos in it, maybe none. Folders come in the order of their bytes as
// relative paths, so that they can be compared with a sorted list as they come; those that
// only a symbolic link leads to come after all others, in no such order.
//
// Hidden and system folders, hidden files, folders with a .nomedia file and what a
// .descryignore file names are left out. A symbolic link to a file counts as the file.
// Every folder is visited once however many ways lead to it, so that loops end.
//
// A few folders are read ahead of fn. In memory are those, one number for each folder
// visited and the name of each folder still to be visited.
//
// A root that cannot be read is an error; a folder below it is told to Options.Problem.
func Walk(ctx context.Context, root string, o Options, fn func(Folder) error) error {
	w := &walker{o: o, root: root, fn: fn, seen: map[fileID]bool{}, skip: map[fileID]bool{}, extensions: map[string]bool{}}
	for _, e := range o.Extensions {
		w.extensions[e] = true
		w.longest = max(w.longest, len(e))
	}
	for _, s := range o.Skip {
		if id, err := folderID(s); err == nil {
			w.skip[id] = true
		}
	}
	rules, err := parseRules("", strings.Join(o.Exclude, "\n"))
	if err != nil {
		return err
	}
	if o.Under != "" {
		out := false
		if rules, out, err = w.above(o.Under, rules); err != nil || out {
			return err
		}
	}
	return ended(w.all(ctx, &visit{dir: o.Under, rules: rules, top: o.Under == ""}))
}

func ended(err error) error {
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

type walker struct {
	o          Options
	root       string
	fn         func(Folder) error
	extensions map[string]bool
	longest    int             // of the extensions
	seen       map[fileID]bool // visited folders
	skip       map[fileID]bool // folders left out
	links      []*visit
}

// visit is a folder to be looked at and, once done is closed, what was found there.
type visit struct {
	dir    string
	rules  []rule
	top    bool // it is the root
	linked bool

	done     chan struct{}
	err      error
	id       fileID
	gone     bool // it is to be passed over without a word
	folder   Folder
	below    []*visit
	links    []*visit
	problems []problem
}

type problem struct {
	rel string
	err error
}

// readAhead is how many folders are read at the same time, and how many at most wait for
// who asked for them. Disks and servers answer several questions faster than one by one.
const readAhead = 4

// all visits the folders in order. Of those to be visited the smallest few are read ahead.
func (w *walker) all(ctx context.Context, first *visit) error {
	waiting, started := visits{first}, visits{}
	start := make(chan *visit)
	defer close(start)
	for range readAhead {
		go func() {
			for v := range start {
				w.read(v)
				close(v.done)
			}
		}()
	}
	for {
		for len(started) < readAhead && len(waiting) > 0 {
			v := waiting.pop()
			v.done = make(chan struct{})
			started.push(v)
			start <- v
		}
		if len(started) == 0 {
			// Links may lead to folders with further links: the list grows while it is worked off.
			if len(w.links) == 0 {
				return nil
			}
			v := w.links[0]
			w.links = w.links[1:]
			waiting.push(v)
			continue
		}
		var v *visit
		if len(waiting) > 0 && waiting[0].dir < started[0].dir {
			// Found after larger ones were begun: it goes first.
			v = waiting.pop()
			v.done = make(chan struct{})
			go func() {
				w.read(v)
				close(v.done)
			}()
		} else {
			v = started.pop()
		}
		// A disk that does not answer holds no walk that is to end.
		select {
		case <-v.done:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.take(v, &waiting); err != nil {
			return err
		}
	}
}

// take passes on what was found in a folder.
func (w *walker) take(v *visit, waiting *visits) error {
	if v.id != (fileID{}) && v.err == nil {
		if w.seen[v.id] {
			return nil
		}
		w.seen[v.id] = true
	}
	for _, p := range v.problems {
		w.problem(p.rel, p.err)
	}
	switch {
	case v.gone:
		return nil
	case v.err != nil && v.top:
		return fmt.Errorf("read the folder %s: %w", w.root, v.err)
	case v.err != nil:
		w.problem(v.dir, v.err)
		return nil
	}
	if err := w.fn(v.folder); err != nil {
		return err
	}
	if w.o.Flat {
		return nil
	}
	for _, b := range v.below {
		waiting.push(b)
	}
	w.links = append(w.links, v.links...)
	return nil
}

// read looks at one folder. It runs beside others.
func (w *walker) read(v *visit) {
	v.folder = Folder{Dir: v.dir, Linked: v.linked}
	d, err := openFolder(join(w.root, v.dir))
	if err != nil {
		// Below a part of the root that was asked for, what is not there is no news.
		v.gone = !v.top && v.dir == w.o.Under && errors.Is(err, fs.ErrNotExist)
		v.err = err
		return
	}
	defer d.close()
	if v.id, v.err = d.id(); v.err != nil {
		return
	}
	if w.skip[v.id] {
		v.gone = true
		return
	}
	own, out := false, false
	var items []item
	err = d.list(func(name []byte, k kind, ino uint64) {
		switch {
		case len(name) > 0 && name[0] == '.':
			own = own || string(name) == IgnoreFile
			out = out || string(name) == NoMediaFile
		case k == folder || k == link || k == unknown || k == file && w.wanted(name):
			items = append(items, item{string(name), k, ino})
		}
	})
	if err != nil {
		// What was read before the error is not the whole folder: taking it for the
		// whole would turn the rest into missing files.
		v.err = err
		return
	}
	if out {
		v.folder.Out = true
		return
	}
	if own {
		if v.rules, err = ownRules(join(w.root, v.dir), v.dir, v.rules); err != nil {
			v.problems = append(v.problems, problem{v.dir, err})
		}
	}
	// In the order of their numbers the stats lie side by side on a disk.
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.ino, b.ino) })
	for _, it := range items {
		w.item(v, d, it)
	}
	slices.SortFunc(v.folder.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(v.folder.OutFiles)
	slices.SortFunc(v.links, func(a, b *visit) int { return strings.Compare(a.dir, b.dir) })
}

// item sorts out one entry of a folder that is neither hidden nor of another kind.
func (w *walker) item(v *visit, d *openDir, it item) {
	linked := it.kind == link
	var e Entry
	if it.kind != folder {
		// A file whose path the system does not open is no use, though its folder lists it.
		if len(w.root)+len(v.dir)+len(it.name)+2 >= maxPath {
			v.problems = append(v.problems, problem{relJoin(v.dir, it.name), syscall.ENAMETOOLONG})
			return
		}
		var err error
		switch e, it.kind, err = d.stat(it.name); {
		case err != nil && (linked || errors.Is(err, fs.ErrNotExist)):
			return // a link to nothing is no photo; or gone between listing and looking
		case err != nil:
			v.problems = append(v.problems, problem{relJoin(v.dir, it.name), err})
			return
		}
	}
	rel := ""
	if len(v.rules) > 0 || it.kind == folder {
		rel = relJoin(v.dir, it.name)
	}
	switch it.kind {
	case folder:
		switch {
		case slices.Contains(system, strings.ToLower(it.name)):
		case ignored(v.rules, rel, true):
			v.folder.OutFolders = append(v.folder.OutFolders, it.name)
		case linked && w.o.Under != "":
			v.folder.Unfollowed = append(v.folder.Unfollowed, rel)
		case linked:
			v.links = append(v.links, &visit{dir: rel, rules: v.rules, linked: true})
		default:
			v.below = append(v.below, &visit{dir: rel, rules: v.rules, linked: v.linked})
		}
	case file:
		switch {
		case !w.wanted([]byte(it.name)):
		case ignored(v.rules, rel, false):
			v.folder.OutFiles = append(v.folder.OutFiles, it.name)
		default:
			v.folder.Entries = append(v.folder.Entries, e)
		}
	}
}

// above collects the rules of the folders above dir and reports whether dir is left out.
func (w *walker) above(dir string, rules []rule) ([]rule, bool, error) {
	parts := strings.Split(dir, "/")
	for i := range parts {
		up := strings.Join(parts[:i], "/")
		d, err := openFolder(join(w.root, up))
		if errors.Is(err, fs.ErrNotExist) && up != "" {
			return nil, true, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the folder %s: %w", join(w.root, up), err)
		}
		own, out := false, false
		err = d.list(func(name []byte, _ kind, _ uint64) {
			own = own || string(name) == IgnoreFile
			out = out || string(name) == NoMediaFile
		})
		id, idErr := d.id()
		d.close()
		if err := errors.Join(err, idErr); err != nil {
			return nil, false, fmt.Errorf("read the folder %s: %w", join(w.root, up), err)
		}
		if own {
			if rules, err = ownRules(join(w.root, up), up, rules); err != nil {
				w.problem(up, err)
			}
		}
		name := parts[i]
		if out || w.skip[id] || strings.HasPrefix(name, ".") || slices.Contains(system, strings.ToLower(name)) ||
			ignored(rules, relJoin(up, name), true) {
			return nil, true, nil
		}
	}
	return rules, false, nil
}

func (w *walker) problem(rel string, err error) {
	if w.o.Problem != nil {
		w.o.Problem(rel, err)
	}
}

// wanted reports whether a name has one of the extensions, without allocating.
func (w *walker) wanted(name []byte) bool {
	var buf [16]byte
	for i := len(name) - 1; i >= 0 && len(name)-i <= min(w.longest, len(buf)); i-- {
		if name[i] != '.' {
			continue
		}
		ext := append(buf[:0], name[i:]...)
		for j, c := range ext {
			if 'A' <= c && c <= 'Z' {
				ext[j] = c + 'a' - 'A'
			}
		}
		return w.extensions[string(ext)]
	}
	return false
}

// Wanted reports whether a name has one of the extensions (lower case, with the dot),
// whatever its own case.
func Wanted(name string, extensions []string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}

// StatOf turns what the system says of a file into what the library remembers of it.
func StatOf(info fs.FileInfo) library.Stat {
	e := Entry{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	e.Dev, e.Ino = numbers(info)
	return e.Stat()
}

// Path is the absolute path of a file or folder given relative to a root.
func Path(root library.Root, rel string) string { return join(root.Path, rel) }

// join does not clean: a cleaned name could be another name.
func join(root, rel string) string {
	if rel == "" {
		return root
	}
	return strings.TrimSuffix(root, string(filepath.Separator)) +
		string(filepath.Separator) + filepath.FromSlash(rel)
}

func relJoin(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
