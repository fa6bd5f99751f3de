package soak

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/assets"
	"descry/internal/testdata"
	"descry/library/decode/codec"
	"descry/tagging"
	"descry/ui/app"
)

var (
	lasts = flag.Duration("soak", 0, "how long the test lasts; without it, it takes some seconds")
	seeds = flag.Uint64("seed", 0, "what decides which acts are done; 0: the time")
)

// soak is the test: the world and the program that works in it.
type soak struct {
	w     *world
	p     app.Params
	days  atomic.Int64 // that the program's clock is ahead
	doubt *doubt
	rng   *rand.Rand // of what is done between legs

	mu     sync.Mutex
	a      *app.App
	counts map[string]int

	checkpoints  int
	purged       []string  // backups that purges made
	open, closed []figures // at each checkpoint; at each closing
}

// act is something done at random.
type act struct {
	name  string
	share int
	do    func(context.Context, *rand.Rand) error
}

// actor does acts, one after another; while it does one it holds its lock.
type actor struct {
	acts []act
	n    int // how many in a leg
	lock func(*world) sync.Locker
}

type none struct{}

func (none) Lock()   {}
func (none) Unlock() {}

// cast are those who use the program at the same time.
func (s *soak) cast() []actor {
	free := func(*world) sync.Locker { return none{} }
	return []actor{
		{[]act{
			{"add photos", 4, s.add},
			{"move a file", 4, s.moveFile},
			{"move a folder", 2, s.moveFolder},
			{"copy a file", 2, s.copyFile},
			{"edit words", 3, s.editWords},
			{"edit pixels", 2, s.editPixels},
			{"delete a file", 4, s.deleteFile},
			{"unplug", 1, s.unplug},
			{"plug in", 2, s.plug},
			{"relocate", 1, s.relocate},
			{"trash", 2, s.trash},
			{"undo trash", 2, s.restore},
			{"forget", 1, s.forget},
		}, 24, func(w *world) sync.Locker { return &w.tree }},
		{[]act{
			{"rate", 4, s.rate},
			{"favourite", 3, s.favour},
			{"tag", 6, s.tag},
			{"write alt text", 3, s.writeAlt},
			{"approve alt text", 2, s.approveAlt},
			{"keep both", 1, s.keepBoth},
			{"change labels", 1, s.changeLabels},
			{"undo the last", 3, s.undoLast},
			{"undo an older one", 2, s.undoOne},
			{"redo", 3, s.redo},
			{"import own export", 1, s.importOwn},
			{"hand over", 1, s.handOver},
			{"backup", 1, s.backup},
		}, 40, func(w *world) sync.Locker { return &w.word }},
		{[]act{{"search", 4, s.search}, {"similar", 2, s.similar}, {"similar to a file", 1, s.similarFile}}, 20, free},
		{[]act{{"detail", 8, s.detail}, {"sidebar", 4, s.sidebar}, {"duplicates", 2, s.duplicates}, {"dump", 1, s.dump}}, 40, free},
		{[]act{
			{"index", 2, s.index},
			{"index cut short", 2, s.cutShort},
			{"index in the background", 4, s.background},
			{"index for another process", 1, s.askIndex},
			{"retry failed", 1, s.retry},
		}, 8, free},
	}
}

// leg lets everybody do their acts.
func (s *soak) leg(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range s.cast() {
		rng := rand.New(rand.NewPCG(s.rng.Uint64(), s.rng.Uint64()))
		var deck []act
		for _, a := range c.acts {
			for range a.share {
				deck = append(deck, a)
			}
		}
		n := c.n
		if *lasts == 0 {
			n /= 3
		}
		g.Go(func() error {
			for range n {
				a, lock := pick(rng, deck), c.lock(s.w)
				lock.Lock()
				err := a.do(ctx, rng)
				lock.Unlock()
				switch {
				case errors.Is(err, errSkip):
				case err != nil:
					return fmt.Errorf("%s: %w", a.name, err)
				default:
					s.count(a.name)
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (s *soak) app() *app.App {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.a
}

func (s *soak) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name]++
}

func (s *soak) scratch(name string) string { return filepath.Join(s.w.dir, "scratch", name) }

func remove(file string) error { return os.Remove(file) }

// params are those of the program with its starter model.
func params(dir, runtime string) (app.Params, error) {
	self, err := os.Executable()
	if err != nil {
		return app.Params{}, err
	}
	set := tagging.LabelSet{Name: "animals", Title: "Animals", Role: "animal"}
	for _, name := range []string{"dog", "cat", "bee", "horse", "duck"} {
		set.Labels = append(set.Labels, tagging.Label{Name: name, Alt: "a " + name})
	}
	return app.Params{
		Dir: dir, Runtime: runtime, Threads: 2, Quiet: app.QuietOff, Decoders: []string{self, codec.Argument}, Starter: assets.Starter(), Sets: []tagging.LabelSet{set},
		Background: assets.Background()[:40], Templates: []string{"a photo of {}."}, Samples: assets.Samples(),
		Program: "descry soak", Log: slog.New(slog.DiscardHandler),
	}, nil
}

// start opens the library as a window does.
func (s *soak) start(ctx context.Context) error {
	a, err := app.Open(ctx, s.p)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.a = a
	s.mu.Unlock()
	a.Listen(app.Events{
		Progress: func(app.Progress) {}, Changed: func() {}, Notice: func(string) {}, Folders: func(string) {},
		Finished: func(app.IndexReport) { s.count("(background runs that ended)") }, // of watching, mostly
	})
	a.Serve(ctx)
	a.StartWatching()
	return s.settleDoubt(ctx)
}

// stop closes the library; nothing remains of it but what belongs there.
func (s *soak) stop() error {
	if err := s.app().Close(); err != nil {
		return err
	}
	if app.InUse(s.p.Dir) {
		return errors.New("the closed library is still locked")
	}
	f := measure()
	s.closed = append(s.closed, f)
	if f.children > 0 {
		return fmt.Errorf("processes outlive the closed library: %q", children())
	}
	if first := s.closed[0]; f.goroutines > first.goroutines || f.handles > first.handles {
		return fmt.Errorf("goroutines (%d, first %d) or open files (%d, first %d) outlive the closed library: %q",
			f.goroutines, first.goroutines, f.handles, first.handles, handleNames())
	}
	left, err := leftovers(s.p.Dir, os.TempDir())
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("files outlive the closed library: %q", left)
	}
	return err
}

// begin makes the first photos and says the words that tags are made of.
func (s *soak) begin(ctx context.Context) error {
	for _, name := range []string{"disk", "stick"} {
		r := &root{name: name, path: filepath.Join(s.w.dir, "photos", name)}
		if err := os.MkdirAll(r.path, 0o755); err != nil {
			return err
		}
		s.w.roots = append(s.w.roots, r)
	}
	var err error
	if s.w.other, err = samples(ctx, s.scratch("")); err != nil {
		return err
	}
	for len(s.w.places(nil)) < fewest {
		if err := s.add(ctx, s.rng); err != nil {
			return err
		}
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	for _, r := range s.w.roots {
		added, err := s.app().AddRoot(ctx, r.path)
		if err != nil {
			return err
		}
		r.id = added.ID
	}
	if _, err := s.app().Index(ctx, nil, nil); err != nil {
		return err
	}
	if _, err := s.putLabels(ctx, []string{"red", "green"}); err != nil {
		return err
	}
	ts, err := s.targets(ctx, s.rng, 1)
	if err != nil {
		return err
	}
	for _, word := range words {
		id, err := s.app().AddTag(ctx, idsOf(ts), strings.TrimPrefix(word, "my-tags/"))
		if err != nil {
			return err
		}
		if err := s.tagged(id, ts, word, "confirmed"); err != nil {
			return err
		}
		s.w.ops[len(s.w.ops)-1].final = true // the operation before it made the label
	}
	return nil
}

// live is the whole life of the library.
func (s *soak) live(ctx context.Context, until time.Time) error {
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("the beginning: %w", err)
	}
	for {
		if err := s.leg(ctx); err != nil {
			return fmt.Errorf("after checkpoint %d: %w", s.checkpoints, err)
		}
		if err := s.checkpoint(ctx); err != nil {
			return fmt.Errorf("checkpoint %d: %w", s.checkpoints+1, err)
		}
		s.open = append(s.open, measure())
		last := !time.Now().Before(until)
		if last {
			if err := errors.Join(s.purge(ctx), s.rest(ctx), s.checkFresh(ctx)); err != nil {
				return err
			}
		}
		if last || s.checkpoints%3 == 0 {
			if err := s.stop(); err != nil {
				return fmt.Errorf("closing: %w", err)
			}
			if last {
				return nil
			}
			s.days.Add(1)
			if err := s.kill(ctx, s.rng); err != nil {
				return err
			}
			if err := s.start(ctx); err != nil {
				return fmt.Errorf("opening: %w", err)
			}
			s.count("close and open")
		}
	}
}

// table prints what was done and what it took.
func (s *soak) table() string {
	var b strings.Builder
	b.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Fprintf(&b, "%d × %s; ", s.counts[name], name)
	}
	fmt.Fprintf(&b, "%d checkpoints\n", s.checkpoints)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tfirst third\tlast third\tmost\tclosed: first third\tlast third\tmost")
	for _, k := range kinds {
		fmt.Fprint(w, k.name)
		for _, all := range [][]figures{s.open, s.closed} {
			first, last, ok := thirds(all)
			if !ok {
				first, last = all, all
			}
			for _, part := range [][]figures{first, last} {
				if len(part) == 0 {
					part = []figures{{}}
				}
				fmt.Fprintf(w, "\t%d", median(part, k.of))
			}
			most := 0
			for _, f := range all {
				most = max(most, k.of(f))
			}
			fmt.Fprintf(w, "\t%d", most)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	return b.String()
}

// TestSoak uses Descry for as long as -soak says, at random, and compares it at every turn
// with what must be. `go test -v -args -soak 2m -seed N` does the same acts again; only how
// those of several actors fall together is another.
func TestSoak(t *testing.T) {
	runtime := testdata.Runtime(t)
	seed := *seeds
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) >> 10 & 0xFFFFFFFF
	}
	t.Logf("-seed %d", seed)
	dir := t.TempDir()
	for name, sub := range map[string]string{"XDG_DATA_HOME": "data", "TMPDIR": "tmp"} {
		t.Setenv(name, filepath.Join(dir, sub))
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &soak{w: newWorld(dir, seed), rng: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
	if err := os.MkdirAll(s.scratch(""), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.p, err = params(filepath.Join(dir, "library"), runtime); err != nil {
		t.Fatal(err)
	}
	s.p.Now = func() time.Time { return time.Now().AddDate(0, 0, int(s.days.Load())) }
	err = s.live(t.Context(), time.Now().Add(*lasts))
	t.Log(s.table())
	if err != nil {
		if a := s.app(); a != nil {
			_ = a.Close()
		}
		t.Fatalf("with -seed %d: %v", seed, err)
	}
	for name, all := range map[string][]figures{"with the library open": s.open, "with it closed": s.closed} {
		if err := grown(all); err != nil {
			t.Errorf("%s: %v\nopen files at the end: %q", name, err, handleNames())
		}
	}
}
