package decode

import (
	"encoding/binary"
	"image"
)

// strip is how many columns are transposed at once. Few enough rows are then written side
// by side for the processor to follow each; larger squares were measured slower.
const strip = 4

// Upright turns img as the EXIF orientation says (1 to 8, CIPA DC-008 §4.6.5): 2 to 4 in
// place, 5 to 8 into a new picture. Other values return img as it is. img must start at
// (0, 0) and have no gap between rows.
func Upright(img *image.RGBA, orientation int) *image.RGBA {
	switch orientation {
	case 2:
		mirror(img)
	case 3:
		reverse(img.Pix)
	case 4:
		flip(img)
	case 5: // mirrored along the main diagonal
		return transpose(img, false, false)
	case 6: // to be turned 90° clockwise
		return transpose(img, true, false)
	case 7: // mirrored along the other diagonal
		return transpose(img, true, true)
	case 8: // to be turned 90° anticlockwise
		return transpose(img, false, true)
	}
	return img
}

// mirror swaps left and right.
func mirror(m *image.RGBA) {
	for y := range m.Rect.Dy() {
		reverse(m.Pix[y*m.Stride:][:4*m.Rect.Dx()])
	}
}

// reverse reverses the order of pixels.
func reverse(pix []byte) {
	for i, j := 0, len(pix)-4; i < j; i, j = i+4, j-4 {
		a, b := binary.NativeEndian.Uint32(pix[i:]), binary.NativeEndian.Uint32(pix[j:])
		binary.NativeEndian.PutUint32(pix[i:], b)
		binary.NativeEndian.PutUint32(pix[j:], a)
	}
}

// flip swaps top and bottom.
func flip(m *image.RGBA) {
	row := make([]byte, m.Stride)
	for i, j := 0, m.Rect.Dy()-1; i < j; i, j = i+1, j-1 {
		a, b := m.Pix[i*m.Stride:][:m.Stride], m.Pix[j*m.Stride:][:m.Stride]
		copy(row, a)
		copy(a, b)
		copy(b, row)
	}
}

// transpose swaps x and y, and then left and right (mirrorX) and top and bottom (flipY)
// of the result.
func transpose(src *image.RGBA, mirrorX, flipY bool) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, h, w))
	for x0 := 0; x0 < w; x0 += strip {
		x1 := min(x0+strip, w)
		for y := range h {
			line := src.Pix[y*src.Stride:][4*x0 : 4*x1]
			to, down := x0*dst.Stride, dst.Stride
			if flipY {
				to, down = (w-1-x0)*dst.Stride, -dst.Stride
			}
			if mirrorX {
				to += 4 * (h - 1 - y)
			} else {
				to += 4 * y
			}
			for len(line) >= 4 {
				binary.NativeEndian.PutUint32(dst.Pix[to:], binary.NativeEndian.Uint32(line))
				line = line[4:]
				to += down
			}
		}
	}
	return dst
}
