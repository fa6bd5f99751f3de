package video

import (
	"errors"
	"strings"
	"testing"
	"time"

	"descry/library"
	"descry/library/decode"
)

func TestPlace(t *testing.T) {
	for text, want := range map[string]*library.GPS{
		"+48.8577+002.295+035/":            {Lat: 48.8577, Lon: 2.295, Alt: 35},
		"-33.9-070.5/":                     {Lat: -33.9, Lon: -70.5},
		"+27.5916+086.5640+8850CRSWGS_84/": {Lat: 27.5916, Lon: 86.564, Alt: 8850},
		"":                                 nil, "Paris": nil, "+48.8/": nil, "+91+0/": nil, "+00.0000+000.0000/": nil, "+1+": nil, "+NaN+NaN/": nil, "++1": nil,
	} {
		got := place(text)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]string{
		"2023-05-06T07:08:09.000000Z": "2023-05-06T07:08:09Z",
		"2023-05-06T09:08:09+0200":    "2023-05-06T09:08:09+02:00",
		"2023-05-06T09:08:09+02:00":   "2023-05-06T09:08:09+02:00",
		"1904-01-01T00:00:00Z":        "", "1970-01-01T00:00:00Z": "", "yesterday": "", "": "",
	} {
		got, ok := moment(text)
		if ok != (want != "") || ok && got.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, want %q", text, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for d, want := range map[time.Duration][]time.Duration{
		300 * time.Millisecond:  {150 * time.Millisecond},
		2500 * time.Millisecond: {625 * time.Millisecond, 1875 * time.Millisecond},
		time.Hour:               {10 * time.Minute, 30 * time.Minute, 50 * time.Minute},
		0:                       {0, time.Second, 3 * time.Second},
	} {
		got := times(d, 3)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", d, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", d, got, want)
				break
			}
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"streams":[{"index":0,"codec_type":"video","width":640,"height":426,"sample_aspect_ratio":"3408:3415","duration":"4.2",` +
		`"tags":{"creation_time":"2023-05-06T07:08:09Z"},"side_data_list":[{"rotation":-90}]}],"format":{"tags":{"location":"+1+2/"}}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v Video
		if err := v.read(data); err != nil {
			if !errors.Is(err, decode.ErrDamaged) {
				t.Errorf("error %v", err)
			}
			return
		}
		m := v.Metadata
		if m.Width < 1 || m.Height < 1 || m.Duration < 0 || strings.ContainsAny(m.Title+m.Make+m.Pair, "\n\x00") {
			t.Errorf("%+v", m)
		}
		if w, h := v.size(100); w < 1 || h < 1 {
			t.Errorf("frames of %d × %d", w, h)
		}
		if n := len(times(m.Duration, 8)); n < 1 || n > 8 {
			t.Errorf("%d frames of %s", n, m.Duration)
		}
	})
}
