// Package scan looks at folders: which photos lie where, what tells a changed file from
// an unchanged one, what is to be left out, and which volume a folder is on. It reads
// names and stats only, never the photos.
package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"descry/library"
)

// ErrStop may be returned by the function given to Walk to end the walk early; Walk then
// returns nil.
var ErrStop = errors.New("stop the walk")

// Entry is one file that may be a photo.
type Entry struct {
	Name string // bytes as the system gives them, maybe not UTF-8
	Stat library.Stat
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
	// Problem, when not nil, is told of each folder or entry that could not be read, by
	// its path relative to the root ("" for the root itself). The walk goes on.
	Problem func(rel string, err error)
}

// system folders hold copies and thumbnails made by others, or what was thrown away.
var system = []string{
	"@eadir", "#recycle", "#snapshot", "$recycle.bin", "recycler",
	"system volume information", "lost+found",
}

// Walk calls fn once for each folder at and below root that can be read, with the
// candidates for photos in it, sorted by name; maybe none. dir is relative to root,
// separated by "/", "" for root itself. Folders come before what is in them.
//
// Hidden and system folders, hidden files, folders with a .nomedia file and what a
// .descryignore file names are left out. A symbolic link to a file counts as the file. A
// link to a folder is followed after all real folders were seen, and every folder is
// visited once however many ways lead to it, so that loops end.
//
// A root that cannot be read is an error; a folder below it is told to Options.Problem.
func Walk(ctx context.Context, root string, o Options, fn func(dir string, entries []Entry) error) error {
	w := &walker{o: o, root: root, fn: fn, seen: map[string]bool{}, skip: map[string]bool{}}
	for _, s := range o.Skip {
		if real, err := filepath.EvalSymlinks(s); err == nil {
			s = real
		}
		w.skip[filepath.Clean(s)] = true
	}
	rules, err := parseRules("", strings.Join(o.Exclude, "\n"))
	if err != nil {
		return err
	}
	if err := w.folder(ctx, "", rules, true); err != nil {
		return ended(err)
	}
	// Links may lead to folders with further links: the list grows while it is worked off.
	for i := 0; i < len(w.links); i++ {
		if err := w.folder(ctx, w.links[i].dir, w.links[i].rules, false); err != nil {
			return ended(err)
		}
	}
	return nil
}

func ended(err error) error {
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

type link struct {
	dir   string
	rules []rule
}

type walker struct {
	o     Options
	root  string
	fn    func(string, []Entry) error
	seen  map[string]bool // "dev:ino" of visited folders
	skip  map[string]bool // absolute folders left out
	links []link
}

// folder visits one folder and what is below it; top says that it is the root.
func (w *walker) folder(ctx context.Context, dir string, rules []rule, top bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	abs := join(w.root, dir)
	info, err := os.Stat(abs)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", abs)
	}
	if err != nil {
		return w.trouble(dir, top, err)
	}
	if w.left(abs) {
		return nil
	}
	if id := inode(info); id != "" {
		if w.seen[id] {
			return nil
		}
		w.seen[id] = true
	}
	list, err := os.ReadDir(abs)
	if err != nil {
		// What was read before the error is not the whole folder: taking it for the
		// whole would turn the rest into missing files.
		return w.trouble(dir, top, err)
	}
	rules, skip, err := folderRules(abs, dir, list, rules)
	if err != nil {
		w.problem(dir, err)
	}
	if skip {
		return nil
	}

	var files []Entry
	var below []string
	for _, e := range list {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		rel := relJoin(dir, name)
		kind := e.Type()
		linked := kind&fs.ModeSymlink != 0
		if linked {
			target, err := os.Stat(join(w.root, rel))
			if err != nil {
				continue // a link to nothing is no photo
			}
			kind = target.Mode().Type()
		}
		switch {
		case kind.IsDir():
			if slices.Contains(system, strings.ToLower(name)) || ignored(rules, rel, true) {
				continue
			}
			if linked {
				w.links = append(w.links, link{rel, rules})
			} else {
				below = append(below, rel)
			}
		case kind.IsRegular():
			if !w.wanted(name) || ignored(rules, rel, false) {
				continue
			}
			info, err := os.Stat(join(w.root, rel))
			if errors.Is(err, fs.ErrNotExist) {
				continue // gone between listing and looking
			}
			if err != nil {
				w.problem(rel, err)
				continue
			}
			files = append(files, Entry{Name: name, Stat: StatOf(info)})
		}
	}
	if err := w.fn(dir, files); err != nil {
		return err
	}
	for _, sub := range below {
		if err := w.folder(ctx, sub, rules, false); err != nil {
			return err
		}
	}
	return nil
}

// trouble ends the walk for the root's own error and notes any other.
func (w *walker) trouble(dir string, top bool, err error) error {
	if top {
		return fmt.Errorf("read the folder %s: %w", w.root, err)
	}
	w.problem(dir, err)
	return nil
}

func (w *walker) problem(rel string, err error) {
	if w.o.Problem != nil {
		w.o.Problem(rel, err)
	}
}

func (w *walker) left(abs string) bool {
	if len(w.skip) == 0 {
		return false
	}
	real, err := filepath.EvalSymlinks(abs)
	return err == nil && w.skip[real]
}

func (w *walker) wanted(name string) bool {
	return slices.Contains(w.o.Extensions, strings.ToLower(filepath.Ext(name)))
}

// StatOf turns what the system says of a file into what the library remembers of it.
func StatOf(info fs.FileInfo) library.Stat {
	return library.Stat{
		Size:    info.Size(),
		ModTime: info.ModTime().UnixNano(),
		Inode:   inode(info),
	}
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
