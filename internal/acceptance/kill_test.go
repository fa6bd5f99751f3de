package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/ocr"
	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/indexer"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// killedPhotos is how many different photos are indexed.
const killedPhotos = 200

// A process that finds this in its environment is one to be killed: it indexes and ends.
const killChild = "DESCRY_TEST_INDEX"

// childJob is what the process to be killed does.
type childJob struct {
	Library, Photos, Runtime string
	// Wait keeps the process from ending by itself once all is stored.
	Wait bool
}

func init() {
	text := os.Getenv(killChild)
	if text == "" {
		return
	}
	report, err := indexOnce(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// indexOnce does what `descry index` does: the starter model on the real runtime, a
// database on disk, the whole pipeline.
func indexOnce(text string) (r indexer.Report, err error) {
	var job childJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return r, err
	}
	ctx := context.Background()
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		return r, err
	}
	s, err := store.Open(ctx, job.Library, store.Options{})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	engine, err := clipengine.Open(b, clipengine.Options{Library: job.Runtime})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	volume, err := scan.Volume(job.Photos)
	if err != nil {
		return r, err
	}
	if _, err := s.AddRoot(ctx, job.Photos, volume); err != nil {
		return r, err
	}
	roots, err := s.Roots(ctx)
	if err != nil {
		return r, err
	}
	x := indexer.New(indexer.Params{Store: s, Thumbs: thumbs.Open(filepath.Join(job.Library, "thumbs")), Encoder: engine})
	return x.Run(ctx, roots, func(p indexer.Progress) {
		if job.Wait && p.Phase == indexer.PhaseDone {
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
	})
}

// TestKilledIndexingComesToTheSameEnd kills indexing with SIGKILL at points chosen by how
// much has been committed, lets it run on to the end, and compares what the library then
// holds with an undisturbed run.
func TestKilledIndexingComesToTheSameEnd(t *testing.T) {
	k := killTest{T: t, photos: differentPhotos(t)}
	k.command = childCommand(t, k.photos)
	whole := filepath.Join(t.TempDir(), "library")
	report := k.toTheEnd(whole)
	if report.New != killedPhotos || report.Encoded != killedPhotos || len(report.Failed) != 0 {
		t.Fatalf("the undisturbed run: %+v", report)
	}
	want := k.state(whole)

	for _, tt := range []struct {
		name string
		at   func(progress) bool
	}{
		{"before there is a database", func(p progress) bool { return p.folder }},
		{"nothing committed", func(p progress) bool { return p.opened }},
		{"files found, no photo committed", func(p progress) bool { return p.files > 0 }},
		{"the first photos", func(p progress) bool { return p.photos > 0 }},
		{"5 %", photosFrom(5)},
		{"15 %", photosFrom(15)},
		{"30 %", photosFrom(30)},
		{"50 %", photosFrom(50)},
		{"70 %", photosFrom(70)},
		{"85 %", photosFrom(85)},
		{"95 %", photosFrom(95)},
		{"between the last commit and the end", photosFrom(100)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := k
			k.T = t
			dir := filepath.Join(t.TempDir(), "library")
			stored := k.killed(dir, tt.at)
			if stored.photos > 0 {
				k.sound(dir)
			}
			report := k.toTheEnd(dir)
			if left := killedPhotos - stored.photos; report.Encoded != left {
				t.Errorf("%d photos were encoded after the kill, and %d were lacking", report.Encoded, left)
			}
			t.Logf("killed with %d files and %d photos stored; %d encoded after", stored.files, stored.photos, report.Encoded)
			if got := k.state(dir); got != want {
				t.Errorf("the library differs from the undisturbed one: %+v, want %+v", got, want)
			}
		})
	}

	t.Run("again and again", func(t *testing.T) {
		k := k
		k.T = t
		dir := filepath.Join(t.TempDir(), "library")
		for _, percent := range []int{0, 10, 35, 60, 90} {
			k.killed(dir, photosFrom(percent))
		}
		k.toTheEnd(dir)
		if got := k.state(dir); got != want {
			t.Errorf("the library differs from the undisturbed one: %+v, want %+v", got, want)
		}
	})
}

// differentPhotos makes a folder of killedPhotos photos of different content.
func differentPhotos(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		n++
	}
	from := []string{testdata.Samples(t), filepath.Join(filepath.Dir(testdata.Repo(t)), "shared", "data", "captions-dev", "photos")}
	for _, folder := range from {
		list, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the reference photos may be lacking; made ones take their place
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if !strings.HasSuffix(e.Name(), ".jpg") || n >= killedPhotos-20 {
				continue
			}
			data, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			put(e.Name(), data)
		}
	}
	for seed := uint64(1); n < killedPhotos; seed++ {
		img := photomaker.Scene(320, 240, seed)
		put(fmt.Sprintf("made-%03d.jpg", seed), photomaker.JPEG(img, library.Metadata{Orientation: int(seed%8) + 1}, 88))
	}
	return dir
}

// TestKilledCommandComesToTheSameEnd does the same to the program itself, which suggests
// tags after the photos were looked at, and looks for text in them.
func TestKilledCommandComesToTheSameEnd(t *testing.T) {
	k := killTest{T: t, photos: differentPhotos(t)}
	run := program(t)
	k.command = func(ctx context.Context, dir string, _ bool) *exec.Cmd {
		return run(ctx, "--library", dir, "--json", "--quiet", "index", k.photos)
	}
	whole, dir := filepath.Join(t.TempDir(), "library"), filepath.Join(t.TempDir(), "library")
	k.toTheEnd(whole)
	reader, err := ocr.Open(assets.Recogniser(), "")
	if err != nil {
		t.Fatal(err)
	}
	k.reader = reader.Digest()
	for _, at := range []func(progress) bool{photosFrom(40), photosFrom(100), readFrom(10), readFrom(50)} {
		k.killed(dir, at)
		k.sound(dir)
	}
	if r := k.toTheEnd(dir); r.Encoded != 0 {
		t.Errorf("%d photos were encoded although all had been stored", r.Encoded)
	}
	if want, got := k.state(whole), k.state(dir); got != want {
		t.Errorf("the library differs from the undisturbed one: %+v, want %+v", got, want)
	}
	digest := func(dir string) string {
		out, err := run(t.Context(), "--library", dir, "--json", "dump", "--digest").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if want, got := digest(whole), digest(dir); got != want || !strings.Contains(got, k.state(dir).Derived) {
		t.Errorf("dump --digest says %s, want %s", got, want)
	}
}

// program builds the program without its window and returns how to run it.
func program(t *testing.T) func(ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	home := t.TempDir()
	env := append(os.Environ(), "DESCRY_ONNXRUNTIME="+testdata.Runtime(t), "HOME="+home,
		"XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	binary := filepath.Join(home, "descry")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags", "sqlite_fts5,nogui", "-o", binary, ".")
	build.Dir = testdata.Repo(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	return func(ctx context.Context, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, args...)
		cmd.Env = env
		return cmd
	}
}

type killTest struct {
	*testing.T
	photos string
	// command indexes photos into the library dir and prints the report as JSON. wait asks
	// it not to end by itself, if it can.
	command func(ctx context.Context, dir string, wait bool) *exec.Cmd
	reader  string // digest of what reads text, where the command does
}

// childCommand starts this test program as a process to be killed.
func childCommand(t *testing.T, photos string) func(context.Context, string, bool) *exec.Cmd {
	t.Helper()
	runtime := testdata.Runtime(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, dir string, wait bool) *exec.Cmd {
		job, err := json.Marshal(childJob{Library: dir, Photos: photos, Runtime: runtime, Wait: wait})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), killChild+"="+string(job))
		return cmd
	}
}

// toTheEnd indexes undisturbed.
func (k killTest) toTheEnd(dir string) indexer.Report {
	k.Helper()
	cmd := k.command(k.Context(), dir, false)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		k.Fatalf("indexing failed: %v\n%s", err, &stderr)
	}
	var r indexer.Report
	if err := json.Unmarshal(out, &r); err != nil {
		k.Fatalf("indexing printed %q: %v", out, err)
	}
	return r
}

// progress is what can be seen of indexing from outside.
type progress struct {
	folder        bool // the library's folder is there
	opened        bool // the database is there
	files, photos int  // committed
	read          int  // photos in which text was looked for; 0 where killTest.reader is not set
}

func photosFrom(percent int) func(progress) bool {
	return func(p progress) bool { return p.opened && p.photos >= killedPhotos*percent/100 }
}

func readFrom(percent int) func(progress) bool {
	return func(p progress) bool { return p.photos == killedPhotos && p.read >= killedPhotos*percent/100 }
}

// killed indexes until at says so and kills the process. It returns what was committed
// then.
func (k killTest) killed(dir string, at func(progress) bool) progress {
	k.Helper()
	cmd := k.command(k.Context(), dir, true)
	if _, err := cmd.StdinPipe(); err != nil { // stays open: the process waits for its end
		k.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w := watcher{killTest: k, dir: dir}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			w.close()
			k.Fatalf("indexing ended before it was killed: %v\n%s", err, &stderr)
		case <-tick.C:
		}
		if at(w.look()) {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil { // SIGKILL on Unix
		k.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Exited() {
		k.Fatalf("the process was not killed: %v\n%s", err, &stderr)
	}
	// A commit may have come between the last look and the kill.
	p := w.look()
	w.close()
	return p
}

// watcher looks at a library that another process writes.
type watcher struct {
	killTest
	dir   string
	store *store.Store
}

func (w *watcher) look() progress {
	var p progress
	if _, err := os.Stat(w.dir); err != nil {
		return p
	}
	p.folder = true
	if w.store == nil {
		s, err := store.Open(w.Context(), w.dir, store.Options{ReadOnly: true})
		if err != nil {
			return p // not there yet
		}
		w.store = s
	}
	st, err := w.store.Status(w.Context(), 0)
	if err != nil {
		w.Fatal(err)
	}
	p.opened, p.files, p.photos = true, st.Files, st.Photos
	if w.reader != "" {
		unread, err := w.store.CountUnread(w.Context(), w.reader)
		if err != nil {
			w.Fatal(err)
		}
		p.read = p.photos - unread
	}
	return p
}

func (w *watcher) close() {
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			w.Error(err)
		}
	}
}

// sound checks a database as a kill left it.
func (k killTest) sound(dir string) {
	k.Helper()
	s, err := store.Open(k.Context(), dir, store.Options{})
	if err != nil {
		k.Fatal(err)
	}
	defer s.Close()
	if err := s.Integrity(k.Context()); err != nil {
		k.Errorf("after the kill: %v", err)
	}
}

// libraryState is what must be the same however often indexing was killed.
type libraryState struct {
	User, Derived string // digests
	Thumbnails    int
}

func (k killTest) state(dir string) (st libraryState) {
	k.Helper()
	s, err := store.Open(k.Context(), dir, store.Options{})
	if err != nil {
		k.Fatal(err)
	}
	defer s.Close()
	if err := s.Integrity(k.Context()); err != nil {
		k.Error(err)
	}
	if st.User, st.Derived, err = s.Digest(k.Context()); err != nil {
		k.Fatal(err)
	}
	spaces, err := s.Spaces(k.Context())
	if err != nil || len(spaces) != 1 {
		k.Fatalf("%d spaces, %v", len(spaces), err)
	}
	cache := thumbs.Open(filepath.Join(dir, "thumbs"))
	err = s.Vectors(k.Context(), spaces[0].ID, 0, 0, func(v store.VectorRow) error {
		img, err := cache.Load(v.Picture)
		if err != nil {
			return err
		}
		if img.Bounds().Empty() {
			return errors.New("an empty thumbnail")
		}
		st.Thumbnails++
		return nil
	})
	if err != nil {
		k.Error(err)
	}
	return st
}
