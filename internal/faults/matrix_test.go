//go:build linux

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/ui/app"
)

var (
	update = flag.Bool("update", false, "write docs/reliability.md")
	times  = flag.Int("times", 1, "look at so many times the points; the page is not compared then")
)

// How many points of each stage are looked at.
const (
	stopPoints = 10 // the process ends between two system calls
	cutPoints  = 16 // the power goes: at every other one just after a name changed
	killPoints = 3  // a real process gets SIGKILL
)

// task is what a child process of the test does.
type task struct {
	Stage string
	Site  site
	Hurt  *hurt // what goes wrong meanwhile, without strace
}

const childVariable = "DESCRY_TEST_FAULT"

func TestMain(m *testing.M) {
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	if err := child(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(text string) error {
	var job task
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	st := stageNamed(job.Stage)
	if job.Hurt != nil {
		return endure(st, job)
	}
	return st.run(job.Site, func(digest string) error {
		_, err := os.Stdout.WriteString(digest + "\n")
		return err
	})
}

// stageNamed is the stage whose name begins with a text.
func stageNamed(name string) stage {
	for _, st := range stages() {
		if strings.HasPrefix(st.name, name) {
			return st
		}
	}
	panic("no stage " + name)
}

// command is the test program as a child process that does a task.
func command(t *testing.T, job task) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text), "XDG_DATA_HOME="+job.Site.data())
	return cmd
}

// TestFaults is all that goes into docs/reliability.md.
func TestFaults(t *testing.T) {
	p := &page{}
	lacking := needStrace(t)
	for _, st := range stages() {
		t.Run(st.name, func(t *testing.T) {
			if lacking != "" {
				p.skipped(t, "stages", st.name, lacking)
			}
			if st.runtime {
				t.Setenv(runtimeVariable, testdata.Runtime(t))
			}
			points := interrupt(t, st)
			p.row("stages", st.name, strconv.Itoa(stopPoints), strconv.Itoa(killPoints), strconv.Itoa(cutPoints), points)
		})
	}
	t.Run("syncs that do nothing", func(t *testing.T) {
		if lacking != "" {
			t.Skip("skipped: " + lacking)
		}
		deaf(t)
	})
	others(t, p, lacking)
	p.compare(t)
}

// trial is a stage that ran undisturbed, and all that it did to the disk.
type trial struct {
	stage
	site   site
	begin  *disk // what it started from
	events []event
	looked int // times that check looked
	known
}

// known is what is known of a stage that ran undisturbed.
type known struct {
	Before, After state
	Told          []string // digests of the user data, one after each operation
	Thumbs        string   // a copy of the thumbnails as they should be
}

// begin prepares a stage.
func begin(t *testing.T, st stage) *trial {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &trial{stage: st, site: site(filepath.Join(dir, "site"))}
	if err := os.Mkdir(string(r.site), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_DATA_HOME", r.site.data())
	if err := st.prepare(r.site); err != nil {
		t.Fatalf("preparing: %v", err)
	}
	if !st.closed && st.kind != derived {
		if r.Before, err = r.site.look(); err != nil {
			t.Fatalf("before: %v", err)
		}
	}
	keep := filepath.Join(dir, "kept")
	if err := os.Mkdir(keep, 0o755); err != nil {
		t.Fatal(err)
	}
	if r.begin, err = readDisk(string(r.site), keep); err != nil {
		t.Fatal(err)
	}
	return r
}

// end notes what is there when the stage has run.
func (r *trial) end(t *testing.T) {
	t.Helper()
	if there(r.site.at("library", "thumbs")) {
		r.Thumbs = filepath.Join(filepath.Dir(string(r.site)), "thumbs")
		if err := os.CopyFS(r.Thumbs, os.DirFS(r.site.at("library", "thumbs"))); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if r.After, err = r.site.look(); err != nil {
		t.Fatalf("after: %v", err)
	}
}

// undisturbed prepares a stage and lets it run.
func undisturbed(t *testing.T, st stage) *trial {
	t.Helper()
	r := begin(t, st)
	err := st.run(r.site, func(digest string) error {
		r.Told = append(r.Told, digest)
		return nil
	})
	if err != nil {
		t.Fatalf("undisturbed: %v", err)
	}
	r.end(t)
	return r
}

// try prepares a stage and lets it run under strace.
func try(t *testing.T, st stage) *trial {
	t.Helper()
	r := begin(t, st)
	log := filepath.Join(filepath.Dir(string(r.site)), "trace")
	cmd := command(t, task{Stage: st.name, Site: r.site})
	if err := straced(cmd, log); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("undisturbed: %v\n%s", err, out)
	}
	var err error
	if r.events, err = readTrace(log, string(r.site)); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.events {
		if e.kind == evSaid {
			r.Told = append(r.Told, strings.TrimSpace(string(e.data)))
		}
	}
	// The model of the disk has to agree with the disk.
	d, err := readDisk(string(r.site), "")
	if err != nil {
		t.Fatal(err)
	}
	model, real := r.disk(t, len(r.events)).killed(), d.killed()
	for path := range maps.Keys(real) {
		if _, ok := model[path]; !ok {
			t.Fatalf("%s is not in what was traced", path)
		}
	}
	for path, c := range model {
		if !bytes.Equal(c.bytes, real[path].bytes) && !strings.HasSuffix(path, "-shm") {
			t.Fatalf("%s is not what was traced", path)
		}
	}
	r.end(t)
	return r
}

// disk is the disk after the first n events.
func (r *trial) disk(t *testing.T, n int) *disk {
	t.Helper()
	d, err := r.begin.clone()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range r.events[:n] {
		if e.kind == evSaid {
			d.steps++
			continue
		}
		if err := d.apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// named are the numbers of events after which a file has just got a name, another one or none.
func (r *trial) named() []int {
	var out []int
	for i, e := range r.events {
		if e.kind == evRename || e.kind == evLink || e.kind == evRemove {
			out = append(out, i+1)
		}
	}
	if len(out) == 0 {
		out = append(out, len(r.events))
	}
	return out
}

// told is how often the stage told a digest within the first n events.
func (r *trial) told(n int) int {
	told := 0
	for _, e := range r.events[:n] {
		if e.kind == evSaid {
			told++
		}
	}
	return told
}

// may lists the digests that the user data may have when the stage told some of them: what
// was told is certain, what comes next may be there.
func (r *trial) may(told int) []string {
	all := append(append([]string{r.Before.User}, r.Told...), r.After.User)
	return all[told:min(told+2, len(all))]
}

// interrupt ends a stage at many points, in three ways, and looks at what is left.
func interrupt(t *testing.T, st stage) string {
	r := try(t, st)
	h := fnv.New64a()
	h.Write([]byte(st.name))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	spread := func(i, n int) int { return (i + 1) * len(r.events) / (n + 1) }
	bad := 0
	check := func(what string, n, told int) {
		if err := r.check(told); err != nil {
			bad++
			t.Errorf("%s after %d of %d steps: %v", what, n, len(r.events), err)
		}
	}
	put := func(d *disk, files map[string]content) {
		if err := d.put(files); err != nil {
			t.Fatal(err)
		}
	}
	for i := range stopPoints * *times {
		n := spread(i, stopPoints**times)
		d := r.disk(t, n)
		put(d, d.killed())
		check("stopped", n, r.told(n))
	}
	named := r.named()
	for i := range cutPoints / 2 * *times {
		n := spread(i, cutPoints/2**times)
		d := r.disk(t, n)
		put(d, d.cut(rng))
		check("power cut", n, r.told(n))

		n = named[i*len(named)/(cutPoints/2**times)]
		if i%2 == 1 {
			n += rng.IntN(min(5, len(r.events)-n+1)) // and what is done because of it
		}
		d = r.disk(t, n)
		put(d, d.cutNamed(rng))
		check("power cut after a name changed", n, r.told(n))
	}
	for i := range killPoints * *times {
		n := spread(i, killPoints**times)
		told := r.kill(t, n)
		check("killed", n, told)
	}
	if bad > 0 {
		return "FAILED"
	}
	return "ok"
}

// kill lets the stage run anew, kills it about where the first n events end, and returns how
// many digests it told.
func (r *trial) kill(t *testing.T, n int) int {
	t.Helper()
	for n > 0 {
		d := r.disk(t, 0)
		if err := d.put(d.killed()); err != nil {
			t.Fatal(err)
		}
		name, count := "", 0
		calls := map[string]int{}
		for _, e := range r.events[:n] {
			calls[e.kind]++
		}
		for kind, call := range map[string]string{evWrite: "pwrite64", evSync: "fdatasync,fsync", evOpen: "openat"} {
			if calls[kind] > count {
				name, count = call, calls[kind]
			}
		}
		if name == "" {
			name, count = "openat", 30
		}
		// strace counts calls by thread, and the work may be spread over several.
		for ; count > 0; count /= 2 {
			cmd := command(t, task{Stage: r.name, Site: r.site})
			if err := straced(cmd, os.DevNull, "-e", "inject="+name+":signal=SIGKILL:when="+strconv.Itoa(count)); err != nil {
				t.Fatal(err)
			}
			out, err := cmd.Output()
			var exit *exec.ExitError
			if errors.As(err, &exit) && !exit.Exited() {
				return bytes.Count(out, []byte("\n"))
			}
			if err := d.put(d.killed()); err != nil {
				t.Fatal(err)
			}
		}
		n /= 2
	}
	t.Fatal("the process was not killed at any point")
	return 0
}

// check looks at the site as a fault left it when the stage had told so many digests: the
// library is sound, what the person said is what it may be, nothing is half there; and doing the stage again comes to
// the same end as without the fault.
func (r *trial) check(told int) error {
	r.looked++
	if r.further != nil {
		if err := r.further(r.site); err != nil {
			return err
		}
	}
	if r.closed && there(r.site.at("library", "library.db.whole")) {
		// What was begun is finished by whoever opens the library next.
		if got, err := r.site.look(); err != nil || got != r.After {
			return fmt.Errorf("opening the library does not finish what was begun (%v)", err)
		}
	}
	if !r.closed && there(r.site.at("library", "library.db")) {
		got, err := r.site.look()
		if err != nil {
			return fmt.Errorf("the library is not sound: %w", err)
		}
		if err := r.site.thumbnails(r.Thumbs); err != nil {
			return err
		}
		if r.kind == atomic && !slices.Contains(r.may(told), got.User) {
			return errors.New("what the person said is neither as before nor as after")
		}
		if r.undone && r.looked%2 == 1 && got.User != r.Before.User {
			if err := r.undo(); err != nil {
				return fmt.Errorf("undoing the part that was done: %w", err)
			}
		}
	}
	if err := r.run(r.site, func(string) error { return nil }); err != nil {
		return fmt.Errorf("doing it again: %w", err)
	}
	got, err := r.site.look()
	if err != nil {
		return fmt.Errorf("after doing it again: %w", err)
	}
	if got != r.After {
		return fmt.Errorf("doing it again comes to another end: user data as it should be %t, derived data %t",
			got.User == r.After.User, got.Derived == r.After.Derived)
	}
	return nil
}

// undo undoes the last operation and checks that the person's words are as before.
func (r *trial) undo() error {
	err := r.site.with(func(ctx context.Context, a *app.App) error {
		_, err := a.Undo(ctx, 0)
		return err
	})
	if err != nil {
		return err
	}
	got, err := r.site.look()
	if err == nil && got.User != r.Before.User {
		err = errors.New("what the person said is not as before")
	}
	return err
}

// deaf shows that the tests notice a library that does not sync: with syncs that do nothing,
// acknowledged words get lost.
func deaf(t *testing.T) {
	r := try(t, stageNamed("tags"))
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range 40 {
		n := (i + 1) * len(r.events) / 41
		d, err := r.begin.clone()
		if err != nil {
			t.Fatal(err)
		}
		d.deaf = true
		for _, e := range r.events[:n] {
			if e.kind == evSaid {
				d.steps++
			} else if err := d.apply(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.put(d.cut(rng)); err != nil {
			t.Fatal(err)
		}
		if err := r.check(r.told(n)); err != nil {
			t.Logf("noticed after %d of %d steps: %v", n, len(r.events), err)
			return
		}
	}
	t.Error("nobody would notice if nothing were synced")
}
