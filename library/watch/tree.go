package watch

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"

	"descry/library/scan"
)

// notifier is what the system tells of changes through.
type notifier interface {
	Add(path string) error
	Remove(path string) error
	Close() error
	events() <-chan fsnotify.Event
	errors() <-chan error
}

// system is the system's notifier.
type system struct{ *fsnotify.Watcher }

func (s system) events() <-chan fsnotify.Event { return s.Events }
func (s system) errors() <-chan error          { return s.Errors }

func openNotifier() (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return system{w}, nil
}

// tree is the folders of a root that are watched.
type tree struct {
	n       notifier
	root    string
	dirs    map[string]bool // relative
	options scan.Options

	once sync.Once
	end  chan struct{} // closed by close
}

func newTree(n notifier, root string, o scan.Options) *tree {
	return &tree{n: n, root: root, dirs: map[string]bool{}, options: o, end: make(chan struct{})}
}

func (t *tree) close() {
	t.once.Do(func() {
		close(t.end)
		_ = t.n.Close()
	})
}

// add watches a folder and what is below, but for what a scan leaves out. It goes through
// the folders until it finds none that was not watched before: one that was made after the
// one above was listed, and before that was watched, would never be told.
func (t *tree) add(ctx context.Context, dir string) error {
	for {
		fresh := 0
		o := t.options
		o.Under = dir
		err := scan.Walk(ctx, t.root, o, func(f scan.Folder) error {
			if t.dirs[f.Dir] {
				return nil
			}
			err := t.n.Add(t.path(f.Dir))
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return nil
			}
			if err != nil {
				return err
			}
			t.dirs[f.Dir] = true
			fresh++
			return nil
		})
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it went away again: that is told, too
		case err != nil || fresh == 0:
			return err
		}
	}
}

// remove ends watching a folder and what is below.
func (t *tree) remove(dir string) {
	for d := range t.dirs {
		if d == dir || strings.HasPrefix(d, dir+"/") {
			delete(t.dirs, d)
			_ = t.n.Remove(t.path(d)) // the system may have ended it already
		}
	}
}

func (t *tree) path(dir string) string {
	if dir == "" {
		return t.root
	}
	return strings.TrimSuffix(t.root, "/") + "/" + dir
}

// rel is a path as the notifier names it, relative to the root.
func (t *tree) rel(path string) (string, bool) {
	if path == t.root {
		return "", true
	}
	return strings.CutPrefix(path, strings.TrimSuffix(t.root, "/")+"/")
}
