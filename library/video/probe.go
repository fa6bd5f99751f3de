package video

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"descry/library"
	"descry/library/decode"
)

const (
	maxText = 1000    // characters of a text that are kept
	maxSide = 1 << 20 // pixels of a side that any frame has
)

// report is the part of ffprobe's answer that is used here.
type report struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
}

type stream struct {
	Index       int               `json:"index"`
	Kind        string            `json:"codec_type"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	Aspect      string            `json:"sample_aspect_ratio"`
	Duration    string            `json:"duration"`
	Rate        string            `json:"avg_frame_rate"`
	Matrix      string            `json:"color_space"`
	Transfer    string            `json:"color_transfer"`
	Primaries   string            `json:"color_primaries"`
	Tags        map[string]string `json:"tags"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// read takes in what ffprobe reports.
func (v *Video) read(data []byte) error {
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("%w: ffprobe's report: %w", decode.ErrDamaged, err)
	}
	var s *stream
	for i := range r.Streams {
		if c := &r.Streams[i]; c.Kind == "video" && c.Disposition.Cover == 0 && c.Width > 0 && c.Height > 0 && c.Width <= maxSide && c.Height <= maxSide {
			s = c
			break
		}
	}
	if s == nil {
		return fmt.Errorf("%w: there is no picture in it, only sound or nothing", decode.ErrDamaged)
	}
	v.stream, v.matrix, v.transfer, v.primaries = s.Index, s.Matrix, s.Transfer, s.Primaries
	if n, d := ratio(s.Rate, "/"); n > 0 && d > 0 && n/d < 1e6 {
		v.rate = n / d
	}

	m := &v.Metadata
	m.Orientation = 1
	m.Width, m.Height = upright(s)
	m.Duration = max(seconds(s.Duration), 0)
	if m.Duration == 0 {
		m.Duration = max(seconds(r.Format.Duration), 0)
	}
	describe(m, merge(r.Format.Tags, s.Tags))
	return nil
}

// upright returns the size of a stream's picture as it is to be seen.
func upright(s *stream) (width, height int) {
	width, height = s.Width, s.Height
	// Nothing is filmed with pixels longer than this; 0:1 means unknown.
	if n, d := ratio(s.Aspect, ":"); n > 0 && d > 0 && n/d > 0.1 && n/d < 10 {
		width = max(int(math.Round(float64(width)*n/d)), 1)
	}
	turn := 0.0
	for _, side := range s.Side {
		if side.Rotation != 0 {
			turn = side.Rotation
		}
	}
	if math.Mod(math.Abs(math.Round(turn)), 180) == 90 {
		width, height = height, width
	}
	return width, height
}

// ratio reads two numbers; what is none counts as 0.
func ratio(text, sep string) (n, d float64) {
	a, b, _ := strings.Cut(text, sep)
	n, _ = strconv.ParseFloat(a, 64)
	d, _ = strconv.ParseFloat(b, 64)
	return n, d
}

// merge puts the tags of the file and of the stream together under lower-case names; the
// file's count first.
func merge(file, stream map[string]string) map[string]string {
	tags := make(map[string]string, len(file)+len(stream))
	for _, from := range []map[string]string{stream, file} {
		for k, text := range from {
			tags[strings.ToLower(k)] = text
		}
	}
	return tags
}

// describe fills in what the tags say.
func describe(m *library.Metadata, tags map[string]string) {
	first := func(names ...string) string {
		for _, n := range names {
			if text := clean(tags[n]); text != "" {
				return text
			}
		}
		return ""
	}
	// The first of these carries the zone of the place; the others are in UTC.
	for _, name := range []string{"com.apple.quicktime.creationdate", "creation_time", "date"} {
		if when, ok := moment(tags[name]); ok {
			m.Taken, m.HasZone = when, true
			break
		}
	}
	m.Make = first("com.apple.quicktime.make", "com.android.manufacturer", "make", "manufacturer")
	m.Model = first("com.apple.quicktime.model", "com.android.model", "model")
	m.Title = first("com.apple.quicktime.title", "com.apple.quicktime.displayname", "title")
	m.Description = first("com.apple.quicktime.description", "description", "synopsis", "comment")
	m.Pair = first("com.apple.quicktime.content.identifier")
	m.GPS = place(first("com.apple.quicktime.location.iso6709", "location", "location-eng"))
}

// moment reads a time with its zone. Cameras whose clock was never set say 1904 or 1970.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05"} {
		if when, err := time.Parse(layout, strings.TrimSpace(text)); err == nil && when.Year() > 1971 && when.Year() < 9999 {
			return when, true
		}
	}
	return time.Time{}, false
}

// place reads a point as ISO 6709 writes it: latitude and longitude in degrees, with an
// optional height in metres, each with its sign: "+48.8577+002.2950+035/".
func place(text string) *library.GPS {
	text, _, _ = strings.Cut(text, "CRS")
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	var numbers []float64
	for len(text) > 0 && len(numbers) < 3 {
		if text[0] != '+' && text[0] != '-' {
			return nil
		}
		end := strings.IndexAny(text[1:], "+-") + 1
		if end == 0 {
			end = len(text)
		}
		n, err := strconv.ParseFloat(text[:end], 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil
		}
		numbers, text = append(numbers, n), text[end:]
	}
	if len(numbers) < 2 || math.Abs(numbers[0]) > 90 || math.Abs(numbers[1]) > 180 || numbers[0] == 0 && numbers[1] == 0 {
		return nil
	}
	g := &library.GPS{Lat: numbers[0], Lon: numbers[1]}
	if len(numbers) == 3 {
		g.Alt = numbers[2]
	}
	return g
}

// seconds reads a length of time, 0 where there is none.
func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s > 0 && s < 1e8) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// clean takes what is no text out of a text and cuts it to maxText characters.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(text)
	n := 0
	for i := range text {
		if n++; n > maxText {
			return text[:i]
		}
	}
	return text
}
