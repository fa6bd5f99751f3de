// Package metadata reads what a photo file says of its photo: EXIF, IPTC and XMP.
//
// Where several of them say the same thing, capture data (time, camera, exposure,
// orientation) is taken from EXIF first, words (title, description, creator, rating) from
// XMP first, as programs that edit photos keep that current; keywords are the union.
package metadata

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"descry/library"
	"descry/library/decode"
	"descry/library/decode/icc"
)

// Limits on what is kept of one file.
const (
	maxShort    = 200   // characters of a name, a keyword, a title
	maxLong     = 10000 // characters of a description
	maxKeywords = 500
)

// Read reads the metadata of the file with these bytes. What is broken costs only itself:
// the result holds everything that could be read, and the error, if any, notes what could
// not, one sentence a line. Orientation is 1 where the file does not say.
func Read(data []byte) (library.Metadata, error) {
	info, err := decode.Probe(data)
	m := library.Metadata{Format: info.Format, Width: info.Width, Height: info.Height, Orientation: 1}
	var notes []error
	if err != nil {
		notes = append(notes, err)
	}
	if info.Format == "" {
		return m, errors.Join(notes...)
	}
	t := newTags()
	p := partsOf(info.Format, data)
	notes = append(notes, t.read(info.Format, data, p))
	if p.preview != nil { // what the file itself says goes first
		notes = append(notes, t.read(decode.JPEG, p.preview, parts{exif: exifOf(exifBlob(decode.JPEG, p.preview))}))
	}
	if p.packed {
		notes = append(notes, errors.New("its compressed EXIF or XMP data is damaged or too large and was not read as a whole"))
	}
	notes = append(notes, fillCapture(&m, t))
	fillWords(&m, t)
	fillTies(&m, t, p, data)
	switch info.Format {
	case decode.HEIF, decode.AVIF, decode.JXL:
		m.Orientation = 1 // they are turned as their own properties say
	}
	return m, errors.Join(notes...)
}

// read fills t from a file of this format and from the pieces found in it.
func (t *tags) read(format string, data []byte, p parts) error {
	var notes []error
	if _, ok := formats[format]; ok && (p.exif == nil || !p.exif.Big) {
		notes = append(notes, t.readEXIF(format, data, p), t.readIPTC(format, data))
	} else {
		t.readParts(p)
		notes = append(notes, t.readRecords(p.iptc))
	}
	return errors.Join(append(notes, t.readXMP(format, data, p.xmp))...)
}

// fillTies sets what ties the file to others, and what its colours and its film are.
func fillTies(m *library.Metadata, t *tags, p parts, data []byte) {
	exif := p.exif
	if p.preview != nil {
		exif = exifOf(exifBlob(decode.JPEG, p.preview))
	}
	m.Pair, m.Burst = readApple(exif)
	if m.Burst == "" {
		m.Burst = clean(t.xmp.text(nsCamera, "BurstID"), maxShort)
	}
	said := t.xmp.text(nsCamera, "MotionPhoto") == "1" || t.xmp.text(nsCamera, "MicroVideo") == "1"
	switch m.Format {
	case decode.JPEG:
		m.Motion = (said || samsungFilm(data)) && hasFilm(data)
	case decode.HEIF, decode.AVIF:
		m.Motion = p.film
	}
	if m.Profile = clean(icc.Name(p.icc), maxShort); m.Profile == "" {
		m.Profile = p.colours
	}
}

// fillCapture sets what the camera says.
func fillCapture(m *library.Metadata, t *tags) error {
	var notes []error
	if o := int(firstNumber(t.exif["Orientation"], t.xmp.text(nsTIFF, "Orientation"))); o >= 1 && o <= 8 {
		m.Orientation = o
	}
	m.Make = clean(t.exifText("Make", t.xmp.text(nsTIFF, "Make")), maxShort)
	m.Model = clean(t.exifText("Model", t.xmp.text(nsTIFF, "Model")), maxShort)
	m.Lens = clean(t.exifText("LensModel", t.xmp.text(nsExifEX, "LensModel"), t.xmp.text(nsAux, "Lens")), maxShort)
	if isUnknown(m.Lens) {
		m.Lens = ""
	}
	m.ISO = int(within(firstNumber(t.exif["ISO"], t.exif["PhotographicSensitivity"], t.xmp.text(nsExif, "ISOSpeedRatings")), 1, 1e8))
	m.FNumber = within(firstNumber(t.exif["FNumber"], t.xmp.text(nsExif, "FNumber")), 0.1, 1000)
	m.Exposure = within(firstNumber(t.exif["ExposureTime"], t.xmp.text(nsExif, "ExposureTime")), 1e-9, 1e7)
	m.Focal = within(firstNumber(t.exif["FocalLength"], t.xmp.text(nsExif, "FocalLength")), 0.01, 1e5)
	m.Focal35 = within(firstNumber(t.exif["FocalLengthIn35mmFormat"], t.xmp.text(nsExif, "FocalLengthIn35mmFilm")), 0.01, 1e5)

	var err error
	if m.Taken, m.HasZone, err = t.taken(); err != nil {
		notes = append(notes, err)
	}
	if m.GPS, err = t.gps(); err != nil {
		notes = append(notes, err)
	}
	return errors.Join(notes...)
}

// fillWords sets what people say.
func fillWords(m *library.Metadata, t *tags) {
	m.Title = first(maxShort, t.xmp.text(nsDC, "title"), t.iptcText("ObjectName"),
		t.xmp.text(nsPhotoshop, "Headline"), t.iptcText("Headline"), t.exifText("XPTitle"), t.png["Title"])
	m.Description = first(maxLong, t.xmp.text(nsDC, "description"), t.iptcText("Caption-Abstract"),
		placeless(t.exifText("ImageDescription")), t.exifText("XPSubject"), t.exifText("XPComment"),
		placeless(t.exifText("UserComment")), t.png["Description"])
	m.Creator = first(maxShort, strings.Join(t.xmp.list(nsDC, "creator"), ", "), strings.Join(t.iptcList("By-line"), ", "),
		t.exifText("Artist"), t.exifText("XPAuthor"), t.png["Author"])
	m.Copyright = first(maxShort, t.xmp.text(nsDC, "rights"), t.iptcText("CopyrightNotice"),
		t.exifText("Copyright"), t.png["Copyright"])
	m.AltText = first(maxLong, t.xmp.text(nsIPTC, "AltTextAccessibility"))
	m.Extended = first(maxLong, t.xmp.text(nsIPTC, "ExtDescrAccessibility"))
	m.Rating = t.rating()
	m.Keywords = t.keywords()
}

// keywords is the union of what every kind of keyword field says, in that order, without
// repeats that differ only in case. Of a hierarchical keyword the last part counts.
func (t *tags) keywords() []string {
	var all []string
	all = append(all, t.xmp.list(nsDC, "subject")...)
	all = append(all, t.iptcList("Keywords")...)
	all = append(all, strings.Split(t.exifText("XPKeywords"), ";")...)
	for _, field := range []struct{ ns, name, sep string }{
		{nsLightroom, "hierarchicalSubject", "|"},
		{nsDigiKam, "TagsList", "/"},
		{nsMicrosoft, "LastKeywordXMP", "/"},
	} {
		for _, k := range t.xmp.list(field.ns, field.name) {
			all = append(all, k[strings.LastIndex(k, field.sep)+1:])
		}
	}
	return distinct(all)
}

// distinct is keywords, cleaned, without repeats that differ only in case.
func distinct(all []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, k := range all {
		k = clean(k, maxShort)
		if key := strings.ToLower(k); k != "" && !seen[key] && len(out) < maxKeywords {
			seen[key] = true
			out = append(out, k)
		}
	}
	return out
}

// rating is xmp:Rating, -1 to 5, or EXIF's, 0 to 5.
func (t *tags) rating() int {
	if s := t.xmp.text(nsXMP, "Rating"); s != "" {
		if r := number(s); !math.IsNaN(r) {
			return int(math.Round(min(max(r, -1), 5)))
		}
	}
	if r := firstNumber(t.exif["Rating"]); r >= 0 && r <= 5 {
		return int(r)
	}
	return 0
}

// gps is the position, nil where the file gives none that can be true.
func (t *tags) gps() (*library.GPS, error) {
	var g library.GPS
	lat, hasLat := t.exif["GPSLatitude"]
	lon, hasLon := t.exif["GPSLongitude"]
	if hasLat && hasLon {
		g.Lat, g.Lon = number(lat), number(lon)
		if ref := t.exifText("GPSLatitudeRef"); strings.HasPrefix(strings.ToUpper(ref), "S") {
			g.Lat = -math.Abs(g.Lat)
		}
		if ref := t.exifText("GPSLongitudeRef"); strings.HasPrefix(strings.ToUpper(ref), "W") {
			g.Lon = -math.Abs(g.Lon)
		}
		g.Alt = number(t.exif["GPSAltitude"])
		if number(t.exif["GPSAltitudeRef"]) == 1 {
			g.Alt = -g.Alt
		}
	} else {
		slat, slon := t.xmp.text(nsExif, "GPSLatitude"), t.xmp.text(nsExif, "GPSLongitude")
		if slat == "" || slon == "" {
			return nil, nil
		}
		g.Lat, g.Lon = xmpDegrees(slat), xmpDegrees(slon)
		g.Alt = number(t.xmp.text(nsExif, "GPSAltitude"))
		if t.xmp.text(nsExif, "GPSAltitudeRef") == "1" {
			g.Alt = -g.Alt
		}
	}
	switch {
	case math.IsNaN(g.Lat) || math.IsNaN(g.Lon):
		return nil, errors.New("the position is not given in numbers and was left out")
	case math.Abs(g.Lat) > 90 || math.Abs(g.Lon) > 180:
		return nil, fmt.Errorf("the position %g, %g is not on Earth and was left out", g.Lat, g.Lon)
	case g.Lat == 0 && g.Lon == 0:
		return nil, errors.New("the position 0, 0 is what cameras write without a fix and was left out")
	}
	if math.IsNaN(g.Alt) || math.Abs(g.Alt) > 1e5 {
		g.Alt = 0
	}
	return &g, nil
}
