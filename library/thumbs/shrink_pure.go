//go:build !cgo || purejpeg

package thumbs

import (
	"encoding/binary"
	"image"

	"github.com/disintegration/imaging"
)

// shrink scales img to w × h pixels.
func shrink(img *image.RGBA, w, h int) *image.RGBA {
	// Averaging whole blocks first leaves the costly filter at most 2 to 3 pixels for each
	// of the result, where it still decides what the result looks like.
	if k := min(img.Rect.Dx()/w/2, img.Rect.Dy()/h/2, maxBlock); k >= 2 {
		img = boxDown(img, k)
	}
	// imaging reads NRGBA fastest; for opaque pixels it is the same layout.
	src := &image.NRGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	out := imaging.Resize(src, w, h, imaging.CatmullRom)
	return &image.RGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect}
}

// maxBlock is the largest block that boxDown averages: 16 × 16 sums of bytes fit 16 bits.
const maxBlock = 16

// boxDown averages blocks of k × k pixels, k up to maxBlock; what does not fill a block at
// the right and at the bottom is averaged into a smaller one.
func boxDown(src *image.RGBA, k int) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, (w+k-1)/k, (h+k-1)/k))
	for y := range dst.Rect.Dy() {
		top := src.Pix[y*k*src.Stride:]
		rows := min(k, h-y*k)
		out := dst.Pix[y*dst.Stride:][:dst.Stride]
		for x := range dst.Rect.Dx() {
			from, to := 4*x*k, min(4*(x+1)*k, 4*w)
			// Two channels are summed at once, in the halves of a word.
			var redBlue, green uint32
			for r := range rows {
				line := top[r*src.Stride+from : r*src.Stride+to]
				for len(line) >= 4 {
					p := binary.LittleEndian.Uint32(line)
					redBlue += p & 0x00FF00FF
					green += p >> 8 & 0xFF
					line = line[4:]
				}
			}
			inverse := inverses[rows*(to-from)/4]
			o := out[4*x : 4*x+4 : 4*x+4]
			o[0] = byte((uint64(redBlue&0xFFFF)*inverse + 1<<23) >> 24)
			o[1] = byte((uint64(green)*inverse + 1<<23) >> 24)
			o[2] = byte((uint64(redBlue>>16)*inverse + 1<<23) >> 24)
			o[3] = 255
		}
	}
	return dst
}

// inverses are 1/n in 24 binary places: multiplying is many times faster than dividing.
var inverses = func() (t [maxBlock*maxBlock + 1]uint64) {
	for n := 1; n < len(t); n++ {
		t[n] = 1 << 24 / uint64(n)
	}
	return t
}()
