package metadata

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stamp is a time as a file gives it: date, maybe clock, fraction and zone, in any of the
// spellings of EXIF, XMP and IPTC.
var stamp = regexp.MustCompile(`^(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})` +
	`(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}:?\d{2})?$`)

var zone = regexp.MustCompile(`^(Z|[+-]\d{2}:?\d{2})`)

// errNoTime says that a text is no time.
var errNoTime = errors.New("no such time")

// taken is when the photo was taken by the camera's clock. The zone is known only where
// the file says so.
func (t *tags) taken() (taken time.Time, hasZone bool, err error) {
	var bad string
	for _, c := range []struct{ text, offset, fraction string }{
		{t.exifText("DateTimeOriginal"), t.exifText("OffsetTimeOriginal", t.exifText("OffsetTime")), t.exifText("SubSecTimeOriginal")},
		{t.xmp.text(nsExif, "DateTimeOriginal"), "", ""},
		{t.xmp.text(nsPhotoshop, "DateCreated"), "", ""},
		{t.exifText("CreateDate"), t.exifText("OffsetTimeDigitized", t.exifText("OffsetTime")), t.exifText("SubSecTimeDigitized")},
		{t.iptcText("DateCreated") + " " + t.iptcText("TimeCreated"), "", ""},
		{t.xmp.text(nsXMP, "CreateDate"), "", ""},
		{t.exifText("ModifyDate"), t.exifText("OffsetTime"), t.exifText("SubSecTime")},
		{t.png["Creation Time"], "", ""},
	} {
		if strings.Trim(c.text, "0:-/. \x00") == "" {
			continue
		}
		at, zoned, err := parseTime(c.text, c.offset, c.fraction)
		if err != nil {
			if bad == "" {
				bad = c.text
			}
			continue
		}
		if !zoned {
			at, zoned = t.sameInstant(at)
		}
		return at, zoned, nil
	}
	if bad != "" {
		return time.Time{}, false, fmt.Errorf("the time %q is not a time and was left out", clean(bad, 40))
	}
	return time.Time{}, false, nil
}

// sameInstant gives at the zone that XMP states for the same clock time.
func (t *tags) sameInstant(at time.Time) (time.Time, bool) {
	for _, text := range []string{t.xmp.text(nsExif, "DateTimeOriginal"), t.xmp.text(nsPhotoshop, "DateCreated"), t.xmp.text(nsXMP, "CreateDate")} {
		other, zoned, err := parseTime(text, "", "")
		if err != nil || !zoned {
			continue
		}
		if other.Format(time.DateTime) == at.Format(time.DateTime) {
			return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), other.Location()), true
		}
	}
	return at, false
}

// parseTime parses text; offset ("+02:00") and fraction ("123") add what text does not
// say. Years before 1800 and after 2200 are no time of a photo.
func parseTime(text, offset, fraction string) (at time.Time, zoned bool, err error) {
	m := stamp.FindStringSubmatch(strings.TrimSpace(clean(text, 64)))
	if m == nil {
		return time.Time{}, false, errNoTime
	}
	var n [7]int
	for i := 1; i <= 6; i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	year, month, day, hour, minute, second := n[1], n[2], n[3], n[4], n[5], n[6]
	if second == 60 { // a leap second; the clock shows 59 again everywhere else
		second = 59
	}
	if m[7] != "" {
		fraction = m[7]
	}
	var nanos int
	if f, err := strconv.ParseFloat("0."+fraction, 64); err == nil && f < 1 {
		nanos = int(math.Round(f * 1e9))
	}
	loc := time.UTC
	for _, z := range []string{m[8], zone.FindString(strings.TrimSpace(offset))} {
		if seconds, ok := zoneSeconds(z); ok {
			zoned = true
			if seconds != 0 {
				loc = time.FixedZone(fmt.Sprintf("UTC%+03d:%02d", seconds/3600, abs(seconds)/60%60), seconds)
			}
			break
		}
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, nanos, loc)
	if year < 1800 || year > 2200 || at.Year() != year || at.Month() != time.Month(month) || at.Day() != day ||
		at.Hour() != hour || at.Minute() != minute {
		return time.Time{}, false, errNoTime
	}
	return at, zoned, nil
}

// zoneSeconds parses "Z", "+02:00" or "+0200" to seconds east of UTC.
func zoneSeconds(z string) (int, bool) {
	if z == "Z" {
		return 0, true
	}
	if len(z) < 5 {
		return 0, false
	}
	h, err1 := strconv.Atoi(z[1:3])
	m, err2 := strconv.Atoi(z[len(z)-2:])
	if err1 != nil || err2 != nil || h > 15 || m > 59 {
		return 0, false
	}
	s := h*3600 + m*60
	if z[0] == '-' {
		s = -s
	}
	return s, true
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
