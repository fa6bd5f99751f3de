// Package heatmap tells where in a picture something is seen that the picture as a whole is
// said to match.
//
// Where the model has vectors for the parts of a picture, they are compared with what is
// sought. Every other model is asked by occlusion: a window is hidden, and then everything
// but the window, and what is sought lies where the first takes most away (Zeiler and Fergus,
// Visualizing and Understanding Convolutional Networks, ECCV 2014) and the second leaves most
// (deletion and insertion: Petsiuk, Das and Saenko, RISE, BMVC 2018). It begins with as many
// windows as there is time for, so that a first map is there soon, and at last looks closer,
// with smaller ones, where something was found.
package heatmap

import (
	"cmp"
	"context"
	"image"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Encoder is the image tower of a model.
type Encoder interface {
	// InputSize is the side of the square of a tensor, in pixels.
	InputSize() int
	// Tensor is the model's input made from an upright picture: three planes of
	// InputSize × InputSize numbers.
	Tensor(img *image.RGBA) []float32
	// EncodeTensor returns the unit vector of a picture, or ends early when ctx does. It is
	// called by several goroutines at once.
	EncodeTensor(ctx context.Context, tensor []float32) ([]float32, error)
	// PatchSide is how many parts along each side of the tensor EncodePatches gives the unit
	// vectors of, row by row; 0 where the model has none.
	PatchSide() int
	EncodePatches(ctx context.Context, tensor []float32) ([][]float32, error)
}

// Map is how much each cell of a square counts for what was sought: Side × Side numbers row
// by row, 0 for nothing, in the unit of the score. The square is what the model sees.
type Map struct {
	Side int
	Heat []float32
}

// Step is a state of the work. Maps has one map for each direction; it is nil until the first
// ones are there. Done and Total count encoded pictures; Total may still grow.
type Step struct {
	Maps        []Map
	Done, Total int
}

// Options say how maps are made.
type Options struct {
	Workers int              // pictures encoded at once; 0: one per core
	Now     func() time.Time // nil: time.Now
	Show    func(Step)       // called now and then, by one goroutine at a time; nil: nobody looks
}

const (
	// firstWithin is the time that the first map may take. Reading the picture and the query
	// goes before it, and two seconds is what a person is asked to wait.
	firstWithin = 1400 * time.Millisecond
	// coarse is the number of windows along a side that tell where something is, and fine that
	// of those which look closer there; most of these are looked at at most. Of two to seven
	// windows, alone and together, with and without looking closer, these did best
	// (docs/quality.md).
	coarse   = 4
	fine     = 7
	mostFine = 24
	// closer is the share of the most heat from which a spot is looked at closer.
	closer = 0.5
)

// grids are the numbers of windows along a side that a map may begin with.
var grids = []int{2, 3, coarse}

// window is the side of a window of a grid: neighbours overlap, so that what one of them cuts
// is whole in another.
func window(grid int) float64 { return min(0.5, 0.15+1/float64(grid)) }

// Make makes the map of each direction. The score that a map explains is the inner product of
// a direction with the picture's unit vector. The last maps do not depend on the time that
// anything took, and are those that Make returns.
func Make(ctx context.Context, e Encoder, img *image.RGBA, directions [][]float32, o Options) ([]Map, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Show == nil {
		o.Show = func(Step) {}
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	t := e.Tensor(img)
	if e.PatchSide() > 0 {
		return patches(ctx, e, t, directions, o)
	}
	p := &prober{e: e, o: o, size: e.InputSize(), seen: t, blank: blank(t), directions: directions}
	return p.run(ctx)
}

// patches compares the parts of a picture with what is sought. A part counts by how far it is
// above the middle one.
func patches(ctx context.Context, e Encoder, tensor []float32, directions [][]float32, o Options) ([]Map, error) {
	vectors, err := e.EncodePatches(ctx, tensor)
	if err != nil {
		return nil, err
	}
	maps := make([]Map, len(directions))
	for i, d := range directions {
		scores := make([]float64, len(vectors))
		for k, v := range vectors {
			scores[k] = dot(d, v)
		}
		maps[i] = above(e.PatchSide(), scores)
	}
	o.Show(Step{Maps: maps, Done: 1, Total: 1})
	return maps, nil
}

// above is the map of scores that are above the median.
func above(side int, scores []float64) Map {
	sorted := slices.Sorted(slices.Values(scores))
	m := Map{Side: side, Heat: make([]float32, len(scores))}
	for i, s := range scores {
		m.Heat[i] = float32(max(s-sorted[len(sorted)/2], 0))
	}
	return m
}

// prober asks a model by hiding.
type prober struct {
	e          Encoder
	o          Options
	size       int
	seen       []float32 // the tensor of the picture
	blank      []float32 // the one that shows nothing
	directions [][]float32

	whole, nothing []float64 // scores of the two, by direction
	done, total    int
	maps           []Map
}

func (p *prober) run(ctx context.Context) ([]Map, error) {
	began := p.o.Now()
	p.total = 2 + 2*coarse*coarse
	ends, err := p.encode(ctx, 2, func(i int, dst []float32) { copy(dst, [][]float32{p.seen, p.blank}[i]) })
	if err != nil {
		return nil, err
	}
	p.whole, p.nothing = ends[0], ends[1]
	each := p.o.Now().Sub(began) / time.Duration(2/min(p.o.Workers, 2))
	for _, grid := range grids[first(each, p.o.Workers):] {
		if grid < coarse {
			p.total += 2 * grid * grid
		}
		spots := make([]spot, grid*grid)
		for i := range spots {
			spots[i] = spotOf(i, grid)
		}
		scores, err := p.probe(ctx, spots)
		if err != nil {
			return nil, err
		}
		p.maps = make([]Map, len(p.directions))
		for i := range p.maps {
			p.maps[i] = above(grid, scores[i])
		}
		p.show()
	}
	return p.refine(ctx)
}

// first is the place in grids of the finest one for which there is time, when a picture takes
// that long and so many of them can be encoded at once.
func first(each time.Duration, workers int) int {
	at := 0
	for i, grid := range grids {
		if time.Duration((2+2*grid*grid+workers-1)/workers)*each <= firstWithin {
			at = i
		}
	}
	return at
}

// spot is a window of the square, in shares of its side.
type spot struct{ x0, y0, x1, y1 float64 }

// spotOf is the window around the middle of a cell of a grid.
func spotOf(cell, grid int) spot {
	x, y := middle(cell, grid)
	side := window(grid)
	return spot{x - side/2, y - side/2, x + side/2, y + side/2}
}

// probe scores spots: by how much of the score of each direction goes when a spot is hidden,
// and how much is there when nothing else is seen.
func (p *prober) probe(ctx context.Context, spots []spot) ([][]float64, error) {
	scores, err := p.encode(ctx, 2*len(spots), func(i int, dst []float32) {
		under, over := p.seen, p.blank
		if i%2 == 1 {
			under, over = over, under
		}
		copy(dst, under)
		p.cover(dst, over, spots[i/2])
	})
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(p.directions))
	for d := range out {
		out[d] = make([]float64, len(spots))
		for i := range spots {
			out[d][i] = p.whole[d] - scores[2*i][d] + scores[2*i+1][d] - p.nothing[d]
		}
	}
	return out, nil
}

// cover copies a spot of one tensor over another.
func (p *prober) cover(dst, src []float32, s spot) {
	at := func(x float64) int { return min(max(int(math.Round(x*float64(p.size))), 0), p.size) }
	x0, x1 := at(s.x0), at(s.x1)
	for plane := range 3 {
		for y := at(s.y0); y < at(s.y1); y++ {
			row := (plane*p.size + y) * p.size
			copy(dst[row+x0:row+x1], src[row+x0:row+x1])
		}
	}
}

// encode scores n tensors, several at a time, each filled in by fill, for every direction.
func (p *prober) encode(ctx context.Context, n int, fill func(i int, dst []float32)) ([][]float64, error) {
	scores := make([][]float64, n)
	next, finished := make(chan int), make(chan struct{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range min(p.o.Workers, n) {
		g.Go(func() error {
			tensor := make([]float32, len(p.seen))
			for i := range next {
				fill(i, tensor)
				v, err := p.e.EncodeTensor(ctx, tensor)
				if err != nil {
					return err
				}
				scores[i] = make([]float64, len(p.directions))
				for d, direction := range p.directions {
					scores[i][d] = dot(direction, v)
				}
				finished <- struct{}{}
			}
			return nil
		})
	}
	var err error
	go func() {
		err = g.Wait()
		close(finished)
	}()
	for range finished {
		p.done++
		p.show()
	}
	return scores, err
}

func (p *prober) show() { p.o.Show(Step{Maps: p.maps, Done: p.done, Total: p.total}) }

// refine looks closer where the maps are hot.
func (p *prober) refine(ctx context.Context) ([]Map, error) {
	cells := p.hottest()
	p.total += 2 * len(cells)
	spots := make([]spot, len(cells))
	for i, c := range cells {
		spots[i] = spotOf(c, fine)
	}
	scores, err := p.probe(ctx, spots)
	if err != nil {
		return nil, err
	}
	maps := make([]Map, len(p.maps))
	for d, rough := range p.maps {
		near := Map{Side: fine, Heat: make([]float32, fine*fine)}
		for k, c := range cells {
			near.Heat[c] = float32(max(scores[d][k], 0))
		}
		maps[d] = Map{Side: 2 * fine, Heat: make([]float32, 4*fine*fine)}
		for i := range maps[d].Heat {
			x, y := middle(i, 2*fine)
			maps[d].Heat[i] = rough.At(x, y) + near.At(x, y)
		}
	}
	p.maps = maps
	p.show()
	return maps, nil
}

// hottest are the cells of the fine grid where some map has a good part of its most heat, in
// order of place; the hottest where there are many.
func (p *prober) hottest() []int {
	type cell struct {
		at   int
		heat float64
	}
	var cells []cell
	for i := range fine * fine {
		c := cell{at: i}
		x, y := middle(i, fine)
		for _, m := range p.maps {
			if most := m.most(); most > 0 {
				c.heat = max(c.heat, float64(m.At(x, y))/most)
			}
		}
		if c.heat >= closer {
			cells = append(cells, c)
		}
	}
	slices.SortStableFunc(cells, func(a, b cell) int { return cmp.Compare(b.heat, a.heat) })
	var out []int
	for _, c := range cells[:min(len(cells), mostFine)] {
		out = append(out, c.at)
	}
	slices.Sort(out)
	return out
}

// blank is a tensor that is everywhere the mean colour of another.
func blank(tensor []float32) []float32 {
	out := make([]float32, len(tensor))
	n := len(tensor) / 3
	for plane := range 3 {
		var sum float64
		for _, x := range tensor[plane*n : (plane+1)*n] {
			sum += float64(x)
		}
		for i := range n {
			out[plane*n+i] = float32(sum / float64(max(n, 1)))
		}
	}
	return out
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
