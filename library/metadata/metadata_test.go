package metadata_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/metadata"
)

var full = library.Metadata{
	Width: 40, Height: 30, Orientation: 6,
	Taken:   time.Date(2021, 5, 6, 7, 8, 9, 45e6, time.FixedZone("", 2*3600)),
	HasZone: true, Make: "Maker", Model: "Model 1", Lens: "50mm f/1.8",
	ISO: 400, FNumber: 2.8, Exposure: 0.004, Focal: 50, Focal35: 75,
	GPS:   &library.GPS{Lat: -33.918861, Lon: 18.4233, Alt: -12.5},
	Title: "Ein <Titel> & mehr", Description: "Zwei\nZeilen, 日本語 🙂", Keywords: []string{"Küste", "sea", "日本"},
	Creator: "Jörg", Copyright: "© 2021", Rating: 4, AltText: "A coast.", Extended: "A long coast.",
}

// equal compares what matters: instants and zones rather than pointers to zones, and
// positions to a few centimetres.
func equal(t *testing.T, name string, got, want library.Metadata) {
	t.Helper()
	if d := cmp.Diff(want, got,
		cmpopts.EquateApprox(0, 2e-7), cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b time.Time) bool {
			_, za := a.Zone()
			_, zb := b.Zone()
			return a.Equal(b) && za == zb
		})); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestEveryFormat(t *testing.T) {
	img := photomaker.Scene(40, 30, 1)
	for format, data := range map[string][]byte{
		"jpeg": photomaker.JPEG(img, full, 80),
		"png":  photomaker.PNG(img, full),
		"webp": photomaker.WebP(img, full),
		"tiff": photomaker.TIFF(img, full),
	} {
		got, err := metadata.Read(data)
		if err != nil {
			t.Errorf("%s: %v", format, err)
		}
		want := full
		want.Format = format
		equal(t, format, got, want)
	}
	for format, data := range map[string][]byte{
		"gif": photomaker.GIF(img), "bmp": photomaker.BMP(img),
		"jpeg": photomaker.JPEG(img, library.Metadata{}, 80), "png": photomaker.PNG(img, library.Metadata{}),
		"webp": photomaker.WebP(img, library.Metadata{}), "tiff": photomaker.TIFF(img, library.Metadata{}),
	} {
		got, err := metadata.Read(data)
		if err != nil {
			t.Errorf("%s: %v", format, err)
		}
		equal(t, "plain "+format, got, library.Metadata{Format: format, Width: 40, Height: 30, Orientation: 1})
	}
}

func TestNotAPicture(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("text")} {
		got, err := metadata.Read(data)
		if err == nil || got.Orientation != 1 || got.Format != "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// xmpFile is a JPEG with an XMP packet of these properties in element form.
func xmpFile(properties string) []byte {
	packet := `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:digiKam="http://www.digikam.org/ns/1.0/">` +
		properties + `</rdf:Description></rdf:RDF></x:xmpmeta>`
	return xmpRaw(packet)
}

func xmpRaw(packet string) []byte {
	plain := photomaker.JPEG(photomaker.Scene(8, 8, 1), library.Metadata{}, 80)
	return photomaker.InsertJPEG(plain, photomaker.Segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"+packet)))
}

func read(t *testing.T, data []byte) library.Metadata {
	t.Helper()
	m, err := metadata.Read(data)
	if err != nil {
		t.Error(err)
	}
	return m
}

func TestKeywords(t *testing.T) {
	got := read(t, xmpFile(`<dc:subject><rdf:Bag><rdf:li>Dog</rdf:li><rdf:li> beach </rdf:li><rdf:li></rdf:li></rdf:Bag></dc:subject>
<lr:hierarchicalSubject><rdf:Bag><rdf:li>Animals|dog</rdf:li><rdf:li>Places|France|Nice</rdf:li></rdf:Bag></lr:hierarchicalSubject>
<digiKam:TagsList><rdf:Seq><rdf:li>Animals/cat</rdf:li></rdf:Seq></digiKam:TagsList>`))
	if d := cmp.Diff([]string{"Dog", "beach", "Nice", "cat"}, got.Keywords); d != "" {
		t.Error(d)
	}
}

func TestXMPForms(t *testing.T) {
	for name, c := range map[string]struct{ packet, title string }{
		"attribute": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="here"/></rdf:RDF>`, "here"},
		"text": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>here</dc:title></rdf:Description></rdf:RDF>`, "here"},
		"default language": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="de">hier</rdf:li><rdf:li xml:lang="x-default">here</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>`, "here"},
		"second description": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description/><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="here"/></rdf:RDF>`, "here"},
		"structure": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:h="h/"><h:s rdf:parseType="Resource"><dc:title>inner</dc:title></h:s><dc:title>here</dc:title></rdf:Description></rdf:RDF>`, "here"},
		"Latin-1 bytes": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="caf` + "\xe9" + `"/></rdf:RDF>`, "café"},
		"padding": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="here"/></rdf:RDF>` + "\x00\x00\n\x00", "here"},
	} {
		if got := read(t, xmpRaw(c.packet)); got.Title != c.title {
			t.Errorf("%s: %q, want %q", name, got.Title, c.title)
		}
	}
}

func TestTimes(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for text, c := range map[string]struct {
		want time.Time
		zone bool
	}{
		"2021-05-06T07:08:09+02:00":     {at("2021-05-06T07:08:09+02:00"), true},
		"2021-05-06T07:08:09.25-03:30":  {at("2021-05-06T07:08:09.25-03:30"), true},
		"2021-05-06T07:08:09Z":          {at("2021-05-06T07:08:09Z"), true},
		"2021:05:06 07:08:09":           {at("2021-05-06T07:08:09Z"), false},
		"2021-05-06T07:08":              {at("2021-05-06T07:08:00Z"), false},
		"2021-05-06":                    {at("2021-05-06T00:00:00Z"), false},
		"2016-12-31T23:59:60Z":          {at("2016-12-31T23:59:59Z"), true},
		"1890-01-01T00:00:00":           {at("1890-01-01T00:00:00Z"), false},
		"0000:00:00 00:00:00":           {},
		"2021-02-30T00:00:00":           {},
		"2021-13-01":                    {},
		"9999-01-01":                    {},
		"yesterday":                     {},
		"2021-05-06T25:00:00":           {},
		"2021-05-06T07:08:09.123456789": {at("2021-05-06T07:08:09.123456789Z"), false},
	} {
		m, err := metadata.Read(xmpFile("<exif:DateTimeOriginal>" + text + "</exif:DateTimeOriginal>"))
		_, got := m.Taken.Zone()
		_, want := c.want.Zone()
		if !m.Taken.Equal(c.want) || m.HasZone != c.zone || got != want {
			t.Errorf("%s: %v, zone %v; want %v, %v", text, m.Taken, m.HasZone, c.want, c.zone)
		}
		if bad := c.want.IsZero() && !strings.HasPrefix(text, "0000"); bad != (err != nil) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// EXIF's clock without a zone takes the zone that XMP gives for the same clock.
func TestZoneFromXMP(t *testing.T) {
	m := full
	m.HasZone = false
	data := photomaker.JPEG(photomaker.Scene(8, 8, 1), m, 80)
	if got := read(t, data); got.HasZone || !got.Taken.Equal(time.Date(2021, 5, 6, 7, 8, 9, 45e6, time.UTC)) {
		t.Errorf("%v, %v", got.Taken, got.HasZone)
	}
	m.Title, m.Description, m.Keywords, m.Creator, m.Copyright, m.AltText, m.Extended, m.Rating = "", "", nil, "", "", "", "", 0
	data = photomaker.JPEG(photomaker.Scene(8, 8, 1), m, 80)
	packet := `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:DateCreated="2021-05-06T07:08:09+09:00"/></rdf:RDF>`
	data = photomaker.InsertJPEG(data, photomaker.Segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"+packet)))
	if got := read(t, data); !got.HasZone || !got.Taken.Equal(full.Taken.Add(-7*time.Hour)) {
		t.Errorf("%v, %v", got.Taken, got.HasZone)
	}
}

func TestPositions(t *testing.T) {
	for name, c := range map[string]struct {
		lat, lon string
		want     *library.GPS
		noted    bool
	}{
		"minutes":         {"48,51.5N", "2,21W", &library.GPS{Lat: 48 + 51.5/60, Lon: -2.35}, false},
		"seconds":         {"33,55,7.9S", "18,25,23.88E", &library.GPS{Lat: -(33 + 55.0/60 + 7.9/3600), Lon: 18.4233}, false},
		"decimal":         {"48.5", "-2.35", &library.GPS{Lat: 48.5, Lon: -2.35}, false},
		"not on Earth":    {"91", "0", nil, true},
		"nowhere":         {"0", "0", nil, true},
		"no number":       {"north", "2", nil, true},
		"infinite":        {"Inf", "2", nil, true},
		"not a number":    {"NaN", "2", nil, true},
		"half a position": {"48.5", "", nil, false},
	} {
		m, err := metadata.Read(xmpFile("<exif:GPSLatitude>" + c.lat + "</exif:GPSLatitude><exif:GPSLongitude>" + c.lon + "</exif:GPSLongitude>"))
		if d := cmp.Diff(c.want, m.GPS, cmpopts.EquateApprox(0, 1e-9)); d != "" || (err != nil) != c.noted {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

func TestBadValues(t *testing.T) {
	img := photomaker.Scene(8, 8, 1)
	// Every value but one is broken; that one, and what another reader gives, stay.
	m := full
	data := photomaker.JPEG(img, m, 80)
	exif := bytes.Index(data, []byte("Exif\x00\x00")) + 6
	dir := exif + 8
	n := int(binary.LittleEndian.Uint16(data[dir:]))
	for i := range n {
		field := data[dir+2+12*i:]
		if binary.LittleEndian.Uint16(field) == 0x8769 { // the way to the exposure
			binary.LittleEndian.PutUint32(field[8:], 0xFFFFFF)
		}
	}
	got, _ := metadata.Read(data)
	if got.Make != m.Make || got.Title != m.Title || got.Orientation != 6 || len(got.Keywords) != 3 {
		t.Errorf("%+v", got)
	}

	// A broken packet keeps what came before the break.
	got, err := metadata.Read(xmpRaw(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="here"><dc:subject><rdf:Bag><rdf:li>one`))
	if got.Title != "here" || err == nil {
		t.Errorf("%+v, %v", got, err)
	}

	// A zero denominator is no exposure.
	m = library.Metadata{Exposure: 0.004, FNumber: 2.8}
	data = photomaker.JPEG(img, m, 80)
	i := bytes.Index(data, []byte{0x40, 0x42, 0x0F, 0x00, 0x80, 0xB2, 0xE6, 0x0E}) // 1000000/250000000
	binary.LittleEndian.PutUint32(data[i+4:], 0)
	got, _ = metadata.Read(data)
	if got.Exposure != 0 || math.Abs(got.FNumber-2.8) > 1e-6 {
		t.Errorf("exposure %v, f/%v", got.Exposure, got.FNumber)
	}
}

func TestFractions(t *testing.T) {
	for text, want := range map[string]float64{
		"28/10": 2.8, " 28 / 10 ": 2.8, "2.8": 2.8, "2.8 mm": 2.8, "28/0": 0, "/": 0,
		"28/20/2": 0, "28/" + strings.Repeat("1/", 1<<14): 0, // no fraction, however long
	} {
		if got := read(t, xmpFile("<exif:FNumber>"+text+"</exif:FNumber>")); got.FNumber != want {
			t.Errorf("%.20q: %v, want %v", text, got.FNumber, want)
		}
	}
}

func TestText(t *testing.T) {
	// Latin-1 in EXIF, and what cameras write without being asked.
	m := library.Metadata{Make: "caf\xe9 cameras\x00\x00", Model: "  Mo\x01del  ", Orientation: 3}
	got := read(t, photomaker.JPEG(photomaker.Scene(8, 8, 1), m, 80))
	if got.Make != "café cameras" || got.Model != "Model" || got.Orientation != 3 {
		t.Errorf("%q, %q", got.Make, got.Model)
	}
	long := strings.Repeat("ü", 12000)
	got = read(t, xmpFile("<dc:description>"+long+"</dc:description><dc:title>"+long+"</dc:title>"))
	if n := len([]rune(got.Description)); n != 10000 {
		t.Errorf("description has %d characters", n)
	}
	if n := len([]rune(got.Title)); n != 200 {
		t.Errorf("title has %d characters", n)
	}
	for rating, want := range map[string]int{"5": 5, "-1": -1, "99": 5, "3.0": 3, "many": 0, "NaN": 0} {
		if got := read(t, xmpFile("<xmp:Rating>"+rating+"</xmp:Rating>")); got.Rating != want {
			t.Errorf("rating %s: %d, want %d", rating, got.Rating, want)
		}
	}
}

// iptcFile is a JPEG with these IPTC application records.
func iptcFile(records ...any) []byte {
	var iim []byte
	for i := 0; i < len(records); i += 2 {
		s := records[i+1].(string)
		iim = append(iim, 0x1C, 2, byte(records[i].(int)), byte(len(s)>>8), byte(len(s)))
		iim = append(iim, s...)
	}
	block := append([]byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(iim)))...)
	block = append(block, iim...)
	if len(iim)%2 == 1 {
		block = append(block, 0)
	}
	return photomaker.InsertJPEG(photomaker.JPEG(photomaker.Scene(8, 8, 1), library.Metadata{}, 80), photomaker.Segment(0xED, block))
}

func TestIPTC(t *testing.T) {
	got := read(t, iptcFile(5, "Title", 25, "one", 25, "Küste", 25, "caf\xe9", 55, "20200102", 60, "030405+0100", 80, "Me", 116, "Mine", 120, "Words"))
	want := library.Metadata{
		Format: "jpeg", Width: 8, Height: 8, Orientation: 1, Title: "Title", Description: "Words", Creator: "Me", Copyright: "Mine",
		Keywords: []string{"one", "Küste", "café"}, HasZone: true, Taken: time.Date(2020, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)),
	}
	equal(t, "IPTC", got, want)
}

func TestPNGText(t *testing.T) {
	data := photomaker.PNG(photomaker.Scene(8, 8, 1), library.Metadata{})
	data = photomaker.InsertPNG(data, append(photomaker.Chunk("tEXt", []byte("Title\x00caf\xe9")),
		photomaker.Chunk("iTXt", []byte("Description\x00\x00\x00de\x00Beschreibung\x00日本"))...))
	if got := read(t, data); got.Title != "café" || got.Description != "日本" {
		t.Errorf("%q, %q", got.Title, got.Description)
	}
}

// ImageMagick writes EXIF into PNG as text.
func TestPNGRawProfile(t *testing.T) {
	const hexDigits = "0123456789abcdef"
	jpg := photomaker.JPEG(photomaker.Scene(8, 8, 1), library.Metadata{Make: "Maker", Orientation: 8}, 80)
	start := bytes.Index(jpg, []byte("Exif\x00\x00"))
	blob := jpg[start : start+int(binary.BigEndian.Uint16(jpg[start-2:]))-2]
	text := []byte("\nexif\n      " + strconv.Itoa(len(blob)))
	for i, b := range blob {
		if i%36 == 0 {
			text = append(text, '\n')
		}
		text = append(text, hexDigits[b>>4], hexDigits[b&15])
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plain := photomaker.PNG(photomaker.Scene(8, 8, 1), library.Metadata{})
	data := photomaker.InsertPNG(plain, photomaker.Chunk("zTXt", append([]byte("Raw profile type exif\x00\x00"), packed.Bytes()...)))
	if got := read(t, data); got.Make != "Maker" || got.Orientation != 8 {
		t.Errorf("%+v", got)
	}
}

// A small PNG may hold any number of texts that inflate to megabytes each: what is read of
// them is bounded for the file, not for each.
func TestPNGManyBombs(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(append([]byte("<x>"), make([]byte, 4<<20)...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	data := photomaker.PNG(photomaker.Scene(8, 8, 1), library.Metadata{})
	var bombs []byte
	for range 50 {
		for _, head := range []string{"iTXtXML:com.adobe.xmp\x00\x01\x00\x00\x00", "zTXtRaw profile type exif\x00\x00", "zTXtAnything\x00\x00"} {
			bombs = append(bombs, photomaker.Chunk(head[:4], append([]byte(head[4:]), packed.Bytes()...))...)
		}
	}
	data = photomaker.InsertPNG(data, bombs)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, _ := metadata.Read(data)
	runtime.ReadMemStats(&after)
	if got.Format != "png" || got.Width != 8 {
		t.Errorf("%+v", got)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 256 {
		t.Errorf("reading %d KB took %d MB", len(data)>>10, mb)
	}
}

// What ExifTool writes in every format is read back.
func TestExiftool(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	dir := t.TempDir()
	img := photomaker.Scene(40, 30, 1)
	files := map[string][]byte{
		"a.jpg": photomaker.JPEG(img, library.Metadata{}, 80), "a.png": photomaker.PNG(img, library.Metadata{}),
		"a.webp": photomaker.WebP(img, library.Metadata{}), "a.tif": photomaker.TIFF(img, library.Metadata{}),
		"a.gif": photomaker.GIF(img),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(exiftool, "-q", "-q", "-m", "-n", "-overwrite_original", "-charset", "UTF8",
		"-EXIF:Make=Maker", "-EXIF:Model=Model 1", "-EXIF:LensModel=50mm f/1.8", "-EXIF:ISO=400", "-EXIF:FNumber=2.8",
		"-EXIF:ExposureTime=0.004", "-EXIF:FocalLength=50", "-EXIF:FocalLengthIn35mmFormat=75", "-EXIF:Orientation=6",
		"-EXIF:DateTimeOriginal=2021:05:06 07:08:09", "-EXIF:OffsetTimeOriginal=+02:00", "-EXIF:SubSecTimeOriginal=045",
		"-EXIF:GPSLatitude=33.918861", "-EXIF:GPSLatitudeRef=S", "-EXIF:GPSLongitude=18.4233", "-EXIF:GPSLongitudeRef=E",
		"-EXIF:GPSAltitude=12.5", "-EXIF:GPSAltitudeRef=1",
		"-XMP-dc:Title=Ein <Titel> & mehr", "-XMP-dc:Description=Zwei\nZeilen, 日本語 🙂", "-XMP-dc:Subject=Küste", "-XMP-dc:Subject=sea",
		"-XMP-dc:Subject=日本", "-XMP-dc:Creator=Jörg", "-XMP-dc:Rights=© 2021", "-XMP-xmp:Rating=4",
		"-XMP-iptcCore:AltTextAccessibility=A coast.", "-XMP-iptcCore:ExtDescrAccessibility=A long coast.", dir).CombinedOutput()
	if err != nil {
		t.Logf("exiftool: %v: %s", err, out)
	}
	for name := range files {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, data)
		want := full
		want.Format = got.Format
		if name == "a.gif" { // GIF holds XMP only
			want = library.Metadata{
				Format: "gif", Width: 40, Height: 30, Orientation: 1, Title: full.Title, Description: full.Description,
				Keywords: full.Keywords, Creator: full.Creator, Copyright: full.Copyright, Rating: 4, AltText: full.AltText, Extended: full.Extended,
			}
		}
		equal(t, name, got, want)
	}
}

func FuzzRead(f *testing.F) {
	img := photomaker.Scene(8, 8, 1)
	f.Add(photomaker.JPEG(img, full, 80))
	f.Add(photomaker.PNG(img, full))
	f.Add(photomaker.WebP(img, full))
	f.Add(photomaker.TIFF(img, full))
	f.Add(iptcFile(5, "Title", 25, "one"))
	f.Add(photomaker.HEIF(coded, 40, 30, full, photomaker.HEIFOptions{Properties: photomaker.Box("colr", append([]byte("prof"), profile("P3", true)...))}))
	f.Add(photomaker.JXL(coded, 2, full))
	f.Add(packBoxes(f, photomaker.JXL(coded, 2, full)))
	f.Add(photomaker.PSD(img, full, photomaker.PSDResource(1028, []byte("\x1c\x02\x05\x00\x05Title"))))
	for _, format := range []string{"cr2", "cr3", "raf", "orf", "rw2"} {
		f.Add(photomaker.Raw(format, photomaker.Scene(16, 16, 1), full))
	}
	f.Add(photomaker.InsertJPEG(photomaker.JPEG(img, library.Metadata{}, 80), photomaker.Segment(0xE1, withNote(appleNote()))))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _ := metadata.Read(data)
		if m.Orientation < 1 || m.Orientation > 8 || m.Rating < -1 || m.Rating > 5 || len(m.Keywords) > 500 ||
			math.IsNaN(m.Exposure+m.FNumber+m.Focal+m.Focal35) || m.ISO < 0 {
			t.Fatalf("%+v", m)
		}
		if g := m.GPS; g != nil && !(math.Abs(g.Lat) <= 90 && math.Abs(g.Lon) <= 180 && math.Abs(g.Alt) < 1e6) {
			t.Fatalf("%+v", g)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := photomaker.JPEG(photomaker.Scene(400, 300, 1), full, 80)
	for b.Loop() {
		_, _ = metadata.Read(data)
	}
}
