package camera

import (
	"bytes"
	"fmt"
	"image"
	"slices"

	"github.com/disintegration/imaging"
)

// Kind is how a camera stores a photo.
type Kind struct {
	Across      bool // colour is halved across only (4:2:2), as many cameras do, not both ways (4:2:0)
	Progressive bool // as programs store that make photos ready for sending
	Orientation int  // how the camera was held, as EXIF says: 1, 3, 6 or 8
}

// bitsPerPixel is what Stored's files have at least, as cameras' have 2 to 4.
const bitsPerPixel = 2

// Kinds returns the kinds of n photos, in the proportions of what people have: two of
// three 4:2:0, one of eight progressive, every other one not held level.
func Kinds(n int) []Kind {
	held := [8]int{1, 6, 1, 8, 1, 3, 1, 6}
	kinds := make([]Kind, n)
	for i := range kinds {
		kinds[i] = Kind{Across: i%3 == 2, Progressive: i%8 == 4, Orientation: held[i%8]}
	}
	return kinds
}

// Stored makes a photo as Photo does, stored as a kind says, with its EXIF orientation.
// Without libjpeg-turbo every photo is 4:2:0 and not progressive.
func Stored(picture []byte, seed uint64, k Kind) ([]byte, error) {
	var upright image.Image
	upright, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read a picture to enlarge: %w", err)
	}
	switch k.Orientation {
	case 3:
		upright = imaging.Rotate180(upright)
	case 6:
		upright = imaging.Rotate90(upright)
	case 8:
		upright = imaging.Rotate270(upright)
	}
	large := grainy(upright, seed)
	addDetail(large, upright)
	var data []byte
	for q := quality; q <= 98 && len(data) < Width*Height*bitsPerPixel/8; q += 2 {
		if data, err = encode(large, k, q); err != nil {
			return nil, fmt.Errorf("make a photo: %w", err)
		}
	}
	exif := []byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01" +
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	exif[29] = byte(k.Orientation)
	return slices.Concat(data[:2], exif, data[2:]), nil
}

// addDetail lays the fine detail of a picture side by side over a large one, at half its
// strength: enlarging leaves none, and lenses show finest detail weakly.
func addDetail(large *image.RGBA, picture image.Image) {
	sharp, soft := imaging.Clone(picture), imaging.Blur(picture, 1.5)
	w, h := sharp.Rect.Dx(), sharp.Rect.Dy()
	for y := range large.Rect.Dy() {
		row := large.Pix[y*large.Stride:][:4*large.Rect.Dx()]
		from := y % h * sharp.Stride
		a, b := sharp.Pix[from:][:4*w], soft.Pix[from:][:4*w]
		for len(row) > 0 {
			n := min(len(row), len(a))
			for i, v := range row[:n] {
				row[i] = byte(min(max(int(v)+(int(a[i])-int(b[i]))/2, 0), 255))
			}
			row = row[n:]
		}
	}
}
