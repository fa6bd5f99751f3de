package contentid

import (
	"bytes"
	"encoding/binary"
	"slices"

	"descry/internal/container"
	"descry/library/decode/jpegseg"
)

const iccHeader = "ICC_PROFILE\x00"

// hashJPEG hashes the colour profile, Adobe's colour transform, and then every segment and
// all coded data in file order, without the other APPn segments and comments. What
// follows the end-of-image marker is not looked at.
func hashJPEG(d *digest, data []byte) error {
	var icc [][]byte // each with its header, sequence number and count
	var adobe []byte
	type part struct {
		label string
		data  []byte
	}
	var parts []part
	var scans int
	_, err := jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		switch {
		case s.Marker == jpegseg.APP2 && bytes.HasPrefix(s.Data, []byte(iccHeader)) && len(s.Data) >= len(iccHeader)+2:
			icc = append(icc, s.Data)
		case s.Marker == jpegseg.APP14 && bytes.HasPrefix(s.Data, []byte("Adobe")) && len(s.Data) >= 12:
			adobe = s.Data[11:12]
		case s.Marker >= jpegseg.APP0 && s.Marker <= jpegseg.APP15, s.Marker == jpegseg.COM:
		case s.Marker == jpegseg.Entropy:
			scans++
			parts = append(parts, part{"scan", s.Data})
		default:
			parts = append(parts, part{string([]byte{s.Marker}), s.Data})
		}
		return true
	})
	if err != nil || scans == 0 {
		return errMalformed
	}
	if len(icc) > 0 {
		slices.SortStableFunc(icc, func(a, b []byte) int { return int(a[len(iccHeader)]) - int(b[len(iccHeader)]) })
		pieces := make([][]byte, len(icc))
		for i, s := range icc {
			pieces[i] = s[len(iccHeader)+2:]
		}
		d.part("icc", pieces...)
	}
	if adobe != nil {
		d.part("adobe", adobe)
	}
	for _, p := range parts {
		d.part(p.label, p.data)
	}
	return nil
}

// pngChunks are the chunks that decide what is seen: the critical ones, transparency,
// colour, and the frames of an animation.
var pngChunks = map[string]bool{
	"IHDR": true, "PLTE": true, "tRNS": true,
	"gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "cICP": true, "mDCV": true, "cLLI": true,
	"acTL": true, "fcTL": true, "fdAT": true,
}

// hashPNG hashes the chunks named in pngChunks and the image data in file order; how the
// image data is cut into chunks makes no difference. What follows IEND is not looked at.
func hashPNG(d *digest, data []byte) error {
	var idat [][]byte
	err := container.PNG(data, func(kind string, body []byte) bool {
		switch {
		case kind == "IDAT":
			if idat == nil { // an animation's chunks mean something else before it than behind
				d.part(kind)
			}
			idat = append(idat, body)
		case kind == "IEND":
			return false
		case pngChunks[kind] || kind[0]&0x20 == 0: // an upper-case letter marks critical chunks
			d.part(kind, body)
		}
		return true
	})
	if err != nil || len(idat) == 0 {
		return errMalformed
	}
	d.part("data", idat...)
	return nil
}

// hashWebP hashes the chunks that hold pixels, frames or a colour profile. The VP8X chunk
// appears when metadata is added, so only an animation's canvas size is taken from it.
func hashWebP(d *digest, data []byte) error {
	size := uint64(binary.LittleEndian.Uint32(data[4:]))
	if size < 4 || size > uint64(len(data)-8) {
		return errMalformed
	}
	pictures := 0
	bad := false
	err := container.RIFF(data[12:8+size], func(kind string, body []byte) bool {
		switch kind {
		case "VP8X":
			const animation = 0x02
			if bad = len(body) < 10; bad {
				return false
			}
			if body[0]&animation != 0 {
				d.part("canvas", body[4:10])
			}
		case "VP8 ", "VP8L", "ANMF":
			pictures++
			d.part(kind, body)
		case "ALPH", "ANIM", "ICCP":
			d.part(kind, body)
		}
		return true
	})
	if err != nil || bad || pictures == 0 {
		return errMalformed
	}
	return nil
}

// hashGIF hashes everything but comments and those application blocks that do not change
// what is seen (XMP, for one). The version is left out: writing a comment raises it.
func hashGIF(d *digest, data []byte) error {
	if len(data) < 13 {
		return errMalformed
	}
	table := func(flags byte) int { // bytes of the colour table that follows
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	p := 13 + table(data[10])
	if p > len(data) {
		return errMalformed
	}
	d.part("screen", data[6:p])
	pictures := 0
	for {
		if p >= len(data) {
			return errMalformed
		}
		start := p
		switch data[p] {
		case 0x3B: // trailer
			if pictures == 0 {
				return errMalformed
			}
			return nil
		case 0x2C: // picture
			if len(data)-p < 10 {
				return errMalformed
			}
			body := p + 10 + table(data[p+9]) + 1 // the code size comes before the blocks
			end := gifBlocks(data, body)
			if end < 0 {
				return errMalformed
			}
			d.part("picture", data[start:end])
			pictures++
			p = end
		case 0x21: // extension
			if len(data)-p < 2 {
				return errMalformed
			}
			label := data[p+1]
			end := gifBlocks(data, p+2)
			if end < 0 {
				return errMalformed
			}
			if label != 0xFE && (label != 0xFF || gifApplication(data[p+2:end])) {
				d.part("extension", data[start:end])
			}
			p = end
		default:
			return errMalformed
		}
	}
}

// gifApplication reports whether an application extension changes what is seen.
func gifApplication(blocks []byte) bool {
	if len(blocks) < 12 || blocks[0] != 11 {
		return true
	}
	switch string(blocks[1:12]) {
	case "NETSCAPE2.0", "ANIMEXTS1.0", "ICCRGBG1012":
		return true
	}
	return false
}

// gifBlocks returns the offset behind the data blocks that start at p, or -1.
func gifBlocks(data []byte, p int) int {
	for p < len(data) {
		n := int(data[p])
		p += 1 + n
		if n == 0 {
			return p
		}
	}
	return -1
}
