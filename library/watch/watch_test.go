package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"

	"descry/library"
)

// clock is a time that a test moves on.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	next  time.Time // what was asked for last
	wake  chan time.Time
	asked chan struct{} // holds one when After was called since it was looked at
}

func newClock() *clock {
	return &clock{now: time.Unix(1e9, 0), asked: make(chan struct{}, 1)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next, c.wake = c.now.Add(d), make(chan time.Time, 1)
	if d <= 0 {
		c.wake <- c.now
	}
	select {
	case c.asked <- struct{}{}:
	default:
	}
	return c.wake
}

// advance moves on to what was asked for, if that is at most limit away.
func (c *clock) advance(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wake == nil || c.next.Sub(c.now) > limit {
		return
	}
	c.now = c.next
	select {
	case c.wake <- c.now:
	default:
	}
	c.wake = nil
}

// watched is a Watcher at work on one root.
type watched struct {
	*testing.T
	w       *Watcher
	clock   *clock
	dir     string
	told    chan []Change
	notices chan string
	step    time.Duration // what until moves the time on by at most; 0: Quiet
}

func start(t *testing.T, prepare func(*watched)) *watched {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("skipped: roots are polled on this system")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	x := &watched{
		T: t, clock: newClock(), dir: filepath.Join(dir, "photos"),
		told: make(chan []Change), notices: make(chan string, 10),
	}
	x.mkdir("")
	x.w = New(Params{
		Changed: func(ctx context.Context, changes []Change) {
			select {
			case x.told <- changes:
			case <-ctx.Done():
			}
		},
		Notice:     func(s string) { x.notices <- s },
		Extensions: []string{".jpg"},
		Clock:      x.clock,
	})
	x.w.kindOf = func(string) fsKind { return fsKind{watch: true} }
	if prepare != nil {
		prepare(x)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- x.w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	x.w.SetRoots([]library.Root{{ID: 7, Path: x.dir}}, []string{"private/"})
	return x
}

func (x *watched) at(name string) string { return filepath.Join(x.dir, filepath.FromSlash(name)) }

func (x *watched) mkdir(name string) {
	x.Helper()
	if err := os.MkdirAll(x.at(name), 0o755); err != nil {
		x.Fatal(err)
	}
}

func (x *watched) write(name string) {
	x.Helper()
	x.mkdir(filepath.Dir(name))
	if err := os.WriteFile(x.at(name), []byte(name), 0o644); err != nil {
		x.Fatal(err)
	}
}

// within moves the time on, in steps of limit at most, until something is told.
func (x *watched) within(limit time.Duration) []Change {
	x.Helper()
	for {
		select {
		case c := <-x.told:
			return c
		case <-x.clock.asked:
			x.clock.advance(limit)
		case <-x.Context().Done():
			x.Fatal("nothing was told")
		}
	}
}

// until gathers what is told until all of the folders are: each event comes when the system
// thinks fit. It returns all folders told.
func (x *watched) until(folders ...string) []string {
	x.Helper()
	var got []string
	for {
		for _, c := range x.within(max(Quiet, x.step)) {
			if c.Root != 7 {
				x.Errorf("root %d", c.Root)
			}
			if c.Folders == nil {
				got = append(got, "*")
			}
			for _, f := range c.Folders {
				name := f.Dir
				if !f.Flat {
					name += "/**"
				}
				got = append(got, name)
			}
		}
		if !slices.ContainsFunc(folders, func(f string) bool { return !covered(got, f) }) {
			slices.Sort(got)
			return slices.Compact(got)
		}
	}
}

// covered reports whether a folder was told, alone or with one above it.
func covered(told []string, folder string) bool {
	for up := strings.TrimSuffix(folder, "/**"); ; up = up[:max(0, strings.LastIndexByte(up, '/'))] {
		if slices.Contains(told, folder) || slices.Contains(told, up+"/**") {
			return true
		}
		if up == "" {
			return folder != "*" && slices.Contains(told, "*")
		}
	}
}

func (x *watched) exactly(folders ...string) {
	x.Helper()
	if got := x.until(folders...); !slices.Equal(got, folders) {
		x.Errorf("told %q, want %q", got, folders)
	}
}

func TestWatchTellsFolders(t *testing.T) {
	x := start(t, func(x *watched) {
		x.write("a/1.jpg")
		x.mkdir("b/c")
		x.mkdir("private")
		x.mkdir(".hidden")
	})
	told := x.until("*") // what changed before it was watched
	x.write("private/2.jpg")
	x.write(".hidden/2.jpg")
	x.write("a/notes.txt")
	x.write("a/2.JPG")
	told = append(told, x.until("a")...)
	x.write("3.jpg")
	told = append(told, x.until("")...)
	if err := os.Remove(x.at("a/1.jpg")); err != nil {
		t.Fatal(err)
	}
	told = append(told, x.until("a")...)
	if err := os.Rename(x.at("a/2.JPG"), x.at("b/c/2.JPG")); err != nil {
		t.Fatal(err)
	}
	told = append(told, x.until("a", "b/c")...)
	if err := os.Chtimes(x.at("3.jpg"), time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	told = append(told, x.until("")...)
	x.write("b/.nomedia")
	told = append(told, x.until("b/**")...)
	for _, dir := range told[1:] {
		if strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "private") || dir == "*" {
			t.Errorf("told %q", dir)
		}
	}
}

func TestWatchFollowsNewAndMovedFolders(t *testing.T) {
	x := start(t, nil)
	x.exactly("*")
	for i := range 20 {
		x.write(fmt.Sprintf("new/%d/deep/1.jpg", i))
	}
	x.until("new/**")
	x.write("new/7/deep/2.jpg") // watched by now
	x.until("new/7/deep")
	if err := os.Rename(x.at("new"), x.at("old")); err != nil {
		t.Fatal(err)
	}
	x.until("new/**", "old/**")
	x.write("old/7/deep/3.jpg")
	x.until("old/7/deep")
	if err := os.RemoveAll(x.at("old/7")); err != nil {
		t.Fatal(err)
	}
	x.until("old/7/**")
	x.mkdir("old/7/deep")
	x.until("old/7/**")
	x.write("old/7/deep/4.jpg")
	x.until("old/7/deep")
}

func TestWatchOfALinkIsAboutAllOfTheRoot(t *testing.T) {
	x := start(t, func(x *watched) { x.write("a/1.jpg") })
	x.exactly("*")
	if err := os.Symlink(x.at("a"), x.at("link")); err != nil {
		t.Skipf("skipped: the system makes no symbolic links: %v", err)
	}
	x.exactly("*")
}

// TestWatchOfThousandsOfFiles looks, each time that it is told, at the folders told, as a
// scan does, until it has seen every file that was written meanwhile.
func TestWatchOfThousandsOfFiles(t *testing.T) {
	const folders, files = 20, 150
	x := start(t, nil)
	x.exactly("*")
	wrote := make(chan error, 1)
	go func() {
		for i := range folders * files {
			name := x.at(fmt.Sprintf("%02d/%d.jpg", i%folders, i))
			err := os.MkdirAll(filepath.Dir(name), 0o755)
			if err == nil {
				err = os.WriteFile(name, nil, 0o644)
			}
			if err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	seen := map[string]bool{}
	for len(seen) < folders*files {
		for _, c := range x.within(Quiet) {
			dirs := c.Folders
			if dirs == nil {
				dirs = []Folder{{}}
			}
			for _, f := range dirs {
				_ = filepath.WalkDir(x.at(f.Dir), func(path string, e os.DirEntry, err error) error {
					if err == nil && !e.IsDir() {
						seen[path] = true
					}
					return nil
				})
			}
		}
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
}

// fake is a notifier that a test speaks for.
type fake struct {
	ev   chan fsnotify.Event
	er   chan error
	fail error
}

func newFake() *fake                            { return &fake{ev: make(chan fsnotify.Event), er: make(chan error)} }
func (f *fake) Add(string) error                { return f.fail }
func (f *fake) Remove(string) error             { return nil }
func (f *fake) Close() error                    { return nil }
func (f *fake) events() <-chan fsnotify.Event   { return f.ev }
func (f *fake) errors() <-chan error            { return f.er }
func (f *fake) opened() (n notifier, err error) { return f, nil }

func TestWatchBeginsAnewWhenEventsWereLost(t *testing.T) {
	first, second := newFake(), newFake()
	opened := 0
	x := start(t, func(x *watched) {
		x.w.opened = func() (notifier, error) {
			opened++
			if opened == 1 {
				return first, nil
			}
			return second, nil
		}
	})
	x.exactly("*")
	first.ev <- fsnotify.Event{Name: x.at("a.jpg"), Op: fsnotify.Write}
	x.exactly("")
	first.er <- fsnotify.ErrEventOverflow
	x.exactly("*")
	second.ev <- fsnotify.Event{Name: x.at("a.jpg"), Op: fsnotify.Write}
	x.exactly("")
}

func TestWatchPollsWhatTheSystemDoesNotWatch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(*watched)
		notice  string
	}{
		{"no more watches", func(x *watched) {
			f := newFake()
			f.fail = os.NewSyscallError("inotify_add_watch", syscall.ENOSPC)
			x.w.opened = f.opened
		}, "sudo sysctl fs.inotify.max_user_watches="},
		{"no more watchers", func(x *watched) {
			x.w.opened = func() (notifier, error) { return nil, syscall.EMFILE }
		}, "sudo sysctl fs.inotify.max_user_instances="},
		{"a network drive", func(x *watched) {
			x.w.kindOf = func(string) fsKind { return fsKind{name: "NFS"} }
		}, "network drive (NFS)"},
		{"a system without", func(x *watched) {
			x.w.kindOf = func(string) fsKind { return fsKind{} }
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := &watched{T: t, clock: newClock(), dir: t.TempDir(), notices: make(chan string, 10)}
			x.w = New(Params{Clock: x.clock, Notice: func(s string) { x.notices <- s }})
			x.w.kindOf = func(string) fsKind { return fsKind{watch: true} }
			tt.prepare(x)
			l := newLoop(t.Context(), x.w)
			roots := settings{roots: []library.Root{{ID: 7, Path: x.dir}}}
			l.setRoots(roots)
			l.looked(<-x.w.looks)
			if diff := cmp.Diff([]Change{{Root: 7}}, l.batch.take()); diff != "" {
				t.Error(diff)
			}
			if tt.notice != "" {
				if n := <-x.notices; !strings.Contains(n, tt.notice) || !strings.Contains(n, x.dir) {
					t.Errorf("notice %q", n)
				}
			}
			// A scan of a second is begun a minute after the last one; slower ones are begun
			// less often.
			for _, p := range []struct{ took, every time.Duration }{
				{time.Second, PollMin}, {10 * time.Second, 200 * time.Second}, {time.Hour, PollMax},
			} {
				l.told, l.running = []library.RootID{7}, true
				l.finished(p.took)
				if at := l.roots[7].next.Sub(x.clock.Now()); at != p.every {
					t.Errorf("after a scan of %v the next comes in %v", p.took, at)
				}
			}
			x.clock.now = l.roots[7].next
			l.running = true // so that nothing is told from here
			l.timed()
			if diff := cmp.Diff([]Change{{Root: 7}}, l.batch.take()); diff != "" {
				t.Error(diff)
			}
			l.close()
			l.setRoots(settings{})
			l.setRoots(roots)
			for l.roots[7].looking {
				l.looked(<-x.w.looks)
			}
			if len(x.notices) > 0 {
				t.Errorf("said again: %q", <-x.notices)
			}
			l.close()
		})
	}
}

func TestWatchSeesRootsGoAndComeBack(t *testing.T) {
	x := start(t, func(x *watched) {
		x.write("a/1.jpg")
		x.step = LookEach
	})
	x.exactly("*")
	away := x.dir + "-away"
	if err := os.Rename(x.dir, away); err != nil {
		t.Fatal(err)
	}
	x.until("*")
	x.mkdir("") // an empty mount point
	x.until("*")
	if err := os.Remove(x.dir); err != nil {
		t.Fatal(err)
	}
	x.until("*")
	if err := os.Rename(away, x.dir); err != nil {
		t.Fatal(err)
	}
	x.until("*")
	x.write("a/2.jpg")
	x.until("a")
	// A root that was taken out of the library is watched no more.
	x.w.SetRoots(nil, nil)
	x.write("a/3.jpg")
	other := t.TempDir()
	x.w.SetRoots([]library.Root{{ID: 7, Path: other}}, nil)
	x.until("*")
}

func TestKindOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: a file system is asked for by its number on Linux")
	}
	if k := kindOf(t.TempDir()); !k.watch || k.sentence("x") != "" {
		t.Skipf("skipped: the folder for tests lies on %s", k.name)
	}
	if k := kindOf("/proc"); !k.watch {
		t.Errorf("%+v", k)
	}
}
