package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"strings"

	"descry/library/decode/heif"
)

// ErrCodec says that the program or library that reads the format is not installed. The
// sentence it is wrapped in names what to install.
var ErrCodec = errors.New("what reads it is not installed")

// Lacking returns an error that wraps ErrCodec and reads like the text, which says what to
// install.
func Lacking(text string) error { return lackingError(text) }

type lackingError string

func (e lackingError) Error() string { return string(e) }
func (e lackingError) Unwrap() error { return ErrCodec }

// The formats of pictures that Options.Codecs decodes, as Sniff names them.
const (
	HEIF = "heif" // HEIC and its kin
	AVIF = "avif"
	JXL  = "jxl"
)

// The formats of videos, as Sniff names them. Decode refuses them; the package
// library/video takes frames from them.
const (
	MP4  = "mp4"
	MOV  = "mov"
	MKV  = "mkv"
	WebM = "webm"
	AVI  = "avi"
)

// IsVideo reports whether a format is one of a video.
func IsVideo(format string) bool {
	switch format {
	case MP4, MOV, MKV, WebM, AVI:
		return true
	}
	return false
}

// VideoExtensions returns the file name extensions, in lower case and with the dot, under
// which videos are looked for.
func VideoExtensions() []string {
	return []string{".mp4", ".m4v", ".3gp", ".3g2", ".mov", ".qt", ".mkv", ".webm", ".avi"}
}

// sniffMedia names the formats that are told by the kind of a container: pictures and
// videos in ISO base media files, Matroska, AVI and JPEG XL.
func sniffMedia(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\x0a")), bytes.HasPrefix(head, []byte(jxlSignature)):
		return JXL
	case riff(head, "AVI "):
		return AVI
	case bytes.HasPrefix(head, []byte("\x1aE\xdf\xa3")):
		// The document type is one of the first elements.
		if bytes.Contains(head[:min(len(head), SniffLen)], []byte("\x42\x82\x84webm")) {
			return WebM
		}
		return MKV
	case at(head, 4, "moov"), at(head, 4, "mdat"), at(head, 4, "wide"), at(head, 4, "pnot"):
		return MOV
	case at(head, 4, "ftyp") && len(head) >= 12:
		return sniffBrands(head[:min(len(head), SniffLen)])
	}
	return ""
}

// sniffBrands tells apart files that begin with a box ftyp: by the main brand or, where
// that stands for pictures of any kind, by those it is compatible with.
func sniffBrands(head []byte) string {
	others := head[12:]
	if size := binary.BigEndian.Uint32(head); size >= 16 && uint64(size) <= uint64(len(head)) {
		others = head[16:size]
	} else if len(head) >= 16 {
		others = head[16:]
	}
	switch brand := string(head[8:12]); brand {
	case "avif", "avis":
		return AVIF
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs":
		return HEIF
	case "mif1", "msf1", "mif2", "miaf":
		for ; len(others) >= 4; others = others[4:] {
			if b := string(others[:4]); b == "avif" || b == "avis" {
				return AVIF
			}
		}
		return HEIF
	case "crx ":
		return CR3
	case "M4A ", "M4B ", "M4P ", "jp2 ", "jpx ", "jpm ", "mjp2":
		return "" // sound, JPEG 2000
	case "qt  ":
		return MOV
	}
	return MP4
}

// heifConfig reads the size of a HEIF or AVIF picture, upright, from its boxes.
func heifConfig(data []byte) (image.Config, error) {
	p, err := heif.Parse(data)
	if err != nil {
		return image.Config{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	width, height := p.Upright()
	return image.Config{Width: width, Height: height}, nil
}

// decodeOutside has o.Codecs decode a picture.
func decodeOutside(ctx context.Context, format string, data []byte, o Options) (picture, error) {
	if o.Codecs == nil {
		return picture{}, fmt.Errorf("%w: no decoder for %s is at hand here", ErrCodec, strings.ToUpper(format))
	}
	img, profile, err := o.Codecs.Decode(ctx, format, data, o.MinSide, o.Limits)
	if err != nil {
		return picture{}, err
	}
	return picture{img: nrgba(img), profile: profile}, nil
}
