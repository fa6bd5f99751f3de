package video_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
	"descry/library/video"
)

// tools finds ffmpeg, or skips the test.
func tools(t testing.TB) *video.Tools {
	t.Helper()
	tl, err := video.Find()
	if err != nil {
		t.Skipf("skipped: %v (scripts/install-deps test)", err)
	}
	return tl
}

// film makes a video with ffmpeg in the folder of the test and returns its path.
func film(t testing.TB, name string, args ...string) string {
	t.Helper()
	tools(t)
	path := filepath.Join(t.TempDir(), name)
	args = append(append([]string{"-nostdin", "-loglevel", "error"}, args...), "file:"+path)
	if said, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Skipf("skipped: this ffmpeg cannot make %s: %v %s", name, err, said)
	}
	return path
}

// scenes is four seconds, one each of red, green, blue and white, with black bars that tell
// up from down: 320 × 180 with a bar at the top.
func scenes() []string {
	var args []string
	graph := ""
	for i, c := range []string{"red", "lime", "blue", "white"} {
		args = append(args, "-f", "lavfi", "-i", fmt.Sprintf("color=c=%s:s=320x180:r=10:d=1", c))
		graph += fmt.Sprintf("[%d:v]drawbox=x=0:y=0:w=320:h=40:c=black:t=fill,format=yuv444p[v%d];", i, i)
	}
	return append(args, "-filter_complex", graph+"[v0][v1][v2][v3]concat=n=4:v=1:a=0")
}

func near(t *testing.T, what string, img *image.RGBA, x, y int, want [3]byte) {
	t.Helper()
	c := img.RGBAAt(x, y)
	for i, v := range []byte{c.R, c.G, c.B} {
		if d := int(v) - int(want[i]); d < -14 || d > 14 {
			t.Errorf("%s: %v at (%d, %d), want %v", what, c, x, y, want)
			return
		}
	}
	if c.A != 255 {
		t.Errorf("%s: alpha %d", what, c.A)
	}
}

var colours = [][3]byte{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}}

func TestContainers(t *testing.T) {
	tl := tools(t)
	for name, c := range map[string]struct {
		format string
		codec  []string
	}{
		"a.mp4":        {decode.MP4, []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}},
		"b.mov":        {decode.MOV, []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}},
		"c.mkv":        {decode.MKV, []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}},
		"d.webm":       {decode.WebM, []string{"-c:v", "libvpx", "-deadline", "realtime", "-pix_fmt", "yuv420p"}},
		"e.avi":        {decode.AVI, []string{"-c:v", "mpeg4", "-q:v", "2"}},
		"f.avi":        {decode.AVI, []string{"-c:v", "mjpeg", "-q:v", "2"}},
		"-g strange é": {decode.MP4, []string{"-c:v", "mpeg4", "-q:v", "2", "-f", "mp4"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := film(t, name, append(scenes(), c.codec...)...)
			if strings.HasPrefix(name, "-") {
				t.Chdir(filepath.Dir(path))
				path = name
			}
			v, err := tl.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			m := v.Metadata
			if m.Format != c.format || m.Width != 320 || m.Height != 180 || m.Orientation != 1 ||
				math.Abs(m.Duration.Seconds()-4) > 0.2 || !m.Taken.IsZero() || m.GPS != nil {
				t.Errorf("%+v", m)
			}
			frames, err := v.Frames(t.Context(), video.Options{})
			if err != nil || len(frames) != 4 {
				t.Fatalf("%d frames, %v", len(frames), err)
			}
			for i, f := range frames {
				if f.Image.Rect != image.Rect(0, 0, 320, 180) || f.At < time.Duration(i)*time.Second || f.At > time.Duration(i+1)*time.Second {
					t.Errorf("frame %d: %v at %s", i, f.Image.Rect, f.At)
				}
				near(t, "the bar", f.Image, 160, 20, [3]byte{0, 0, 0})
				near(t, "below it", f.Image, 160, 120, colours[i])
			}
		})
	}
}

func TestFrames(t *testing.T) {
	tl := tools(t)
	whole := film(t, "a.mp4", append(scenes(), "-c:v", "mpeg4", "-q:v", "2")...)
	turned := film(t, "b.mp4", "-i", whole, "-c", "copy", "-metadata:s:v", "rotate=90")
	long := film(t, "c.mkv", "-f", "lavfi", "-i", "testsrc=s=160x120:r=2:d=150", "-c:v", "mpeg4")
	wide := film(t, "d.mkv", append(scenes(), "-c:v", "mpeg4", "-q:v", "2", "-aspect", "32:9")...)
	for name, c := range map[string]struct {
		path    string
		options video.Options
		frames  int
		size    image.Point
	}{
		"full size":  {whole, video.Options{}, 4, image.Pt(320, 180)},
		"smaller":    {whole, video.Options{MinSide: 90}, 4, image.Pt(160, 90)},
		"no larger":  {whole, video.Options{MinSide: 500}, 4, image.Pt(320, 180)},
		"fewer":      {whole, video.Options{Most: 2, MinSide: 60}, 2, image.Pt(107, 60)},
		"turned":     {turned, video.Options{MinSide: 90}, 4, image.Pt(90, 160)},
		"long":       {long, video.Options{Most: 3}, 3, image.Pt(160, 120)},
		"long pixel": {wide, video.Options{MinSide: 90}, 4, image.Pt(320, 90)},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := tl.Open(t.Context(), c.path)
			if err != nil {
				t.Fatal(err)
			}
			frames, err := v.Frames(t.Context(), c.options)
			if err != nil || len(frames) != c.frames {
				t.Fatalf("%d frames, %v", len(frames), err)
			}
			for i, f := range frames {
				if f.Image.Rect.Size() != c.size {
					t.Errorf("frame %d has %v, want %v", i, f.Image.Rect.Size(), c.size)
				}
			}
			if name == "turned" { // clockwise: the bar is at the right or the left, not on top
				near(t, "top", frames[0].Image, 45, 5, colours[0])
				near(t, "bottom", frames[0].Image, 45, 155, colours[0])
			}
		})
	}
	v, err := tl.Open(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Frames(t.Context(), video.Options{Limits: decode.Limits{MaxPixels: 1000}})
	if !errors.Is(err, decode.ErrTooLarge) || !strings.Contains(err.Error(), "320 × 180") {
		t.Errorf("too many pixels: %v", err)
	}
	why := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := v.Frames(ctx, video.Options{}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := tl.Open(ctx, whole); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
}

// Each way of getting at frames finds those that were asked for, and says their true times.
// The films get ever brighter.
func TestTimesAreTrue(t *testing.T) {
	tl := tools(t)
	grey := func(rate, seconds int) string {
		return fmt.Sprintf("color=c=black:s=64x64:r=%d:d=%d,geq=lum=16+N:cb=128:cr=128", rate, seconds)
	}
	for name, c := range map[string]struct {
		film []string
		rate float64       // how much brighter it gets each second
		late time.Duration // a frame may lie so far behind the time that was asked for
		soon time.Duration // or so far before it
	}{
		"all decoded": {[]string{"-i", grey(20, 10)}, 20, 51 * time.Millisecond, 0},
		"sought":      {[]string{"-i", grey(45, 4)}, 45, 23 * time.Millisecond, 0},
		"keyframes":   {[]string{"-i", strings.Replace(grey(4, 100), "16+N", "16+N/2", 1)}, 2, 0, 3 * time.Second},
		"a gap":       {[]string{"-i", grey(20, 10) + ",select=lt(n\\,20)+gt(n\\,150)", "-vsync", "vfr"}, 20, 7 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := film(t, "a.mkv", append(append([]string{"-f", "lavfi"}, c.film...), "-c:v", "mpeg4", "-q:v", "2", "-g", "11", "-sc_threshold", "1000000000")...)
			v, err := tl.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			frames, err := v.Frames(t.Context(), video.Options{})
			want := min(int(v.Metadata.Duration/time.Second), 8)
			if err != nil || len(frames) != want {
				t.Fatalf("%d frames, want %d; %v", len(frames), want, err)
			}
			for i, f := range frames {
				asked := (v.Metadata.Duration * time.Duration(2*i+1) / time.Duration(2*want)).Truncate(time.Millisecond)
				if f.At > asked+c.late || f.At < asked-c.soon-time.Millisecond {
					t.Errorf("frame %d is from %s, asked for was %s", i, f.At, asked)
				}
				bright := float64(f.Image.RGBAAt(32, 32).G) * 219 / 255
				if at := f.At.Seconds() * c.rate; math.Abs(at-bright) > 2.5 { // the encoder is not exact
					t.Errorf("frame %d says %s, which has the brightness %.1f, and has %.1f", i, f.At, at, bright)
				}
				again, err := v.FrameAt(t.Context(), f.At, video.Options{})
				if err != nil || again.At != f.At || !bytes.Equal(again.Image.Pix, f.Image.Pix) {
					t.Errorf("frame %d, from %s, is another one when it is asked for again, from %s; %v", i, f.At, again.At, err)
				}
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	tl := tools(t)
	path := film(t, "a.mov", append(scenes(), "-c:v", "mpeg4", "-movflags", "use_metadata_tags",
		"-metadata", "creation_time=2023-05-06T07:08:09Z",
		"-metadata", "com.apple.quicktime.creationdate=2023-05-06T09:08:09+0200",
		"-metadata", "com.apple.quicktime.make=Apple", "-metadata", "com.apple.quicktime.model=iPhone 14 Pro",
		"-metadata", "com.apple.quicktime.location.ISO6709=+48.8577-002.295+035.2/",
		"-metadata", "com.apple.quicktime.content.identifier=4F5A-9B",
		"-metadata", "title=On the\ttower")...)
	v, err := tl.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	m := v.Metadata
	if got := m.Taken.Format(time.RFC3339); got != "2023-05-06T09:08:09+02:00" || !m.HasZone {
		t.Errorf("taken %s, zone %v", got, m.HasZone)
	}
	if m.Make != "Apple" || m.Model != "iPhone 14 Pro" || m.Pair != "4F5A-9B" || m.Title != "On the tower" {
		t.Errorf("%+v", m)
	}
	if m.GPS == nil || *m.GPS != (library.GPS{Lat: 48.8577, Lon: -2.295, Alt: 35.2}) {
		t.Errorf("place %+v", m.GPS)
	}

	path = film(t, "b.mp4", append(scenes(), "-c:v", "mpeg4", "-metadata", "creation_time=2023-05-06T07:08:09Z", "-metadata", "location=+48.8577+002.2950/")...)
	if v, err = tl.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if m := v.Metadata; m.Taken.Format(time.RFC3339) != "2023-05-06T07:08:09Z" || m.GPS == nil || m.GPS.Lon != 2.295 {
		t.Errorf("%+v, place %+v", m, m.GPS)
	}
}

func TestHighDynamicRange(t *testing.T) {
	tl := tools(t)
	path := film(t, "a.mkv", "-f", "lavfi", "-i", "color=c=gray:s=64x64:r=5:d=1", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le",
		"-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-x265-params", "log-level=none")
	v, err := tl.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := v.Frames(t.Context(), video.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Half the signal is 92 cd/m², somewhat less than half the light of white paper.
	near(t, "grey", frames[0].Image, 32, 32, [3]byte{180, 180, 180})
}

// Damaged, cut short and hostile files cost an error, and nothing else is opened for them.
func TestBadFiles(t *testing.T) {
	tl := tools(t)
	whole, err := os.ReadFile(film(t, "a.mkv", append(scenes(), "-c:v", "mpeg4", "-q:v", "2")...))
	if err != nil {
		t.Fatal(err)
	}
	mp4, err := os.ReadFile(film(t, "a.mp4", append(scenes(), "-c:v", "mpeg4", "-q:v", "2")...))
	if err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(film(t, "a.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"))
	if err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(testdata.Samples(t), "giraffes.jpg")
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":        {nil, decode.ErrFormat},
		"text":         {[]byte("ffconcat version 1.0\nfile '" + photo + "'\n"), decode.ErrFormat},
		"a playlist":   {[]byte("#EXTM3U\n#EXTINF:1,\nhttp://192.0.2.1/a.ts\n"), decode.ErrFormat},
		"only a start": {mp4[:48], decode.ErrDamaged},
		"no index":     {mp4[:len(mp4)/2], decode.ErrDamaged},
		"sound only":   {sound, decode.ErrDamaged},
		"zeros":        {append(append([]byte(nil), mp4[:32]...), make([]byte, 5000)...), decode.ErrDamaged},
		"cut short":    {whole[:len(whole)*2/3], nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.mp4")
			if err := os.WriteFile(path, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			v, err := tl.Open(t.Context(), path)
			if !errors.Is(err, c.want) || err != nil && (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), path)) {
				t.Fatalf("error %v, want %v in a sentence without the path", err, c.want)
			}
			if err != nil {
				return
			}
			frames, err := v.Frames(t.Context(), video.Options{})
			if err != nil || len(frames) == 0 {
				t.Errorf("%d frames, %v", len(frames), err)
			}
		})
	}
	if _, err := tl.Open(t.Context(), filepath.Join(t.TempDir(), "none.mp4")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := video.Find()
	if !errors.Is(err, decode.ErrCodec) || !strings.Contains(err.Error(), "videos need the program ff") {
		t.Errorf("error %v", err)
	}
}
