package decode

import (
	"bytes"
	"compress/zlib"
	"io"

	"descry/internal/container"
	"descry/library/decode/jpegseg"
)

// Profile returns the ICC profile in a JPEG, PNG or WebP file, nil where it has none that
// can be read.
func Profile(format string, data []byte) []byte {
	switch format {
	case JPEG:
		return jpegProfile(data)
	case PNG:
		return pngProfile(data)
	case WebP:
		return webpProfile(data)
	}
	return nil
}

// jpegProfile returns the ICC profile of a JPEG, put together from its segments (ICC.1,
// annex B.4), nil where it has none or a part of it is missing.
func jpegProfile(data []byte) []byte {
	const header = "ICC_PROFILE\x00"
	var parts [256][]byte
	count, found := 0, 0
	_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		if s.Marker == jpegseg.APP2 && bytes.HasPrefix(s.Data, []byte(header)) && len(s.Data) > len(header)+2 {
			number := s.Data[len(header)]
			if parts[number] == nil {
				found++
			}
			parts[number], count = s.Data[len(header)+2:], int(s.Data[len(header)+1])
		}
		return s.Marker != jpegseg.SOS
	})
	if found == 0 || found < count {
		return nil
	}
	return bytes.Join(parts[:], nil)
}

// pngProfile returns the profile of a PNG file.
func pngProfile(data []byte) (profile []byte) {
	const most = 8 << 20 // bytes, inflated
	_ = container.PNG(data, func(kind string, body []byte) bool {
		// A name, a zero byte, and a byte for the compression, which is always zlib's.
		if _, packed, ok := bytes.Cut(body, []byte{0}); kind == "iCCP" && ok && len(packed) > 1 {
			if z, err := zlib.NewReader(bytes.NewReader(packed[1:])); err == nil {
				if profile, err = io.ReadAll(io.LimitReader(z, most)); err != nil {
					profile = nil
				}
			}
		}
		return kind != "iCCP" && kind != "IDAT"
	})
	return profile
}

// webpProfile returns the profile of a WebP file.
func webpProfile(data []byte) (profile []byte) {
	const header = 12
	_ = container.RIFF(data[min(header, len(data)):], func(kind string, body []byte) bool {
		if kind == "ICCP" {
			profile = body
		}
		return kind != "ICCP" && kind != "VP8 " && kind != "VP8L" && kind != "ANMF"
	})
	return profile
}
