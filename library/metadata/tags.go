package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/bep/imagemeta"

	"descry/library/decode"
	"descry/library/decode/jpegseg"
)

// tags holds the fields of one file as their readers gave them.
type tags struct {
	exif map[string]any
	iptc map[string]any
	xmp  xmp
	png  map[string]string // text chunks
}

func newTags() *tags {
	return &tags{exif: make(map[string]any), iptc: make(map[string]any), xmp: make(xmp), png: make(map[string]string)}
}

// exifFields are the EXIF fields that are used, by imagemeta's names; the others are not
// even parsed.
var exifFields = func() map[string]bool {
	used := map[string]bool{"PhotographicSensitivity": true}
	for _, directory := range []map[uint16]string{exifMain, exifCamera, exifPlace} {
		for _, name := range directory {
			used[name] = !strings.HasPrefix(name, "SubSec") // see fractions
		}
	}
	return used
}()

// formats maps the formats that imagemeta reads.
var formats = map[string]imagemeta.ImageFormat{
	decode.JPEG: imagemeta.JPEG, decode.PNG: imagemeta.PNG, decode.WebP: imagemeta.WebP, decode.TIFF: imagemeta.TIFF,
}

// readEXIF fills t.exif by imagemeta, and from p where that fails or mangles text.
func (t *tags) readEXIF(format string, data []byte, p parts) (err error) {
	f := formats[format]
	in := head(format, data)
	// Of PNG imagemeta leaves out what ImageMagick writes, of WebP what lies behind some profiles.
	if format == decode.PNG || format == decode.WebP {
		f, in = imagemeta.TIFF, exifBlob(format, data)
		if len(in) == 0 {
			return nil
		}
	}
	mangled := false
	err = decodeTags(f, in, imagemeta.EXIF,
		func(ti imagemeta.TagInfo) bool {
			return exifFields[ti.Tag] && strings.HasPrefix(ti.Namespace, "IFD0") &&
				(!strings.HasPrefix(ti.Tag, "GPS") || strings.HasSuffix(ti.Namespace, "GPSInfoIFD"))
		},
		func(ti imagemeta.TagInfo) error {
			if _, twice := t.exif[ti.Tag]; !twice {
				t.exif[ti.Tag] = ti.Value
			}
			if s, ok := ti.Value.(string); ok && strings.ContainsRune(s, '\uFFFD') {
				mangled = true
			}
			return nil
		})
	t.readFractions(format, data)
	if err == nil && !mangled {
		return nil
	}
	for name, v := range t.exif {
		if s, ok := v.(string); ok && strings.ContainsRune(s, '\uFFFD') {
			delete(t.exif, name)
		}
	}
	if !t.readParts(p) {
		return note("EXIF", err)
	}
	return nil
}

// readIPTC fills t.iptc.
func (t *tags) readIPTC(format string, data []byte) error {
	f, ok := formats[format]
	if !ok || f == imagemeta.WebP {
		return nil
	}
	return note("IPTC", decodeTags(f, head(format, data), imagemeta.IPTC,
		func(imagemeta.TagInfo) bool { return true },
		func(ti imagemeta.TagInfo) error {
			t.iptc[ti.Tag] = ti.Value
			return nil
		}))
}

// readRecords fills t.iptc from IPTC records, in the file that imagemeta reads them from: a
// TIFF directory with one field.
func (t *tags) readRecords(records []byte) error {
	if len(records) == 0 || len(records) > 1<<16 {
		return nil
	}
	const kind, at = 7, 8 + 2 + 12 + 4
	le := binary.LittleEndian
	file := append([]byte("II*\x00\x08\x00\x00\x00\x01\x00"), byte(tagIPTC&0xFF), byte(tagIPTC>>8), kind, 0)
	file = le.AppendUint32(le.AppendUint32(file, uint32(max(len(records), 5))), at)
	file = append(append(file, 0, 0, 0, 0), records...)
	return t.readIPTC(decode.TIFF, append(file, make([]byte, 5)...))
}

// decodeTags runs imagemeta for one source.
func decodeTags(f imagemeta.ImageFormat, data []byte, source imagemeta.Source,
	want func(imagemeta.TagInfo) bool, handle imagemeta.HandleTagFunc,
) (err error) {
	defer guard(&err)
	_, err = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: f, Sources: source,
		ShouldHandleTag: want, HandleTag: handle,
		HandleXMP: func(r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		},
	})
	return err
}

// head is the part of a file in which metadata can be, so that damage in the picture data
// is no matter here.
func head(format string, data []byte) []byte {
	if format == decode.JPEG {
		if f, err := jpegseg.ReadFrame(data); err == nil {
			return data[:f.FirstScan]
		}
	}
	return data
}

// note makes the error of a reader a sentence.
func note(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("some %s data could not be read: %w", what, err)
}

// guard turns a panic of a reader into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("its reader failed: %v", r)
	}
}

// exifText is the text of an EXIF field, or the first of others that is not empty.
func (t *tags) exifText(name string, others ...string) string {
	s, _ := t.exif[name].(string)
	if s = clean(s, maxLong); s != "" {
		return s
	}
	for _, o := range others {
		if o != "" {
			return o
		}
	}
	return ""
}

func (t *tags) iptcText(name string) string {
	if l := t.iptcList(name); len(l) > 0 {
		return l[0]
	}
	return ""
}

func (t *tags) iptcList(name string) []string {
	var list []string
	switch v := t.iptc[name].(type) {
	case string:
		list = []string{v}
	case []string:
		list = v
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = reread(s)
	}
	return out
}

// number takes a number out of whatever a reader gave; NaN where there is none. Of
// several numbers it is the first.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case float32:
		return float64(v)
	case int:
		return float64(v)
	case uint8:
		return float64(v)
	case uint16:
		return float64(v)
	case uint32:
		return float64(v)
	case int16:
		return float64(v)
	case int32:
		return float64(v)
	case interface{ Float64() float64 }:
		return v.Float64()
	case []any:
		if len(v) > 0 {
			return number(v[0])
		}
	case string:
		s := strings.TrimSpace(v)
		if num, den, ok := strings.Cut(s, "/"); ok {
			return decimal(num) / decimal(den)
		}
		return decimal(s)
	}
	return math.NaN()
}

// decimal is the number that s begins with, up to a space; NaN where there is none.
func decimal(s string) float64 {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return math.NaN()
}

// firstNumber is the first of values that is a finite number, or NaN.
func firstNumber(values ...any) float64 {
	for _, v := range values {
		if f := number(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
	return math.NaN()
}

// within is f, or 0 where it is not between lo and hi.
func within(f, lo, hi float64) float64 {
	if f >= lo && f <= hi {
		return f
	}
	return 0
}
