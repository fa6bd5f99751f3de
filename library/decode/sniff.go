package decode

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// The formats that are decoded here, as Sniff names them.
const (
	JPEG = "jpeg"
	PNG  = "png"
	GIF  = "gif"
	WebP = "webp"
	TIFF = "tiff"
	BMP  = "bmp"
)

// SniffLen is how many bytes of a file Sniff needs at most.
const SniffLen = 64

// Extensions returns the file name extensions, in lower case and with the dot, under
// which pictures are looked for. Which format a file has is then told by its content.
func Extensions() []string {
	return []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".heic", ".heif", ".hif", ".avif", ".jxl"}
}

// Sniff names the picture format of a file that starts with head, or returns "" when it
// is none of those decoded here.
func Sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return GIF
	case riff(head, "WEBP"):
		return WebP
	case bytes.HasPrefix(head, []byte("II*\x00")) && !at(head, 8, "CR"), bytes.HasPrefix(head, []byte("MM\x00*")):
		return TIFF
	case bytes.HasPrefix(head, []byte("BM")) && len(head) >= 18:
		switch binary.LittleEndian.Uint32(head[14:]) { // size of the second header
		case 12, 40, 52, 56, 64, 108, 124:
			return BMP
		}
	}
	return sniffMedia(head)
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
	{0, "8BPS", "is a Photoshop document"},
	{0, "\x00\x00\x00\x0cjP  ", "is a JPEG 2000 picture"},
	{0, "II*\x00\x10\x00\x00\x00CR", "is a Canon camera RAW file"},
	{0, "IIRO", "is an Olympus camera RAW file"},
	{0, "IIU\x00", "is a Panasonic camera RAW file"},
	{0, "FUJIFILMCCD-RAW", "is a Fujifilm camera RAW file"},
	{0, "II+\x00", "is a BigTIFF picture"},
	{0, "MM\x00+", "is a BigTIFF picture"},
	{4, "ftypcrx ", "is a Canon camera RAW file"},
	{4, "ftyp", "is a video"},
	{4, "moov", "is a video"},
	{4, "mdat", "is a video"},
	{0, "\x1aE\xdf\xa3", "is a video"},
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
