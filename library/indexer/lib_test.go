package indexer

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// lib is a library on disk with one root and an encoder that counts.
type lib struct {
	*testing.T
	photos  string
	store   *store.Store
	thumbs  *thumbs.Cache
	encoder *eye
	waiting int
	exclude []string
}

func newLib(t *testing.T) *lib {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lib{T: t, photos: filepath.Join(base, "photos"), encoder: &eye{space: "one"}}
	if err := os.Mkdir(l.photos, 0o755); err != nil {
		t.Fatal(err)
	}
	if l.store, err = store.Open(t.Context(), filepath.Join(base, "library"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	l.thumbs = thumbs.Open(filepath.Join(base, "library", "thumbs"))
	volume, err := scan.Volume(l.photos)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.store.AddRoot(t.Context(), l.photos, volume); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lib) at(name string) string { return filepath.Join(l.photos, name) }

// write puts a file below the root.
func (l *lib) write(name string, data []byte) {
	l.Helper()
	if err := os.MkdirAll(filepath.Dir(l.at(name)), 0o755); err != nil {
		l.Fatal(err)
	}
	if err := os.WriteFile(l.at(name), data, 0o644); err != nil {
		l.Fatal(err)
	}
}

// photo puts a photo below the root that no other seed shows.
func (l *lib) photo(name string, seed uint64) {
	l.Helper()
	l.write(name, scene(seed, library.Metadata{}))
}

func scene(seed uint64, m library.Metadata) []byte {
	return photomaker.JPEG(photomaker.Scene(96, 64, seed), m, 90)
}

func (l *lib) move(from, to string) {
	l.Helper()
	if err := os.MkdirAll(filepath.Dir(l.at(to)), 0o755); err != nil {
		l.Fatal(err)
	}
	if err := os.Rename(l.at(from), l.at(to)); err != nil {
		l.Fatal(err)
	}
}

func (l *lib) remove(name string) {
	l.Helper()
	if err := os.RemoveAll(l.at(name)); err != nil {
		l.Fatal(err)
	}
}

func (l *lib) indexer() *Indexer {
	p := Params{Store: l.store, Thumbs: l.thumbs, Threads: 2, Waiting: l.waiting, Exclude: l.exclude}
	if l.encoder != nil {
		p.Encoder = l.encoder
	}
	return New(p)
}

func (l *lib) roots() []library.Root {
	l.Helper()
	roots, err := l.store.Roots(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return roots
}

// index brings the library up to date.
func (l *lib) index() Report {
	l.Helper()
	r, err := l.indexer().Run(l.Context(), l.roots(), nil)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// files are the known files by relative path.
func (l *lib) files() map[string]library.File {
	l.Helper()
	all := map[string]library.File{}
	for _, root := range l.roots() {
		dirs, err := l.store.Dirs(l.Context(), root.ID)
		if err != nil {
			l.Fatal(err)
		}
		for _, dir := range dirs {
			files, err := l.store.FilesInDir(l.Context(), root.ID, dir)
			if err != nil {
				l.Fatal(err)
			}
			for _, f := range files {
				all[f.Rel()] = f
			}
		}
	}
	return all
}

// expect compares a report, but for times, with what it should be.
func (l *lib) expect(got, want Report) {
	l.Helper()
	for i := range got.Failed {
		f := &got.Failed[i]
		*f = library.Failure{Path: strings.TrimPrefix(f.Path, l.photos+"/"), Stage: f.Stage, Reason: f.Reason}
	}
	got.Seconds, got.PhotosPerSecond = 0, 0
	slices.SortFunc(got.Failed, func(a, b library.Failure) int { return strings.Compare(a.Path, b.Path) })
	if len(got.Failed) != len(want.Failed) {
		l.Errorf("failures %+v, want %+v", got.Failed, want.Failed)
	}
	for i := range min(len(got.Failed), len(want.Failed)) {
		g, w := got.Failed[i], want.Failed[i]
		if g.Path != w.Path || g.Stage != w.Stage || !strings.Contains(g.Reason, w.Reason) {
			l.Errorf("failure %+v, want %+v", g, w)
		}
		if s := g.Reason; !strings.HasSuffix(s, ".") || strings.ContainsAny(s, "\n") || len(s) > 200 {
			l.Errorf("%q is not one clear sentence", s)
		}
	}
	got.Failed, want.Failed = nil, nil
	if !sameReport(got, want) {
		l.Errorf("report\n%+v, want\n%+v", got, want)
	}
}

func sameReport(a, b Report) bool {
	return a.Files == b.Files && a.Photos == b.Photos && a.New == b.New && a.Changed == b.Changed &&
		a.Moved == b.Moved && a.Missing == b.Missing && a.Offline == b.Offline &&
		a.Unchanged == b.Unchanged && a.Encoded == b.Encoded
}

// eye is an encoder whose vectors are the colours of a few spots of the picture.
type eye struct {
	space   string
	encodes atomic.Int64
	fail    func() error                    // when set: the error of the next encode
	hold    func(ctx context.Context) error // when set: called before each encode
	mu      sync.Mutex
}

const grid = 6

func (e *eye) MinSide() int  { return 64 }
func (e *eye) Space() string { return e.space }
func (e *eye) Dim() int      { return 3 * grid * grid }
func (e *eye) Model() string { return "eye-" + e.space }

func (e *eye) Ready(context.Context) error { return nil }

func (e *eye) Tensor(img *image.RGBA) []float32 {
	var t []float32
	for y := range grid {
		for x := range grid {
			c := img.RGBAAt((2*x+1)*img.Rect.Dx()/(2*grid), (2*y+1)*img.Rect.Dy()/(2*grid))
			t = append(t, float32(c.R)-128, float32(c.G)-128, float32(c.B)-128)
		}
	}
	return t
}

func (e *eye) EncodeBy(ctx context.Context, t []float32) ([]float32, string, error) {
	v, err := e.EncodeTensor(ctx, t)
	return v, "test", err
}

func (e *eye) EncodeTensor(ctx context.Context, t []float32) ([]float32, error) {
	if e.hold != nil {
		if err := e.hold(ctx); err != nil {
			return nil, err
		}
	}
	if e.fail != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if err := e.fail(); err != nil {
			return nil, err
		}
	}
	e.encodes.Add(1)
	var sum float64
	for _, v := range t {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return nil, errors.New("all is grey")
	}
	out := make([]float32, len(t))
	for i, v := range t {
		out[i] = v / float32(math.Sqrt(sum))
	}
	return out, nil
}

// encoded expects n encodes since the last call.
func (l *lib) encoded(n int64) {
	l.Helper()
	if got := l.encoder.encodes.Swap(0); got != n {
		l.Errorf("%d photos were encoded, want %d", got, n)
	}
}
