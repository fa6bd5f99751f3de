package metadata

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"descry/internal/container"
)

// Fields of EXIF directories by number, named as imagemeta names them.
var (
	exifMain = map[uint16]string{
		0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0112: "Orientation", 0x0132: "ModifyDate",
		0x013B: "Artist", 0x4746: "Rating", 0x8298: "Copyright",
		0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject",
	}
	exifCamera = map[uint16]string{
		0x829A: "ExposureTime", 0x829D: "FNumber", 0x8827: "ISO", 0x9003: "DateTimeOriginal", 0x9004: "CreateDate",
		0x9010: "OffsetTime", 0x9011: "OffsetTimeOriginal", 0x9012: "OffsetTimeDigitized", 0x9286: "UserComment",
		0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized",
		0x920A: "FocalLength", 0xA405: "FocalLengthIn35mmFormat", 0xA434: "LensModel",
	}
	exifPlace = map[uint16]string{
		1: "GPSLatitudeRef", 2: "GPSLatitude", 3: "GPSLongitudeRef", 4: "GPSLongitude", 5: "GPSAltitudeRef", 6: "GPSAltitude",
	}
)

// Fields that lead to other directories, and to the maker's note.
const (
	tagExifIFD   = 0x8769
	tagGPSIFD    = 0x8825
	tagMakerNote = 0x927C
)

// readParts adds to t.exif from the EXIF data of a file, and reports whether there is any.
// What is broken is left out.
func (t *tags) readParts(p parts) (found bool) {
	if p.exif != nil {
		if d, err := p.exif.Directory(p.exif.First); err == nil {
			found = true
			t.addFields(p.exif, d, exifMain)
			if camera, err := p.exif.Directory(d.Uint(tagExifIFD, 0)); err == nil {
				t.addFields(p.exif, camera, exifCamera)
			}
			t.addFields(p.exif, d, exifCamera) // TIFF/EP keeps them here
			if place, err := p.exif.Directory(d.Uint(tagGPSIFD, 0)); err == nil {
				t.addFields(p.exif, place, exifPlace)
			}
		}
	}
	for _, part := range []struct {
		exif   *container.TIFF
		fields map[uint16]string
	}{{p.camera, exifCamera}, {p.place, exifPlace}} {
		if part.exif == nil {
			continue
		}
		if d, err := part.exif.Directory(part.exif.First); err == nil {
			t.addFields(part.exif, d, part.fields)
		}
	}
	return found
}

// addFields adds the fields of a directory that t.exif does not have yet.
func (t *tags) addFields(x *container.TIFF, d container.Directory, names map[uint16]string) {
	for _, f := range d.Fields {
		name, used := names[f.Tag]
		if _, have := t.exif[name]; !used || have || len(f.Value) == 0 || len(f.Value) > 1<<16 {
			continue
		}
		if v := fieldValue(name, f, x.Order); v != nil {
			t.exif[name] = v
		}
	}
}

// fieldValue is a text, a number, of three fractions the sum of degrees, minutes and
// seconds, or nil.
func fieldValue(name string, f container.Field, order binary.ByteOrder) any {
	v := f.Value
	switch {
	case strings.HasPrefix(name, "XP"):
		units := make([]uint16, len(v)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(v[2*i:])
		}
		return string(utf16.Decode(units))
	case name == "UserComment":
		return comment(v, order)
	}
	switch f.Type {
	case 2:
		text, _, _ := bytes.Cut(v, []byte{0})
		return string(text)
	case 1:
		return float64(v[0])
	case 3:
		return float64(order.Uint16(v))
	case 4:
		return float64(order.Uint32(v))
	case 8:
		return float64(int16(order.Uint16(v)))
	case 9:
		return float64(int32(order.Uint32(v)))
	case 5, 10:
		var sum, unit float64 = 0, 1
		for i := range min(len(v)/8, 3) {
			num, den := order.Uint32(v[8*i:]), order.Uint32(v[8*i+4:])
			switch {
			case den == 0 && i > 0 && num == 0: // seconds left open
			case den == 0:
				return nil
			case f.Type == 10:
				sum += float64(int32(num)) / float64(int32(den)) / unit
			default:
				sum += float64(num) / float64(den) / unit
			}
			unit *= 60
		}
		return sum
	}
	return nil
}

// comment is the text of a user comment, which eight bytes come before that name its
// character set.
func comment(v []byte, order binary.ByteOrder) any {
	if len(v) < 8 {
		return nil
	}
	set, text := string(v[:8]), v[8:]
	if strings.HasPrefix(set, "UNICODE") {
		units := make([]uint16, len(text)/2)
		for i := range units {
			units[i] = order.Uint16(text[2*i:])
		}
		return string(utf16.Decode(units))
	}
	return string(bytes.TrimRight(text, "\x00"))
}

// Apple's maker's note: its start, and the fields that name what belongs together.
const (
	appleNote   = "Apple iOS\x00"
	appleBurst  = 0x000B
	applePair   = 0x0011
	appleHeader = 12 // bytes up to the byte order mark; offsets count from the note's start
)

// readApple reads which burst and which Live Photo a picture belongs to.
func readApple(x *container.TIFF) (pair, burst string) {
	if x == nil {
		return "", ""
	}
	d, err := x.Directory(x.First)
	if err != nil {
		return "", ""
	}
	camera, err := x.Directory(d.Uint(tagExifIFD, 0))
	if err != nil {
		return "", ""
	}
	f, _ := camera.Field(tagMakerNote)
	if !bytes.HasPrefix(f.Value, []byte(appleNote)) || len(f.Value) < appleHeader+2 {
		return "", ""
	}
	var order binary.ByteOrder = binary.BigEndian
	if f.Value[appleHeader] == 'I' {
		order = binary.LittleEndian
	}
	note, err := container.At(f.Value, order).Directory(appleHeader + 2)
	if err != nil {
		return "", ""
	}
	return clean(note.Text(applePair), maxShort), clean(note.Text(appleBurst), maxShort)
}
