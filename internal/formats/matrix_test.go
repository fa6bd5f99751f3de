package formats

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/contentid"
	"descry/library/decode"
	"descry/library/decode/codec"
	"descry/library/metadata"
)

var update = flag.Bool("update", false, "write docs/formats.md")

// TestMain lets the test program be the child that decodes HEIF, AVIF and JPEG XL.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == codec.Argument {
		os.Exit(codec.Serve())
	}
	os.Exit(m.Run())
}

// scene is the test picture: a small photo, upright, and as stored by a camera held upright.
type scene struct {
	upright, stored *image.RGBA
	dir             string
	words           map[string]string // what the words of a recipe stand for
}

const (
	width, height = 240, 160
	orientation   = 6
	cameraMake    = "Descry"
	cameraModel   = "Matrix 1"
)

var taken = time.Date(2024, 5, 1, 9, 30, 0, 0, time.UTC)

func newScene(t *testing.T) scene {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata.Samples(t), "citrus-slices.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	photo, _, err := decode.Decode(context.Background(), data, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	by := min(photo.Rect.Dx()/width, photo.Rect.Dy()/height)
	s := scene{upright: image.NewRGBA(image.Rect(0, 0, width, height)), dir: t.TempDir(), words: make(map[string]string)}
	for y := range height {
		for x := range width {
			for c := range 4 {
				sum := 0
				for dy := range by {
					for dx := range by {
						sum += int(photo.Pix[(y*by+dy)*photo.Stride+4*(x*by+dx)+c])
					}
				}
				s.upright.Pix[y*s.upright.Stride+4*x+c] = byte(sum / (by * by))
			}
		}
	}
	s.words["MAKE"], s.words["MODEL"] = "-Make="+cameraMake, "-Model="+cameraModel
	s.words["TAKEN"] = "-DateTimeOriginal=" + taken.Format("2006:01:02 15:04:05")
	s.stored = photomaker.Stored(s.upright, orientation)
	for word, m := range map[string]*image.RGBA{"IN": s.stored, "UP": s.upright} {
		s.words[word] = filepath.Join(s.dir, word+".png")
		file, err := os.Create(s.words[word])
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(file, m), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for word, name := range map[string]string{"SRGB": "sRGB", "P3": "Display P3", "ADOBE": "Adobe RGB", "GRAY": "gray 2.2"} {
		s.words[word] = filepath.Join(s.dir, word+".icc")
		if err := os.WriteFile(s.words[word], photomaker.Profiles[name].ICC(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// cook runs a recipe. lacking names a program that is not there.
func (s scene) cook(recipe, out string) (data []byte, lacking string, err error) {
	words := map[string]string{"OUT": out, "TMP": out + ".png", "TMP.jpg": out + ".jpg"}
	for word, stands := range s.words {
		words[word] = stands
	}
	for _, step := range strings.Split(recipe, " && ") {
		args := strings.Fields(step)
		for i, a := range args {
			prefix, word := "", a
			if p, w, ok := strings.Cut(a, ":"); ok {
				prefix, word = p+":", w
			}
			if stands, ok := words[word]; ok {
				args[i] = prefix + stands
			}
		}
		if _, err := exec.LookPath(args[0]); err != nil {
			return nil, args[0], nil
		}
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return nil, "", fmt.Errorf("%s: %w: %s", step, err, text)
		}
	}
	data, err = os.ReadFile(out)
	return data, "", err
}

// file is a row's file as it goes through the stages.
type file struct {
	row
	path    string
	made    []byte // as its encoder wrote it
	lacking string // a program or library that is not there
	cells   []string
}

// maker says what made a file, for people.
func maker(recipe, by string) string {
	if by != "" {
		return by
	}
	names := map[string]string{"convert": "ImageMagick", "ffmpeg": "FFmpeg", "exiftool": "ExifTool"}
	var all []string
	for _, step := range strings.Split(recipe, " && ") {
		name := strings.Fields(step)[0]
		if n, ok := names[name]; ok {
			name = n
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

func TestFormats(t *testing.T) {
	s := newScene(t)
	files := makeFiles(t, s)
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Log("without ExifTool no orientation, metadata or content id is tested")
		for _, f := range files {
			if f.tagged || f.id != "" && f.id != none {
				f.lacking = "exiftool"
			}
		}
	} else {
		tag(t, s, files)
	}
	pool := codec.NewPool(codec.Params{Children: 1})
	defer pool.Close()
	var table []line
	for _, f := range files {
		t.Run(f.format+"/"+f.variant, func(t *testing.T) {
			if f.lacking == "" {
				f.look(t, s, pool)
			}
			table = append(table, line{key: f.format + " | " + f.variant, cells: f.cells, lacking: f.lacking})
			if f.lacking != "" {
				t.Skipf("skipped: needs %s", f.lacking)
			}
		})
	}
	videos := lookAtVideos(t, s)
	refused := lookAtRefusals(t, s)
	compare(t, table, videos, refused)
}

// makeFiles makes the file of every row.
func makeFiles(t *testing.T, s scene) []*file {
	t.Helper()
	all := append(slices.Clone(rows), rawRows()...)
	files := make([]*file, len(all))
	for i, r := range all {
		f := &file{row: r, path: filepath.Join(s.dir, fmt.Sprintf("row-%03d.%s", i, r.ext))}
		files[i] = f
		if r.build != nil {
			f.made = r.build(s)
			if err := os.WriteFile(f.path, f.made, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var err error
		if f.made, f.lacking, err = s.cook(r.recipe, f.path); err != nil {
			t.Errorf("make %s, %s: %v", r.format, r.variant, err)
			f.lacking = "an encoder that makes it"
		}
	}
	return files
}

// exiftool runs ExifTool on the files chosen, all at once.
func exiftool(t *testing.T, files []*file, chosen func(*file) bool, args ...string) {
	t.Helper()
	args = append([]string{"-q", "-m", "-overwrite_original"}, args...)
	n := len(args)
	for _, f := range files {
		if f.lacking == "" && chosen(f) {
			args = append(args, f.path)
		}
	}
	if len(args) == n {
		return
	}
	if text, err := exec.Command("exiftool", args...).CombinedOutput(); err != nil {
		t.Errorf("exiftool: %v: %s", err, text)
	}
}

// tag has ExifTool write what cameras write.
func tag(t *testing.T, s scene, files []*file) {
	t.Helper()
	later := func(f *file) bool { return f.tagged && !f.before && f.build == nil }
	camera := []string{s.words["MAKE"], s.words["MODEL"], s.words["TAKEN"]}
	exiftool(t, files, func(f *file) bool { return later(f) && f.turned }, append(camera, "-n", "-Orientation=6")...)
	// Where the container itself says how the picture is turned, EXIF must not count.
	exiftool(t, files, func(f *file) bool {
		return later(f) && !f.turned && (f.format == decode.HEIF || f.format == decode.AVIF || f.format == decode.JXL)
	}, append(camera, "-n", "-EXIF:Orientation=6")...)
	exiftool(t, files, func(f *file) bool {
		return later(f) && !f.turned && f.format != decode.HEIF && f.format != decode.AVIF && f.format != decode.JXL
	}, camera...)
	for _, f := range files {
		if f.lacking != "" {
			continue
		}
		var err error
		if f.made, err = os.ReadFile(f.path); err != nil {
			t.Fatal(err)
		}
	}
	exiftool(t, files, func(f *file) bool { return f.id == kept || f.id == renewed },
		"-XMP-dc:Description=written afterwards", "-XMP-dc:Subject+=afterwards")
}

// look decodes a file, reads what it says, and fills the row's cells.
func (f *file) look(t *testing.T, s scene, codecs decode.Codecs) {
	t.Helper()
	f.cells = []string{maker(f.recipe, f.by), none, none, none, none, none}
	m, err := metadata.Read(f.made)
	if err != nil {
		t.Errorf("metadata: %v", err)
	}
	if m.Format != f.format {
		t.Errorf("it is taken for %q", m.Format)
	}
	img, warnings, err := decode.Decode(context.Background(), f.made, decode.Options{Orientation: m.Orientation, Codecs: codecs})
	if errors.Is(err, decode.ErrCodec) {
		f.lacking = "the library that reads " + f.format
		return
	}
	if err != nil || len(warnings) > 0 {
		t.Errorf("decoding: %v %v", warnings, err)
		return
	}
	got := psnr(img, s.wanted(f.against))
	t.Logf("%.1f dB", got)
	if got < f.psnr {
		t.Errorf("the picture has %.1f dB, less than %.0f", got, f.psnr)
	}
	f.cells[1] = fmt.Sprintf("≥ %.0f dB", f.psnr)
	if f.psnr >= 99 {
		f.cells[1] = "exact"
	}
	if f.turned || f.tagged {
		f.cells[2] = "right"
	}
	if f.tagged {
		if m.Make != cameraMake && !decode.IsRaw(f.format) || m.Model != cameraModel || !m.Taken.Equal(taken) {
			t.Errorf("camera %q %q, taken %v", m.Make, m.Model, m.Taken)
		}
		f.cells[3] = "right"
	}
	if m.Profile != f.profile {
		t.Errorf("the profile is %q, want %q", m.Profile, f.profile)
	}
	if f.profile != "" {
		f.cells[4] = f.profile
	}
	f.cells[5] = f.lookAtID(t)
}

// lookAtID tells what became of the content id when words were written into the file.
func (f *file) lookAtID(t *testing.T) string {
	t.Helper()
	if f.id != kept && f.id != renewed {
		return none
	}
	after, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(f.made, after) {
		t.Error("ExifTool did not change the file")
		return none
	}
	a, errA := contentid.Of(f.made)
	b, errB := contentid.Of(after)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	got := kept
	if a != b {
		got = renewed
	}
	if got != f.id {
		t.Errorf("the content id is %s (%s), want %s", got, a.Scheme, f.id)
	}
	return got
}

// wanted is what a row's picture is compared with.
func (s scene) wanted(against string) *image.RGBA {
	out := image.NewRGBA(s.upright.Rect)
	for i := 0; i < len(out.Pix); i += 4 {
		p := s.upright.Pix[i:]
		// The luma that ImageMagick takes for gray.
		luma := byte(0.212656*float64(p[0]) + 0.715158*float64(p[1]) + 0.072186*float64(p[2]) + 0.5)
		c := [3]byte{p[0], p[1], p[2]}
		switch against {
		case "gray":
			c = [3]byte{luma, luma, luma}
		case "two colours":
			c = [3]byte{}
			if luma >= 128 {
				c = [3]byte{255, 255, 255}
			}
		case "half white":
			for k := range c {
				c[k] = byte((int(c[k]) + 255) / 2)
			}
		}
		copy(out.Pix[i:], []byte{c[0], c[1], c[2], 255})
	}
	return out
}

// psnr is the peak signal-to-noise ratio in dB, 99 for equal pictures and 0 for those of
// different size.
func psnr(a, b *image.RGBA) float64 {
	if a.Rect != b.Rect {
		return 0
	}
	sum := 0.0
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	if sum == 0 {
		return 99
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))*3/4/sum)
}

// rawRows are the camera RAW formats.
func rawRows() []row {
	var out []row
	for _, format := range photomaker.RawFormats {
		id := kept
		if format == decode.RW2 {
			id = renewed
		}
		out = append(out, row{
			format: format, variant: "embedded preview", ext: format, by: "synthetic container",
			build: func(s scene) []byte {
				return photomaker.Raw(format, s.stored, library.Metadata{Model: cameraModel, Taken: taken, Orientation: orientation})
			},
			psnr: 30, turned: true, tagged: true, id: id,
		})
	}
	return out
}
