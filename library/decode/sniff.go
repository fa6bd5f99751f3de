package decode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"descry/internal/container"
)

// The formats that are told apart here, as Sniff names them.
const (
	JPEG = "jpeg"
	PNG  = "png"
	GIF  = "gif"
	WebP = "webp"
	TIFF = "tiff" // BigTIFF too
	BMP  = "bmp"
	PSD  = "psd" // PSB too

	// Camera RAW files.
	CR2 = "cr2" // Canon
	CR3 = "cr3" // Canon
	NEF = "nef" // Nikon; NRW too
	ARW = "arw" // Sony; SR2 too
	DNG = "dng" // Adobe's, and of many makers
	RAF = "raf" // Fujifilm
	ORF = "orf" // Olympus, OM System
	RW2 = "rw2" // Panasonic, Leica
	PEF = "pef" // Pentax
	SRW = "srw" // Samsung
)

// SniffLen is how many bytes of a file Sniff needs to tell all formats apart but RAW files
// that are built like TIFF: given no more, it may call those TIFF.
const SniffLen = 64

// extensions are the file name extensions under which pictures are looked for.
var extensions = map[string][]string{
	JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
	PNG:  {".png"},
	GIF:  {".gif"},
	WebP: {".webp"},
	TIFF: {".tif", ".tiff"},
	BMP:  {".bmp", ".dib"},
	HEIF: {".heic", ".heif", ".hif"},
	AVIF: {".avif"},
	JXL:  {".jxl"},
	PSD:  {".psd", ".psb"},
	CR2:  {".cr2"},
	CR3:  {".cr3"},
	NEF:  {".nef", ".nrw"},
	ARW:  {".arw", ".sr2"},
	DNG:  {".dng"},
	RAF:  {".raf"},
	ORF:  {".orf"},
	RW2:  {".rw2", ".rwl"},
	PEF:  {".pef"},
	SRW:  {".srw"},
}

// Extensions returns the file name extensions, in lower case and with the dot, under
// which pictures are looked for. Which format a file has is then told by its content.
func Extensions() []string {
	var all []string
	for _, e := range extensions {
		all = append(all, e...)
	}
	slices.Sort(all)
	return all
}

// IsRaw reports whether a format is one of camera RAW files, of which the embedded preview
// is shown.
func IsRaw(format string) bool {
	switch format {
	case CR2, CR3, NEF, ARW, DNG, RAF, ORF, RW2, PEF, SRW:
		return true
	}
	return false
}

// Sniff names the format of a file that starts with data, or returns "" when it is none of
// those above. What is not known by its first SniffLen bytes, a RAW file built like TIFF,
// is looked up further behind: hand in all there is.
func Sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(data, []byte(container.PNGHeader)):
		return PNG
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return GIF
	case riff(data, "WEBP"):
		return WebP
	case bytes.HasPrefix(data, []byte("BM")) && len(data) >= 18:
		switch binary.LittleEndian.Uint32(data[14:]) { // size of the second header
		case 12, 40, 52, 56, 64, 108, 124:
			return BMP
		}
	case isPSD(data):
		return PSD
	case bytes.HasPrefix(data, []byte("FUJIFILMCCD-RAW")):
		return RAF
	}
	if f := sniffMedia(data); f != "" {
		return f
	}
	return tiffKind(data)
}

// Fields of TIFF directories.
const (
	tagWidth            = 256
	tagHeight           = 257
	tagCompression      = 259
	tagPhotometric      = 262
	tagMake             = 271
	tagDNGVersion       = 50706
	photometricCFA      = 32803 // the colours of a sensor's mosaic
	photometricLinear   = 34892
	compressionNikon    = 34713
	compressionSony     = 32767
	compressionPentax   = 65535
	compressionSamsung  = 32769
	compressionSamsung2 = 32770
)

// rawMakers are the makers whose RAW files are built like TIFF and have no magic of their
// own, by how their names start in capitals.
var rawMakers = []struct{ name, format string }{
	{"NIKON", NEF}, {"SONY", ARW}, {"PENTAX", PEF}, {"RICOH", PEF}, {"ASAHI", PEF}, {"SAMSUNG", SRW}, {"CANON", CR2},
}

// tiffKind names TIFF and the RAW files that are built like it.
func tiffKind(data []byte) string {
	t, err := container.ReadTIFF(data)
	if err != nil {
		return ""
	}
	switch string(data[:4]) {
	case "IIRO", "IIRS", "MMOR":
		return ORF
	case "IIU\x00":
		return RW2
	}
	if at(data, 8, "CR\x02") {
		return CR2
	}
	maker, dng, sensor := "", false, false
	t.Walk(func(d container.Directory, depth int) bool {
		if _, ok := d.Field(tagDNGVersion); ok {
			dng = true
		}
		if maker == "" {
			maker = strings.ToUpper(d.Text(tagMake))
		}
		sensor = sensor || isSensor(d)
		return !dng
	})
	if dng {
		return DNG
	}
	for _, m := range rawMakers {
		if sensor && strings.HasPrefix(maker, m.name) {
			return m.format
		}
	}
	return TIFF
}

// isSensor reports whether a directory holds what a sensor saw rather than a picture.
func isSensor(d container.Directory) bool {
	switch d.Uint(tagPhotometric, 0) {
	case photometricCFA, photometricLinear:
		return true
	}
	switch d.Uint(tagCompression, 0) {
	case compressionNikon, compressionSony, compressionPentax, compressionSamsung, compressionSamsung2:
		return true
	}
	return false
}

func riff(head []byte, kind string) bool {
	return bytes.HasPrefix(head, []byte("RIFF")) && at(head, 8, kind)
}

func at(head []byte, offset int, s string) bool {
	return len(head) >= offset && bytes.HasPrefix(head[offset:], []byte(s))
}

// signatures of files that people keep among photos and that are not decoded here.
var signatures = []struct {
	offset int
	magic  string
	what   string
}{
	{0, "%PDF-", "is a PDF document"},
	{0, "\x00\x00\x00\x0cjP  ", "is a JPEG 2000 picture"},
	{4, "ftypM4", "is a sound recording"},
	{4, "ftyp", "is a JPEG 2000 picture"},
	{0, "PK\x03\x04", "is a ZIP archive or an office document"},
	{0, "Rar!", "is a RAR archive"},
	{0, "7z\xbc\xaf\x27\x1c", "is a 7-Zip archive"},
	{0, "\x1f\x8b", "is a gzip archive"},
	{0, "\x7fELF", "is a program"},
	{0, "MZ", "is a program"},
	{0, "SQLite format 3\x00", "is a database"},
	{0, "gimp xcf", "is a GIMP document"},
	{0, "\x00\x05\x16\x07", "holds only macOS file attributes"},
	{0, "version https://git-lfs", "only points to a picture kept elsewhere (Git LFS)"},
}

// describe says in words what a file that Sniff does not know is, to follow "the file".
func describe(data []byte) string {
	if len(data) == 0 {
		return "is empty"
	}
	for _, s := range signatures {
		if at(data, s.offset, s.magic) {
			return s.what
		}
	}
	if riff(data, "AVI ") {
		return "is a video"
	}
	head := data[:min(len(data), 1024)]
	if len(bytes.Trim(head, "\x00")) == 0 {
		return "holds only zeros"
	}
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")))
	switch {
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "is an HTML page"
	case strings.Contains(text, "<svg"):
		return "is an SVG drawing"
	case strings.HasPrefix(text, "<?xml"):
		return "is an XML document"
	case isText(head, len(head) < len(data)):
		return "is text"
	}
	return "is of an unknown kind"
}

// isText reports whether head is UTF-8 without control characters; cut says that the last
// character may be incomplete.
func isText(head []byte, cut bool) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && !(cut && len(head) < utf8.UTFMax) ||
			r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}
