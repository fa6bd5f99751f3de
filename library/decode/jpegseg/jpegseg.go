// Package jpegseg walks the marker segments of a JPEG file (ITU-T T.81, annex B) without
// decoding pixels. Decoding uses it to know size and colour model before anything is
// allocated, identity to tell picture data from metadata.
package jpegseg

import (
	"bytes"
	"errors"
)

// Markers that matter here.
const (
	SOI   = 0xD8
	EOI   = 0xD9
	SOS   = 0xDA
	APP0  = 0xE0
	APP1  = 0xE1
	APP2  = 0xE2
	APP13 = 0xED
	APP14 = 0xEE
	APP15 = 0xEF
	COM   = 0xFE

	// Entropy is no marker: it is the Marker of the coded data that follows SOS.
	Entropy = 0x00
)

// Errors of Walk and ReadFrame.
var (
	// ErrNotJPEG says that the data does not start as a JPEG file does.
	ErrNotJPEG = errors.New("not a JPEG file")
	// ErrTruncated says that the data ends before the end-of-image marker.
	ErrTruncated = errors.New("the JPEG file ends too early")
	// ErrDamaged says that a segment is impossible.
	ErrDamaged = errors.New("the JPEG file is damaged")
)

// Segment is one marker with its payload. Data excludes the marker and the length, and
// starts at Offset in the file.
type Segment struct {
	Marker byte // 0xFF is implied; Entropy for coded data, restart markers included
	Data   []byte
	Offset int
}

// Walk calls fn for every segment between the start-of-image and the end-of-image
// marker, in file order, until fn returns false. It returns the offset behind the last
// byte looked at, which after the end-of-image marker is where trailers start. Bytes
// between segments that belong to none are skipped, as decoders do.
func Walk(data []byte, fn func(Segment) bool) (end int, err error) {
	if len(data) < 2 || data[0] != 0xFF || data[1] != SOI {
		return 0, ErrNotJPEG
	}
	p := 2
	for {
		marker, next := nextMarker(data, p)
		if next < 0 {
			return len(data), ErrTruncated
		}
		p = next
		switch {
		case marker == EOI:
			return p, nil
		case marker == SOI:
			return p, ErrDamaged
		case marker == 0x01 || marker >= 0xD0 && marker <= 0xD7:
			if !fn(Segment{Marker: marker, Offset: p}) {
				return p, nil
			}
			continue
		}
		if len(data)-p < 2 {
			return len(data), ErrTruncated
		}
		n := int(data[p])<<8 | int(data[p+1])
		if n < 2 {
			return p, ErrDamaged
		}
		if len(data)-p < n {
			return len(data), ErrTruncated
		}
		s := Segment{Marker: marker, Data: data[p+2 : p+n], Offset: p + 2}
		p += n
		if !fn(s) {
			return p, nil
		}
		if marker == SOS {
			stop := entropyEnd(data, p)
			if !fn(Segment{Marker: Entropy, Data: data[p:stop], Offset: p}) {
				return stop, nil
			}
			p = stop
		}
	}
}

// nextMarker finds the marker at or after p and the offset behind it, or -1.
func nextMarker(data []byte, p int) (marker byte, next int) {
	for p < len(data) {
		i := bytes.IndexByte(data[p:], 0xFF)
		if i < 0 {
			return 0, -1
		}
		p += i + 1
		for p < len(data) && data[p] == 0xFF {
			p++
		}
		if p >= len(data) {
			return 0, -1
		}
		if data[p] != 0 {
			return data[p], p + 1
		}
		p++
	}
	return 0, -1
}

// entropyEnd returns the offset of the marker that ends the coded data starting at p, or
// the end of the data.
func entropyEnd(data []byte, p int) int {
	for p < len(data) {
		i := bytes.IndexByte(data[p:], 0xFF)
		if i < 0 || p+i+1 >= len(data) {
			return len(data)
		}
		p += i
		switch m := data[p+1]; {
		case m == 0 || m >= 0xD0 && m <= 0xD7:
			p += 2
		case m == 0xFF:
			p++
		default:
			return p
		}
	}
	return len(data)
}

// Frame is what the headers say of the picture.
type Frame struct {
	SOF              byte // the start-of-frame marker: 0xC0 baseline, 0xC2 progressive, ...
	Precision        int  // bits per sample
	Width, Height    int  // pixels
	Components       int
	Adobe            bool // an Adobe APP14 segment is there
	AdobeTransform   int  // 0 none, 1 YCbCr, 2 YCCK
	FirstScan        int  // offset behind the first SOS header
	RestartIntervals bool // the coded data has restart markers
}

// Lossless reports whether the frame is coded without DCT, which few decoders read.
func (f Frame) Lossless() bool {
	return f.SOF == 0xC3 || f.SOF == 0xC7 || f.SOF == 0xCB || f.SOF == 0xCF
}

// ReadFrame reads the headers up to the first scan.
func ReadFrame(data []byte) (Frame, error) {
	var f Frame
	var bad bool
	var sos bool
	end, err := Walk(data, func(s Segment) bool {
		switch {
		case s.Marker == SOS:
			sos = true
			return false
		case s.Marker == APP14 && bytes.HasPrefix(s.Data, []byte("Adobe")) && len(s.Data) >= 12:
			f.Adobe = true
			f.AdobeTransform = int(s.Data[11])
		case s.Marker == 0xDD && len(s.Data) >= 2:
			f.RestartIntervals = s.Data[0] != 0 || s.Data[1] != 0
		case isSOF(s.Marker):
			if len(s.Data) < 6 || f.SOF != 0 {
				bad = true
				return false
			}
			f.SOF = s.Marker
			f.Precision = int(s.Data[0])
			f.Height = int(s.Data[1])<<8 | int(s.Data[2])
			f.Width = int(s.Data[3])<<8 | int(s.Data[4])
			f.Components = int(s.Data[5])
		}
		return true
	})
	switch {
	case bad:
		return f, ErrDamaged
	case err != nil:
		return f, err
	case !sos || f.SOF == 0 || f.Width == 0 || f.Height == 0 || f.Components == 0:
		return f, ErrDamaged
	}
	f.FirstScan = end
	return f, nil
}

func isSOF(m byte) bool {
	return m >= 0xC0 && m <= 0xCF && m != 0xC4 && m != 0xC8 && m != 0xCC
}
