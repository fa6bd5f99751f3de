package jpegcodec_test

import (
	"math"
	"math/bits"
)

// made describes a JPEG file for tests that no encoder at hand would write.
type made struct {
	w, h        int
	sampling    [][2]int // of each component, across and down
	adobe       int      // colour transform of the Adobe segment; -1: none
	restart     int      // MCUs between restart markers; 0: none
	progressive bool     // the constant terms in a first scan, then the rest of each component

	// sample gives component c at a place of the picture, in pixels, 0 to 255.
	sample func(c int, x, y float64) float64
}

// step is the quantisation of every coefficient.
const step = 3

// zigzag is the order in which coefficients are stored (ITU-T T.81, figure A.6).
var zigzag = func() (order [64]int) {
	i := 0
	for sum := range 15 {
		for k := range sum + 1 {
			x, y := k, sum-k
			if sum%2 == 1 {
				x, y = y, x
			}
			if x < 8 && y < 8 {
				order[i] = 8*y + x
				i++
			}
		}
	}
	return order
}()

type plane struct {
	h, v          int
	across, down  int // blocks, filled up to whole MCUs
	inX, inY      int // blocks that hold some of the picture
	blocks        [][64]int
	predictor, id int
}

// file writes the JPEG file.
func (m made) file() []byte {
	hMax, vMax := 1, 1
	for _, s := range m.sampling {
		hMax, vMax = max(hMax, s[0]), max(vMax, s[1])
	}
	mcusX, mcusY := ceil(m.w, 8*hMax), ceil(m.h, 8*vMax)
	planes := make([]*plane, len(m.sampling))
	for c, s := range m.sampling {
		p := &plane{h: s[0], v: s[1], across: mcusX * s[0], down: mcusY * s[1], id: c + 1}
		p.inX, p.inY = ceil(ceil(m.w*s[0], hMax), 8), ceil(ceil(m.h*s[1], vMax), 8)
		for by := range p.down {
			for bx := range p.across {
				p.blocks = append(p.blocks, m.block(c, 8*bx, 8*by, hMax/s[0], vMax/s[1]))
			}
		}
		planes[c] = p
	}

	out := []byte{0xFF, 0xD8}
	segment := func(marker byte, body ...byte) {
		out = append(out, 0xFF, marker, byte((len(body)+2)>>8), byte(len(body)+2))
		out = append(out, body...)
	}
	if m.adobe >= 0 {
		segment(0xEE, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(m.adobe))...)
	}
	segment(0xDB, append([]byte{0}, repeat(step, 64)...)...)
	head := []byte{8, byte(m.h >> 8), byte(m.h), byte(m.w >> 8), byte(m.w), byte(len(planes))}
	for _, p := range planes {
		head = append(head, byte(p.id), byte(p.h<<4|p.v), 0)
	}
	if m.progressive {
		segment(0xC2, head...)
	} else {
		segment(0xC0, head...)
	}
	// Codes of one length each: 4 bits for the constant terms, 8 for the others.
	dc, ac := make([]byte, 17), make([]byte, 17)
	dc[0], dc[4] = 0x00, 12
	ac[0], ac[8] = 0x10, 162
	for i := range 12 {
		dc = append(dc, byte(i))
	}
	segment(0xC4, dc...)
	segment(0xC4, append(ac, acSymbols...)...)
	if m.restart > 0 {
		segment(0xDD, byte(m.restart>>8), byte(m.restart))
	}

	scan := func(list []*plane, first, last int) {
		body := []byte{byte(len(list))}
		for _, p := range list {
			body = append(body, byte(p.id), 0)
			p.predictor = 0
		}
		segment(0xDA, append(body, byte(first), byte(last), 0)...)
		w := &bitWriter{out: out}
		done := 0
		unit := func(write func()) {
			if m.restart > 0 && done > 0 && done%m.restart == 0 {
				w.flush()
				w.out = append(w.out, 0xFF, byte(0xD0+(done/m.restart-1)%8))
				for _, p := range list {
					p.predictor = 0
				}
			}
			write()
			done++
		}
		if len(list) == 1 { // not interleaved: only the blocks that hold some of the picture
			p := list[0]
			for by := range p.inY {
				for bx := range p.inX {
					unit(func() { p.write(w, by*p.across+bx, first, last) })
				}
			}
		} else {
			for my := range mcusY {
				for mx := range mcusX {
					unit(func() {
						for _, p := range list {
							for i := range p.h * p.v {
								p.write(w, (my*p.v+i/p.h)*p.across+mx*p.h+i%p.h, first, last)
							}
						}
					})
				}
			}
		}
		w.flush()
		out = w.out
	}
	if m.progressive {
		scan(planes, 0, 0)
		for _, p := range planes {
			scan([]*plane{p}, 1, 63)
		}
	} else {
		scan(planes, 0, 63)
	}
	return append(out, 0xFF, 0xD9)
}

// block returns the quantised coefficients of the block of component c at x, y, in samples
// that stand for stepX × stepY pixels each, in zigzag order.
func (m made) block(c, x, y, stepX, stepY int) (out [64]int) {
	var s [64]float64
	for i := range s {
		px := (float64(x+i%8)+0.5)*float64(stepX) - 0.5
		py := (float64(y+i/8)+0.5)*float64(stepY) - 0.5
		s[i] = min(max(m.sample(c, min(px, float64(m.w-1)), min(py, float64(m.h-1))), 0), 255) - 128
	}
	for k, at := range zigzag {
		u, v := at%8, at/8
		var sum float64
		for i, value := range s {
			sum += value * math.Cos(float64(2*(i%8)+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*(i/8)+1)*float64(v)*math.Pi/16)
		}
		if u == 0 {
			sum /= math.Sqrt2
		}
		if v == 0 {
			sum /= math.Sqrt2
		}
		out[k] = int(math.Round(sum / 4 / step))
	}
	return out
}

// write codes coefficients first to last of a block.
func (p *plane) write(w *bitWriter, block, first, last int) {
	b := p.blocks[block]
	if first == 0 {
		d := b[0] - p.predictor
		p.predictor = b[0]
		n := bits.Len(uint(max(d, -d)))
		w.put(n, 4)
		w.number(d, n)
		first = 1
	}
	run := 0
	for k := first; k <= last; k++ {
		v := b[k]
		if v == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			w.put(symbolCode(0xF0), 8)
		}
		n := bits.Len(uint(max(v, -v)))
		w.put(symbolCode(byte(run<<4|n)), 8)
		w.number(v, n)
		run = 0
	}
	if run > 0 {
		w.put(symbolCode(0), 8)
	}
}

// acSymbols are the 162 symbols of AC coefficients: end of block, sixteen zeros, and every
// run with every size.
var acSymbols = func() []byte {
	list := []byte{0x00, 0xF0}
	for run := range 16 {
		for size := 1; size <= 10; size++ {
			list = append(list, byte(run<<4|size))
		}
	}
	return list
}()

func symbolCode(s byte) int {
	switch s {
	case 0x00:
		return 0
	case 0xF0:
		return 1
	}
	return 2 + int(s>>4)*10 + int(s&15) - 1
}

type bitWriter struct {
	out  []byte
	acc  uint32
	have int
}

func (w *bitWriter) put(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | uint32(v>>i&1)
		if w.have++; w.have == 8 {
			w.out = append(w.out, byte(w.acc))
			if byte(w.acc) == 0xFF {
				w.out = append(w.out, 0)
			}
			w.acc, w.have = 0, 0
		}
	}
}

// number writes v in n bits, negative ones less one (ITU-T T.81, F.1.2.1).
func (w *bitWriter) number(v, n int) {
	if v < 0 {
		v += 1<<n - 1
	}
	w.put(v, n)
}

func (w *bitWriter) flush() {
	for w.have != 0 {
		w.put(1, 1)
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

func repeat(v byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = v
	}
	return out
}
