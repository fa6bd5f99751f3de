package indexer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"descry/library"
	"descry/library/contentid"
	"descry/library/decode"
	"descry/library/store"
	"descry/library/video"
)

// tools are the programs that read videos; where they are not installed the test skips.
func tools(t *testing.T) *video.Tools {
	t.Helper()
	v, err := video.Find()
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	return v
}

// film makes a video of scenes, each some seconds of an ffmpeg source.
func (l *lib) film(name string, scenes ...string) {
	l.Helper()
	args := []string{"-nostdin", "-v", "error", "-y"}
	for _, s := range scenes {
		args = append(args, "-f", "lavfi", "-i", s)
	}
	args = append(args, "-filter_complex", fmt.Sprintf("concat=n=%d", len(scenes)), "-c:v", "mpeg4", "-q:v", "3", l.at(name))
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		l.Skipf("skipped: this ffmpeg cannot make the test's video: %v\n%s", err, out)
	}
}

func TestVideosHaveAViewForEachScene(t *testing.T) {
	videos := tools(t)
	l := newLib(t)
	// Half is black; of what is left one scene is plain.
	l.film("a.mp4", "color=black:s=640x480:d=3", "color=green:s=640x480:d=1", "smptebars=s=640x480:d=2")
	l.film("wide.mkv", "smptebars=s=960x400:d=2")
	run := func() Report {
		t.Helper()
		r, err := New(Params{Store: l.store, Thumbs: l.thumbs, Encoder: l.encoder, Threads: 2, Videos: videos}).Run(t.Context(), l.roots(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	l.expect(run(), Report{Files: 2, Photos: 2, New: 2, Encoded: 2})

	file, err := os.Open(l.at("a.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content, err := contentid.OfFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var views []string
	spaces, err := l.store.Spaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = l.store.Vectors(t.Context(), spaces[0].ID, 0, 0, func(v store.VectorRow) error {
		name := "wide"
		if v.Picture.Content == content {
			name = "a"
		}
		views = append(views, fmt.Sprintf("%s %d", name, v.View))
		return nil
	})
	slices.Sort(views)
	if err != nil || !slices.Equal(views, []string{"a 0", "a 1", "a 2", "wide 0", "wide 1", "wide 2", "wide 3"}) {
		t.Errorf("views %v, %v", views, err)
	}
	// Each view has its time, the first one as well.
	var dump strings.Builder
	if err := l.store.Dump(t.Context(), &dump, false, true); err != nil {
		t.Fatal(err)
	}
	times := regexp.MustCompile(`(?m)^vector .* (\S+)$`).FindAllStringSubmatch(dump.String(), -1)
	if len(times) != 7 {
		t.Errorf("%d vectors", len(times))
	}
	for _, line := range times {
		if ms, err := strconv.Atoi(line[1]); err != nil || ms <= 0 || ms >= 6000 {
			t.Errorf("a view without its time: %s", line)
		}
	}
	// The thumbnail is the frame with something on it.
	thumb, err := l.thumbs.Load(library.Picture{Content: content, Orientation: 1})
	if err != nil {
		t.Fatal(err)
	}
	if s := showing(thumb); s < 3 {
		t.Errorf("the thumbnail shows %.1f", s)
	}
	l.encoder.encodes.Store(0)
	l.expect(run(), Report{Files: 2, Photos: 2, Unchanged: 2})
	l.encoded(0)

	// Moved where file numbers do not tell, it is known by its content.
	data := read(l, "a.mp4")
	l.remove("a.mp4")
	l.write("b/c.mp4", data)
	l.expect(run(), Report{Files: 2, Photos: 2, Moved: 1, Unchanged: 1})
	l.encoded(0)
}

func TestVideosWaitForTheirProgram(t *testing.T) {
	videos := tools(t)
	l := newLib(t)
	l.film("a.mp4", "smptebars=s=640x480:d=1")
	l.film("b.avi", "testsrc=s=640x480:d=1")
	none := fmt.Errorf("%w: install ffmpeg", decode.ErrCodec)
	run := func(v *video.Tools) Report {
		t.Helper()
		p := Params{Store: l.store, Thumbs: l.thumbs, Encoder: l.encoder, Threads: 2, Videos: v, NoVideos: none}
		r, err := New(p).Run(t.Context(), l.roots(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run(nil)
	if len(r.Failed) != 2 || r.Failed[0].Stage != library.StageCodec || !strings.Contains(r.Failed[0].Reason, "install ffmpeg") {
		t.Fatalf("report %+v", r)
	}
	if r := run(videos); r.Encoded != 0 || r.Unchanged != 2 {
		t.Errorf("before anybody said that it is there: %+v", r)
	}
	if n, err := l.store.RetryStage(t.Context(), "decode"); n != 0 || err != nil {
		t.Errorf("%d files of another stage are tried again, %v", n, err)
	}
	if n, err := l.store.RetryStage(t.Context(), library.StageCodec); n != 2 || err != nil {
		t.Errorf("%d files are tried again, %v", n, err)
	}
	if r := run(videos); r.Encoded != 2 || len(r.Failed) != 0 || r.Photos != 2 {
		t.Errorf("report %+v", r)
	}
}

// meddler is an encoder during whose work something happens.
type meddler struct {
	Encoder
	do  func()
	err error
}

func (m meddler) Tensor(img *image.RGBA) []float32 {
	m.do()
	return m.Encoder.Tensor(img)
}

func (m meddler) EncodeBy(ctx context.Context, tensor []float32) ([]float32, string, error) {
	if m.err != nil {
		return nil, "", m.err
	}
	return m.Encoder.EncodeBy(ctx, tensor)
}

// Frames are read by name: what a video fails with that was moved meanwhile is not its fault.
func TestAVideoThatMovesWhileItIsLookedAt(t *testing.T) {
	videos := tools(t)
	for name, failure := range map[string]error{"looked at": nil, "not looked at": errors.New("no such file")} {
		t.Run(name, func(t *testing.T) {
			l := newLib(t)
			l.film("a.mp4", "smptebars=s=640x480:d=1")
			run := func(e Encoder) Report {
				t.Helper()
				r, err := New(Params{Store: l.store, Thumbs: l.thumbs, Encoder: e, Threads: 1, Videos: videos}).Run(t.Context(), l.roots(), nil)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			move := func() { _ = os.Rename(l.at("a.mp4"), l.at("b.mp4")) }
			l.expect(run(meddler{l.encoder, move, failure}), Report{Files: 1, New: 1})
			l.expect(run(l.encoder), Report{Files: 1, Photos: 1, New: 1, Missing: 1, Encoded: 1})
		})
	}
}

// A long film must not keep a cancelled run from ending.
func TestReadingAFilmEndsWithTheRun(t *testing.T) {
	name := newLib(t).at("film.mp4")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x00\x01mdat\x00\x00\x01\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 40); err != nil {
		t.Skipf("skipped: the file system makes no file with a hole: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
	_, err = readFile(ctx, name, 1<<20)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("reading ended with %v", err)
	}
}
