package ocr

import (
	"image"
	"math"

	"descry/internal/resample"
)

// What the detection model was published with (Liao et al. 2020, "Real-time scene text
// detection with differentiable binarization"; the values are those of rapidocr-onnxruntime).
const (
	binary   = 0.3  // probability above which a pixel belongs to text
	certain  = 0.5  // mean probability in a box from which on it is text
	maybe    = 0.4  // the same where a small picture is asked whether it may hold some
	unclip   = 1.6  // the model marks the kernel of a line: how far it grows, by area over edge length
	smallBox = 3    // pixels, of the map, below which a region is noise
	mostRead = 1000 // regions of one picture that are looked at
	multiple = 32   // the sides of what the model takes are multiples of it
)

// The size at which lines are looked for: as it is, but no more pixels than these, and not so
// small that letters of a small picture drown.
const (
	mostPixels = 1600 * 1200
	mostSide   = 4000
	leastSide  = 736
)

// region is a box with the probability that it holds text.
type region struct {
	box   Box
	score float64
}

// scaled is the size, in multiples that the model takes, at which a picture of w × h pixels is
// looked at: enlarged where its short side is below least, never beyond the most pixels.
func scaled(w, h, least int) (int, int) {
	fw, fh := float64(w), float64(h)
	f := max(1, float64(least)/min(fw, fh))
	f = min(f, math.Sqrt(mostPixels/(fw*fh)), mostSide/max(fw, fh))
	round := func(side float64) int { return max(multiple, int(math.Round(side*f/multiple))*multiple) }
	return round(fw), round(fh)
}

// planes makes the input of both models: blue, green and red planes, from -1 to 1, in rows of
// which the part beyond the picture is zero.
func planes(img *image.RGBA, width int) []float32 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]float32, 3*width*h)
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			for c := range 3 {
				out[(c*h+y)*width+x] = float32(row[4*x+2-c])/127.5 - 1
			}
		}
	}
	return out
}

// shrink scales a picture whose bounds start at (0, 0).
func shrink(img *image.RGBA, w, h int) *image.RGBA {
	if img.Rect.Dx() == w && img.Rect.Dy() == h {
		return img
	}
	return resample.RGBA(img, resample.Whole(img.Rect.Dx(), w), resample.Whole(img.Rect.Dy(), h), resample.Bilinear)
}

// probabilities is a map of where text is.
type probabilities struct {
	w, h int
	p    []float32
}

// mask marks the pixels that are text, grown by one to the right and down, as the original
// does.
func (m probabilities) mask() []bool {
	out := make([]bool, len(m.p))
	for y := range m.h {
		for x := range m.w {
			if m.p[y*m.w+x] <= binary {
				continue
			}
			for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				if x+d[0] < m.w && y+d[1] < m.h {
					out[(y+d[1])*m.w+x+d[0]] = true
				}
			}
		}
	}
	return out
}

// regions finds boxes around connected text, in pixels of the map, larger by what the model
// left out, whose mean probability is at least sure.
func (m probabilities) regions(sure float64) []region {
	mask := m.mask()
	var out []region
	var stack []int
	// The first and last pixel of each row are all that the hull depends on.
	ends := make([][2]int, m.h)
	for start, on := range mask {
		if !on {
			continue
		}
		top, bottom := start/m.w, start/m.w
		ends[top] = [2]int{start % m.w, start % m.w}
		mask[start] = false
		stack = append(stack[:0], start)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := i%m.w, i/m.w
			if y > bottom { // rows are entered from their neighbours only
				bottom = y
				ends[y] = [2]int{x, x}
			}
			ends[y] = [2]int{min(ends[y][0], x), max(ends[y][1], x)}
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					nx, ny := x+dx, y+dy
					if nx >= 0 && ny >= 0 && nx < m.w && ny < m.h && mask[ny*m.w+nx] {
						mask[ny*m.w+nx] = false
						stack = append(stack, ny*m.w+nx)
					}
				}
			}
		}
		edge := make([]Point, 0, 2*(bottom-top+1))
		for y := top; y <= bottom; y++ {
			edge = append(edge, Point{float64(ends[y][0]), float64(y)}, Point{float64(ends[y][1]), float64(y)})
		}
		r := smallest(edge)
		if min(r.w, r.h) < smallBox {
			continue
		}
		box := clockwise(r.corners(0))
		score := m.mean(box)
		if score < sure {
			continue
		}
		grow := r.w * r.h * unclip / (2 * (r.w + r.h))
		if min(r.w, r.h)+2*grow < smallBox+2 {
			continue
		}
		out = append(out, region{clockwise(r.corners(grow)), score})
		if len(out) == mostRead {
			break
		}
	}
	return out
}

// mean is the mean probability of the pixels in a box.
func (m probabilities) mean(b Box) float64 {
	var q Box
	top, bottom := m.h-1, 0
	for i, p := range b {
		q[i] = Point{math.Trunc(p.X), math.Trunc(p.Y)}
		top, bottom = min(top, int(q[i].Y)), max(bottom, int(q[i].Y))
	}
	var sum float64
	n := 0
	for y := max(top, 0); y <= min(bottom, m.h-1); y++ {
		left, right := math.Inf(1), math.Inf(-1)
		for i, p := range q {
			s := q[(i+1)%4]
			if float64(y) < min(p.Y, s.Y) || float64(y) > max(p.Y, s.Y) {
				continue
			}
			if p.Y == s.Y {
				left, right = min(left, p.X, s.X), max(right, p.X, s.X)
				continue
			}
			x := p.X + (s.X-p.X)*(float64(y)-p.Y)/(s.Y-p.Y)
			left, right = min(left, x), max(right, x)
		}
		for x := max(int(math.Round(left)), 0); x <= min(int(math.Round(right)), m.w-1); x++ {
			sum += float64(m.p[y*m.w+x])
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
