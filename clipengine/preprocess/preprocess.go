// Package preprocess turns a picture into the tensor that a model was trained on. It
// reproduces the resampling of Pillow (antialiased, 8 bits a channel, fixed-point weights)
// bit for bit, because a vector from a differently scaled picture is a vector of a
// slightly different picture.
package preprocess

import (
	"errors"
	"fmt"
	"image"
	"math"

	"descry/internal/resample"
)

// Filter names a resampling filter.
type Filter = resample.Filter

// The filters that published models use, with the kernels of Pillow.
const (
	Bicubic  = resample.Bicubic
	Bilinear = resample.Bilinear
	Lanczos  = resample.Lanczos
	Box      = resample.Box
)

// Mode says how a picture of any shape becomes a square.
type Mode string

const (
	// Crop scales the short side to Config.Resize and cuts a square out of the middle.
	Crop Mode = "crop"
	// Squash scales both sides to Config.Size, whatever the shape was.
	Squash Mode = "squash"
)

// Rounding says where the middle lies when the rest of a crop is odd.
type Rounding string

const (
	// HalfEven rounds half a pixel to the even neighbour, as torchvision's CenterCrop and
	// with it CLIP and OpenCLIP do.
	HalfEven Rounding = "half-even"
	// Floor rounds half a pixel down, as the image processors of transformers do.
	Floor Rounding = "floor"
)

// MaxSize is the largest side, in pixels, that Config accepts; the largest published
// models take 560.
const MaxSize = 2048

// Config describes the preprocessing of one model.
type Config struct {
	// Size is the side of the square that the model takes, in pixels.
	Size int
	// Resize is the length of the short side before the crop, in pixels, at least Size.
	// Zero means Size. Squash ignores it.
	Resize int
	// Mode, Filter and Rounding are the geometry. The zero values are Crop, Bicubic and
	// HalfEven.
	Mode     Mode
	Filter   Filter
	Rounding Rounding
	// Scale, Mean and Std turn a channel value of 0 to 255 into a number of the tensor:
	// (value*Scale - Mean) / Std. Channels are red, green, blue.
	Scale     float64
	Mean, Std [3]float64
}

// Check says in one sentence what is wrong with the configuration, if anything.
func (c Config) Check() error {
	switch {
	case c.Size < 1 || c.Size > MaxSize:
		return fmt.Errorf("the picture size must be 1 to %d pixels, not %d", MaxSize, c.Size)
	case c.Resize != 0 && (c.Resize < c.Size || c.Resize > MaxSize):
		return fmt.Errorf("the resize length must be %d to %d pixels, not %d", c.Size, MaxSize, c.Resize)
	case c.Mode != "" && c.Mode != Crop && c.Mode != Squash:
		return fmt.Errorf("the resize mode must be %q or %q, not %q", Crop, Squash, c.Mode)
	case c.Rounding != "" && c.Rounding != HalfEven && c.Rounding != Floor:
		return fmt.Errorf("the crop rounding must be %q or %q, not %q", HalfEven, Floor, c.Rounding)
	}
	if !c.filter().Known() {
		return fmt.Errorf("the interpolation %q is not known", c.Filter)
	}
	if !finite(c.Scale) || c.Scale <= 0 {
		return errors.New("the scale of the channel values must be a positive number")
	}
	for i := range 3 {
		if !finite(c.Mean[i]) || !finite(c.Std[i]) || c.Std[i] <= 0 {
			return errors.New("mean must be numbers and std positive numbers, three of each")
		}
	}
	return nil
}

// SetChannels sets Mean and Std from lists of three numbers, as files have them.
func (c *Config) SetChannels(mean, std []float64) error {
	if len(mean) != 3 || len(std) != 3 {
		return fmt.Errorf("mean and std must have three numbers, not %d and %d", len(mean), len(std))
	}
	copy(c.Mean[:], mean)
	copy(c.Std[:], std)
	return nil
}

// String is the canonical form of the configuration: equal strings, equal tensors. It is
// part of a vector space's digest, so its form must never change.
func (c Config) String() string {
	mode, rounding := c.Mode, c.Rounding
	if mode == "" {
		mode = Crop
	}
	if rounding == "" {
		rounding = HalfEven
	}
	if mode == Squash {
		return fmt.Sprintf("squash %d %s scale %g mean %g std %g", c.Size, c.filter(), c.Scale, c.Mean, c.Std)
	}
	return fmt.Sprintf("crop %d of %d %s %s scale %g mean %g std %g",
		c.Size, c.resize(), c.filter(), rounding, c.Scale, c.Mean, c.Std)
}

// MinSide is the smallest short side, in pixels, of a decoded picture from which the
// tensor is as good as from the full picture: twice what the model takes.
func (c Config) MinSide() int {
	if c.Mode == Squash {
		return 2 * c.Size
	}
	return 2 * c.resize()
}

// Tensor returns the picture as 3*Size*Size numbers: channel by channel (red, green,
// blue), row by row. Alpha is ignored: the caller lays it over a background. A picture
// without pixels gives the tensor of a black one. Tensor is safe for concurrent use.
func (c Config) Tensor(img *image.RGBA) []float32 {
	px := c.scaled(img)
	n := c.Size * c.Size
	out := make([]float32, 3*n)
	for ch := range 3 {
		table := c.table(ch)
		plane := out[ch*n : (ch+1)*n]
		for i := range plane {
			plane[i] = table[px[4*i+ch]]
		}
	}
	return out
}

// Seen is the part of a picture of w × h pixels that the tensor shows, to the pixel or so.
func (c Config) Seen(w, h int) image.Rectangle {
	if c.Mode == Squash || w < 1 || h < 1 {
		return image.Rect(0, 0, w, h)
	}
	side := min(w, h) * c.Size / c.resize()
	at := image.Pt((w-side)/2, (h-side)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}
}

// Pixels returns the resized and cropped picture before normalisation: Size*Size pixels
// of three bytes, row by row.
func (c Config) Pixels(img *image.RGBA) []byte {
	px := c.scaled(img)
	out := make([]byte, 0, len(px)/4*3)
	for i := 0; i < len(px); i += 4 {
		out = append(out, px[i:i+3]...)
	}
	return out
}

// scaled returns what Pixels does with a fourth byte to each pixel.
func (c Config) scaled(img *image.RGBA) []byte {
	b := img.Bounds()
	if b.Empty() {
		return make([]byte, 4*c.Size*c.Size)
	}
	w, h := b.Dx(), b.Dy()
	x, y := resample.Whole(w, c.Size), resample.Whole(h, c.Size)
	if c.Mode != Squash {
		short := c.resize()
		x.Out, y.Out = short, short
		if w < h {
			y.Out = short * h / w
		} else {
			x.Out = short * w / h
		}
		x.First, y.First = c.offset(x.Out), c.offset(y.Out)
	}
	return resample.RGBA(img, x, y, c.filter()).Pix
}

func (c Config) offset(length int) int {
	rest := length - c.Size
	half := rest / 2
	if c.Rounding != Floor && rest%2 == 1 && half%2 == 1 {
		half++
	}
	return half
}

func (c Config) resize() int {
	if c.Resize == 0 {
		return c.Size
	}
	return c.Resize
}

func (c Config) filter() Filter {
	if c.Filter == "" {
		return Bicubic
	}
	return c.Filter
}

// table holds the normalised number for each channel value, in the float32 steps that
// torchvision takes.
func (c Config) table(ch int) *[256]float32 {
	var t [256]float32
	mean, std := float32(c.Mean[ch]), float32(c.Std[ch])
	for v := range t {
		t[v] = float32(float32(float64(v)*c.Scale)-mean) / std
	}
	return &t
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
