package ocr

import (
	"cmp"
	"math"
	"slices"
)

// Point is a place in a picture, in pixels; (0, 0) is its upper left corner.
type Point struct{ X, Y float64 }

func (p Point) minus(q Point) Point      { return Point{p.X - q.X, p.Y - q.Y} }
func (p Point) plus(q Point) Point       { return Point{p.X + q.X, p.Y + q.Y} }
func (p Point) times(f float64) Point    { return Point{p.X * f, p.Y * f} }
func (p Point) distance(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// cross is twice the signed area of the triangle o, a, b.
func cross(o, a, b Point) float64 {
	return (a.X-o.X)*(b.Y-o.Y) - (a.Y-o.Y)*(b.X-o.X)
}

// Box is four corners around a line of text, clockwise from the upper left one.
type Box [4]Point

// Size is how long a box's longer edges are, along and across, in pixels.
func (b Box) Size() (width, height float64) {
	return max(b[0].distance(b[1]), b[3].distance(b[2])), max(b[0].distance(b[3]), b[1].distance(b[2]))
}

// clockwise orders four corners: of the two leftmost ones the upper is the first.
func clockwise(corners [4]Point) Box {
	p := corners[:]
	slices.SortFunc(p, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	left, right := p[:2], p[2:]
	if left[0].Y > left[1].Y {
		left[0], left[1] = left[1], left[0]
	}
	if right[0].Y > right[1].Y {
		right[0], right[1] = right[1], right[0]
	}
	return Box{left[0], right[0], right[1], left[1]}
}

// hull is the convex hull of points (Andrew's monotone chain). It reorders them.
func hull(points []Point) []Point {
	slices.SortFunc(points, func(a, b Point) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	points = slices.Compact(points)
	if len(points) < 3 {
		return points
	}
	out := make([]Point, 0, 2*len(points))
	half := func(from int, p Point) {
		for len(out) >= from+2 && cross(out[len(out)-2], out[len(out)-1], p) <= 0 {
			out = out[:len(out)-1]
		}
		out = append(out, p)
	}
	for _, p := range points {
		half(0, p)
	}
	base := len(out) - 1
	for _, p := range slices.Backward(points[:len(points)-1]) {
		half(base, p)
	}
	return out[:len(out)-1]
}

// rect is a rectangle that may be turned: its middle, a unit vector along one edge, and the
// lengths of its edges along and across that.
type rect struct {
	middle, along Point
	w, h          float64
}

// corners are the rectangle's, with d added on every side.
func (r rect) corners(d float64) [4]Point {
	a := r.along.times(r.w/2 + d)
	b := Point{-r.along.Y, r.along.X}.times(r.h/2 + d)
	m := r.middle
	return [4]Point{m.minus(a).minus(b), m.plus(a).minus(b), m.plus(a).plus(b), m.minus(a).plus(b)}
}

// smallest is the rectangle of the smallest area around points: one of its edges lies on an
// edge of their hull (Freeman and Shapira 1975).
func smallest(points []Point) rect {
	h := hull(points)
	switch len(h) {
	case 0:
		return rect{along: Point{1, 0}}
	case 1:
		return rect{middle: h[0], along: Point{1, 0}}
	}
	best, area := rect{}, math.Inf(1)
	for i, p := range h {
		q := h[(i+1)%len(h)]
		length := p.distance(q)
		along := q.minus(p).times(1 / length)
		var low, high Point
		low, high = Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
		for _, s := range h {
			u := s.X*along.X + s.Y*along.Y
			v := -s.X*along.Y + s.Y*along.X
			low, high = Point{min(low.X, u), min(low.Y, v)}, Point{max(high.X, u), max(high.Y, v)}
		}
		size := high.minus(low)
		if a := size.X * size.Y; a < area {
			u, v := (low.X+high.X)/2, (low.Y+high.Y)/2
			area = a
			best = rect{Point{u*along.X - v*along.Y, u*along.Y + v*along.X}, along, size.X, size.Y}
		}
	}
	return best
}
