package recognise_test

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/pause"
	"descry/internal/photomaker"
	"descry/library"
	"descry/library/indexer"
	"descry/library/recognise"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// shelf is a library of photos that were looked at.
type shelf struct {
	*testing.T
	photos string
	store  *store.Store
	thumbs *thumbs.Cache
}

func newShelf(t *testing.T, n int) *shelf {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{T: t, photos: filepath.Join(base, "photos"), thumbs: thumbs.Open(filepath.Join(base, "library", "thumbs"))}
	if err := os.Mkdir(s.photos, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		data := photomaker.JPEG(photomaker.Scene(96, 64, uint64(i+1)), library.Metadata{}, 90)
		if err := os.WriteFile(s.at(i), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if s.store, err = store.Open(t.Context(), filepath.Join(base, "library"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	volume, err := scan.Volume(s.photos)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.AddRoot(t.Context(), s.photos, volume); err != nil {
		t.Fatal(err)
	}
	s.index()
	return s
}

func (s *shelf) at(i int) string { return filepath.Join(s.photos, string(rune('a'+i))+".jpg") }

func (s *shelf) index() {
	s.Helper()
	roots, err := s.store.Roots(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if _, err := indexer.New(indexer.Params{Store: s.store, Thumbs: s.thumbs}).Run(s.Context(), roots, nil); err != nil {
		s.Fatal(err)
	}
}

// eye is an engine of which a test says what it sees.
type eye struct {
	digest string
	spots  func() (bool, error)
	read   func(n int) ([]library.TextLine, error) // the how manieth reading it is, from 1
	looked int
	reads  int
}

func (e *eye) Digest() string { return e.digest }

func (e *eye) Spots(context.Context, *image.RGBA) (bool, error) {
	e.looked++
	if e.spots == nil {
		return true, nil
	}
	return e.spots()
}

func (e *eye) Read(ctx context.Context, _ *image.RGBA) ([]library.TextLine, error) {
	e.reads++
	lines, err := e.read(e.reads)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return lines, err
}

func words(int) ([]library.TextLine, error) {
	return []library.TextLine{{Text: "platform seven", Confidence: 0.9}, {Text: "perhaps", Confidence: 0.65}, {Text: "leaf", Confidence: 0.55}}, nil
}

func (s *shelf) run(ctx context.Context, e *eye, gate *pause.Manner) (recognise.Report, error) {
	return recognise.Run(ctx, recognise.Params{Store: s.store, Thumbs: s.thumbs, Engine: e, Manner: gate, Log: slog.New(slog.DiscardHandler)}, nil)
}

func (s *shelf) want(r recognise.Report, err error, looked, text, failed int) {
	s.Helper()
	if err != nil || r.Looked != looked || r.Text != text || r.Failed != failed {
		s.Errorf("%d looked at, %d with text, %d failed, %v; want %d, %d, %d", r.Looked, r.Text, r.Failed, err, looked, text, failed)
	}
}

func TestEachPhotoIsReadOnceWithEachEngine(t *testing.T) {
	s := newShelf(t, 11)
	e := &eye{digest: "one", read: words}
	r, err := s.run(t.Context(), e, nil)
	s.want(r, err, 11, 11, 0)
	r, err = s.run(t.Context(), e, nil)
	s.want(r, err, 0, 0, 0)
	if e.reads != 11 || e.looked != 11 {
		t.Errorf("%d readings and %d looks", e.reads, e.looked)
	}
	hits, err := s.store.MatchWords(t.Context(), store.WordQuery{Terms: []string{"platform seven perhaps"}})
	if err != nil || len(hits) != 11 {
		t.Errorf("%d hits, %v", len(hits), err)
	}
	if hits, err = s.store.MatchWords(t.Context(), store.WordQuery{Terms: []string{"leaf"}}); err != nil || len(hits) != 0 {
		t.Errorf("%d hits of what is no text, %v", len(hits), err)
	}
	r, err = s.run(t.Context(), &eye{digest: "two", spots: func() (bool, error) { return false, nil }}, nil)
	s.want(r, err, 11, 0, 0)
	if n, err := s.store.CountText(t.Context()); n != 0 || err != nil {
		t.Errorf("%d photos with text, %v", n, err)
	}
}

func TestBadPicturesCostOnlyThemselves(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		read func(int) ([]library.TextLine, error)
		fail int
	}{
		{"an error", func(n int) ([]library.TextLine, error) {
			if n == 3 {
				return nil, broken
			}
			return words(n)
		}, 1},
		{"a panic", func(n int) ([]library.TextLine, error) {
			if n == 3 || n == 9 {
				panic("out of range")
			}
			return words(n)
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf(t, 10)
			r, err := s.run(t.Context(), &eye{digest: "one", read: c.read}, nil)
			s.want(r, err, 10, 10-c.fail, c.fail)
			r, err = s.run(t.Context(), &eye{digest: "one", read: words}, nil)
			s.want(r, err, 0, 0, 0)
		})
	}
	t.Run("every one", func(t *testing.T) {
		s := newShelf(t, 10)
		e := &eye{digest: "one", read: func(int) ([]library.TextLine, error) { return nil, broken }}
		if _, err := s.run(t.Context(), e, nil); !errors.Is(err, broken) || !strings.Contains(err.Error(), "in every photo") {
			t.Errorf("error %v", err)
		}
		if e.reads != 5 {
			t.Errorf("%d readings before it was given up", e.reads)
		}
	})
}

func TestCancelledRunGoesOnWhereItWas(t *testing.T) {
	s := newShelf(t, 20)
	total := 0
	for _, after := range []int{1, 3, 9} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.run(ctx, &eye{digest: "one", read: func(n int) ([]library.TextLine, error) {
			if n == after {
				cancel()
			}
			return words(n)
		}}, nil)
		cancel()
		if !errors.Is(err, context.Canceled) || r.Looked != after-1 {
			t.Errorf("%d looked at, %v", r.Looked, err)
		}
		total += r.Looked
	}
	r, err := s.run(t.Context(), &eye{digest: "one", read: words}, nil)
	s.want(r, err, 20-total, 20-total, 0)
}

func TestPausedRunWaits(t *testing.T) {
	s := newShelf(t, 3)
	var gate pause.Manner
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := &eye{digest: "one", read: func(n int) ([]library.TextLine, error) {
		gate.Set(true) // the next photo waits, until the run is ended
		defer func() { go cancel() }()
		return words(n)
	}}
	if r, err := s.run(ctx, e, &gate); !errors.Is(err, context.Canceled) || e.reads != 1 {
		t.Errorf("%d readings, %v, %v", e.reads, r, err)
	}
	gate.Set(false)
	e.read = words
	if _, err := s.run(t.Context(), e, &gate); err != nil {
		t.Error(err)
	}
	if n, err := s.store.CountText(t.Context()); n != 3 || err != nil {
		t.Errorf("%d photos with text, %v", n, err)
	}
}

// Files that are gone or changed, or whose disk is away, wait until they were looked at again.
func TestFilesThatAreNotThereAreLeftForLater(t *testing.T) {
	s := newShelf(t, 4)
	if err := os.Rename(s.at(1), s.at(1)+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.at(2), []byte("no photo any more"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := s.run(t.Context(), &eye{digest: "one", read: words}, nil)
	s.want(r, err, 2, 2, 0)
	if err := os.Rename(s.at(1)+".away", s.at(1)); err != nil {
		t.Fatal(err)
	}
	r, err = s.run(t.Context(), &eye{digest: "one", read: words}, nil)
	s.want(r, err, 1, 1, 0)

	// A damaged thumbnail tells nothing: the photo itself is read.
	if err := os.RemoveAll(filepath.Join(filepath.Dir(s.photos), "library", "thumbs")); err != nil {
		t.Fatal(err)
	}
	e := &eye{digest: "two", spots: func() (bool, error) { return false, nil }, read: words}
	r, err = s.run(t.Context(), e, nil)
	s.want(r, err, 3, 3, 0)
}

func TestSure(t *testing.T) {
	line := func(text string, confidence float64) library.TextLine {
		return library.TextLine{Text: text, Confidence: confidence}
	}
	for _, c := range []struct {
		name  string
		lines []library.TextLine
		want  int
	}{
		{"none", nil, 0},
		{"a word", []library.TextLine{line("open", 0.95)}, 1},
		{"a letter", []library.TextLine{line("o", 0.99)}, 0},
		{"signs", []library.TextLine{line("--- .", 0.99)}, 0},
		{"a doubtful word", []library.TextLine{line("open", 0.7)}, 0},
		{"a doubtful word beside a sure one", []library.TextLine{line("open", 0.7), line("daily", 0.9)}, 2},
		{"noise beside a sure one", []library.TextLine{line("opn", 0.55), line("daily", 0.9)}, 1},
		{"one sign that is a word", []library.TextLine{line("山", 0.95)}, 1},
	} {
		if got := recognise.Sure(c.lines); len(got) != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
