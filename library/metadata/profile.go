package metadata

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"descry/internal/container"
	"descry/library/decode"
	"descry/library/decode/jpegseg"
)

// maxProfile bounds how much of a compressed or divided colour profile is read.
const maxProfile = 4 << 20

// iccProfile finds the ICC profile of a file, nil where it has none.
func iccProfile(format string, data []byte) (profile []byte) {
	switch format {
	case decode.JPEG:
		return jpegProfile(data)
	case decode.PNG:
		_ = container.PNG(data, func(kind string, body []byte) bool {
			if kind == "iCCP" {
				if _, rest, ok := bytes.Cut(body, []byte{0}); ok && len(rest) > 1 {
					profile = inflate(rest[1:], maxProfile)
				}
			}
			return profile == nil && kind != "IDAT"
		})
	case decode.WebP:
		riffChunks(data, func(kind string, body []byte) {
			if kind == "ICCP" {
				profile = body
			}
		})
	}
	return profile
}

// jpegProfile puts the profile together from its segments.
func jpegProfile(data []byte) []byte {
	const header = "ICC_PROFILE\x00"
	var segments [][]byte // each from its number on
	size := 0
	_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		if b, ok := bytes.CutPrefix(s.Data, []byte(header)); ok && s.Marker == jpegseg.APP2 && len(b) > 2 && size < maxProfile {
			segments = append(segments, b)
			size += len(b)
		}
		return s.Marker != jpegseg.SOS
	})
	if len(segments) == 1 {
		return segments[0][2:]
	}
	slices.SortStableFunc(segments, func(a, b []byte) int { return int(a[0]) - int(b[0]) })
	var profile []byte
	for _, s := range segments {
		profile = append(profile, s[2:]...)
	}
	return profile
}

// profileName is the description of an ICC profile (ICC.1, "desc"), "" where it has none.
func profileName(profile []byte) string {
	const header, entry = 128, 12
	if len(profile) < header+4 {
		return ""
	}
	be := binary.BigEndian
	table := profile[header+4:]
	for range be.Uint32(profile[header:]) {
		if len(table) < entry {
			return ""
		}
		if string(table[:4]) == "desc" {
			at, n := uint64(be.Uint32(table[4:])), uint64(be.Uint32(table[8:]))
			if at > uint64(len(profile)) || n > uint64(len(profile))-at {
				return ""
			}
			return clean(descriptionText(profile[at:at+n]), maxShort)
		}
		table = table[entry:]
	}
	return ""
}

// descriptionText reads a description: ASCII up to version 2, later UTF-16 in several
// languages, of which English is taken where it is there.
func descriptionText(b []byte) string {
	be := binary.BigEndian
	switch {
	case len(b) < 12:
	case string(b[:4]) == "desc":
		text, _, _ := bytes.Cut(b[12:min(uint64(len(b)), 12+uint64(be.Uint32(b[8:])))], []byte{0})
		return string(text)
	case string(b[:4]) == "mluc" && len(b) >= 16:
		var found string
		records := b[16:]
		for range be.Uint32(b[8:]) {
			if len(records) < 12 {
				break
			}
			at, n := uint64(be.Uint32(records[8:])), uint64(be.Uint32(records[4:]))
			english := string(records[:2]) == "en"
			records = records[12:]
			if at > uint64(len(b)) || n > uint64(len(b))-at || found != "" && !english {
				continue
			}
			units := make([]uint16, min(n/2, maxShort))
			for i := range units {
				units[i] = be.Uint16(b[at+2*uint64(i):])
			}
			if found = string(utf16.Decode(units)); english {
				break
			}
		}
		return found
	}
	return ""
}
