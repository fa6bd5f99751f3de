package resample

import "encoding/binary"

// plain does the passes in Go.
type plain struct{}

func (plain) across(dst, src []byte, stride, rows int, t table) {
	width := 0
	for i, f := range t.first {
		start := int32(0)
		if i > 0 {
			start = t.end[i-1]
		}
		width = max(width, int(f+t.end[i]-start))
	}
	// Two channels share one number, 32 bits apart, so that one multiplication does both.
	redBlue, greenAlpha := make([]int64, width), make([]int64, width)
	for y := range rows {
		row := src[y*stride:][:4*width]
		for i := range redBlue {
			v := int64(binary.LittleEndian.Uint32(row[4*i:]))
			redBlue[i], greenAlpha[i] = v&0xFF|v&0xFF0000<<16, v>>8&0xFF|v>>24<<32
		}
		out := dst[4*len(t.first)*y:][:4*len(t.first)]
		start := int32(0)
		for i, first := range t.first {
			weights := t.weights[start:t.end[i]]
			start = t.end[i]
			rb, ga := int64(half|half<<32), int64(half|half<<32)
			xs, ys := redBlue[first:][:len(weights)], greenAlpha[first:][:len(weights)]
			for k, w := range weights {
				rb += xs[k] * int64(w)
				ga += ys[k] * int64(w)
			}
			// What the lower number borrowed from the upper is given back.
			r, g := int32(rb), int32(ga)
			p := out[4*i : 4*i+4 : 4*i+4]
			p[0], p[1] = clip(r), clip(g)
			p[2], p[3] = clip(int32((rb-int64(r))>>32)), clip(int32((ga-int64(g))>>32))
		}
	}
}

func (plain) down(dst, src []byte, line int, t table) {
	sums := make([]int32, line)
	start := int32(0)
	for i, first := range t.first {
		for j := range sums {
			sums[j] = half
		}
		from := line * int(first)
		for _, w := range t.weights[start:t.end[i]] {
			for j, v := range src[from : from+line] {
				sums[j] += int32(v) * w
			}
			from += line
		}
		start = t.end[i]
		out := dst[line*i:][:line]
		for j, v := range sums {
			out[j] = clip(v)
		}
	}
}

// clip takes the fraction off and limits the rest to a byte.
func clip(v int32) byte {
	return byte(min(max(v>>precision, 0), 255))
}
