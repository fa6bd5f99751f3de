package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/container"
	"descry/internal/photomaker"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/decode"
	"descry/library/decode/heif"
)

// original is a part of a real photo, of odd size, in which no two edges look alike.
func original(t testing.TB) *image.NRGBA {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata.Samples(t), "giraffes.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	dst := image.NewNRGBA(image.Rect(0, 0, 301, 199))
	for y := range 199 {
		for x := range 301 {
			dst.Set(x, y, src.At(3*x, 3*y))
		}
	}
	return dst
}

// see-through makes the left half fade.
func seeThrough(src *image.NRGBA) *image.NRGBA {
	dst := image.NewNRGBA(src.Rect)
	copy(dst.Pix, src.Pix)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() / 2 {
			dst.Pix[dst.PixOffset(x, y)+3] = byte(64 + x)
		}
	}
	return dst
}

// deep is the picture with 16 bits a sample, which 8 bits cannot hold.
func deep(src *image.NRGBA) *image.NRGBA64 {
	dst := image.NewNRGBA64(src.Rect)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			c := src.NRGBAAt(x, y)
			wide := func(v uint8) uint16 { return uint16(v)<<8 | 0x80 }
			dst.SetNRGBA64(x, y, color.NRGBA64{R: wide(c.R), G: wide(c.G), B: wide(c.B), A: 0xffff})
		}
	}
	return dst
}

func file(t testing.TB, name string, img image.Image) string {
	t.Helper()
	var buf bytes.Buffer
	var err error
	if strings.HasSuffix(name, ".png") {
		err = png.Encode(&buf, img)
	} else {
		buf.Write(photomaker.JPEG(img, library.Metadata{Orientation: 6}, 97))
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// psnr compares two pictures of the same size in decibels, alpha included; colours that
// nobody sees do not count.
func psnr(a, b *image.NRGBA) float64 {
	var sum float64
	for i := 0; i < len(a.Pix); i += 4 {
		alpha := float64(a.Pix[i+3]) / 255
		for c := range 4 {
			d := float64(a.Pix[i+c]) - float64(b.Pix[i+c])
			if c < 3 {
				d *= alpha
			}
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))/max(sum, 1e-9))
}

// moved is a picture turned by quarters against the clock and mirrored, pixel by pixel.
func moved(src *image.NRGBA, quarters int, mirror heif.Mirror) *image.NRGBA {
	for range quarters {
		w, h := src.Rect.Dx(), src.Rect.Dy()
		dst := image.NewNRGBA(image.Rect(0, 0, h, w))
		for y := range h {
			for x := range w {
				dst.SetNRGBA(y, w-1-x, src.NRGBAAt(x, y))
			}
		}
		src = dst
	}
	if mirror == heif.NoMirror {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewNRGBA(src.Rect)
	for y := range h {
		for x := range w {
			if mirror == heif.Vertical {
				dst.SetNRGBA(x, h-1-y, src.NRGBAAt(x, y))
			} else {
				dst.SetNRGBA(w-1-x, y, src.NRGBAAt(x, y))
			}
		}
	}
	return dst
}

func TestRealPictures(t *testing.T) {
	plain := original(t)
	glass := seeThrough(plain)
	plainPNG, glassPNG, deepPNG := file(t, "a.png", plain), file(t, "b.png", glass), file(t, "c.png", deep(plain))
	lyingJPG := file(t, "d.jpg", plain)
	const builtIn, onlyHEIF = "libheif", "libavif built-in"
	avif := []string{"--min", "0", "--max", "4", "--minalpha", "0", "--maxalpha", "0", "-s", "8", "-y", "444"}
	pools := map[string]*Pool{}
	for _, hide := range []string{"", "built-in", builtIn, onlyHEIF} {
		pools[hide] = newPool(t, Params{Environment: without(hide), Children: 2})
	}
	for name, c := range map[string]struct {
		want    *image.NRGBA
		least   float64 // dB
		without string
		program string
		args    []string
	}{
		"heic":        {plain, 33, "built-in", "heif-enc", []string{"-q", "95", plainPNG, "-o", "OUT"}},
		"heic 444":    {plain, 38, "built-in", "heif-enc", []string{"-q", "95", "-p", "chroma=444", plainPNG, "-o", "OUT"}},
		"heic alpha":  {glass, 33, "built-in", "heif-enc", []string{"-q", "95", glassPNG, "-o", "OUT"}},
		"heic 10 bit": {plain, 33, "built-in", "heif-enc", []string{"-q", "95", deepPNG, "-o", "OUT"}},
		"heic, turned only as EXIF says, which does not count": {plain, 33, "built-in", "heif-enc", []string{"-q", "95", lyingJPG, "-o", "OUT"}},

		"built-in heic":        {plain, 33, builtIn, "heif-enc", []string{"-q", "95", plainPNG, "-o", "OUT"}},
		"built-in heic 10 bit": {plain, 33, builtIn, "heif-enc", []string{"-q", "95", deepPNG, "-o", "OUT"}},

		"avif":                  {plain, 40, "libheif", "avifenc", append(avif, plainPNG, "OUT")},
		"avif 420":              {plain, 33, "libheif", "avifenc", append(avif, "-y", "420", plainPNG, "OUT")},
		"avif grey":             {nil, 40, "libheif", "avifenc", append(avif, "-y", "400", plainPNG, "OUT")},
		"avif 10 bit":           {plain, 40, "libheif", "avifenc", append(avif, "-d", "10", plainPNG, "OUT")},
		"avif 12 bit":           {plain, 40, "libheif", "avifenc", append(avif, "-d", "12", plainPNG, "OUT")},
		"avif narrow range":     {plain, 38, "libheif", "avifenc", append(avif, "-r", "limited", plainPNG, "OUT")},
		"avif alpha":            {glass, 40, "libheif", "avifenc", append(avif, glassPNG, "OUT")},
		"avif premultiplied":    {glass, 36, "libheif", "avifenc", append(avif, "-p", glassPNG, "OUT")},
		"avif turned":           {moved(plain, 1, 0), 40, "libheif", "avifenc", append(avif, "--irot", "1", plainPNG, "OUT")},
		"avif turned thrice":    {moved(plain, 3, 0), 40, "libheif", "avifenc", append(avif, "--irot", "3", plainPNG, "OUT")},
		"avif upside down":      {moved(plain, 0, heif.Vertical), 40, "libheif", "avifenc", append(avif, "--imir", "0", plainPNG, "OUT")},
		"avif turned, mirrored": {moved(plain, 1, heif.Horizontal), 40, "libheif", "avifenc", append(avif, "--irot", "1", "--imir", "1", plainPNG, "OUT")},

		"avif by libheif":                   {plain, 38, onlyHEIF, "avifenc", append(avif, plainPNG, "OUT")},
		"avif by libheif, alpha":            {glass, 38, onlyHEIF, "avifenc", append(avif, glassPNG, "OUT")},
		"avif by libheif, turned, mirrored": {moved(plain, 1, heif.Horizontal), 38, onlyHEIF, "avifenc", append(avif, "--irot", "1", "--imir", "1", plainPNG, "OUT")},

		"jxl lossless":                          {plain, 90, "", "cjxl", []string{"-d", "0", "-e", "3", plainPNG, "OUT"}},
		"jxl lossy":                             {plain, 36, "", "cjxl", []string{"-d", "0.5", "-e", "3", plainPNG, "OUT"}},
		"jxl alpha":                             {glass, 90, "", "cjxl", []string{"-d", "0", "-e", "3", glassPNG, "OUT"}},
		"jxl 16 bit":                            {plain, 50, "", "cjxl", []string{"-d", "0", "-e", "3", deepPNG, "OUT"}},
		"jxl from a JPEG that lies on its side": {moved(plain, 3, 0), 36, "", "cjxl", []string{lyingJPG, "OUT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format := strings.FieldsFunc(strings.TrimPrefix(name, "built-in "), func(r rune) bool { return r == ' ' || r == ',' })[0]
			data := made(t, "picture."+format, c.program, slices.Clone(c.args)...)
			img, profile, err := pools[c.without].Decode(t.Context(), decode.Sniff(data), data, 0, decode.Limits{})
			if errors.Is(err, decode.ErrCodec) {
				t.Skipf("skipped: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == nil { // grey
				want = image.NewNRGBA(plain.Rect)
				for i := 0; i < len(want.Pix); i += 4 {
					p := plain.Pix[i:]
					y := byte(0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) + 0.5)
					copy(want.Pix[i:], []byte{y, y, y, 255})
				}
			}
			if img.Rect != want.Rect {
				t.Fatalf("it has %v, want %v", img.Rect, want.Rect)
			}
			if info, err := decode.Probe(data); err != nil || info.Width != want.Rect.Dx() || info.Height != want.Rect.Dy() {
				t.Errorf("the header says %+v, %v", info, err)
			}
			if got := psnr(want, img); got < c.least {
				t.Errorf("%.1f dB, want %.1f", got, c.least)
			} else {
				t.Logf("%.1f dB, profile of %d bytes", got, len(profile))
			}
		})
	}
}

func TestShrinking(t *testing.T) {
	plain := original(t)
	data := made(t, "a.jxl", "cjxl", "-d", "0", "-e", "3", file(t, "a.png", seeThrough(plain)), "OUT")
	pool := newPool(t, Params{Children: 1})
	for minSide, want := range map[int]image.Point{0: {301, 199}, 199: {301, 199}, 100: {301, 199}, 99: {151, 100}, 50: {101, 67}, 1: {2, 1}, 1000: {301, 199}} {
		img, _, err := pool.Decode(t.Context(), decode.JXL, data, minSide, decode.Limits{})
		if errors.Is(err, decode.ErrCodec) {
			t.Skipf("skipped: %v", err)
		}
		if err != nil || img.Rect.Size() != want {
			t.Errorf("at least %d: %v, %v, want %v", minSide, img.Rect.Size(), err, want)
		}
	}
}

// Means count transparent pixels by their alpha, whether or not colours came multiplied.
func TestMeans(t *testing.T) {
	straight := decoded{width: 3, height: 2, stride: 12, pix: []byte{
		200, 100, 50, 255, 0, 0, 0, 0, 10, 20, 30, 40,
		200, 100, 50, 255, 0, 0, 0, 0, 10, 20, 30, 40,
	}}
	multiplied := straight
	multiplied.premultiplied = true
	multiplied.pix = slices.Clone(straight.pix)
	for i := 0; i < len(multiplied.pix); i += 4 {
		for c := range 3 {
			multiplied.pix[i+c] = byte(int(multiplied.pix[i+c]) * int(multiplied.pix[i+3]) / 255)
		}
	}
	for name, d := range map[string]decoded{"straight": straight, "multiplied": multiplied} {
		got := shrink(d, image.Rect(0, 0, 3, 2), 1).Pix
		want := []byte{200, 100, 50, 128, 10, 20, 30, 40}
		for i := range want {
			if diff := int(got[i]) - int(want[i]); diff < -7 || diff > 7 {
				t.Errorf("%s: %v, want %v", name, got, want)
				break
			}
		}
	}
}

// Colours that are given as numbers come out as sRGB: a patch of known colour in Display P3,
// and high dynamic range in its place.
func TestColours(t *testing.T) {
	patch := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(patch.Pix); i += 4 {
		copy(patch.Pix[i:], []byte{200, 100, 50, 255})
	}
	grey := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(grey.Pix); i += 4 {
		copy(grey.Pix[i:], []byte{77, 77, 77, 255})
	}
	patchPNG, greyPNG := file(t, "patch.png", patch), file(t, "grey.png", grey)
	avif := []string{"--min", "0", "--max", "0", "-s", "8", "-y", "444"}
	pool := newPool(t, Params{})
	for name, c := range map[string]struct {
		want    [3]byte
		program string
		args    []string
	}{
		"a.avif in P3":   {[3]byte{215, 93, 31}, "avifenc", append(avif, "--cicp", "12/13/6", patchPNG, "OUT")},
		"a.jxl in P3":    {[3]byte{215, 93, 31}, "cjxl", []string{"-d", "0", "-x", "color_space=RGB_D65_DCI_Rel_SRG", patchPNG, "OUT"}},
		"a.avif in sRGB": {[3]byte{200, 100, 50}, "avifenc", append(avif, "--cicp", "1/13/6", patchPNG, "OUT")},
		"a.avif in PQ":   {[3]byte{64, 64, 64}, "avifenc", append(avif, "-d", "10", "--cicp", "9/16/9", greyPNG, "OUT")},
		"a.jxl in PQ":    {[3]byte{64, 64, 64}, "cjxl", []string{"-d", "0", "-x", "color_space=RGB_D65_202_Rel_PeQ", greyPNG, "OUT"}},
	} {
		t.Run(name, func(t *testing.T) {
			file, _, _ := strings.Cut(name, " ")
			data := made(t, file, c.program, slices.Clone(c.args)...)
			img, profile, err := pool.Decode(t.Context(), decode.Sniff(data), data, 0, decode.Limits{})
			if errors.Is(err, decode.ErrCodec) {
				t.Skipf("skipped: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			got := img.NRGBAAt(32, 32)
			for i, v := range []byte{got.R, got.G, got.B} {
				if d := int(v) - int(c.want[i]); d < -3 || d > 3 {
					t.Errorf("colour %v, profile of %d bytes, want %v", got, len(profile), c.want)
					break
				}
			}
		})
	}
}

// Files that are cut short, changed at random or made up cost an error at most.
func TestBrokenPictures(t *testing.T) {
	src := file(t, "a.png", original(t))
	pool := newPool(t, Params{Environment: without("built-in")})
	seed := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name, program string
		args          []string
	}{
		{"a.heic", "heif-enc", []string{src, "-o", "OUT"}},
		{"a.avif", "avifenc", []string{"-s", "8", src, "OUT"}},
		{"a.jxl", "cjxl", []string{"-e", "3", src, "OUT"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := made(t, c.name, c.program, c.args...)
			format := decode.Sniff(whole)
			try := func(what string, data []byte) {
				img, _, err := pool.Decode(t.Context(), format, data, 64, decode.Limits{MaxPixels: 1e6})
				if errors.Is(err, decode.ErrCodec) {
					t.Skipf("skipped: %v", err)
				}
				known := err == nil
				for _, e := range []error{decode.ErrDamaged, decode.ErrTruncated, decode.ErrTooLarge, decode.ErrUnsupported, decode.ErrFormat} {
					known = known || errors.Is(err, e)
				}
				if !known || err == nil && img == nil {
					t.Errorf("%s: %v", what, err)
				}
				if err != nil && strings.Contains(err.Error(), "crashed") {
					t.Logf("%s: %v", what, err)
				}
			}
			for _, n := range []int{len(whole) / 20, len(whole) / 4, len(whole) / 2, len(whole) - 10} {
				data := whole[:n]
				try(fmt.Sprintf("the first %d bytes", n), data)
				if _, _, err := pool.Decode(t.Context(), format, data, 0, decode.Limits{}); err == nil && n < len(whole)/2 {
					t.Errorf("the first %d of %d bytes decode", n, len(whole))
				}
			}
			for i := range 25 {
				data := bytes.Clone(whole)
				for range 1 + i%8 {
					data[seed.IntN(len(data))] = byte(seed.Uint32())
				}
				try(fmt.Sprintf("damage %d", i), data)
			}
			noise := bytes.Clone(whole)
			for i := 64; i < len(noise); i++ {
				noise[i] = byte(seed.Uint32())
			}
			try("noise", noise)
			if _, _, err := pool.Decode(t.Context(), format, whole, 0, decode.Limits{}); err != nil {
				t.Errorf("afterwards, the whole file: %v", err)
			}
		})
	}
}

// with puts further properties on the picture of a HEIC file.
func with(t *testing.T, file []byte, properties ...[]byte) []byte {
	t.Helper()
	h, err := container.ReadHEIF(file)
	if err != nil {
		t.Fatal(err)
	}
	item := h.Item(h.Primary)
	coded, err := h.Data(item)
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := heif.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	if err := h.Properties(item, func(p container.Property) {
		if p.Type != "ispe" {
			all = append(all, photomaker.Box(p.Type, p.Body)...)
		}
	}); err != nil {
		t.Fatal(err)
	}
	all = append(all, slices.Concat(properties...)...)
	return photomaker.HEIF(slices.Concat(coded...), boxes.Width, boxes.Height, library.Metadata{}, photomaker.HEIFOptions{Properties: all})
}

func numbers(list ...int32) (b []byte) {
	for _, n := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// What the boxes of a HEIC file say is done to its picture by every decoder.
func TestProperties(t *testing.T) {
	plain := image.NewNRGBA(image.Rect(0, 0, 300, 198))
	copyPart(plain, original(t), 0, 0)
	part := image.NewNRGBA(image.Rect(0, 0, 120, 100))
	copyPart(part, plain, 80, 60)
	file := made(t, "a.heic", "heif-enc", "-q", "95", "-p", "chroma=444", file(t, "a.png", plain), "-o", "OUT")
	irot := func(n byte) []byte { return photomaker.Box("irot", []byte{n}) }
	imir := func(n byte) []byte { return photomaker.Box("imir", []byte{n}) }
	// Width, height, and how far its centre is right of and below the picture's.
	clap := photomaker.Box("clap", numbers(120, 1, 100, 1, -20, 2, 22, 2))
	pools := map[string]*Pool{}
	for _, hide := range []string{"built-in", "libheif"} {
		pools[hide] = newPool(t, Params{Environment: without(hide), Children: 2})
	}
	for name, c := range map[string]struct {
		want       *image.NRGBA
		properties [][]byte
	}{
		"none":              {plain, nil},
		"a quarter":         {moved(plain, 1, 0), [][]byte{irot(1)}},
		"half":              {moved(plain, 2, 0), [][]byte{irot(2)}},
		"three quarters":    {moved(plain, 3, 0), [][]byte{irot(3)}},
		"mirrored":          {moved(plain, 0, heif.Horizontal), [][]byte{imir(1)}},
		"turned, mirrored":  {moved(plain, 3, heif.Vertical), [][]byte{irot(3), imir(0)}},
		"cropped":           {part, [][]byte{clap}},
		"cropped and so on": {moved(part, 1, heif.Horizontal), [][]byte{clap, irot(1), imir(1)}},
	} {
		data := with(t, file, c.properties...)
		for decoder, hide := range map[string]string{"libheif": "built-in", "built-in": "libheif"} {
			t.Run(decoder+" "+name, func(t *testing.T) {
				t.Parallel()
				img, _, err := pools[hide].Decode(t.Context(), decode.HEIF, data, 0, decode.Limits{})
				if errors.Is(err, decode.ErrCodec) {
					t.Skipf("skipped: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if img.Rect != c.want.Rect {
					t.Fatalf("it has %v, want %v", img.Rect, c.want.Rect)
				}
				if got := psnr(c.want, img); got < 32 {
					t.Errorf("%.1f dB", got)
				}
			})
		}
		// Where the library leaves it to us.
		t.Run("left to us: "+name, func(t *testing.T) {
			d := decoded{width: 300, height: 198, stride: plain.Stride, pix: plain.Pix, asCoded: true}
			a := finish(d, request{format: decode.AVIF, data: data})
			if a.fault != nil || a.width != c.want.Rect.Dx() || !bytes.Equal(a.pix, c.want.Pix) {
				t.Errorf("%d × %d, %v", a.width, a.height, a.fault)
			}
			if info, err := decode.Probe(data); err != nil || info.Width != a.width || info.Height != a.height {
				t.Errorf("the header says %+v, %v", info, err)
			}
		})
	}
}

// copyPart fills dst from src, beginning at (x, y).
func copyPart(dst, src *image.NRGBA, x, y int) {
	for row := range dst.Rect.Dy() {
		copy(dst.Pix[row*dst.Stride:][:dst.Stride], src.Pix[src.PixOffset(x, y+row):])
	}
}

// A profile comes along; numbers are seen to here, where there is no profile.
func TestColourProperties(t *testing.T) {
	d := func() decoded {
		return decoded{width: 1, height: 1, stride: 4, pix: []byte{200, 100, 50, 255}}
	}
	profile := func(kind string) []byte {
		p := make([]byte, 128)
		copy(p[16:], kind)
		return p
	}
	p3 := photomaker.Box("colr", []byte("nclx"), []byte{0, 12, 0, 13, 0, 6, 0x80})
	for name, c := range map[string]struct {
		properties []byte
		pix        []byte
		profile    []byte
		fault      error
	}{
		"nothing":        {nil, []byte{200, 100, 50, 255}, nil, nil},
		"numbers":        {p3, []byte{215, 93, 31, 255}, nil, nil},
		"profile":        {photomaker.Box("colr", []byte("prof"), profile("RGB ")), []byte{200, 100, 50, 255}, profile("RGB "), nil},
		"both":           {append(photomaker.Box("colr", []byte("prof"), profile("RGB ")), p3...), []byte{200, 100, 50, 255}, profile("RGB "), nil},
		"a grey profile": {photomaker.Box("colr", []byte("rICC"), profile("GRAY")), []byte{200, 100, 50, 255}, nil, nil},
		"inks":           {photomaker.Box("colr", []byte("prof"), profile("CMYK")), nil, nil, decode.ErrUnsupported},
	} {
		data := photomaker.HEIF([]byte("x"), 1, 1, library.Metadata{}, photomaker.HEIFOptions{Properties: c.properties})
		a := finish(d(), request{format: decode.HEIF, data: data})
		if (a.fault == nil) != (c.fault == nil) || a.fault != nil && !errors.Is(a.fault, c.fault) {
			t.Errorf("%s: fault %v", name, a.fault)
		}
		if !bytes.Equal(a.pix, c.pix) || !bytes.Equal(a.profile, c.profile) {
			t.Errorf("%s: pixels %v, profile of %d bytes", name, a.pix, len(a.profile))
		}
	}
}

// The values are from the definitions in H.273.
func TestFromYCbCr(t *testing.T) {
	for _, c := range []struct {
		colour    heif.Colour
		y, cb, cr byte
		want      [3]byte
	}{
		{heif.Colour{Matrix: 6, FullRange: true}, 76, 85, 255, [3]byte{254, 0, 0}},
		{heif.Colour{Matrix: 6}, 235, 128, 128, [3]byte{255, 255, 255}},
		{heif.Colour{Matrix: 6}, 16, 128, 128, [3]byte{0, 0, 0}},
		{heif.Colour{Matrix: 1}, 63, 102, 240, [3]byte{255, 0, 0}},
		{heif.Colour{Matrix: 1}, 173, 42, 26, [3]byte{0, 255, 0}},
		{heif.Colour{Matrix: 9}, 74, 97, 240, [3]byte{255, 0, 0}},
		{heif.Colour{Matrix: 2, FullRange: true}, 255, 128, 128, [3]byte{255, 255, 255}},
	} {
		m := image.NewYCbCr(image.Rect(0, 0, 3, 3), image.YCbCrSubsampleRatio420)
		for _, plane := range []struct {
			pix []byte
			v   byte
		}{{m.Y, c.y}, {m.Cb, c.cb}, {m.Cr, c.cr}} {
			for i := range plane.pix {
				plane.pix[i] = plane.v
			}
		}
		d := fromYCbCr(m, c.colour)
		for i, want := range c.want {
			if diff := int(d.pix[len(d.pix)-4+i]) - int(want); diff < -2 || diff > 2 {
				t.Errorf("%+v: %d %d %d becomes %v, want %v", c.colour, c.y, c.cb, c.cr, d.pix[:3], c.want)
				break
			}
		}
	}
}
