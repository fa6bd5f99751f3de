package decode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
	"descry/library/decode/jpegcodec"
)

var (
	red    = color.RGBA{255, 0, 0, 255}
	green  = color.RGBA{0, 255, 0, 255}
	blue   = color.RGBA{0, 0, 255, 255}
	yellow = color.RGBA{255, 255, 0, 255}
	white  = color.RGBA{255, 255, 255, 255}
)

// checkQuadrants checks the middle of each quadrant and that everything is opaque.
func checkQuadrants(t *testing.T, img *image.RGBA, tolerance int, want ...color.RGBA) {
	t.Helper()
	if img.Rect.Min != (image.Point{}) || img.Stride != 4*img.Rect.Dx() || !img.Opaque() {
		t.Errorf("bounds %v, stride %d, opaque %v", img.Rect, img.Stride, img.Opaque())
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for i, c := range want {
		x, y := w/4+i%2*w/2, h/4+i/2*h/2
		got := img.RGBAAt(x, y)
		for _, d := range []int{int(got.R) - int(c.R), int(got.G) - int(c.G), int(got.B) - int(c.B)} {
			if d > tolerance || -d > tolerance {
				t.Errorf("pixel %d, %d is %v, want %v", x, y, got, c)
				break
			}
		}
	}
}

func mustDecode(t *testing.T, data []byte, o decode.Options) *image.RGBA {
	t.Helper()
	img, warnings, err := decode.Decode(context.Background(), data, o)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %q, error %v", warnings, err)
	}
	return img
}

// Every kind of file shows the same four colours. The files in testdata are what plain Go
// cannot make: 96 × 64 pixels written by ImageMagick (subsamplings, progressive, gray,
// interlaced, TIFF, lossy WebP) and directly through libjpeg-turbo (CMYK, YCCK, RGB,
// arithmetic coding, restart markers).
func TestKinds(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	unread := map[string]string{ // what is refused, and how
	}
	if jpegcodec.Name == "image/jpeg" {
		unread["arithmetic.jpg"] = "this kind of picture cannot be read"
		unread["sub-3x1.jpg"] = "this kind of picture cannot be read"
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if want := unread[filepath.Base(file)]; want != "" {
				_, _, err := decode.Decode(context.Background(), data, decode.Options{})
				if !errors.Is(err, decode.ErrUnsupported) || !strings.HasPrefix(err.Error(), want) {
					t.Fatalf("error %v, want %q", err, want)
				}
				return
			}
			img := mustDecode(t, data, decode.Options{})
			if img.Rect.Dx() != 96 || img.Rect.Dy() != 64 {
				t.Fatalf("it is %v", img.Rect)
			}
			switch filepath.Base(file) {
			case "gray.jpg":
				p := img.RGBAAt(24, 16)
				if p.R != p.G || p.G != p.B {
					t.Errorf("not gray: %v", p)
				}
			case "g4.tif":
				checkQuadrants(t, img, 0)
			case "lossy-alpha.webp":
				half := func(c color.RGBA) color.RGBA {
					return color.RGBA{c.R/2 + 128, c.G/2 + 128, c.B/2 + 128, 255}
				}
				checkQuadrants(t, img, 24, half(red), half(green), half(blue), half(yellow))
			default:
				checkQuadrants(t, img, 24, red, green, blue, yellow)
			}
		})
	}
}

func TestOrientations(t *testing.T) {
	upright := photomaker.Quadrants(48, 32)
	for o := 1; o <= 8; o++ {
		stored := photomaker.Stored(upright, o)
		for name, data := range map[string][]byte{
			"png":  photomaker.PNG(stored, library.Metadata{Orientation: o}),
			"jpeg": photomaker.JPEG(stored, library.Metadata{Orientation: o}, 95),
			"webp": photomaker.WebP(stored, library.Metadata{Orientation: o}),
			"tiff": photomaker.TIFF(stored, library.Metadata{Orientation: o}),
		} {
			img := mustDecode(t, data, decode.Options{Orientation: o})
			if img.Rect.Dx() != 48 || img.Rect.Dy() != 32 {
				t.Errorf("%s, orientation %d: %v", name, o, img.Rect)
			}
			checkQuadrants(t, img, 12, red, green, blue, yellow)
		}
	}
}

// Pixel by pixel, on sizes that fill no whole tiles.
func TestUpright(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 9}, {33, 70}, {64, 32}, {101, 67}} {
		want := photomaker.Scene(size.X, size.Y, 7)
		for o := 0; o <= 9; o++ {
			stored := photomaker.Stored(want, o)
			got := decode.Upright(stored, o)
			if got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%v, orientation %d", size, o)
			}
		}
	}
}

func TestGoMadeFormats(t *testing.T) {
	q := photomaker.Quadrants(48, 32)
	deep := image.NewNRGBA64(q.Rect)
	pal := image.NewPaletted(q.Rect, color.Palette{red, green, blue, yellow, color.NRGBA{0, 0, 0, 0}})
	clear := image.NewNRGBA(q.Rect) // the lower half is see-through
	for y := range 32 {
		for x := range 48 {
			c := q.RGBAAt(x, y)
			deep.Set(x, y, c)
			pal.Set(x, y, c)
			if y < 16 {
				clear.Set(x, y, c)
			} else {
				pal.SetColorIndex(x, y, 4)
			}
		}
	}
	encode := func(m image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		want []color.RGBA
	}{
		"bmp":           {photomaker.BMP(q), []color.RGBA{red, green, blue, yellow}},
		"gif":           {photomaker.GIF(q, photomaker.Scene(48, 32, 1)), []color.RGBA{red, green, blue, yellow}},
		"animated webp": {photomaker.AnimatedWebP(q, photomaker.Scene(48, 32, 1)), []color.RGBA{red, green, blue, yellow}},
		"png 16 bit":    {encode(deep), []color.RGBA{red, green, blue, yellow}},
		"png alpha":     {encode(clear), []color.RGBA{red, green, white, white}},
		"png palette":   {encode(pal), []color.RGBA{red, green, white, white}},
		"webp alpha":    {photomaker.WebP(clear, library.Metadata{}), []color.RGBA{red, green, white, white}},
	} {
		t.Run(name, func(t *testing.T) {
			checkQuadrants(t, mustDecode(t, c.data, decode.Options{}), 0, c.want...)
		})
	}
}

func TestHalfTransparent(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	for i := range m.Pix {
		m.Pix[i] = []byte{200, 100, 0, 128}[i%4]
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	want := color.RGBA{227, 177, 127, 255}
	if got := mustDecode(t, b.Bytes(), decode.Options{}).RGBAAt(1, 1); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// A file cut short keeps what was decoded, and says so.
func TestTruncatedJPEG(t *testing.T) {
	q := photomaker.Quadrants(256, 256)
	data := photomaker.JPEG(q, library.Metadata{}, 90)
	img, warnings, err := decode.Decode(context.Background(), data[:len(data)*3/4], decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "incomplete") {
		t.Errorf("warnings %q", warnings)
	}
	if img.Rect.Dx() != 256 || img.Rect.Dy() != 256 || !img.Opaque() {
		t.Errorf("%v, opaque %v", img.Rect, img.Opaque())
	}
	checkQuadrants(t, img, 12, red, green)
}

// Padding before the end of the picture is no damage.
func TestPaddedJPEG(t *testing.T) {
	data := photomaker.JPEG(photomaker.Quadrants(64, 64), library.Metadata{}, 90)
	padded := slices.Concat(data[:len(data)-2], []byte{0, 0, 0}, data[len(data)-2:])
	checkQuadrants(t, mustDecode(t, padded, decode.Options{}), 12, red, green, blue, yellow)
}

func pngHeader(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, w)
	ihdr = binary.BigEndian.AppendUint32(ihdr, h)
	ihdr = append(ihdr, 8, 6, 0, 0, 0)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), photomaker.Chunk("IHDR", ihdr), photomaker.Chunk("IDAT", []byte{0}))
}

func TestBadInput(t *testing.T) {
	jpg := photomaker.JPEG(photomaker.Scene(64, 48, 1), library.Metadata{Make: "m"}, 90)
	patched := func(offset int, b byte) []byte { // relative to the start-of-frame marker
		p := bytes.Clone(jpg)
		p[bytes.Index(p, []byte{0xFF, 0xC0})+offset] = b
		return p
	}
	sos := bytes.Index(jpg, []byte{0xFF, 0xDA})
	pngFile := photomaker.PNG(photomaker.Scene(64, 48, 1), library.Metadata{})
	webpFile := photomaker.WebP(photomaker.Scene(64, 48, 1), library.Metadata{})
	for name, c := range map[string]struct {
		data []byte
		want error
		says string
	}{
		"empty":               {nil, decode.ErrFormat, "the file is empty"},
		"one byte":            {[]byte{0xFF}, decode.ErrFormat, "unknown kind"},
		"zeros":               {make([]byte, 5000), decode.ErrFormat, "only zeros"},
		"text":                {[]byte("Dear diary, grüße\n"), decode.ErrFormat, "is text"},
		"an HTML page":        {[]byte("\n<!DOCTYPE html><html>404"), decode.ErrFormat, "an HTML page"},
		"a PDF":               {[]byte("%PDF-1.7\n"), decode.ErrFormat, "a PDF document"},
		"a HEIC photo":        {[]byte("\x00\x00\x00\x18ftypheic"), decode.ErrDamaged, "describe no picture"},
		"a video":             {[]byte("\x00\x00\x00\x18ftypisom"), decode.ErrUnsupported, "a video"},
		"an SVG":              {[]byte("<?xml version=\"1.0\"?><svg>"), decode.ErrFormat, "an SVG drawing"},
		"a RAW file":          {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), decode.ErrUnsupported, "CR2"},
		"jpeg start only":     {[]byte("\xff\xd8\xff\xe0"), decode.ErrTruncated, "ends too early"},
		"jpeg headers only":   {jpg[:sos+14], decode.ErrTruncated, "no picture"},
		"jpeg cut in headers": {jpg[:sos/2], decode.ErrTruncated, "ends too early"},
		"jpeg 12 bit":         {patched(4, 12), decode.ErrUnsupported, "12 bits"},
		"jpeg lossless":       {patched(1, 0xC3), decode.ErrUnsupported, "lossless"},
		"jpeg no height":      {patchedSize(jpg, 64, 0), decode.ErrDamaged, "damaged"},
		"jpeg bomb":           {patchedSize(jpg, 65000, 65000), decode.ErrTooLarge, "65000 × 65000 px make 4225 megapixels, and the limit is 300"},
		"png bomb":            {pngHeader(60000, 60000), decode.ErrTooLarge, "60000 × 60000 px make 3600 megapixels"},
		"png no width":        {pngHeader(0, 10), decode.ErrDamaged, "damaged"},
		"png cut":             {pngFile[:len(pngFile)/2], decode.ErrTruncated, "ends too early"},
		"png bad checksum":    {bytes.Replace(pngFile, []byte("IEND"), []byte("IENE"), 1), decode.ErrDamaged, "damaged"},
		"webp cut":            {webpFile[:len(webpFile)/2], decode.ErrTruncated, ""},
		"gif cut":             {photomaker.GIF(photomaker.Scene(64, 48, 1))[:400], decode.ErrTruncated, "ends too early"},
		"bmp cut":             {photomaker.BMP(photomaker.Scene(64, 48, 1))[:52], decode.ErrTruncated, "ends too early"},
		"tiff cut":            {photomaker.TIFF(photomaker.Scene(64, 48, 1), library.Metadata{})[:400], decode.ErrTruncated, ""},
	} {
		t.Run(name, func(t *testing.T) {
			img, _, err := decode.Decode(context.Background(), c.data, decode.Options{})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || img != nil {
				t.Errorf("error %q, want %q with %q", err, c.want, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one sentence: %q", err)
			}
		})
	}
}

func patchedSize(jpg []byte, w, h uint16) []byte {
	p := bytes.Clone(jpg)
	sof := bytes.Index(p, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint16(p[sof+5:], h)
	binary.BigEndian.PutUint16(p[sof+7:], w)
	return p
}

// Wide alone is no reason to refuse.
func TestVeryWide(t *testing.T) {
	for name, data := range map[string][]byte{
		"jpeg": photomaker.JPEG(photomaker.Quadrants(30000, 64), library.Metadata{}, 90),
		"png":  photomaker.PNG(photomaker.Quadrants(30000, 64), library.Metadata{}),
	} {
		img := mustDecode(t, data, decode.Options{Orientation: 6})
		if img.Rect.Dx() != 64 || img.Rect.Dy() != 30000 {
			t.Errorf("%s: %v", name, img.Rect)
		}
		checkQuadrants(t, img, 12, blue, red, yellow, green)
	}
}

func TestLimits(t *testing.T) {
	data := photomaker.PNG(photomaker.Quadrants(100, 100), library.Metadata{})
	for name, l := range map[string]decode.Limits{"pixels": {MaxPixels: 9999}, "bytes": {MaxBytes: int64(len(data) - 1)}} {
		if _, _, err := decode.Decode(context.Background(), data, decode.Options{Limits: l}); !errors.Is(err, decode.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustDecode(t, data, decode.Options{Limits: decode.Limits{MaxPixels: 10000, MaxBytes: int64(len(data))}})
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := decode.Decode(ctx, photomaker.PNG(photomaker.Quadrants(8, 8), library.Metadata{}), decode.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	for format, data := range map[string][]byte{
		decode.JPEG: photomaker.JPEG(photomaker.Scene(50, 40, 1), library.Metadata{Orientation: 6}, 80),
		decode.PNG:  photomaker.PNG(photomaker.Scene(50, 40, 1), library.Metadata{}),
		decode.GIF:  photomaker.GIF(photomaker.Scene(50, 40, 1)),
		decode.WebP: photomaker.AnimatedWebP(photomaker.Scene(50, 40, 1)),
		decode.TIFF: photomaker.TIFF(photomaker.Scene(50, 40, 1), library.Metadata{}),
		decode.BMP:  photomaker.BMP(photomaker.Scene(50, 40, 1)),
	} {
		got, err := decode.Probe(data)
		if want := (decode.Info{Format: format, Width: 50, Height: 40}); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
		if len(data) > decode.SniffLen && decode.Sniff(data[:decode.SniffLen]) != format {
			t.Errorf("%s is not known by its first bytes", format)
		}
	}
}

func FuzzDecode(f *testing.F) {
	small := photomaker.Scene(16, 12, 1)
	m := library.Metadata{Orientation: 6, Title: "t"}
	for _, data := range [][]byte{
		photomaker.JPEG(small, m, 60), photomaker.PNG(small, m), photomaker.WebP(small, m),
		photomaker.AnimatedWebP(small, small), photomaker.GIF(small), photomaker.TIFF(small, m), photomaker.BMP(small),
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := decode.Options{Orientation: len(data) % 10, Limits: decode.Limits{MaxPixels: 1e6}}
		img, _, err := decode.Decode(context.Background(), data, o)
		if (img == nil) == (err == nil) {
			t.Fatalf("picture %v, error %v", img != nil, err)
		}
		if err == nil && (img.Rect.Empty() || !img.Opaque()) {
			t.Fatalf("%v, opaque %v", img.Rect, img.Opaque())
		}
	})
}

// endless decodes until nobody wants the picture any more.
type endless struct{}

func (endless) Decode(ctx context.Context, _ string, _ []byte, _ int, _ decode.Limits) (*image.NRGBA, []byte, error) {
	<-ctx.Done()
	return nil, nil, context.Cause(ctx)
}

func TestDecodeEndsAtItsTime(t *testing.T) {
	data := photomaker.HEIF([]byte("pixels"), 64, 48, library.Metadata{}, photomaker.HEIFOptions{})
	o := decode.Options{Codecs: endless{}, Limits: decode.Limits{MaxTime: 60 * time.Millisecond}}
	if _, _, err := decode.Decode(t.Context(), data, o); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("a picture without end: %v", err)
	}
	why := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	o.MaxTime = time.Hour
	unhook := time.AfterFunc(time.Millisecond, func() { cancel(why) })
	defer unhook.Stop()
	if _, _, err := decode.Decode(ctx, data, o); !errors.Is(err, why) {
		t.Errorf("a picture that nobody wants: %v", err)
	}
}
