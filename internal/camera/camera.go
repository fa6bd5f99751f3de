// Package camera makes files as cameras write them, for measuring how fast photos are read
// in: large, with the fine noise of a sensor, and as many different ones as needed.
package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // Photo is given JPEG files
	"math/rand/v2"

	"github.com/disintegration/imaging"
)

// The size of a photo of 12 megapixels, as most phones and many cameras take them.
const (
	Width  = 4000
	Height = 3000
)

// quality of the JPEGs: with the noise, Photo makes files of 3 to 5 MB, as cameras do.
const quality = 88

// Photo makes a JPEG of Width × Height pixels from a smaller picture file: enlarged, and
// with noise, for a smooth picture decodes faster than any photo. The same arguments give
// the same bytes.
func Photo(picture []byte, seed uint64) ([]byte, error) {
	small, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read a picture to enlarge: %w", err)
	}
	data, err := encode(grainy(small, seed), Kind{}, quality)
	if err != nil {
		return nil, fmt.Errorf("make a photo: %w", err)
	}
	return data, nil
}

// grainy enlarges a picture to Width × Height pixels and adds a sensor's noise.
func grainy(small image.Image, seed uint64) *image.RGBA {
	large := imaging.Fill(small, Width, Height, imaging.Center, imaging.Linear)
	noise := rand.New(rand.NewPCG(seed, 12))
	for i := 0; i < len(large.Pix); i += 16 { // four pixels
		bits := noise.Uint64()
		for k := range 4 {
			// Sensors err in brightness more than in colour.
			grain := int(bits&7) - int(bits>>3&7)
			for c := range 3 {
				p := &large.Pix[i+4*k+c]
				*p = byte(min(max(int(*p)+grain+int(bits>>(6+2*c)&3)-1, 0), 255))
			}
			bits >>= 16
		}
	}
	return &image.RGBA{Pix: large.Pix, Stride: large.Stride, Rect: large.Rect}
}

// steps is how many values of a quantisation table's entry tell variants apart.
const steps = 128

// Variants is how many variants Variant makes of one file.
const Variants = steps * steps * steps

var errNoTable = errors.New("the JPEG has no quantisation table")

// Variant returns another picture of as much work: the JPEG with other numbers for its three
// finest frequencies, of which a photo holds little. 0 to Variants-1 are different pictures.
func Variant(jpeg []byte, number int) ([]byte, error) {
	for i := 2; i+4 <= len(jpeg) && jpeg[i] == 0xFF; {
		length := int(binary.BigEndian.Uint16(jpeg[i+2:]))
		if jpeg[i+1] == 0xDB {
			table := i + 5 // behind the marker, the length and the number of the table
			if jpeg[i+4]>>4 != 0 || table+64 > len(jpeg) {
				break
			}
			out := bytes.Clone(jpeg)
			for k := range 3 {
				out[table+63-k] = byte(64 + number%steps)
				number /= steps
			}
			return out, nil
		}
		i += 2 + length
	}
	return nil, errNoTable
}
