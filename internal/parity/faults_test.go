package parity

import (
	"image"
	"image/color"

	"descry/clipengine/bundle"
	"descry/clipengine/preprocess"
)

// fault makes one of the usual mistakes on purpose: the tensor of a picture as a program
// with that mistake would make it.
type fault struct {
	name   string
	tensor func(preprocess.Config, *image.RGBA) []float32
}

var faults = []fault{
	{"squash for crop, or crop for squash", func(c preprocess.Config, img *image.RGBA) []float32 {
		if c.Mode == preprocess.Squash {
			c.Mode = preprocess.Crop
		} else {
			c.Mode = preprocess.Squash
		}
		return c.Tensor(img)
	}},
	{"blue for red", func(c preprocess.Config, img *image.RGBA) []float32 {
		out := image.NewRGBA(img.Rect)
		copy(out.Pix, img.Pix)
		for i := 0; i+3 < len(out.Pix); i += 4 {
			out.Pix[i], out.Pix[i+2] = out.Pix[i+2], out.Pix[i]
		}
		return c.Tensor(out)
	}},
	{"nearest neighbour", func(c preprocess.Config, img *image.RGBA) []float32 {
		seen := c.Seen(img.Rect.Dx(), img.Rect.Dy())
		out := image.NewRGBA(image.Rect(0, 0, c.Size, c.Size))
		for y := range c.Size {
			for x := range c.Size {
				out.Set(x, y, color.RGBA(img.RGBAAt(seen.Min.X+x*seen.Dx()/c.Size, seen.Min.Y+y*seen.Dy()/c.Size)))
			}
		}
		c.Resize = c.Size
		return c.Tensor(out)
	}},
	{"crop one pixel off", func(c preprocess.Config, img *image.RGBA) []float32 {
		tensor := c.Tensor(img)
		for row := 0; row < len(tensor); row += c.Size {
			copy(tensor[row:row+c.Size-1], tensor[row+1:row+c.Size])
		}
		return tensor
	}},
}

// early moves the end of a text one token forward, over its last word.
func early(b *bundle.Bundle, text string) (ids, mask []int64) {
	ids, mask = b.Tokens(text)
	n := 0
	for _, m := range mask {
		n += int(m)
	}
	if n < 4 {
		return ids, mask
	}
	copy(ids[n-2:], ids[n-1:])
	if len(ids) > n {
		ids[n-1] = b.Tokenizer.Pad()
		mask[n-1] = 0
		return ids, mask
	}
	return ids[:n-1], mask[:n-1]
}
