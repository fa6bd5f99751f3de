package duplicates

import (
	"image"
	"math"
)

// sketchSide is the side of a sketch in pixels: fine enough to see that a person moved,
// coarse enough that recompression and resizing leave no trace.
const sketchSide = 64

// levels is how many halvings of a sketch the alignment starts from: 16 × 16 pixels, where
// a crop of 5 % moves nothing by more than a pixel.
const levels = 3

// Sketch is what is left of a picture for comparing it with another: its luminance brought
// to 64 × 64 pixels whatever its shape, and halved twice. About 21 KB.
type Sketch struct {
	plane [levels]plane // the finest first
}

// plane is a square picture of luminance, 0 to 255.
type plane struct {
	side int
	v    []float32
}

// NewSketch makes the sketch of a picture from its thumbnail.
func NewSketch(thumb *image.RGBA) *Sketch {
	s := &Sketch{}
	s.plane[0] = shrink(thumb, sketchSide).smooth()
	for i := 1; i < levels; i++ {
		s.plane[i] = s.plane[i-1].half()
	}
	return s
}

// shrink averages the luminance (BT.601) of the area that each of side × side cells covers.
func shrink(m *image.RGBA, side int) plane {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	rows := make([]float32, side*h) // brought to the width only
	cols := covers(w, side)
	line := make([]float32, w)
	for y := range h {
		p := m.Pix[y*m.Stride:]
		for x := range line {
			line[x] = 0.299*float32(p[4*x]) + 0.587*float32(p[4*x+1]) + 0.114*float32(p[4*x+2])
		}
		for i, c := range cols {
			rows[y*side+i] = c.mean(line, 1)
		}
	}
	out := plane{side, make([]float32, side*side)}
	for j, c := range covers(h, side) {
		for i := range side {
			out.v[j*side+i] = c.mean(rows[i:], side)
		}
	}
	return out
}

// cover is a stretch of a line of pixels, with the shares of its ends.
type cover struct {
	from, to    int // pixels from … to-1
	first, last float32
}

// covers cuts n pixels into k stretches of equal length.
func covers(n, k int) []cover {
	out := make([]cover, k)
	for i := range out {
		a, b := float64(i)*float64(n)/float64(k), float64(i+1)*float64(n)/float64(k)
		from, to := int(a), int(math.Ceil(b-1e-9))
		out[i] = cover{from, to, float32(1 - (a - float64(from))), float32(1 - (float64(to) - b))}
		if to-from == 1 {
			out[i].first, out[i].last = 1, 1
		}
	}
	return out
}

func (c cover) mean(v []float32, stride int) float32 {
	if c.to-c.from == 1 {
		return v[c.from*stride]
	}
	sum, weight := c.first*v[c.from*stride]+c.last*v[(c.to-1)*stride], c.first+c.last
	for i := c.from + 1; i < c.to-1; i++ {
		sum += v[i*stride]
		weight++
	}
	return sum / weight
}

// smooth takes out what reading between pixels would blur anyway: fine texture, which would
// otherwise look like a difference after a turn. Binomial, 1 2 1 each way.
func (p plane) smooth() plane {
	n := p.side
	pass := func(v []float32, stride, step int) []float32 {
		out := make([]float32, len(v))
		for line := range n {
			for i := range n {
				at := line*step + i*stride
				before, after := at, at
				if i > 0 {
					before -= stride
				}
				if i < n-1 {
					after += stride
				}
				out[at] = (v[before] + 2*v[at] + v[after]) / 4
			}
		}
		return out
	}
	return plane{n, pass(pass(p.v, 1, n), n, 1)}
}

func (p plane) half() plane {
	n := p.side / 2
	out := plane{n, make([]float32, n*n)}
	for y := range n {
		for x := range n {
			i := 2*y*p.side + 2*x
			out.v[y*n+x] = (p.v[i] + p.v[i+1] + p.v[i+p.side] + p.v[i+p.side+1]) / 4
		}
	}
	return out
}

// sample reads the luminance between pixels; inside is false outside the picture.
func (p plane) sample(x, y float32) (v float32, inside bool) {
	limit := float32(p.side - 1)
	if x < 0 || y < 0 || x > limit || y > limit {
		return 0, false
	}
	i, j := min(int(x), p.side-2), min(int(y), p.side-2)
	fx, fy := x-float32(i), y-float32(j)
	o := p.v[j*p.side+i:]
	top := o[0] + fx*(o[1]-o[0])
	bottom := o[p.side] + fx*(o[p.side+1]-o[p.side])
	return top + fy*(bottom-top), true
}

// affine maps places of one picture to places of another; both have their middle at (0, 0)
// and reach from -1 to 1: x' = a·x + b·y + c, y' = d·x + e·y + f.
type affine struct{ a, b, c, d, e, f float64 }

// after is the map that does n first.
func (m affine) after(n affine) affine {
	return affine{
		m.a*n.a + m.b*n.d, m.a*n.b + m.b*n.e, m.a*n.c + m.b*n.f + m.c,
		m.d*n.a + m.e*n.d, m.d*n.b + m.e*n.e, m.d*n.c + m.e*n.f + m.f,
	}
}

// inverse undoes m; ok is false where nothing does.
func (m affine) inverse() (out affine, ok bool) {
	det := m.a*m.e - m.b*m.d
	if math.Abs(det) < 1e-6 {
		return out, false
	}
	out = affine{a: m.e / det, b: -m.b / det, d: -m.d / det, e: m.a / det}
	out.c, out.f = -(out.a*m.c + out.b*m.f), -(out.d*m.c + out.e*m.f)
	return out, true
}

// Agreement says how far two pictures show the same after one was laid over the other.
type Agreement struct {
	// Correlation of the luminance where both overlap, 0 to 1, after the best tone curve
	// (a parabola) was taken out.
	Correlation float64
	// Local is the agreement of the places that agree least: 1 less the difference there in
	// units of the picture's variance; 1 is perfect, below 0 says that something else is there.
	Local float64
	// Overlap is the share of the picture that the other one shows, the smaller of the two.
	Overlap float64
	// Turn is by how many degrees one is turned against the other.
	Turn float64
	// Contrast is the standard deviation of the luminance, the smaller of the two.
	Contrast float64
}

// Compare lays b over a and says how far they agree. It finds the shift, size, turn and
// skew under which they fit best by the inverse compositional Lucas-Kanade method (Baker and
// Matthews 2004) from coarse to fine, with brightness and contrast normalised as in
// Evangelidis and Psarakis 2008 (the enhanced correlation coefficient), so that the tone of
// a copy does not matter. Copies that are more than about a tenth apart are not found, and
// are no near-duplicates.
func Compare(a, b *Sketch) Agreement {
	warp := affine{a: 1, e: 1}
	for level := levels - 1; level >= 0; level-- {
		warp = align(a.plane[level], b.plane[level], warp)
	}
	return agreement(a.plane[0], b.plane[0], warp)
}

// steps is how often a level is improved at most; settled is the step, in pixels, below
// which it is done.
const (
	steps   = 12
	settled = 0.01
)

// align improves the map from places of a to places of b.
func align(a, b plane, warp affine) affine {
	n := a.side
	unit := 2 / float64(n) // a pixel
	at := func(i int) float64 { return (float64(i)+0.5)*unit - 1 }
	type pixel struct {
		v, gx, gy float64 // of a, the gradient per pixel
		x, y      float64
		w         float64 // of b there
	}
	pixels := make([]pixel, 0, n*n)
	for range steps {
		pixels = pixels[:0]
		var sumA, sumB, squareA, squareB float64
		for y := 1; y < n-1; y++ {
			for x := 1; x < n-1; x++ {
				px, py := at(x), at(y)
				bx := (warp.a*px+warp.b*py+warp.c+1)/unit - 0.5
				by := (warp.d*px+warp.e*py+warp.f+1)/unit - 0.5
				w, inside := b.sample(float32(bx), float32(by))
				if !inside {
					continue
				}
				i := y*n + x
				p := pixel{
					v: float64(a.v[i]), w: float64(w), x: px, y: py,
					gx: float64(a.v[i+1]-a.v[i-1]) / 2, gy: float64(a.v[i+n]-a.v[i-n]) / 2,
				}
				pixels = append(pixels, p)
				sumA, sumB, squareA, squareB = sumA+p.v, sumB+p.w, squareA+p.v*p.v, squareB+p.w*p.w
			}
		}
		k := float64(len(pixels))
		if k < float64(n*n)/2 {
			return warp // far apart: no near-duplicates
		}
		meanA, meanB := sumA/k, sumB/k
		spreadA, spreadB := math.Sqrt(max(0, squareA/k-meanA*meanA)), math.Sqrt(max(0, squareB/k-meanB*meanB))
		if spreadA < 1 || spreadB < 1 {
			return warp // flat: nothing to hold on to
		}
		gain := spreadA / spreadB
		// The six unknowns of the step: H · step = g.
		var h [6][7]float64
		for _, p := range pixels {
			s := [6]float64{p.gx * p.x, p.gx * p.y, p.gx, p.gy * p.x, p.gy * p.y, p.gy}
			d := (p.w-meanB)*gain - (p.v - meanA)
			for i := range s {
				for j := i; j < 6; j++ {
					h[i][j] += s[i] * s[j]
				}
				h[i][6] += s[i] * d
			}
		}
		for i := range 6 {
			for j := range i {
				h[i][j] = h[j][i]
			}
			h[i][i] += 1e-3 * k
		}
		step, ok := solve(&h)
		if !ok {
			return warp
		}
		// The gradient is per pixel: so is the step.
		change := affine{1 + step[0]*unit, step[1] * unit, step[2] * unit, step[3] * unit, 1 + step[4]*unit, step[5] * unit}
		back, ok := change.inverse()
		if !ok {
			return warp
		}
		warp = warp.after(back)
		most := 0.0
		for _, s := range step {
			most = max(most, math.Abs(s))
		}
		if most < settled {
			break
		}
	}
	return warp
}

// solve solves six linear equations by elimination with the largest pivot.
func solve(h *[6][7]float64) (out [6]float64, ok bool) {
	for c := range 6 {
		best := c
		for r := c + 1; r < 6; r++ {
			if math.Abs(h[r][c]) > math.Abs(h[best][c]) {
				best = r
			}
		}
		if math.Abs(h[best][c]) < 1e-12 {
			return out, false
		}
		h[c], h[best] = h[best], h[c]
		for r := c + 1; r < 6; r++ {
			f := h[r][c] / h[c][c]
			for j := c; j < 7; j++ {
				h[r][j] -= f * h[c][j]
			}
		}
	}
	for c := 5; c >= 0; c-- {
		sum := h[c][6]
		for j := c + 1; j < 6; j++ {
			sum -= h[c][j] * out[j]
		}
		out[c] = sum / h[c][c]
	}
	return out, true
}

// blocks is how many places each way are looked at one by one; worst is how many of those
// that agree least make Agreement.Local: one alone may be an accident of a reflection or of
// the border.
const (
	blocks = 8
	worst  = 2
)

// agreement measures how a and b agree under a map.
func agreement(a, b plane, warp affine) Agreement {
	n := a.side
	unit := 2 / float64(n)
	values := make([]float64, 0, 2*n*n) // pairs of a, b
	place := make([]int, 0, n*n)
	for y := range n {
		for x := range n {
			px, py := (float64(x)+0.5)*unit-1, (float64(y)+0.5)*unit-1
			bx := (warp.a*px+warp.b*py+warp.c+1)/unit - 0.5
			by := (warp.d*px+warp.e*py+warp.f+1)/unit - 0.5
			w, inside := b.sample(float32(bx), float32(by))
			if !inside {
				continue
			}
			values = append(values, float64(a.v[y*n+x]), float64(w))
			place = append(place, y*blocks/n*blocks+x*blocks/n)
		}
	}
	out := Agreement{
		Overlap:  min(float64(len(place))/float64(n*n), 1),
		Turn:     math.Abs(math.Atan2(warp.d-warp.b, warp.a+warp.e)) * 180 / math.Pi,
		Contrast: min(a.spread(), b.spread()),
	}
	if det := warp.a*warp.e - warp.b*warp.d; det > 0 {
		// Of b is seen what the overlap, brought to b, covers.
		out.Overlap = min(out.Overlap, out.Overlap*det)
	}
	if len(place) < n*n/2 || out.Contrast < 1 {
		return out
	}
	tone := curve(values)
	var error [blocks * blocks]float64
	var count [blocks * blocks]int
	var sum, square, total float64
	for i, p := range place {
		v, w := values[2*i], values[2*i+1]
		d := v - (tone[0] + tone[1]*w + tone[2]*w*w)
		error[p] += d * d
		count[p]++
		total += d * d
		sum += v
		square += v * v
	}
	k := float64(len(place))
	variance := square/k - sum/k*sum/k
	if variance < 1 {
		return out
	}
	out.Correlation = math.Sqrt(max(0, 1-total/k/variance))
	var high [worst]float64
	for i, c := range count {
		if c < n*n/blocks/blocks/2 {
			continue // at the border there is too little of it
		}
		e := error[i] / float64(c) / variance
		for j := range high {
			if e > high[j] {
				high[j], e = e, high[j]
			}
		}
	}
	mean := 0.0
	for _, e := range high {
		mean += e / worst
	}
	out.Local = 1 - mean
	return out
}

func (p plane) spread() float64 {
	var sum, square float64
	for _, v := range p.v {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	k := float64(len(p.v))
	return math.Sqrt(max(0, square/k-sum/k*sum/k))
}

// curve fits v = t0 + t1·w + t2·w² to pairs v, w by least squares. A fit that would turn dark
// into light is none: t is then the mean alone.
func curve(pairs []float64) (t [3]float64) {
	var h [6][7]float64
	var meanW, meanV float64
	k := float64(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		meanV, meanW = meanV+pairs[i]/k, meanW+pairs[i+1]/k
	}
	for i := range h {
		h[i][i] = 1
	}
	h[0][0], h[1][1], h[2][2] = 0, 1e-6, 1e-6
	low, high := math.Inf(1), math.Inf(-1)
	for i := 0; i < len(pairs); i += 2 {
		w := (pairs[i+1] - meanW) / 64
		low, high = min(low, w), max(high, w)
		s := [3]float64{1, w, w * w}
		for r := range s {
			for c := range s {
				h[r][c] += s[r] * s[c]
			}
			h[r][6] += s[r] * pairs[i]
		}
	}
	x, ok := solve(&h)
	middle := x[1] + x[2]*(low+high)
	if !ok || middle <= 0 {
		return [3]float64{meanV, 0, 0}
	}
	// Back from the scaled w.
	return [3]float64{
		x[0] - x[1]*meanW/64 + x[2]*meanW*meanW/4096,
		x[1]/64 - 2*x[2]*meanW/4096,
		x[2] / 4096,
	}
}
