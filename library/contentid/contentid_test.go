package contentid_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
)

func id(t *testing.T, data []byte) library.Content {
	t.Helper()
	c, err := contentid.Of(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var words = library.Metadata{
	Orientation: 6, Make: "Maker", Model: "Model", Taken: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC),
	GPS: &library.GPS{Lat: -33.9, Lon: 18.4, Alt: 12}, Title: "a title", Keywords: []string{"one", "two"},
}

// formats make a file of each format that has a rule, with and without metadata.
var formats = map[string]struct {
	scheme string
	make   func(image.Image, library.Metadata) []byte
}{
	"jpeg": {contentid.SchemeJPEG, func(i image.Image, m library.Metadata) []byte { return photomaker.JPEG(i, m, 85) }},
	"png":  {contentid.SchemePNG, photomaker.PNG},
	"webp": {contentid.SchemeWebP, photomaker.WebP},
	"tiff": {contentid.SchemeTIFF, photomaker.TIFF},
}

func TestMetadataKeepsTheID(t *testing.T) {
	for name, f := range formats {
		plain := id(t, f.make(photomaker.Scene(40, 30, 1), library.Metadata{}))
		edited := id(t, f.make(photomaker.Scene(40, 30, 1), words))
		if plain != edited || plain.Scheme != f.scheme {
			t.Errorf("%s: %v without and %v with metadata", name, plain, edited)
		}
	}
}

func TestPixelsChangeTheID(t *testing.T) {
	for name, f := range formats {
		img := photomaker.Scene(40, 30, 1)
		before := id(t, f.make(img, words))
		img.Pix[4*(15*40+20)] ^= 0x40
		if after := id(t, f.make(img, words)); after == before {
			t.Errorf("%s: one other pixel, the same id", name)
		}
		if other := id(t, f.make(photomaker.Scene(30, 40, 1), words)); other == before {
			t.Errorf("%s: another shape, the same id", name)
		}
	}
}

func TestJPEG(t *testing.T) {
	plain := photomaker.JPEG(photomaker.Scene(40, 30, 1), library.Metadata{}, 85)
	want := id(t, plain)
	segment, insert := photomaker.Segment, photomaker.InsertJPEG
	icc := func(n, of byte, part string) []byte {
		return segment(0xE2, append([]byte("ICC_PROFILE\x00"), append([]byte{n, of}, part...)...))
	}
	for name, c := range map[string]struct {
		file []byte
		same bool
	}{
		"comment":           {insert(plain, segment(0xFE, []byte("hello"))), true},
		"IPTC":              {insert(plain, segment(0xED, []byte("Photoshop 3.0\x008BIM"))), true},
		"further pictures":  {insert(plain, segment(0xE2, []byte("MPF\x00whatever"))), true},
		"trailer":           {append(bytes.Clone(plain), "a video follows"...), true},
		"fill bytes":        {insert(plain, []byte{0xFF, 0xFF}), true},
		"a colour profile":  {insert(plain, icc(1, 1, "profile")), false},
		"Adobe's transform": {insert(plain, segment(0xEE, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))), false},
	} {
		if got := id(t, c.file); (got == want) != c.same || got.Scheme != contentid.SchemeJPEG {
			t.Errorf("%s: %v, the plain file is %v, want same: %v", name, got, want, c.same)
		}
	}
	// A profile counts by its bytes, not by how it is cut.
	one := id(t, insert(plain, icc(1, 1, "profile")))
	two := id(t, insert(plain, append(icc(1, 2, "pro"), icc(2, 2, "file")...)))
	swapped := id(t, insert(plain, append(icc(2, 2, "file"), icc(1, 2, "pro")...)))
	if one != two || one != swapped {
		t.Errorf("a profile in one piece %v, in two %v, swapped %v", one, two, swapped)
	}
	if other := id(t, insert(plain, icc(1, 1, "profilf"))); other == one {
		t.Error("another profile, the same id")
	}
}

func TestPNG(t *testing.T) {
	plain := photomaker.PNG(photomaker.Scene(40, 30, 1), library.Metadata{})
	want := id(t, plain)
	chunk, insert := photomaker.Chunk, photomaker.InsertPNG
	recut := bytes.Clone(plain[:33])
	n := binary.BigEndian.Uint32(plain[33:])
	body := plain[41 : 41+n]
	recut = append(recut, chunk("IDAT", body[:7])...)
	recut = append(recut, chunk("IDAT", body[7:])...)
	recut = append(recut, plain[45+n:]...)
	for name, c := range map[string]struct {
		file []byte
		same bool
	}{
		"text":            {insert(plain, chunk("tEXt", []byte("Title\x00x"))), true},
		"time":            {insert(plain, chunk("tIME", make([]byte, 7))), true},
		"print size":      {insert(plain, chunk("pHYs", make([]byte, 9))), true},
		"cut otherwise":   {recut, true},
		"trailer":         {append(bytes.Clone(plain), 1, 2, 3), true},
		"gamma":           {insert(plain, chunk("gAMA", []byte{0, 0, 0xB1, 0x8F})), false},
		"a transparency":  {insert(plain, chunk("tRNS", make([]byte, 6))), false},
		"an unknown need": {insert(plain, chunk("XyZw", nil)), false},
	} {
		if got := id(t, c.file); (got == want) != c.same || got.Scheme != contentid.SchemePNG {
			t.Errorf("%s: %v, the plain file is %v, want same: %v", name, got, want, c.same)
		}
	}
}

func TestGIF(t *testing.T) {
	a, b := photomaker.Scene(40, 30, 1), photomaker.Scene(40, 30, 2)
	plain := photomaker.GIF(a, b)
	want := id(t, plain)
	last := len(plain) - 1
	insert := func(ext string) []byte {
		return append(append(bytes.Clone(plain[:last]), ext...), plain[last])
	}
	older := bytes.Clone(plain)
	copy(older, "GIF87a")
	for name, c := range map[string]struct {
		file []byte
		same bool
	}{
		"comment":       {insert("\x21\xfe\x05hello\x00"), true},
		"XMP":           {insert("\x21\xff\x0bXMP DataXMP\x01x\x00"), true},
		"version":       {older, true},
		"trailer":       {append(bytes.Clone(plain), "more"...), true},
		"text on it":    {insert("\x21\x01\x01x\x00"), false},
		"another frame": {photomaker.GIF(a, a), false},
		"fewer frames":  {photomaker.GIF(a), false},
	} {
		if got := id(t, c.file); (got == want) != c.same || got.Scheme != contentid.SchemeGIF {
			t.Errorf("%s: %v, the plain file is %v, want same: %v", name, got, want, c.same)
		}
	}
}

func TestWebPAnimation(t *testing.T) {
	a, b := photomaker.Scene(40, 30, 1), photomaker.Scene(40, 30, 2)
	plain := photomaker.AnimatedWebP(a, b)
	if id(t, plain) == id(t, photomaker.AnimatedWebP(a, a)) {
		t.Error("another frame, the same id")
	}
	// Metadata behind the frames, and its flag.
	x := append(bytes.Clone(plain), "XMP \x02\x00\x00\x00hi"...)
	binary.LittleEndian.PutUint32(x[4:], uint32(len(x)-8))
	x[20] |= 0x04
	if id(t, x) != id(t, plain) {
		t.Error("XMP changes the id")
	}
}

// Without a rule, or against the rules, the whole file counts.
func TestWholeFile(t *testing.T) {
	img := photomaker.Scene(40, 30, 1)
	cut := func(b []byte) []byte { return b[:len(b)*2/3] }
	for name, data := range map[string][]byte{
		"bmp":      photomaker.BMP(img),
		"text":     []byte("hello"),
		"cut jpeg": cut(photomaker.JPEG(img, words, 85)),
		"cut png":  cut(photomaker.PNG(img, words)),
		"cut webp": cut(photomaker.WebP(img, words)),
		"cut gif":  cut(photomaker.GIF(img)),
		"cut tiff": cut(photomaker.TIFF(img, words)),
	} {
		want := library.Content{Scheme: contentid.SchemeFile, Digest: sha256.Sum256(data)}
		if got := id(t, data); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if _, err := contentid.Of(nil); !errors.Is(err, contentid.ErrEmpty) {
		t.Error(err)
	}
}

// Ids are stored: they must never change. A failure here means that a rule changed and
// that its scheme needs a new name.
func TestGolden(t *testing.T) {
	img := photomaker.Quadrants(16, 16)
	for scheme, c := range map[string]struct {
		data []byte
		want string
	}{
		contentid.SchemePNG:  {goldenPNG, "png1:8e340a1ba63b9fe8054b23cb3cbe55d6aa0de5f648741a4c5f64f8a9e6751da1"},
		contentid.SchemeTIFF: {photomaker.TIFF(img, words), "tiff1:c8ad81205f7b99847af3e92783a707f267a09eb1fd208df8b4d4947aebd51552"},
		contentid.SchemeWebP: {photomaker.WebP(img, words), "webp1:0fd95394a6e60b59923aad38141d47eb6c419a00ed2214b2a41aa1c512f792c3"},
		contentid.SchemeJPEG: {golden(t, "sub-420.jpg"), "jpeg1:8bf8b334acbf277e05d367d25ff7ce3632206a6ee0014a37c0d614753338c0fd"},
		contentid.SchemeGIF:  {goldenGIF, "gif1:40ab9228c7ca2f412d872012c40e36a9994c955839a685b4437c38d93db3b2eb"},
	} {
		if got := id(t, c.data).String(); got != c.want {
			t.Errorf("%s: %s, want %s", scheme, got, c.want)
		}
	}
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "decode", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var (
	goldenPNG = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join([][]byte{
		photomaker.Chunk("IHDR", []byte{0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0}),
		photomaker.Chunk("IDAT", []byte("not looked into")), photomaker.Chunk("IEND", nil),
	}, nil)...)
	goldenGIF = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
)

// What other programs do to metadata keeps the id, for files that other programs made.
func TestExiftool(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	files, err := filepath.Glob("../decode/testdata/*.*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	dir := t.TempDir()
	before := make(map[string]library.Content)
	add := func(name string, data []byte) {
		c := id(t, data)
		if c.Scheme == contentid.SchemeFile {
			t.Errorf("%s has no rule", name)
		}
		before[filepath.Join(dir, name)] = c
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		add(filepath.Base(f), data)
	}
	img := photomaker.Scene(64, 48, 3)
	add("made.gif", photomaker.GIF(img, img))
	add("made.jpg", photomaker.JPEG(img, words, 85))
	add("made.png", photomaker.PNG(img, words))
	add("made.tif", photomaker.TIFF(img, words))
	add("made.webp", photomaker.WebP(img, words))
	add("simple.webp", photomaker.WebP(img, library.Metadata{}))
	add("animated.webp", photomaker.AnimatedWebP(img, img))

	for _, step := range [][]string{
		{"-XMP-dc:Title=New title", "-XMP-dc:Subject=keyword", "-XMP-xmp:Rating=5"},
		{"-EXIF:ImageDescription=words", "-EXIF:Artist=me", "-GPSLatitude=1.5", "-GPSLatitudeRef=N", "-Orientation#=8"},
		{"-IPTC:Keywords=a", "-IPTC:Keywords=b", "-Comment=hello"},
		{"-XMP:all="},
	} {
		args := append([]string{"-q", "-q", "-m", "-overwrite_original"}, step...)
		if out, err := exec.Command(exiftool, append(args, dir)...).CombinedOutput(); err != nil {
			t.Logf("exiftool %v: %v: %s", step, err, out) // not every format takes every field
		}
		for path, want := range before {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := id(t, data); got != want {
				t.Errorf("%s is %v, was %v before %v", filepath.Base(path), got, want, step)
			}
		}
	}
}

// A TIFF file whose many strips are all the whole file must not be hashed that often.
func TestOverlappingStrips(t *testing.T) {
	const strips, size = 100000, 1 << 20
	le := binary.LittleEndian
	file := make([]byte, size)
	copy(file, "II*\x00\x08\x00\x00\x00")
	dir := le.AppendUint16(nil, 2)
	for tag, at := range map[uint16]uint32{273: 1000, 279: 1000 + 4*strips} {
		dir = le.AppendUint16(dir, tag)
		dir = le.AppendUint16(dir, 4)
		dir = le.AppendUint32(dir, strips)
		dir = le.AppendUint32(dir, at)
	}
	copy(file[8:], dir)
	for i := range strips {
		le.PutUint32(file[1000+4*strips+4*i:], size)
	}
	before := allocated()
	if got := id(t, file); got.Scheme != contentid.SchemeFile {
		t.Errorf("it is %v", got)
	}
	if took := allocated() - before; took > size {
		t.Errorf("naming a file of %d bytes took %d", size, took)
	}
}

// allocated is how many bytes were allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func FuzzOf(f *testing.F) {
	img := photomaker.Scene(8, 8, 1)
	for _, format := range formats {
		f.Add(format.make(img, words))
	}
	f.Add(photomaker.GIF(img, img))
	f.Add(photomaker.AnimatedWebP(img, img))
	f.Add(photomaker.HEIF(coded, 64, 48, words, photomaker.HEIFOptions{Alpha: []byte("alpha")}))
	f.Add(photomaker.JXL(append([]byte{0xFF, 0x0A}, coded...), 3, words))
	f.Add(photomaker.PSD(img, words, photomaker.PSDResource(1039, []byte("profile"))))
	f.Add(photomaker.Movie(coded, photomaker.MovieOptions{}))
	f.Add(photomaker.BigTIFF(image.NewGray(image.Rect(0, 0, 8, 4)), "x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		a, err := contentid.Of(data)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := contentid.Of(bytes.Clone(data)); a != b {
			t.Fatalf("%v and %v for the same bytes", a, b)
		}
		if b, err := contentid.OfFile(bytes.NewReader(data), int64(len(data))); a != b || err != nil {
			t.Fatalf("%v in memory, %v as a file: %v", a, b, err)
		}
		if a.Scheme == contentid.SchemeFile && a.Digest != sha256.Sum256(data) {
			t.Fatal("not the digest of the file")
		}
	})
}
