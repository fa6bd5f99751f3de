package indexer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
	"descry/library/thumbs"
)

func TestBadPhotosCostOnlyThemselves(t *testing.T) {
	l := newLib(t)
	good := scene(1, library.Metadata{})
	l.write("good.jpg", good)
	l.write("png-inside.jpg", photomaker.PNG(photomaker.Scene(96, 64, 2), library.Metadata{}))
	l.write("cut-late.jpg", scene(3, library.Metadata{})[:len(good)*3/4])
	l.write("wide.png", photomaker.PNG(photomaker.Scene(30_000, 8, 4), library.Metadata{}))
	l.write("empty.jpg", nil)
	l.write("cut-early.jpg", good[:20])
	l.write("text.jpg", []byte("This is a letter, not a photo.\n"))
	l.write("page.png", []byte("<!DOCTYPE html><html><body>Sign in to go on</body></html>"))
	l.write("zeros.jpg", make([]byte, 4096))
	l.write("bomb.png", resizedPNG(60_000, 60_000))
	l.write("bomb.jpg", resizedJPEG(good, 40_000, 40_000))
	want := Report{Files: 11, Photos: 4, New: 11, Encoded: 4, Failed: []library.Failure{
		{Path: "bomb.jpg", Stage: "decode", Reason: "too large"},
		{Path: "bomb.png", Stage: "decode", Reason: "too large"},
		{Path: "cut-early.jpg", Stage: "decode"},
		{Path: "empty.jpg", Stage: "read", Reason: "The file is empty."},
		{Path: "page.png", Stage: "decode"},
		{Path: "text.jpg", Stage: "decode"},
		{Path: "zeros.jpg", Stage: "decode"},
	}}
	l.expect(l.index(), want)

	// Of what was cut short, the part that is there is shown, and said to be a part.
	for name, cut := range map[string]bool{"good.jpg": false, "cut-late.jpg": true} {
		id, err := l.store.PhotoByPath(t.Context(), l.at(name))
		if err != nil {
			t.Fatal(err)
		}
		d, err := l.store.Detail(t.Context(), id)
		if err != nil || (d.Measures.Warning != "") != cut {
			t.Errorf("%s: warning %q, %v", name, d.Measures.Warning, err)
		}
	}

	damaged, err := l.store.Damaged(t.Context())
	if err != nil || len(damaged) != 1 || damaged[0].Path != l.at("cut-late.jpg") || damaged[0].Warning == "" {
		t.Errorf("damaged: %+v, %v", damaged, err)
	}

	stored, err := l.store.Failures(t.Context())
	if err != nil || len(stored) != len(want.Failed) {
		t.Errorf("%d failures are stored, %v", len(stored), err)
	}
	l.expect(l.index(), Report{Files: 11, Photos: 4, Unchanged: 11})

	// Mended, a file is looked at again.
	l.photo("empty.jpg", 5)
	l.expect(l.index(), Report{Files: 11, Photos: 5, Changed: 1, Unchanged: 10, Encoded: 1})
	if stored, err = l.store.Failures(t.Context()); err != nil || len(stored) != 6 {
		t.Errorf("%d failures are stored, %v", len(stored), err)
	}
}

// resizedPNG claims to have w × h pixels.
func resizedPNG(w, h uint32) []byte {
	file := photomaker.PNG(photomaker.Scene(8, 8, 1), library.Metadata{})
	head := []byte{
		byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h),
		8, 6, 0, 0, 0,
	}
	chunk := photomaker.Chunk("IHDR", head)
	return append(append(append([]byte{}, file[:8]...), chunk...), file[8+len(chunk):]...)
}

// resizedJPEG claims to have w × h pixels.
func resizedJPEG(file []byte, w, h int) []byte {
	out := bytes.Clone(file)
	i := bytes.Index(out, []byte{0xff, 0xc0})
	copy(out[i+5:], []byte{byte(h >> 8), byte(h), byte(w >> 8), byte(w)})
	return out
}

func TestUnreadableFileIsTriedAgain(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	if err := os.Chmod(l.at("b.jpg"), 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(l.at("b.jpg")); err == nil {
		f.Close()
		t.Skip("skipped: this user reads files whatever their permissions say")
	}
	l.expect(l.index(), Report{Files: 2, Photos: 1, New: 2, Encoded: 1, Failed: []library.Failure{
		{Path: "b.jpg", Stage: "read", Reason: "permissions"},
	}})
	if err := os.Chmod(l.at("b.jpg"), 0o644); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2, Encoded: 1})
}

func TestUnreadableFolderKeepsWhatWasKnown(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: needs folders that are too deep to be named")
	}
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("dir/b.jpg", 2)
	l.index()
	// A folder so deep that it cannot be named is one that not even root can read.
	name := strings.Repeat("d", 200)
	l.move("dir", "tmp/"+name)
	t.Chdir(l.at("tmp"))
	for range 25 {
		if err := os.Mkdir("up", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name, "up/"+name); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename("up", name); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(l.photos)
	l.move("tmp", "dir")
	r := l.index()
	if len(r.Failed) != 1 || r.Failed[0].Stage != "scan" || !strings.Contains(r.Failed[0].Reason, "too long") {
		t.Errorf("failures %+v", r.Failed)
	}
	if r.Unchanged != 1 || r.Missing != 1 {
		t.Errorf("report %+v", r)
	}
}

func TestSentences(t *testing.T) {
	for _, tt := range []struct {
		stage string
		err   error
		want  string
	}{
		{"read", contentid.ErrEmpty, "The file is empty."},
		{"read", &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, "The file may not be read: its permissions forbid it."},
		{"read", &fs.PathError{Op: "read", Path: "/x", Err: syscall.EIO}, "The file could not be read: input/output error."},
		{"decode", errors.New("éclair: the file ends too early"), "Éclair: the file ends too early."},
		{"encode", errors.New("all is grey"), "The model could not look at this photo: all is grey."},
	} {
		if got := sentence(tt.stage, tt.err); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	for _, err := range []error{
		&fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES},
		&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENAMETOOLONG},
		&fs.PathError{Op: "open", Path: "/x", Err: syscall.EIO},
	} {
		if got := folderSentence(err); strings.Contains(got, "/x") || !strings.HasSuffix(got, ".") {
			t.Errorf("%q", got)
		}
	}
}

func TestFileThatChangesWhileItIsRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.jpg")
	for _, tt := range []struct {
		name string
		do   func() error
		same bool
		err  error
	}{
		{"nothing", func() error { return nil }, true, nil},
		{"grows", func() error { return os.WriteFile(name, []byte("12345678"), 0o644) }, false, nil},
		{"replaced", func() error {
			if err := os.WriteFile(name+".new", []byte("1234"), 0o644); err != nil {
				return err
			}
			return os.Rename(name+".new", name)
		}, false, nil},
		{"removed", func() error { return os.Remove(name) }, false, fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(name, []byte("1234"), 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			l, same, err := readOnce(t.Context(), name, 1<<20)
			if err != nil || !same {
				t.Fatalf("%v %v", same, err)
			}
			if err := tt.do(); err != nil {
				t.Fatal(err)
			}
			if same, err = unmoved(f, name, l.stat); same != tt.same || !errors.Is(err, tt.err) {
				t.Errorf("same %v, %v", same, err)
			}
		})
	}
}

func TestFileBeingWrittenEndsUpWhole(t *testing.T) {
	l := newLib(t)
	data := scene(1, library.Metadata{})
	l.write("a.jpg", data[:1])
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n = n%len(data) + 1 {
			select {
			case <-stop:
				_ = os.WriteFile(l.at("a.jpg"), data, 0o644)
				return
			default:
				_ = os.WriteFile(l.at("a.jpg"), data[:n], 0o644)
			}
		}
	})
	for range 3 {
		if _, err := l.indexer().Run(t.Context(), l.roots(), nil); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	l.index()
	whole := newLib(t)
	whole.write("a.jpg", data)
	whole.index()
	got, want := picture(l, "a.jpg"), picture(whole, "a.jpg")
	if got != want || got.Content.IsZero() {
		t.Errorf("the library has %s, the file is %s", got, want)
	}
}

// picture is the picture that a file shows, by way of its content.
func picture(l *lib, name string) library.Picture {
	l.Helper()
	content, err := contentid.Of(read(l, name))
	if err != nil {
		l.Fatal(err)
	}
	known, ok, err := l.store.Known(l.Context(), content, 1)
	if err != nil || !ok || known.Photo != l.files()[name].Photo {
		return library.Picture{}
	}
	return library.Picture{Content: content, Orientation: 1}
}

func TestThumbnailsThatCannotBeKeptEndTheRun(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	good := l.thumbs
	l.thumbs = thumbs.Open(blocked)
	r, err := l.indexer().Run(t.Context(), l.roots(), nil)
	if err == nil || len(r.Failed) != 0 {
		t.Errorf("error %v, report %+v", err, r)
	}
	if err := full(&fs.PathError{Err: syscall.ENOSPC}); !errors.Is(err, library.ErrDiskFull) {
		t.Errorf("a full disk is %v", err)
	}
	l.thumbs = good
	l.expect(l.index(), Report{Files: 1, Photos: 1, Encoded: 1, Unchanged: 1})
}

func TestEncodeFailures(t *testing.T) {
	t.Run("one photo", func(t *testing.T) {
		l := newLib(t)
		l.photo("a.jpg", 1)
		l.photo("b.jpg", 2)
		n := 0
		l.encoder.fail = func() error {
			if n++; n == 1 {
				return errors.New("not a number")
			}
			return nil
		}
		r := l.index()
		if len(r.Failed) != 1 || r.Failed[0].Stage != "encode" || r.Encoded != 1 || r.Photos != 2 {
			t.Errorf("report %+v", r)
		}
		l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
	})
	t.Run("every photo", func(t *testing.T) {
		l := newLib(t)
		for i := range 20 {
			l.photo(string(rune('a'+i))+".jpg", uint64(i))
		}
		broken := errors.New("the session is gone")
		l.encoder.fail = func() error { return broken }
		if _, err := l.indexer().Run(t.Context(), l.roots(), nil); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		stored, err := l.store.Failures(t.Context())
		if err != nil || len(stored) >= failuresInARow {
			t.Errorf("%d photos are marked as failed, %v", len(stored), err)
		}
	})
	t.Run("a panic", func(t *testing.T) {
		l := newLib(t)
		l.photo("a.jpg", 1)
		l.photo("b.jpg", 2)
		n := 0
		l.encoder.fail = func() error {
			if n++; n == 1 {
				panic("index out of range")
			}
			return nil
		}
		if r := l.index(); len(r.Failed) != 1 || r.Encoded != 1 {
			t.Errorf("report %+v", r)
		}
	})
}

func TestCopyOfABrokenPhotoIsToldToo(t *testing.T) {
	l := newLib(t)
	cut := scene(1, library.Metadata{})[:20]
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
		l.write(name, cut)
	}
	if r := l.index(); len(r.Failed) != 3 || r.Photos != 0 {
		t.Errorf("report %+v", r)
	}
	if r := l.index(); len(r.Failed) != 0 || r.Unchanged != 3 {
		t.Errorf("a further run: %+v", r)
	}
}

func TestStoreThatFailsEndsTheRun(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.indexer().Run(ctx, l.roots(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// shortEye gives one vector that the store refuses, and then waits for the end of the run.
type shortEye struct {
	*eye
	began atomic.Bool
}

func (e *shortEye) EncodeBy(ctx context.Context, _ []float32) ([]float32, string, error) {
	if e.began.CompareAndSwap(false, true) {
		return []float32{1}, "test", nil
	}
	<-ctx.Done()
	return nil, "", context.Cause(ctx)
}

func TestWriteThatFailsEndsTheRunAtOnce(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	x := New(Params{Store: l.store, Thumbs: l.thumbs, Encoder: &shortEye{eye: l.encoder}, Threads: 2})
	if _, err := x.Run(ctx, l.roots(), nil); err == nil || ctx.Err() != nil {
		t.Errorf("the run ended with %v, and the limit of the test with %v", err, ctx.Err())
	}
}
