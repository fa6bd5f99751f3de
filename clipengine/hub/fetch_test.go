package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"descry/internal/disk"
	"descry/internal/hubtest"
)

const repo = "some-owner/A-Model_1.0"

// noise is bytes without pattern, the same for a seed.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // it never fails
	return b
}

// model is what the tests publish: files of some sizes, an empty one too.
func model() map[string][]byte {
	return map[string][]byte{
		"config.json":                   []byte(`{"embed_dim": 8}`),
		"README.md":                     []byte("---\nlicense: mit\n---\n"),
		"visual/model.onnx":             noise(1<<20+17, 1),
		"visual/preprocess_cfg.json":    []byte(`{}`),
		"textual/model.onnx":            noise(300_000, 2),
		"textual/onnx__MatMul_123":      noise(50_000, 3),
		"textual/tokenizer.json":        noise(90_000, 4),
		"textual/tokenizer_config.json": {},
	}
}

// client is one whose patience is short.
func client(t *testing.T, p Params) *Client {
	t.Helper()
	p.Agent = "Descry/test"
	if p.Stall == 0 {
		p.Stall = time.Minute
	}
	if p.Wait == 0 {
		p.Wait = time.Microsecond
	}
	c, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// job lists the model and asks for all of it.
func job(t *testing.T, c *Client, dir string) Job {
	t.Helper()
	l, err := c.List(t.Context(), repo, "")
	if err != nil {
		t.Fatal(err)
	}
	return Job{Listing: l, Dir: dir}
}

// same compares a folder with what was published.
func same(t *testing.T, dir string, want map[string][]byte, files []File) {
	t.Helper()
	if err := Settle(dir); err != nil {
		t.Error(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		content, ok := want[filepath.ToSlash(name)]
		if !ok || !bytes.Equal(got, content) {
			t.Errorf("%s has %d bytes, which are not those that were published", name, len(got))
		}
		seen++
		return nil
	})
	if err != nil || seen != len(want) {
		t.Errorf("%d files of %d, %v", seen, len(want), err)
	}
	for _, f := range files {
		sum := sha256.Sum256(want[f.Path])
		if f.SHA256 != hex.EncodeToString(sum[:]) || f.Bytes != int64(len(want[f.Path])) {
			t.Errorf("%s is said to have %d bytes and the digest %s", f.Path, f.Bytes, f.SHA256)
		}
	}
	if len(files) != len(want) {
		t.Errorf("%d files are said to be there, want %d", len(files), len(want))
	}
}

func TestFetch(t *testing.T) {
	s := hubtest.New(t)
	commit := s.Publish(repo, model())
	c := client(t, Params{From: s.URL})
	dir := filepath.Join(t.TempDir(), "models", "x")
	j := job(t, c, dir)
	if j.Commit != commit {
		t.Errorf("the commit is %q, want %q", j.Commit, commit)
	}
	var last Progress
	j.Report = func(p Progress) {
		if p.Bytes < last.Bytes || p.Bytes > p.Total || p.FilesDone < last.FilesDone {
			t.Errorf("after %+v comes %+v", last, p)
		}
		last = p
	}
	files, err := c.Fetch(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, model(), files)
	if last.Bytes != last.Total || last.FilesDone != last.Number || last.Number != len(model()) || last.Kept != 0 {
		t.Errorf("in the end %+v", last)
	}
	for _, r := range s.Requests() {
		if r.Agent != "Descry/test" {
			t.Errorf("%s was asked for by %q", r.File, r.Agent)
		}
		for name := range r.Header {
			if !slices.Contains([]string{"User-Agent", "Accept-Encoding"}, name) {
				t.Errorf("the request for %s tells %s: %s", r.File, name, r.Header.Get(name))
			}
		}
		if r.Try > 1 {
			t.Errorf("%s was asked for again", r.File)
		}
	}
}

// TestTooMuchDoesNotFillTheDisk: of a file that does not end, no more is written than it
// is said to have.
func TestTooMuchDoesNotFillTheDisk(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if strings.HasSuffix(r.File, ".onnx") {
			return hubtest.Fault{Extra: 64 << 20}
		}
		return hubtest.Fault{}
	})
	c := client(t, Params{From: s.URL})
	dir := t.TempDir()
	most := int64(0)
	j := job(t, c, dir)
	j.Report = func(p Progress) { most = max(most, p.Bytes-p.Total) }
	if _, err := c.Fetch(t.Context(), j); !errors.Is(err, ErrOther) {
		t.Errorf("it says %v", err)
	}
	if most > 0 {
		t.Errorf("%d bytes more were taken than there are", most)
	}
	if sent := s.Sent(""); sent > 32<<20 {
		t.Errorf("%d bytes were let come", sent)
	}
}

// TestCancelledDownloadsGoOn cancels a download in its middle: another call asks for the rest
// only.
func TestCancelledDownloadsGoOn(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	hold := func(r hubtest.Request) hubtest.Fault { return hubtest.Fault{Stall: 40_000} }
	c := client(t, Params{From: s.URL, Parallel: 8})
	dir := t.TempDir()
	j := job(t, c, dir)
	s.Misbehave(hold)
	ctx, cancel := context.WithCancel(t.Context())
	j.Report = func(p Progress) {
		if p.FilesDone == 4 && p.Bytes >= 4*40_000 {
			cancel()
		}
	}
	if _, err := c.Fetch(ctx, j); !errors.Is(err, context.Canceled) {
		t.Fatalf("it says %v", err)
	}
	done, total, ok := Unfinished(dir)
	if !ok || total != j.total() || done < 4*40_000 || done >= total {
		t.Errorf("%d of %d bytes are there, %v", done, total, ok)
	}
	s.Misbehave(nil)
	j = job(t, c, dir)
	var kept int64
	j.Report = func(p Progress) { kept = p.Kept }
	files, err := c.Fetch(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if kept != done || s.Sent("") != total+s.Sent("list")+s.Sent("revision") {
		t.Errorf("%d bytes were kept of %d; %d were sent of %d", kept, done, s.Sent(""), total)
	}
	same(t, dir, model(), files)
	if _, _, ok := Unfinished(dir); ok {
		t.Error("it is still said to be unfinished")
	}
}

// TestDamagedBytesAreFetchedAgain changes a byte of what an earlier attempt left: the file is
// fetched anew, and what is thrown away counts neither as there nor as kept.
func TestDamagedBytesAreFetchedAgain(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	c := client(t, Params{From: s.URL, Parallel: 8})
	dir := t.TempDir()
	s.Misbehave(func(r hubtest.Request) hubtest.Fault { return hubtest.Fault{Stall: 40_000} })
	ctx, cancel := context.WithCancel(t.Context())
	j := job(t, c, dir)
	j.Report = func(p Progress) {
		if p.FilesDone == 4 && p.Bytes >= 4*40_000 {
			cancel()
		}
	}
	if _, err := c.Fetch(ctx, j); !errors.Is(err, context.Canceled) {
		t.Fatalf("it says %v", err)
	}
	s.Misbehave(nil)
	done, _, _ := Unfinished(dir)
	damaged := filepath.Join(dir, "visual", "model.onnx")
	left, err := os.ReadFile(damaged)
	if err != nil || len(left) == 0 {
		t.Fatalf("%d bytes of it are there, %v", len(left), err)
	}
	left[0] ^= 1
	if err := os.WriteFile(damaged, left, 0o600); err != nil {
		t.Fatal(err)
	}
	var last Progress
	j = job(t, c, dir)
	j.Report = func(p Progress) { last = p }
	files, err := c.Fetch(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, model(), files)
	if last.Bytes != last.Total || last.Kept != done-int64(len(left)) {
		t.Errorf("%d bytes of %d are there, %d of them kept; %d were there, %d of them damaged", last.Bytes, last.Total, last.Kept, done, len(left))
	}
}

func (j Job) total() int64 {
	var n int64
	for _, f := range j.Files {
		n += f.Bytes
	}
	return n
}

// TestChangedModel: what is there of a file that was published anew is not used.
func TestChangedModel(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	rest := make(chan struct{}) // closed when all other files are there
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		switch {
		case r.File != "visual/model.onnx":
			return hubtest.Fault{}
		case r.Try == 1:
			return hubtest.Fault{Cut: 500_000}
		}
		return hubtest.Fault{Status: 500, Late: rest}
	})
	c := client(t, Params{From: s.URL, Tries: 2, Parallel: len(model())})
	dir := t.TempDir()
	j := job(t, c, dir)
	all := sync.OnceFunc(func() { close(rest) })
	j.Report = func(p Progress) {
		if p.FilesDone == p.Number-1 {
			all()
		}
	}
	if _, err := c.Fetch(t.Context(), j); !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
	changed := model()
	changed["visual/model.onnx"] = noise(700_000, 9)
	delete(changed, "README.md")
	s.Publish(repo, changed)
	s.Misbehave(nil)
	before := s.Sent("textual/model.onnx")
	files, err := c.Fetch(t.Context(), job(t, c, dir))
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, changed, files)
	if n := s.Sent("textual/model.onnx"); n != before {
		t.Errorf("a file that did not change was fetched again: %d bytes, then %d", before, n)
	}
}

// TestHurtParts changes what an interrupted download left on disk: the file is fetched again.
func TestHurtParts(t *testing.T) {
	for name, hurt := range map[string]func(t *testing.T, dir, file string){
		"zeros at the end": func(t *testing.T, dir, file string) {
			data := append(model()["visual/model.onnx"][:100_000], make([]byte, 5000)...)
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"all of it, wrong": func(t *testing.T, dir, file string) {
			if err := os.WriteFile(file, noise(len(model()["visual/model.onnx"]), 7), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"too long": func(t *testing.T, dir, file string) {
			if err := os.WriteFile(file, make([]byte, 2<<20), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a link to elsewhere": func(t *testing.T, dir, file string) {
			other := filepath.Join(t.TempDir(), "precious")
			if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if data, err := os.ReadFile(other); err != nil || string(data) != "mine" {
					t.Errorf("a file elsewhere is %q now, %v", data, err)
				}
			})
			if err := errors.Join(os.Remove(file), os.Symlink(other, file)); err != nil {
				t.Skipf("skipped: this system makes no links: %v", err)
			}
		},
		"the state is broken": func(t *testing.T, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, stateFile), []byte(`{"files": [null, {"path": 3}]}`), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"the state holds nothing": func(t *testing.T, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, stateFile), []byte(`{"files": [null]}`), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := hubtest.New(t)
			s.Publish(repo, model())
			c := client(t, Params{From: s.URL})
			dir := t.TempDir()
			if _, err := c.Fetch(t.Context(), job(t, c, dir)); err != nil {
				t.Fatal(err)
			}
			hurt(t, dir, filepath.Join(dir, "visual", "model.onnx"))
			if done, total, _ := Unfinished(dir); done < 0 || total < 0 {
				t.Errorf("%d of %d bytes are there", done, total)
			}
			files, err := c.Fetch(t.Context(), job(t, c, dir))
			if err != nil {
				t.Fatal(err)
			}
			same(t, dir, model(), files)
		})
	}
}

// TestPinned fetches what a catalogue says is there, without asking for a list, and refuses
// what differs from it.
func TestPinned(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "list" || r.File == "revision" {
			return hubtest.Fault{Status: 404}
		}
		return hubtest.Fault{}
	})
	c := client(t, Params{From: s.URL})
	if _, err := c.List(t.Context(), repo, ""); !errors.Is(err, ErrNotPublished) {
		t.Errorf("the list: %v", err)
	}
	sum := sha256.Sum256(model()["visual/model.onnx"])
	pinned := File{"visual/model.onnx", int64(len(model()["visual/model.onnx"])), hex.EncodeToString(sum[:]), ""}
	open := File{"config.json", -1, "", ""}
	dir := t.TempDir()
	files, err := c.Fetch(t.Context(), Job{Listing: Listing{Repo: repo, Revision: "main", Files: []File{pinned, open}}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, map[string][]byte{"visual/model.onnx": model()["visual/model.onnx"], "config.json": model()["config.json"]}, files)

	pinned.SHA256 = strings.Repeat("0", 64)
	_, err = c.Fetch(t.Context(), Job{Listing: Listing{Repo: repo, Revision: "main", Files: []File{pinned, open}}, Dir: t.TempDir()})
	if !errors.Is(err, ErrOther) {
		t.Errorf("it says %v", err)
	}
}

// TestFolder takes a model from a mirror that is a folder, in both shapes.
func TestFolder(t *testing.T) {
	for _, below := range []string{"resolve/main", "."} {
		mirror := t.TempDir()
		for name, content := range model() {
			p := filepath.Join(mirror, filepath.FromSlash(repo), filepath.FromSlash(below), filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, content, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		c := client(t, Params{From: mirror})
		dir := t.TempDir()
		files, err := c.Fetch(t.Context(), job(t, c, dir))
		if err != nil {
			t.Fatal(err)
		}
		same(t, dir, model(), files)
		if _, err := c.List(t.Context(), "some-owner/other", ""); !errors.Is(err, ErrNotPublished) || !strings.Contains(err.Error(), "is not in the folder") {
			t.Errorf("what is not there: %v", err)
		}
		_, err = c.Fetch(t.Context(), Job{Listing: Listing{Repo: repo, Revision: "main", Files: []File{{"config.json", -1, strings.Repeat("1", 64), ""}}}, Dir: t.TempDir()})
		if !errors.Is(err, ErrOther) {
			t.Errorf("what differs: %v", err)
		}
	}
}

func TestRoom(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	free := int64(1_000_000)
	c := client(t, Params{From: s.URL, Free: func(string) (int64, error) { return free, nil }})
	dir := t.TempDir()
	j := job(t, c, dir)
	_, err := c.Fetch(t.Context(), j)
	if !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "1.5 MB of the model are still to come, and 1.0 MB are free") {
		t.Errorf("it says %v", err)
	}
	if n := s.Sent("visual/model.onnx"); n != 0 {
		t.Errorf("%d bytes were fetched all the same", n)
	}
	free = j.total() + 1000
	j.Reserve = 1000
	if _, err := c.Fetch(t.Context(), j); err != nil {
		t.Error(err)
	}
	// All is there, so nothing but the reserve is needed.
	free = 999
	if _, err := c.Fetch(t.Context(), j); !errors.Is(err, ErrNoRoom) {
		t.Errorf("it says %v", err)
	}
	if n, err := disk.Free(t.TempDir()); err != nil || n < 1 {
		t.Errorf("this disk has %d bytes free, %v", n, err)
	}
}

// TestFullDisk writes to a device that is always full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("skipped: this system has no device that is always full: %v", err)
	}
	defer func() { _ = full.Close() }()
	s := hubtest.New(t)
	s.Publish(repo, model())
	c := client(t, Params{From: s.URL})
	d := &download{c: c, job: job(t, c, t.TempDir())}
	f := d.job.Files[slices.IndexFunc(d.job.Files, func(f File) bool { return f.Path == "config.json" })]
	p := &part{d: d, file: &f, mark: &mark{}, out: full, sum: sha256.New()}
	err = p.copy(t.Context(), bytes.NewReader(model()["config.json"]))
	if !errors.Is(err, ErrNoRoom) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk became full while config.json was fetched") {
		t.Errorf("it says %v", err)
	}
}

func TestEncrypted(t *testing.T) {
	s := hubtest.NewTLS(t)
	s.Publish(repo, model())
	dir := t.TempDir()
	c := client(t, Params{From: s.URL, Transport: s.HTTP.Client().Transport})
	files, err := c.Fetch(t.Context(), job(t, c, dir))
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, model(), files)
	if !c.Secure() {
		t.Error("it is said not to be encrypted")
	}

	_, err = client(t, Params{From: s.URL}).List(t.Context(), repo, "")
	if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "does not prove that it is") {
		t.Errorf("an unknown certificate: %v", err)
	}
	_, err = client(t, Params{From: strings.Replace(s.URL, "https", "http", 1)}).List(t.Context(), repo, "")
	if err == nil {
		t.Error("spoke without encryption to a server that wants it")
	}
	plain := hubtest.New(t)
	_, err = client(t, Params{From: strings.Replace(plain.URL, "http", "https", 1)}).List(t.Context(), repo, "")
	if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "does not speak HTTPS") {
		t.Errorf("a server without encryption: %v", err)
	}
	plain.Publish(repo, model())
	s.Misbehave(func(r hubtest.Request) hubtest.Fault { return hubtest.Fault{Redirect: plain.URL} })
	if _, err = c.List(t.Context(), repo, ""); !errors.Is(err, ErrAnswer) || len(plain.Requests()) > 0 {
		t.Errorf("sent on to a place without encryption: %v", err)
	}
}

func TestNoNetwork(t *testing.T) {
	for _, tt := range []struct{ name, from, proxy, want string }{
		{"nobody listens", "http://127.0.0.1:1", "", "127.0.0.1:1 cannot be reached: "},
		{"no such server", "https://hub.invalid", "", "hub.invalid cannot be found: there is no network, or no such server"},
		{"no proxy", "https://hub.invalid", "http://127.0.0.1:1", "the proxy cannot be reached"},
	} {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = nil
		if tt.proxy != "" {
			transport.Proxy = http.ProxyURL(mustParse(t, tt.proxy))
		}
		c := client(t, Params{From: tt.from, Transport: transport})
		_, err := c.List(t.Context(), repo, "")
		kind := ErrUnreachable
		if tt.proxy != "" {
			kind = ErrProxy
		}
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
