package decode_test

import (
	"testing"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/decode"
)

// bits writes numbers as the codestream holds them: value, width, value, width …
func bits(pairs ...uint32) []byte {
	out := make([]byte, 0, 16)
	n := 0
	for i := 0; i < len(pairs); i += 2 {
		for b := range pairs[i+1] {
			if n%8 == 0 {
				out = append(out, 0)
			}
			out[n/8] |= byte(pairs[i]>>b&1) << (n % 8)
			n++
		}
	}
	return append(out, 0, 0)
}

func TestSizeOfJPEGXL(t *testing.T) {
	for name, c := range map[string]struct {
		header        []byte
		width, height int
	}{
		"eighths":         {bits(1, 1, 11, 5, 0, 3, 15, 5, 1, 1), 128, 96},
		"eighths, square": {bits(1, 1, 11, 5, 1, 3, 1, 1), 96, 96},
		"9 bits":          {bits(0, 1, 0, 2, 198, 9, 0, 3, 0, 2, 300, 9, 1, 1), 301, 199},
		"13 and 18 bits":  {bits(0, 1, 1, 2, 2999, 13, 0, 3, 2, 2, 9999, 18, 1, 1), 10000, 3000},
		"30 bits":         {bits(0, 1, 3, 2, 1<<20-1, 30, 1, 3, 1, 1), 1 << 20, 1 << 20},
		"4 to 3":          {bits(0, 1, 1, 2, 2999, 13, 3, 3, 1, 1), 4000, 3000},
		"16 to 9":         {bits(0, 1, 1, 2, 1079, 13, 5, 3, 1, 1), 1920, 1080},
		"2 to 1":          {bits(0, 1, 0, 2, 99, 9, 7, 3, 1, 1), 200, 100},
		"turned":          {bits(0, 1, 0, 2, 198, 9, 0, 3, 0, 2, 300, 9, 0, 1, 1, 1, 5, 3), 199, 301},
		"upside down":     {bits(0, 1, 0, 2, 198, 9, 0, 3, 0, 2, 300, 9, 0, 1, 1, 1, 2, 3), 301, 199},
	} {
		stream := append([]byte{0xff, 0x0a}, c.header...)
		for kind, data := range map[string][]byte{"bare": stream, "in boxes": photomaker.JXL(stream, 1, library.Metadata{Make: "Canon"})} {
			info, err := decode.Probe(data)
			if err != nil || info.Format != decode.JXL || info.Width != c.width || info.Height != c.height {
				t.Errorf("%s, %s: %+v, %v, want %d × %d", name, kind, info, err, c.width, c.height)
			}
		}
	}
}

func FuzzSizeOfJPEGXL(f *testing.F) {
	f.Add([]byte{0xff, 0x0a, 0x41, 0x06, 0x00})
	f.Add(photomaker.JXL([]byte{0xff, 0x0a, 0x41, 0x06, 0x00, 0x01, 0x02, 0x03}, 2, library.Metadata{Make: "Canon"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if decode.Sniff(data) != decode.JXL {
			return
		}
		info, err := decode.Probe(data)
		if err == nil && (info.Width <= 0 || info.Height <= 0) {
			t.Errorf("%+v", info)
		}
	})
}
