package formats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
	"descry/library/video"
)

// line is a line of a table in docs/formats.md. Its first cells, the key, name it.
type line struct {
	key     string
	cells   []string
	lacking string // what was missing, so that nothing is known
}

func (l line) text() string { return "| " + l.key + " | " + strings.Join(l.cells, " | ") + " |" }

const intro = `# Formats

What Descry reads, as a test found it on files that the programs named here made (` + "`go test ./internal/formats`" + `; with ` + "`-update`" + ` it writes this page). The test fails where this page says anything else.

- *Decoded*: how close the picture comes to the one that went in, as PSNR. Colour profiles are applied before that, transparency is laid over white.
- *Orientation*: the camera was held upright, so that the picture has to be turned.
- *Metadata*: camera, model and the time at which the photo was taken come back as ExifTool wrote them.
- *Content id*: what becomes of it when ExifTool writes a caption and a keyword into the file (docs/identity.md).
- *Synthetic container*: no camera's file was at hand. The file is laid out as the maker's files are, after published descriptions, with a preview in its place and noise instead of what a sensor saw.

HEIF needs nothing but is faster with libheif; AVIF needs libavif, JPEG XL libjxl, and videos FFmpeg: ` + "`descry doctor`" + ` says what is missing and how to install it.
`

const limits = `## Limits

- Colour profiles with primaries and tone curves are applied, and gray ones. Profiles made of tables and those for inks (CMYK) are not: inks are mixed by the simple rule, so that such pictures look more vivid than in print.
- Of camera RAW files the embedded preview is shown. Nothing is developed, so a file without a preview is refused.
- Of a Photoshop document the picture of all layers together is shown, which Photoshop saves along unless it is told not to.
- Pictures of more than 300 megapixels and files of more than a gigabyte are refused. Decoding ends after three minutes.
`

// lookAtVideos makes a short video of each kind and looks at its frames.
func lookAtVideos(t *testing.T, s scene) []line {
	t.Helper()
	tools, err := video.Find()
	kinds := []struct{ format, variant, codec string }{
		{decode.MP4, "H.264", "-c:v libx264 -crf 16 -pix_fmt yuv420p -f mp4"},
		{decode.MOV, "H.264", "-c:v libx264 -crf 16 -pix_fmt yuv420p -f mov"},
		{decode.MKV, "H.264", "-c:v libx264 -crf 16 -pix_fmt yuv420p -f matroska"},
		{decode.WebM, "VP9", "-c:v libvpx-vp9 -crf 16 -b:v 0 -deadline realtime -pix_fmt yuv420p -f webm"},
		{decode.AVI, "MPEG-4", "-c:v mpeg4 -q:v 2 -f avi"},
	}
	var out []line
	for _, k := range kinds {
		l := line{key: k.format + " | " + k.variant, cells: []string{"FFmpeg", "≥ 28 dB"}}
		t.Run(k.format, func(t *testing.T) {
			if err != nil {
				l.lacking = "ffmpeg"
				t.Skip("skipped: needs ffmpeg")
			}
			path := filepath.Join(s.dir, "video."+k.format)
			if _, _, err := s.cook("ffmpeg -loglevel error -y -loop 1 -framerate 5 -i UP -t 2 "+k.codec+" OUT", path); err != nil {
				t.Log(err)
				l.lacking = "an encoder that makes it"
				t.Skip("skipped: ffmpeg does not make it here")
			}
			v, err := tools.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			if v.Metadata.Format != k.format || v.Metadata.Width != width || v.Metadata.Height != height {
				t.Errorf("%+v", v.Metadata)
			}
			frames, err := v.Frames(context.Background(), video.Options{Most: 3})
			if err != nil || len(frames) == 0 {
				t.Fatal(len(frames), err)
			}
			for _, f := range frames {
				if got := psnr(f.Image, s.upright); got < 28 {
					t.Errorf("the frame at %v has %.1f dB", f.At, got)
				}
			}
		})
		out = append(out, l)
	}
	return out
}

// refusals are kinds of files that are not decoded.
var refusals = []refusal{
	{what: "JPEG of 12 bits", ext: "jpg", by: "synthetic header", build: func(s scene) []byte {
		data := photomaker.JPEG(s.upright, library.Metadata{}, 90)
		data[bytes.Index(data, []byte{0xFF, 0xC0})+4] = 12
		return data
	}},
	{what: "JPEG without loss", ext: "jpg", by: "synthetic header", build: func(s scene) []byte {
		data := photomaker.JPEG(s.upright, library.Metadata{}, 90)
		data[bytes.Index(data, []byte{0xFF, 0xC0})+1] = 0xC3
		return data
	}},
	{what: "JPEG 2000", ext: "jp2", recipe: "convert UP JP2:OUT"},
	{what: "TIFF compressed by Zstandard", ext: "tif", recipe: "convert UP -compress Zstd OUT"},
	{what: "TIFF of fax (group 3) with filled rows", ext: "tif", recipe: "convert UP -colorspace Gray -threshold 50% -type Bilevel -compress Fax OUT"},
	{what: "TIFF in Lab colours", ext: "tif", recipe: "convert UP -colorspace Lab -compress LZW OUT"},
	{what: "Photoshop document in Lab colours", ext: "psd", by: "synthetic header", build: func(scene) []byte {
		head := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\xa0\x00\x00\x00\xf0\x00\x08\x00\x09\x00\x00\x00\x00")
		return append(head, make([]byte, 10+3*width*height)...)
	}},
	{what: "Photoshop document without the picture of its layers", ext: "psd", by: "synthetic header", build: func(scene) []byte {
		head := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\xa0\x00\x00\x00\xf0\x00\x08\x00\x03\x00\x00\x00\x00")
		version := []byte("8BIM\x04\x21\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00")
		return slices.Concat(head, []byte{0, 0, 0, byte(len(version))}, version, []byte{0, 0, 0, 0, 0, 0})
	}},
	{what: "camera RAW file without a preview", ext: "nef", by: "synthetic container", build: func(s scene) []byte {
		data := photomaker.Raw(decode.NEF, s.stored, library.Metadata{})
		return bytes.ReplaceAll(data, []byte{0xFF, 0xD8, 0xFF}, []byte{0, 0, 0})
	}},
	{what: "camera RAW file of another maker", ext: "mos", by: "synthetic container", build: func(s scene) []byte {
		return photomaker.Raw(decode.NEF, s.stored, library.Metadata{Make: "Leaf"})
	}},
	{what: "SVG", ext: "svg", by: "text", build: func(scene) []byte { return []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>") }},
	{what: "PDF", ext: "pdf", by: "text", build: func(scene) []byte { return []byte("%PDF-1.7\n") }},
}

func lookAtRefusals(t *testing.T, s scene) []line {
	t.Helper()
	var out []line
	for i, r := range refusals {
		l := line{key: r.what}
		t.Run("refused/"+r.what, func(t *testing.T) {
			var data []byte
			if r.build != nil {
				data = r.build(s)
			} else {
				var err error
				if data, l.lacking, err = s.cook(r.recipe, filepath.Join(s.dir, fmt.Sprintf("refused-%d.%s", i, r.ext))); err != nil {
					t.Log(err)
					l.lacking = "an encoder that makes it"
				}
			}
			if l.lacking != "" {
				t.Skipf("skipped: needs %s", l.lacking)
			}
			_, _, err := decode.Decode(context.Background(), data, decode.Options{})
			if !errors.Is(err, decode.ErrUnsupported) && !errors.Is(err, decode.ErrFormat) {
				t.Fatalf("error %v", err)
			}
			l.cells = []string{maker(r.recipe, r.by), err.Error()}
		})
		out = append(out, l)
	}
	return out
}

// compare compares the tables with docs/formats.md, or writes it. Of lines about which
// nothing is known, what the page says stays.
func compare(t *testing.T, pictures, videos, refused []line) {
	t.Helper()
	path := filepath.Join(testdata.Repo(t), "docs", "formats.md")
	page, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	said := make(map[string]string)
	for _, l := range strings.Split(string(page), "\n") {
		if cells := strings.SplitN(l, " | ", 3); strings.HasPrefix(l, "| ") && len(cells) > 1 {
			said[cells[0]], said[cells[0]+" | "+cells[1]] = l, l
		}
	}
	var want strings.Builder
	table := func(title, header string, lines []line) {
		fmt.Fprintf(&want, "\n## %s\n\n| %s |\n|%s\n", title, header, strings.Repeat("---|", strings.Count(header, "|")+1))
		for _, l := range lines {
			text := l.text()
			if l.lacking != "" {
				if text = said["| "+l.key]; text == "" {
					t.Errorf("nothing is known of %q: it needs %s", l.key, l.lacking)
					continue
				}
			}
			want.WriteString(text + "\n")
		}
	}
	want.WriteString(intro)
	table("Pictures", "format | kind | made by | decoded | orientation | metadata | colour profile | content id", pictures)
	table("Videos", "format | kind | made by | frames", videos)
	table("What is refused", "kind | made by | what Descry says", refused)
	want.WriteString("\n" + limits)
	testdata.ComparePage(t, "formats.md", want.String(), *update)
}
