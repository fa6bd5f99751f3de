package contentid_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"image"
	"io"
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
)

var (
	coded = []byte("the coded data of a picture, which is not looked into")
	plain library.Metadata
)

// sameAs checks ids against that of one file.
func sameAs(t *testing.T, scheme string, base []byte, cases map[string]struct {
	file []byte
	same bool
},
) {
	t.Helper()
	want := id(t, base)
	for name, c := range cases {
		if got := id(t, c.file); (got == want) != c.same || got.Scheme != scheme {
			t.Errorf("%s: %v, the plain file is %v, want same: %v", name, got, want, c.same)
		}
	}
}

func TestHEIF(t *testing.T) {
	type o = photomaker.HEIFOptions
	heif := func(data []byte, m library.Metadata, o o) []byte { return photomaker.HEIF(data, 64, 48, m, o) }
	box := photomaker.Box
	other := bytes.Clone(coded)
	other[3] ^= 1
	sameAs(t, contentid.SchemeHEIF, heif(coded, plain, o{}), map[string]struct {
		file []byte
		same bool
	}{
		"words":                {heif(coded, words, o{}), true},
		"data lies elsewhere":  {heif(coded, words, o{Last: true}), true},
		"a description":        {heif(coded, plain, o{Properties: box("udes", []byte("words"))}), true},
		"free space":           {append(heif(coded, plain, o{}), box("free", make([]byte, 9))...), true},
		"another picture":      {heif(other, plain, o{}), false},
		"another size":         {photomaker.HEIF(coded, 48, 64, plain, o{}), false},
		"turned":               {heif(coded, plain, o{Properties: box("irot", []byte{1})}), false},
		"mirrored":             {heif(coded, plain, o{Properties: box("imir", []byte{1})}), false},
		"a profile":            {heif(coded, plain, o{Properties: box("colr", []byte("profxyz"))}), false},
		"an unknown property":  {heif(coded, plain, o{Properties: box("what", []byte("xyz"))}), false},
		"transparency":         {heif(coded, plain, o{Alpha: []byte("alpha")}), false},
		"turned, then cropped": {heif(coded, plain, o{Properties: append(box("irot", []byte{1}), box("clap", make([]byte, 32))...)}), false},
	})
	if id(t, heif(coded, plain, o{Alpha: []byte("alpha")})) == id(t, heif(coded, plain, o{Alpha: []byte("alphb")})) {
		t.Error("another transparency, the same id")
	}
	film := append(heif(coded, plain, o{}), box("moov")...)
	if got := id(t, film); got.Scheme != contentid.SchemeFile {
		t.Errorf("with a film it is %v", got)
	}
}

func TestJXL(t *testing.T) {
	stream := append([]byte{0xFF, 0x0A}, coded...)
	other := append(bytes.Clone(stream), 0)
	sameAs(t, contentid.SchemeJXL, stream, map[string]struct {
		file []byte
		same bool
	}{
		"in a box":       {photomaker.JXL(stream, 1, plain), true},
		"in three boxes": {photomaker.JXL(stream, 3, plain), true},
		"with words":     {photomaker.JXL(stream, 2, words), true},
		"another":        {other, false},
	})
	boxed := photomaker.JXL(stream, 3, plain)
	for name, file := range map[string][]byte{
		"the last part missing": boxed[:len(boxed)-12-len(stream)/3],
		"two codestreams":       append(photomaker.JXL(stream, 1, plain), photomaker.Box("jxlc", stream)...),
		"no codestream":         photomaker.JXL(stream, 1, plain)[:32],
	} {
		if got := id(t, file); got.Scheme != contentid.SchemeFile {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPSD(t *testing.T) {
	img := photomaker.Scene(16, 12, 1)
	other := photomaker.Scene(16, 12, 1)
	other.Pix[100] ^= 1
	psd := func(i *image.RGBA, m library.Metadata, id int) []byte {
		return photomaker.PSD(i, m, photomaker.PSDResource(id, []byte("whatever")))
	}
	sameAs(t, contentid.SchemePSD, photomaker.PSD(img, plain, nil), map[string]struct {
		file []byte
		same bool
	}{
		"words":           {photomaker.PSD(img, words, nil), true},
		"IPTC":            {psd(img, plain, 1028), true},
		"a thumbnail":     {psd(img, plain, 1036), true},
		"a profile":       {psd(img, plain, 1039), false},
		"another picture": {photomaker.PSD(other, plain, nil), false},
	})
}

func TestRAF(t *testing.T) {
	raf := photomaker.RAFParts
	preview := photomaker.JPEG(photomaker.Scene(16, 12, 1), plain, 80)
	header, sensor := []byte("header"), []byte("sensor")
	sameAs(t, contentid.SchemeRAF, raf(header, sensor, preview), map[string]struct {
		file []byte
		same bool
	}{
		"words in the preview": {raf(header, sensor, photomaker.JPEG(photomaker.Scene(16, 12, 1), words, 80)), true},
		"another preview":      {raf(header, sensor, photomaker.JPEG(photomaker.Scene(16, 12, 2), plain, 80)), false},
		"another sensor":       {raf(header, []byte("sensoR"), preview), false},
		"another description":  {raf([]byte("headeR"), sensor, preview), false},
	})
	file := raf(header, sensor, preview)
	if got := id(t, file[:len(file)-1]); got.Scheme != contentid.SchemeFile {
		t.Errorf("cut it is %v", got)
	}
}

func TestMovie(t *testing.T) {
	type o = photomaker.MovieOptions
	movie := photomaker.Movie
	other := bytes.Clone(coded)
	other[3] ^= 1
	sameAs(t, contentid.SchemeMovie, movie(coded, o{}), map[string]struct {
		file []byte
		same bool
	}{
		"a title":               {movie(coded, o{Title: "words"}), true},
		"its table comes first": {movie(coded, o{Title: "more words", Front: true}), true},
		"long offsets":          {movie(coded, o{Front: true, Long: true}), true},
		"free space":            {append(photomaker.Box("free", make([]byte, 5)), shift(movie(coded, o{}))...), true},
		"other pictures":        {movie(other, o{}), false},
		"turned":                {movie(coded, o{Turned: true}), false},
		"more in it":            {append(movie(coded, o{}), photomaker.Box("mdat", []byte("x"))...), false},
		"a fragment":            {append(movie(coded, o{}), photomaker.Box("moof", []byte("x"))...), false},
	})
	for name, file := range map[string][]byte{
		"cut": movie(coded, o{})[:200], "no pictures": movie(nil, o{}), "cut in front": movie(coded, o{Front: true})[:600],
	} {
		if got := id(t, file); got.Scheme != contentid.SchemeFile {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// shift moves the chunk offsets of a film of Movie by 13, as if as much came before it.
func shift(file []byte) []byte {
	at := bytes.Index(file, []byte("stco")) + 12
	for i := at; i < at+8; i += 4 {
		file[i+3] += 13
	}
	return file
}

func TestBigTIFF(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 8, 4))
	for i := range img.Pix {
		img.Pix[i] = byte(i)
	}
	file := photomaker.BigTIFF(img, "words")
	other := bytes.Clone(file)
	other[len(other)-1] ^= 1
	sameAs(t, contentid.SchemeBigTIFF, file, map[string]struct {
		file []byte
		same bool
	}{
		"other words":     {photomaker.BigTIFF(img, "other words, and more"), true},
		"another picture": {other, false},
	})
}

// A file gives the same id whether it is in memory or read piece by piece.
func TestOfFile(t *testing.T) {
	for name, data := range map[string][]byte{
		"text": []byte("hello"), "bmp": photomaker.BMP(photomaker.Scene(300, 300, 1)),
		"jpeg": photomaker.JPEG(photomaker.Scene(40, 30, 1), words, 85),
		"film": photomaker.Movie(coded, photomaker.MovieOptions{}), "cut film": photomaker.Movie(coded, photomaker.MovieOptions{})[:100],
		"heif": photomaker.HEIF(coded, 64, 48, words, photomaker.HEIFOptions{}),
	} {
		got, err := contentid.OfFile(bytes.NewReader(data), int64(len(data)))
		if want := id(t, data); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
		if _, err := contentid.OfFile(bytes.NewReader(data[:len(data)-1]), int64(len(data))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, one byte shorter than it was: %v", name, err)
		}
	}
	if _, err := contentid.OfFile(bytes.NewReader(nil), 0); !errors.Is(err, contentid.ErrEmpty) {
		t.Error(err)
	}
}

// zeros is a file of any size that takes no memory.
type zeros struct{ head []byte }

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(z.head)) {
		copy(p, z.head[at:])
	}
	return len(p), nil
}

// A large film is not held in memory.
func TestLargeFilm(t *testing.T) {
	const size = 64 << 20
	film := photomaker.Movie(coded, photomaker.MovieOptions{Front: true})
	film = append(film, 0, 0, 0, 0, 'm', 'd', 'a', 't') // to the end
	var c library.Content
	var err error
	before := allocated()
	c, err = contentid.OfFile(zeros{film}, size)
	if took := allocated() - before; err != nil || c.Scheme != contentid.SchemeMovie || took > 4<<20 {
		t.Errorf("%v, %v, %d bytes allocated", c, err, took)
	}
	before = allocated()
	c, err = contentid.OfFile(zeros{[]byte("\x1aE\xdf\xa3")}, size)
	if took := allocated() - before; err != nil || c.Scheme != contentid.SchemeFile || took > 4<<20 {
		t.Errorf("%v, %v, %d bytes allocated", c, err, took)
	}
}

// Which rule a file falls under must not depend on what can be decoded.
func TestGoldenBoxes(t *testing.T) {
	img := photomaker.Quadrants(16, 16)
	grey := image.NewGray(image.Rect(0, 0, 8, 4))
	for scheme, c := range map[string]struct {
		data []byte
		want string
	}{
		contentid.SchemeHEIF: {
			photomaker.HEIF(coded, 64, 48, words, photomaker.HEIFOptions{Alpha: []byte("alpha"), Properties: photomaker.Box("irot", []byte{1})}),
			"heif1:dd1f058b6a64394b53b79a2a7391073c79cf9ce44b593f8040c59269efea9a0e",
		},
		contentid.SchemeJXL:     {photomaker.JXL(append([]byte{0xFF, 0x0A}, coded...), 3, words), "jxl1:9a96f6a61fefbf995d8c8c94b08c17a1bb2542240c72e349272e724f2f5531da"},
		contentid.SchemePSD:     {photomaker.PSD(img, words, photomaker.PSDResource(1039, []byte("profile"))), "psd1:313f04cf08173d6216238daffc3575db11e1bbdd07827d3e3e6c27fc81823953"},
		contentid.SchemeMovie:   {photomaker.Movie(coded, photomaker.MovieOptions{Title: "x", Front: true}), "movie1:25336596a5b5bef7eb70401ae64dc5750e6dea213c76b43e92f2e45ec2481c85"},
		contentid.SchemeBigTIFF: {photomaker.BigTIFF(grey, "x"), "bigtiff1:35ef497098651a28e21fad5e879bb9e604ce97b7e39ed8a9257923b5e4c2b664"},
		contentid.SchemeORF:     {append([]byte("IIRO"), photomaker.TIFF(img, words)[4:]...), "orf1:cb5e408d0e336fe1f21a2b0b6d01b6ddf771652110697cf897eae21a622e517d"},
		contentid.SchemeRAF:     {photomaker.RAFParts([]byte("header"), []byte("sensor"), golden(t, "sub-420.jpg")), "raf1:651f38c48ec32800d5d0ccabe41bff53fae6eecfd4e3fca939ab93aa4b670544"},
		contentid.SchemeFile:    {[]byte("hello"), library.Content{Scheme: "file1", Digest: sha256.Sum256([]byte("hello"))}.String()},
	} {
		if got := id(t, c.data).String(); got != c.want {
			t.Errorf("%s: %s, want %s", scheme, got, c.want)
		}
	}
}
