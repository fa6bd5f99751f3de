package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"descry/library"
	"descry/library/scan"
)

// root is a root being watched.
type root struct {
	library.Root
	state   string // what look saw last
	looking bool
	tree    *tree // nil: polled, or not there

	polled bool
	every  time.Duration // between two polls
	next   time.Time     // of the next one
}

// look is what was seen of a root.
type look struct {
	id    library.RootID
	path  string
	state string
}

// loop is a running Watcher.
type loop struct {
	*Watcher
	ctx     context.Context
	roots   map[library.RootID]*root
	exclude []string
	batch   batch
	running bool // Changed
	done    chan time.Duration
	told    []library.RootID // roots that Changed is at work on
	lookAt  time.Time        // when roots are looked at again
	noticed map[string]bool  // sentences said
}

// Run watches until ctx ends, and returns nil then. Each root that is there is told once
// when watching it begins: it may have changed before.
func (w *Watcher) Run(ctx context.Context) error {
	l := newLoop(ctx, w)
	defer func() {
		l.close()
		if l.running {
			<-l.done // Changed sees the end of ctx, too
		}
	}()
	for {
		var timer <-chan time.Time
		if at, ok := l.nextTime(); ok {
			timer = w.p.Clock.After(max(0, at.Sub(w.p.Clock.Now())))
		}
		select {
		case <-ctx.Done():
			return nil
		case s := <-w.update:
			l.setRoots(s)
		case e := <-w.events:
			l.event(e)
		case s := <-w.looks:
			l.looked(s)
		case took := <-l.done:
			l.finished(took)
		case <-timer:
			l.timed()
		}
	}
}

func newLoop(ctx context.Context, w *Watcher) *loop {
	return &loop{
		Watcher: w, ctx: ctx, roots: map[library.RootID]*root{},
		done: make(chan time.Duration, 1), noticed: map[string]bool{}, lookAt: w.p.Clock.Now().Add(LookEach),
	}
}

// close ends watching all roots.
func (l *loop) close() {
	for _, r := range l.roots {
		r.close()
	}
}

// nextTime is when something is to be done if nothing happens.
func (l *loop) nextTime() (time.Time, bool) {
	at, ok := l.lookAt, len(l.roots) > 0
	for _, r := range l.roots {
		if r.polled && r.next.Before(at) {
			at = r.next
		}
	}
	if due, waits := l.batch.due(); waits && !l.running && (!ok || due.Before(at)) {
		at, ok = due, true
	}
	return at, ok
}

// timed does what is due.
func (l *loop) timed() {
	now := l.p.Clock.Now()
	if !now.Before(l.lookAt) {
		l.lookAt = now.Add(LookEach)
		for _, r := range l.roots {
			l.lookInto(r)
		}
	}
	for id, r := range l.roots {
		if r.polled && !now.Before(r.next) {
			r.next = now.Add(r.every)
			l.batch.all(now.Add(-Quiet), id)
		}
	}
	due, ok := l.batch.due()
	if !ok || l.running || now.Before(due) {
		return
	}
	changes := l.batch.take()
	l.told = l.told[:0]
	for _, c := range changes {
		l.told = append(l.told, c.Root)
	}
	l.running = true
	go func() {
		began := l.p.Clock.Now()
		l.p.Changed(l.ctx, changes)
		l.done <- l.p.Clock.Now().Sub(began)
	}()
}

// finished notes how long a scan took: a large root on a slow line is not scanned all the
// time.
func (l *loop) finished(took time.Duration) {
	l.running = false
	for _, id := range l.told {
		if r := l.roots[id]; r != nil && r.polled {
			r.every = min(max(pollShare*took, PollMin), PollMax)
			r.next = l.p.Clock.Now().Add(r.every)
		}
	}
}

// setRoots takes over other roots and patterns.
func (l *loop) setRoots(s settings) {
	all := !slices.Equal(s.exclude, l.exclude)
	l.exclude = s.exclude
	keep := map[library.RootID]bool{}
	for _, is := range s.roots {
		keep[is.ID] = true
		if was := l.roots[is.ID]; was != nil && was.Path == is.Path && !all {
			was.Root = is
			continue
		}
		l.drop(is.ID)
		r := &root{Root: is}
		l.roots[is.ID] = r
		l.lookInto(r)
	}
	for id := range maps.Clone(l.roots) {
		if !keep[id] {
			l.drop(id)
			l.batch.forget(id)
		}
	}
}

func (l *loop) drop(id library.RootID) {
	if r := l.roots[id]; r != nil {
		r.close()
		delete(l.roots, id)
	}
}

func (r *root) close() {
	if r.tree != nil {
		r.tree.close()
		r.tree = nil
	}
	r.polled = false
}

// lookInto sees whether a root is there, beside the loop: a drive on the network may take
// its time.
func (l *loop) lookInto(r *root) {
	if r.looking {
		return
	}
	r.looking = true
	id, path, volume := r.ID, r.Path, r.Volume
	go func() {
		s := look{id, path, stateOf(path, volume)}
		select {
		case l.looks <- s:
		case <-l.ctx.Done():
		}
	}()
}

// stateOf is a text that changes when a root goes, comes back, is replaced by another
// folder, becomes empty, or its volume is mounted elsewhere. "" stands for none of them
// being there.
func stateOf(path, volume string) string {
	places := ""
	if scan.Portable(volume) {
		places = strings.Join(scan.Mounts(volume), "\n")
	}
	f, err := os.Open(path)
	if err != nil {
		return places
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return places
	}
	_, err = f.Readdirnames(1)
	return fmt.Sprintf("%s\n%s\n%v", scan.StatOf(info).Inode, places, errors.Is(err, io.EOF))
}

// looked deals with what was seen of a root.
func (l *loop) looked(s look) {
	r := l.roots[s.id]
	if r == nil {
		return
	}
	r.looking = false
	if r.Path != s.path || r.state == s.state {
		return
	}
	r.state = s.state
	r.close()
	now := l.p.Clock.Now()
	l.attach(r, now)
	l.batch.all(now, r.ID)
}

// attach begins to watch a root, if it is there, or to poll it.
func (l *loop) attach(r *root, now time.Time) {
	if info, err := os.Stat(r.Path); err != nil || !info.IsDir() {
		return
	}
	kind := l.kindOf(r.Path)
	if !kind.watch {
		l.poll(r, now, kind.sentence(r.Path))
		return
	}
	n, err := l.opened()
	if err != nil {
		l.poll(r, now, limitSentence(r.Path, err))
		return
	}
	t := newTree(n, r.Path, scan.Options{Exclude: l.exclude, Skip: l.p.Skip})
	if err := t.add(l.ctx, ""); err != nil {
		t.close()
		if l.ctx.Err() == nil {
			l.poll(r, now, limitSentence(r.Path, err))
		}
		return
	}
	r.tree = t
	go l.forward(r.ID, t)
}

// poll makes a root one that is scanned now and then.
func (l *loop) poll(r *root, now time.Time, why string) {
	r.polled, r.every = true, PollMin
	r.next = now.Add(r.every)
	if why != "" && !l.noticed[why] {
		l.noticed[why] = true
		l.p.Notice(why)
	}
}

// limitSentence says why the system does not watch a root, and the fix.
func limitSentence(path string, err error) string {
	const then = "so %s is only looked through now and then; more are allowed by: sudo sysctl fs.inotify."
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Sprintf("The system watches no more folders, "+then+"max_user_watches=1048576", path)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Sprintf("The system lets no more programs watch folders, "+then+"max_user_instances=1024", path)
	}
	return fmt.Sprintf("The system does not watch %s (%v), so it is only looked through now and then.", path, err)
}

// event is what a tree was told by the system.
type event struct {
	id   library.RootID
	tree *tree
	fsnotify.Event
	err error
}

// forward passes on the events of a tree.
func (l *loop) forward(id library.RootID, t *tree) {
	send := func(e event) bool {
		select {
		case l.events <- e:
			return true
		case <-l.ctx.Done():
			return false
		case <-t.end:
			return false
		}
	}
	for {
		select {
		case e, ok := <-t.n.events():
			if !ok || !send(event{id: id, tree: t, Event: e}) {
				return
			}
		case err, ok := <-t.n.errors():
			if !ok || !send(event{id: id, tree: t, err: err}) {
				return
			}
		case <-t.end:
			return
		}
	}
}

// event notes what an event is about.
func (l *loop) event(e event) {
	r := l.roots[e.id]
	if r == nil || r.tree != e.tree {
		return // of a tree that is not watched any more
	}
	now := l.p.Clock.Now()
	if e.err != nil {
		// Events were lost, folders that are not watched yet among them.
		l.p.Log.Info("watching begins anew", "error", e.err)
		r.close()
		l.attach(r, now)
		l.batch.all(now, r.ID)
		return
	}
	rel, ok := r.tree.rel(e.Name)
	if !ok {
		return
	}
	if rel == "" {
		l.lookInto(r) // the root itself was moved, removed or unmounted
		return
	}
	dir, name := "", rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		dir, name = rel[:i], rel[i+1:]
	}
	switch {
	case name == scan.IgnoreFile || name == scan.NoMediaFile:
		l.batch.note(now, r.ID, dir, false)
		l.watchBelow(r, dir, now)
	case strings.HasPrefix(name, "."):
	case r.tree.dirs[rel] && (e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)):
		r.tree.remove(rel)
		l.batch.note(now, r.ID, rel, false)
	case e.Has(fsnotify.Create) && isLink(e.Name) && isFolder(e.Name):
		l.batch.all(now, r.ID) // only the whole walk can tell whether another way leads there
	case e.Has(fsnotify.Create) && isFolder(e.Name):
		// Watched first and scanned later: what comes in between is seen by both.
		l.watchBelow(r, rel, now)
		l.batch.note(now, r.ID, rel, false)
	case scan.Wanted(name, l.p.Extensions):
		l.batch.note(now, r.ID, dir, true)
	}
}

// watchBelow watches a folder and what is below.
func (l *loop) watchBelow(r *root, dir string, now time.Time) {
	if err := r.tree.add(l.ctx, dir); err != nil && l.ctx.Err() == nil {
		path := r.Path
		r.close()
		l.poll(r, now, limitSentence(path, err))
		l.batch.all(now, r.ID)
	}
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
