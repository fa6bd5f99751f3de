// Package baseline makes of a photo what Descry makes of it, in the way that a Go program
// would that had not been built for speed: image/jpeg and imaging, both as they come.
// `make bench` measures Descry against it.
//
// It is frozen: it must not be made faster or slower, or the ratios printed over time mean
// nothing. It is no straw man either. The picture is decoded once, scaled twice from the
// decoded picture, and turned when it is small; imaging uses all processors.
package baseline

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"slices"

	"github.com/disintegration/imaging"
)

const (
	thumbSide    = 512 // long side of the thumbnail
	thumbQuality = 82
	tensorSide   = 224
	hashSide     = 32
	hashKeep     = 8
)

// Mean and standard deviation of CLIP's training pictures, red, green and blue.
var (
	mean = [3]float32{0.48145466, 0.4578275, 0.40821073}
	std  = [3]float32{0.26862954, 0.26130258, 0.27577711}
)

// Result is what is made of a photo.
type Result struct {
	Thumb  []byte    // the upright thumbnail as JPEG, 512 px at its long side
	Tensor []float32 // 3 × 224 × 224: the middle of the upright picture, normalised
	Hash   uint64    // 64-bit perceptual hash of the thumbnail, as library/measure defines it
}

// Photo makes a Result of a JPEG file that is to be turned as the EXIF orientation says.
func Photo(data []byte, orientation int) (Result, error) {
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return Result{}, fmt.Errorf("decode a photo: %w", err)
	}
	thumb := upright(imaging.Fit(img, thumbSide, thumbSide, imaging.Lanczos), orientation)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, thumb, &jpeg.Options{Quality: thumbQuality}); err != nil {
		return Result{}, fmt.Errorf("encode a thumbnail: %w", err)
	}
	return Result{buf.Bytes(), tensor(img, orientation), hash(thumb)}, nil
}

func upright(img *image.NRGBA, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}

func tensor(img image.Image, orientation int) []float32 {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w < h {
		w, h = tensorSide, tensorSide*h/w
	} else {
		w, h = tensorSide*w/h, tensorSide
	}
	small := imaging.CropCenter(imaging.Resize(img, w, h, imaging.CatmullRom), tensorSide, tensorSide)
	small = upright(small, orientation)
	const n = tensorSide * tensorSide
	out := make([]float32, 3*n)
	for i := range n {
		for c := range 3 {
			out[c*n+i] = (float32(small.Pix[4*i+c])/255 - mean[c]) / std[c]
		}
	}
	return out
}

func hash(thumb *image.NRGBA) uint64 {
	small := imaging.Resize(thumb, hashSide, hashSide, imaging.Linear)
	var luma [hashSide][hashSide]float64
	for y := range hashSide {
		for x := range hashSide {
			p := small.Pix[y*small.Stride+4*x:]
			luma[y][x] = 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
		}
	}
	var cosines [hashKeep][hashSide]float64
	for u := range hashKeep {
		for x := range hashSide {
			cosines[u][x] = math.Cos(math.Pi * float64(u) * (2*float64(x) + 1) / (2 * hashSide))
		}
	}
	var rows [hashSide][hashKeep]float64
	for y := range hashSide {
		for u := range hashKeep {
			for x := range hashSide {
				rows[y][u] += luma[y][x] * cosines[u][x]
			}
		}
	}
	var found [hashKeep * hashKeep]float64
	for v := range hashKeep {
		for u := range hashKeep {
			for y := range hashSide {
				found[v*hashKeep+u] += rows[y][u] * cosines[v][y]
			}
		}
	}
	sorted := found
	slices.Sort(sorted[:])
	median := (sorted[31] + sorted[32]) / 2
	var bits uint64
	for i, f := range found {
		if f > median {
			bits |= 1 << (63 - i)
		}
	}
	return bits
}
