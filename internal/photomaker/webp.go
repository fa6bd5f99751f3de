package photomaker

import (
	"image"
	"image/color"
	"math/bits"
)

// bitWriter writes bits, the least significant first.
type bitWriter struct {
	out  []byte
	acc  uint64
	have uint
}

func (w *bitWriter) write(v uint64, n uint) {
	w.acc |= v << w.have
	w.have += n
	for w.have >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.have -= 8
	}
}

// vp8l encodes img as a lossless WebP bitstream that compresses nothing: every channel
// has a code of 8 bits for each of its values.
func vp8l(img image.Image) []byte {
	b := img.Bounds()
	w := &bitWriter{}
	w.write(0x2F, 8)
	w.write(uint64(b.Dx()-1), 14)
	w.write(uint64(b.Dy()-1), 14)
	w.write(1, 1) // alpha may be there
	w.write(0, 3) // version
	w.write(0, 3) // no transform, no colour cache, one group of codes
	for channel := range 5 {
		if channel == 4 { // distances do not occur: one symbol, 0
			w.write(1, 1)
			w.write(0, 3)
			break
		}
		// Code lengths are 8 for the 256 values and, for green, 0 for the 24 lengths of
		// repeats. These two lengths are themselves coded in one bit each; their places in
		// the format's order (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8) are 2 and 11.
		w.write(0, 1)
		w.write(12-4, 4)
		for i := range 12 {
			if i == 2 || i == 11 {
				w.write(1, 3)
			} else {
				w.write(0, 3)
			}
		}
		w.write(0, 1) // lengths for the whole alphabet follow
		for range 256 {
			w.write(1, 1)
		}
		if channel == 0 {
			w.write(0, 24)
		}
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			for _, v := range [4]uint8{c.G, c.R, c.B, c.A} {
				w.write(uint64(bits.Reverse8(v)), 8)
			}
		}
	}
	w.write(0, 7) // flush
	return w.out
}
