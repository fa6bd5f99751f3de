package metadata_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"descry/internal/container"
	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
	"descry/library/metadata"
)

var coded = []byte("the coded data of a picture, which is not looked into")

func TestBoxFormats(t *testing.T) {
	img := photomaker.Scene(40, 30, 1)
	for format, data := range map[string][]byte{
		"heif": photomaker.HEIF(coded, 40, 30, full, photomaker.HEIFOptions{}),
		"psd":  photomaker.PSD(img, full, nil),
	} {
		want := full
		want.Format = format
		if format == "heif" { // turned by properties of its own, never by EXIF
			want.Orientation = 1
		}
		equal(t, format, read(t, data), want)
	}
	// The boxes of a JPEG XL file are read even where its codestream is damaged.
	got, err := metadata.Read(photomaker.JXL(coded, 3, full))
	want := full
	want.Format, want.Width, want.Height, want.Orientation = "jxl", 0, 0, 1
	if equal(t, "jxl", got, want); err == nil {
		t.Error("a damaged codestream is not noted")
	}
	// Boxes that Brotli compressed are read; damaged ones are told.
	want.Width, want.Height = got.Width, got.Height
	packed, _ := metadata.Read(packBoxes(t, photomaker.JXL(coded, 3, full)))
	equal(t, "jxl, packed", packed, want)
	broken := append(photomaker.JXL(coded, 1, library.Metadata{}), photomaker.Box("brob", []byte("Exif"), coded)...)
	if _, err := metadata.Read(broken); err == nil || !strings.Contains(err.Error(), "compressed") {
		t.Errorf("damaged compressed metadata: %v", err)
	}
}

// packBoxes compresses the boxes of metadata in a JPEG XL file.
func packBoxes(t testing.TB, data []byte) (out []byte) {
	t.Helper()
	if err := container.Boxes(data, func(kind string, body []byte) bool {
		if kind == "Exif" || kind == "xml " {
			kind, body = "brob", slices.Concat([]byte(kind), brotliOf(t, body))
		}
		out = append(out, photomaker.Box(kind, body)...)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// brotliOf compresses by Brotli.
func brotliOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := brotli.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// However small a file is, what its compressed boxes may become is bounded.
func TestPackedBoxesAreBounded(t *testing.T) {
	bomb := photomaker.Box("brob", []byte("xml "), brotliOf(t, make([]byte, 64<<20)))
	file := append(photomaker.JXL(coded, 1, library.Metadata{}), bytes.Repeat(bomb, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := metadata.Read(file)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("the note: %v", err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 200 {
		t.Errorf("reading %d KB took %d MB", len(file)>>10, mb)
	}
}

func TestRaw(t *testing.T) {
	img := photomaker.Scene(320, 240, 1)
	for format, maker := range map[string]string{
		decode.CR2: "Canon", decode.CR3: "Canon", decode.NEF: "NIKON CORPORATION", decode.ARW: "SONY", decode.DNG: "Leica",
		decode.RAF: "FUJIFILM", decode.ORF: "OLYMPUS", decode.RW2: "Panasonic", decode.PEF: "PENTAX", decode.SRW: "SAMSUNG",
	} {
		m := full
		m.Make = maker
		got := read(t, photomaker.Raw(format, img, m))
		if got.Format != format || got.Orientation != 6 || !got.Taken.Equal(m.Taken) || !got.HasZone || got.Make != maker || got.Model != m.Model ||
			got.Lens != m.Lens || got.ISO != m.ISO || math.Abs(got.FNumber-m.FNumber) > 1e-6 ||
			math.Abs(got.Exposure-m.Exposure) > 1e-6 || got.Focal != m.Focal || got.Focal35 != m.Focal35 {
			t.Errorf("%s: %+v", format, got)
		}
	}
}

func TestPSDRecords(t *testing.T) {
	records := []byte("\x1c\x02\x05\x00\x05Title\x1c\x02\x19\x00\x03one\x1c\x02\x19\x00\x03two")
	got := read(t, photomaker.PSD(photomaker.Scene(8, 8, 1), library.Metadata{}, photomaker.PSDResource(1028, records)))
	if got.Title != "Title" || !slices.Equal(got.Keywords, []string{"one", "two"}) {
		t.Errorf("%q, %q", got.Title, got.Keywords)
	}
	// Three bytes are a record's start and no more.
	read(t, photomaker.PSD(photomaker.Scene(8, 8, 1), library.Metadata{}, photomaker.PSDResource(1028, records[:3])))
}

// A picture in a HEIF file of several has the metadata that describes it, not another's.
func TestHEIFOfAnother(t *testing.T) {
	m := full
	m.Orientation = 1
	data := photomaker.HEIF(coded, 40, 30, m, photomaker.HEIFOptions{})
	for i := bytes.Index(data, []byte("cdsc")); i >= 0; {
		binary.BigEndian.PutUint16(data[i+8:], 7) // it describes item 7
		next := bytes.Index(data[i+4:], []byte("cdsc"))
		if next < 0 {
			break
		}
		i += 4 + next
	}
	if got := read(t, data); got.Make != "" || got.Title != "" {
		t.Errorf("%+v", got)
	}
}

// profile makes an ICC profile of this description, as version 2 or 4 writes it.
func profile(name string, v4 bool) []byte {
	text := append(append([]byte("desc\x00\x00\x00\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(name)+1))...), name+"\x00"...)
	if v4 {
		text = []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x0cdeDE\x00\x00\x00\x02\x00\x00\x00\x28enUS")
		text = binary.BigEndian.AppendUint32(text, uint32(2*len(name)))
		text = append(text, "\x00\x00\x00\x2a\x00X"...)
		for _, r := range name {
			text = append(text, 0, byte(r))
		}
	}
	head := make([]byte, 128)
	copy(head[36:], "acsp")
	out := append(head, "\x00\x00\x00\x01desc\x00\x00\x00\x90"...)
	return append(binary.BigEndian.AppendUint32(out, uint32(len(text))), text...)
}

func TestProfile(t *testing.T) {
	img := photomaker.Scene(8, 8, 1)
	nothing := library.Metadata{}
	icc := func(n, of byte, part []byte) []byte {
		return photomaker.Segment(0xE2, append([]byte{'I', 'C', 'C', '_', 'P', 'R', 'O', 'F', 'I', 'L', 'E', 0, n, of}, part...))
	}
	p := profile("Display P3", true)
	jpeg := photomaker.JPEG(img, nothing, 80)
	heif := func(colr string) []byte {
		return photomaker.HEIF(coded, 8, 8, nothing, photomaker.HEIFOptions{Properties: photomaker.Box("colr", []byte(colr))})
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"JPEG":              {photomaker.InsertJPEG(jpeg, icc(1, 1, p)), "Display P3"},
		"JPEG, in two":      {photomaker.InsertJPEG(jpeg, append(icc(2, 2, p[150:]), icc(1, 2, p[:150])...)), "Display P3"},
		"JPEG, version 2":   {photomaker.InsertJPEG(jpeg, icc(1, 1, profile("Adobe RGB (1998)", false))), "Adobe RGB (1998)"},
		"JPEG, cut":         {photomaker.InsertJPEG(jpeg, icc(1, 1, p[:160])), ""},
		"JPEG, without one": {jpeg, ""},
		"HEIF":              {heif("prof" + string(p)), "Display P3"},
		"HEIF, by number":   {heif("nclx\x00\x0c\x00\x0d\x00\x06\x80"), "Display P3"},
		"HEIF, sRGB":        {heif("nclx\x00\x01\x00\x0d\x00\x06\x80"), ""},
		"PSD":               {photomaker.PSD(img, nothing, photomaker.PSDResource(1039, p)), "Display P3"},
	} {
		if got := read(t, c.file); got.Profile != c.want {
			t.Errorf("%s: %q, want %q", name, got.Profile, c.want)
		}
	}
}

// appleNote is a maker's note that names a Live Photo and a burst.
func appleNote() []byte {
	const pair, burst = "F61FDA97-19FB-4D2E-9173-3B6128AD0FD4", "0B1E5F8A-0000-4000-8000-000000000001"
	be := binary.BigEndian
	out := []byte("Apple iOS\x00\x00\x01MM\x00\x02")
	at := len(out) + 2*12 + 4
	field := func(tag uint16, text string, at int) {
		out = be.AppendUint32(be.AppendUint16(be.AppendUint16(out, tag), 2), uint32(len(text)+1))
		out = be.AppendUint32(out, uint32(at))
	}
	field(0x0B, burst, at)
	field(0x11, pair, at+len(burst)+1)
	return append(append(out, 0, 0, 0, 0), burst+"\x00"+pair+"\x00"...)
}

// withNote is EXIF data that holds only a maker's note.
func withNote(note []byte) []byte {
	le := binary.LittleEndian
	out := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x69\x87\x04\x00\x01\x00\x00\x00"), le.AppendUint32(nil, 26)...)
	out = append(append(out, 0, 0, 0, 0), "\x01\x00\x7c\x92\x07\x00"...)
	out = le.AppendUint32(le.AppendUint32(out, uint32(len(note))), 44)
	return append(append(out, 0, 0, 0, 0), note...)
}

func TestTies(t *testing.T) {
	jpeg := photomaker.JPEG(photomaker.Scene(8, 8, 1), library.Metadata{}, 80)
	film := photomaker.Movie(coded, photomaker.MovieOptions{})
	camera := func(words string) []byte {
		return xmpRaw(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" ` + words + `/></rdf:RDF>`)
	}
	got := read(t, photomaker.InsertJPEG(jpeg, photomaker.Segment(0xE1, withNote(appleNote()))))
	if got.Pair != "F61FDA97-19FB-4D2E-9173-3B6128AD0FD4" || got.Burst != "0B1E5F8A-0000-4000-8000-000000000001" || got.Motion {
		t.Errorf("%+v", got)
	}
	if got := read(t, camera(`GCamera:BurstID="b1"`)); got.Burst != "b1" || got.Motion {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct {
		file []byte
		want bool
	}{
		"Google's, now":        {append(camera(`GCamera:MotionPhoto="1"`), film...), true},
		"Google's, earlier":    {append(camera(`GCamera:MicroVideo="1"`), film...), true},
		"the film was cut off": {camera(`GCamera:MotionPhoto="1"`), false},
		"only an appendix":     {append(bytes.Clone(jpeg), film...), false},
		"Samsung's":            {append(bytes.Clone(jpeg), "\x00\x00\x30\x0a\x10\x00\x00\x00MotionPhoto_Data"+string(film)+"SEFH\x00\x00SEFT"...), true},
		"Samsung's HEIC":       {append(photomaker.HEIF(coded, 8, 8, library.Metadata{}, photomaker.HEIFOptions{}), photomaker.Box("mpvd", film)...), true},
		"said to be none":      {append(camera(`GCamera:MotionPhoto="0"`), film...), false},
	} {
		if got := read(t, c.file); got.Motion != c.want {
			t.Errorf("%s: %v", name, got.Motion)
		}
	}
}

// The files of cameras that come with imagemeta's tests: what is read agrees with ExifTool.
func TestCameraFiles(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta").Output()
	if err != nil {
		t.Skipf("skipped: the source of imagemeta is not at hand: %v", err)
	}
	var files []string
	for _, pattern := range []string{"*.heic", "*.heif", "sample.*", "bep/*", "metadata-extractor/*.jpg", "goexif/*.jpg"} {
		found, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "images", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 10 {
		t.Skipf("skipped: only %d files of cameras", len(files))
	}
	out, err := exec.Command(exiftool, append([]string{
		"-json", "-n", "-q", "-q", "-m", "-IFD0:Make", "-IFD0:Model", "-ExifIFD:DateTimeOriginal", "-ExifIFD:ISO", "-ExifIFD:FNumber",
		"-ExifIFD:ExposureTime", "-ExifIFD:FocalLength", "-IFD0:Orientation", "-Composite:GPSLatitude", "-Composite:GPSLongitude", "-Apple:ContentIdentifier",
	}, files...)...).Output()
	if err != nil {
		t.Logf("exiftool: %v", err) // it complains of some
	}
	var truth []struct {
		SourceFile                                       string
		Make, Model, DateTimeOriginal, ContentIdentifier any
		ISO, FNumber, ExposureTime, FocalLength          any
		Orientation                                      int
		GPSLatitude, GPSLongitude                        *float64
	}
	if err := json.Unmarshal(out, &truth); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, w := range truth {
		data, err := os.ReadFile(w.SourceFile)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := metadata.Read(data)
		name := filepath.Base(w.SourceFile)
		text := func(what, got string, want any) {
			if s, ok := want.(string); ok && strings.TrimSpace(s) != "" && got != strings.TrimSpace(s) {
				t.Errorf("%s: %s is %q, want %q", name, what, got, s)
			} else if ok {
				compared++
			}
		}
		number := func(what string, got float64, want any) {
			if f, ok := want.(float64); ok && f > 0 && math.Abs(got-f) > 1e-3*f {
				t.Errorf("%s: %s is %g, want %g", name, what, got, f)
			} else if ok {
				compared++
			}
		}
		text("make", got.Make, w.Make)
		text("model", got.Model, w.Model)
		text("pair", got.Pair, w.ContentIdentifier)
		if s, ok := w.DateTimeOriginal.(string); ok && got.Taken.Format("2006:01:02 15:04:05") != s && strings.Trim(s, "0: ") != "" {
			t.Errorf("%s: taken %v, want %s", name, got.Taken, s)
		}
		number("ISO", float64(got.ISO), w.ISO)
		number("aperture", got.FNumber, w.FNumber)
		number("exposure", got.Exposure, w.ExposureTime)
		number("focal length", got.Focal, w.FocalLength)
		if got.Format != "heif" && w.Orientation >= 1 && w.Orientation <= 8 && got.Orientation != w.Orientation {
			t.Errorf("%s: orientation %d, want %d", name, got.Orientation, w.Orientation)
		}
		if w.GPSLatitude != nil && w.GPSLongitude != nil && got.GPS != nil {
			if d := math.Abs(got.GPS.Lat-*w.GPSLatitude) + math.Abs(got.GPS.Lon-*w.GPSLongitude); d > 1e-5 {
				t.Errorf("%s: %+v, want %g, %g", name, *got.GPS, *w.GPSLatitude, *w.GPSLongitude)
			}
			compared++
		}
	}
	t.Logf("%d values of %d files agree", compared, len(truth))
}

// What ExifTool writes into files of other programs' encoders is read back.
func TestForeignEncoders(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "from.png"), photomaker.PNG(photomaker.Scene(64, 48, 1), library.Metadata{}), 0o644); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, line := range []string{
		"heif-enc -q 50 from.png -o a.heic", "avifenc -s 9 from.png a.avif", "cjxl -e 1 from.png naked.jxl",
		"cjxl -e 1 --container=1 from.png boxed.jxl", "convert from.png a.psd",
	} {
		args := strings.Fields(line)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("left out, as it could not be made: %s: %v: %s", line, err, out)
			continue
		}
		files = append(files, filepath.Join(dir, args[len(args)-1]))
	}
	if len(files) == 0 {
		t.Skip("skipped: none of heif-enc, avifenc, cjxl and convert is installed")
	}
	args := append([]string{
		"-q", "-q", "-m", "-n", "-overwrite_original", "-EXIF:Make=Maker", "-EXIF:Model=Model 1", "-EXIF:Orientation=6",
		"-EXIF:DateTimeOriginal=2021:05:06 07:08:09", "-EXIF:OffsetTimeOriginal=+02:00", "-EXIF:SubSecTimeOriginal=045",
		"-EXIF:GPSLatitude=33.918861", "-EXIF:GPSLatitudeRef=S", "-EXIF:GPSLongitude=18.4233", "-EXIF:GPSLongitudeRef=E",
		"-XMP-dc:Title=Ein <Titel> & mehr", "-XMP-dc:Subject=Küste", "-XMP-dc:Subject=sea", "-XMP-xmp:Rating=4",
	}, files...)
	if out, err := exec.Command(exiftool, args...).CombinedOutput(); err != nil {
		t.Fatalf("exiftool: %v: %s", err, out)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, data)
		want := library.Metadata{
			Format: got.Format, Width: 64, Height: 48, Orientation: 1, Make: full.Make, Model: full.Model, Taken: full.Taken, HasZone: true,
			GPS: &library.GPS{Lat: full.GPS.Lat, Lon: full.GPS.Lon}, Title: full.Title, Keywords: []string{"Küste", "sea"}, Rating: 4, Profile: got.Profile,
		}
		if got.Format == "psd" {
			want.Orientation = 6
		}
		equal(t, filepath.Base(f), got, want)
	}
}
